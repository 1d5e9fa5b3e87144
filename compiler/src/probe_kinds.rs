//! The table of probe kinds: attach points, listing, documentation and suggestions read it.

/// A kind of probe: the word that an attach point starts with.
#[derive(Clone, Copy, Debug)]
pub struct ProbeKind {
    /// As written.
    pub name: &'static str,
    /// The short form; empty where there is none.
    pub short: &'static str,
    /// Whether it can be used; the others are known by name alone.
    pub supported: bool,
    /// One sentence.
    pub doc: &'static str,
    /// How its attach points are written.
    pub syntax: &'static str,
    /// A whole probe.
    pub example: &'static str,
}

const fn row(
    name: &'static str,
    short: &'static str,
    supported: bool,
    doc: &'static str,
    syntax: &'static str,
    example: &'static str,
) -> ProbeKind {
    ProbeKind { name, short, supported, doc, syntax, example }
}

/// A kind that is only known by name.
const fn later(name: &'static str, short: &'static str, doc: &'static str) -> ProbeKind {
    row(name, short, false, doc, "", "")
}

/// All kinds.
pub const KINDS: &[ProbeKind] = &[
    row(
        "begin",
        "",
        true,
        "Runs once, before the other probes are attached.",
        "begin",
        "begin { printf(\"tracing\\n\"); }",
    ),
    row(
        "end",
        "",
        true,
        "Runs once, after the other probes are detached and before the maps are printed.",
        "end",
        "end { clear(@start); }",
    ),
    row(
        "interval",
        "i",
        true,
        "Runs again and again after a time, on one CPU.",
        "interval:TIME, interval:UNIT:COUNT with the units hz, s, ms, us",
        "interval:1s { print(@); clear(@); }",
    ),
    row(
        "profile",
        "p",
        true,
        "Samples what each CPU is doing, again and again.",
        "profile:TIME, profile:UNIT:COUNT with the units hz, s, ms, us",
        "profile:hz:99 { @[ustack] = count(); }",
    ),
    row(
        "go",
        "",
        true,
        "A Go function: its entry, each of its ways out, its calls of others, its inlined copies, or the atomic instructions in it; or a source line.",
        "go:FUNCTION[:return], go:FUNCTION:inline, go:FUNCTION:call:CALLEE, go:FUNCTION:atomic:CALLEE, go:FUNCTION:swap:INLINED, go:FILE.go:LINE; `*` and `?` are wild in functions",
        "go:main.handle { @[goid] = count(); }",
    ),
    row(
        "uprobe",
        "u",
        true,
        "The entry of a function of a program or a library.",
        "uprobe:FILE:FUNCTION, FILE being a path or a library's name; `*` and `?` are wild",
        "uprobe:libc:malloc { @bytes = hist(arg0); }",
    ),
    row(
        "uretprobe",
        "ur",
        true,
        "The return of a function of a program or a library.",
        "uretprobe:FILE:FUNCTION, FILE being a path or a library's name; `*` and `?` are wild",
        "uretprobe:libc:malloc { @[retval == 0] = count(); }",
    ),
    row(
        "usdt",
        "U",
        true,
        "A place that a program or a library offers for tracing (`sys/sdt.h`), with arguments in `arg0` and on.",
        "usdt:FILE:NAME, usdt:FILE:PROVIDER:NAME, FILE being a path or a library's name; `*` and `?` are wild",
        "usdt:libstdc++:catch { @[ustack] = count(); }",
    ),
    row(
        "tracepoint",
        "t",
        true,
        "A place that the kernel offers for tracing, with named fields in `args`.",
        "tracepoint:CATEGORY:NAME; `*` and `?` are wild",
        "tracepoint:sched:sched_switch { @[args.prev_comm] = count(); }",
    ),
    row(
        "rawtracepoint",
        "rt",
        true,
        "A tracepoint with the arguments of the kernel's own call, `arg0` and on.",
        "rawtracepoint:NAME; `*` and `?` are wild",
        "rawtracepoint:sched_switch { @ = count(); }",
    ),
    row(
        "software",
        "s",
        true,
        "Runs each time when the kernel has counted so many of its own events.",
        "software:EVENT[:COUNT]",
        "software:page-faults:100 { @[comm] = count(); }",
    ),
    row(
        "hardware",
        "h",
        true,
        "Runs each time when the CPU has counted so many events.",
        "hardware:EVENT[:COUNT]",
        "hardware:cache-misses:1000000 { @[comm] = count(); }",
    ),
    row(
        "self",
        "",
        true,
        "Runs when gprobe itself gets a signal.",
        "self:signal:NAME",
        "self:signal:SIGUSR1 { print(@); }",
    ),
    row(
        "test",
        "",
        true,
        "A test of the script itself, run by --test; it fails where it returns something else than 0.",
        "test:NAME",
        "test:sums { return 1 + 1 == 2 ? 0 : 1; }",
    ),
    row(
        "bench",
        "",
        true,
        "A benchmark, run many times by --bench.",
        "bench:NAME",
        "bench:update { @ = count(); }",
    ),
    row(
        "kprobe",
        "k",
        true,
        "The entry of a function of the kernel, or an instruction in it, where the kernel has kprobes.",
        "kprobe:FUNCTION, kprobe:FUNCTION+OFFSET, kprobe:MODULE:FUNCTION; `*` and `?` are wild",
        "kprobe:do_nanosleep { @[goid] = count(); }",
    ),
    row(
        "kretprobe",
        "kr",
        true,
        "The return of a function of the kernel, where the kernel has kprobes.",
        "kretprobe:FUNCTION, kretprobe:MODULE:FUNCTION; `*` and `?` are wild",
        "kretprobe:vfs_read { @ = hist((int64)retval); }",
    ),
    later("fentry", "f", "The entry of a function of the kernel, with named arguments."),
    later("fexit", "fr", "The return of a function of the kernel, with named arguments."),
    later("watchpoint", "w", "An access to an address."),
    row(
        "iter",
        "it",
        true,
        "Runs for every goroutine, every thread (M), or every process of the target as they are at that moment, without \
         stopping it: once, when all probes are attached, or again and again after a time.",
        "iter:goroutine, iter:thread, iter:process, iter:goroutine:TIME",
        "iter:goroutine { @[gstatus, waitreason] = count(); }",
    ),
];

/// The kind that a word of an attach point means: by its name in any case, or by its short form.
pub fn find(word: &str) -> Option<&'static ProbeKind> {
    KINDS
        .iter()
        .find(|kind| word.eq_ignore_ascii_case(kind.name) || (!kind.short.is_empty() && word == kind.short))
}

/// Names of an event that perf counts, its number (`PERF_COUNT_*` of `linux/perf_event.h`), and how
/// many there are between two hits where a script does not say.
pub type Counter = (&'static [&'static str], u64, u64);

/// The events of `software` probes.
pub const SOFTWARE: &[Counter] = &[
    (&["cpu-clock", "cpu"], 0, 1_000_000),
    (&["task-clock"], 1, 1_000_000),
    (&["page-faults", "faults"], 2, 100),
    (&["context-switches", "cs"], 3, 1000),
    (&["cpu-migrations"], 4, 1),
    (&["minor-faults"], 5, 100),
    (&["major-faults"], 6, 1),
    (&["alignment-faults"], 7, 1),
    (&["emulation-faults"], 8, 1),
    (&["dummy"], 9, 1),
    (&["bpf-output"], 10, 1),
];

/// The events of `hardware` probes.
pub const HARDWARE: &[Counter] = &[
    (&["cpu-cycles", "cycles"], 0, 1_000_000),
    (&["instructions"], 1, 1_000_000),
    (&["cache-references"], 2, 1_000_000),
    (&["cache-misses"], 3, 1_000_000),
    (&["branch-instructions", "branches"], 4, 100_000),
    (&["branch-misses"], 5, 100_000),
    (&["bus-cycles"], 6, 100_000),
    (&["frontend-stalls"], 7, 1_000_000),
    (&["backend-stalls"], 8, 1_000_000),
    (&["ref-cycles"], 9, 1_000_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_name_and_short_form() {
        assert_eq!(find("BEGIN").map(|kind| kind.name), Some("begin"));
        assert_eq!(find("ur").map(|kind| kind.name), Some("uretprobe"));
        // A short form has its case: `U` is usdt and `u` uprobe.
        assert_eq!(find("U").map(|kind| kind.name), Some("usdt"));
        assert!(find("").is_none() && find("gow").is_none());
    }

    #[test]
    fn what_can_be_used_is_shown() {
        for kind in KINDS.iter().filter(|kind| kind.supported) {
            assert!(kind.syntax.starts_with(kind.name), "{}", kind.name);
            assert!(kind.example.starts_with(kind.name), "{}", kind.name);
        }
    }
}
