//! The memory of evaluated programs: their slots, the context and values of maps, at made-up
//! addresses.

use std::collections::HashMap;

use super::{Change, Step};
use crate::ir::{MapId, Slot, SlotId};

/// Where the context is.
pub(super) const CONTEXT: u64 = 0x1 << 40;
const SLOTS: u64 = 0x2 << 40;
const MAPS: u64 = 0x3 << 40;
const VALUES: u64 = 0x4 << 40;
const END: u64 = 0x80 << 40;
/// Between slots, and between values: more than any has, so that no overrun hits another.
const STRIDE: u64 = 1 << 20;
/// Between the slots of a program and those of a callback that it waits for.
const CALL: u64 = 1 << 34;

/// The address of a slot's byte, so many callbacks deep.
pub(super) fn slot_address(depth: usize, slot: SlotId, offset: u32) -> u64 {
    SLOTS + depth as u64 * CALL + u64::from(slot.0) * STRIDE + u64::from(offset)
}

/// What a register holds that refers to a map.
pub(super) fn map_address(map: MapId) -> u64 {
    MAPS + u64::from(map.0)
}

/// The map that a register refers to.
pub(super) fn map_at(address: u64) -> Option<usize> {
    usize::try_from(address.checked_sub(MAPS)?).ok()
}

/// An entry of a map that was, or still is, in it.
struct Value {
    map: usize,
    key: Vec<u8>,
    bytes: Vec<u8>,
    /// Still in the map.
    present: bool,
    /// Not as the host has it.
    changed: bool,
    /// The host has an entry of this key.
    old: bool,
}

/// Memory of a program or callback: bytes, and which of them were written.
#[derive(Default)]
struct SlotBytes {
    bytes: Vec<u8>,
    written: Vec<bool>,
}

/// By map, CPU and key.
type EntryKey = (usize, u32, Vec<u8>);

/// All memory.
#[derive(Default)]
pub(super) struct Memory {
    /// Bytes that were never written can't be read.
    pub(super) strict: bool,
    /// The bytes of the context.
    pub(super) context: Vec<u8>,
    /// By how many callbacks deep.
    calls: Vec<Vec<SlotBytes>>,
    values: Vec<Value>,
    /// The index of the value.
    index: HashMap<EntryKey, usize>,
}

impl Memory {
    /// Makes room for the slots of a program that starts.
    pub(super) fn enter(&mut self, depth: usize, slots: &[Slot]) {
        while self.calls.len() <= depth {
            self.calls.push(Vec::new());
        }
        let Some(call) = self.calls.get_mut(depth) else { return };
        call.resize_with(slots.len(), SlotBytes::default);
        for (bytes, slot) in call.iter_mut().zip(slots) {
            let size = slot.size as usize;
            bytes.bytes.resize(size, 0);
            if self.strict {
                bytes.written.clear();
                bytes.written.resize(size, false);
            }
        }
    }

    /// What programs changed; forgets all values.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        self.index.clear();
        let changed = self.values.drain(..).filter(|value| value.changed && (value.present || value.old));
        changed
            .map(|value| Change {
                map: value.map,
                key: value.key,
                value: value.present.then_some(value.bytes),
            })
            .collect()
    }

    /// How many entries a map has that had `before`.
    pub(super) fn entries(&self, map: usize, before: usize) -> usize {
        let of_map = self.values.iter().filter(|value| value.map == map);
        of_map.fold(before, |count, value| match (value.old, value.present) {
            (true, false) => count.saturating_sub(1),
            (false, true) => count + 1,
            _ => count,
        })
    }

    /// The key that has been in the map longest.
    pub(super) fn oldest(&self, map: usize) -> Option<Vec<u8>> {
        self.values.iter().find(|value| value.present && value.map == map).map(|value| value.key.clone())
    }

    /// Keys that the host does not have.
    pub(super) fn new_keys(&self, map: usize) -> Vec<Vec<u8>> {
        let new = self.values.iter().filter(|value| value.map == map && value.present && !value.old);
        new.map(|value| value.key.clone()).collect()
    }

    /// The address of the value, or that it is gone; `None` where nothing is known of it.
    pub(super) fn lookup(&self, map: usize, key: &[u8], cpu: u32) -> Option<Option<u64>> {
        let &at = self.index.get(&(map, cpu, key.to_vec()))?;
        let value = self.values.get(at)?;
        Some(value.present.then_some(VALUES + at as u64 * STRIDE))
    }

    /// Keeps what the host has; gives its address.
    pub(super) fn load(&mut self, map: usize, key: &[u8], cpu: u32, bytes: Vec<u8>) -> u64 {
        self.put((map, cpu, key.to_vec()), bytes, true)
    }

    /// Puts a new value in the map.
    pub(super) fn insert(&mut self, map: usize, key: &[u8], bytes: Vec<u8>) {
        let old = self.index.get(&(map, 0, key.to_vec())).and_then(|&at| self.values.get_mut(at));
        // What is said of the key last is what counts.
        let old = old.is_some_and(|value| std::mem::take(&mut value.old));
        self.put((map, 0, key.to_vec()), bytes, old);
        self.values.last_mut().into_iter().for_each(|value| value.changed = true);
    }

    fn put(&mut self, entry: EntryKey, bytes: Vec<u8>, old: bool) -> u64 {
        let at = self.values.len();
        self.values.push(Value {
            map: entry.0,
            key: entry.2.clone(),
            bytes,
            present: true,
            changed: false,
            old,
        });
        self.index.insert(entry, at);
        VALUES + at as u64 * STRIDE
    }

    /// Bytes that belong to no map.
    pub(super) fn temporary(&mut self, bytes: Vec<u8>) -> u64 {
        let at = self.values.len() as u64;
        let map = usize::MAX;
        self.values.push(Value { map, key: Vec::new(), bytes, present: true, changed: false, old: false });
        VALUES + at * STRIDE
    }

    /// Takes a value out. Programs may still have its address.
    pub(super) fn remove(&mut self, map: usize, key: &[u8]) {
        let value = self.index.get(&(map, 0, key.to_vec())).and_then(|&at| self.values.get_mut(at));
        if let Some(value) = value {
            value.present = false;
            value.changed = true;
        }
    }

    /// Bytes that must all have been written before.
    pub(super) fn read(&self, address: u64, len: u64) -> Step<&[u8]> {
        let outside = || format!("reads {len} bytes at {address:#x}, which are not in its memory");
        match place(address) {
            Some(Place::Context(at)) => slice(&self.context, at, len).ok_or_else(outside),
            Some(Place::Slot(call, slot, at)) => {
                let SlotBytes { bytes, written } =
                    self.calls.get(call).and_then(|call| call.get(slot)).ok_or_else(outside)?;
                let found = slice(bytes, at, len).ok_or_else(outside)?;
                if slice(written, at, len).is_some_and(|written| written.contains(&false)) {
                    return Err(format!("reads {len} bytes of slot s{slot} at {at} that were never written"));
                }
                Ok(found)
            }
            Some(Place::Value(value, at)) => {
                let value = self.values.get(value).ok_or_else(outside)?;
                slice(&value.bytes, at, len).ok_or_else(outside)
            }
            None => Err(outside()),
        }
    }

    /// Writes bytes.
    pub(super) fn write(&mut self, address: u64, bytes: &[u8]) -> Step<()> {
        self.touch(address, bytes.len() as u64)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Bytes to write to: from now on they count as written.
    pub(super) fn touch(&mut self, address: u64, len: u64) -> Step<&mut [u8]> {
        let outside = || format!("writes {len} bytes at {address:#x}, which are not in its memory");
        match place(address) {
            Some(Place::Context(_)) => Err("writes to the context, which is read-only".to_owned()),
            Some(Place::Slot(call, slot, at)) => {
                let call = self.calls.get_mut(call).ok_or_else(outside)?;
                let SlotBytes { bytes, written } = call.get_mut(slot).ok_or_else(outside)?;
                if self.strict {
                    slice_mut(written, at, len).ok_or_else(outside)?.fill(true);
                }
                slice_mut(bytes, at, len).ok_or_else(outside)
            }
            Some(Place::Value(value, at)) => {
                let value = self.values.get_mut(value).ok_or_else(outside)?;
                value.changed = true;
                slice_mut(&mut value.bytes, at, len).ok_or_else(outside)
            }
            None => Err(outside()),
        }
    }
}

enum Place {
    Context(u64),
    /// How deep, which slot, which byte.
    Slot(usize, usize, u64),
    Value(usize, u64),
}

fn place(address: u64) -> Option<Place> {
    match address {
        CONTEXT..SLOTS => Some(Place::Context(address - CONTEXT)),
        SLOTS..MAPS => {
            let at = address - SLOTS;
            Some(Place::Slot((at / CALL) as usize, (at % CALL / STRIDE) as usize, at % STRIDE))
        }
        VALUES..END => {
            let at = address - VALUES;
            Some(Place::Value((at / STRIDE) as usize, at % STRIDE))
        }
        _ => None,
    }
}

fn range(at: u64, len: u64) -> Option<std::ops::Range<usize>> {
    Some(usize::try_from(at).ok()?..usize::try_from(at.checked_add(len)?).ok()?)
}

fn slice<T>(of: &[T], at: u64, len: u64) -> Option<&[T]> {
    of.get(range(at, len)?)
}

fn slice_mut<T>(of: &mut [T], at: u64, len: u64) -> Option<&mut [T]> {
    of.get_mut(range(at, len)?)
}
