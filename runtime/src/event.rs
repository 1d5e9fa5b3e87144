//! What comes out of a running script, typed.

use std::fmt;

use gprobe_compiler::artifact::StackMode;

/// A value that a script printed or keeps in a map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    None,
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    UInt(u64),
    /// A string; its bytes are the target's own and need not be UTF-8.
    Str {
        /// What was kept of it.
        bytes: Vec<u8>,
        /// Whether it was longer.
        truncated: bool,
    },
    /// The parts of a tuple.
    Tuple(Vec<Value>),
    /// The parts of a record or a struct, with their names.
    Record(Vec<(String, Value)>),
    /// The elements of an array.
    Array(Vec<Value>),
    /// Bytes that are no text.
    Bytes {
        /// What was kept of them.
        bytes: Vec<u8>,
    },
    /// A floating-point number, by its bits.
    Float {
        /// As `f64::to_bits` gives them.
        bits: u64,
    },
    /// A Go value.
    Go(Box<crate::go::GoValue>),
    /// An IP address.
    Inet(std::net::IpAddr),
    /// A hardware address.
    Mac([u8; 6]),
    /// An address.
    Pointer(u64),
    /// A value with a name, where it has one.
    Enum {
        /// `Gwaiting`, `chan receive`.
        name: Option<String>,
        /// The number.
        value: u64,
    },
    /// A place in code, as `function+offset`.
    Symbol {
        /// Its address.
        addr: u64,
        /// Function and offset; the address in hex where no function is known.
        text: String,
    },
    /// The name of a function or a probe.
    Name(String),
    /// A stack, innermost frame first; empty where it could not be taken.
    Stack {
        /// Innermost first.
        frames: Vec<Frame>,
        /// How it is shown.
        mode: StackMode,
    },
    /// Nanoseconds, to be shown as a time.
    Duration(i64),
    /// A number of bytes, to be shown as a size.
    Size(i64),
    /// A time stamp.
    Timestamp {
        /// Nanoseconds since boot.
        nsecs: u64,
        /// How to show it, by strftime.
        format: String,
    },
}

/// A frame of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The address: of the innermost frame's instruction, else of the one to return to.
    pub addr: u64,
    /// The function, where one is known.
    pub function: Option<String>,
    /// The file it is in, where one is known.
    pub file: Option<String>,
    /// Bytes into it.
    pub offset: u64,
    /// Source file and line, where known.
    pub line: Option<(String, u32)>,
    /// What tells it from other frames.
    pub kind: FrameKind,
}

/// What tells a frame from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// Its address.
    #[default]
    Address,
    /// Its line of source: the address and the bytes into the function are not kept.
    Line,
    /// As `Line`; and the compiler put the function into that of the next frame.
    Inlined,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(function) if self.kind == FrameKind::Line => f.write_str(function),
            Some(function) if self.kind == FrameKind::Inlined => write!(f, "{function} (inlined)"),
            Some(function) => write!(f, "{function}+{}", self.offset),
            None => write!(f, "{:#x}", self.addr),
        }
    }
}

/// What a script did that user space has to show.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// `printf`
    Printf {
        /// Index of the [`Action::Printf`](gprobe_compiler::artifact::Action::Printf).
        action: usize,
        /// The arguments.
        args: Vec<Value>,
    },
    /// `print(value)`
    Value(Value),
    /// `print(@m)`: the map as it was when the request arrived.
    Map {
        /// Index in the artifact's maps.
        map: usize,
        /// At most so many entries.
        top: Option<u64>,
        /// Values are divided by this.
        div: u64,
        /// All entries, in no order.
        entries: Vec<MapEntry>,
    },
    /// `table(...)`: the maps as they were when the request arrived.
    Table {
        /// Index of the [`Action::Table`](gprobe_compiler::artifact::Action::Table).
        action: usize,
        /// All entries of each of its maps, in no order.
        entries: Vec<Vec<MapEntry>>,
    },
    /// `print(@m[key])` of an aggregation.
    Element {
        /// Index in the artifact's maps.
        map: usize,
        /// The entry; `None`: there is none.
        entry: Option<MapEntry>,
    },
    /// `errorf` and `warnf`
    Message {
        /// Index of the [`Action::Message`](gprobe_compiler::artifact::Action::Message).
        action: usize,
        /// The arguments.
        args: Vec<Value>,
    },
    /// Something went wrong at a place in the script.
    Trouble {
        /// Index of the [`Action::Trouble`](gprobe_compiler::artifact::Action::Trouble).
        action: usize,
        /// What the kernel's helper gave.
        code: Option<i64>,
    },
    /// `system`
    System {
        /// Index of the action.
        action: usize,
        /// The arguments.
        args: Vec<Value>,
    },
    /// `cat`
    Cat {
        /// Index of the action.
        action: usize,
        /// The arguments.
        args: Vec<Value>,
    },
    /// `join`
    Join {
        /// Index of the action.
        action: usize,
        /// The strings, up to the first empty one.
        args: Vec<Value>,
    },
    /// The value that a test returned.
    Result(Value),
    /// `time(format)`
    Time {
        /// By strftime.
        format: String,
    },
    /// A record that could not be read: a bug of gprobe, or a torn record.
    Broken,
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// The key's parts; none for a scalar map.
    pub key: Vec<Value>,
    /// What it holds.
    pub datum: MapDatum,
}

/// A value of an interval of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesPoint {
    /// The interval's number, counted from boot.
    pub interval: u64,
    /// Its value; for averages the sum.
    pub value: i128,
    /// How many there were; for the last value, when it came.
    pub mark: u64,
}

/// What a map's entry holds, the CPUs' parts joined.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MapDatum {
    /// A value as it is.
    Value(Value),
    /// Of `count`, `sum`, `min`, `max`.
    Number(i128),
    /// Of `avg`.
    Average {
        /// How many.
        count: u64,
        /// Their sum.
        total: i128,
    },
    /// Of `tseries`: each interval's number, value, and how many or when; the CPUs' parts joined.
    Series(Vec<SeriesPoint>),
    /// Of `stats`.
    Stats {
        /// How many.
        count: u64,
        /// Their sum.
        total: i128,
    },
    /// Of `hist` and `lhist`: buckets that are not empty, by their index in order.
    Buckets(Vec<(u64, u64)>),
}
