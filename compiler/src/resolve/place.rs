//! Where a body runs: what it can read there.

use gprobe_symbols::{Function, LinkAddr};

use super::go_atomic::Atomic;
use super::typed::OwnFrame;
use super::usdt::Arguments;
use crate::artifact::Iterated;
use crate::target::TracepointField;

/// Where a body runs.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In a function.
    Function {
        /// Index of its file.
        binary: usize,
        /// Which function.
        function: Function,
        /// The site, at which arguments are located.
        site: LinkAddr,
        /// On its way out.
        ret: bool,
        /// In its body: not where it is entered or left.
        inside: bool,
        /// How many bytes the stack pointer is below the return address, where that is known.
        depth: Option<u64>,
        /// The function that the code is of, where the compiler put it into `function`.
        copy: Option<String>,
        /// The site is behind this atomic instruction, which the probe is about.
        atomic: Option<Atomic>,
        /// Go code or Go assembly, not C.
        go: bool,
        /// R14 is the current g.
        g_in_r14: bool,
    },
    /// At a usdt probe, in the middle of a function.
    Usdt {
        /// `provider:name`
        name: String,
        /// Where its arguments are.
        args: Arguments,
    },
    /// In a kernel tracepoint.
    Tracepoint {
        /// `sched:sched_switch`
        name: String,
        /// The record's fields.
        fields: Vec<TracepointField>,
    },
    /// At a kernel tracepoint, with the arguments of the kernel's own call.
    RawTracepoint,
    /// In a function of the kernel.
    Kernel {
        /// Its name.
        function: String,
        /// On its way out.
        ret: bool,
    },
    /// Sampled.
    Profile,
    /// In gprobe itself, for a goroutine or thread of the target.
    Iterate(Iterated),
    /// In gprobe itself: `begin`, `end`, `interval`.
    OwnProcess(&'static str),
}

impl Place {
    /// Whether the program is handed the goroutine, and need not look for it through the thread.
    pub(super) fn has_goroutine(&self) -> bool {
        self.g_in_r14() || matches!(self, Place::Iterate(_))
    }

    pub(super) fn g_in_r14(&self) -> bool {
        matches!(self, Place::Function { g_in_r14: true, .. })
    }

    /// Whether the context is a function's registers.
    pub(super) fn has_registers(&self) -> bool {
        matches!(self, Place::Function { .. } | Place::Usdt { .. })
    }

    /// Whether the site is in the middle of a function, where registers hold what they happen to hold.
    pub(super) fn is_inside(&self) -> bool {
        matches!(self, Place::Function { inside: true, .. } | Place::Usdt { .. })
    }

    /// Whether the site is behind the set-up of the function's frame.
    pub(super) fn has_frame(&self) -> bool {
        self.is_inside() && !matches!(self, Place::Function { depth: Some(0), .. })
    }

    /// The frame of the function that the site is in.
    pub(super) fn own_frame(&self) -> OwnFrame {
        match self {
            Place::Function { inside: true, depth: Some(depth @ 1..), .. } => OwnFrame::Above(*depth),
            place if place.has_frame() => OwnFrame::ByPointer,
            _ => OwnFrame::None,
        }
    }

    /// How many bytes the stack pointer is below the return address; 0 outside of functions' bodies.
    pub(super) fn depth(&self) -> u64 {
        match self {
            Place::Function { depth, .. } => depth.unwrap_or(0),
            _ => 0,
        }
    }

    /// Whether the code is a copy of a function that has no frame of its own.
    pub(super) fn is_copy(&self) -> bool {
        matches!(self, Place::Function { copy: Some(_), .. })
    }

    /// The atomic instruction that the probe is about.
    pub(super) fn atomic(&self) -> Option<Atomic> {
        match self {
            Place::Function { atomic, .. } => *atomic,
            _ => None,
        }
    }

    /// The builtin `probetype`.
    pub(super) fn probe_type(&self) -> &'static str {
        match self {
            Place::Function { go: true, .. } => "go",
            Place::Function { ret: true, .. } => "uretprobe",
            Place::Function { .. } => "uprobe",
            Place::Usdt { .. } => "usdt",
            Place::Tracepoint { .. } => "tracepoint",
            Place::RawTracepoint => "rawtracepoint",
            Place::Kernel { ret: true, .. } => "kretprobe",
            Place::Kernel { .. } => "kprobe",
            Place::Profile => "profile",
            Place::Iterate(_) => "iter",
            Place::OwnProcess("interval") => "interval",
            Place::OwnProcess(_) => "special",
        }
    }

    /// How diagnostics call it.
    pub(super) fn describe(&self) -> String {
        match self {
            Place::Function { copy: Some(_), .. } => "a probe in an inlined function".into(),
            Place::Function { atomic: Some(_), .. } => "a probe on an atomic instruction".into(),
            Place::Function { inside: true, .. } => "a probe inside a Go function".into(),
            Place::Function { ret: true, go: true, .. } => "a Go return probe".into(),
            Place::Function { ret: true, .. } => "a uretprobe".into(),
            Place::Function { go: true, .. } => "a probe on a Go function".into(),
            Place::Function { .. } => "a probe on a C function".into(),
            Place::Usdt { name, .. } => format!("the usdt probe {name}"),
            Place::Tracepoint { name, .. } => format!("the tracepoint {name}"),
            Place::RawTracepoint => "a raw tracepoint".into(),
            Place::Kernel { ret: true, .. } => "a kretprobe".into(),
            Place::Kernel { .. } => "a kprobe".into(),
            Place::Profile => "a profile probe".into(),
            Place::Iterate(Iterated::Goroutines) => "a probe of the kind `iter:goroutine`".into(),
            Place::Iterate(Iterated::Threads) => "a probe of the kind `iter:thread`".into(),
            Place::Iterate(Iterated::Processes) => "a probe of the kind `iter:process`".into(),
            Place::OwnProcess(kind) => format!("a probe of the kind `{kind}`"),
        }
    }
}
