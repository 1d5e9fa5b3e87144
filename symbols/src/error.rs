//! What can be wrong with a file ([`Error`]), and why it doesn't hold what was asked for
//! ([`Reason`]). Both are worded for gprobe's user.

use thiserror::Error;

use crate::address::LinkAddr;

/// The file can't be read as what it claims to be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The magic number is not that of ELF.
    #[error("this is no ELF file")]
    NotElf,
    /// A 32-bit file.
    #[error("this is a 32-bit ELF file: gprobe reads 64-bit ones")]
    Not64Bit,
    /// A big-endian file.
    #[error("this is a big-endian ELF file: gprobe reads little-endian ones")]
    BigEndian,
    /// A machine that gprobe has no knowledge of.
    #[error("this file is for {machine}: gprobe knows x86-64")]
    UnsupportedMachine {
        /// Its name, or number in the ELF header.
        machine: String,
    },
    /// A core dump, an object file...
    #[error("this is {kind}, neither an executable nor a shared library")]
    UnsupportedType {
        /// What it is.
        kind: &'static str,
    },
    /// The code is compressed, and is unpacked into memory of its own when it runs.
    #[error(
        "this file is packed by {by}: its code is in no file while it runs, so that no probe can be placed; \
         unpack it (`upx -d`) and run that"
    )]
    Packed {
        /// The program that packed it.
        by: &'static str,
    },
    /// A structure runs over the end of what holds it, or says what can't be.
    #[error("the file is damaged: {what} at {at:#x}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where: bytes from the start of the structure that was being read.
        at: u64,
    },
    /// A compressed section in a way that gprobe can't decompress.
    #[error(
        "section `{section}` is compressed with {how}, which gprobe can't read: decompress it with `objcopy --decompress-debug-sections`"
    )]
    UnsupportedCompression {
        /// The section.
        section: &'static str,
        /// The name of the method.
        how: String,
    },
    /// A compressed section does not decompress.
    #[error("the file is damaged: section `{section}` does not decompress")]
    Decompression {
        /// The section.
        section: &'static str,
    },
    /// The debug information is wrong.
    #[error("the debug information is damaged: {0}")]
    Dwarf(#[from] gimli::Error),
}

/// Why the file doesn't give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// No Go build information, no pclntab.
    #[error("this is no Go program: it has no Go build information")]
    NotGo,
    /// There is no debug information.
    #[error(
        "the binary has no debug information: build it without `-ldflags=-w` (or `-s`), and do not strip it"
    )]
    NoDwarf,
    /// There are neither symbols nor debug information, and the machine code does not tell either.
    #[error(
        "the binary is stripped and {what} can't be told without debug information: \
         build it without `-ldflags=\"-s -w\"`, and do not strip it"
    )]
    Stripped {
        /// What can't be told.
        what: String,
    },
    /// There is no debug information, and the runtime is like that of no release that gprobe knows.
    #[error(
        "the binary has no debug information, and its Go runtime ({version}) is like none that gprobe knows: \
         its code does not agree about where `{field}` is; build it without `-ldflags=-w` (or `-s`), and do not strip it"
    )]
    UnknownRuntime {
        /// The release, as the file has it.
        version: String,
        /// The field: `m.ncgo`.
        field: String,
    },
    /// The function was inlined wherever it is called.
    #[error(
        "`{name}` was inlined everywhere in this binary: there are {copies} copies and no function to probe"
    )]
    Inlined {
        /// The function.
        name: String,
        /// Inlined copies of it.
        copies: usize,
    },
    /// There is no such thing in the file.
    #[error("the binary has no {what} `{name}`")]
    NotFound {
        /// The kind of thing: `function`, `type`, `variable`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The kernel would refuse a probe at this instruction, or gprobe can't place one with truth.
    #[error("`{function}` can't be probed at {addr}: {why}")]
    Unprobeable {
        /// The function.
        function: String,
        /// The instruction.
        addr: LinkAddr,
        /// Why.
        why: String,
    },
    /// A static probe's argument can't be read.
    #[error("its argument `{argument}` can't be read: {why}")]
    Argument {
        /// As the note has it.
        argument: String,
        /// Why.
        why: String,
    },
    /// No instruction leaves the function for its caller.
    #[error("the function never returns: it ends the goroutine, the program, or jumps elsewhere for good")]
    NeverReturns,
    /// A field that the layouts need is not there.
    #[error("{0}")]
    Field(#[from] FieldError),
    /// The file is broken where the answer would be.
    #[error("{0}")]
    Damaged(#[from] Error),
}

/// A path of fields leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The struct has no such field.
    #[error("`{ty}` has no field `{field}`: it has {}", known.join(", "))]
    Unknown {
        /// The struct.
        ty: String,
        /// What was looked for.
        field: String,
        /// What it has.
        known: Vec<String>,
    },
    /// There is a field asked for of something that is no struct.
    #[error("`{ty}` is no struct: it has no field `{field}`")]
    NotAStruct {
        /// The type.
        ty: String,
        /// What was looked for.
        field: String,
    },
    /// The type is neither a number nor a pointer, nor a struct around one.
    #[error("`{ty}` is no single number")]
    NotAScalar {
        /// The type.
        ty: String,
    },
    /// The debug information is broken.
    #[error("{0}")]
    Damaged(#[from] Error),
}
