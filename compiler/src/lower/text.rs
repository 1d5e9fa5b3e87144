//! Comparing and searching text in the script's own memory.

use super::builder::Builder;
use super::memory::LENGTH;
use crate::artifact::Type;
use crate::ir::{BinOp, Cond, Operand, Size, VReg};
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

    /// `strncmp` and `memcmp`: the difference of the first two bytes that differ; strings end at a 0.
    pub(super) fn compare_text(&mut self, a: &Expr, b: &Expr, most: u32, whole: bool) -> VReg {
        let (a, b) = (self.text(a), self.text(b));
        let result = self.copy(Operand::Imm(0));
        // Behind both there are only zeros.
        let bound = most.min(a.max.max(b.max));
        self.counted(bound, 16, |s, index, out| {
            let (x, y) = (s.byte(a, index, bound), s.byte(b, index, bound));
            let difference = s.bin(BinOp::Sub, x.into(), y.into());
            s.set(result, difference.into());
            let go_on = s.new_block();
            s.branch(Cond::Eq, difference.into(), Operand::Imm(0), go_on, out);
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
        let starts = text.max + 1;
        self.counted(starts, part_bound.saturating_mul(16).max(8), |s, start, out| {
            // The rest of the text is long enough for the part.
            let end = s.bin(BinOp::Add, start.into(), part_len.into());
            let fits = s.new_block();
            s.branch(Cond::Le, end.into(), text_len.into(), fits, out);
            s.switch_to(fits);
            let (next, matched) = (s.new_block(), s.new_block());
            s.counted(part_bound, 16, |s, index, _| {
                let inside = s.new_block();
                s.branch(Cond::Lt, index.into(), part_len.into(), inside, matched);
                s.switch_to(inside);
                let at = s.bin(BinOp::Add, start.into(), index.into());
                let x = s.byte(text, at, text.max + 1);
                let y = s.byte(part, index, part_bound);
                let same = s.new_block();
                s.branch(Cond::Eq, x.into(), y.into(), same, next);
                s.switch_to(same);
            });
            s.jump(matched);
            s.switch_to(matched);
            s.set(found, if position { start.into() } else { Operand::Imm(1) });
            s.jump(out);
            s.switch_to(next);
        });
        found
    }
}
