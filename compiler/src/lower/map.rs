//! Maps: keys, look-ups, updates and aggregations.

use gprobe_lang::source::Span;

use super::builder::{Builder, Home};
use super::{is_counter, key_parts};
use crate::artifact::{Loss, MapInfo, MapValue, TSeries, TSeriesKind, Trouble, Type};
use crate::ir::{BinOp, Cond, Helper, MapId, Operand, Size, SlotId, VReg};
use crate::resolve::typed::{Expr, MapIndex, VarId};

/// `BPF_NOEXIST` of `linux/bpf.h`: only where the key is new.
const NO_EXIST: i64 = 1;

impl Builder<'_> {
    fn map_info(&self, map: MapIndex) -> Option<&'_ MapInfo> {
        self.shared.program.maps.get(map.0 as usize)
    }

    pub(super) fn map_id(&self, map: MapIndex) -> MapId {
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

    pub(super) fn map_get_scalar(&mut self, map: MapIndex, key: &[Expr], span: Span) -> VReg {
        let place = self.map_lookup(map, key);
        let value = self.copy(Operand::Imm(0));
        self.when(Cond::Ne, place.into(), Operand::Imm(0), |b| {
            let read = b.load(place, 0, Size::B8);
            b.set(value, read.into());
        });
        self.say_missing(place, span);
        value
    }

    /// Says, if that is wanted, that a map has no such element.
    fn say_missing(&mut self, place: VReg, span: Span) {
        if self.shared.report_errors {
            self.when(Cond::Eq, place.into(), Operand::Imm(0), |b| b.trouble(Trouble::NoElement, span, None));
        }
    }

    /// `find(@m, key, $out)`: whether there is an element, which is put in the variable.
    pub(super) fn find(&mut self, map: MapIndex, key: &[Expr], var: VarId) -> VReg {
        let Some(MapValue::Plain(from)) = self.map_info(map).map(|info| info.value.clone()) else {
            return self.copy(Operand::Imm(0));
        };
        let ty = self.probe.vars.get(var.0 as usize).map_or(from.clone(), |ty| ty.stored());
        let place = self.map_lookup(map, key);
        let there = self.copy(Operand::Imm(0));
        let home = self.home_of(var);
        self.when(Cond::Ne, place.into(), Operand::Imm(0), |b| {
            b.set(there, Operand::Imm(1));
            match home {
                Home::Reg(reg) => {
                    let value = b.load(place, 0, Size::B8);
                    b.set(reg, value.into());
                }
                home => {
                    if let Some(to) = b.home_addr(home) {
                        b.copy_value_to(place, 0, &from, to, 0, &ty);
                    }
                }
            }
        });
        there
    }

    /// An aggregation's value, the CPUs' parts joined.
    pub(super) fn aggregated(&mut self, map: MapIndex, key: &[Expr]) -> VReg {
        let Some(held) = self.map_info(map).map(|info| info.value.clone()) else {
            return self.copy(Operand::Imm(0));
        };
        let key = self.key(map, key, None);
        let key = self.slot_addr(key, 0);
        self.joined(map, &held, key)
    }

    /// The same, for a key that is in memory.
    pub(super) fn joined(&mut self, map: MapIndex, held: &MapValue, key: VReg) -> VReg {
        let value = self.copy(Operand::Imm(0));
        // Of an average: how many; of an extreme: whether there is one.
        let count = self.copy(Operand::Imm(0));
        let cpus = self.shared.kernel.possible_cpus;
        let map = self.map_id(map);
        self.counted(cpus, 24, |b, cpu, _| {
            let map = b.map_ref(map);
            let args = vec![map.into(), key.into(), cpu.into()];
            let place = b.call(Helper::MapLookupPercpuElem, args);
            b.when(Cond::Ne, place.into(), Operand::Imm(0), |b| b.join_part(held, place, value, count));
        });
        match held {
            MapValue::Avg { signed } | MapValue::Stats { signed } => {
                self.when(Cond::Ne, count.into(), Operand::Imm(0), |b| {
                    let average = if *signed {
                        b.signed_division(value.into(), count.into(), true)
                    } else {
                        b.bin(BinOp::Div, value.into(), count.into()).into()
                    };
                    b.set(value, average);
                });
            }
            _ => {}
        }
        value
    }

    /// Joins what one CPU has.
    fn join_part(&mut self, held: &MapValue, place: VReg, value: VReg, count: VReg) {
        match held {
            MapValue::Avg { .. } | MapValue::Stats { .. } => {
                for (to, offset) in [(count, 0), (value, 8)] {
                    let part = self.load(place, offset, Size::B8);
                    let sum = self.bin(BinOp::Add, to.into(), part.into());
                    self.set(to, sum.into());
                }
            }
            MapValue::Min { signed } | MapValue::Max { signed } => {
                let better = match (held, signed) {
                    (MapValue::Min { .. }, true) => Cond::SLt,
                    (MapValue::Min { .. }, false) => Cond::Lt,
                    (_, true) => Cond::SGt,
                    (_, false) => Cond::Gt,
                };
                let set = self.load(place, 8, Size::B8);
                self.when(Cond::Ne, set.into(), Operand::Imm(0), |b| {
                    let part = b.load(place, 0, Size::B8);
                    let (compare, keep, after) = (b.new_block(), b.new_block(), b.new_block());
                    b.branch(Cond::Eq, count.into(), Operand::Imm(0), keep, compare);
                    b.switch_to(compare);
                    b.branch(better, part.into(), value.into(), keep, after);
                    b.switch_to(keep);
                    b.set(value, part.into());
                    b.set(count, Operand::Imm(1));
                    b.jump(after);
                    b.switch_to(after);
                });
            }
            _ => {
                let part = self.load(place, 0, Size::B8);
                let sum = self.bin(BinOp::Add, value.into(), part.into());
                self.set(value, sum.into());
            }
        }
    }

    /// An element that lives in memory, written to a slot; zeros where there is none.
    pub(super) fn map_get_memory(
        &mut self,
        map: MapIndex,
        key: &[Expr],
        slot: SlotId,
        offset: u32,
        ty: &Type,
        span: Span,
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
        self.say_missing(place, span);
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
        let span = value.span;
        self.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| b.full(Some(span)));
    }

    /// A map had no room.
    fn full(&mut self, span: Option<Span>) {
        self.count_loss(Loss::MapFull);
        if let Some(span) = span.filter(|_| self.shared.report_errors) {
            self.trouble(Trouble::MapFull, span, None);
        }
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
            MapValue::TSeries(series) => return self.tseries(map, key, value, series),
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

    /// A value of the interval that is now: what an older interval left in its place is overwritten.
    fn tseries(&mut self, map: MapIndex, key: &[Expr], value: Operand, series: TSeries) {
        let now = self.call(Helper::KtimeGetBootNs, Vec::new());
        let interval = i64::try_from(series.interval_ns).unwrap_or(i64::MAX);
        let epoch = self.bin(BinOp::Div, now.into(), Operand::Imm(interval));
        let bucket = self.bin(BinOp::Rem, epoch.into(), Operand::Imm(i64::from(series.buckets)));
        let key = self.key(map, key, Some(bucket.into()));
        let mark = match series.kind {
            TSeriesKind::Last => now.into(),
            _ => Operand::Imm(1),
        };
        self.join_into(map, key, &[epoch.into(), value, mark], |b, place| {
            let (fresh, join, after) = (b.new_block(), b.new_block(), b.new_block());
            let held = b.load(place, 0, Size::B8);
            b.branch(Cond::Eq, held.into(), epoch.into(), join, fresh);
            b.switch_to(fresh);
            for (at, word) in [epoch.into(), value, mark].into_iter().enumerate() {
                b.store(place, 8 * at as u32, word, Size::B8);
            }
            b.jump(after);
            b.switch_to(join);
            let old = b.load(place, 8, Size::B8);
            match series.kind {
                TSeriesKind::Last => {
                    b.store(place, 8, value, Size::B8);
                    b.store(place, 16, mark, Size::B8);
                }
                TSeriesKind::Avg | TSeriesKind::Sum => {
                    b.atomic_add(place, 8, value);
                    b.atomic_add(place, 16, Operand::Imm(1));
                }
                TSeriesKind::Min | TSeriesKind::Max => {
                    let better = match (series.kind, series.signed) {
                        (TSeriesKind::Min, true) => Cond::SLt,
                        (TSeriesKind::Min, false) => Cond::Lt,
                        (_, true) => Cond::SGt,
                        (_, false) => Cond::Gt,
                    };
                    b.when(better, value, old.into(), |b| b.store(place, 8, value, Size::B8));
                }
            }
            b.jump(after);
            b.switch_to(after);
        });
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
