//! What is known of a value before the script runs.

use super::typed::{Compare, Expr, ExprKind};
use crate::ir::BinOp;

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
