//! `label("key")`: a pprof label of the current goroutine.
//!
//! `g.labels` points to a `runtime/pprof.labelMap`: since Go 1.24 a sorted list of keys and values, before
//! that a map of strings that is made in one go and never changes.

use super::builder::Builder;
use super::goroutine::Running;
use crate::artifact::Type;
use crate::ir::{BinOp, BlockId, Cond, Helper, Operand, Size, SlotId, VReg};
use crate::resolve::typed::LabelSet;

/// Labels that are looked through; a goroutine has a few.
const MOST_LABELS: u32 = 32;
/// About how many instructions the verifier follows for a label.
const LABEL_COST: u32 = 60;

/// `abi.MapBucketCount` of `internal/abi/map.go`: elements of a map's bucket.
const BUCKET: u32 = 8;
/// `minTopHash` of `runtime/map.go`: below it, a place in a bucket is empty.
const LEAST_TOP_HASH: i64 = 5;
/// Bytes of a string's header.
const STRING: i64 = 16;

impl Builder<'_> {
    /// Writes the label's text, or none.
    pub(super) fn write_label(
        &mut self,
        key: &[u8],
        labels: &LabelSet,
        slot: SlotId,
        offset: u32,
        ty: &Type,
    ) {
        let Type::Str { max } = *ty else { return };
        self.zero(slot, offset, ty.size());
        let Some(layout) = self.shared.runtime else { return };
        let header = self.slot(STRING as u32, "label");
        self.zero(header, 0, STRING as u32);
        let curg = self.known(Running::Curg, layout);
        let set = self.field_or(curg, layout.g_labels, 8, false, 0);
        let found = self.copy(Operand::Imm(0));
        self.when(Cond::Ne, set.into(), Operand::Imm(0), |b| match *labels {
            LabelSet::List { offset } => b.in_list(set, offset, key, found),
            LabelSet::Map { shift, buckets } => b.in_map(set, (shift, buckets), key, found),
        });
        self.when(Cond::Ne, found.into(), Operand::Imm(0), |b| {
            let data = b.read_user(found.into(), 8, false);
            let len = b.bin(BinOp::Add, found.into(), Operand::Imm(8));
            let len = b.read_user(len.into(), 8, false);
            b.go_string(data.into(), len.into(), slot, offset, max);
        });
    }

    fn in_list(&mut self, set: VReg, offset: u32, key: &[u8], found: VReg) {
        let list = self.field(set, offset, 8, false);
        let len = self.field(set, offset + 8, 8, false);
        self.counted(MOST_LABELS, LABEL_COST, |b, index, out| {
            let go_on = b.new_block();
            b.branch(Cond::Lt, index.into(), len.into(), go_on, out);
            b.switch_to(go_on);
            let at = b.bin(BinOp::Mul, index.into(), Operand::Imm(2 * STRING));
            let place = b.bin(BinOp::Add, list.into(), at.into());
            b.compare_key(place, key, |b| {
                let value = b.bin(BinOp::Add, place.into(), Operand::Imm(STRING));
                b.set(found, value.into());
                b.jump(out);
            });
        });
    }

    fn in_map(&mut self, set: VReg, (shift, buckets): (u32, u32), key: &[u8], found: VReg) {
        let map = self.read_user(set.into(), 8, false);
        let after = self.new_block();
        let there = self.new_block();
        self.branch(Cond::Ne, map.into(), Operand::Imm(0), there, after);
        self.switch_to(there);
        let shift = self.field(map, shift, 1, false);
        let shift = self.bin(BinOp::And, shift.into(), Operand::Imm(15));
        let one = self.copy(Operand::Imm(i64::from(BUCKET)));
        let places = self.bin(BinOp::Shl, one.into(), shift.into());
        let buckets = self.field(map, buckets, 8, false);
        // Top hashes, keys, values, and a pointer to more.
        let size = i64::from(BUCKET) * (1 + 2 * STRING) + 8;
        self.counted(MOST_LABELS, LABEL_COST, |b, index, out| {
            let go_on = b.new_block();
            b.branch(Cond::Lt, index.into(), places.into(), go_on, out);
            b.switch_to(go_on);
            let bucket = b.bin(BinOp::Shr, index.into(), Operand::Imm(3));
            let place = b.bin(BinOp::And, index.into(), Operand::Imm(7));
            let bucket = b.bin(BinOp::Mul, bucket.into(), Operand::Imm(size));
            let bucket = b.bin(BinOp::Add, buckets.into(), bucket.into());
            let top = b.bin(BinOp::Add, bucket.into(), place.into());
            let top = b.read_user(top.into(), 1, false);
            b.when(Cond::Ge, top.into(), Operand::Imm(LEAST_TOP_HASH), |b| {
                let at = b.bin(BinOp::Mul, place.into(), Operand::Imm(STRING));
                let at = b.bin(BinOp::Add, bucket.into(), at.into());
                let name = b.bin(BinOp::Add, at.into(), Operand::Imm(i64::from(BUCKET)));
                b.compare_key(name, key, |b| {
                    let value = b.bin(BinOp::Add, name.into(), Operand::Imm(i64::from(BUCKET) * STRING));
                    b.set(found, value.into());
                    b.jump(out);
                });
            });
        });
        self.jump(after);
        self.switch_to(after);
    }

    /// Builds `same`, which leaves, for where the string whose header is at `place` is `key`.
    fn compare_key(&mut self, place: VReg, key: &[u8], same: impl FnOnce(&mut Self)) {
        let differ = self.new_block();
        let long = self.bin(BinOp::Add, place.into(), Operand::Imm(8));
        let long = self.read_user(long.into(), 8, false);
        self.only(Cond::Eq, long, key.len() as i64, differ);
        let data = self.read_user(place.into(), 8, false);
        let room = (key.len() as u32).next_multiple_of(8).max(8);
        let text = self.slot(room, "label's key");
        self.zero(text, 0, room);
        let to = self.slot_addr(text, 0);
        let size = Operand::Imm(key.len() as i64);
        if !key.is_empty() {
            let failed = self.call(Helper::ProbeReadUser, vec![to.into(), size, data.into()]);
            self.only(Cond::Eq, failed, 0, differ);
        }
        for (at, chunk) in key.chunks(8).enumerate() {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            let base = self.slot_addr(text, 0);
            let read = self.load(base, at as u32 * 8, Size::B8);
            self.only(Cond::Eq, read, i64::from_le_bytes(word), differ);
        }
        self.aside(same);
        self.switch_to(differ);
    }

    fn only(&mut self, cond: Cond, value: VReg, wanted: i64, otherwise: BlockId) {
        let next = self.new_block();
        self.branch(cond, value.into(), Operand::Imm(wanted), next, otherwise);
        self.switch_to(next);
    }
}
