//! Builds the grammar.
fn main() {}
