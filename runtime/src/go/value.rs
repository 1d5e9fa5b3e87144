//! A Go value as a tree.

/// A Go value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GoValue {
    /// Its type, as the source has it: `net/http.Request`, `[]int`.
    pub ty: String,
    /// What it is.
    pub kind: GoKind,
}

/// Kinds of Go values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GoKind {
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A floating-point number.
    Float {
        /// As `f64::to_bits` gives them, also of a `float32`.
        bits: u64,
        /// 4 or 8.
        bytes: u8,
    },
    /// A complex number.
    Complex {
        /// The real part, as for `Float`.
        re: u64,
        /// The imaginary part.
        im: u64,
        /// Of each part: 4 or 8.
        bytes: u8,
    },
    /// A string.
    Str {
        /// What was kept of it.
        bytes: Vec<u8>,
        /// Whether it was longer.
        truncated: bool,
    },
    /// A pointer, and what it points to where that was read.
    Pointer {
        /// 0: nil.
        addr: u64,
        /// What is there.
        to: Option<Box<GoValue>>,
    },
    /// A struct: its fields in order.
    Struct(Vec<(String, GoValue)>),
    /// An array or a slice.
    List {
        /// The elements that were kept.
        elements: Vec<GoValue>,
        /// How many there are.
        len: u64,
        /// Of a slice.
        cap: Option<u64>,
    },
    /// A map.
    Map {
        /// The entries that were kept, in no order.
        entries: Vec<(GoValue, GoValue)>,
        /// How many there are.
        len: u64,
    },
    /// An interface: what it holds, behind the address of its type; or nothing.
    Interface(Option<(u64, Box<GoValue>)>),
    /// A function: the address of its code, 0: nil.
    Func {
        /// The address.
        code: u64,
        /// The function's name, where it is known.
        name: Option<String>,
    },
    /// A channel: its address, 0: nil.
    Chan {
        /// The address.
        addr: u64,
    },
    /// It was not read: too deep, too much, or not readable.
    Unread,
}
