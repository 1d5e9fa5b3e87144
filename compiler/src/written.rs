//! Pieces of a script that gprobe writes itself, where one construct of the language stands for others.

use gprobe_lang::ast::{AttachPoint, BinaryOp, Block, Expr, ExprKind, Stmt, StmtKind, UnaryOp};
use gprobe_lang::source::{Span, Spanned};

/// `name`
pub(crate) fn ident(name: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::Ident(name.to_owned()), span }
}

/// `value.name`
pub(crate) fn field(value: Expr, name: &str) -> Expr {
    let span = value.span;
    Expr { kind: ExprKind::Field(Box::new(value), Spanned::new(name.to_owned(), span)), span }
}

/// `$name`
pub(crate) fn var(name: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::Var(name.to_owned()), span }
}

/// `name(args)`
pub(crate) fn call(name: &str, args: Vec<Expr>, span: Span) -> Expr {
    Expr { kind: ExprKind::Call { name: Spanned::new(name.to_owned(), span), args }, span }
}

/// `@name[key]`, or `@name`
pub(crate) fn map(name: &str, key: Option<Vec<Expr>>, span: Span) -> Expr {
    Expr { kind: ExprKind::Map { name: name.to_owned(), key }, span }
}

/// `!value`
pub(crate) fn not(value: Expr) -> Expr {
    let span = value.span;
    Expr { kind: ExprKind::Unary(UnaryOp::Not, Box::new(value)), span }
}

/// `a && b`
pub(crate) fn and(a: Expr, b: Expr) -> Expr {
    let span = b.span;
    Expr { kind: ExprKind::Binary(BinaryOp::LogicalAnd, Box::new(a), Box::new(b)), span }
}

/// `target = value;`
pub(crate) fn assign(target: Expr, value: Expr) -> Stmt {
    let span = target.span;
    Stmt { kind: StmtKind::Assign { target, op: None, value }, span }
}

/// `value;`
pub(crate) fn statement(value: Expr) -> Stmt {
    let span = value.span;
    Stmt { kind: StmtKind::Expr(value), span }
}

/// `if (cond) { return; }`
pub(crate) fn leave_if(cond: Expr) -> Stmt {
    let span = cond.span;
    let leave = Stmt { kind: StmtKind::Return(None), span };
    let then = Block { stmts: vec![leave], span };
    Stmt { kind: StmtKind::If { comptime: false, cond, then, otherwise: None }, span }
}

/// An attach point of these parts.
pub(crate) fn point(parts: &[&str], span: Span) -> AttachPoint {
    let text = Spanned::new(parts.join(":"), span);
    AttachPoint { parts: parts.iter().map(|part| Spanned::new((*part).to_owned(), span)).collect(), text }
}
