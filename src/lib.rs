//! See inside running Go programs on Linux.
//!
//! The command is [`cli::main`]. The parts it is made of are crates of their own: `gprobe-lang` (text
//! to syntax tree), `gprobe-compiler` (syntax tree to eBPF), `gprobe-symbols` (what is in a binary),
//! `gprobe-runtime` (attaching and reading) and `gprobe-stdlib` (the scripts that ship).

pub mod cli;
pub mod output;
