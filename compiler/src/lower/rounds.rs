//! Loops that the compiler writes of its own, and numbers that the kernel's verifier does not know.

use super::builder::Builder;
use super::goroutine::Known;
use crate::ir::{BinOp, BlockId, Cond, Helper, Operand, Terminator, VReg};

/// Loops of more instructions than this are not followed round by round by the kernel's verifier.
const MOST_FOLLOWED: u64 = 600;

impl Builder<'_> {
    /// A number that is 0, though the kernel's verifier does not know it: loops that start from it are
    /// not followed round by round.
    pub(super) fn opaque_zero(&mut self) -> VReg {
        // A number of 32 bits in a register of 64. Anew each time: what the verifier learns of one copy of
        // a number it knows of all.
        let random = self.random();
        let zero = self.bin(BinOp::Shr, random.into(), Operand::Imm(32));
        // Of which it does not even know a bit.
        self.bin(BinOp::Mul, zero.into(), Operand::Imm(0x1_0000_0001))
    }

    /// Makes the verifier forget what it has learned of a number: else it would follow a loop that a
    /// comparison taught it the round of, round by round from there.
    pub(super) fn forget(&mut self, reg: VReg) {
        let zero = self.opaque_zero();
        let same = self.bin(BinOp::Add, reg.into(), zero.into());
        self.set(reg, same.into());
    }

    /// The same number wherever it is asked for.
    pub(super) fn random(&mut self) -> VReg {
        if let Some(&known) = self.function.known.get(&Known::Random) {
            return known;
        }
        let random = self.call(Helper::GetPrandomU32, Vec::new());
        self.function.known.insert(Known::Random, random);
        random
    }

    /// Runs `body` with 0, 1, ... below `n`; it may jump to the block it is given, to end the loop.
    /// `cost` is about how many instructions a round has.
    pub(super) fn counted(&mut self, n: u32, cost: u32, body: impl FnOnce(&mut Self, VReg, BlockId)) {
        let index = self.copy(Operand::Imm(0));
        self.repeated(n, cost, &[index], |b, out| {
            let round = b.new_block();
            b.branch(Cond::Lt, index.into(), Operand::Imm(i64::from(n)), round, out);
            b.switch_to(round);
            body(b, index, out);
            let next = b.bin(BinOp::Add, index.into(), Operand::Imm(1));
            b.set(index, next.into());
        });
    }

    /// Runs `body` again and again until it jumps to the block it is given, which it does after `n` rounds
    /// at the latest; `changed` is what a round hands to the next. `cost` is about how many instructions a
    /// round has.
    pub(super) fn repeated(
        &mut self,
        n: u32,
        cost: u32,
        changed: &[VReg],
        body: impl FnOnce(&mut Self, BlockId),
    ) {
        let (head, after) = (self.new_block(), self.new_block());
        let long = u64::from(n) * u64::from(cost) > MOST_FOLLOWED;
        let budget = self.shared.kernel.may_goto && (long || self.function.nested > 0);
        if budget {
            // Before the loop, so that all rounds have it.
            self.random();
            changed.iter().for_each(|reg| self.forget(*reg));
        }
        self.jump(head);
        self.switch_to(head);
        if budget {
            let test = self.new_block();
            self.end(Terminator::MayGoto { next: test, out: after });
            self.switch_to(test);
            changed.iter().for_each(|reg| self.forget(*reg));
        }
        self.function.nested += 1;
        self.aside(|b| body(b, after));
        self.function.nested -= 1;
        self.jump(head);
        self.switch_to(after);
    }
}
