//! The syntax tree: what was written, with spans everywhere and no meaning yet.

mod dump;
mod expr;
mod script;
mod stmt;

pub use dump::dump;
pub use expr::{BinaryOp, Expr, ExprKind, IncDec, SizeOf, TypeExpr, TypeKind, UnaryOp};
pub use script::{
    Alternative, AttachPoint, CField, CType, CTypeKind, Config, ConfigEntry, Function, Import, Item, Macro,
    MacroParam, MapDecl, Probe, Provider, Script,
};
pub use stmt::{Block, ForSource, Stmt, StmtKind};
