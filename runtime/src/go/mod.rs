//! Go values: read from captures by their types, and written as Go's own fmt writes them.

mod errors;
mod fmt;
mod number;
mod read;
mod time;
mod value;

pub use self::fmt::Style;
pub(crate) use self::read::{Reader, type_name};
pub use self::value::{GoKind, GoValue};
