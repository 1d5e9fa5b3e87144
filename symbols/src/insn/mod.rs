//! Machine code, one module per machine.

pub(crate) mod atomic;
pub(crate) mod flags;
pub(crate) mod flow;
pub(crate) mod operands;
pub(crate) mod x64;
