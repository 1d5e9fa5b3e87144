//! What a compile gives: a BPF ELF object, where its programs attach, and how to read what they
//! write. This is the whole contract between the compiler and the runtime.
//!
//! # Records
//!
//! All programs write to one ring buffer, the map [`RING`]. A record is a little-endian `u64`, the
//! index of its [`Action`] in [`Artifact::actions`], and the action's [`Field`]s at the offsets
//! they state (counted from the record's start). Everything is laid out in multiples of 8 bytes, as
//! [`Type::size`] says.
//!
//! # Losses
//!
//! The map [`LOSSES`], a per-CPU array of `u64`, counts what did not work: see [`Loss`].
//!
//! # Control
//!
//! The map [`CONTROL`], an array of one `u64`: 0, or 1 + the exit code once a program called
//! `exit()`. It is a way out also when the ring buffer is full.

use std::fmt;

/// Name of the ring buffer map.
pub const RING: &str = "gp_ring";
/// Name of the map that counts losses.
pub const LOSSES: &str = "gp_losses";
/// Name of the map that says `exit()` was called.
pub const CONTROL: &str = "gp_control";
/// Name of the map with kernel stacks, where a script takes any.
pub const KERNEL_STACKS: &str = "gp_kstacks";
/// Name of the map with user stacks, where a script takes any.
pub const USER_STACKS: &str = "gp_ustacks";
/// Bytes of the header of a record: the action's index.
pub const RECORD_HEADER: u32 = 8;

/// The compiled script.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// A BPF ELF object with BTF-defined maps, as libbpf and `bpftool prog load` take it.
    pub elf: Vec<u8>,
    /// Its programs and where each attaches, in the order of the script.
    pub programs: Vec<ProgramInfo>,
    /// Files that uprobes go into, by [`Attach::Uprobe::binary`].
    pub binaries: Vec<BinaryInfo>,
    /// The script's maps, in the order of their first use.
    pub maps: Vec<MapInfo>,
    /// What records mean, by their first word.
    pub actions: Vec<Action>,
    /// Names of probes, by the value of the builtin `probe`.
    pub probes: Vec<String>,
    /// Names of enumerated values, by [`Type::Enum`].
    pub enums: Vec<EnumTable>,
    /// Whether a program reads the Go runtime's structs: then the layout must be verified on the
    /// live process before anything attaches.
    pub reads_go_runtime: bool,
}

/// One BPF program.
#[derive(Clone, Debug)]
pub struct ProgramInfo {
    /// Its symbol in the object.
    pub symbol: String,
    /// Its type.
    pub kind: ProgramKind,
    /// Where it attaches.
    pub attach: Attach,
    /// How messages call it: the probe as written.
    pub title: String,
}

/// BPF program types in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramKind {
    /// `BPF_PROG_TYPE_KPROBE`, for uprobes; the context is `struct pt_regs`.
    Uprobe,
    /// `BPF_PROG_TYPE_TRACEPOINT`; the context is the tracepoint's record.
    Tracepoint,
    /// `BPF_PROG_TYPE_PERF_EVENT`; the context is `struct bpf_perf_event_data`, `pt_regs` first.
    PerfEvent,
    /// `BPF_PROG_TYPE_RAW_TRACEPOINT`, run by `BPF_PROG_TEST_RUN`: `begin`, `end`, `interval`.
    TestRun,
}

/// Where a program attaches.
#[derive(Clone, Debug)]
pub enum Attach {
    /// Run once, before the others attach.
    Begin,
    /// Run once, after the others are detached.
    End,
    /// Run by user space each `period_ns`.
    Interval {
        /// In ns, not 0.
        period_ns: u64,
    },
    /// Sampled on every CPU.
    Profile {
        /// In ns between samples, not 0.
        period_ns: u64,
    },
    /// Sites in one file.
    Uprobe {
        /// Index in [`Artifact::binaries`].
        binary: usize,
        /// A kernel return probe (`uretprobe`), only ever on C code.
        ret: bool,
        /// At least one.
        sites: Vec<SiteInfo>,
    },
    /// A kernel tracepoint.
    Tracepoint {
        /// The category: `sched`.
        category: String,
        /// The name: `sched_switch`.
        name: String,
    },
}

/// One place in a file.
#[derive(Clone, Debug)]
pub struct SiteInfo {
    /// Where in the file.
    pub offset: gprobe_symbols::FileOffset,
    /// The same place as an address of the file.
    pub addr: gprobe_symbols::LinkAddr,
    /// What `bpf_get_attach_cookie` shall give there: the index of the probe's name in
    /// [`Artifact::probes`] in the low 32 bits, a flag in the next, the function's number above.
    pub cookie: u64,
    /// The function, for messages.
    pub function: String,
}

/// A file that uprobes go into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryInfo {
    /// The name that messages show.
    pub name: String,
    /// The path that the kernel opens; for a target's own executable `/proc/PID/exe`.
    pub path: String,
}

/// A map of the script.
#[derive(Clone, Debug)]
pub struct MapInfo {
    /// As written, with the `@`.
    pub name: String,
    /// Its name in the object.
    pub symbol: String,
    /// Types of the parts of the key; empty for a scalar map, whose kernel key is a `u64` 0.
    pub key: Vec<Type>,
    /// What it holds.
    pub value: MapValue,
    /// Whether the kernel keeps a value per CPU.
    pub per_cpu: bool,
}

impl MapInfo {
    /// Bytes of the kernel map's key. For histograms, the bucket's index (`u64`) is the key's last
    /// part, and the value the count of that bucket.
    pub fn key_size(&self) -> u32 {
        let parts: u32 = self.key.iter().map(Type::size).sum();
        let bucket = if self.value.has_buckets() { 8 } else { 0 };
        (parts + bucket).max(8)
    }
}

/// What a map holds, and how user space joins the CPUs' parts.
#[derive(Clone, Debug, PartialEq)]
pub enum MapValue {
    /// A value as it is.
    Plain(Type),
    /// `u64`: added up.
    Count,
    /// `i64` or `u64`: added up.
    Sum {
        /// Printed signed.
        signed: bool,
    },
    /// Count (`u64`), total (`i64`/`u64`).
    Avg {
        /// Total is signed.
        signed: bool,
    },
    /// Value, and a `u64` that is not 0 where the value is set.
    Min {
        /// Compared signed.
        signed: bool,
    },
    /// As `Min`.
    Max {
        /// Compared signed.
        signed: bool,
    },
    /// As `Avg`, printed with count, average and total.
    Stats {
        /// Total is signed.
        signed: bool,
    },
    /// Power-of-two buckets, each split in `2^bits`; see [`hist_bucket`].
    Hist {
        /// 0 to 5.
        bits: u8,
    },
    /// Linear buckets: 0 is below `min`, 1 the first, the last everything from `max`.
    LHist {
        /// Lowest value of the first bucket.
        min: i64,
        /// End of the last bucket.
        max: i64,
        /// Width of a bucket, not 0.
        step: i64,
    },
}

impl MapValue {
    /// Bytes of the kernel map's value.
    pub fn size(&self) -> u32 {
        match self {
            Self::Plain(ty) => ty.size(),
            Self::Count | Self::Sum { .. } | Self::Hist { .. } | Self::LHist { .. } => 8,
            Self::Avg { .. } | Self::Min { .. } | Self::Max { .. } | Self::Stats { .. } => 16,
        }
    }

    /// Whether the key's last part is a bucket.
    pub fn has_buckets(&self) -> bool {
        matches!(self, Self::Hist { .. } | Self::LHist { .. })
    }
}

/// The lowest value of a bucket of `hist(n, bits)`, and the lowest of the next; the reverse of what
/// programs compute.
///
/// Bucket 0 holds negative values, bucket 1 is 0; from there each power of two is split in
/// `2^bits`: with `bits` 0, bucket `k + 2` holds `2^k .. 2^(k+1)`. `None` stands for no bound.
pub fn hist_bucket(index: u64, bits: u8) -> (Option<i128>, Option<i128>) {
    let bits = u32::from(bits);
    match index {
        0 => (None, Some(0)),
        1 => (Some(0), Some(1)),
        _ => {
            let low = |index: u64| -> i128 {
                // Values below 2^(bits+1) have a bucket each.
                if index < (1u64 << (bits + 1)) {
                    return i128::from(index);
                }
                let octave = (index >> bits) - 1;
                let part = index & ((1u64 << bits) - 1);
                i128::from((1u64 << bits) + part) << octave.min(64)
            };
            (Some(low(index - 1)), Some(low(index)))
        }
    }
}

/// What a record in the ring buffer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `printf(...)`, and `errorf`/`warnf`
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
    /// `print(value)`
    PrintValue {
        /// The value.
        value: Field,
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
    /// `d i u x X o c s p v r` ...
    pub conversion: char,
}

/// A width or a precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Written in the format.
    Fixed(u32),
    /// `*`: the next argument.
    Argument,
}

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
    /// The parts one after the other.
    Tuple(Vec<Type>),
    /// 8 bytes, an address of the target, printed in hex.
    Pointer,
    /// 8 bytes: a value with a name from [`Artifact::enums`].
    Enum(u32),
    /// 8 bytes: an address of code of the target, printed as `function+offset`.
    UserSymbol,
    /// 8 bytes: an address of code of the target, printed as the name of its function, and a cgo
    /// wrapper's as that of the C function it calls. Keys that print the same are joined.
    UserFunction,
    /// 8 bytes: an address of code of the kernel.
    KernelSymbol,
    /// 8 bytes: the id of a stack in [`USER_STACKS`] in the low 32 bits, the process above; as
    /// `i64` below 0: no stack could be taken.
    UserStack {
        /// Most frames.
        depth: u32,
    },
    /// 8 bytes: the id of a stack in [`KERNEL_STACKS`], below 0 as above.
    KernelStack {
        /// Most frames.
        depth: u32,
    },
    /// 8 bytes: an index in [`Artifact::probes`]. Prints as the probe's name.
    ProbeName,
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
            Self::Str { max } => (4 + max).next_multiple_of(8),
            Self::Tuple(parts) => parts.iter().map(Type::size).sum(),
            _ => 8,
        }
    }

    /// Whether it fits a register.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Self::None | Self::Str { .. } | Self::Tuple(_))
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
            Self::Pointer => f.write_str("pointer"),
            Self::Enum(_) => f.write_str("enum"),
            Self::UserSymbol => f.write_str("usym_t"),
            Self::UserFunction => f.write_str("function"),
            Self::KernelSymbol => f.write_str("ksym_t"),
            Self::UserStack { .. } => f.write_str("ustack_t"),
            Self::KernelStack { .. } => f.write_str("kstack_t"),
            Self::ProbeName => f.write_str("probe"),
            Self::Timestamp(_) => f.write_str("timestamp"),
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

/// What can be lost, by its index in [`LOSSES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Loss {
    /// A record did not fit the ring buffer.
    RingFull = 0,
    /// A map had no room for a new key.
    MapFull = 1,
    /// Memory of the target or the kernel could not be read; 0 or "" was used.
    ReadFailed = 2,
    /// A stack could not be taken or stored.
    StackFailed = 3,
    /// The program was re-entered too deeply on one CPU and did not run.
    Reentered = 4,
}

impl Loss {
    /// All, in the order of their index.
    pub const ALL: [Loss; 5] =
        [Self::RingFull, Self::MapFull, Self::ReadFailed, Self::StackFailed, Self::Reentered];
}

#[cfg(test)]
mod tests {
    use super::hist_bucket;

    #[test]
    fn buckets_without_parts_are_powers_of_two() {
        assert_eq!(hist_bucket(0, 0), (None, Some(0)));
        assert_eq!(hist_bucket(1, 0), (Some(0), Some(1)));
        assert_eq!(hist_bucket(2, 0), (Some(1), Some(2)));
        assert_eq!(hist_bucket(3, 0), (Some(2), Some(4)));
        assert_eq!(hist_bucket(4, 0), (Some(4), Some(8)));
        assert_eq!(hist_bucket(65, 0), (Some(1 << 63), Some(1 << 64)));
    }

    #[test]
    fn buckets_with_parts_split_each_power_of_two() {
        let of = |i| hist_bucket(i, 2);
        assert_eq!(of(2), (Some(1), Some(2)));
        assert_eq!(of(8), (Some(7), Some(8)));
        assert_eq!(of(9), (Some(8), Some(10)));
        assert_eq!(of(13), (Some(16), Some(20)));
    }
}
