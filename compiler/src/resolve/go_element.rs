//! Elements of Go values: `x[i]`, and how many there are.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;
use gprobe_symbols::TypeKind;

use super::body::Body;
use super::go_value::{At, Located, Value, is_gvar, plus};
use super::typed::{Arith, Compare, Expr, ExprKind, Ty};

impl Body<'_, '_> {
    /// `x[i]`
    pub(super) fn index(&mut self, base: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
        match self.located_element(base, index, span) {
            Some(Located::Go(value)) => self.read(&value, span),
            Some(Located::Expr(value)) => value,
            None => self.broken(span),
        }
    }

    pub(super) fn located_element(
        &mut self,
        base: &ast::Expr,
        index: &ast::Expr,
        span: Span,
    ) -> Option<Located> {
        match self.located(base)? {
            Located::Go(value) => {
                if self.is_go_map(&value) {
                    return self.go_map_element(&value, index, span).map(Located::Go);
                }
                let index = self.expr(index);
                if !self.need_integer(&index, "an index") {
                    return None;
                }
                self.go_element(value, index, span).map(Located::Go)
            }
            Located::Expr(base) => Some(Located::Expr(self.index_of(base, index, span))),
        }
    }

    /// An element of a Go array, slice or string, or of what a pointer to an array points to.
    fn go_element(&mut self, value: Value, index: Expr, span: Span) -> Option<Value> {
        let executable = self.executable(span)?;
        let ty = self.go_type(&executable, value.ty, span)?;
        let size_of = |id| executable.binary.layout().size_of(id).unwrap_or(0);
        let number = |n: u64| Box::new(Expr { kind: ExprKind::Int(n as i64), ty: Ty::I64, span });
        let constant = super::constant::constant(&index).and_then(|n| u64::try_from(n).ok());
        let (start, elem, len) = match ty.kind {
            TypeKind::Array { elem, count } => {
                if constant.is_some_and(|n| n >= count) {
                    self.error(
                        Diagnostic::error(
                            "out-of-range",
                            index.span,
                            format!("the array has {count} elements"),
                        )
                        .help(format!("they are counted from 0: [0] to [{}]", count.saturating_sub(1))),
                    );
                    return None;
                }
                match (value.at, constant) {
                    (At::Pieces(pieces, start), Some(n)) => {
                        return Some(Value { at: At::Pieces(pieces, start + n * size_of(elem)), ty: elem });
                    }
                    (At::Pieces(..), None) => {
                        self.error(Diagnostic::error(
                            "not-constant",
                            index.span,
                            "this array is in registers, whose elements must be named by a number",
                        ));
                        return None;
                    }
                    (At::Memory(addr), _) => (addr, elem, number(count)),
                }
            }
            TypeKind::Slice { elem } => {
                let start = self.word(&value, 0, 8, false, span)?;
                let len = self.word(&value, 8, 8, true, span)?;
                (start, elem, Box::new(len))
            }
            TypeKind::String => {
                let start = self.word(&value, 0, 8, false, span)?;
                let len = self.word(&value, 8, 8, true, span)?;
                (start, executable.binary.layout().find_type("uint8").ok()?, Box::new(len))
            }
            TypeKind::Pointer(Some(_)) => {
                let inner = self.pointee(value, span)?;
                return self.go_element(inner, index, span);
            }
            _ => {
                self.error(
                    Diagnostic::error("type-mismatch", span, format!("{} has no elements to index", ty.name))
                        .help("arrays, slices, strings and maps are indexed"),
                );
                return None;
            }
        };
        let stride = size_of(elem);
        let by = super::stmts::scaled(index.clone(), i64::try_from(stride).unwrap_or(1), false);
        let addr = ExprKind::Arith(Arith::Add, Box::new(start), Box::new(by));
        let addr = Box::new(Expr { kind: addr, ty: Ty::U64, span });
        // Behind the end there is nothing: address 0 can't be read, and that is said.
        let compare = Compare::Lt { signed: false };
        let inside = Expr { kind: ExprKind::Compare(compare, Box::new(index), len), ty: Ty::BOOL, span };
        let checked = ExprKind::Ternary(Box::new(inside), addr, number(0));
        let addr = Expr { kind: checked, ty: Ty::U64, span };
        Some(Value { at: At::Memory(addr), ty: elem })
    }

    /// `len(x)` and `cap(x)` of a Go value; `None` where it is none.
    pub(super) fn go_len(&mut self, arg: &ast::Expr, capacity: bool, span: Span) -> Option<Expr> {
        let named = matches!(arg.kind, Ast::Field(..) | Ast::Index(..) | Ast::Unary(..) | Ast::Ident(_));
        if !named && !is_gvar(arg) {
            return None;
        }
        let value = match self.located(arg) {
            Some(Located::Go(value)) => value,
            _ => return None,
        };
        let Some(executable) = self.executable(span) else { return Some(self.broken(span)) };
        let Some(ty) = self.go_type(&executable, value.ty, span) else { return Some(self.broken(span)) };
        let found = match (&ty.kind, capacity) {
            (TypeKind::String, false) | (TypeKind::Slice { .. }, false) => {
                self.word(&value, 8, 8, true, span)
            }
            (TypeKind::Slice { .. }, true) => self.word(&value, 16, 8, true, span),
            (TypeKind::Array { count, .. }, _) => {
                Some(Expr { kind: ExprKind::Int(*count as i64), ty: Ty::I64, span })
            }
            // The first word counts: of a channel what it holds, then its room; of a map its entries.
            (TypeKind::Chan { .. }, _) | (TypeKind::Map { .. }, false) => {
                self.word(&value, 0, 8, false, span).map(|pointer| {
                    let zero = Box::new(Expr { kind: ExprKind::Int(0), ty: Ty::I64, span });
                    let compare = Compare::Ne;
                    let there = ExprKind::Compare(compare, Box::new(pointer.clone()), zero.clone());
                    let there = Box::new(Expr { kind: there, ty: Ty::BOOL, span });
                    let addr = Box::new(plus(pointer, if capacity { 8 } else { 0 }));
                    let read = ExprKind::ReadUser { addr, bytes: 8, signed: true };
                    let read = Box::new(Expr { kind: read, ty: Ty::I64, span });
                    Expr { kind: ExprKind::Ternary(there, read, zero), ty: Ty::I64, span }
                })
            }
            _ => {
                let what = if capacity { "capacity" } else { "length" };
                let has = if capacity {
                    "slices and channels have one"
                } else {
                    "strings, slices, arrays, maps and channels have one"
                };
                self.error(
                    Diagnostic::error("type-mismatch", span, format!("{} has no {what}", ty.name)).help(has),
                );
                None
            }
        };
        Some(match found {
            Some(expr) => Expr { ty: Ty::I64, ..expr },
            None => self.broken(span),
        })
    }
}
