//! Where probes on a function go.
//!
//! Go's functions begin with a check whether the stack has room; when it has not, the function starts
//! again from its first instruction after the stack has grown. A probe there would count such a call
//! twice, so the entry is the instruction behind the check: the `push rbp` that since Go 1.21 begins
//! the frame, which the kernel also emulates. Up to Go 1.20 the frame begins otherwise; there the check's
//! own conditional jump is probed, and counts where it is not about to be taken.

use std::cell::{LazyCell, OnceCell};

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::error::Reason;
use crate::functions::{Function, Language};
use crate::insn::flow::{Decoded, decode, instructions};
use crate::site::{EntryCondition, Site, SiteKind, Sites};

/// A check is over after so many instructions: the longest is that of huge frames.
const LONGEST_CHECK: usize = 12;
/// Bytes that hold a check and the instruction behind it, none having more than 15.
const HEAD: usize = 15 * (LONGEST_CHECK + 2);
/// Returns and tail jumps of one function.
const MOST_EXITS: usize = 1 << 16;
/// Bytes of a function whose instructions are kept, which take fifty times as much.
const MOST_KEPT: usize = 1 << 20;
/// Larger functions are not looked into.
const MAX_BYTES: u64 = 4 << 20;

/// A function's instructions.
pub(crate) struct Code<'a> {
    binary: &'a Binary,
    function: &'a Function,
    bytes: &'a [u8],
    head: Vec<Decoded<'a>>,
    all: OnceCell<Vec<Decoded<'a>>>,
}

impl<'a> Code<'a> {
    /// Decodes the first ones.
    pub(crate) fn of(binary: &'a Binary, function: &'a Function) -> Result<Self, Reason> {
        let size = usize::try_from(function.size.min(MAX_BYTES)).unwrap_or(0);
        let bytes = binary
            .bytes_at(function.addr, size)
            .ok_or_else(|| unprobeable(function, function.addr, "its code is not in the file"))?;
        let head = decode(bytes.get(..HEAD).unwrap_or(bytes), function.addr.0);
        Ok(Self { binary, function, bytes, head, all: OnceCell::new() })
    }

    /// All of them, kept; of a very large function only the first.
    pub(crate) fn all(&self) -> &[Decoded<'a>] {
        let kept = self.bytes.get(..MOST_KEPT).unwrap_or(self.bytes);
        self.all.get_or_init(|| decode(kept, self.function.addr.0))
    }

    /// One after the other.
    fn instructions(&self) -> impl Iterator<Item = Decoded<'a>> {
        instructions(self.bytes, self.function.addr.0)
    }

    /// A probe at one of them.
    pub(crate) fn site(
        &self,
        at: &Decoded<'_>,
        kind: SiteKind,
        condition: EntryCondition,
    ) -> Result<Site, Reason> {
        let addr = LinkAddr(at.addr());
        if let Some(why) = at.refused() {
            return Err(unprobeable(self.function, addr, why));
        }
        let offset = self
            .binary
            .file_offset(addr)
            .ok_or_else(|| unprobeable(self.function, addr, "it is not in the file"))?;
        Ok(Site { addr, offset, cost: at.cost(), condition, kind })
    }

    /// Where the function is entered, once per call.
    pub(crate) fn entry(&self) -> Result<Site, Reason> {
        let function = self.function;
        let (mut entry, mut condition) = entry(&self.head, function.language)
            .ok_or_else(|| unprobeable(function, function.addr, "its first bytes are no instruction"))?;
        // Go's own table must agree that the frame has not begun: the return address is on top.
        let delta = self
            .binary
            .pclntab()
            .and_then(|table| table.stack_delta(table.find(function.addr)?, LinkAddr(entry.addr())));
        if delta.is_some_and(|delta| delta != 0)
            && let Some(first) = self.head.first()
        {
            (entry, condition) = (first, EntryCondition::Always);
        }
        self.site(entry, SiteKind::Entry, condition)
    }

    /// Where the stack is grown, behind the function's body; `None` where it never is.
    pub(crate) fn growth(&self) -> Option<LinkAddr> {
        stack_check(&self.head).and_then(|(_, jump)| jump.branch_target()).map(LinkAddr)
    }
}

/// That a place of a function can't be probed.
pub(super) fn unprobeable(function: &Function, addr: LinkAddr, why: &str) -> Reason {
    Reason::Unprobeable { function: function.name.clone(), addr, why: why.to_owned() }
}

/// The sites of a function.
pub(crate) fn sites(binary: &Binary, function: &Function) -> Result<Sites, Reason> {
    let code = Code::of(binary, function)?;
    let mut sites =
        Sites { entry: code.entry()?, returns: Vec::new(), tail_jumps: Vec::new(), calls: Vec::new() };
    let site = |at: &Decoded<'_>, kind| code.site(at, kind, EntryCondition::Always);
    let has_ret = LazyCell::new(|| code.instructions().any(|at| at.is_ret()));
    for at in &mut code.instructions() {
        let at = &at;
        if at.is_ret() {
            sites.returns.push(site(at, SiteKind::Return)?);
        } else if let Some(target) = at.call_target() {
            sites.calls.extend(site(at, SiteKind::Call { target: LinkAddr(target) }));
        } else if let Some(target) = at.jump_target() {
            let target = LinkAddr(target);
            if !function.contains(target) {
                sites.tail_jumps.push(site(at, SiteKind::TailJump { target: Some(target) })?);
            }
        } else if at.is_indirect_jump() && is_register_jump(at) && !*has_ret {
            sites.tail_jumps.push(site(at, SiteKind::TailJump { target: None })?);
        }
        if sites.returns.len().saturating_add(sites.tail_jumps.len()) > MOST_EXITS {
            return Err(unprobeable(function, function.addr, "it is left at too many places"));
        }
    }
    Ok(sites)
}

/// The instruction that stands for the entry.
fn entry<'c, 'b>(code: &'c [Decoded<'b>], language: Language) -> Option<(&'c Decoded<'b>, EntryCondition)> {
    let first = code.first()?;
    let at_first = Some((first, EntryCondition::Always));
    if language == Language::C {
        // Behind the landing pad of indirect branches comes what may be cheap.
        return match code.get(1) {
            Some(second) if first.is_endbr() && second.is_push_rbp() => {
                Some((second, EntryCondition::Always))
            }
            _ => at_first,
        };
    }
    let Some((index, jump)) = stack_check(code) else { return at_first };
    let body = code.get(index.checked_add(1)?)?;
    Some(if body.is_push_rbp() {
        (body, EntryCondition::Always)
    } else {
        (jump, EntryCondition::UnlessBranchTaken)
    })
}

/// The jump that ends the stack check, with its index: the last conditional one that leads past the
/// function's frame, forward to where the stack is grown; nothing before it moves the stack pointer.
fn stack_check<'c, 'b>(code: &'c [Decoded<'b>]) -> Option<(usize, &'c Decoded<'b>)> {
    let mut checked = false;
    for (index, at) in code.iter().enumerate().take(LONGEST_CHECK) {
        if checked && at.is_below_or_equal() && at.branch_target().is_some_and(|to| to > at.addr()) {
            return Some((index, at));
        }
        if at.is_stack_check() {
            checked = true;
            continue;
        }
        if checked || at.moves_stack_pointer() || at.is_ret() || at.call_target().is_some() {
            break;
        }
    }
    None
}

/// Whether an indirect jump can leave the function: Go's tables of jumps lead within, and index memory
/// by a register; a tail jump goes through a register that was loaded from a method table, as the
/// last instruction of a wrapper, which has no return.
fn is_register_jump(at: &Decoded<'_>) -> bool {
    at.insn.op_count() == 1 && at.insn.op0_kind() == iced_x86::OpKind::Register
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_of(bytes: &[u8], language: Language) -> (u64, EntryCondition) {
        let code = decode(bytes, 0);
        let (at, condition) = entry(&code, language).unwrap();
        (at.addr(), condition)
    }

    #[test]
    fn the_push_behind_the_stack_check_is_the_entry() {
        // cmp rsp, [r14+16]; jbe +9; push rbp; mov rbp, rsp; pop rbp; ret
        let code = [0x49, 0x3b, 0x66, 0x10, 0x76, 0x09, 0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3];
        assert_eq!(entry_of(&code, Language::Go), (6, EntryCondition::Always));
    }

    #[test]
    fn without_a_push_the_checks_jump_is_the_entry() {
        // cmp rsp, [r14+16]; jbe +9; sub rsp, 8; ret
        let code = [0x49, 0x3b, 0x66, 0x10, 0x76, 0x09, 0x48, 0x83, 0xec, 0x08, 0xc3];
        assert_eq!(entry_of(&code, Language::Go), (4, EntryCondition::UnlessBranchTaken));
    }

    #[test]
    fn a_large_frame_is_checked_with_a_lowered_copy() {
        // lea r12, [rsp-0x80]; cmp r12, [r14+16]; jbe +4; push rbp; ret
        let code = [0x4c, 0x8d, 0x64, 0x24, 0x80, 0x4d, 0x3b, 0x66, 0x10, 0x76, 0x04, 0x55, 0xc3];
        assert_eq!(entry_of(&code, Language::Go), (11, EntryCondition::Always));
    }

    #[test]
    fn a_function_without_a_check_is_entered_at_its_start() {
        assert_eq!(
            entry_of(&[0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3], Language::Go),
            (0, EntryCondition::Always)
        );
        assert_eq!(entry_of(&[0x48, 0x01, 0xd8, 0xc3], Language::Go), (0, EntryCondition::Always));
    }

    #[test]
    fn c_code_with_a_landing_pad_is_entered_behind_it() {
        assert_eq!(entry_of(&[0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0xc3], Language::C), (4, EntryCondition::Always));
        assert_eq!(
            entry_of(&[0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xc0, 0xc3], Language::C),
            (0, EntryCondition::Always)
        );
    }
}
