//! What is known of a value before the script runs.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::Diagnostic;

use super::body::Body;
use super::typed::{Compare, Expr, ExprKind};
use crate::ir::BinOp;

impl Body<'_, '_> {
    /// A number that must be known now.
    pub(super) fn constant(&mut self, expr: &ast::Expr, what: &str, least: i64, most: i64) -> Option<i64> {
        let value = self.expr(expr);
        match constant(&value) {
            Some(n) if (least..=most).contains(&n) => Some(n),
            Some(n) => {
                let bound =
                    if most > 1 << 30 { format!("{least} or more") } else { format!("{least} to {most}") };
                self.error(
                    Diagnostic::error("out-of-range", value.span, format!("{what} can't be {n}"))
                        .help(format!("write a number, {bound}")),
                );
                None
            }
            None => {
                self.error(
                    Diagnostic::error(
                        "not-constant",
                        value.span,
                        format!("{what} must be a number written in the script"),
                    )
                    .label(if value.ty.is_string() { "a string" } else { "known only when the script runs" })
                    .help("write the number itself, or take a parameter of the script: `$1`"),
                );
                None
            }
        }
    }

    pub(super) fn literal(&mut self, expr: Option<&ast::Expr>, what: &str) -> Option<String> {
        let expr = expr?;
        match &expr.kind {
            Ast::Str(bytes) => match String::from_utf8(bytes.clone()) {
                Ok(text) => Some(text),
                Err(_) => {
                    self.error(Diagnostic::error("not-utf8", expr.span, format!("{what} must be UTF-8")));
                    None
                }
            },
            // An option of the script is known too.
            Ast::Call { name, .. } if name.value == "getopt" => self.literal_or_param(Some(expr), what),
            _ => {
                self.not_literal(what, expr.span);
                None
            }
        }
    }

    /// A string that is known before the script runs: written in it, or a parameter.
    pub(super) fn literal_or_param(&mut self, expr: Option<&ast::Expr>, what: &str) -> Option<String> {
        let arg = expr?;
        // It is no value of the script: `max_strlen` does not limit it.
        if let Ast::Str(bytes) = &arg.kind {
            return Some(String::from_utf8_lossy(bytes).into_owned());
        }
        let value = self.expr(arg);
        match value.kind {
            ExprKind::Str(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => {
                self.error(
                    Diagnostic::error(
                        "not-constant",
                        arg.span,
                        format!("{what} must be known before the script runs"),
                    )
                    .label(if value.ty.is_integer() { "a number" } else { "known only when it runs" })
                    .help(match what {
                        "the format" => "write `printf(\"%v\\n\", x)`, or `print(x)`",
                        _ => "write it in quotes, or take a parameter of the script: `str($1)`",
                    }),
                );
                None
            }
        }
    }
}

/// The number that an expression always gives.
pub(super) fn constant(expr: &Expr) -> Option<i64> {
    Some(match &expr.kind {
        ExprKind::Int(value) => *value,
        ExprKind::Not(inner) => i64::from(constant(inner)? == 0),
        ExprKind::And(a, b) => match constant(a)? {
            0 => 0,
            _ => i64::from(constant(b)? != 0),
        },
        ExprKind::Or(a, b) => match constant(a)? {
            0 => i64::from(constant(b)? != 0),
            _ => 1,
        },
        ExprKind::Ternary(cond, then, otherwise) => {
            constant(if constant(cond)? != 0 { then } else { otherwise })?
        }
        ExprKind::Arith(op, a, b) => op.machine().apply(constant(a)?, constant(b)?),
        ExprKind::Divide { remainder, signed, a, b } => {
            let (a, b) = (constant(a)?, Some(constant(b)?).filter(|b| *b != 0)?);
            match (remainder, signed) {
                (false, false) => BinOp::Div.apply(a, b),
                (true, false) => BinOp::Rem.apply(a, b),
                (false, true) => a.wrapping_div(b),
                (true, true) => a.wrapping_rem(b),
            }
        }
        ExprKind::Extend { value, bytes, signed } => {
            crate::ir::Size::of(u64::from(*bytes))?.extend(constant(value)?, *signed)
        }
        ExprKind::Compare(compare, a, b) => {
            let (a, b) = (constant(a)?, constant(b)?);
            i64::from(match compare {
                Compare::Eq => a == b,
                Compare::Ne => a != b,
                Compare::Lt { signed: true } => a < b,
                Compare::Le { signed: true } => a <= b,
                Compare::Gt { signed: true } => a > b,
                Compare::Ge { signed: true } => a >= b,
                Compare::Lt { signed: false } => (a as u64) < b as u64,
                Compare::Le { signed: false } => a as u64 <= b as u64,
                Compare::Gt { signed: false } => a as u64 > b as u64,
                Compare::Ge { signed: false } => a as u64 >= b as u64,
            })
        }
        ExprKind::SameBytes(a, b, negated) => match (&a.kind, &b.kind) {
            (ExprKind::Str(a), ExprKind::Str(b)) => i64::from((a == b) != *negated),
            _ => return None,
        },
        _ => return None,
    })
}
