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

mod go;
mod iterate;
mod types;

pub use go::{
    AREA_HEADER, DYNAMIC_BYTES, DYNAMIC_TEXT, Follow, GoCapture, GoType, MAP_HEADER, MAP_TABLES, MapSlots,
    TABLE_BYTES, What,
};
pub use iterate::{GoLists, Hosted, Iterated};
pub use types::{CField, CPointee, CStruct, CType, EnumTable, Type};

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
/// Name of the map with goroutines' stacks, where a script takes any. A value has a word of flags
/// ([`GO_STACK_EXACT`]), the innermost instruction's address, that of its caller where the function has
/// no frame yet, and the addresses to return to up to the first 0.
pub const GO_STACKS: &str = "gp_gostacks";
/// Words of a goroutine's stack before the addresses to return to.
pub const GO_STACK_HEADER: u32 = 3;
/// Most addresses to return to.
pub const GO_STACK_FRAMES: u32 = 126;
/// The innermost address is of the next instruction, not one to return to.
pub const GO_STACK_EXACT: u64 = 1;
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
    /// How Go values are captured, by [`Type::Go`].
    pub go_values: Vec<GoCapture>,
    /// The Go program that their types are of.
    pub go_program: Option<crate::target::TargetBinary>,
    /// Programs that gprobe runs itself, where there are any: those of the kind
    /// [`ProgramKind::Iterate`], the last ones.
    pub hosted: Option<Hosted>,
    /// Whether maps are printed when the script ends.
    pub print_maps_on_exit: bool,
    /// What the script says of how values are shown.
    pub show: Show,
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
    /// The probe of the script that it is a part of: several programs may be.
    pub place: SourcePlace,
    /// Where the functions start that helpers call back, in instructions.
    pub callbacks: Vec<u32>,
}

/// How values are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    /// Written behind a string that was cut off.
    pub truncated: String,
    /// Whether stacks show source files and lines, where they are known.
    pub lines: bool,
}

impl Artifact {
    /// How many probes there are, as a user counts them: one for each name that a probe of the script
    /// stands for, be it one program or several, at one place or many.
    pub fn probe_count(&self) -> usize {
        let mut names = std::collections::BTreeSet::new();
        let mut count = 0;
        for program in &self.programs {
            match &program.attach {
                Attach::Uprobe { sites, .. } => {
                    let name = |site: &SiteInfo| site.cookie & u64::from(u32::MAX);
                    let place = (program.place.0.source, program.place.0.start);
                    count += sites.iter().filter(|site| names.insert((place, name(site)))).count();
                }
                // What gprobe adds of its own is written nowhere.
                _ => count += usize::from(program.place.0.end > 0),
            }
        }
        count
    }
}

impl Default for Show {
    fn default() -> Self {
        Self { truncated: "..".to_owned(), lines: true }
    }
}

/// The form of stacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StackMode {
    /// `function+offset`, a line each.
    #[default]
    Names,
    /// As perf writes them: address, name, file.
    Perf,
    /// Addresses only.
    Raw,
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
    /// `BPF_PROG_TYPE_RAW_TRACEPOINT`; the context is the call's arguments.
    RawTracepoint,
    /// No BPF program: gprobe runs it, see [`Hosted`].
    Iterate,
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
    /// Run when gprobe gets a signal.
    Signal {
        /// Its number.
        number: i32,
        /// `SIGUSR1`
        name: String,
    },
    /// Run by `--test`: it fails where it returns something else than 0.
    Test {
        /// Its name.
        name: String,
    },
    /// Run many times by `--bench`.
    Bench {
        /// Its name.
        name: String,
    },
    /// Run by gprobe for each goroutine or thread of the target.
    Iterate {
        /// Which.
        over: Iterated,
        /// In ns; `None`: once, when all probes are attached.
        period_ns: Option<u64>,
    },
    /// A kernel tracepoint whose arguments are those of the kernel's own call.
    RawTracepoint {
        /// The name: `sched_switch`.
        name: String,
    },
    /// A counter of the kernel's perf, of the kind `PERF_TYPE_SOFTWARE` or `PERF_TYPE_HARDWARE`.
    Counter {
        /// `PERF_TYPE_*`
        kind: u32,
        /// `PERF_COUNT_*`
        config: u64,
        /// Events between two hits.
        period: u64,
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
    /// A counter in the file, of 16 bits, which the kernel shall keep above 0 while the probe is there.
    pub semaphore: Option<gprobe_symbols::FileOffset>,
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
    /// Whether its key is a scalar map's: there is only one element.
    pub scalar: bool,
    /// Whether `print` and the end of the script show it.
    pub shown: bool,
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
    /// A value for each interval of time; see [`TSeries`]. Per CPU: the interval's number, the value,
    /// and how many there were (for `Last`, when the last one came).
    TSeries(TSeries),
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

/// `tseries(n, interval, buckets, "kind")`: values by the interval of time they came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TSeries {
    /// Length of an interval in ns, not 0.
    pub interval_ns: u64,
    /// How many intervals are kept: the last ones.
    pub buckets: u32,
    /// What is kept of an interval's values.
    pub kind: TSeriesKind,
    /// Values are signed.
    pub signed: bool,
}

/// What is kept of an interval's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TSeriesKind {
    /// The last one.
    Last,
    /// Their average.
    Avg,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their sum.
    Sum,
}

impl MapValue {
    /// Bytes of the kernel map's value.
    pub fn size(&self) -> u32 {
        match self {
            Self::Plain(ty) => ty.size(),
            Self::Count | Self::Sum { .. } | Self::Hist { .. } | Self::LHist { .. } => 8,
            Self::Avg { .. } | Self::Min { .. } | Self::Max { .. } | Self::Stats { .. } => 16,
            Self::TSeries(_) => 24,
        }
    }

    /// Whether the key's last part is a bucket.
    pub fn has_buckets(&self) -> bool {
        matches!(self, Self::Hist { .. } | Self::LHist { .. } | Self::TSeries(_))
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

/// A place in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourcePlace(pub gprobe_lang::source::Span);

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
    /// A loop ran longer than the kernel lets it, and was left.
    LoopCutOff = 5,
}

impl Loss {
    /// All, in the order of their index.
    pub const ALL: [Loss; 6] = [
        Self::RingFull,
        Self::MapFull,
        Self::ReadFailed,
        Self::StackFailed,
        Self::Reentered,
        Self::LoopCutOff,
    ];
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
