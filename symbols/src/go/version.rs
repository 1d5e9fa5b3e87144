//! The Go release that built a program, from its build information.

use std::fmt;

/// The Go release that built a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GoVersion {
    /// The 1 of `go1.24.11`.
    pub major: u32,
    /// The 24.
    pub minor: u32,
    /// The 11; 0 for `go1.24`, release candidates and development versions.
    pub patch: u32,
    /// As the file has it: `go1.24.11`, `go1.25rc1 X:nocoverageredesign`.
    pub text: String,
}

impl GoVersion {
    /// Whether it is that release (`1.21`) or a later one.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
