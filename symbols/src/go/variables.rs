//! The runtime's own variables: by the symbol table, and in stripped files by the code that uses them.

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::error::Reason;
use crate::evidence::{Evidence, Evidenced};
use crate::insn::flow::Decoded;
use crate::insn::operands::{How, Reference};

/// Bytes of a pointer, and of each word of a slice.
const WORD: u64 = 8;

/// A variable of the runtime that gprobe reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuntimeVariable {
    /// `runtime.g0`, the first thread's g that runs the scheduler.
    G0,
    /// `runtime.m0`, the first thread's M.
    M0,
    /// `runtime.allgs`, a slice of pointers to every g there ever was.
    Allgs,
    /// `runtime.allm`, a pointer to the newest M, and through `alllink` to all others.
    Allm,
}

impl RuntimeVariable {
    /// Its name, as Go's source has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::G0 => "runtime.g0",
            Self::M0 => "runtime.m0",
            Self::Allgs => "runtime.allgs",
            Self::Allm => "runtime.allm",
        }
    }
}

impl Binary {
    /// Where a variable of the runtime is.
    ///
    /// # Errors
    /// Where it is no Go program, or neither symbols nor code tell.
    pub fn runtime_variable(&self, variable: RuntimeVariable) -> Result<Evidenced<LinkAddr>, Reason> {
        self.go_version().ok_or(Reason::NotGo)?;
        if let Some(symbol) = self.variable(variable.name()) {
            return Ok(Evidenced::new(symbol.addr, Evidence::Symbols));
        }
        let by_code = match variable {
            RuntimeVariable::G0 => g0(self),
            RuntimeVariable::M0 => m0(self),
            RuntimeVariable::Allgs => allgs(self),
            RuntimeVariable::Allm => allm(self),
        };
        by_code
            .map(|addr| Evidenced::new(addr, Evidence::Disassembly))
            .ok_or_else(|| Reason::Stripped { what: format!("where {} is", variable.name()) })
    }
}

/// The variables that a function refers to, in the order of its code.
fn references(binary: &Binary, function: &str) -> Vec<Reference> {
    let bodies = binary.runtime_code(function);
    bodies.iter().flatten().filter_map(Decoded::reference).collect()
}

/// `runtime.rt0_go` (`asm_amd64.s`) first puts the bounds of the system's stack into g0.
fn g0(binary: &Binary) -> Option<LinkAddr> {
    references(binary, "runtime.rt0_go").iter().find(|it| it.how == How::Address).map(|it| it.target)
}

/// `runtime.rt0_go` makes g0 the current g, and then has it and m0 point at each other.
fn m0(binary: &Binary) -> Option<LinkAddr> {
    let references = references(binary, "runtime.rt0_go");
    let g0 = g0(binary)?;
    let last = references.iter().rposition(|it| it.target == g0)?;
    let next = references.get(last.checked_add(1)?)?;
    (next.how == How::Address).then_some(next.target)
}

/// `runtime.allgadd` (`proc.go`) appends to it: the only slice whose three words it uses.
fn allgs(binary: &Binary) -> Option<LinkAddr> {
    let references = references(binary, "runtime.allgadd");
    let uses = |addr: Option<LinkAddr>| {
        addr.is_some_and(|addr| references.iter().any(|it| it.how != How::Address && it.target == addr))
    };
    let slices = references
        .iter()
        .map(|it| it.target)
        .filter(|it| uses(it.checked_add(WORD)) && uses(it.checked_add(2 * WORD)));
    only(slices)
}

/// `runtime.mcommoninit` (`proc.go`) links the new M to the one that it points to, and takes its address
/// to have it point to the new one.
fn allm(binary: &Binary) -> Option<LinkAddr> {
    let references = references(binary, "runtime.mcommoninit");
    let loaded = references.iter().filter(|it| it.how == How::LoadsWord).map(|it| it.target);
    only(loaded.filter(|addr| references.contains(&Reference { target: *addr, how: How::Address })))
}

/// The address, where it is one and the same.
fn only(mut addrs: impl Iterator<Item = LinkAddr>) -> Option<LinkAddr> {
    let first = addrs.next()?;
    addrs.all(|addr| addr == first).then_some(first)
}
