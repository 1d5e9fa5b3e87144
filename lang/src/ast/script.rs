//! Top-level items: probes and what may stand beside them.

use super::{Block, Expr, TypeExpr};
use crate::source::{Span, Spanned};

/// A whole script.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Script {
    /// Items in the order they were written.
    pub items: Vec<Item>,
}

/// A top-level item.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "scripts are small; boxing would only hide the shape")]
pub enum Item {
    /// `go:main.f /pred/ { ... }`
    Probe(Probe),
    /// `config = { max_strlen = 64 }`
    Config(Config),
    /// `import "lib.gp";`
    Import(Import),
    /// `let @m = hash(1024);`
    MapDecl(MapDecl),
    /// `macro name($x, @m, expr) { ... }`
    Macro(Macro),
    /// `struct point { int x; int y; };`, also `union` and `enum`
    CType(CType),
    /// `probe cgo:enter = go:runtime.cgocall { fn = arg0 }`
    Provider(Provider),
    /// `fn name($a: int64): void { ... }`
    Function(Function),
}

/// One probe: attach points that share a predicate and a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// `name = probe...`, where given.
    pub name: Option<Spanned<String>>,
    /// At least one.
    pub points: Vec<AttachPoint>,
    /// `/expr/`
    pub predicate: Option<Expr>,
    /// `{ ... }`
    pub body: Block,
    /// From the first attach point to the closing brace.
    pub span: Span,
}

/// One attach point, split at its colons and not yet understood: `go:net/http.(*conn).serve:return`
/// has the parts `go`, `net/http.(*conn).serve` and `return`.
///
/// Colons inside parentheses, brackets, braces and double quotes do not split; quotes are taken off, and
/// in them the backslash of `\"` and `\\`.
/// Positional parameters in it (`tracepoint:$1`) stay as written.
#[derive(Clone, Debug, PartialEq)]
pub struct AttachPoint {
    /// At least one; a part may be empty (`go::return`).
    pub parts: Vec<Spanned<String>>,
    /// The whole attach point as written.
    pub text: Spanned<String>,
}

/// `config = { key = value; ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The settings, in order.
    pub entries: Vec<ConfigEntry>,
    /// The whole block.
    pub span: Span,
}

/// One setting of a config block.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigEntry {
    /// The setting's name.
    pub name: Spanned<String>,
    /// A literal or a bare word.
    pub value: Expr,
}

/// `import "path";`
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// What is imported.
    pub path: Spanned<String>,
    /// The whole statement.
    pub span: Span,
}

/// `let @name = kind(max_entries);`
#[derive(Clone, Debug, PartialEq)]
pub struct MapDecl {
    /// The map's name without the `@`; empty for `@`.
    pub name: Spanned<String>,
    /// `hash`, `lruhash`, `percpuhash`, ...
    pub kind: Spanned<String>,
    /// The arguments in parentheses.
    pub args: Vec<Expr>,
    /// The whole declaration.
    pub span: Span,
}

/// `macro name(params) { body }`
#[derive(Clone, Debug, PartialEq)]
pub struct Macro {
    /// The macro's name.
    pub name: Spanned<String>,
    /// Its parameters.
    pub params: Vec<MacroParam>,
    /// What it stands for.
    pub body: Block,
    /// The whole definition.
    pub span: Span,
}

/// A macro's parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum MacroParam {
    /// `$x`: a variable the macro may change.
    Var(Spanned<String>),
    /// `@m`: a map.
    Map(Spanned<String>),
    /// `x`: an expression.
    Expr(Spanned<String>),
}

/// A C type declared in the script.
#[derive(Clone, Debug, PartialEq)]
pub struct CType {
    /// Struct, union or enum, with what it holds.
    pub kind: CTypeKind,
    /// `__attribute__((packed))`: no gaps between fields.
    pub packed: bool,
    /// Its tag.
    pub name: Spanned<String>,
    /// The whole declaration.
    pub span: Span,
}

/// What a declared C type holds.
#[derive(Clone, Debug, PartialEq)]
pub enum CTypeKind {
    /// `struct`
    Struct(Vec<CField>),
    /// `union`
    Union(Vec<CField>),
    /// `enum`: names with values, where given
    Enum(Vec<(Spanned<String>, Option<Expr>)>),
}

/// A field of a declared struct or union.
#[derive(Clone, Debug, PartialEq)]
pub struct CField {
    /// Its type, array lengths included.
    pub ty: TypeExpr,
    /// Its name.
    pub name: Spanned<String>,
    /// `: 3` of a bit field.
    pub bits: Option<u32>,
}

/// `probe provider:moment = attach points { name = expr ... } else ...`
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// The name it defines, split as an attach point.
    pub name: AttachPoint,
    /// The first that a target has is taken; at least one.
    pub alternatives: Vec<Alternative>,
    /// The whole definition.
    pub span: Span,
}

/// One way to observe a provider's moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    /// Where it happens, all of them; at least one.
    pub points: Vec<AttachPoint>,
    /// A condition under which it counts.
    pub predicate: Option<Expr>,
    /// Named arguments.
    pub args: Vec<(Spanned<String>, Expr)>,
    /// From the first attach point to the closing brace.
    pub span: Span,
}

/// `fn name($a: type): type { ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The function's name.
    pub name: Spanned<String>,
    /// Parameters without the `$`, with their types.
    pub params: Vec<(Spanned<String>, TypeExpr)>,
    /// The result type.
    pub result: Option<TypeExpr>,
    /// The body.
    pub body: Block,
    /// The whole definition.
    pub span: Span,
}
