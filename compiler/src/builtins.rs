//! The table of builtin variables: typing, lowering, documentation and suggestions read it.

/// A builtin variable that is read as it is. (`args`, `arg0`, `retval`, `probe`, `func` and the
/// stacks depend on the probe and are typed on their own.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is documented in the table")]
pub enum Id {
    Pid,
    Tid,
    /// `pid(init)`
    InitPid,
    /// `tid(init)`
    InitTid,
    Uid,
    Gid,
    Comm,
    Cpu,
    Nsecs,
    Elapsed,
    Rand,
    Cgroup,
    Cookie,
    Function,
    Displacement,
    Goid,
    Curg,
    Curm,
    Curp,
    Jiffies,
    Numaid,
    Username,
    CurM,
    CurP,
    Gstatus,
    CgoDepth,
    Waitreason,
    Frame,
    Gname,
    Gopc,
    Goparent,
    Waitsince,
}

/// Where a builtin has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In every probe.
    Everywhere,
    /// In probes that fire on a thread of a Go program, so not in `begin`, `end` and `interval`.
    Goroutine,
    /// In probes with registers: uprobes and Go probes.
    Function,
    /// In probes with a stack: all but `begin`, `end` and `interval`.
    Stack,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// As written.
    pub name: &'static str,
    /// How it is read; absent where its type depends on the probe.
    pub id: Option<Id>,
    /// Where it has a meaning.
    pub scope: Scope,
    /// Its type as the reference shows it.
    pub shown_type: &'static str,
    /// One sentence, with the unit.
    pub doc: &'static str,
}

const fn row(
    name: &'static str,
    id: Option<Id>,
    scope: Scope,
    shown_type: &'static str,
    doc: &'static str,
) -> Builtin {
    Builtin { name, id, scope, shown_type, doc }
}

/// All builtin variables, by name.
pub const BUILTINS: &[Builtin] = &[
    row(
        "arg0",
        None,
        Scope::Function,
        "uint64",
        "The first integer argument by its register; `arg1` and on likewise.",
    ),
    row(
        "args",
        None,
        Scope::Everywhere,
        "fields",
        "Arguments by name: a Go function's from DWARF, a tracepoint's from its format.",
    ),
    row(
        "cgo_depth",
        Some(Id::CgoDepth),
        Scope::Goroutine,
        "int32",
        "Calls from Go into C in progress on the goroutine's M.",
    ),
    row("cgroup", Some(Id::Cgroup), Scope::Everywhere, "uint64", "The id of the thread's cgroup."),
    row("comm", Some(Id::Comm), Scope::Everywhere, "string[16]", "The thread's name."),
    row("config", None, Scope::Everywhere, "record", "The script's settings: `config.max_strlen`."),
    row("cpid", None, Scope::Everywhere, "uint32", "The id of the process that gprobe has started (`-c`)."),
    row("cpu", Some(Id::Cpu), Scope::Everywhere, "uint32", "The CPU that the probe fired on."),
    row(
        "cur_m",
        Some(Id::CurM),
        Scope::Goroutine,
        "int64",
        "The id of the M (the runtime's thread); -1 outside Go.",
    ),
    row(
        "cur_p",
        Some(Id::CurP),
        Scope::Goroutine,
        "int32",
        "The id of the P that the M holds or will try to take back; -1: none.",
    ),
    row(
        "curg",
        None,
        Scope::Goroutine,
        "*runtime.g",
        "The current goroutine's own struct; nil where the thread runs none.",
    ),
    row("curm", None, Scope::Goroutine, "*runtime.m", "The current M's own struct."),
    row("curp", None, Scope::Goroutine, "*runtime.p", "The current P's own struct."),
    row(
        "ctx",
        None,
        Scope::Everywhere,
        "void *",
        "What the kernel hands to the program; 0 where gprobe runs it itself.",
    ),
    row(
        "curtask",
        None,
        Scope::Everywhere,
        "void *",
        "The address of the kernel's `task_struct` of the thread.",
    ),
    row("elapsed", Some(Id::Elapsed), Scope::Everywhere, "uint64", "Nanoseconds since the script started."),
    row(
        "frame",
        Some(Id::Frame),
        Scope::Function,
        "uint64",
        "Bytes from the goroutine's stack base to the probed function's frame: with `goid` it pairs an entry with its return, also when the stack has moved. 0 outside Go code.",
    ),
    row("func", None, Scope::Function, "string", "The name of the probed function."),
    row(
        "go_minor",
        None,
        Scope::Everywhere,
        "uint64",
        "The minor release of the target's Go, 22 of Go 1.22; 0 where it is none. Known before the script runs.",
    ),
    row(
        "gname",
        Some(Id::Gname),
        Scope::Goroutine,
        "function",
        "The function that the current goroutine was started with.",
    ),
    row(
        "goparent",
        Some(Id::Goparent),
        Scope::Goroutine,
        "uint64",
        "The id of the goroutine that started the current one; 0: none. Since Go 1.21.",
    ),
    row(
        "gopc",
        Some(Id::Gopc),
        Scope::Goroutine,
        "go line",
        "The `go` statement that started the current goroutine: its function, file and line.",
    ),
    row(
        "gostack",
        None,
        Scope::Goroutine,
        "gostack_t",
        "The current goroutine's stack, functions put into others and lines of source included, wherever its thread is: in Go, in C, in the kernel; in `iter` also of one that waits. `gostack(n)`: at most n frames.",
    ),
    row("gid", Some(Id::Gid), Scope::Everywhere, "uint32", "The group that the thread runs as."),
    row(
        "goid",
        Some(Id::Goid),
        Scope::Goroutine,
        "uint64",
        "The current goroutine's id; 0 where the thread runs none.",
    ),
    row(
        "gstatus",
        Some(Id::Gstatus),
        Scope::Goroutine,
        "gstatus",
        "The current goroutine's status: Grunning, Gsyscall, ...",
    ),
    row("kstack", None, Scope::Stack, "kstack_t", "The kernel's stack; `kstack(n)`: at most n frames."),
    row("has_cpid", None, Scope::Everywhere, "bool", "Whether gprobe has started a process (`-c`)."),
    row("jiffies", Some(Id::Jiffies), Scope::Everywhere, "uint64", "The kernel's ticks since boot."),
    row("ncpus", None, Scope::Everywhere, "uint64", "How many CPUs the machine may have."),
    row("nsecs", Some(Id::Nsecs), Scope::Everywhere, "uint64", "Nanoseconds since boot."),
    row("numaid", Some(Id::Numaid), Scope::Everywhere, "uint32", "The NUMA node that the probe fired on."),
    row("pid", Some(Id::Pid), Scope::Everywhere, "uint32", "The process's id."),
    row("probe", None, Scope::Everywhere, "string", "The name of the probe that fired."),
    row(
        "probetype",
        None,
        Scope::Everywhere,
        "string",
        "The kind of the probe: `uprobe`, `tracepoint`, `special`.",
    ),
    row("rand", Some(Id::Rand), Scope::Everywhere, "uint32", "A random number."),
    row("retval", None, Scope::Function, "by function", "In a return probe, the first result."),
    row(
        "ret",
        None,
        Scope::Function,
        "fields",
        "In a Go return probe, results by name: `ret.err`; those without a name are `ret.~r0`, `ret.~r1`.",
    ),
    row(
        "sched",
        None,
        Scope::Everywhere,
        "*runtime.schedt",
        "The Go scheduler's own struct: `sched.nmidle`.",
    ),
    row("tid", Some(Id::Tid), Scope::Everywhere, "uint32", "The thread's id."),
    row("uid", Some(Id::Uid), Scope::Everywhere, "uint32", "The user that the thread runs as."),
    row(
        "usermode",
        None,
        Scope::Everywhere,
        "uint8",
        "1 where the probe fired in the process's own code, 0 in the kernel.",
    ),
    row(
        "username",
        Some(Id::Username),
        Scope::Everywhere,
        "username",
        "The name of the user that the thread runs as.",
    ),
    row(
        "ustack",
        None,
        Scope::Stack,
        "ustack_t",
        "The process's stack by frame pointers; `ustack(n)`: at most n frames.",
    ),
    row(
        "waitsince",
        Some(Id::Waitsince),
        Scope::Goroutine,
        "int64",
        "About when the current goroutine began to wait, in ns of the monotonic clock, where the collector has noted it; else 0.",
    ),
    row(
        "waitreason",
        Some(Id::Waitreason),
        Scope::Goroutine,
        "waitreason",
        "Why the current goroutine waits, or waited last.",
    ),
];

/// Looks a builtin up by its name; `arg1`, `arg2`, ... are found as `arg0`.
pub fn find(name: &str) -> Option<&'static Builtin> {
    let name = if arg_index(name).is_some() { "arg0" } else { name };
    BUILTINS.iter().find(|b| b.name == name)
}

/// The `N` of `argN`.
pub fn arg_index(name: &str) -> Option<usize> {
    let digits = name.strip_prefix("arg")?;
    if digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// Statuses of a goroutine, by `runtime/runtime2.go` of Go 1.19 to 1.27 (10 and 11 since 1.26).
pub const G_STATUS: &[(u64, &str)] = &[
    (0, "Gidle"),
    (1, "Grunnable"),
    (2, "Grunning"),
    (3, "Gsyscall"),
    (4, "Gwaiting"),
    (5, "Gmoribund_unused"),
    (6, "Gdead"),
    (7, "Genqueue_unused"),
    (8, "Gcopystack"),
    (9, "Gpreempted"),
    (10, "Gleaked"),
    (11, "Gdeadextra"),
];
