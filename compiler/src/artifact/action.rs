//! What records of the ring buffer mean.

use super::{SourcePlace, Type};

/// What a record in the ring buffer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `errorf(...)` and `warnf(...)`: a message with its place in the script.
    Message {
        /// An error, not a warning.
        error: bool,
        /// Where in the script.
        place: SourcePlace,
        /// The format, parsed.
        format: Vec<Piece>,
        /// Its arguments.
        args: Vec<Field>,
    },
    /// Something went wrong at run time, at a place in the script.
    Trouble {
        /// What.
        what: Trouble,
        /// Where in the script.
        place: SourcePlace,
        /// Where the record has the helper's result.
        code: Option<Field>,
    },
    /// `system(...)`: a command for the shell.
    System {
        /// The format, parsed.
        format: Vec<Piece>,
        /// Its arguments.
        args: Vec<Field>,
    },
    /// `cat(...)`: a file's content.
    Cat {
        /// The format of its path, parsed.
        format: Vec<Piece>,
        /// Its arguments.
        args: Vec<Field>,
        /// Most bytes that are shown.
        limit: u64,
    },
    /// `join(argv, separator)`
    Join {
        /// Between two.
        separator: String,
        /// Strings; the first empty one ends them.
        args: Vec<Field>,
    },
    /// `return` of a test, with its value.
    Result {
        /// 0: all is well.
        value: Field,
    },
    /// `printf(...)`
    Printf {
        /// The format, parsed.
        format: Vec<Piece>,
        /// Its arguments.
        args: Vec<Field>,
    },
    /// `print(@m, top, div)`
    PrintMap {
        /// Index in [`Artifact::maps`].
        map: usize,
        /// How many entries at most; `None`: all.
        top: Option<u64>,
        /// Values are divided by this, not 0.
        div: u64,
    },
    /// `table("title|heading", @a, @b, top)`: maps with keys of the same types, a row for each key.
    Table {
        /// Above it.
        title: String,
        /// Of the key's parts: one for each, or none at all.
        headings: Vec<String>,
        /// Indices in [`Artifact::maps`]; at least one.
        maps: Vec<usize>,
        /// How many rows at most; `None`: all.
        top: Option<u64>,
    },
    /// `print(value)`
    PrintValue {
        /// The value.
        value: Field,
    },
    /// `print(@m[key])` of an aggregation: the element of this key.
    PrintElement {
        /// Index in [`Artifact::maps`].
        map: usize,
        /// The key's parts.
        key: Vec<Field>,
    },
    /// `clear(@m)`: removes all entries.
    Clear {
        /// Index in [`Artifact::maps`].
        map: usize,
    },
    /// `zero(@m)`: sets all values to 0.
    Zero {
        /// Index in [`Artifact::maps`].
        map: usize,
    },
    /// `time("%H:%M:%S\n")`: prints the wall clock.
    Time {
        /// As for strftime.
        format: String,
    },
    /// `exit()`; [`CONTROL`] has the code.
    Exit,
}

/// What can go wrong while a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A division by 0, for which 1 was used.
    DivisionByZero,
    /// An element of an array that is not there.
    OutOfBounds,
    /// A key that a map does not have.
    NoElement,
    /// A map that is full.
    MapFull,
    /// Memory that could not be read.
    Unreadable {
        /// The kernel's helper: `probe_read_user`.
        helper: &'static str,
    },
    /// A loop that ran longer than the kernel lets it.
    LoopCutOff,
}

/// A value in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Bytes from the start of the record.
    pub offset: u32,
    /// How to read it.
    pub ty: Type,
}

/// A part of a printf format.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// The next argument.
    Spec(Spec),
}

/// A conversion of a printf format: `%-08.3lx`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Spec {
    /// `-`
    pub left: bool,
    /// `0`
    pub zero: bool,
    /// `+`
    pub plus: bool,
    /// ` `
    pub space: bool,
    /// `#`
    pub alternate: bool,
    /// Minimal width.
    pub width: Option<Count>,
    /// Digits or bytes.
    pub precision: Option<Count>,
    /// Bytes that a length modifier cuts integers to (`%hhx`: 1); 8 otherwise.
    pub bytes: u8,
    /// `%ld`, `%lld`: 64 bits with a sign, also of what has none.
    pub long: bool,
    /// `d i u x X o c s p v r` ...
    pub conversion: char,
    /// Of `%r` and `%v`: how.
    pub flavour: Flavour,
}

/// How bytes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Text as it is, other bytes as `\\x00`.
    #[default]
    Plain,
    /// `%rx`: all as `\\x00`.
    Escaped,
    /// `%rh`: `00 ff`.
    Hex,
    /// `%gr`: the kernel's flags for allocations.
    GfpFlags,
    /// `%+v`: with the names of fields.
    Named,
    /// `%T`: the type, not the value.
    Type,
}

/// A width or a precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Written in the format.
    Fixed(u32),
    /// `*`: the next argument.
    Argument,
}
