//! The options that a script asks for by `getopt`, as its text tells before it is compiled.

use gprobe_lang::ast::{Expr, ExprKind, Item, Script, UnaryOp};
use gprobe_lang::source::Span;

use crate::expand::with_imports;
use crate::target::World;
use crate::walk::{Child, each_expr, within};

/// An option of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Without the `--`.
    pub name: String,
    /// What its value is.
    pub kind: ParameterKind,
    /// Where its default is written, if it has one.
    pub default: Option<Span>,
    /// What the script says of it, if anything.
    pub help: String,
}

/// What the value of an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// None: it is there or not.
    Flag,
    /// A number.
    Number,
    /// A number that its default has with a unit of time.
    Duration,
    /// A string.
    Text,
}

/// The options of a script and of what it imports, in the order that they are written in.
pub fn parameters(script: &Script, world: &dyn World) -> Vec<Parameter> {
    in_items(&mut with_imports(script, world))
}

/// The options of a script whose imports are in it.
pub(crate) fn written(script: &Script) -> Vec<Parameter> {
    in_items(&mut script.items.clone())
}

fn in_items(items: &mut [Item]) -> Vec<Parameter> {
    let mut found = Vec::new();
    let mut look = |expr: &mut Expr| {
        note(expr, &mut found);
        false
    };
    for item in items {
        match item {
            Item::Probe(probe) => each_expr(probe, &mut look),
            Item::Macro(decl) => within(Child::Block(&mut decl.body), &mut look),
            Item::MapDecl(decl) => {
                decl.args.iter_mut().for_each(|arg| within(Child::Expr(arg), &mut look));
            }
            _ => {}
        }
    }
    found
}

/// Notes the option that an expression asks for, if it asks for one.
fn note(expr: &Expr, found: &mut Vec<Parameter>) {
    if let ExprKind::Call { name, args } = &expr.kind
        && name.value == "getopt"
        && let Some(new) = parameter(args)
    {
        // What several places ask for is explained at one of them.
        match found.iter_mut().find(|known| known.name == new.name) {
            Some(known) if known.help.is_empty() => known.help = new.help,
            Some(_) => {}
            None => found.push(new),
        }
    }
}

fn parameter(args: &[Expr]) -> Option<Parameter> {
    let text = |expr: &Expr| match &expr.kind {
        ExprKind::Str(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    };
    let name = text(args.first()?)?;
    let default = args.get(1);
    let kind = default.map_or(ParameterKind::Flag, kind_of);
    let help = args.get(2).and_then(text).unwrap_or_default();
    Some(Parameter { name, kind, default: default.map(|default| default.span), help })
}

fn kind_of(default: &Expr) -> ParameterKind {
    match &default.kind {
        ExprKind::Bool(_) | ExprKind::Unary(UnaryOp::Not, _) => ParameterKind::Flag,
        ExprKind::Str(_) => ParameterKind::Text,
        ExprKind::Int { duration: true, .. } => ParameterKind::Duration,
        ExprKind::Unary(_, inner) | ExprKind::Binary(_, inner, _) | ExprKind::Comptime(inner) => {
            kind_of(inner)
        }
        _ => ParameterKind::Number,
    }
}
