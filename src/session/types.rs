//! The types of expressions, in the user's words.

use gprobe_compiler::artifact::{Action, GoType, MapInfo, MapValue, Type};
use gprobe_compiler::resolve::typed::{Pointee, Stmt, Ty};
use gprobe_symbols::{Binary, TypeId, TypeKind};

use super::Session;
use super::error::Error;
use super::script::Script;

/// Most fields of a struct that are shown.
const MOST_FIELDS: usize = 40;

impl Session {
    /// The type of an expression: a Go value's by its name in Go, with the fields of a struct below it, a line each; a map's with
    /// those of its key and of what it holds. Nothing is run. `None` where it is no expression.
    ///
    /// # Errors
    /// Where the expression is wrong.
    pub fn type_of(&mut self, expression: impl Into<Script>) -> Result<Option<String>, Error> {
        let Some(made) = self.tried(&expression.into())? else { return Ok(None) };
        let typed = &made.compiled.typed;
        let last = typed.probes.last().and_then(|probe| probe.body.last());
        let Some(Stmt::Emit { action, args }) = last else { return Ok(None) };
        if let Some(Action::PrintMap { map, .. } | Action::PrintElement { map, .. }) =
            typed.actions.get(*action)
        {
            return Ok(typed.maps.get(*map).map(map_type));
        }
        let Some(value) = args.first() else { return Ok(None) };
        let binary = self.traces.binary();
        let go = |ty: TypeId, star: &str| binary.map(|binary| go_type(binary, ty, star));
        let named = match &value.ty {
            Ty::Value(Type::Go { capture, .. }) => {
                typed.go_values.get(*capture as usize).and_then(|it| match it.ty {
                    GoType::Of(ty) | GoType::Shape(ty) => go(ty, ""),
                    GoType::PointerTo(ty) => go(ty, "*"),
                })
            }
            Ty::Pointer(Pointee::Go(ty)) => go(*ty, "*"),
            _ => None,
        };
        Ok(Some(named.unwrap_or_else(|| value.ty.shown())))
    }
}

/// `@x[string, int64]: count`
pub(crate) fn map_type(map: &MapInfo) -> String {
    let key: Vec<String> = map.key.iter().map(ToString::to_string).collect();
    let key = if key.is_empty() { String::new() } else { format!("[{}]", key.join(", ")) };
    format!("{}{key}: {}", map.name, held(&map.value))
}

fn held(value: &MapValue) -> String {
    match value {
        MapValue::Plain(ty) => ty.to_string(),
        MapValue::Count => "count".into(),
        MapValue::Sum { .. } => "sum".into(),
        MapValue::Avg { .. } => "avg".into(),
        MapValue::Min { .. } => "min".into(),
        MapValue::Max { .. } => "max".into(),
        MapValue::Stats { .. } => "stats".into(),
        MapValue::Hist { .. } => "hist".into(),
        MapValue::LHist { min, max, step } => format!("lhist({min}, {max}, {step})"),
        MapValue::TSeries(_) => "tseries".into(),
    }
}

/// A Go type's name, and the fields of a struct.
fn go_type(binary: &Binary, id: TypeId, star: &str) -> String {
    let layout = binary.layout();
    let Ok(ty) = layout.ty(id) else { return "a type that is not known".to_owned() };
    let mut lines = vec![format!("{star}{}", ty.name)];
    // A pointer's fields are those of what it points to, as in the language.
    let behind = match ty.kind {
        TypeKind::Pointer(Some(to)) => layout.ty(to).ok(),
        _ => Some(ty),
    };
    if let Some(TypeKind::Struct { fields, .. }) = behind.map(|ty| ty.kind) {
        let name_of = |id| layout.ty(id).map(|ty| ty.name).unwrap_or_default();
        let width = fields.iter().map(|field| field.name.chars().count()).max().unwrap_or(0);
        for field in fields.iter().take(MOST_FIELDS) {
            lines.push(format!("    {:<width$}  {}", field.name, name_of(field.ty)));
        }
        if let Some(more @ 1..) = fields.len().checked_sub(MOST_FIELDS) {
            lines.push(format!("    ... and {more} more"));
        }
    }
    lines.join("\n")
}
