//! Maps: keys, look-ups, updates and aggregations.

use super::builder::Builder;
use super::{is_counter, key_parts};
use crate::artifact::{Loss, MapInfo, MapValue, Type};
use crate::ir::{BinOp, Cond, Helper, MapId, Operand, Size, SlotId, VReg};
use crate::resolve::typed::{Expr, MapIndex};

/// `BPF_NOEXIST` of `linux/bpf.h`: only where the key is new.
const NO_EXIST: i64 = 1;

impl Builder<'_> {
    fn map_info(&self, map: MapIndex) -> Option<&'_ MapInfo> {
        self.shared.program.maps.get(map.0 as usize)
    }

    fn map_id(&self, map: MapIndex) -> MapId {
        self.shared.user_maps.get(map.0 as usize).copied().unwrap_or(self.shared.losses)
    }

    /// Writes a key; `bucket` is the last part of a histogram's.
    fn key(&mut self, map: MapIndex, key: &[Expr], bucket: Option<Operand>) -> SlotId {
        let (parts, size) = match self.map_info(map) {
            Some(info) => (key_parts(&info.key), info.key_size()),
            None => (Vec::new(), 8),
        };
        let slot = self.slot(size, "key");
        let mut end = 0;
        for (expr, (offset, ty)) in key.iter().zip(&parts) {
            self.write(expr, slot, *offset, ty);
            end = offset + ty.size();
        }
        match bucket {
            Some(bucket) => {
                let base = self.slot_addr(slot, end);
                self.store(base, 0, bucket, Size::B8);
            }
            None if end == 0 => self.zero(slot, 0, 8),
            None => {}
        }
        slot
    }

    fn lookup(&mut self, map: MapIndex, key: SlotId) -> VReg {
        let map = self.map_id(map);
        let map = self.map_ref(map);
        let key = self.slot_addr(key, 0);
        self.call(Helper::MapLookupElem, vec![map.into(), key.into()])
    }

    /// The address of an element's value; 0 where there is none.
    pub(super) fn map_lookup(&mut self, map: MapIndex, key: &[Expr]) -> VReg {
        let key = self.key(map, key, None);
        self.lookup(map, key)
    }

    pub(super) fn map_get_scalar(&mut self, map: MapIndex, key: &[Expr]) -> VReg {
        let place = self.map_lookup(map, key);
        let value = self.copy(Operand::Imm(0));
        self.when(Cond::Ne, place.into(), Operand::Imm(0), |b| {
            let read = b.load(place, 0, Size::B8);
            b.set(value, read.into());
        });
        value
    }

    /// An element that lives in memory, written to a slot; zeros where there is none.
    pub(super) fn map_get_memory(
        &mut self,
        map: MapIndex,
        key: &[Expr],
        slot: SlotId,
        offset: u32,
        ty: &Type,
    ) {
        let from = match self.map_info(map).map(|info| info.value.clone()) {
            Some(MapValue::Plain(from)) => from,
            _ => ty.clone(),
        };
        let place = self.map_lookup(map, key);
        self.zero(slot, offset, ty.size());
        self.when(Cond::Ne, place.into(), Operand::Imm(0), |b| {
            b.copy_value(place, 0, &from, slot, offset, ty);
        });
    }

    fn update(&mut self, map: MapIndex, key: SlotId, value: SlotId, flags: i64) -> VReg {
        let map = self.map_id(map);
        let map = self.map_ref(map);
        let key = self.slot_addr(key, 0);
        let value = self.slot_addr(value, 0);
        self.call(Helper::MapUpdateElem, vec![map.into(), key.into(), value.into(), Operand::Imm(flags)])
    }

    /// `@m[key] = value`
    pub(super) fn set_map(&mut self, map: MapIndex, key: &[Expr], value: &Expr) {
        let Some(MapValue::Plain(ty)) = self.map_info(map).map(|info| info.value.clone()) else { return };
        let slot = self.slot(ty.size().max(8), "value");
        self.write(value, slot, 0, &ty);
        let key = self.key(map, key, None);
        let failed = self.update(map, key, slot, 0);
        self.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| b.count_loss(Loss::MapFull));
    }

    pub(super) fn delete(&mut self, map: MapIndex, key: &[Expr]) {
        let key = self.key(map, key, None);
        let map = self.map_id(map);
        let map = self.map_ref(map);
        let key = self.slot_addr(key, 0);
        self.call(Helper::MapDeleteElem, vec![map.into(), key.into()]);
    }

    /// Finds an element, or makes one with `first` in its words, and runs `join` on one that was
    /// there before, be it that another CPU has just made it.
    fn join_into(&mut self, map: MapIndex, key: SlotId, first: &[Operand], join: impl Fn(&mut Self, VReg)) {
        let (there, new, again, lost, after) =
            (self.new_block(), self.new_block(), self.new_block(), self.new_block(), self.new_block());
        let place = self.lookup(map, key);
        let target = self.copy(place.into());
        self.branch(Cond::Ne, target.into(), Operand::Imm(0), there, new);

        self.switch_to(new);
        let slot = self.slot(8 * first.len() as u32, "first");
        let base = self.slot_addr(slot, 0);
        for (i, word) in first.iter().enumerate() {
            self.store(base, 8 * i as u32, *word, Size::B8);
        }
        let failed = self.update(map, key, slot, NO_EXIST);
        self.branch(Cond::Eq, failed.into(), Operand::Imm(0), after, again);

        self.switch_to(again);
        let place = self.lookup(map, key);
        let retried = self.new_block();
        self.branch(Cond::Eq, place.into(), Operand::Imm(0), lost, retried);
        self.switch_to(retried);
        self.set(target, place.into());
        self.jump(there);

        self.switch_to(lost);
        self.aside(|b| b.count_loss(Loss::MapFull));
        self.jump(after);

        self.switch_to(there);
        self.aside(|b| join(b, target));
        self.jump(after);
        self.switch_to(after);
    }

    /// `@m[key] += value`
    pub(super) fn add_map(&mut self, map: MapIndex, key: &[Expr], value: &Expr) {
        let value = self.scalar(value);
        let key = self.key(map, key, None);
        self.join_into(map, key, &[value], |b, place| b.atomic_add(place, 0, value));
    }

    /// `@m[key]++`
    pub(super) fn step_map(&mut self, map: MapIndex, key: &[Expr], by: i64, old: bool) -> VReg {
        let key = self.key(map, key, None);
        let before = self.copy(Operand::Imm(0));
        self.join_into(map, key, &[Operand::Imm(by)], |b, place| {
            let value = b.load(place, 0, Size::B8);
            b.set(before, value.into());
            b.atomic_add(place, 0, Operand::Imm(by));
        });
        if old { before } else { self.bin(BinOp::Add, before.into(), Operand::Imm(by)) }
    }

    /// `@m[key] = count()` and the like.
    pub(super) fn aggregate(&mut self, map: MapIndex, key: &[Expr], value: Option<&Expr>) {
        let Some(held) = self.map_info(map).map(|info| info.value.clone()) else { return };
        let value = value.map_or(Operand::Imm(1), |v| self.scalar(v));
        let bucket = match held {
            MapValue::Hist { bits } => Some(self.hist_bucket(value, bits)),
            MapValue::LHist { min, max, step } => Some(self.lhist_bucket(value, min, max, step)),
            _ => None,
        };
        let key = self.key(map, key, bucket.map(Operand::from));
        match held {
            _ if is_counter(&held) => {
                let by = if held.has_buckets() { Operand::Imm(1) } else { value };
                self.join_into(map, key, &[by], |b, place| b.atomic_add(place, 0, by));
            }
            MapValue::Avg { .. } | MapValue::Stats { .. } => {
                self.join_into(map, key, &[Operand::Imm(1), value], |b, place| {
                    b.atomic_add(place, 0, Operand::Imm(1));
                    b.atomic_add(place, 8, value);
                });
            }
            MapValue::Min { signed } => {
                self.extreme(map, key, value, if signed { Cond::SLt } else { Cond::Lt });
            }
            MapValue::Max { signed } => {
                self.extreme(map, key, value, if signed { Cond::SGt } else { Cond::Gt });
            }
            _ => {}
        }
    }

    /// Keeps the value where it is `better` than what this CPU has, or where it has none.
    fn extreme(&mut self, map: MapIndex, key: SlotId, value: Operand, better: Cond) {
        self.join_into(map, key, &[value, Operand::Imm(1)], |b, place| {
            let (compare, keep, after) = (b.new_block(), b.new_block(), b.new_block());
            let set = b.load(place, 8, Size::B8);
            b.branch(Cond::Eq, set.into(), Operand::Imm(0), keep, compare);
            b.switch_to(compare);
            let old = b.load(place, 0, Size::B8);
            b.branch(better, value, old.into(), keep, after);
            b.switch_to(keep);
            b.store(place, 0, value, Size::B8);
            b.store(place, 8, Operand::Imm(1), Size::B8);
            b.jump(after);
            b.switch_to(after);
        });
    }

    /// The bucket that [`crate::artifact::hist_bucket`] gives the bounds of.
    fn hist_bucket(&mut self, value: Operand, bits: u8) -> VReg {
        let bucket = self.copy(Operand::Imm(0));
        self.when(Cond::SGe, value, Operand::Imm(0), |b| {
            let small = b.bin(BinOp::Add, value, Operand::Imm(1));
            b.set(bucket, small.into());
            b.when(Cond::Ge, value, Operand::Imm(2 << bits), |b| {
                let log = b.log2(value);
                let octave = b.bin(BinOp::Sub, log.into(), Operand::Imm(i64::from(bits)));
                let part = b.bin(BinOp::Shr, value, octave.into());
                let part = b.bin(BinOp::Sub, part.into(), Operand::Imm(1 << bits));
                let row = b.bin(BinOp::Add, octave.into(), Operand::Imm(1));
                let row = b.bin(BinOp::Shl, row.into(), Operand::Imm(i64::from(bits)));
                let index = b.bin(BinOp::Add, row.into(), part.into());
                let index = b.bin(BinOp::Add, index.into(), Operand::Imm(1));
                b.set(bucket, index.into());
            });
        });
        bucket
    }

    /// The highest set bit of a value above 0, without branches: each would double what the
    /// kernel's verifier has to walk.
    fn log2(&mut self, value: Operand) -> VReg {
        let mut rest = self.copy(value);
        let mut log = self.copy(Operand::Imm(0));
        for step in [32, 16, 8, 4, 2, 1] {
            let high = self.bin(BinOp::Shr, rest.into(), Operand::Imm(step));
            let negative = self.bin(BinOp::Sub, Operand::Imm(0), high.into());
            let some = self.bin(BinOp::Or, high.into(), negative.into());
            let bit = self.bin(BinOp::Shr, some.into(), Operand::Imm(63));
            let shift = self.bin(BinOp::Mul, bit.into(), Operand::Imm(step));
            rest = self.bin(BinOp::Shr, rest.into(), shift.into());
            log = self.bin(BinOp::Add, log.into(), shift.into());
        }
        log
    }

    fn lhist_bucket(&mut self, value: Operand, min: i64, max: i64, step: i64) -> VReg {
        let bucket = self.copy(Operand::Imm(0));
        self.when(Cond::SGe, value, Operand::Imm(min), |b| {
            b.set(bucket, Operand::Imm((max - min) / step + 1));
            b.when(Cond::SLt, value, Operand::Imm(max), |b| {
                let from = b.bin(BinOp::Sub, value, Operand::Imm(min));
                let index = b.bin(BinOp::Div, from.into(), Operand::Imm(step));
                let index = b.bin(BinOp::Add, index.into(), Operand::Imm(1));
                b.set(bucket, index.into());
            });
        });
        bucket
    }
}
