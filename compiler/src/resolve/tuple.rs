//! Tuples and records: making them, and their parts.

use gprobe_lang::ast;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::{Span, Spanned};

use super::body::Body;
use super::typed::{Expr, ExprKind, Ty};

impl Body<'_, '_> {
    pub(super) fn tuple(&mut self, parts: &[ast::Expr], span: Span) -> Expr {
        let parts: Vec<Expr> = parts.iter().map(|part| self.expr(part)).collect();
        let tys = || parts.iter().map(|part| &part.ty);
        if self.is_too_large(tys(), span) {
            return self.broken(span);
        }
        let ty = Ty::Tuple(tys().cloned().collect());
        Expr { kind: ExprKind::Tuple(parts), ty, span }
    }

    pub(super) fn tuple_index(&mut self, base: &ast::Expr, index: usize, span: Span) -> Expr {
        let base = self.expr(base);
        self.tuple_part(base, index, span)
    }

    pub(super) fn tuple_part(&mut self, base: Expr, index: usize, span: Span) -> Expr {
        match &base.ty {
            Ty::Tuple(parts) => match parts.get(index) {
                Some(ty) => {
                    let ty = ty.clone();
                    Expr { kind: ExprKind::TupleIndex(Box::new(base), index), ty, span }
                }
                None => {
                    let count = parts.len();
                    self.error(
                        Diagnostic::error("unknown-field", span, format!("the tuple has {count} parts"))
                            .help(format!(
                                "parts are counted from 0: `.0` to `.{}`",
                                count.saturating_sub(1)
                            )),
                    );
                    self.broken(span)
                }
            },
            Ty::Unknown => self.broken(span),
            other => {
                let message = format!("this is {}, which has no parts", other.describe());
                self.error(
                    Diagnostic::error("type-mismatch", base.span, message)
                        .help("`.0` and the like are for tuples: `(1, 2).0`"),
                );
                self.broken(span)
            }
        }
    }

    pub(super) fn record(&mut self, fields: &[(Spanned<String>, ast::Expr)], span: Span) -> Expr {
        let mut tys: Vec<(String, Ty)> = Vec::new();
        let mut parts = Vec::new();
        for (name, value) in fields {
            if tys.iter().any(|(known, _)| *known == name.value) {
                self.error(
                    Diagnostic::error(
                        "redeclared",
                        name.span,
                        format!("the record has two fields `{}`", name.value),
                    )
                    .help("give one of them another name"),
                );
                return self.broken(span);
            }
            let value = self.expr(value);
            if value.ty == Ty::NONE {
                self.gives_nothing(value.span);
                return self.broken(span);
            }
            tys.push((name.value.clone(), value.ty.clone()));
            parts.push(value);
        }
        if self.is_too_large(tys.iter().map(|(_, ty)| ty), span) {
            return self.broken(span);
        }
        Expr { kind: ExprKind::Tuple(parts), ty: Ty::Record(tys), span }
    }
}
