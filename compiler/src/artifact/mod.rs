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

mod action;
mod cookie;
mod cost;
mod go;
mod iterate;
mod maps;
mod types;

pub use action::{Action, Count, Field, Flavour, Piece, Spec, Trouble};
pub use cookie::{COOKIE_CHECK_FLAGS, COOKIE_COST, COOKIE_DISPLACEMENT, COOKIE_FUNCTION, COOKIE_NAME_BITS};
pub use cost::{HITS, Hits, Sampled, SampledBy};
pub use go::{
    AREA_HEADER, DYNAMIC_BYTES, DYNAMIC_TEXT, Follow, GoCapture, GoType, MAP_HEADER, MAP_TABLES, MapSlots,
    TABLE_BYTES, What,
};
pub use iterate::{GoLists, Hosted, Iterated};
pub use maps::{MapInfo, MapValue, TSeries, TSeriesKind, hist_bucket};
pub use types::{CField, CPointee, CStruct, CType, EnumTable, Type};

/// Name of the ring buffer map.
pub const RING: &str = "gp_ring";
/// Name of the map that counts losses.
pub const LOSSES: &str = "gp_losses";
/// Name of the map that says `exit()` was called.
pub const CONTROL: &str = "gp_control";
/// Name of the map with the ids of a command's descendants, where a script is narrowed to them. Key and value
/// are the id as the kernel itself counts.
pub const FAMILY: &str = "gp_family";
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
    /// What records mean, by their first word. Those of earlier programs of the session come first.
    pub actions: Vec<Action>,
    /// Where its own actions begin.
    pub first_action: usize,
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
    /// What events the numbers are of, where it is not all.
    pub sampled: Option<Sampled>,
    /// Whether a hit of a probe looks at what an earlier one, of the same or of another probe, has noted.
    pub keeps_state: bool,
    /// Whether it has anything to do with the program that its targets run: what another program does is then
    /// not meant.
    pub bound: bool,
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
    /// Where its hits are counted, where they are.
    pub hits: Option<Hits>,
}

impl ProgramInfo {
    /// Whether gprobe has added it: then it is written nowhere.
    pub fn is_own(&self) -> bool {
        self.place.0.end == 0
    }
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
                    let name = |site: &SiteInfo| site.probe();
                    let place = (program.place.0.source, program.place.0.start);
                    count += sites.iter().filter(|site| names.insert((place, name(site)))).count();
                }
                _ => count += usize::from(!program.is_own()),
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
    /// `BPF_PROG_TYPE_KPROBE`, for functions of the kernel; the context is `struct pt_regs`, of the kernel.
    Kprobe,
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
    /// A function of the kernel.
    Kprobe {
        /// Its name.
        function: String,
        /// Bytes from its start; 0 for a return.
        offset: u64,
        /// On its way out.
        ret: bool,
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
    /// What `bpf_get_attach_cookie` shall give there; `COOKIE_NAME_BITS` and what is behind it say what that is.
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

/// A place in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourcePlace(pub gprobe_lang::source::Span);

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
