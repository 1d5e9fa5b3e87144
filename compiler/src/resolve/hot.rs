//! Functions that run so often that a probe on them is felt, and what to look at instead.

use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;
use gprobe_symbols::{Cost, Function};

use super::Resolver;
use super::sites::Wanted;
use crate::target::TargetBinary;

/// Functions that share a reason.
struct Hot {
    /// By name; behind a `*`, all that start with what is before it.
    names: &'static [&'static str],
    /// When they run, and how often that is where there is much to do.
    when: &'static str,
    /// What to write instead.
    instead: &'static str,
}

/// What tells these warnings from others.
pub(super) const CODE: &str = "hot-function";

const SAMPLE: &str = "sample instead: `profile:hz:99 { @[gostack] = count(); }` shows who calls it";

const HOT: &[Hot] = &[
    Hot {
        names: &["runtime.mallocgc*", "runtime.newobject", "runtime.makeslice", "runtime.growslice"],
        when: "each time that the program allocates, often a million times a second",
        instead: "sample, `profile:hz:99 { @[gostack] = count(); }`, or probe what happens once in many allocations: `go:runtime.(*mcache).refill`",
    },
    Hot {
        names: &[
            "runtime.memmove",
            "runtime.memclr*",
            "runtime.memequal*",
            "runtime.typedmemmove",
            "runtime.duffcopy",
            "runtime.duffzero",
        ],
        when: "each time that the program copies, clears or compares memory, often millions of times a second",
        instead: SAMPLE,
    },
    Hot {
        names: &[
            "runtime.gcWriteBarrier*",
            "runtime.bulkBarrierPreWrite",
            "runtime.wbZero",
            "runtime.wbMove",
        ],
        when: "for pointers that are written while the collector runs, often millions of times a second",
        instead: "probe what happens once in 512 of them, `go:runtime.wbBufFlush`, or the collector's own steps, `go:runtime.gcStart`",
    },
    Hot {
        names: &["runtime.scanobject*", "runtime.greyobject", "runtime.findObject", "runtime.heapSetType*"],
        when: "for each object that the program makes or the collector visits, often millions of times a second",
        instead: SAMPLE,
    },
    Hot {
        names: &[
            "runtime.memhash*",
            "runtime.strhash*",
            "runtime.aeshash*",
            "runtime.mapaccess*",
            "runtime.mapassign*",
            "internal/runtime/maps.*",
            "internal/bytealg.*",
            "runtime.cmpstring",
            "runtime.convT*",
        ],
        when: "each time that the program looks into a map or compares strings, often millions of times a second",
        instead: SAMPLE,
    },
    Hot {
        names: &[
            "runtime.schedule",
            "runtime.findRunnable",
            "runtime.mcall",
            "runtime.gogo",
            "runtime.runqget",
            "runtime.runqput",
        ],
        when: "at each switch from one goroutine to another, often a hundred thousand times a second",
        instead: "look at the goroutines from time to time, `iter:goroutine:100ms { @[gstatus, waitreason] = count(); }`, or at what lets them wait: `go:runtime.gopark`",
    },
    Hot {
        names: &[
            "runtime.lock2",
            "runtime.unlock2",
            "runtime.nanotime*",
            "runtime.systemstack",
            "runtime.acquirem",
            "runtime.releasem",
        ],
        when: "throughout the runtime, several times for most of what it does, often millions of times a second",
        instead: SAMPLE,
    },
    Hot {
        names: &["runtime.futex", "runtime.futexsleep", "runtime.futexwakeup"],
        when: "each time that a thread goes to sleep or wakes another, often ten thousands of times a second",
        instead: "the tracepoint of the system call needs no trap: `tracepoint:syscalls:sys_enter_futex { @[gostack] = count(); }`",
    },
    Hot {
        names: &[
            "malloc",
            "free",
            "memcpy",
            "memmove",
            "memset",
            "strlen",
            "pthread_mutex_lock",
            "pthread_mutex_unlock",
        ],
        when: "often millions of times a second",
        instead: "sample instead: `profile:hz:99 { @[ustack] = count(); }` shows who calls it",
    },
];

fn find(name: &str) -> Option<&'static Hot> {
    let name = name.strip_suffix(".abi0").unwrap_or(name);
    HOT.iter().find(|hot| {
        hot.names.iter().any(|known| match known.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *known == name,
        })
    })
}

impl Resolver<'_> {
    /// Says what it costs to probe a function that runs very often.
    pub(super) fn warn_of_hot(
        &mut self,
        file: &TargetBinary,
        matched: &[Function],
        what: &Wanted,
        span: Span,
    ) {
        let mut hot = matched.iter().filter_map(|function| Some((function, find(&function.name)?)));
        let Some((function, reason)) = hot.next() else { return };
        let more = hot.count();
        let Ok(sites) = file.binary.sites(function) else { return };
        let single_step = match (what.ret, what.callee.is_some()) {
            (true, _) => true,
            (false, true) => false,
            (false, false) => sites.entry.cost == Cost::SingleStep,
        };
        let name = function.name.strip_suffix(".abi0").unwrap_or(&function.name);
        let others = match more {
            0 => String::new(),
            1 => ", and so is another that matches".to_owned(),
            more => format!(", and so are {more} others that match"),
        };
        let (cost, note) = if single_step {
            (
                "1000 to 12000 ns",
                "the kernel has to single-step the instruction here, which is dear in virtual machines",
            )
        } else {
            ("300 to 700 ns", "a predicate saves what the probe does, but not the trap that leads to it")
        };
        let diagnostic = Diagnostic::warning(CODE, span, format!("`{name}` is called very often{others}"))
            .label(format!("each call takes about {cost} longer"))
            .note(format!("it runs {}", reason.when))
            .note(note)
            .help(reason.instead);
        self.report(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn names_and_beginnings_of_names_are_found() {
        for hot in [
            "runtime.mallocgc",
            "runtime.mallocgcSmallNoscan",
            "runtime.memmove.abi0",
            "runtime.futex",
            "malloc",
        ] {
            assert!(find(hot).is_some(), "{hot}");
        }
        for cool in
            ["main.malloc", "runtime.gopark", "runtime.execute", "runtime.futexes", "runtime.memmoved"]
        {
            assert!(find(cool).is_none(), "{cool}");
        }
    }
}
