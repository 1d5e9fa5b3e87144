//! gprobe.
