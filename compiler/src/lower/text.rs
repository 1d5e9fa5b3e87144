//! Comparing and searching text in the script's own memory.

use super::builder::Builder;
use super::memory::LENGTH;
use crate::artifact::Type;
use crate::ir::{BinOp, BlockId, Cond, Operand, Size, SlotId, VReg};
use crate::resolve::typed::{Expr, ExprKind};

/// Bytes in the script's own memory.
#[derive(Clone, Copy)]
struct Text {
    base: VReg,
    offset: u32,
    /// How many there can be.
    max: u32,
}

impl Builder<'_> {
    fn text(&mut self, expr: &Expr) -> Text {
        let (base, offset, ty) = self.memory(expr);
        match ty {
            Type::Str { max } | Type::Buf { max } => Text { base, offset: offset + LENGTH, max },
            Type::C(ty) => Text { base, offset, max: ty.size() },
            other => Text { base, offset, max: other.size() },
        }
    }

    /// The length of a string, at most what is kept of it.
    fn text_len(&mut self, text: Text) -> VReg {
        let len = self.load(text.base, text.offset - LENGTH, Size::B4);
        let len = self.copy(len.into());
        let most = Operand::Imm(i64::from(text.max));
        self.when(Cond::Gt, len.into(), most, |b| b.set(len, most));
        len
    }

    /// A byte of a text; 0 behind its end. The index is below `bound`.
    fn byte(&mut self, text: Text, index: VReg, bound: u32) -> VReg {
        let load = |b: &mut Self| {
            let place = b.bin(BinOp::Add, text.base.into(), index.into());
            b.load(place, text.offset, Size::B1)
        };
        if bound <= text.max {
            return load(self);
        }
        let value = self.copy(Operand::Imm(0));
        self.when(Cond::Lt, index.into(), Operand::Imm(i64::from(text.max)), |b| {
            let read = load(b);
            b.set(value, read.into());
        });
        value
    }

    /// A byte of a text; leaves for `out` where the index is not within it.
    fn checked_byte(&mut self, text: Text, index: VReg, out: BlockId) -> VReg {
        let inside = self.new_block();
        self.branch(Cond::Lt, index.into(), Operand::Imm(i64::from(text.max)), inside, out);
        self.switch_to(inside);
        let place = self.bin(BinOp::Add, text.base.into(), index.into());
        self.load(place, text.offset, Size::B1)
    }

    /// `memcmp`: the difference of the first two bytes that differ; `strncmp`: 1 where some differ, and
    /// strings end at a 0.
    pub(super) fn compare_text(&mut self, a: &Expr, b: &Expr, most: u32, whole: bool) -> VReg {
        let (a, b) = (self.text(a), self.text(b));
        let result = self.copy(Operand::Imm(0));
        // Behind both there are only zeros.
        let bound = most.min(a.max.max(b.max));
        self.counted(bound, 16, |s, index, out| {
            let (x, y) = (s.byte(a, index, bound), s.byte(b, index, bound));
            let difference = s.bin(BinOp::Sub, x.into(), y.into());
            let go_on = s.new_block();
            if whole {
                s.set(result, difference.into());
                s.branch(Cond::Eq, difference.into(), Operand::Imm(0), go_on, out);
            } else {
                let differ = s.new_block();
                s.branch(Cond::Eq, difference.into(), Operand::Imm(0), go_on, differ);
                s.switch_to(differ);
                s.set(result, Operand::Imm(1));
                s.jump(out);
            }
            s.switch_to(go_on);
            if !whole {
                let more = s.new_block();
                s.branch(Cond::Ne, x.into(), Operand::Imm(0), more, out);
                s.switch_to(more);
            }
        });
        result
    }

    /// `strcontains` and `strstr`
    pub(super) fn find_text(&mut self, text: &Expr, part: &Expr, position: bool) -> VReg {
        let known = match &part.kind {
            ExprKind::Str(bytes) => Some(bytes.len() as u32),
            _ => None,
        };
        let (text, part) = (self.text(text), self.text(part));
        let text_len = self.text_len(text);
        let part_len = match known {
            Some(len) => self.copy(Operand::Imm(i64::from(len))),
            None => self.text_len(part),
        };
        let found = self.copy(Operand::Imm(if position { -1 } else { 0 }));
        let part_bound = known.unwrap_or(part.max);
        let (start, index) = (self.copy(Operand::Imm(0)), self.copy(Operand::Imm(0)));
        let steps = (text.max + 1).saturating_mul(part_bound + 1);
        // One loop and not two: the verifier sees its end sooner.
        self.repeated(steps, 24, &[start, index], |s, out| {
            // The rest of the text is long enough for the part.
            let end = s.bin(BinOp::Add, start.into(), part_len.into());
            let (fits, compare, found_it) = (s.new_block(), s.new_block(), s.new_block());
            s.branch(Cond::Le, end.into(), text_len.into(), fits, out);
            s.switch_to(fits);
            s.branch(Cond::Lt, index.into(), part_len.into(), compare, found_it);
            s.switch_to(found_it);
            s.set(found, if position { start.into() } else { Operand::Imm(1) });
            s.jump(out);
            s.switch_to(compare);
            let at = s.bin(BinOp::Add, start.into(), index.into());
            let (x, y) = (s.checked_byte(text, at, out), s.checked_byte(part, index, out));
            let (same, other, next) = (s.new_block(), s.new_block(), s.new_block());
            s.branch(Cond::Eq, x.into(), y.into(), same, other);
            s.switch_to(same);
            let more = s.bin(BinOp::Add, index.into(), Operand::Imm(1));
            s.set(index, more.into());
            s.jump(next);
            s.switch_to(other);
            let more = s.bin(BinOp::Add, start.into(), Operand::Imm(1));
            s.set(start, more.into());
            s.set(index, Operand::Imm(0));
            s.jump(next);
            s.switch_to(next);
        });
        found
    }

    /// Writes the text of a `char` array in the script's own memory, up to its first 0.
    pub(super) fn write_chars(&mut self, array: &Expr, slot: SlotId, offset: u32, ty: &Type) {
        self.zero(slot, offset, ty.size());
        let (base, from, source) = self.memory(array);
        let limit = match source {
            Type::C(array) => array.size(),
            other => other.size(),
        };
        let addr = self.bin(BinOp::Add, base.into(), Operand::Imm(i64::from(from)));
        let limit = self.copy(Operand::Imm(i64::from(limit)));
        self.c_string(addr.into(), true, Some(limit.into()), slot, offset, ty, None);
    }
}
