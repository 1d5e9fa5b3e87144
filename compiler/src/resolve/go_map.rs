//! `m[key]` of a Go map. Go finds a key by a hash that a probe can't calculate, so the map is walked, place by
//! place, until the key is found: `internal/runtime/maps` since Go 1.24, `runtime/map.go` before that.

use gprobe_lang::ast;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;
use gprobe_symbols::{TypeId, TypeKind};

use super::body::Body;
use super::go_places::{Places, is_swiss};
use super::go_value::{At, Located, Value};
use super::go_walk::{KeyPart, Layout, Walk, compare, int, set, when};
use super::typed::{Compare, Expr, ExprKind, Stmt, Ty, VarId};
use crate::target::TargetBinary;

/// Places of a map that are looked at; a map of half as many elements has no more.
const MOST_PLACES: i64 = 1 << 16;
/// The same where the kernel's verifier follows each round of a loop.
const MOST_FOLLOWED: i64 = 128;
/// Bytes of what Go gives where a map has no such key (`abi.ZeroValSize`).
const ZERO_VALUE: u64 = 1024;

/// The wanted key while it is taken apart.
struct Wanted {
    /// The map's type.
    map: String,
    /// Where the key is written.
    span: Span,
    /// Evaluates what the parts are made of, once.
    before: Vec<Stmt>,
    parts: Vec<KeyPart>,
}

impl Body<'_, '_> {
    pub(super) fn is_go_map(&self, value: &Value) -> bool {
        let executable = self.cx.go_executable();
        let ty = executable.and_then(|executable| executable.binary.layout().ty(value.ty).ok());
        ty.is_some_and(|ty| matches!(ty.kind, TypeKind::Map { .. }))
    }

    /// `m[key]`
    pub(super) fn go_map_element(&mut self, map: &Value, key: &ast::Expr, span: Span) -> Option<Value> {
        let executable = self.executable(span)?;
        let TypeKind::Map { elem, .. } = self.go_type(&executable, map.ty, span)?.kind else { return None };
        let size = executable.binary.layout().size_of(elem).unwrap_or(u64::MAX);
        if size > ZERO_VALUE {
            let message = format!("an element of this map has {size} bytes, more than can be looked up");
            self.error(
                Diagnostic::error("too-large", span, message)
                    .help(format!("elements of at most {ZERO_VALUE} bytes are looked up by their keys")),
            );
            return None;
        }
        // As in Go, what is not there is zeros.
        let zeros = "runtime.zeroVal";
        let absent = match executable.binary.variable(zeros) {
            Some(symbol) => match self.variable_value(&executable, zeros, symbol.addr, span)?.at {
                At::Memory(addr) => addr,
                At::Pieces(..) => return None,
            },
            None => int(0, span),
        };
        let addr = self.go_map_find(map, key, absent, span)?;
        Some(Value::in_memory(addr, elem))
    }

    /// `has_key(m, key)`; `None` where there is no Go map, or where an error was told.
    pub(super) fn go_map_has_key(&mut self, map: &ast::Expr, key: &ast::Expr, span: Span) -> Option<Expr> {
        match self.located(map)? {
            Located::Go(value) if self.is_go_map(&value) => {
                let addr = self.go_map_find(&value, key, int(0, span), span)?;
                Some(compare(Compare::Ne, addr, int(0, span)))
            }
            Located::Expr(value) if value.ty == Ty::Unknown => None,
            _ => {
                self.error(
                    Diagnostic::error("type-mismatch", map.span, "this is no map")
                        .help("`has_key` is for maps of the script, `has_key(@m, key)`, and for Go's"),
                );
                None
            }
        }
    }

    /// The address of the element of this key, or `absent`.
    fn go_map_find(&mut self, map: &Value, key: &ast::Expr, absent: Expr, span: Span) -> Option<Expr> {
        let executable = self.executable(span)?;
        let ty = self.go_type(&executable, map.ty, span)?;
        let TypeKind::Map { key: key_ty, elem } = ty.kind else { return None };
        let binary = &executable.binary;
        let layout = Layout::of(binary);
        let places = Places::of(binary, is_swiss(binary), key_ty, elem);
        let (layout, places) = match (layout, places) {
            (Ok(layout), Some(places)) => (layout, places),
            (layout, _) => {
                let reason = layout.err().unwrap_or_else(|| "the sizes of its types are not known".into());
                self.error(
                    Diagnostic::error("no-layout", span, "keys of this map can't be looked up").note(reason),
                );
                return None;
            }
        };
        let from = self.located(key)?;
        let pointer = self.word(map, 0, 8, false, span)?;
        self.scoped(|body| {
            let mut wanted = Wanted { map: ty.name, span: key.span, before: Vec::new(), parts: Vec::new() };
            body.key_parts(&executable, key_ty, 0, from, &mut wanted)?;
            let walk = Walk::declare(body, places, wanted.parts, span);
            let mut stmts = wanted.before;
            stmts.extend([set(walk.map, pointer), set(walk.found, absent), set(walk.more, int(0, span))]);
            let most = if body.cx.target.kernel.may_goto { MOST_PLACES } else { MOST_FOLLOWED };
            let walked = match layout {
                Layout::Groups { .. } => walk.groups(&layout, most),
                Layout::Buckets { .. } => walk.buckets(&layout, most),
            };
            stmts.push(when(compare(Compare::Ne, walk.get(walk.map), int(0, span)), walked));
            stmts.push(when(
                compare(Compare::Ne, walk.get(walk.more), int(0, span)),
                vec![Stmt::CutOff(span)],
            ));
            let found = walk.get(walk.found);
            let block = Expr { kind: ExprKind::Block(stmts, Box::new(found)), ty: Ty::U64, span };
            Some(Expr { kind: ExprKind::Once(walk.found, Box::new(block)), ty: Ty::U64, span })
        })
    }

    /// Takes the wanted key apart into numbers and strings.
    fn key_parts(
        &mut self,
        executable: &TargetBinary,
        ty: TypeId,
        offset: u64,
        from: Located,
        wanted: &mut Wanted,
    ) -> Option<()> {
        let span = wanted.span;
        let of = self.go_type(executable, ty, span)?;
        let size_of = |id| executable.binary.layout().size_of(id).unwrap_or(0);
        // What it is made of, each with its offset.
        let fields: Vec<(u64, TypeId)> = match &of.kind {
            TypeKind::Struct { fields } => {
                fields.iter().filter(|f| f.name != "_").map(|f| (f.offset, f.ty)).collect()
            }
            TypeKind::Array { elem, count } => (0..*count).map(|n| (n * size_of(*elem), *elem)).collect(),
            _ => return self.key_part(&of, offset, from, wanted),
        };
        match from {
            Located::Go(value) if value.ty == ty => {
                for (at, field) in fields {
                    let part = Value { at: value.at.clone().moved(at), ty: field };
                    self.key_parts(executable, field, offset + at, Located::Go(part), wanted)?;
                }
                Some(())
            }
            Located::Expr(value) if matches!(&value.ty, Ty::Tuple(of) if of.len() == fields.len()) => {
                let var = self.hidden("key", value.ty.clone(), span);
                let tuple = Expr { kind: ExprKind::Var(var), ty: value.ty.clone(), span };
                wanted.before.push(Stmt::SetVar(var, value));
                for (index, (at, field)) in fields.into_iter().enumerate() {
                    let part = Located::Expr(self.tuple_part(tuple.clone(), index, span));
                    self.key_parts(executable, field, offset + at, part, wanted)?;
                }
                Some(())
            }
            from => {
                // One in a struct is as good as alone.
                if let [(at, field)] = fields.as_slice() {
                    return self.key_parts(executable, *field, offset + at, from, wanted);
                }
                let found = match from {
                    Located::Expr(value) if value.ty == Ty::Unknown => return None,
                    Located::Expr(value) => value.ty.describe(),
                    Located::Go(value) => self.go_type(executable, value.ty, span)?.name,
                };
                let message = format!(
                    "a key of {} is a {} of {} parts, and this is {found}",
                    wanted.map,
                    of.name,
                    fields.len()
                );
                self.error(Diagnostic::error("type-mismatch", span, message).help(
                    "write a tuple of its parts in their order, `m[(1, \"a\")]`, or a Go value of this type",
                ));
                None
            }
        }
    }

    /// A number or a string of a key.
    fn key_part(
        &mut self,
        ty: &gprobe_symbols::Type,
        offset: u64,
        from: Located,
        wanted: &mut Wanted,
    ) -> Option<()> {
        let span = wanted.span;
        let value = match from {
            Located::Expr(value) => value,
            Located::Go(value) => self.try_read(&value, span)?,
        };
        if value.ty == Ty::Unknown {
            return None;
        }
        let number = match ty.kind {
            TypeKind::String => None,
            TypeKind::Int { signed } => Some((ty.size as u8, signed)),
            TypeKind::Bool => Some((1, false)),
            TypeKind::Pointer(_) | TypeKind::UnsafePointer | TypeKind::Chan { .. } => Some((8, false)),
            _ => {
                let message =
                    format!("keys of {} can't be looked up: they have parts of type {}", wanted.map, ty.name);
                self.error(
                    Diagnostic::error("type-mismatch", span, message)
                        .note("integers, booleans, strings, pointers, and structs and arrays of these are looked up")
                        .help("print the map whole: `print(m)`"),
                );
                return None;
            }
        };
        let fits = match number {
            None => matches!(value.ty, Ty::Value(crate::artifact::Type::Str { .. })),
            Some(_) => value.ty.is_scalar(),
        };
        if !fits {
            let message = format!(
                "the keys of {} are of type {}, and this is {}",
                wanted.map,
                ty.name,
                value.ty.describe()
            );
            let like = if number.is_some() { "m[7]" } else { "m[\"key\"]" };
            self.error(
                Diagnostic::error("type-mismatch", span, message)
                    .help(format!("give a key of the map's type: `{like}`")),
            );
            return None;
        }
        if let (Some((bytes, signed)), Some(constant)) = (number, super::constant::constant(&value))
            && !holds(bytes, signed, constant)
        {
            let message = format!("{constant} is no key of {}: no {} is that", wanted.map, ty.name);
            self.error(
                Diagnostic::error("out-of-range", span, message).help("give a key that the map can have"),
            );
            return None;
        }
        let wanted_value = match value.kind {
            ExprKind::Int(_) | ExprKind::Str(_) => value,
            _ => {
                let var = self.hidden("key", value.ty.clone(), span);
                let get = Expr { kind: ExprKind::Var(var), ty: value.ty.clone(), span };
                wanted.before.push(Stmt::SetVar(var, value));
                get
            }
        };
        wanted.parts.push(KeyPart { offset, number, wanted: wanted_value });
        Some(())
    }

    /// A variable that no script names.
    pub(super) fn hidden(&mut self, name: &str, ty: Ty, span: Span) -> VarId {
        let var = self.declare(&format!("#{name}"), ty, true, span);
        self.mark_read(var);
        var
    }
}

/// Whether an integer of so many bytes can be this number.
fn holds(bytes: u8, signed: bool, number: i64) -> bool {
    let bits = u32::from(bytes) * 8;
    match (bits, signed) {
        (64.., _) => true,
        (_, true) => (-(1i64 << (bits - 1))..1i64 << (bits - 1)).contains(&number),
        (_, false) => (0..1i64 << bits).contains(&number),
    }
}
