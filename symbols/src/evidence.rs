//! What a number about the runtime rests on.

use std::fmt;

/// Why a number is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// The file's own debug information.
    Dwarf,
    /// The file's symbol table and program headers.
    Symbols,
    /// The file's own instructions, read by a decoder.
    Disassembly,
    /// A convention of this build mode: every such file that was measured has it.
    Convention,
    /// gprobe's table for this very Go release.
    Table,
    /// gprobe's table for another Go release, where the file's own code agrees with it.
    NearTable,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dwarf => "from DWARF",
            Self::Symbols => "from the symbol table",
            Self::Disassembly => "from the code",
            Self::Convention => "by convention of this kind of build",
            Self::Table => "from gprobe's table for this Go release",
            Self::NearTable => "from gprobe's table for another Go release, with which the code agrees",
        })
    }
}

/// A value with the evidence for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Evidenced<T> {
    /// The value.
    pub value: T,
    /// Why it is believed.
    pub evidence: Evidence,
}

impl<T> Evidenced<T> {
    /// A value with its evidence.
    pub fn new(value: T, evidence: Evidence) -> Self {
        Self { value, evidence }
    }
}
