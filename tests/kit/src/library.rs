//! The library for C.

use std::path::PathBuf;

/// The folder into which `cargo build --workspace` puts `libgprobe.so`, for a test that it was built with.
pub fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("no path of this test: {error}"));
    let folder = test.ancestors().nth(2).map(PathBuf::from).unwrap_or_default();
    let there = folder.join("libgprobe.so").is_file();
    assert!(there, "`cargo build --workspace` makes {}/libgprobe.so", folder.display());
    folder
}
