//! Statements.

use super::{BinaryOp, Expr, Import, TypeExpr};
use crate::source::{Span, Spanned};

/// `{ ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// In order.
    pub stmts: Vec<Stmt>,
    /// With the braces.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// Which.
    pub kind: StmtKind,
    /// Without the semicolon.
    pub span: Span,
}

/// The kinds of statement.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// An expression for its effect.
    Expr(Expr),
    /// `target = value`, or `target op= value`.
    Assign {
        /// A variable, a map (element), or an expression that checking refuses.
        target: Expr,
        /// The operator of `op=`.
        op: Option<BinaryOp>,
        /// The right-hand side.
        value: Expr,
    },
    /// `let $x: type = value`
    Let {
        /// Without the `$`.
        name: Spanned<String>,
        /// The stated type.
        ty: Option<TypeExpr>,
        /// The first value.
        value: Option<Expr>,
    },
    /// `_ = value`
    Discard(Expr),
    /// `if (cond) { ... } else ...`; `else if` is an `otherwise` of one `if` statement.
    If {
        /// `if comptime`
        comptime: bool,
        /// The condition.
        cond: Expr,
        /// When true.
        then: Block,
        /// When false.
        otherwise: Option<Block>,
    },
    /// `while (cond) { ... }`
    While {
        /// The condition.
        cond: Expr,
        /// The body.
        body: Block,
    },
    /// `for ($x : source) { ... }`
    For {
        /// Without the `$`.
        var: Spanned<String>,
        /// What is gone through.
        source: ForSource,
        /// The body.
        body: Block,
    },
    /// `unroll (count) { ... }`
    Unroll {
        /// How often.
        count: Expr,
        /// The body.
        body: Block,
    },
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `return value`
    Return(Option<Expr>),
    /// A bare block.
    Block(Block),
    /// `import "x";` inside a block.
    Import(Import),
}

/// What a `for` goes through.
#[derive(Clone, Debug, PartialEq)]
pub enum ForSource {
    /// `a..b`: half-open.
    Range(Expr, Expr),
    /// A map, or another expression.
    Expr(Expr),
}
