//! What is known of Go.

pub(crate) mod names;
pub(crate) mod offsets;
pub(crate) mod version;
