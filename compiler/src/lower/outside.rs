//! The nearest caller whose code lies behind an address.

use super::builder::Builder;
use crate::ir::{BinOp, Cond, Operand, VReg};
use crate::resolve::typed::OwnFrame;
use crate::x64;

/// Most frames that are looked at. The runtime's own are ten at most, but for an iterator that calls back.
const FRAMES: u32 = 20;

impl Builder<'_> {
    /// The first return address that is not below `end`; where all are, the last before the goroutine's start.
    pub(super) fn outside_caller(&mut self, end: u64, own: OwnFrame) -> VReg {
        let (first, frame) = if own == OwnFrame::None {
            let sp = self.context_word(x64::RSP);
            (self.read_user(sp.into(), 8, false), self.context_word(x64::RBP))
        } else {
            let own = self.frame_pointer(own);
            let place = self.bin(BinOp::Add, own.into(), Operand::Imm(8));
            (self.read_user(place.into(), 8, false), self.read_fresh(own.into()))
        };
        let (pc, frame) = (self.copy(first.into()), self.copy(frame.into()));
        let end = Operand::Imm(end.cast_signed());
        let after = self.new_block();
        for _ in 0..FRAMES {
            let (within, up) = (self.new_block(), self.new_block());
            self.branch(Cond::Lt, pc.into(), end, within, after);
            self.switch_to(within);
            // The frame of a goroutine's first function has none above it but that of its end.
            let above = self.aside(|b| b.read_fresh(frame.into()));
            self.branch(Cond::Ne, above.into(), Operand::Imm(0), up, after);
            self.switch_to(up);
            self.aside(|b| {
                let place = b.bin(BinOp::Add, frame.into(), Operand::Imm(8));
                let caller = b.read_user(place.into(), 8, false);
                b.set(pc, caller.into());
                b.set(frame, above.into());
            });
        }
        self.jump(after);
        self.switch_to(after);
        pc
    }
}
