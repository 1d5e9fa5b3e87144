//! Values that do not fit a register: strings and tuples, written where they are wanted.

use super::builder::{Builder, Home};
use super::expr::in_memory;
use crate::artifact::{Loss, Type};
use crate::builtins::Id;
use crate::ir::{BinOp, BlockId, Cond, Helper, Operand, Size, SlotId, VReg};
use crate::resolve::typed::{Expr, ExprKind};

/// Bytes of a string's length word, behind which its bytes stand.
const LENGTH: u32 = 4;

impl Builder<'_> {
    /// Writes a value of type `ty` to a slot, all of its bytes.
    pub(super) fn write(&mut self, expr: &Expr, slot: SlotId, offset: u32, ty: &Type) {
        match ty {
            Type::None => {}
            Type::Str { .. } => self.write_string(expr, slot, offset, ty),
            Type::Tuple(parts) => match &expr.kind {
                ExprKind::Tuple(values) => {
                    let mut at = offset;
                    for (value, part) in values.iter().zip(parts) {
                        self.write(value, slot, at, part);
                        at += part.size();
                    }
                }
                ExprKind::Ternary(cond, then, otherwise) => {
                    self.either(cond, |b, first| {
                        b.write(if first { then } else { otherwise }, slot, offset, ty)
                    });
                }
                ExprKind::MapGet(map, key) => self.map_get_memory(*map, key, slot, offset, ty),
                _ => {
                    let (base, from, source) = self.memory(expr);
                    self.copy_value(base, from, &source, slot, offset, ty);
                }
            },
            _ => {
                let value = self.scalar(expr);
                let base = self.slot_addr(slot, offset);
                self.store(base, 0, value, Size::B8);
            }
        }
    }

    /// Builds `side(true)` for where the condition holds, `side(false)` for where not.
    fn either(&mut self, cond: &Expr, mut side: impl FnMut(&mut Self, bool)) {
        let (yes, no, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch_on(cond, yes, no);
        for (block, first) in [(yes, true), (no, false)] {
            self.switch_to(block);
            self.aside(|b| side(b, first));
            self.jump(after);
        }
        self.switch_to(after);
    }

    /// Where a value lies: a pointer, bytes from it, and its type.
    pub(super) fn memory(&mut self, expr: &Expr) -> (VReg, u32, Type) {
        let ty = expr.ty.stored();
        match &expr.kind {
            ExprKind::Var(var) => {
                if let Home::Slot(slot) = self.home_of(*var) {
                    let declared = self.probe.vars.get(var.0 as usize).map_or(ty, |t| t.stored());
                    return (self.slot_addr(slot, 0), 0, declared);
                }
            }
            ExprKind::TupleIndex(base, index) => {
                let (pointer, offset, tuple) = self.memory(base);
                if let Type::Tuple(parts) = tuple {
                    let before: u32 = parts.iter().take(*index).map(Type::size).sum();
                    let part = parts.get(*index).cloned().unwrap_or(ty);
                    return (pointer, offset + before, part);
                }
            }
            _ => {}
        }
        let slot = self.slot(ty.size().max(8), "value");
        if ty.size() == 0 {
            self.zero(slot, 0, 8);
        }
        self.write(expr, slot, 0, &ty);
        (self.slot_addr(slot, 0), 0, ty)
    }

    /// Copies a value of type `from` to a slot as `to`, of the same shape.
    pub(super) fn copy_value(
        &mut self,
        base: VReg,
        offset: u32,
        from: &Type,
        slot: SlotId,
        to_offset: u32,
        to: &Type,
    ) {
        if let (Type::Tuple(from), Type::Tuple(to)) = (from, to) {
            let (mut at, mut to_at) = (offset, to_offset);
            for (from, to) in from.iter().zip(to) {
                self.copy_value(base, at, from, slot, to_at, to);
                at += from.size();
                to_at += to.size();
            }
            return;
        }
        let target = self.slot_addr(slot, to_offset);
        let common = from.size().min(to.size());
        for at in (0..common).step_by(8) {
            let word = self.load(base, offset + at, Size::B8);
            self.store(target, at, word.into(), Size::B8);
        }
        for at in (common..to.size()).step_by(8) {
            self.store(target, at, Operand::Imm(0), Size::B8);
        }
    }

    fn write_string(&mut self, expr: &Expr, slot: SlotId, offset: u32, ty: &Type) {
        let Type::Str { max } = *ty else { return };
        match &expr.kind {
            ExprKind::Str(bytes) => {
                let base = self.slot_addr(slot, offset);
                for (i, word) in string_words(bytes, ty).into_iter().enumerate() {
                    self.store(base, i as u32 * 8, Operand::Imm(word), Size::B8);
                }
            }
            ExprKind::GoStr { data, len } => {
                let (data, len) = (self.scalar(data), self.scalar(len));
                self.zero(slot, offset, ty.size());
                self.go_string(data, len, slot, offset, max);
            }
            ExprKind::CStr { addr, kernel, limit } => {
                let addr = self.scalar(addr);
                let limit = limit.as_ref().map(|l| self.scalar(l));
                self.zero(slot, offset, ty.size());
                self.c_string(addr, *kernel, limit, slot, offset, ty);
            }
            ExprKind::ContextStr { offset: field, data_loc } => {
                self.zero(slot, offset, ty.size());
                let context = self.context();
                let addr = if *data_loc {
                    let word = self.load(context, u32::from(*field), Size::B4);
                    let at = self.bin(BinOp::And, word.into(), Operand::Imm(0xffff));
                    self.bin(BinOp::Add, context.into(), at.into())
                } else {
                    self.bin(BinOp::Add, context.into(), Operand::Imm(i64::from(*field)))
                };
                self.c_string(addr.into(), true, None, slot, offset, ty);
            }
            ExprKind::Builtin(Id::Comm) => {
                self.zero(slot, offset, ty.size());
                let name = self.slot(16, "comm");
                self.zero(name, 0, 16);
                let to = self.slot_addr(name, 0);
                self.call(Helper::GetCurrentComm, vec![to.into(), Operand::Imm(16)]);
                let from = self.slot_addr(name, 0);
                self.c_string(from.into(), true, None, slot, offset, ty);
            }
            ExprKind::Ternary(cond, then, otherwise) => {
                self.either(cond, |b, first| {
                    b.write_string(if first { then } else { otherwise }, slot, offset, ty);
                });
            }
            ExprKind::MapGet(map, key) => self.map_get_memory(*map, key, slot, offset, ty),
            _ => {
                let (base, from, source) = self.memory(expr);
                self.copy_value(base, from, &source, slot, offset, ty);
            }
        }
    }

    /// A Go string's bytes; the area is zeroed before.
    fn go_string(&mut self, data: Operand, len: Operand, slot: SlotId, offset: u32, max: u32) {
        let base = self.slot_addr(slot, offset);
        self.store(base, 0, len, Size::B4);
        let kept = self.copy(len);
        self.when(Cond::Gt, kept.into(), Operand::Imm(i64::from(max)), |b| {
            b.set(kept, Operand::Imm(i64::from(max)));
        });
        self.when(Cond::Ne, kept.into(), Operand::Imm(0), |b| {
            let to = b.slot_addr(slot, offset + LENGTH);
            let failed = b.call(Helper::ProbeReadUser, vec![to.into(), kept.into(), data]);
            b.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| {
                let base = b.slot_addr(slot, offset);
                b.store(base, 0, Operand::Imm(0), Size::B4);
                b.count_loss(Loss::ReadFailed);
            });
        });
    }

    /// A string that ends with a 0; the area is zeroed before.
    fn c_string(
        &mut self,
        addr: Operand,
        kernel: bool,
        limit: Option<Operand>,
        slot: SlotId,
        offset: u32,
        ty: &Type,
    ) {
        let Type::Str { max } = *ty else { return };
        let helper = if kernel { Helper::ProbeReadKernelStr } else { Helper::ProbeReadUserStr };
        // The helper wants room for the 0 behind the last byte that is kept.
        let room = (max + 1).min(ty.size() - LENGTH);
        let size = match limit {
            None => Operand::Imm(i64::from(room)),
            Some(limit) => {
                let size = self.bin(BinOp::Add, limit, Operand::Imm(1));
                self.when(Cond::Gt, size.into(), Operand::Imm(i64::from(room)), |b| {
                    b.set(size, Operand::Imm(i64::from(room)));
                });
                size.into()
            }
        };
        let to = self.slot_addr(slot, offset + LENGTH);
        let got = self.call(helper, vec![to.into(), size, addr]);
        let (failed, read, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(Cond::SLt, got.into(), Operand::Imm(0), failed, read);
        self.switch_to(failed);
        self.aside(|b| b.count_loss(Loss::ReadFailed));
        self.jump(after);
        self.switch_to(read);
        let len = self.bin(BinOp::Sub, got.into(), Operand::Imm(1));
        if limit.is_none() && !kernel {
            // A full area: cut off, unless the 0 comes right behind.
            self.when(Cond::Eq, got.into(), Operand::Imm(i64::from(room)), |b| {
                let end = b.bin(BinOp::Add, addr, Operand::Imm(i64::from(room) - 1));
                let last = b.read_user(end.into(), 1, false);
                b.when(Cond::Ne, last.into(), Operand::Imm(0), |b| {
                    b.set(len, Operand::Imm(i64::from(max) + 1));
                });
            });
        }
        let base = self.slot_addr(slot, offset);
        self.store(base, 0, len.into(), Size::B4);
        self.jump(after);
        self.switch_to(after);
    }

    /// Goes to `same` where two strings or tuples are equal.
    pub(super) fn same_bytes(&mut self, a: &Expr, b: &Expr, same: BlockId, differ: BlockId) {
        let (value, text) = match (&a.kind, &b.kind) {
            (_, ExprKind::Str(text)) => (a, Some(text)),
            (ExprKind::Str(text), _) => (b, Some(text)),
            _ => (a, None),
        };
        if let Some(text) = text {
            let (base, offset, ty) = self.memory(value);
            // A string that ends earlier has zeros behind it, and its length differs anyway.
            let compared = LENGTH as usize + text.len();
            if compared as u32 > ty.size() {
                self.jump(differ);
                return;
            }
            let words = string_words(text, &Type::Str { max: text.len() as u32 });
            for (i, word) in words.into_iter().enumerate() {
                self.compare_word(base, offset + i as u32 * 8, Operand::Imm(word), differ);
            }
            self.jump(same);
            return;
        }
        let Some(ty) = crate::resolve::join(&a.ty, &b.ty).map(|ty| ty.stored()).filter(in_memory) else {
            self.jump(differ);
            return;
        };
        let sides = [a, b].map(|side| {
            let slot = self.slot(ty.size().max(8), "side");
            self.write(side, slot, 0, &ty);
            slot
        });
        let [left, right] = sides.map(|slot| self.slot_addr(slot, 0));
        for at in (0..ty.size()).step_by(8) {
            let word = self.load(right, at, Size::B8);
            self.compare_word(left, at, word.into(), differ);
        }
        self.jump(same);
    }

    fn compare_word(&mut self, base: VReg, offset: u32, word: Operand, differ: BlockId) {
        let value = self.load(base, offset, Size::B8);
        let next = self.new_block();
        self.branch(Cond::Eq, value.into(), word, next, differ);
        self.switch_to(next);
    }
}

/// A constant string as records and maps hold it, in words.
fn string_words(bytes: &[u8], ty: &Type) -> Vec<i64> {
    let Type::Str { max } = *ty else { return Vec::new() };
    let mut image = (bytes.len() as u32).to_le_bytes().to_vec();
    image.extend(bytes.iter().take(max as usize));
    image.resize(ty.size() as usize, 0);
    image.chunks(8).map(|chunk| i64::from_le_bytes(chunk.try_into().unwrap_or_default())).collect()
}
