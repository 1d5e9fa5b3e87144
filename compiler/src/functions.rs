//! The table of functions: typing, documentation and suggestions read it.

/// A function that scripts call.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// As written.
    pub name: &'static str,
    /// Which.
    pub id: Id,
    /// Arguments as the reference shows them.
    pub signature: &'static str,
    /// Fewest and most arguments.
    pub arity: (usize, usize),
    /// One sentence.
    pub doc: &'static str,
}

/// Identifies a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is documented in the table")]
pub enum Id {
    Assert,
    Avg,
    Bswap,
    Buf,
    Bytes,
    Caller,
    Cat,
    CgroupPath,
    Cgroupid,
    Clear,
    Count,
    DefaultStrLength,
    Delete,
    Duration,
    Entry,
    Errorf,
    Exit,
    Fail,
    Find,
    Cap,
    Funcname,
    Getopt,
    Gotype,
    Gvar,
    HasFunc,
    HasKey,
    Hist,
    IsArray,
    IsInteger,
    IsLiteral,
    IsPtr,
    IsStr,
    IsUnsignedInteger,
    Join,
    Kaddr,
    Kptr,
    Gostack,
    Label,
    Kstack,
    Ksym,
    Len,
    Lhist,
    Macaddr,
    Max,
    Memcmp,
    Min,
    Nsecs,
    Ntop,
    Pid,
    Print,
    Printf,
    Pton,
    Reg,
    Signal,
    SignalName,
    SignalThread,
    Stats,
    Str,
    Strcontains,
    Strerror,
    Strftime,
    Strlen,
    Strncmp,
    Strstr,
    Sum,
    SyscallName,
    System,
    Table,
    Tid,
    Time,
    Tseries,
    Uptr,
    Ustack,
    Usym,
    Warnf,
    Zero,
}

impl Id {
    /// Whether it is only ever assigned to a map: `@x = count()`.
    pub fn is_aggregate(self) -> bool {
        matches!(
            self,
            Self::Avg
                | Self::Count
                | Self::Hist
                | Self::Lhist
                | Self::Max
                | Self::Min
                | Self::Stats
                | Self::Sum
                | Self::Tseries
        )
    }

    /// Whether it is called for its effect and gives nothing.
    pub fn is_statement(self) -> bool {
        matches!(
            self,
            Self::Assert
                | Self::Cat
                | Self::Clear
                | Self::Delete
                | Self::Errorf
                | Self::Exit
                | Self::Fail
                | Self::Join
                | Self::Print
                | Self::Printf
                | Self::Signal
                | Self::SignalThread
                | Self::System
                | Self::Table
                | Self::Time
                | Self::Warnf
                | Self::Zero
        )
    }
}

const fn row(
    name: &'static str,
    id: Id,
    signature: &'static str,
    arity: (usize, usize),
    doc: &'static str,
) -> Function {
    Function { name, id, signature, arity, doc }
}

/// All functions, by name.
pub const FUNCTIONS: &[Function] = &[
    row(
        "assert",
        Id::Assert,
        "assert(condition, message)",
        (2, 2),
        "Prints the message as an error and ends the script where the condition does not hold; gprobe exits with 1.",
    ),
    row("avg", Id::Avg, "avg(n)", (1, 1), "Assigned to a map: the average of all n."),
    row(
        "bswap",
        Id::Bswap,
        "bswap(n)",
        (1, 1),
        "The bytes of a number in reverse order; its type says how many there are.",
    ),
    row(
        "buf",
        Id::Buf,
        "buf(address[, length])",
        (1, 2),
        "Bytes at an address, of an array or of a string; shown as text with `\\x` escapes, by `%r`, `%rx` and `%rh`.",
    ),
    row("bytes", Id::Bytes, "bytes(n)", (1, 1), "A number of bytes that is shown as a size, `12.3 KiB`."),
    row(
        "caller",
        Id::Caller,
        "caller([n or program])",
        (0, 1),
        "The function n frames above the probed one, 0 by default, by frame pointers; `caller(program)`: the nearest that is not of Go's runtime.",
    ),
    row("cap", Id::Cap, "cap(x)", (1, 1), "The capacity of a Go slice or channel."),
    row(
        "cat",
        Id::Cat,
        "cat(format, ...)",
        (1, 64),
        "Prints a file's content; the path is formatted like printf's text.",
    ),
    row(
        "cgroup_path",
        Id::CgroupPath,
        "cgroup_path(id[, filter])",
        (1, 2),
        "The path of a cgroup by its id; found when it is shown.",
    ),
    row(
        "cgroupid",
        Id::Cgroupid,
        "cgroupid(path)",
        (1, 1),
        "The id of the cgroup at a path, found before the script runs.",
    ),
    row("clear", Id::Clear, "clear(@m)", (1, 1), "Removes all entries of a map."),
    row("count", Id::Count, "count()", (0, 0), "Assigned to a map: how often it was assigned."),
    row(
        "default_str_length",
        Id::DefaultStrLength,
        "default_str_length()",
        (0, 0),
        "The setting max_strlen.",
    ),
    row(
        "delete",
        Id::Delete,
        "delete(@m[key])",
        (1, 2),
        "Removes one entry of a map; gives whether there was one.",
    ),
    row(
        "duration",
        Id::Duration,
        "duration(ns)",
        (1, 1),
        "A number of nanoseconds that is shown as a time, `1.87 ms`.",
    ),
    row(
        "entry",
        Id::Entry,
        "entry(x)",
        (1, 1),
        "On a function's way out, what x was when the function was entered; the probe runs only where that was seen.",
    ),
    row(
        "errorf",
        Id::Errorf,
        "errorf(format, ...)",
        (1, 64),
        "Prints an error with its place in the script; the script goes on.",
    ),
    row(
        "exit",
        Id::Exit,
        "exit([code])",
        (0, 1),
        "Ends the script, prints the maps; gprobe exits with the code.",
    ),
    row(
        "fail",
        Id::Fail,
        "fail(format, ...)",
        (1, 64),
        "Stops the compile with this message, where it is reached: in a branch of `if comptime`.",
    ),
    row(
        "find",
        Id::Find,
        "find(@m, key, $out)",
        (3, 3),
        "Puts a map's entry in a variable, and gives whether there is one.",
    ),
    row(
        "funcname",
        Id::Funcname,
        "funcname(address)",
        (1, 1),
        "The name of the function at an address of the target; a cgo wrapper gives that of the C function it calls.",
    ),
    row(
        "getopt",
        Id::Getopt,
        "getopt(name[, default[, help]])",
        (1, 3),
        "An option of the script, given as `--name value`; a number, a bool or a string, as the default is. Without a default it is a bool. Its value is known before the script runs.",
    ),
    row(
        "gotype",
        Id::Gotype,
        "gotype(x)",
        (1, 1),
        "The type of a Go value by name; of an interface, the type of what it holds.",
    ),
    row(
        "gvar",
        Id::Gvar,
        "gvar(name)",
        (1, 1),
        "A Go package's variable by its whole name, where the package's path has slashes: `gvar(\"net/http.DefaultClient\")`.",
    ),
    row(
        "has_func",
        Id::HasFunc,
        "has_func(name)",
        (1, 1),
        "Whether the target has a Go function of this name, not counting inlined copies; known before the script runs.",
    ),
    row(
        "has_key",
        Id::HasKey,
        "has_key(@m, key)",
        (2, 2),
        "Whether a map has the key; a Go map too: `has_key(args.m, key)`.",
    ),
    row(
        "hist",
        Id::Hist,
        "hist(n[, bits])",
        (1, 2),
        "Assigned to a map: a histogram of powers of two, each split in 2^bits buckets.",
    ),
    row(
        "is_array",
        Id::IsArray,
        "is_array(x)",
        (1, 1),
        "Whether x is an array; known before the script runs.",
    ),
    row(
        "is_integer",
        Id::IsInteger,
        "is_integer(x)",
        (1, 1),
        "Whether x is an integer; known before the script runs.",
    ),
    row(
        "is_literal",
        Id::IsLiteral,
        "is_literal(x)",
        (1, 1),
        "Whether x is written in the script as it is; known before the script runs.",
    ),
    row("is_ptr", Id::IsPtr, "is_ptr(x)", (1, 1), "Whether x is a pointer; known before the script runs."),
    row("is_str", Id::IsStr, "is_str(x)", (1, 1), "Whether x is a string; known before the script runs."),
    row(
        "is_unsigned_integer",
        Id::IsUnsignedInteger,
        "is_unsigned_integer(x)",
        (1, 1),
        "Whether x is an unsigned integer; known before the script runs.",
    ),
    row(
        "join",
        Id::Join,
        "join(argv[, separator])",
        (1, 2),
        "Prints the strings of an array of pointers that ends with 0, at most 16, a space or the separator between them.",
    ),
    row("kaddr", Id::Kaddr, "kaddr(name)", (1, 1), "The address of a symbol of the kernel."),
    row("kptr", Id::Kptr, "kptr(pointer)", (1, 1), "The pointer, followed in the kernel's memory."),
    row("gostack", Id::Gostack, "gostack([mode, ][depth])", (0, 2), "The goroutine's stack."),
    row(
        "label",
        Id::Label,
        "label(\"key\")",
        (1, 1),
        "The current goroutine's pprof label of that key; empty where it has none.",
    ),
    row("kstack", Id::Kstack, "kstack([mode, ][depth])", (0, 2), "The kernel's stack."),
    row("ksym", Id::Ksym, "ksym(address)", (1, 1), "The function at an address of the kernel."),
    row(
        "len",
        Id::Len,
        "len(@m), len(stack) or len(x)",
        (1, 1),
        "How many entries a map has, how many frames a stack, how long a string or a Go value is.",
    ),
    row(
        "lhist",
        Id::Lhist,
        "lhist(n, min, max, step)",
        (4, 4),
        "Assigned to a map: a histogram with buckets of equal width.",
    ),
    row("macaddr", Id::Macaddr, "macaddr(array)", (1, 1), "The hardware address in an array of 6 bytes."),
    row("max", Id::Max, "max(n)", (1, 1), "Assigned to a map: the largest n."),
    row(
        "memcmp",
        Id::Memcmp,
        "memcmp(a, b, n)",
        (3, 3),
        "0 where the first n bytes of two strings, buffers or arrays are equal, else the difference of the first two that are not.",
    ),
    row("min", Id::Min, "min(n)", (1, 1), "Assigned to a map: the smallest n."),
    row(
        "nsecs",
        Id::Nsecs,
        "nsecs([monotonic|boot|tai|sw_tai])",
        (0, 1),
        "Nanoseconds by a clock of the kernel; since boot, with time asleep, by default.",
    ),
    row(
        "ntop",
        Id::Ntop,
        "ntop([family, ]address)",
        (1, 2),
        "An IP address as text: of a number or an array of 4 or 16 bytes.",
    ),
    row(
        "pid",
        Id::Pid,
        "pid([curr_ns|init])",
        (0, 1),
        "The process's id: as seen by gprobe (`curr_ns`, the default), or by the kernel itself (`init`).",
    ),
    row(
        "print",
        Id::Print,
        "print(x) or print(@m[, top[, div]])",
        (1, 3),
        "Prints a value, or a map: its largest entries, values divided by div.",
    ),
    row("printf", Id::Printf, "printf(format, ...)", (1, 64), "Prints formatted values."),
    row("pton", Id::Pton, "pton(text)", (1, 1), "The bytes of an IP address that is written as text."),
    row(
        "reg",
        Id::Reg,
        "reg(name)",
        (1, 1),
        "A register of the probed function, by its name: `ax`, `ip`, `sp`, `r14`.",
    ),
    row(
        "signal",
        Id::Signal,
        "signal(name or number)",
        (1, 1),
        "Sends a signal to the process; needs --unsafe.",
    ),
    row("signal_name", Id::SignalName, "signal_name(n)", (1, 1), "The name of a signal by its number."),
    row(
        "signal_thread",
        Id::SignalThread,
        "signal_thread(name or number)",
        (1, 1),
        "Sends a signal to the thread; needs --unsafe.",
    ),
    row("stats", Id::Stats, "stats(n)", (1, 1), "Assigned to a map: count, average and total of all n."),
    row("str", Id::Str, "str(pointer[, length])", (1, 2), "The C string at an address of the target."),
    row("strcontains", Id::Strcontains, "strcontains(text, part)", (2, 2), "Whether a string holds another."),
    row("strerror", Id::Strerror, "strerror(n)", (1, 1), "The text of an error number."),
    row("strftime", Id::Strftime, "strftime(format, nsecs)", (2, 2), "The wall-clock time of a time stamp."),
    row("strlen", Id::Strlen, "strlen(text)", (1, 1), "Bytes of a string."),
    row(
        "strncmp",
        Id::Strncmp,
        "strncmp(a, b, n)",
        (3, 3),
        "0 where the first n bytes of two strings are equal, else the difference of the first two that are not.",
    ),
    row(
        "strstr",
        Id::Strstr,
        "strstr(text, part)",
        (2, 2),
        "Where a string holds another, counted from 0; -1 where it does not.",
    ),
    row("sum", Id::Sum, "sum(n)", (1, 1), "Assigned to a map: the sum of all n."),
    row(
        "syscall_name",
        Id::SyscallName,
        "syscall_name(n)",
        (1, 1),
        "The name of a system call by its number.",
    ),
    row(
        "system",
        Id::System,
        "system(format, ...)",
        (1, 64),
        "Runs a shell command and prints what it writes; needs --unsafe.",
    ),
    row(
        "table",
        Id::Table,
        "table(\"title\", @a[, @b, ...][, top])",
        (2, 32),
        "Prints maps with the same keys as one table, the largest of the first map on top; these maps are not printed at the end.",
    ),
    row(
        "tid",
        Id::Tid,
        "tid([curr_ns|init])",
        (0, 1),
        "The thread's id: as seen by gprobe (`curr_ns`, the default), or by the kernel itself (`init`).",
    ),
    row("time", Id::Time, "time([format])", (0, 1), "Prints the wall-clock time."),
    row(
        "tseries",
        Id::Tseries,
        "tseries(n, interval, intervals[, kind])",
        (3, 4),
        "Assigned to a map: a value for each of the last intervals of time: the last one, or their `\"avg\"`, `\"max\"`, `\"min\"` or `\"sum\"`.",
    ),
    row("uptr", Id::Uptr, "uptr(pointer)", (1, 1), "The pointer, followed in the process's memory."),
    row("ustack", Id::Ustack, "ustack([mode, ][depth])", (0, 2), "The process's stack by frame pointers."),
    row("usym", Id::Usym, "usym(address)", (1, 1), "The function at an address of the target."),
    row("warnf", Id::Warnf, "warnf(format, ...)", (1, 64), "Prints a warning with its place in the script."),
    row("zero", Id::Zero, "zero(@m)", (1, 1), "Sets all values of a map to 0."),
];

/// Looks a function up by its name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|f| f.name == name)
}
