//! From a gprobe script to eBPF. Internal to gprobe.
//!
//! No files, no system calls, no clocks, no environment: equal input gives equal bytes.
//!
//! [`compile`] names the stages in order: `expand` (imports, macros, providers), `resolve` (sites, names, types), `lower` (IR),
//! `optimise`, `allocate` (registers, stack), `emit` (the BPF ELF object).

#![forbid(unsafe_code)]

pub mod allocate;
pub mod artifact;
pub mod builtins;
mod compile;
pub mod emit;
mod expand;
pub mod functions;
pub mod ir;
pub mod lower;
pub mod optimise;
pub mod parameters;
pub mod probe_kinds;
pub mod reference;
pub mod resolve;
pub mod runtime_layout;
pub mod target;
mod walk;
mod written;
pub mod x64;

pub use compile::{Compiled, check, compile};
