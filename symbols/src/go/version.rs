//! The Go release that built a program, from its build information (`src/debug/buildinfo`).

use std::fmt;

use crate::bytes::Bytes;
use crate::elf::Elf;

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

    /// Reads `go1.24.11`, also in `devel go1.25-0123456 Mon ...`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.split_ascii_whitespace().find_map(|word| {
            word.strip_prefix("go").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })?;
        let mut numbers = digits.split('.').map(leading_number);
        let major = numbers.next()??;
        let minor = numbers.next().flatten().unwrap_or(0);
        let patch = numbers.next().flatten().unwrap_or(0);
        Some(Self { major, minor, patch, text: text.to_owned() })
    }

    /// Finds and reads the build information.
    pub(crate) fn read(elf: &Elf, data: &[u8]) -> Option<Self> {
        let named = elf.section_bytes(data, ".go.buildinfo").and_then(inline_version);
        // External linkers may merge it into another section.
        let text = named.or_else(|| {
            elf.data_sections(data).filter_map(|section| section.bytes(data)).find_map(|bytes| {
                memchr::memmem::find_iter(bytes, MAGIC)
                    .filter_map(|at| bytes.get(at..))
                    .find_map(inline_version)
            })
        })?;
        Self::parse(text)
    }
}

const MAGIC: &[u8] = b"\xff Go buildinf:";

/// A version is a word or a few.
const MAX_VERSION_BYTES: u64 = 4096;

/// The version that stands in the build information itself (Go 1.18 and later; before, a pointer
/// led to it).
fn inline_version(bytes: &[u8]) -> Option<&str> {
    let mut bytes = Bytes::new(bytes);
    (bytes.take(14)? == MAGIC).then_some(())?;
    let _pointer_size = bytes.u8()?;
    let flags = bytes.u8()?;
    (flags & 2 != 0).then_some(())?;
    bytes.skip(16)?;
    let len = bytes.uvarint().filter(|&len| len <= MAX_VERSION_BYTES)?;
    std::str::from_utf8(bytes.take(len)?).ok()
}

/// The 25 of `25rc1` and of `25-0123456`.
fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::GoVersion;

    #[test]
    fn versions_are_read_with_all_that_hangs_on_them() {
        let numbers = |text: &str| GoVersion::parse(text).map(|v| (v.major, v.minor, v.patch));
        assert_eq!(numbers("go1.24.11"), Some((1, 24, 11)));
        assert_eq!(numbers("go1.19"), Some((1, 19, 0)));
        assert_eq!(numbers("go1.25rc1 X:nocoverageredesign"), Some((1, 25, 0)));
        assert_eq!(numbers("devel go1.26-0123456 Mon Jan 1"), Some((1, 26, 0)));
        assert_eq!(numbers("gopher"), None);
        assert!(GoVersion::parse("go1.21.13").is_some_and(|v| v.at_least(1, 21) && !v.at_least(1, 22)));
    }
}
