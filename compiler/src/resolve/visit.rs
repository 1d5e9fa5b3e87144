//! Walks all expressions of a typed probe.

use super::typed::{Expr, ExprKind, GoImage, Probe, Stmt};

impl Probe {
    /// Calls `f` on every expression, outer ones first.
    pub fn visit(&self, f: &mut dyn FnMut(&Expr)) {
        if let Some(predicate) = &self.predicate {
            expr(predicate, f);
        }
        stmts(&self.body, f);
    }
}

/// Calls `f` on every expression of these statements.
pub fn stmts(list: &[Stmt], f: &mut dyn FnMut(&Expr)) {
    list.iter().for_each(|one| stmt(one, f));
}

/// Calls `f` on these statements and all in them.
pub fn all_stmts(list: &[Stmt], f: &mut dyn FnMut(&Stmt)) {
    nested(list, f);
    stmts(list, &mut |e| {
        if let ExprKind::Block(body, _) = &e.kind {
            nested(body, f);
        }
    });
}

/// The same, but for statements that are part of expressions.
fn nested(list: &[Stmt], f: &mut dyn FnMut(&Stmt)) {
    for stmt in list {
        f(stmt);
        match stmt {
            Stmt::If { then, otherwise, .. } => {
                nested(then, f);
                nested(otherwise, f);
            }
            Stmt::While { body, .. }
            | Stmt::ForRange { body, .. }
            | Stmt::ForMap { body, .. }
            | Stmt::Unroll { body, .. }
            | Stmt::Scope(body) => nested(body, f),
            _ => {}
        }
    }
}

fn stmt(stmt: &Stmt, f: &mut dyn FnMut(&Expr)) {
    let mut all = |list: &[Expr]| list.iter().for_each(|e| expr(e, f));
    match stmt {
        Stmt::Expr(e) | Stmt::SetVar(_, e) | Stmt::Exit { code: e, .. } | Stmt::Signal { number: e, .. } => {
            expr(e, f);
        }
        Stmt::SetMap { key, value, .. } | Stmt::AddMap { key, value, .. } => {
            all(key);
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
        Stmt::While { cond, body } => {
            expr(cond, f);
            stmts(body, f);
        }
        Stmt::ForRange { from, to, body, .. } => {
            expr(from, f);
            expr(to, f);
            stmts(body, f);
        }
        Stmt::ForMap { body, .. } | Stmt::Unroll { body, .. } | Stmt::Scope(body) => stmts(body, f),
        Stmt::Delete { key, .. } => all(key),
        Stmt::Emit { args, .. } => all(args),
        Stmt::Return { result } => {
            if let Some((_, value)) = result {
                expr(value, f);
            }
        }
        Stmt::Zero(_) | Stmt::CutOff(_) | Stmt::Break | Stmt::Continue => {}
    }
}

/// Calls `f` on an expression and all in it.
pub fn expr(e: &Expr, f: &mut dyn FnMut(&Expr)) {
    f(e);
    match &e.kind {
        ExprKind::Block(body, value) => {
            stmts(body, f);
            expr(value, f);
        }
        kind => kind.parts().into_iter().for_each(|part| expr(part, f)),
    }
}

impl ExprKind {
    /// The expressions it is made of; of a block only its value.
    pub fn parts(&self) -> Vec<&Expr> {
        match self {
            Self::MapGet(_, key)
            | Self::HasKey(_, key)
            | Self::Aggregated(_, key)
            | Self::Find { key, .. }
            | Self::StepMap { key, .. } => key.iter().collect(),
            Self::Tuple(parts) => parts.iter().collect(),
            Self::TupleIndex(inner, _)
            | Self::Not(inner)
            | Self::Block(_, inner)
            | Self::Once(_, inner)
            | Self::ReadFresh(inner)
            | Self::FromInt(inner)
            | Self::OwnChars(inner)
            | Self::StrLen(inner)
            | Self::Swap { value: inner, .. }
            | Self::Inet { value: inner, .. }
            | Self::Bits { value: inner, .. }
            | Self::Extend { value: inner, .. }
            | Self::ReadC { addr: inner, .. }
            | Self::ReadKernel { addr: inner, .. }
            | Self::ReadUser { addr: inner, .. } => vec![inner],
            Self::Arith(_, a, b)
            | Self::Compare(_, a, b)
            | Self::SameBytes(a, b, _)
            | Self::And(a, b)
            | Self::Or(a, b)
            | Self::Divide { a, b, .. }
            | Self::StrCmp { a, b, .. }
            | Self::StrFind { text: a, part: b, .. }
            | Self::GoStr { data: a, len: b } => vec![a, b],
            Self::Ternary(a, b, c) => vec![a, b, c],
            Self::CStr { addr: from, limit, .. } | Self::Buf { from, limit } => {
                std::iter::once(from).chain(limit).map(|e| &**e).collect()
            }
            Self::Part { of, index, .. } => {
                std::iter::once(&**of).chain(index.iter().map(|i| &*i.index)).collect()
            }
            Self::GoValue { image, .. } => match image {
                GoImage::Memory(addr) => vec![addr],
                GoImage::Parts(parts) => parts.iter().map(|(_, _, part)| part).collect(),
            },
            Self::Int(_)
            | Self::Str(_)
            | Self::Bytes(_)
            | Self::Var(_)
            | Self::AddressOf(_)
            | Self::MapLen(_)
            | Self::StackLen { .. }
            | Self::TaiClock
            | Self::MonotonicClock
            | Self::StepVar { .. }
            | Self::Context { .. }
            | Self::ContextStr { .. }
            | Self::Builtin(_)
            | Self::Caller { .. }
            | Self::OutsideCaller { .. }
            | Self::Frame { .. }
            | Self::GoLabel { .. }
            | Self::CurrentTask
            | Self::GoStack(_)
            | Self::Stack { .. } => Vec::new(),
        }
    }
}
