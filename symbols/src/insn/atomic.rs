//! Atomic instructions, and what is decided by how they went: `lock cmpxchg`, `sete`, `test`, `jne` past the call.
//!
//! The kernel takes no probe on an instruction with a lock prefix. The conditional jump behind it stands for it where
//! nothing else leads there: it runs as often, the address is still in its register, and the kernel emulates
//! it. Else the instruction right behind the atomic one does, which costs a single step.

use std::collections::HashMap;

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};

use super::flags::{Condition, FlagTest};
use super::flow::Decoded;
use super::x64::X64Reg;

/// Instructions from the jump to the call at most: values are kept on the stack, and arguments put in place.
const LONGEST_WAY: usize = 24;
/// Instructions from the atomic one to the jump at most.
const LONGEST_ASKING: usize = 12;
/// Instructions from what sets a register to what uses it.
const NEAR: usize = 8;
/// Words of a table that are read.
const LONGEST_TABLE: usize = 4096;
/// Words of all tables of a function.
const MOST_WORDS: usize = 1 << 16;

/// A function's instructions, and which of them lead where.
pub(crate) struct Graph<'c, 'b> {
    code: &'c [Decoded<'b>],
    around: &'c dyn Surroundings,
    /// For each instruction that is jumped to, those that do: the last, and how many.
    jumps: HashMap<u64, (usize, usize)>,
    /// Whether some jump leads nobody knows where.
    is_open: bool,
    /// How many more words of tables are read.
    words: usize,
}

/// What instructions lead to that does not stand in them.
pub(crate) trait Surroundings {
    /// The pointer at an address of the file.
    fn pointer_at(&self, addr: u64) -> Option<u64>;
    /// Whether calls of the function at an address never come back.
    fn never_returns(&self, addr: u64) -> bool;
}

/// An atomic instruction, and where a probe stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Atomic {
    /// Index of the instruction that is probed.
    pub(crate) site: usize,
    /// The register that the operand's address is in; [`X64Reg::RIP`] is the address of the probed instruction.
    pub(crate) base: X64Reg,
    /// Bytes from there to the operand.
    pub(crate) displacement: i64,
    /// Flags at the probed instruction where the atomic one did what it was to do.
    pub(crate) fast: FlagTest,
}

/// Why there is none.
pub(crate) const MANY_WAYS: &str = "its code leads to the call in more than one way";
const NO_ATOMIC: &str = "no atomic instruction decides about the call";
const UNKNOWN_TEST: &str = "what the jump behind the atomic instruction asks is not understood";
const NO_ADDRESS: &str = "the atomic instruction's address is not in a register that keeps it";
const JOINED: &str = "other code leads to right behind the atomic instruction";

impl<'c, 'b> Graph<'c, 'b> {
    pub(crate) fn of(code: &'c [Decoded<'b>], around: &'c dyn Surroundings) -> Self {
        let mut graph = Self { code, around, jumps: HashMap::new(), is_open: false, words: MOST_WORDS };
        for (index, at) in code.iter().enumerate() {
            if let Some(target) = at.branch_target().or_else(|| at.jump_target()) {
                graph.add_jump(index, target);
            } else if at.is_indirect_jump() {
                graph.add_table(index);
            }
        }
        graph
    }

    fn add_jump(&mut self, index: usize, target: u64) {
        let known = self.jumps.entry(target).or_default();
        *known = (index, known.1.saturating_add(1));
    }

    /// Adds where a `switch` leads: `lea table(rip), r; jmp (r)(n*8)`, the table's words being places of the
    /// function (`cmd/compile/internal/ssa`, `BlockJumpTable`).
    fn add_table(&mut self, index: usize) {
        let Some(targets) = self.table(index) else {
            self.is_open = true;
            return;
        };
        self.words = self.words.saturating_sub(targets.len());
        for target in targets {
            self.add_jump(index, target);
        }
    }

    fn table(&self, index: usize) -> Option<Vec<u64>> {
        let jump = &self.code.get(index)?.insn;
        let indexed = jump.op0_kind() == OpKind::Memory
            && jump.memory_index_scale() == 8
            && jump.memory_index() != Register::None
            && jump.memory_displacement64() == 0;
        indexed.then_some(())?;
        let before = self.code.get(index.saturating_sub(NEAR)..index)?;
        let mut info = InstructionInfoFactory::new();
        let setter = before.iter().rev().find(|at| writes(&mut info, &at.insn, jump.memory_base()))?;
        (setter.insn.mnemonic() == Mnemonic::Lea && setter.insn.is_ip_rel_memory_operand()).then_some(())?;
        let table = setter.insn.ip_rel_memory_address();
        // Another one may follow: what it leads to does no harm here.
        let most = LONGEST_TABLE.min(self.words);
        let words = (0u64..).take(most).map_while(|number| {
            let target = self.around.pointer_at(table.checked_add(number.checked_mul(8)?)?)?;
            self.index_of(target).map(|_| target)
        });
        let targets: Vec<u64> = words.collect();
        (!targets.is_empty() && targets.len() < most).then_some(targets)
    }

    /// The index of the instruction at an address.
    pub(crate) fn index_of(&self, addr: u64) -> Option<usize> {
        self.code.binary_search_by_key(&addr, Decoded::addr).ok()
    }

    fn is_jumped_to(&self, index: usize) -> bool {
        self.code.get(index).is_some_and(|at| self.jumps.contains_key(&at.addr()))
    }

    /// The only instruction that one runs behind, and whether by a jump.
    fn before(&self, index: usize) -> Option<(usize, bool)> {
        let at = self.code.get(index)?;
        let previous = index.checked_sub(1).filter(|previous| {
            self.code.get(*previous).is_some_and(|at| {
                runs_on(&at.insn) && !at.call_target().is_some_and(|to| self.around.never_returns(to))
            })
        });
        match (self.jumps.get(&at.addr()), previous) {
            (None, Some(previous)) => Some((previous, false)),
            (Some((jump, 1)), None) => Some((*jump, true)),
            _ => None,
        }
    }

    /// The atomic instruction that decides whether a call is made.
    pub(crate) fn guard(&self, call: usize) -> Result<Atomic, &'static str> {
        let mut at = call;
        for _ in 0..LONGEST_WAY {
            let (before, jumped) = self.before(at).ok_or(MANY_WAYS)?;
            let decoded = self.code.get(before).ok_or(NO_ATOMIC)?;
            if decoded.branch_target().is_some() {
                let taken = FlagTest::of(&decoded.insn).ok_or(UNKNOWN_TEST)?;
                // The call is on the other side.
                return self.decided(before, if jumped { taken.not() } else { taken });
            }
            if is_call(&decoded.insn) {
                return Err(NO_ATOMIC);
            }
            at = before;
        }
        Err(NO_ATOMIC)
    }

    /// The atomic instruction before a conditional jump.
    fn decided(&self, jump: usize, fast: FlagTest) -> Result<Atomic, &'static str> {
        let first = jump.saturating_sub(LONGEST_ASKING);
        for index in (first..jump).rev() {
            let at = self.code.get(index).ok_or(NO_ATOMIC)?;
            if at.is_atomic() {
                return self.atomic(index, jump, fast);
            }
            if at.insn.flow_control() != FlowControl::Next {
                return Err(NO_ATOMIC);
            }
        }
        Err(NO_ATOMIC)
    }

    fn atomic(&self, index: usize, jump: usize, fast: FlagTest) -> Result<Atomic, &'static str> {
        let behind = index.checked_add(1).ok_or(NO_ATOMIC)?;
        let joined = (behind..=jump).any(|at| self.is_jumped_to(at));
        if !joined
            && !self.is_open
            && let Some(found) = self.at(index, jump, fast)
        {
            return Ok(found);
        }
        if self.is_jumped_to(behind) {
            return Err(JOINED);
        }
        let fast = self.asked(index, jump, fast).ok_or(if joined { JOINED } else { UNKNOWN_TEST })?;
        self.at(index, behind, fast).ok_or(NO_ADDRESS)
    }

    /// Whether a compare and swap is of a value that was read before, and not of a constant.
    pub(crate) fn is_of_what_was_read(&self, index: usize) -> bool {
        let first = index.saturating_sub(NEAR);
        let mut info = InstructionInfoFactory::new();
        let before = self.code.get(first..index).unwrap_or_default();
        let before = before.iter().rev().take_while(|at| at.insn.flow_control() == FlowControl::Next);
        let setter = before.map(|at| at.insn).find(|insn| writes(&mut info, insn, Register::RAX));
        !setter.is_some_and(|insn| match insn.mnemonic() {
            Mnemonic::Xor => true,
            Mnemonic::Mov => !matches!(insn.op1_kind(), OpKind::Register | OpKind::Memory),
            _ => false,
        })
    }

    /// A compare and swap, whatever is done with its result.
    pub(crate) fn swap(&self, index: usize) -> Result<Atomic, &'static str> {
        let swapped = FlagTest::new(Condition::Equal, true);
        let behind = index.checked_add(1).ok_or(NO_ADDRESS)?;
        if self.is_jumped_to(behind) {
            return Err(JOINED);
        }
        let asking = self.code.iter().enumerate().skip(behind).take(LONGEST_ASKING);
        let jump =
            asking.take_while(|(at, _)| !self.is_jumped_to(*at)).find(|(_, at)| at.branch_target().is_some());
        if let Some((jump, at)) = jump
            && !self.is_open
            && let Some(taken) = FlagTest::of(&at.insn)
        {
            // Whichever way of the jump is that of the swap.
            for fast in [taken, taken.not()] {
                if self.asked(index, jump, fast) == Some(swapped)
                    && let Some(found) = self.at(index, jump, fast)
                {
                    return Ok(found);
                }
            }
        }
        self.at(index, behind, swapped).ok_or(NO_ADDRESS)
    }

    /// What the probed instruction finds of an atomic one, where the address is still in its register.
    fn at(&self, index: usize, site: usize, fast: FlagTest) -> Option<Atomic> {
        let atomic = self.code.get(index)?;
        let (base, displacement) = atomic.operand(self.code.get(site)?.addr())?;
        let mut info = InstructionInfoFactory::new();
        let between = self.code.get(index..site)?;
        let kept = between.iter().all(|at| !writes(&mut info, &at.insn, base));
        kept.then_some(())?;
        Some(Atomic { site, base: register(base)?, displacement, fast })
    }

    /// What the flags that the atomic instruction leaves say where those of the jump behind it say `fast`.
    fn asked(&self, index: usize, jump: usize, fast: FlagTest) -> Option<FlagTest> {
        let atomic = &self.code.get(index)?.insn;
        let between = self.code.get(index.checked_add(1)?..jump)?;
        // Without optimisation, the result is kept in memory before it is asked.
        let is_store =
            |insn: &Instruction| insn.mnemonic() == Mnemonic::Mov && insn.op0_kind() == OpKind::Memory;
        let asking = between.iter().map(|at| &at.insn);
        let mut asking = asking.filter(|insn| insn.mnemonic() != Mnemonic::Nop && !is_store(insn));
        let plain = |insn: &Instruction| (insn.op0_kind() == OpKind::Register).then(|| insn.op0_register());
        match atomic.mnemonic() {
            Mnemonic::Cmpxchg => {
                let Some(set) = asking.next() else { return Some(fast) };
                let test = asking.next()?;
                let same = set.mnemonic() == Mnemonic::Sete
                    && is_test_of(test, plain(set)?)
                    && asking.next().is_none()
                    && fast.condition == Condition::Equal;
                // The byte is 0 where they were not equal.
                same.then(|| fast.not())
            }
            Mnemonic::Xadd => {
                // The flags are those of the sum, which is made once more to be asked.
                let sum = asking.next()?;
                let old = atomic.op1_register().full_register();
                let own = matches!(sum.mnemonic(), Mnemonic::Inc | Mnemonic::Dec | Mnemonic::Add)
                    && plain(sum)?.full_register() == old;
                // Into another register, which leaves the flags alone.
                let other = sum.mnemonic() == Mnemonic::Lea
                    && sum.memory_base().full_register() == old
                    && sum.memory_index() == Register::None;
                (own || other).then_some(())?;
                match (asking.next(), fast.condition) {
                    (None, _) if other => Some(fast).filter(|fast| fast.condition == Condition::Equal),
                    (None, Condition::Equal | Condition::Negative | Condition::Less) => Some(fast),
                    (Some(test), condition) if is_test_of(test, plain(sum)?) && asking.next().is_none() => {
                        match condition {
                            Condition::Equal | Condition::Negative => Some(fast),
                            // `test` clears OF, so that this asks for the sign.
                            Condition::Less => Some(FlagTest { condition: Condition::Negative, ..fast }),
                            _ => None,
                        }
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Decoded<'_> {
    /// Whether it reads and writes memory in one step.
    pub(crate) fn is_atomic(&self) -> bool {
        let exchange = self.insn.mnemonic() == Mnemonic::Xchg && self.insn.op0_kind() == OpKind::Memory;
        self.insn.has_lock_prefix() || exchange
    }

    pub(crate) fn is_compare_and_swap(&self) -> bool {
        self.insn.has_lock_prefix() && self.insn.mnemonic() == Mnemonic::Cmpxchg
    }

    /// The register that the address of its memory is in, and bytes from there; seen from a probe at `site`.
    fn operand(&self, site: u64) -> Option<(Register, i64)> {
        let insn = &self.insn;
        if insn.is_ip_rel_memory_operand() {
            return Some((Register::RIP, insn.ip_rel_memory_address().wrapping_sub(site).cast_signed()));
        }
        let plain = insn.memory_index() == Register::None
            && insn.segment_prefix() == Register::None
            && insn.memory_base().is_gpr64();
        plain.then(|| (insn.memory_base(), insn.memory_displacement64().cast_signed()))
    }
}

/// Whether the next instruction may run behind it.
fn runs_on(insn: &Instruction) -> bool {
    !matches!(
        insn.flow_control(),
        FlowControl::Return
            | FlowControl::UnconditionalBranch
            | FlowControl::IndirectBranch
            | FlowControl::Exception
    )
}

fn is_call(insn: &Instruction) -> bool {
    matches!(insn.flow_control(), FlowControl::Call | FlowControl::IndirectCall)
}

/// `test r, r`
fn is_test_of(insn: &Instruction, register: Register) -> bool {
    insn.mnemonic() == Mnemonic::Test
        && [insn.op0_kind(), insn.op1_kind()] == [OpKind::Register; 2]
        && insn.op0_register() == register
        && insn.op1_register() == register
}

/// Whether an instruction may write a register.
fn writes(info: &mut InstructionInfoFactory, insn: &Instruction, register: Register) -> bool {
    let is_read = |access: OpAccess| {
        matches!(access, OpAccess::None | OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess)
    };
    let used = info.info(insn).used_registers();
    used.iter().any(|used| used.register().full_register() == register && !is_read(used.access()))
}

/// A register by the number that iced has for it: in the order of machine code.
fn register(register: Register) -> Option<X64Reg> {
    const ORDER: [X64Reg; 16] = [
        X64Reg::RAX,
        X64Reg::RCX,
        X64Reg::RDX,
        X64Reg::RBX,
        X64Reg::RSP,
        X64Reg::RBP,
        X64Reg::RSI,
        X64Reg::RDI,
        X64Reg::R8,
        X64Reg::R9,
        X64Reg::R10,
        X64Reg::R11,
        X64Reg::R12,
        X64Reg::R13,
        X64Reg::R14,
        X64Reg::R15,
    ];
    match register {
        Register::RIP => Some(X64Reg::RIP),
        register => ORDER.get(register.number()).copied().filter(|_| register.is_gpr64()),
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test has nothing better to do than to stop")]
mod tests;
