//! Expressions and types as written.

use super::Block;
use crate::source::{Span, Spanned};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `42`, `0xff`, `1e6`, `1_000`; durations (`10ms`) in ns.
    Int {
        /// The value; a literal over 2^64-1 is a lexer diagnostic.
        value: u64,
        /// Written with a time unit.
        duration: bool,
    },
    /// `"text"`, escapes undone; bytes need not be UTF-8 (`\xff`).
    Str(Vec<u8>),
    /// `true`, `false`
    Bool(bool),
    /// `$x`, without the `$`.
    Var(String),
    /// `$1`
    Positional(u32),
    /// `$#`
    PositionalCount,
    /// `@m`, `@m[k, l]`; the name without the `@`, the keys empty for a scalar map.
    Map {
        /// Empty for `@`.
        name: String,
        /// `None`: no brackets. Brackets always hold at least one key.
        key: Option<Vec<Expr>>,
    },
    /// A bare word: a builtin, a wait reason, an enum's name.
    Ident(String),
    /// `f(a, b)`
    Call {
        /// The function.
        name: Spanned<String>,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `!x`, `-x`, `~x`, `*x`, `&x`
    Unary(UnaryOp, Box<Expr>),
    /// `x++`, `--x`
    IncDec(IncDec, Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `c ? a : b`; without `then`, `a ?: b`.
    Ternary {
        /// The condition.
        cond: Box<Expr>,
        /// Absent in `a ?: b`.
        then: Option<Box<Expr>>,
        /// When false.
        otherwise: Box<Expr>,
    },
    /// `x.name`, `x->name`
    Field(Box<Expr>, Spanned<String>),
    /// `t.0`
    TupleIndex(Box<Expr>, Spanned<u32>),
    /// `x[i]` of anything but a map by its name.
    Index(Box<Expr>, Box<Expr>),
    /// `(type)x`, also Go's conversion `(*runtime.hchan)(x)`.
    Cast(TypeExpr, Box<Expr>),
    /// `(a, b)`, `(a,)`, `()`
    Tuple(Vec<Expr>),
    /// `(x = 1, y = 2)`
    Record(Vec<(Spanned<String>, Expr)>),
    /// `{ stmts; value }`
    Block(Block, Box<Expr>),
    /// `if c { a } else { b }` as a value.
    If {
        /// `if comptime`
        comptime: bool,
        /// The condition.
        cond: Box<Expr>,
        /// When true: an expression, often a block.
        then: Box<Expr>,
        /// When false.
        otherwise: Box<Expr>,
    },
    /// `sizeof(x)`, `offsetof(T, f)`, `typeof(x)`, `typeinfo(x)`
    SizeOf(SizeOf),
    /// `comptime expr`
    Comptime(Box<Expr>),
    /// Stands where the parser recovered from an error, which it has reported.
    Error,
}

/// Questions about types.
#[derive(Clone, Debug, PartialEq)]
pub enum SizeOf {
    /// `sizeof(type)`
    Type(TypeExpr),
    /// `sizeof(expr)`
    Expr(Box<Expr>),
    /// `offsetof(type, field.path)`
    Offset(TypeExpr, Vec<Spanned<String>>),
    /// `typeof(type)` or `typeof(expr)`: the latter as [`TypeKind::TypeOf`]
    TypeOf(TypeExpr),
    /// `typeinfo(expr)`
    TypeInfo(Box<Expr>),
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// Which.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// The kinds of type.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `int64`, `string`, `struct point` (as `struct point`), `runtime.hchan`, `net/http.Request`
    Named(String),
    /// `string[16]`, `buffer[8]`, `int32[4]`
    Array(Box<TypeExpr>, u64),
    /// `T*` and Go's `*T`
    Pointer(Box<TypeExpr>),
    /// `typeof(expr)`
    TypeOf(Box<Expr>),
    /// `struct { int x; }` right where a field has it.
    Inline(Box<super::CType>),
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`
    Neg,
    /// `~`
    BitNot,
    /// `*`
    Deref,
    /// `&`
    AddressOf,
}

/// `++` and `--`, before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncDec {
    /// `++x`
    PreInc,
    /// `--x`
    PreDec,
    /// `x++`
    PostInc,
    /// `x--`
    PostDec,
}

/// Operators with two operands, in C's precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `||`
    LogicalOr,
    /// `&&`
    LogicalAnd,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `&`
    BitAnd,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}
