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
    Avg,
    Caller,
    Clear,
    Count,
    Delete,
    Exit,
    Funcname,
    HasKey,
    Hist,
    Kstack,
    Lhist,
    Max,
    Min,
    Print,
    Printf,
    Stats,
    Str,
    Strftime,
    Sum,
    Time,
    Ustack,
    Usym,
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
        )
    }

    /// Whether it is called for its effect and gives nothing.
    pub fn is_statement(self) -> bool {
        matches!(
            self,
            Self::Clear | Self::Delete | Self::Exit | Self::Print | Self::Printf | Self::Time | Self::Zero
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
    row("avg", Id::Avg, "avg(n)", (1, 1), "Assigned to a map: the average of all n."),
    row(
        "caller",
        Id::Caller,
        "caller([n])",
        (0, 1),
        "The function n frames above the probed one, 0 by default, by frame pointers.",
    ),
    row("clear", Id::Clear, "clear(@m)", (1, 1), "Removes all entries of a map."),
    row("count", Id::Count, "count()", (0, 0), "Assigned to a map: how often it was assigned."),
    row("delete", Id::Delete, "delete(@m[key])", (1, 2), "Removes one entry of a map."),
    row(
        "exit",
        Id::Exit,
        "exit([code])",
        (0, 1),
        "Ends the script, prints the maps; gprobe exits with the code.",
    ),
    row(
        "funcname",
        Id::Funcname,
        "funcname(address)",
        (1, 1),
        "The name of the function at an address of the target; a cgo wrapper gives that of the C function it calls.",
    ),
    row("has_key", Id::HasKey, "has_key(@m, key)", (2, 2), "Whether a map has the key."),
    row(
        "hist",
        Id::Hist,
        "hist(n[, bits])",
        (1, 2),
        "Assigned to a map: a histogram of powers of two, each split in 2^bits buckets.",
    ),
    row("kstack", Id::Kstack, "kstack([depth])", (0, 1), "The kernel's stack."),
    row(
        "lhist",
        Id::Lhist,
        "lhist(n, min, max, step)",
        (4, 4),
        "Assigned to a map: a histogram with buckets of equal width.",
    ),
    row("max", Id::Max, "max(n)", (1, 1), "Assigned to a map: the largest n."),
    row("min", Id::Min, "min(n)", (1, 1), "Assigned to a map: the smallest n."),
    row(
        "print",
        Id::Print,
        "print(x) or print(@m[, top[, div]])",
        (1, 3),
        "Prints a value, or a map: its largest entries, values divided by div.",
    ),
    row("printf", Id::Printf, "printf(format, ...)", (1, 64), "Prints formatted values."),
    row("stats", Id::Stats, "stats(n)", (1, 1), "Assigned to a map: count, average and total of all n."),
    row("str", Id::Str, "str(pointer[, length])", (1, 2), "The C string at an address of the target."),
    row("strftime", Id::Strftime, "strftime(format, nsecs)", (2, 2), "The wall-clock time of a time stamp."),
    row("sum", Id::Sum, "sum(n)", (1, 1), "Assigned to a map: the sum of all n."),
    row("time", Id::Time, "time([format])", (0, 1), "Prints the wall-clock time."),
    row("ustack", Id::Ustack, "ustack([depth])", (0, 1), "The process's stack by frame pointers."),
    row("usym", Id::Usym, "usym(address)", (1, 1), "The function at an address of the target."),
    row("zero", Id::Zero, "zero(@m)", (1, 1), "Sets all values of a map to 0."),
];

/// Looks a function up by its name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|f| f.name == name)
}
