//! gprobe for C. Each function of `include/gprobe.h` stands here with what it does.
//!
//! Rust programs use the crate `gprobe`, on which this is a thin layer: pointers are checked for null, texts for
//! UTF-8, and no panic crosses the border.

#![allow(unsafe_code, reason = "C gives pointers; each block says what the header asks of the caller")]

mod builder;
mod error;
mod event;
mod map;
mod session;
mod text;
mod value;

pub use builder::*;
pub use error::*;
pub use event::*;
pub use map::*;
pub use session::*;
pub use value::*;
