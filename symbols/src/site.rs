//! Places for probes, and what a probe there costs.

use crate::address::{FileOffset, LinkAddr};

/// What an instruction costs under a uprobe: the kernel's ways to run the original instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cost {
    /// A 5-byte nop: newer kernels turn it into a call, without a trap.
    Optimised,
    /// The kernel emulates the instruction: one trap.
    Emulated,
    /// The kernel executes it out of line: a trap and a single step, many times the price in
    /// virtual machines.
    SingleStep,
}

/// When a hit at the entry site counts as an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryCondition {
    /// Each hit is one call.
    Always,
    /// The site is the `jbe` of Go's stack check (Go up to 1.20). A hit is a call when the branch is about not
    /// to be taken, that is when CF and ZF (0x41) are both clear in the saved flags; else the
    /// function will start over after its stack has grown.
    UnlessBranchTaken,
}

/// What a site stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SiteKind {
    /// The function is entered: arguments are in place and `[rsp]` is the return address.
    Entry,
    /// A `ret`: results are in place and `[rsp]` is the return address.
    Return,
    /// A direct call.
    Call {
        /// The callee.
        target: LinkAddr,
    },
    /// An instruction in the function's body.
    Inside,
    /// A jump out of the function, after which another function returns to this one's caller.
    TailJump {
        /// The target; `None` when it comes from a register or memory.
        target: Option<LinkAddr>,
    },
}

/// A place for a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The instruction's address.
    pub addr: LinkAddr,
    /// The same in the file: what the kernel takes.
    pub offset: FileOffset,
    /// What a probe costs there.
    pub cost: Cost,
    /// When a hit counts; [`EntryCondition::Always`] but for entries.
    pub condition: EntryCondition,
    /// What it stands for.
    pub kind: SiteKind,
}

/// The places for probes in one function, in order of address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    /// Where it is entered, once per call.
    pub entry: Site,
    /// Every `ret`.
    pub returns: Vec<Site>,
    /// Jumps that leave the function for good.
    pub tail_jumps: Vec<Site>,
    pub(crate) calls: Vec<Site>,
}

impl Sites {
    /// Every direct call of `target` in this function.
    pub fn calls(&self, target: LinkAddr) -> Vec<Site> {
        self.calls.iter().filter(|site| site.kind == SiteKind::Call { target }).copied().collect()
    }

    /// Every direct call in this function.
    pub fn all_calls(&self) -> &[Site] {
        &self.calls
    }
}
