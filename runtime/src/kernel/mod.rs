//! What this kernel can do, and what it says of itself.

pub mod btf;
pub mod doctor;
mod facts;
pub(crate) mod functions;
pub mod symbols;
pub mod tracefs;
pub(crate) mod uprobes;

pub use facts::facts;

/// CPUs that are running now.
pub(crate) fn online() -> Vec<u32> {
    facts::online_cpus()
}
