//! Machine code, one module per machine.

pub(crate) mod x64;
