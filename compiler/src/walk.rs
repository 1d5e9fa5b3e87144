//! The parts of statements and expressions, for what goes through a script and changes it.

use gprobe_lang::ast::{Block, Expr, ExprKind, ForSource, Probe, SizeOf, Stmt, StmtKind, TypeExpr, TypeKind};

/// A part of a node.
pub(crate) enum Child<'a> {
    Expr(&'a mut Expr),
    Block(&'a mut Block),
    Type(&'a mut TypeExpr),
}

/// Calls `f` on each part of a statement.
pub(crate) fn children_of_stmt(stmt: &mut Stmt, f: &mut dyn FnMut(Child<'_>)) {
    match &mut stmt.kind {
        StmtKind::Expr(e) | StmtKind::Discard(e) => f(Child::Expr(e)),
        StmtKind::Assign { target, value, .. } => {
            f(Child::Expr(target));
            f(Child::Expr(value));
        }
        StmtKind::Let { ty, value, .. } => {
            ty.iter_mut().for_each(|ty| f(Child::Type(ty)));
            value.iter_mut().for_each(|e| f(Child::Expr(e)));
        }
        StmtKind::If { cond, then, otherwise, .. } => {
            f(Child::Expr(cond));
            f(Child::Block(then));
            otherwise.iter_mut().for_each(|block| f(Child::Block(block)));
        }
        StmtKind::While { cond, body } | StmtKind::Unroll { count: cond, body } => {
            f(Child::Expr(cond));
            f(Child::Block(body));
        }
        StmtKind::For { source, body, .. } => {
            match source {
                ForSource::Range(from, to) => {
                    f(Child::Expr(from));
                    f(Child::Expr(to));
                }
                ForSource::Expr(e) => f(Child::Expr(e)),
            }
            f(Child::Block(body));
        }
        StmtKind::Return(value) => value.iter_mut().for_each(|e| f(Child::Expr(e))),
        StmtKind::Block(block) => f(Child::Block(block)),
        StmtKind::Break | StmtKind::Continue | StmtKind::Import(_) => {}
    }
}

/// Calls `f` on each part of an expression.
pub(crate) fn children_of_expr(expr: &mut Expr, f: &mut dyn FnMut(Child<'_>)) {
    match &mut expr.kind {
        ExprKind::Map { key, .. } => key.iter_mut().flatten().for_each(|e| f(Child::Expr(e))),
        ExprKind::Call { args, .. } | ExprKind::Tuple(args) => {
            args.iter_mut().for_each(|e| f(Child::Expr(e)))
        }
        ExprKind::Unary(_, e)
        | ExprKind::IncDec(_, e)
        | ExprKind::Field(e, _)
        | ExprKind::TupleIndex(e, _)
        | ExprKind::Comptime(e) => f(Child::Expr(e)),
        ExprKind::Cast(ty, e) => {
            f(Child::Type(ty));
            f(Child::Expr(e));
        }
        ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => {
            f(Child::Expr(a));
            f(Child::Expr(b));
        }
        ExprKind::Ternary { cond, then, otherwise } => {
            f(Child::Expr(cond));
            then.iter_mut().for_each(|e| f(Child::Expr(e)));
            f(Child::Expr(otherwise));
        }
        ExprKind::Record(fields) => fields.iter_mut().for_each(|(_, e)| f(Child::Expr(e))),
        ExprKind::Block(block, e) => {
            f(Child::Block(block));
            f(Child::Expr(e));
        }
        ExprKind::If { cond, then, otherwise, .. } => {
            f(Child::Expr(cond));
            f(Child::Expr(then));
            f(Child::Expr(otherwise));
        }
        ExprKind::SizeOf(question) => match question {
            SizeOf::Type(ty) | SizeOf::TypeOf(ty) | SizeOf::Offset(ty, _) => f(Child::Type(ty)),
            SizeOf::Expr(e) | SizeOf::TypeInfo(e) => f(Child::Expr(e)),
        },
        ExprKind::Int { .. }
        | ExprKind::Str(_)
        | ExprKind::Bool(_)
        | ExprKind::Var(_)
        | ExprKind::Positional(_)
        | ExprKind::PositionalCount
        | ExprKind::Ident(_)
        | ExprKind::Error => {}
    }
}

/// Calls `f` on each expression of a probe's predicate and body, those around others first; what is in one that
/// `f` says it has dealt with is passed over.
pub(crate) fn each_expr(probe: &mut Probe, f: &mut dyn FnMut(&mut Expr) -> bool) {
    if let Some(predicate) = &mut probe.predicate {
        within(Child::Expr(predicate), f);
    }
    within(Child::Block(&mut probe.body), f);
}

/// The same for one expression and what is in it.
pub(crate) fn within(child: Child<'_>, f: &mut dyn FnMut(&mut Expr) -> bool) {
    match child {
        Child::Expr(expr) => {
            if !f(expr) {
                children_of_expr(expr, &mut |child| within(child, f));
            }
        }
        Child::Block(block) => {
            for stmt in &mut block.stmts {
                children_of_stmt(stmt, &mut |child| within(child, f));
            }
        }
        Child::Type(ty) => match &mut ty.kind {
            TypeKind::TypeOf(inner) => within(Child::Expr(inner), f),
            TypeKind::Array(inner, _) | TypeKind::Pointer(inner) => within(Child::Type(inner), f),
            TypeKind::Named(_) | TypeKind::Inline(_) => {}
        },
    }
}
