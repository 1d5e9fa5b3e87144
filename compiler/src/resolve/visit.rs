//! Walks all expressions of a typed probe.

use super::typed::{Expr, ExprKind, Probe, Stmt};

impl Probe {
    /// Calls `f` on every expression, outer ones first.
    pub fn visit(&self, f: &mut dyn FnMut(&Expr)) {
        if let Some(predicate) = &self.predicate {
            expr(predicate, f);
        }
        stmts(&self.body, f);
    }
}

fn stmts(list: &[Stmt], f: &mut dyn FnMut(&Expr)) {
    for stmt in list {
        match stmt {
            Stmt::Expr(e) | Stmt::SetVar(_, e) | Stmt::Exit { code: e, .. } => expr(e, f),
            Stmt::SetMap { key, value, .. } | Stmt::AddMap { key, value, .. } => {
                key.iter().for_each(|e| expr(e, f));
                expr(value, f);
            }
            Stmt::Aggregate { key, value, .. } => {
                key.iter().chain(value).for_each(|e| expr(e, f));
            }
            Stmt::If { cond, then, otherwise } => {
                expr(cond, f);
                stmts(then, f);
                stmts(otherwise, f);
            }
            Stmt::Delete { key, .. } => key.iter().for_each(|e| expr(e, f)),
            Stmt::Emit { args, .. } => args.iter().for_each(|e| expr(e, f)),
            Stmt::Return => {}
        }
    }
}

fn expr(e: &Expr, f: &mut dyn FnMut(&Expr)) {
    f(e);
    match &e.kind {
        ExprKind::MapGet(_, key) | ExprKind::HasKey(_, key) | ExprKind::StepMap { key, .. } => {
            key.iter().for_each(|k| expr(k, f));
        }
        ExprKind::Tuple(parts) => parts.iter().for_each(|p| expr(p, f)),
        ExprKind::TupleIndex(inner, _)
        | ExprKind::Not(inner)
        | ExprKind::Extend { value: inner, .. }
        | ExprKind::ReadUser { addr: inner, .. } => expr(inner, f),
        ExprKind::Arith(_, a, b)
        | ExprKind::Compare(_, a, b)
        | ExprKind::SameBytes(a, b, _)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::GoStr { data: a, len: b } => {
            expr(a, f);
            expr(b, f);
        }
        ExprKind::Ternary(a, b, c) => {
            expr(a, f);
            expr(b, f);
            expr(c, f);
        }
        ExprKind::CStr { addr, limit, .. } => {
            expr(addr, f);
            if let Some(limit) = limit {
                expr(limit, f);
            }
        }
        ExprKind::Int(_)
        | ExprKind::Str(_)
        | ExprKind::Var(_)
        | ExprKind::StepVar { .. }
        | ExprKind::Context { .. }
        | ExprKind::ContextStr { .. }
        | ExprKind::Builtin(_)
        | ExprKind::Caller { .. }
        | ExprKind::Frame { .. }
        | ExprKind::Stack { .. } => {}
    }
}
