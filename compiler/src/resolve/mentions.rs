//! Which bare words a probe's predicate and body mention.

use gprobe_lang::ast::{Block, Expr, ExprKind, ForSource, Probe, SizeOf, Stmt, StmtKind};

/// Whether the probe mentions a word for which `wanted` holds.
pub(super) fn mentions(probe: &Probe, wanted: &dyn Fn(&str) -> bool) -> bool {
    probe.predicate.as_ref().is_some_and(|p| in_expr(p, wanted)) || in_block(&probe.body, wanted)
}

/// Whether an expression mentions such a word.
pub(super) fn expr_mentions(expr: &Expr, wanted: &dyn Fn(&str) -> bool) -> bool {
    in_expr(expr, wanted)
}

fn in_block(block: &Block, wanted: &dyn Fn(&str) -> bool) -> bool {
    block.stmts.iter().any(|s| in_stmt(s, wanted))
}

fn in_stmt(stmt: &Stmt, wanted: &dyn Fn(&str) -> bool) -> bool {
    let expr = |e: &Expr| in_expr(e, wanted);
    let block = |b: &Block| in_block(b, wanted);
    match &stmt.kind {
        StmtKind::Expr(e) | StmtKind::Discard(e) => expr(e),
        StmtKind::Assign { target, value, .. } => expr(target) || expr(value),
        StmtKind::Let { value, .. } | StmtKind::Return(value) => value.as_ref().is_some_and(expr),
        StmtKind::If { cond, then, otherwise, .. } => {
            expr(cond) || block(then) || otherwise.as_ref().is_some_and(block)
        }
        StmtKind::While { cond, body } | StmtKind::Unroll { count: cond, body } => expr(cond) || block(body),
        StmtKind::For { source, body, .. } => {
            block(body)
                || match source {
                    ForSource::Range(a, b) => expr(a) || expr(b),
                    ForSource::Expr(e) => expr(e),
                }
        }
        StmtKind::Block(b) => block(b),
        StmtKind::Break | StmtKind::Continue | StmtKind::Import(_) => false,
    }
}

fn in_expr(expr: &Expr, wanted: &dyn Fn(&str) -> bool) -> bool {
    let one = |e: &Expr| in_expr(e, wanted);
    let any = |es: &[Expr]| es.iter().any(one);
    match &expr.kind {
        ExprKind::Ident(name) => wanted(name),
        ExprKind::Call { name, args } => wanted(&name.value) || any(args),
        ExprKind::Map { key, .. } => key.as_deref().is_some_and(any),
        ExprKind::Unary(_, e)
        | ExprKind::IncDec(_, e)
        | ExprKind::Field(e, _)
        | ExprKind::TupleIndex(e, _)
        | ExprKind::Cast(_, e)
        | ExprKind::Comptime(e) => one(e),
        ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => one(a) || one(b),
        ExprKind::Ternary { cond, then, otherwise } => {
            one(cond) || then.as_deref().is_some_and(one) || one(otherwise)
        }
        ExprKind::Tuple(parts) => any(parts),
        ExprKind::Record(fields) => fields.iter().any(|(_, e)| one(e)),
        ExprKind::Block(block, e) => in_block(block, wanted) || one(e),
        ExprKind::If { cond, then, otherwise, .. } => one(cond) || one(then) || one(otherwise),
        ExprKind::SizeOf(question) => match question {
            SizeOf::Expr(e) | SizeOf::TypeInfo(e) => one(e),
            SizeOf::Type(_) | SizeOf::Offset(..) | SizeOf::TypeOf(_) => false,
        },
        ExprKind::Int { .. }
        | ExprKind::Str(_)
        | ExprKind::Bool(_)
        | ExprKind::Var(_)
        | ExprKind::Positional(_)
        | ExprKind::PositionalCount
        | ExprKind::Error => false,
    }
}
