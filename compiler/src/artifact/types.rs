//! Types of values in records and maps, and their layout.

use std::fmt;
use std::sync::Arc;

use super::StackMode;

/// Types of values as records and maps hold them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// No value.
    None,
    /// 8 bytes, 0 or 1.
    Bool,
    /// 8 bytes, extended from `bytes`.
    Int {
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Sign-extended, printed signed.
        signed: bool,
    },
    /// A `u32`, the length the string had (it may be more than `max`), then `max` bytes, zeros
    /// after the end; all padded to a multiple of 8.
    Str {
        /// Most bytes kept.
        max: u32,
    },
    /// As `Str`, of bytes that are no text.
    Buf {
        /// Most bytes kept.
        max: u32,
    },
    /// The parts one after the other.
    Tuple(Vec<Type>),
    /// The same, with names.
    Record(Vec<(String, Type)>),
    /// A C array or struct as it lies in memory, padded to a multiple of 8.
    C(CType),
    /// A Go value, captured as [`Artifact::go_values`](super::Artifact::go_values) says.
    Go {
        /// How.
        capture: u32,
        /// Bytes of the capture.
        bytes: u32,
    },
    /// 8 bytes: the address of a Go type, shown as its name.
    GoTypeName,
    /// An IP address: a word with its length, 4 or 16, and 16 bytes, those of an IPv4 address first.
    Inet,
    /// 8 bytes: a hardware address in the first 6.
    Mac,
    /// 8 bytes: a user's id, shown as the name.
    Username,
    /// 8 bytes: an error number, shown as its text.
    ErrorText,
    /// 8 bytes: the number of a signal, shown as its name.
    SignalName,
    /// 8 bytes: the number of a system call, shown as its name.
    SyscallName,
    /// 8 bytes: the id of a cgroup, shown as its path.
    CgroupPath,
    /// 8 bytes, an address of the target, printed in hex.
    Pointer,
    /// 8 bytes: a value with a name from [`Artifact::enums`].
    Enum(u32),
    /// 8 bytes: an address of code of the target, printed as `function+offset`.
    UserSymbol,
    /// 8 bytes: an address of code of the target, printed as the name of its function, and a cgo
    /// wrapper's as that of the C function it calls. Keys that print the same are joined.
    UserFunction,
    /// 8 bytes: an address of Go code behind a call, printed as the function, file and line of the call.
    GoLine,
    /// 8 bytes: an address of code of the kernel.
    KernelSymbol,
    /// 8 bytes: the id of a stack in [`USER_STACKS`] in the low 32 bits, the process above; as
    /// `i64` below 0: no stack could be taken.
    UserStack {
        /// Most frames.
        depth: u32,
        /// How it is shown.
        mode: StackMode,
    },
    /// 8 bytes: the id of a stack in [`KERNEL_STACKS`], below 0 as above.
    KernelStack {
        /// Most frames.
        depth: u32,
        /// How it is shown.
        mode: StackMode,
    },
    /// 8 bytes: the id of a stack in [`GO_STACKS`]; 0: no stack could be taken.
    GoStack {
        /// Most frames.
        depth: u32,
        /// How it is shown.
        mode: StackMode,
    },
    /// 8 bytes: an index in [`Artifact::probes`]. Prints as the probe's name.
    ProbeName,
    /// 8 bytes, signed: nanoseconds, shown as a time: `1.87 ms`.
    Duration,
    /// 8 bytes, signed: a number of bytes, shown as a size: `12.3 KiB`.
    Size,
    /// 8 bytes: `nsecs` of the boot clock, printed by this strftime format.
    Timestamp(String),
}

impl Type {
    /// The type of `nsecs` and of counts.
    pub const U64: Type = Type::Int { bytes: 8, signed: false };
    /// The type of a literal.
    pub const I64: Type = Type::Int { bytes: 8, signed: true };

    /// Bytes in a record, a key or a value; a multiple of 8.
    pub fn size(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::Str { max } | Self::Buf { max } => (4 + max).next_multiple_of(8),
            Self::Tuple(parts) => parts.iter().map(Type::size).sum(),
            Self::Record(parts) => parts.iter().map(|(_, part)| part.size()).sum(),
            Self::C(ty) => ty.size().next_multiple_of(8),
            Self::Inet => 24,
            Self::Go { bytes, .. } => *bytes,
            _ => 8,
        }
    }

    /// Whether it fits a register.
    pub fn is_scalar(&self) -> bool {
        !matches!(
            self,
            Self::None
                | Self::Str { .. }
                | Self::Buf { .. }
                | Self::Tuple(_)
                | Self::Record(_)
                | Self::C(_)
                | Self::Inet
                | Self::Go { .. }
        )
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Bool => f.write_str("bool"),
            Self::Int { bytes, signed } => {
                write!(f, "{}int{}", if *signed { "" } else { "u" }, u32::from(*bytes) * 8)
            }
            Self::Str { max } => write!(f, "string[{max}]"),
            Self::Tuple(parts) => {
                f.write_str("(")?;
                for (i, part) in parts.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{part}")?;
                }
                f.write_str(")")
            }
            Self::Buf { max } => write!(f, "buffer[{max}]"),
            Self::Record(parts) => {
                f.write_str("(")?;
                for (i, (name, part)) in parts.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{name}={part}")?;
                }
                f.write_str(")")
            }
            Self::C(ty) => ty.fmt(f),
            Self::Inet => f.write_str("inet"),
            Self::Go { .. } => f.write_str("a Go value"),
            Self::GoTypeName => f.write_str("a Go type"),
            Self::Mac => f.write_str("macaddr"),
            Self::Username => f.write_str("username"),
            Self::ErrorText => f.write_str("error"),
            Self::SignalName => f.write_str("signal"),
            Self::SyscallName => f.write_str("system call"),
            Self::CgroupPath => f.write_str("cgroup_path"),
            Self::Pointer => f.write_str("pointer"),
            Self::Enum(_) => f.write_str("enum"),
            Self::UserSymbol => f.write_str("usym_t"),
            Self::UserFunction => f.write_str("function"),
            Self::KernelSymbol => f.write_str("ksym_t"),
            Self::UserStack { .. } => f.write_str("ustack_t"),
            Self::KernelStack { .. } => f.write_str("kstack_t"),
            Self::GoLine => f.write_str("go line"),
            Self::GoStack { .. } => f.write_str("gostack_t"),
            Self::ProbeName => f.write_str("probe"),
            Self::Timestamp(_) => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::Size => f.write_str("size"),
        }
    }
}

/// A type of C as it lies in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CType {
    /// No value: what `void *` points to.
    Void,
    /// An integer.
    Int {
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Sign-extended.
        signed: bool,
    },
    /// A truth value of 1 byte.
    Bool,
    /// A floating-point number, which scripts can hold but not calculate with.
    Float {
        /// 4 or 8.
        bytes: u8,
    },
    /// An integer with names.
    Enum {
        /// Index in [`Artifact::enums`](super::Artifact::enums).
        table: u32,
        /// 1, 2, 4 or 8.
        bytes: u8,
    },
    /// An address.
    Pointer(CPointee),
    /// `char[n]`, which is text up to the first 0.
    Chars {
        /// Bytes.
        len: u32,
    },
    /// Elements one after the other.
    Array {
        /// Of this type.
        of: Box<CType>,
        /// How many.
        len: u32,
    },
    /// A struct or a union.
    Struct(Arc<CStruct>),
}

/// What a C pointer points to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CPointee {
    /// A value of this type.
    Type(Box<CType>),
    /// A struct by its name, which may be declared later or nowhere.
    Struct(String),
}

/// A struct or a union of C.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CStruct {
    /// Without the `struct`; empty where it has none.
    pub name: String,
    /// In order; a struct without a name among them has its fields here too, but is not shown.
    pub fields: Vec<CField>,
    /// Bytes.
    pub size: u32,
    /// A power of two.
    pub align: u32,
}

/// A field of a C struct.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CField {
    /// Its name.
    pub name: String,
    /// Bytes from the struct's start; of a bit field, of the word it is in.
    pub offset: u32,
    /// Its type; of a bit field, of the word it is in.
    pub ty: CType,
    /// For a bit field: its first bit in the word, and how many.
    pub bits: Option<(u32, u32)>,
}

impl CType {
    /// Bytes.
    pub fn size(&self) -> u32 {
        match self {
            Self::Void => 0,
            Self::Bool => 1,
            Self::Int { bytes, .. } | Self::Float { bytes } | Self::Enum { bytes, .. } => u32::from(*bytes),
            Self::Pointer(_) => 8,
            Self::Chars { len } => *len,
            Self::Array { of, len } => of.size().saturating_mul(*len),
            Self::Struct(of) => of.size,
        }
    }

    /// What its address is a multiple of.
    pub fn align(&self) -> u32 {
        match self {
            Self::Chars { .. } => 1,
            Self::Array { of, .. } => of.align(),
            Self::Struct(of) => of.align,
            _ => self.size().max(1),
        }
    }

    /// Whether it fits a register.
    pub fn is_scalar(&self) -> bool {
        matches!(self, Self::Int { .. } | Self::Bool | Self::Enum { .. } | Self::Pointer(_))
    }
}

impl fmt::Display for CType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Bool => f.write_str("bool"),
            Self::Int { bytes, signed } => {
                write!(f, "{}int{}", if *signed { "" } else { "u" }, u32::from(*bytes) * 8)
            }
            Self::Float { bytes: 4 } => f.write_str("float"),
            Self::Float { .. } => f.write_str("double"),
            Self::Enum { .. } => f.write_str("enum"),
            Self::Pointer(CPointee::Type(to)) => write!(f, "{to} *"),
            Self::Pointer(CPointee::Struct(name)) => write!(f, "struct {name} *"),
            Self::Chars { len } => write!(f, "char[{len}]"),
            Self::Array { of, len } => write!(f, "{of}[{len}]"),
            Self::Struct(of) => write!(f, "struct {}", of.name),
        }
    }
}

/// Names of enumerated values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumTable {
    /// What it is: `gstatus`.
    pub name: String,
    /// Names by value; a value not listed prints as a number.
    pub names: Vec<(u64, String)>,
}

impl EnumTable {
    /// The name of a value.
    pub fn name_of(&self, value: u64) -> Option<&str> {
        self.names.iter().find(|(v, _)| *v == value).map(|(_, n)| n.as_str())
    }
}
