//! Captures Go values: their bytes, and what they point to, as the plan says.

use super::builder::Builder;
use super::expr::in_memory;
use crate::artifact::{AREA_HEADER, DYNAMIC_BYTES, DYNAMIC_TEXT, MAP_HEADER, MAP_TABLES, TABLE_BYTES};
use crate::artifact::{Follow, Loss, MapSlots, What};
use crate::ir::{BinOp, Cond, Helper, Operand, Size, SlotId, VReg};
use crate::resolve::typed::GoImage;

/// A pointer and bytes from it.
#[derive(Clone, Copy)]
struct At(VReg, u32);

impl At {
    fn plus(self, bytes: u32) -> Self {
        Self(self.0, self.1 + bytes)
    }
}

/// Text and interfaces in a value of unknown type are only looked for: what is none is no loss.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    Loss,
    Nothing,
}

impl Builder<'_> {
    /// Writes a capture to a slot.
    pub(super) fn write_go(&mut self, capture: u32, image: &GoImage, slot: SlotId, offset: u32) {
        let Some(capture) = self.shared.program.go_values.get(capture as usize).cloned() else { return };
        self.zero(slot, offset, capture.bytes);
        match image {
            GoImage::Memory(addr) => {
                let addr = self.scalar(addr);
                let to = self.slot_addr(slot, offset);
                let size = Operand::Imm(i64::from(capture.size.max(1)));
                let failed = self.call(Helper::ProbeReadUser, vec![to.into(), size, addr]);
                let failure = failed;
                self.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| {
                    b.failed_read(Helper::ProbeReadUser, failure, None);
                });
            }
            GoImage::Parts(parts) => {
                for (at, bytes, part) in parts {
                    if in_memory(&part.ty.stored()) {
                        continue;
                    }
                    let value = self.scalar(part);
                    let base = self.slot_addr(slot, offset);
                    let size = Size::of(u64::from(*bytes)).unwrap_or(Size::B8);
                    self.store(base, *at, value, size);
                }
            }
        }
        let base = At(self.slot_addr(slot, offset), 0);
        for follow in &capture.plan {
            self.follow(base, base, follow);
        }
    }

    fn word_at(&mut self, at: At) -> VReg {
        self.load(at.0, at.1, Size::B8)
    }

    /// Reads up to `max` bytes of the target into an area; says in its head what was read.
    fn fetch(&mut self, area: At, ptr: Operand, len: Operand, max: u32, failure: Failure) {
        let kept = self.copy(len);
        let most = Operand::Imm(i64::from(max));
        self.when(Cond::Gt, kept.into(), most, |b| b.set(kept, most));
        self.when(Cond::Ne, kept.into(), Operand::Imm(0), |b| {
            let to = b.bin(BinOp::Add, area.0.into(), Operand::Imm(i64::from(area.1 + AREA_HEADER)));
            let failed = b.call(Helper::ProbeReadUser, vec![to.into(), kept.into(), ptr]);
            let (good, bad, after) = (b.new_block(), b.new_block(), b.new_block());
            b.branch(Cond::Eq, failed.into(), Operand::Imm(0), good, bad);
            b.switch_to(good);
            b.store(area.0, area.1, ptr, Size::B8);
            b.store(area.0, area.1 + 8, kept.into(), Size::B8);
            b.jump(after);
            b.switch_to(bad);
            if failure == Failure::Loss {
                b.aside(|b| b.count_loss(Loss::ReadFailed));
            }
            b.jump(after);
            b.switch_to(after);
        });
    }

    /// Reads a fixed number of bytes, unless the pointer is nil.
    fn fetch_at(&mut self, area: At, ptr: VReg, size: u32, failure: Failure) {
        self.when(Cond::Ne, ptr.into(), Operand::Imm(0), |b| {
            b.fetch(area, ptr.into(), Operand::Imm(i64::from(size)), size, failure);
        });
    }

    fn follow(&mut self, image: At, areas: At, follow: &Follow) {
        let words = image.plus(follow.at);
        let area = areas.plus(follow.area);
        match &follow.what {
            What::Text { max } => {
                let (ptr, len) = (self.word_at(words), self.word_at(words.plus(8)));
                self.fetch(area, ptr.into(), len.into(), *max, Failure::Loss);
            }
            What::Slice { stride, count, each, each_bytes } => {
                let (ptr, len) = (self.word_at(words), self.word_at(words.plus(8)));
                let n = self.copy(len.into());
                let most = Operand::Imm(i64::from(*count));
                self.when(Cond::Gt, n.into(), most, |b| b.set(n, most));
                let bytes = self.bin(BinOp::Mul, n.into(), Operand::Imm(i64::from(*stride)));
                self.fetch(area, ptr.into(), bytes.into(), stride * count, Failure::Loss);
                if each.is_empty() {
                    return;
                }
                let images = area.plus(AREA_HEADER);
                let nested = images.plus((stride * count).next_multiple_of(8));
                self.counted(*count, 40 * each.len() as u32, |b, index, out| {
                    let inside = b.new_block();
                    b.branch(Cond::Lt, index.into(), n.into(), inside, out);
                    b.switch_to(inside);
                    let image = b.element_at(images, index, *stride);
                    let areas = b.element_at(nested, index, *each_bytes);
                    each.iter().for_each(|follow| b.follow(image, areas, follow));
                });
            }
            What::Pointer { size, each } => {
                let ptr = self.word_at(words);
                self.fetch_at(area, ptr, *size, Failure::Loss);
                let image = area.plus(AREA_HEADER);
                let nested = image.plus(size.next_multiple_of(8));
                each.iter().for_each(|follow| self.follow(image, nested, follow));
            }
            What::Interface { empty, deep } => self.interface(words, area, *empty, *deep),
            What::SwissMap(slots) => self.swiss_map(words, area, slots),
            What::OldMap(slots) => self.old_map(words, area, slots),
        }
    }

    /// The place of element `index`.
    fn element_at(&mut self, start: At, index: VReg, stride: u32) -> At {
        let by = self.bin(BinOp::Mul, index.into(), Operand::Imm(i64::from(stride)));
        At(self.bin(BinOp::Add, start.0.into(), by.into()), start.1)
    }

    /// An interface's type, its value's first bytes, and text that these bytes point to.
    fn interface(&mut self, words: At, area: At, empty: bool, deep: bool) {
        let (head, data) = (self.word_at(words), self.word_at(words.plus(8)));
        let value = area.plus(AREA_HEADER + 8);
        let first = value.plus(AREA_HEADER + DYNAMIC_BYTES);
        let second = first.plus(AREA_HEADER + DYNAMIC_TEXT);
        let nested = second.plus(AREA_HEADER + DYNAMIC_TEXT);
        self.when(Cond::Ne, head.into(), Operand::Imm(0), |b| {
            if !empty {
                // An itab's second word is the type.
                let place = b.bin(BinOp::Add, head.into(), Operand::Imm(8));
                b.fetch(area, place.into(), Operand::Imm(8), 8, Failure::Nothing);
            }
            b.dynamic(value, data);
            for (at, text) in [(0, first), (16, second)] {
                let words = value.plus(AREA_HEADER + at);
                let (ptr, len) = (b.word_at(words), b.word_at(words.plus(8)));
                // What is no length is no text.
                b.when(Cond::Le, len.into(), Operand::Imm(1 << 20), |b| b.dynamic_text(text, ptr, len));
            }
        });
        if deep {
            let bytes = What::Interface { empty: false, deep: false }.bytes();
            for (number, at) in [(0, 16), (1, 32)] {
                let words = value.plus(AREA_HEADER + at);
                self.interface(words, nested.plus(number * bytes), false, false);
            }
        }
    }

    /// The bytes at an address of something of unknown size: as many as can be read.
    fn dynamic(&mut self, area: At, ptr: VReg) {
        self.fetch_at(area, ptr, DYNAMIC_BYTES, Failure::Nothing);
        for size in [32, 16, 8] {
            let got = self.load(area.0, area.1 + 8, Size::B8);
            self.when(Cond::Eq, got.into(), Operand::Imm(0), |b| {
                b.fetch_at(area, ptr, size, Failure::Nothing);
            });
        }
    }

    /// Text, or elements of a slice, whose bytes are more than its length says.
    fn dynamic_text(&mut self, area: At, ptr: VReg, len: VReg) {
        self.when(Cond::Ne, len.into(), Operand::Imm(0), |b| {
            b.fetch_at(area, ptr, DYNAMIC_TEXT, Failure::Nothing);
            let got = b.load(area.0, area.1 + 8, Size::B8);
            b.when(Cond::Eq, got.into(), Operand::Imm(0), |b| {
                b.fetch(area, ptr.into(), len.into(), DYNAMIC_TEXT, Failure::Nothing);
            });
        });
    }

    /// `internal/runtime/maps.Map`: one group, or a directory of tables of groups.
    fn swiss_map(&mut self, words: At, area: At, slots: &MapSlots) {
        const DIR_PTR: u32 = 16;
        const DIR_LEN: u32 = 24;
        const GROUPS_DATA: u32 = 16;
        const GROUPS_MASK: u32 = 24;
        let map = self.word_at(words);
        self.fetch_at(area, map, MAP_HEADER, Failure::Loss);
        let header = area.plus(AREA_HEADER);
        let (dir, dir_len) = (self.word_at(header.plus(DIR_PTR)), self.word_at(header.plus(DIR_LEN)));
        let directory = header.plus(MAP_HEADER);
        let entries = directory.plus(AREA_HEADER + slots.group.max(8 * MAP_TABLES).next_multiple_of(8));
        let (small, large, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(Cond::Eq, dir_len.into(), Operand::Imm(0), small, large);

        self.switch_to(small);
        self.aside(|b| {
            b.fetch_at(directory, dir, slots.group, Failure::Loss);
            b.entries(directory.plus(AREA_HEADER), entries, slots, 1);
        });
        self.jump(after);

        self.switch_to(large);
        self.aside(|b| {
            let bytes = b.bin(BinOp::Shl, dir_len.into(), Operand::Imm(3));
            b.fetch(directory, dir.into(), bytes.into(), 8 * MAP_TABLES, Failure::Loss);
            let mut table = entries.plus(8 * slots.each_bytes);
            for number in 0..slots.tables {
                let addr = b.word_at(directory.plus(AREA_HEADER + 8 * number));
                b.fetch_at(table, addr, TABLE_BYTES, Failure::Loss);
                let fields = table.plus(AREA_HEADER);
                let data = b.word_at(fields.plus(GROUPS_DATA));
                let mask = b.word_at(fields.plus(GROUPS_MASK));
                let groups = fields.plus(TABLE_BYTES);
                b.when(Cond::Ne, data.into(), Operand::Imm(0), |b| {
                    let count = b.bin(BinOp::Add, mask.into(), Operand::Imm(1));
                    b.groups(groups, data, count, slots);
                });
                table = groups.plus(slots.groups_bytes());
            }
        });
        self.jump(after);
        self.switch_to(after);
    }

    /// Groups or buckets that lie one behind the other.
    fn groups(&mut self, area: At, data: VReg, count: VReg, slots: &MapSlots) {
        let n = self.copy(count.into());
        let most = Operand::Imm(i64::from(slots.groups));
        self.when(Cond::Gt, n.into(), most, |b| b.set(n, most));
        let bytes = self.bin(BinOp::Mul, n.into(), Operand::Imm(i64::from(slots.group)));
        self.fetch(area, data.into(), bytes.into(), slots.group * slots.groups, Failure::Loss);
        let images = area.plus(AREA_HEADER);
        let entries = images.plus((slots.group * slots.groups).next_multiple_of(8));
        self.entries(images, entries, slots, slots.groups);
    }

    /// Follows what the entries of groups point to.
    fn entries(&mut self, groups: At, areas: At, slots: &MapSlots, count: u32) {
        if slots.each_bytes == 0 {
            return;
        }
        let cost = 40 * (slots.each_key.len() + slots.each_elem.len()) as u32;
        self.counted(count, cost * 8, |b, group, _| {
            let image = b.element_at(groups, group, slots.group);
            let areas = b.element_at(areas, group, 8 * slots.each_bytes);
            b.counted(8, cost, |b, slot, _| {
                let key = b.element_at(image.plus(slots.keys), slot, slots.key_stride);
                let elem = b.element_at(image.plus(slots.elems), slot, slots.elem_stride);
                let areas = b.element_at(areas, slot, slots.each_bytes);
                slots.each_key.iter().for_each(|follow| b.follow(key, areas, follow));
                let areas = areas.plus(slots.key_bytes);
                slots.each_elem.iter().for_each(|follow| b.follow(elem, areas, follow));
            });
        });
    }

    /// `runtime.hmap`: buckets, and those that they have run over to.
    fn old_map(&mut self, words: At, area: At, slots: &MapSlots) {
        const LOG: u32 = 9;
        const BUCKETS: u32 = 16;
        let map = self.word_at(words);
        self.fetch_at(area, map, MAP_HEADER, Failure::Loss);
        let header = area.plus(AREA_HEADER);
        let log = self.load(header.0, header.1 + LOG, Size::B1);
        let data = self.word_at(header.plus(BUCKETS));
        let buckets = header.plus(MAP_HEADER);
        let over = buckets.plus(slots.groups_bytes());
        self.when(Cond::Ne, data.into(), Operand::Imm(0), |b| {
            let count = b.bin(BinOp::Shl, Operand::Imm(1), log.into());
            b.groups(buckets, data, count, slots);
        });
        let area_bytes = AREA_HEADER + slots.group.next_multiple_of(8);
        let entries = over.plus(area_bytes * slots.groups);
        for bucket in 0..slots.groups {
            let next = buckets.plus(AREA_HEADER + (bucket + 1) * slots.group - 8);
            let next = self.word_at(next);
            let area = over.plus(bucket * area_bytes);
            self.fetch_at(area, next, slots.group, Failure::Loss);
            self.entries(area.plus(AREA_HEADER), entries.plus(bucket * 8 * slots.each_bytes), slots, 1);
        }
    }
}
