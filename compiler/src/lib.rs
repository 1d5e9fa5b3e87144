//! From a gprobe script to eBPF. Internal to gprobe.
//!
//! No files, no system calls, no clocks, no environment: equal input gives equal bytes.

pub mod artifact;
pub mod ir;
pub mod target;
