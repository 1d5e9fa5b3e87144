//! What is known of Go.

pub(crate) mod abi;
pub(crate) mod atomics;
pub(crate) mod cgo;
pub(crate) mod code;
pub(crate) mod inline;
pub(crate) mod known;
pub(crate) mod layouts;
pub(crate) mod moduledata;
pub(crate) mod names;
pub(crate) mod offsets;
pub(crate) mod places;
pub(crate) mod sites;
pub(crate) mod swaps;
pub(crate) mod tls;
pub(crate) mod tls_slot;
pub(crate) mod variables;
pub(crate) mod version;
pub(crate) mod wait_reasons;
pub(crate) mod witness;
