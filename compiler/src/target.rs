//! What a script is compiled for: the process, the kernel, and the door to the outside.
//!
//! The compiler opens no file and makes no system call. What it must know of the machine it is told
//! by these values, so code for any kernel can be made and tested on any machine.

use std::fmt::Debug;
use std::sync::Arc;

use gprobe_symbols::Binary;

use crate::artifact::StackMode;

/// What a kernel can do, found out once by the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFacts {
    /// Version: major, minor, patch.
    pub version: (u32, u32, u32),
    /// One link for many uprobes, in the threads of one process where one is named (6.6, right since 6.10).
    pub uprobe_multi: bool,
    /// `bpf_get_attach_cookie` (5.15).
    pub attach_cookie: bool,
    /// Atomic instructions that fetch, exchange and compare-exchange (5.12).
    pub atomic_fetch: bool,
    /// `BPF_MAP_TYPE_RINGBUF` (5.8). Nothing works without.
    pub ring_buffer: bool,
    /// Loops whose end is not known: the instruction `may_goto` (6.9).
    pub may_goto: bool,
    /// `bpf_for_each_map_elem` (5.13).
    pub for_each_map: bool,
    /// `bpf_task_pt_regs`: the registers with which a thread came into the kernel (5.15).
    pub task_registers: bool,
    /// `bpf_map_lookup_percpu_elem` (5.19).
    pub lookup_percpu: bool,
    /// Keys of maps with more than 512 bytes (5.11).
    pub large_keys: bool,
    /// `bpf_ktime_get_tai_ns` (6.1).
    pub clock_tai: bool,
    /// CPUs that the kernel may have, as per-CPU maps count them.
    pub possible_cpus: u32,
    /// Where PIDs are those of a namespace that isn't the kernel's first: its device and inode.
    pub pid_namespace: Option<PidNamespace>,
}

impl KernelFacts {
    /// A kernel with everything that gprobe uses: the one to test with where there is none.
    pub fn newest() -> Self {
        Self {
            version: (6, 18, 0),
            uprobe_multi: true,
            attach_cookie: true,
            atomic_fetch: true,
            ring_buffer: true,
            may_goto: true,
            for_each_map: true,
            task_registers: true,
            lookup_percpu: true,
            large_keys: true,
            clock_tai: true,
            possible_cpus: 2,
            pid_namespace: None,
        }
    }

    /// Linux 5.10, the oldest supported.
    pub fn oldest() -> Self {
        Self {
            version: (5, 10, 0),
            uprobe_multi: false,
            attach_cookie: false,
            atomic_fetch: false,
            may_goto: false,
            for_each_map: false,
            task_registers: false,
            lookup_percpu: false,
            large_keys: false,
            clock_tai: false,
            ..Self::newest()
        }
    }
}

/// A PID namespace, as `stat` of `/proc/self/ns/pid` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PidNamespace {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
}

/// A file that code can be in, and how the kernel opens it.
#[derive(Clone)]
pub struct TargetBinary {
    /// The name that messages show.
    pub name: String,
    /// The path for the kernel.
    pub path: String,
    /// What is in it.
    pub binary: Arc<Binary>,
}

impl Debug for TargetBinary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TargetBinary").field("name", &self.name).field("path", &self.path).finish()
    }
}

/// A field of a tracepoint's record, as `/sys/kernel/tracing/events/CAT/NAME/format` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracepointField {
    /// The C type as written: `char`, `pid_t`, `unsigned long`.
    pub c_type: String,
    /// The field's name.
    pub name: String,
    /// Bytes from the record's start.
    pub offset: u32,
    /// Bytes; of the whole array for arrays.
    pub size: u32,
    /// Whether it is signed.
    pub signed: bool,
    /// Elements, for arrays.
    pub array: Option<u32>,
    /// `__data_loc`: 4 bytes that say where in the record the data is (offset low 16 bits, length
    /// above).
    pub data_loc: bool,
}

/// Why the world has not got what was asked for: a sentence for the user and near names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// What is wrong, and what to do.
    pub reason: String,
    /// Names to suggest.
    pub candidates: Vec<String>,
}

/// The door to the outside: what the compiler asks for when a script needs it.
pub trait World {
    /// The file of a `uprobe:NAME:...`: a path, or a library's bare name (`libc`).
    ///
    /// # Errors
    /// Where there is no such file or it can't be read.
    fn binary(&self, name: &str) -> Result<TargetBinary, Absent>;

    /// Go libraries that the process has loaded besides the program itself: plugins.
    fn go_libraries(&self) -> Vec<TargetBinary> {
        Vec::new()
    }

    /// The fields of a tracepoint's record.
    ///
    /// # Errors
    /// Where the kernel has no such tracepoint or tracefs can't be read.
    fn tracepoint(&self, category: &str, name: &str) -> Result<Vec<TracepointField>, Absent>;

    /// Tracepoints (category, name) that match the patterns, in which `*` and `?` are wild.
    ///
    /// # Errors
    /// Where tracefs can't be read.
    fn tracepoints(&self, category: &str, name: &str) -> Result<Vec<(String, String)>, Absent>;

    /// Functions of the kernel that match a pattern, in which `*` and `?` are wild, and can be probed; in a
    /// module, where one is named (`vmlinux`: the kernel itself).
    ///
    /// # Errors
    /// Where the kernel has no kprobes, or no such function.
    fn kernel_functions(&self, module: Option<&str>, pattern: &str) -> Result<Vec<String>, Absent> {
        _ = (module, pattern);
        Err(Absent { reason: "this kernel has no kprobes".into(), candidates: Vec::new() })
    }

    /// Bytes from the start of the kernel's `struct task_struct` to `thread.fsbase`.
    ///
    /// # Errors
    /// Where the kernel gives no BTF.
    fn task_fsbase_offset(&self) -> Result<u32, Absent>;

    /// Bytes from a thread's `fsbase` to the slot that holds the current g.
    ///
    /// # Errors
    /// Where it is a shared library, whose slot lies elsewhere in each process, and no process is named.
    fn g_tls_offset(&self, file: &TargetBinary) -> Result<i64, Absent> {
        let absent = |reason: String| Absent { reason, candidates: Vec::new() };
        if file.binary.g_tls_word().is_some() {
            return Err(absent(format!(
                "{} is a library, which finds its goroutines elsewhere in each process: name one with -p PID",
                file.name
            )));
        }
        file.binary.g_tls_offset().map(|offset| offset.value).map_err(|reason| absent(reason.to_string()))
    }

    /// Where the kernel has what tells processes apart.
    ///
    /// # Errors
    /// Where the kernel gives no BTF.
    fn task_offsets(&self) -> Result<TaskOffsets, Absent> {
        Err(Absent {
            reason: "this kernel does not say how its structs are laid out".into(),
            candidates: Vec::new(),
        })
    }

    /// Bytes from the start of the kernel's `struct task_struct` to `stack`.
    ///
    /// # Errors
    /// Where the kernel gives no BTF.
    fn task_stack_offset(&self) -> Result<u32, Absent>;

    /// What is added to a file's addresses where the process has it in memory.
    ///
    /// # Errors
    /// Where no process is named, and the file lies somewhere else in each.
    fn load_bias(&self, file: &TargetBinary) -> Result<u64, Absent> {
        if !file.binary.is_pie() {
            return Ok(0);
        }
        Err(Absent {
            reason: format!("{} lies elsewhere in each process: name one with -p PID", file.name),
            candidates: Vec::new(),
        })
    }

    /// The address of a symbol of the kernel.
    ///
    /// # Errors
    /// Where there is none of this name, or this user may not see it.
    fn kernel_symbol(&self, name: &str) -> Result<u64, Absent> {
        Err(Absent { reason: format!("Failed to resolve kernel symbol: {name}"), candidates: Vec::new() })
    }

    /// The id of the cgroup at a path.
    ///
    /// # Errors
    /// Where there is none.
    fn cgroup_id(&self, path: &str) -> Result<u64, Absent> {
        Err(Absent { reason: format!("there is no cgroup at {path}"), candidates: Vec::new() })
    }

    /// The text of a file that a script imports, and the name that messages show.
    ///
    /// # Errors
    /// Where it can't be read.
    fn import(&self, path: &str) -> Result<Vec<ImportedFile>, Absent> {
        Err(Absent { reason: format!("{path} can't be read"), candidates: Vec::new() })
    }

    /// The files that define a provider of this name, where the script does not: those that ship.
    ///
    /// # Errors
    /// Where there is none; the candidates are those that there are.
    fn provider(&self, name: &str) -> Result<Vec<ImportedFile>, Absent> {
        Err(Absent { reason: format!("there is no provider `{name}`"), candidates: Vec::new() })
    }
}

/// The processes that are traced.
#[derive(Clone, Debug, Default)]
pub enum Processes {
    /// All of this machine.
    #[default]
    All,
    /// Those of these ids, as gprobe sees them; at least one. All run the same executable.
    These(Vec<u32>),
    /// All that run an executable, now or later.
    Running(Running),
}

/// Which processes run an executable.
#[derive(Clone, Debug)]
pub struct Running {
    /// The executable.
    pub file: TargetBinary,
    /// The device that it is on, as the kernel numbers it: `MKDEV(major, minor)`.
    pub device: u32,
    /// Its inode.
    pub inode: u64,
    /// Only this process, which gprobe has started, and what descends from it.
    pub command: Option<u32>,
}

/// Where the kernel's structs have what tells processes apart, in bytes from their starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskOffsets {
    /// `task_struct.mm`
    pub task_mm: u32,
    /// `task_struct.pid`
    pub task_pid: u32,
    /// `task_struct.tgid`
    pub task_tgid: u32,
    /// `mm_struct.exe_file`
    pub mm_exe_file: u32,
    /// `file.f_inode`
    pub file_inode: u32,
    /// `inode.i_ino`
    pub inode_number: u32,
    /// `inode.i_sb`
    pub inode_super: u32,
    /// `super_block.s_dev`
    pub super_device: u32,
}

impl Processes {
    /// One process, or all where there is none.
    pub fn one(pid: Option<u32>) -> Self {
        pid.map_or(Self::All, |pid| Self::These(vec![pid]))
    }

    /// The ids of those that are named.
    pub fn ids(&self) -> &[u32] {
        match self {
            Self::All | Self::Running(_) => &[],
            Self::These(ids) => ids,
        }
    }

    /// Whether none is named: then what lies elsewhere in each process can't be found.
    pub fn is_unnamed(&self) -> bool {
        self.ids().is_empty()
    }
}

/// All that a compile depends on besides the script.
pub struct Target<'a> {
    /// Which processes are traced.
    pub processes: Processes,
    /// The executable of the processes, or the one named by `-x`.
    pub executable: Option<TargetBinary>,
    /// The kernel.
    pub kernel: &'a KernelFacts,
    /// The outside.
    pub world: &'a dyn World,
    /// Limits.
    pub options: Options,
    /// The process that gprobe has started, for `cpid`.
    pub command: Option<u32>,
    /// `$1`, `$2`, ...
    pub params: Vec<String>,
    /// Settings from outside the script, which win over its own: name and value.
    pub settings: Vec<(String, String)>,
    /// Named parameters: `--name=value`, or `--name`.
    pub named: Vec<(String, Option<String>)>,
    /// What the programs of the session have that were compiled before: this one shares their maps.
    pub earlier: Option<&'a crate::resolve::Earlier>,
}

/// A file that a script imports.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedFile {
    /// What tells it from others: its path.
    pub name: String,
    /// What is in it, parsed; its spans are of its own source.
    pub script: gprobe_lang::ast::Script,
    /// What was wrong with its text.
    pub diagnostics: Vec<gprobe_lang::diagnostic::Diagnostic>,
}

/// Limits that the command line or a config block can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most bytes of a string that are kept.
    pub max_strlen: u32,
    /// Most entries of a map.
    pub max_map_keys: u32,
    /// Bytes of the ring buffer, a power of two and at least a page.
    pub ring_bytes: u32,
    /// The form of stacks.
    pub stack_mode: StackMode,
    /// Whether maps are printed when the script ends.
    pub print_maps_on_exit: bool,
    /// Whether stacks show source lines.
    pub show_lines: bool,
    /// Written behind a string that was cut off.
    pub str_trunc_trailer: String,
    /// What a pattern of a probe that matches nothing is.
    pub missing_probes: MissingProbes,
    /// Most bytes that `cat` shows of a file.
    pub max_cat_bytes: u64,
    /// Most probes that a script may attach.
    pub max_probes: u64,
    /// Functions that do more than look are allowed: `system`, `signal`.
    pub unsafe_allowed: bool,
    /// Failing reads and look-ups are reported with their place in the script.
    pub report_errors: bool,
    /// Which probes of a script run: those for `--test` or `--bench`.
    pub mode: Mode,
    /// What programs count of their own hits.
    pub counting: Counting,
    /// Only a part of what happens is looked at.
    pub sample: Option<Sample>,
}

/// What programs count of their own hits, in the map [`HITS`](crate::artifact::HITS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counting {
    /// Nothing.
    #[default]
    Nothing,
    /// All hits.
    Hits,
    /// All hits, and they do nothing else, whatever the script says.
    HitsOnly,
}

/// A part of what happens, drawn at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// One in so many, not 0.
    pub one_in: u32,
    /// Where a sample is one of goroutines or threads: another number draws others.
    pub seed: u64,
}

/// What a pattern of a probe that matches nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingProbes {
    /// An error.
    #[default]
    Error,
    /// A warning; the other probes run.
    Warn,
    /// Nothing to speak of.
    Ignore,
}

/// Which probes of a script run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// All but tests and benchmarks.
    #[default]
    Trace,
    /// Tests, with `begin` and `end`.
    Test,
    /// Benchmarks, with `begin` and `end`.
    Bench,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_strlen: 1024,
            max_map_keys: 4096,
            ring_bytes: 1 << 22,
            stack_mode: StackMode::Names,
            print_maps_on_exit: true,
            show_lines: true,
            str_trunc_trailer: "..".to_owned(),
            missing_probes: MissingProbes::Error,
            max_cat_bytes: 10_240,
            max_probes: 65_536,
            unsafe_allowed: false,
            report_errors: false,
            mode: Mode::Trace,
            counting: Counting::Nothing,
            sample: None,
        }
    }
}
