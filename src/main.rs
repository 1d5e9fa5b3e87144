//! gprobe.
fn main() {}
