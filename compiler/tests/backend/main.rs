//! The stages after lowering: `optimise`, `allocate` and `emit`, with the IR itself.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod cases;
mod evaluate;
mod generate;
mod limits;
mod meaning;
mod registers;
