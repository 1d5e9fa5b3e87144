//! The gprobe language: text to syntax tree and diagnostics. Internal to gprobe.
//!
//! No files, no operating system, no BPF, no ELF: text in, [`ast::Script`] and
//! [`diagnostic::Diagnostic`]s out.

pub mod ast;
pub mod diagnostic;
pub mod source;
