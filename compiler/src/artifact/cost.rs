//! What probes cost, as far as programs themselves know: how often they are hit, and where. And what is left out, so
//! that they cost less.

use gprobe_symbols::Cost;

use super::COOKIE_COST;
use super::{Attach, SiteInfo};

/// Name of the map that counts hits, a per-CPU array of `u64`: see [`Hits`].
pub const HITS: &str = "gp_hits";

/// Where a program's hits are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hits {
    /// The first of its elements of [`HITS`].
    pub first: u32,
    /// It has one for each of [`CLASSES`](Self::CLASSES), in their order; else one for all hits.
    pub by_cost: bool,
}

impl Hits {
    /// What sites may cost.
    pub const CLASSES: [Cost; 3] = [Cost::Optimised, Cost::Emulated, Cost::SingleStep];

    /// How many elements it has.
    pub fn count(self) -> u32 {
        if self.by_cost { Self::CLASSES.len() as u32 } else { 1 }
    }

    /// The index of what a site costs in [`CLASSES`](Self::CLASSES).
    pub fn class(cost: Cost) -> u32 {
        Self::CLASSES.iter().position(|class| *class == cost).unwrap_or(Self::CLASSES.len() - 1) as u32
    }
}

/// What part of all events the numbers are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// One in so many.
    pub one_in: u32,
    /// What was chosen.
    pub by: SampledBy,
}

/// What a sample is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampledBy {
    /// Each hit, whatever became of others.
    Hits,
    /// Goroutines: all hits of one, or none.
    Goroutines,
    /// Threads: all hits of one, or none.
    Threads,
}

impl SiteInfo {
    /// What a hit costs there.
    pub fn cost(&self) -> Cost {
        let class = usize::try_from(self.cookie >> COOKIE_COST & 3).ok();
        class.and_then(|class| Hits::CLASSES.get(class)).copied().unwrap_or(Cost::SingleStep)
    }
}

impl Attach {
    /// Whether it fires where something happens, in the target or in the kernel: not by a clock, nor at gprobe's own
    /// will.
    pub fn is_event(&self) -> bool {
        match self {
            Self::Uprobe { .. }
            | Self::Tracepoint { .. }
            | Self::RawTracepoint { .. }
            | Self::Kprobe { .. } => true,
            Self::Begin
            | Self::End
            | Self::Interval { .. }
            | Self::Profile { .. }
            | Self::Signal { .. }
            | Self::Test { .. }
            | Self::Bench { .. }
            | Self::Iterate { .. }
            | Self::Counter { .. } => false,
        }
    }
}
