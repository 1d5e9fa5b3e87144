//! Atomic instructions that decide whether a function is called.
//!
//! The fast paths of `sync.Mutex.Lock` and its like are put into their callers: an atomic instruction, and a
//! jump past the call of what does the rest (`lockSlow`). That call is always direct, so it is found by its bytes, and
//! the atomic instruction from it. The inline tree does not serve: most atomic instructions lie outside of it.

use std::collections::BTreeMap;

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::error::Reason;
use crate::functions::{Function, Language};
use crate::go::places::Budget;
use crate::go::sites::{Code, unprobeable};
use crate::insn::atomic::{Atomic, Graph, Surroundings};
use crate::insn::flags::FlagTest;
use crate::insn::x64::X64Reg;
use crate::site::{EntryCondition, Site, SiteKind};

/// A direct call: `e8` and 4 bytes.
const CALL: u8 = 0xe8;
const CALL_BYTES: usize = 5;
/// Why a call of a very large function has no place.
const TOO_FAR: &str = "so far into the function no instructions are looked at";

/// A place behind an atomic instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtomicSite {
    /// The function that has the code, and the frame.
    pub function: Function,
    /// The instruction that is probed: it runs once each time the atomic one has run.
    pub site: Site,
    /// The register that the address of the atomic instruction's operand is in there; [`X64Reg::RIP`] is the
    /// instruction's own address.
    pub base: X64Reg,
    /// Bytes from what is in the register to the operand.
    pub displacement: i64,
    /// What the flags say there where the atomic instruction was enough: the call will not be made, or the value was
    /// swapped.
    pub fast: FlagTest,
    /// How many bytes the stack pointer is there below the return address.
    pub depth: u64,
}

/// Places behind atomic instructions that were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtomicSites {
    /// In order of address.
    pub found: Vec<AtomicSite>,
    /// What has none that can be probed: the function that it is in, and why.
    pub refused: Vec<(String, Reason)>,
}

impl Binary {
    /// The atomic instructions that decide whether `callee` is called, in all Go functions that `fits`: one for
    /// each direct call.
    pub fn guards(&self, callee: &Function, fits: impl Fn(&Function) -> bool) -> AtomicSites {
        let mut guards = AtomicSites::default();
        let mut budget = Budget::of(self);
        let mut callers: BTreeMap<u64, (Function, Vec<u64>)> = BTreeMap::new();
        let mut last: Option<Function> = None;
        for call in self.calls_of(callee.addr) {
            let known = last.take().filter(|function| function.contains(call));
            let Some(function) = known.or_else(|| self.functions().containing(call)) else { continue };
            // One long name could be that of all functions.
            if !budget.spend(function.name.len()) {
                break;
            }
            if function.language != Language::C && fits(&function) {
                let entry = callers.entry(function.addr.0).or_insert_with(|| (function.clone(), Vec::new()));
                entry.1.push(call.0);
            }
            last = Some(function);
        }
        for (function, calls) in callers.into_values() {
            if !budget.spend(usize::try_from(function.size).unwrap_or(usize::MAX)) {
                break;
            }
            let code = match Code::of(self, &function) {
                Ok(code) => code,
                Err(reason) => {
                    guards.refused.push((function.name.clone(), reason));
                    continue;
                }
            };
            let graph = Graph::of(code.all(), self);
            for call in calls {
                let guard = match graph.index_of(call) {
                    Some(index) => graph.guard(index),
                    None if code.all().last().is_none_or(|last| last.addr() < call) => Err(TOO_FAR),
                    // Bytes that look like a call are in the middle of an instruction.
                    None => continue,
                };
                let found = guard
                    .map_err(|why| unprobeable(&function, LinkAddr(call), why))
                    .and_then(|atomic| place(self, &function, &code, atomic));
                match found {
                    Ok(guard) => guards.found.push(guard),
                    Err(reason) => guards.refused.push((function.name.clone(), reason)),
                }
            }
        }
        guards.found.sort_by_key(|guard| guard.site.addr);
        guards
    }

    /// Where bytes are that call a function, in all code.
    fn calls_of(&self, target: LinkAddr) -> Vec<LinkAddr> {
        let mut found = Vec::new();
        // Segments may overlap, and each is read.
        let mut left = self.data().len();
        for segment in self.segments().iter().filter(|segment| segment.is_executable()) {
            let size = usize::try_from(segment.filesz).unwrap_or(usize::MAX);
            let Some(bytes) = self.bytes_at(segment.vaddr, size) else { continue };
            let Some(rest) = left.checked_sub(bytes.len()) else { break };
            left = rest;
            for at in memchr::memchr_iter(CALL, bytes) {
                let distance = at
                    .checked_add(1)
                    .and_then(|start| bytes.get(start..)?.first_chunk::<4>())
                    .map(|distance| i64::from(i32::from_le_bytes(*distance)));
                let Some(distance) = distance else { break };
                let addr = segment.vaddr.0.wrapping_add(at as u64);
                let behind = addr.wrapping_add(CALL_BYTES as u64);
                if behind.wrapping_add_signed(distance) == target.0 {
                    found.push(LinkAddr(addr));
                }
            }
        }
        found
    }
}

/// Calls of these do not come back: of those that the compiler makes (`cmd/compile/internal/ssagen`), by the beginnings of
/// their names.
const NO_RETURN: [&str; 4] = ["runtime.gopanic", "runtime.panic", "runtime.goPanic", "runtime.throw"];
/// This one does.
const RETURNS: &str = "runtime.panicCheck";

impl Surroundings for Binary {
    fn pointer_at(&self, addr: u64) -> Option<u64> {
        Binary::pointer_at(self, LinkAddr(addr))
    }

    fn never_returns(&self, addr: u64) -> bool {
        let name = self.pclntab().and_then(|table| {
            let func = table.find(LinkAddr(addr)).filter(|func| func.addr.0 == addr)?;
            table.name(func)
        });
        name.is_some_and(|name| {
            NO_RETURN.iter().any(|start| name.starts_with(start)) && !name.starts_with(RETURNS)
        })
    }
}

/// The place of a probe on an atomic instruction.
pub(super) fn place(
    binary: &Binary,
    function: &Function,
    code: &Code<'_>,
    atomic: Atomic,
) -> Result<AtomicSite, Reason> {
    let Some(at) = code.all().get(atomic.site) else {
        return Err(unprobeable(function, function.addr, "it ends behind the atomic instruction"));
    };
    let site = code.site(at, SiteKind::Inside, EntryCondition::Always)?;
    Ok(AtomicSite {
        function: function.clone(),
        site,
        base: atomic.base,
        displacement: atomic.displacement,
        fast: atomic.fast,
        depth: binary.stack_depth(site.addr).unwrap_or(0),
    })
}
