//! The gprobe language: text to syntax tree and diagnostics. Internal to gprobe.
//!
//! No files, no operating system, no BPF, no ELF: text in, [`ast::Script`] and
//! [`diagnostic::Diagnostic`]s out.
//!
//! `text -> lexer -> tokens, an item at a time -> nesting -> parser (grammar, shape) -> ast::Script`
//!
//! and, as it was written but in the usual style, `text -> format -> text`.

pub mod ast;
mod classes;
pub mod diagnostic;
mod explain;
mod format;
mod input;
mod lexer;
mod literal;
mod nesting;
mod parser;
mod shape;
pub mod source;
mod token;

pub use classes::{Class, classes};
pub use format::{comments, format};
pub use input::{Input, is_script, parse_input, wants_more};
pub use literal::number_value;
pub use parser::{Parsed, parse};
