//! Values that do not fit a register: strings and tuples, written where they are wanted.

use gprobe_lang::source::Span;

use super::builder::Builder;
use super::expr::in_memory;
use crate::artifact::{Loss, Trouble, Type};
use crate::builtins::Id;
use crate::ir::{BinOp, BlockId, Cond, Helper, Operand, Size, SlotId, VReg};
use crate::resolve::typed::{Expr, ExprKind, PartIndex};

/// Bytes of a string's length word, behind which its bytes stand.
pub(super) const LENGTH: u32 = 4;

impl Builder<'_> {
    /// Writes a value of type `ty` to a slot, all of its bytes.
    pub(super) fn write(&mut self, expr: &Expr, slot: SlotId, offset: u32, ty: &Type) {
        if !in_memory(ty) {
            if *ty != Type::None {
                let value = self.scalar(expr);
                let base = self.slot_addr(slot, offset);
                self.store(base, 0, value, Size::B8);
            }
            return;
        }
        match &expr.kind {
            ExprKind::Tuple(values) => {
                let parts: Vec<&Type> = match ty {
                    Type::Tuple(parts) => parts.iter().collect(),
                    Type::Record(parts) => parts.iter().map(|(_, part)| part).collect(),
                    _ => Vec::new(),
                };
                let mut at = offset;
                for (value, part) in values.iter().zip(parts) {
                    self.write(value, slot, at, part);
                    at += part.size();
                }
            }
            ExprKind::Ternary(cond, then, otherwise) => {
                self.either(cond, |b, first| b.write(if first { then } else { otherwise }, slot, offset, ty));
            }
            ExprKind::Block(stmts, value) => {
                self.stmts(stmts);
                self.write(value, slot, offset, ty);
            }
            ExprKind::MapGet(map, key) => self.map_get_memory(*map, key, slot, offset, ty, expr.span),
            ExprKind::ReadC { addr, kernel } => {
                let addr = self.scalar(addr);
                let helper = if *kernel { Helper::ProbeReadKernel } else { Helper::ProbeReadUser };
                let bytes = match ty {
                    Type::C(ty) => ty.size(),
                    other => other.size(),
                };
                self.zero(slot, offset, ty.size());
                self.read_bytes(helper, addr, Operand::Imm(i64::from(bytes)), slot, offset, expr.span);
            }
            ExprKind::Bytes(bytes) => {
                let mut image = bytes.clone();
                image.resize(ty.size() as usize, 0);
                self.words(slot, offset, &image);
            }
            ExprKind::FromInt(value) => {
                let value = self.scalar(value);
                self.zero(slot, offset, ty.size());
                let base = self.slot_addr(slot, offset);
                self.store(base, 0, value, Size::B8);
            }
            ExprKind::GoValue { capture, image } => self.write_go(*capture, image, slot, offset),
            ExprKind::Inet { len, value } => self.write_inet(*len, value, slot, offset),
            ExprKind::Buf { from, limit } => {
                self.write_buffer(from, limit.as_deref(), slot, offset, (ty, &expr.ty.stored()), expr.span)
            }
            _ if matches!(ty, Type::Str { .. }) => self.write_string(expr, slot, offset, ty),
            _ => {
                let (base, from, source) = self.memory(expr);
                self.copy_value(base, from, &source, slot, offset, ty);
            }
        }
    }

    /// Constant bytes, a multiple of 8.
    fn words(&mut self, slot: SlotId, offset: u32, image: &[u8]) {
        let base = self.slot_addr(slot, offset);
        for (i, chunk) in image.chunks(8).enumerate() {
            let word = i64::from_le_bytes(chunk.try_into().unwrap_or_default());
            self.store(base, i as u32 * 8, Operand::Imm(word), Size::B8);
        }
    }

    /// Bytes of the target or the kernel; zeros, and a loss, where they can't be read.
    fn read_bytes(
        &mut self,
        helper: Helper,
        addr: Operand,
        size: Operand,
        slot: SlotId,
        offset: u32,
        span: Span,
    ) {
        let to = self.slot_addr(slot, offset);
        let failed = self.call(helper, vec![to.into(), size, addr]);
        self.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| b.failed_read(helper, failed, Some(span)));
    }

    fn write_inet(&mut self, len: u32, value: &Expr, slot: SlotId, offset: u32) {
        let ty = value.ty.stored();
        self.zero(slot, offset, 24);
        let base = self.slot_addr(slot, offset);
        self.store(base, 0, Operand::Imm(i64::from(len)), Size::B8);
        if in_memory(&ty) {
            self.write(value, slot, offset + 8, &ty);
        } else {
            let value = self.scalar(value);
            self.store(base, 8, value, Size::B4);
        }
    }

    /// A buffer: its length, and the bytes.
    fn write_buffer(
        &mut self,
        from: &Expr,
        limit: Option<&Expr>,
        slot: SlotId,
        offset: u32,
        (ty, whole): (&Type, &Type),
        span: Span,
    ) {
        let Type::Buf { max } = *ty else { return };
        let own = from.ty.stored();
        let length = match limit {
            // Of another that may stand here, more may be kept.
            None => match *whole {
                Type::Buf { max: own } => Operand::Imm(i64::from(own.min(max))),
                _ => Operand::Imm(i64::from(max)),
            },
            Some(limit) => {
                let limit = self.scalar(limit);
                let length = self.copy(limit);
                self.when(Cond::Gt, length.into(), Operand::Imm(i64::from(max)), |b| {
                    b.set(length, Operand::Imm(i64::from(max)));
                });
                length.into()
            }
        };
        if in_memory(&own) {
            let (base, start, source) = self.memory(from);
            let start = start + if matches!(source, Type::C(_)) { 0 } else { LENGTH };
            self.zero(slot, offset, ty.size());
            let to = self.slot_addr(slot, offset + LENGTH);
            let from = self.bin(BinOp::Add, base.into(), Operand::Imm(i64::from(start)));
            self.call(Helper::ProbeReadKernel, vec![to.into(), length, from.into()]);
        } else {
            let addr = self.scalar(from);
            self.zero(slot, offset, ty.size());
            self.read_bytes(Helper::ProbeReadUser, addr, length, slot, offset + LENGTH, span);
        }
        let base = self.slot_addr(slot, offset);
        self.store(base, 0, length, Size::B4);
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
                let home = self.home_of(*var);
                if let Some(addr) = self.home_addr(home) {
                    let declared = self.probe.vars.get(var.0 as usize).map_or(ty, |t| t.stored());
                    return (addr, 0, declared);
                }
            }
            ExprKind::TupleIndex(base, index) => {
                let (pointer, offset, tuple) = self.memory(base);
                let parts: Vec<Type> = match tuple {
                    Type::Tuple(parts) => parts,
                    Type::Record(parts) => parts.into_iter().map(|(_, part)| part).collect(),
                    _ => Vec::new(),
                };
                let before: u32 = parts.iter().take(*index).map(Type::size).sum();
                let part = parts.get(*index).cloned().unwrap_or(ty);
                return (pointer, offset + before, part);
            }
            // What is larger than a register stays where it is.
            ExprKind::Part { of, offset, index: None, .. } if in_memory(&ty) => {
                let (pointer, start, _) = self.memory(of);
                return (pointer, start + offset, ty);
            }
            ExprKind::Part { of, offset, index: Some(index), .. } if in_memory(&ty) => {
                return self.indexed_memory(of, *offset, index, ty, expr.span);
            }
            ExprKind::Block(stmts, value) => {
                self.stmts(stmts);
                return self.memory(value);
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

    /// An element, found at run time, of an array in the script's own memory; zeros where there is none.
    fn indexed_memory(
        &mut self,
        of: &Expr,
        offset: u32,
        index: &PartIndex,
        ty: Type,
        span: Span,
    ) -> (VReg, u32, Type) {
        let (base, start, _) = self.memory(of);
        let at = self.scalar(&index.index);
        let at = self.copy(at);
        let slot = self.slot(ty.size().max(8), "element");
        self.zero(slot, 0, ty.size().max(8));
        let (inside, outside, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(Cond::Lt, at.into(), Operand::Imm(i64::from(index.len)), inside, outside);
        self.switch_to(outside);
        self.aside(|b| b.trouble(Trouble::OutOfBounds, span, None));
        self.jump(after);
        self.switch_to(inside);
        let by = self.bin(BinOp::Mul, at.into(), Operand::Imm(i64::from(index.stride)));
        let place = self.bin(BinOp::Add, base.into(), by.into());
        let from = self.bin(BinOp::Add, place.into(), Operand::Imm(i64::from(start + offset)));
        let to = self.slot_addr(slot, 0);
        let size = Operand::Imm(i64::from(index.stride));
        self.call(Helper::ProbeReadKernel, vec![to.into(), size, from.into()]);
        self.jump(after);
        self.switch_to(after);
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
        let target = self.slot_addr(slot, to_offset);
        self.copy_value_to(base, offset, from, target, 0, to);
    }

    /// The same, to any place in the script's own memory.
    pub(super) fn copy_value_to(
        &mut self,
        base: VReg,
        offset: u32,
        from: &Type,
        target: VReg,
        to_offset: u32,
        to: &Type,
    ) {
        if from != to
            && let (Some(from), Some(to)) = (parts_of(from), parts_of(to))
        {
            let (mut at, mut to_at) = (offset, to_offset);
            for (from, to) in from.into_iter().zip(to) {
                self.copy_value_to(base, at, from, target, to_at, to);
                at += from.size();
                to_at += to.size();
            }
            return;
        }
        // An array in C's own layout need not fill its last word.
        let common = from.size().min(to.size());
        self.copy_bytes(target, to_offset, base, offset, common);
        self.zero_at(target, to_offset + common, to.size() - common);
    }

    pub(super) fn zero_at(&mut self, base: VReg, offset: u32, size: u32) {
        if size > 128 {
            let to = self.bin(BinOp::Add, base.into(), Operand::Imm(i64::from(offset)));
            let size = Operand::Imm(i64::from(size));
            self.call(Helper::ProbeReadKernel, vec![to.into(), size, Operand::Imm(0)]);
            return;
        }
        for at in (0..size).step_by(8) {
            self.store(base, offset + at, Operand::Imm(0), Size::B8);
        }
    }

    fn write_string(&mut self, expr: &Expr, slot: SlotId, offset: u32, ty: &Type) {
        let Type::Str { max } = *ty else { return };
        match &expr.kind {
            ExprKind::Str(bytes) => {
                let mut image = (bytes.len() as u32).to_le_bytes().to_vec();
                image.extend(bytes.iter().take(max as usize));
                let text = (image.len() as u32).next_multiple_of(8).min(ty.size());
                image.resize(text as usize, 0);
                self.words(slot, offset, &image);
                let base = self.slot_addr(slot, offset);
                self.zero_at(base, text, ty.size() - text);
            }
            ExprKind::GoStr { data, len } => {
                let (data, len) = (self.scalar(data), self.scalar(len));
                self.zero(slot, offset, ty.size());
                self.go_string(data, len, slot, offset, max);
            }
            ExprKind::OwnChars(value) => self.write_chars(value, slot, offset, ty),
            ExprKind::GoLabel { key, labels } => self.write_label(key, labels, slot, offset, ty),
            ExprKind::CStr { addr, kernel, limit } => {
                let addr = self.scalar(addr);
                let limit = limit.as_ref().map(|l| self.scalar(l));
                self.zero(slot, offset, ty.size());
                self.c_string(addr, *kernel, limit, slot, offset, ty, Some(expr.span));
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
                self.c_string(addr.into(), true, None, slot, offset, ty, None);
            }
            ExprKind::Builtin(Id::Comm) => {
                self.zero(slot, offset, ty.size());
                let name = self.slot(16, "comm");
                self.zero(name, 0, 16);
                let to = self.slot_addr(name, 0);
                self.call(Helper::GetCurrentComm, vec![to.into(), Operand::Imm(16)]);
                let from = self.slot_addr(name, 0);
                self.c_string(from.into(), true, None, slot, offset, ty, None);
            }
            _ => {
                let (base, from, source) = self.memory(expr);
                self.copy_value(base, from, &source, slot, offset, ty);
            }
        }
    }

    /// A Go string's bytes; the area is zeroed before.
    pub(super) fn go_string(&mut self, data: Operand, len: Operand, slot: SlotId, offset: u32, max: u32) {
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
    #[allow(clippy::too_many_arguments, reason = "a place is a slot, an offset and a type")]
    pub(super) fn c_string(
        &mut self,
        addr: Operand,
        kernel: bool,
        limit: Option<Operand>,
        slot: SlotId,
        offset: u32,
        ty: &Type,
        span: Option<Span>,
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
        self.aside(|b| b.failed_read(helper, got, span));
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
            let mut image = (text.len() as u32).to_le_bytes().to_vec();
            image.extend(text);
            image.resize(image.len().next_multiple_of(8).min(ty.size() as usize), 0);
            for (i, chunk) in image.chunks(8).enumerate() {
                let word = i64::from_le_bytes(chunk.try_into().unwrap_or_default());
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
        if ty.size() > 256 {
            self.counted(ty.size() / 8, 10, |b, index, _| {
                let at = b.bin(BinOp::Shl, index.into(), Operand::Imm(3));
                let [x, y] = [left, right].map(|side| {
                    let place = b.bin(BinOp::Add, side.into(), at.into());
                    b.load(place, 0, Size::B8)
                });
                let next = b.new_block();
                b.branch(Cond::Eq, x.into(), y.into(), next, differ);
                b.switch_to(next);
            });
            self.jump(same);
            return;
        }
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

/// The types that a value is made of, if it is made of several.
fn parts_of(ty: &Type) -> Option<Vec<&Type>> {
    match ty {
        Type::Tuple(parts) => Some(parts.iter().collect()),
        Type::Record(parts) => Some(parts.iter().map(|(_, part)| part).collect()),
        _ => None,
    }
}
