//! The memory of an evaluated program: its slots, its context and values of maps, at made-up
//! addresses.

use std::collections::BTreeMap;

use super::{Environment, MapId, Program, Step, Unit};
use crate::ir::SlotId;

/// Where the context is.
pub(super) const CONTEXT: u64 = 0x1 << 40;
const SLOTS: u64 = 0x2 << 40;
const MAPS: u64 = 0x3 << 40;
const VALUES: u64 = 0x4 << 40;
/// Between slots, and between values: more than any has, so that no overrun hits another.
const STRIDE: u64 = 1 << 20;

/// The address of a slot's byte.
pub(super) fn slot_address(slot: SlotId, offset: u32) -> u64 {
    SLOTS + u64::from(slot.0) * STRIDE + u64::from(offset)
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
}

/// All memory.
pub(super) struct Memory {
    context: Vec<u8>,
    /// Bytes, and which of them were written.
    slots: Vec<(Vec<u8>, Vec<bool>)>,
    values: Vec<Value>,
    /// By map and key: the index of the value.
    index: BTreeMap<(usize, Vec<u8>), usize>,
}

impl Memory {
    /// For a program that starts.
    pub(super) fn new(program: &Program, _unit: &Unit, environment: &Environment) -> Self {
        let slots = program.slots.iter().map(|slot| {
            let bytes = slot.size as usize;
            (vec![0; bytes], vec![false; bytes])
        });
        let mut memory = Self {
            context: environment.context.clone(),
            slots: slots.collect(),
            values: Vec::new(),
            index: BTreeMap::new(),
        };
        for (map, entries) in environment.maps.iter().enumerate() {
            for (key, bytes) in entries {
                memory.insert(map, key, bytes);
            }
        }
        memory
    }

    /// Gives the maps' entries back.
    pub(super) fn write_back(&self, maps: &mut [BTreeMap<Vec<u8>, Vec<u8>>]) {
        maps.iter_mut().for_each(BTreeMap::clear);
        for value in self.values.iter().filter(|value| value.present) {
            if let Some(map) = maps.get_mut(value.map) {
                map.insert(value.key.clone(), value.bytes.clone());
            }
        }
    }

    /// How many entries a map has.
    pub(super) fn entries(&self, map: usize) -> usize {
        self.values.iter().filter(|value| value.present && value.map == map).count()
    }

    /// The key that has been in the map longest.
    pub(super) fn oldest(&self, map: usize) -> Option<Vec<u8>> {
        self.values.iter().find(|value| value.present && value.map == map).map(|value| value.key.clone())
    }

    /// The address of the value.
    pub(super) fn lookup(&self, map: usize, key: &[u8]) -> Option<u64> {
        self.index.get(&(map, key.to_vec())).map(|&at| VALUES + at as u64 * STRIDE)
    }

    /// Puts a new value in the map.
    pub(super) fn insert(&mut self, map: usize, key: &[u8], bytes: &[u8]) {
        self.index.insert((map, key.to_vec()), self.values.len());
        self.values.push(Value { map, key: key.to_vec(), bytes: bytes.to_vec(), present: true });
    }

    /// Takes a value out. Programs may still have its address. Says whether there was one.
    pub(super) fn remove(&mut self, map: usize, key: &[u8]) -> bool {
        let removed = self.index.remove(&(map, key.to_vec()));
        if let Some(value) = removed.and_then(|at| self.values.get_mut(at)) {
            value.present = false;
        }
        removed.is_some()
    }

    /// Bytes that must all have been written before.
    pub(super) fn read(&self, address: u64, len: u64) -> Step<&[u8]> {
        let outside = || format!("reads {len} bytes at {address:#x}, which are not in its memory");
        match place(address) {
            Some(Place::Context(at)) => slice(&self.context, at, len).ok_or_else(outside),
            Some(Place::Slot(slot, at)) => {
                let (bytes, written) = self.slots.get(slot).ok_or_else(outside)?;
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
            Some(Place::Slot(slot, at)) => {
                let (bytes, written) = self.slots.get_mut(slot).ok_or_else(outside)?;
                slice_mut(written, at, len).ok_or_else(outside)?.fill(true);
                slice_mut(bytes, at, len).ok_or_else(outside)
            }
            Some(Place::Value(value, at)) => {
                let value = self.values.get_mut(value).ok_or_else(outside)?;
                slice_mut(&mut value.bytes, at, len).ok_or_else(outside)
            }
            None => Err(outside()),
        }
    }
}

enum Place {
    Context(u64),
    Slot(usize, u64),
    Value(usize, u64),
}

fn place(address: u64) -> Option<Place> {
    let strided = |start: u64| {
        let at = address - start;
        usize::try_from(at / STRIDE).ok().map(|index| (index, at % STRIDE))
    };
    match address >> 40 {
        1 => Some(Place::Context(address - CONTEXT)),
        2 => strided(SLOTS).map(|(slot, at)| Place::Slot(slot, at)),
        4 => strided(VALUES).map(|(value, at)| Place::Value(value, at)),
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
