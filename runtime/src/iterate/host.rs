//! What interpreted programs find around them: the target's memory, and the script's maps in the kernel.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::fd::BorrowedFd;

use gprobe_compiler::artifact::{LOSSES, Loss};
use gprobe_compiler::ir::{Change, Helper, Host, MapDef, MapKind, Unit};

use super::memory::TargetMemory;
use crate::load::Loaded;
use crate::sys::bpf;
use crate::sys::process::clock_ns;

/// A round over goroutines or threads.
pub(crate) struct Round<'a> {
    loaded: &'a Loaded,
    unit: &'a Unit,
    pub(crate) memory: TargetMemory,
    pid: u32,
    /// The thread that the M of the current goroutine is; 0 where it has none.
    pub(crate) thread: u32,
    /// What programs wrote to the ring buffer.
    pub(crate) records: Vec<Vec<u8>>,
    /// What was lost, by [`Loss`].
    pub(crate) lost: [u64; Loss::ALL.len()],
}

impl<'a> Round<'a> {
    pub(crate) fn new(loaded: &'a Loaded, unit: &'a Unit, pid: u32) -> Self {
        let memory = TargetMemory::new(pid);
        Self { loaded, unit, memory, pid, thread: 0, records: Vec::new(), lost: [0; Loss::ALL.len()] }
    }

    /// Makes changes to the kernel's maps.
    pub(crate) fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            let Some((def, fd)) = self.map(change.map) else { continue };
            if def.name == LOSSES {
                let which = change.key.first().copied().map_or(0, usize::from);
                let count =
                    change.value.and_then(|value| value.try_into().ok()).map_or(0, u64::from_le_bytes);
                self.lost.get_mut(which).into_iter().for_each(|lost| *lost += count);
                continue;
            }
            let made = match change.value {
                None => bpf::delete(fd, &change.key).map(drop),
                Some(value) if per_cpu(def) => {
                    // The other CPUs' parts stay as they are.
                    let mut all = self.all_cpus(def, fd, &change.key).unwrap_or_else(|| self.room(def));
                    all.iter_mut().zip(&value).for_each(|(to, from)| *to = *from);
                    bpf::update(fd, &change.key, &all)
                }
                Some(value) => bpf::update(fd, &change.key, &value),
            };
            if made.is_err() {
                let full = Loss::MapFull as usize;
                self.lost.get_mut(full).into_iter().for_each(|lost| *lost += 1);
            }
        }
    }

    fn map(&self, index: usize) -> Option<(&'a MapDef, BorrowedFd<'a>)> {
        let def = self.unit.maps.get(index)?;
        Some((def, self.loaded.map(&def.name)?))
    }

    /// Room for what all CPUs have of an entry.
    fn room(&self, def: &MapDef) -> Vec<u8> {
        let one = (def.value_size as usize).next_multiple_of(8);
        vec![0; one * self.loaded.facts.possible_cpus as usize]
    }

    fn all_cpus(&self, def: &MapDef, fd: BorrowedFd<'_>, key: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = self.room(def);
        bpf::lookup(fd, key, &mut bytes).ok()?.then_some(bytes)
    }
}

/// A random number: what the standard library's hash tables start from.
fn random() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}

fn per_cpu(def: &MapDef) -> bool {
    matches!(def.kind, MapKind::PerCpuHash | MapKind::PerCpuArray | MapKind::LruPerCpuHash)
}

impl Host for Round<'_> {
    fn read(&mut self, from: u64, to: &mut [u8]) -> bool {
        self.memory.read(from, to)
    }

    fn entry(&mut self, map: usize, key: &[u8], cpu: u32) -> Option<Vec<u8>> {
        let (def, fd) = self.map(map)?;
        let size = def.value_size as usize;
        if def.name == LOSSES {
            // Counted here, and added to what the kernel counts when somebody asks.
            return Some(vec![0; size]);
        }
        if per_cpu(def) {
            let start = size.next_multiple_of(8) * cpu as usize;
            return self.all_cpus(def, fd, key)?.get(start..start + size).map(<[u8]>::to_vec);
        }
        let mut bytes = vec![0; size];
        bpf::lookup(fd, key, &mut bytes).ok()?.then_some(bytes)
    }

    fn keys(&mut self, map: usize) -> Vec<Vec<u8>> {
        let Some((def, fd)) = self.map(map) else { return Vec::new() };
        bpf::keys(fd, def.key_size as usize).unwrap_or_default()
    }

    fn entries(&mut self, _map: usize) -> Option<usize> {
        None
    }

    fn output(&mut self, record: &[u8], _ring_bytes: u64) -> bool {
        self.records.push(record.to_vec());
        true
    }

    fn ask(&mut self, helper: Helper) -> u64 {
        match helper {
            Helper::KtimeGetNs => clock_ns(libc::CLOCK_MONOTONIC),
            Helper::KtimeGetBootNs => clock_ns(libc::CLOCK_BOOTTIME),
            Helper::KtimeGetTaiNs => clock_ns(libc::CLOCK_TAI),
            Helper::GetCurrentPidTgid => u64::from(self.pid) << 32 | u64::from(self.thread),
            Helper::GetPrandomU32 => u64::from(random()),
            _ => 0,
        }
    }

    fn comm(&mut self) -> [u8; 16] {
        let path = match self.thread {
            0 => format!("/proc/{}/comm", self.pid),
            thread => format!("/proc/{}/task/{thread}/comm", self.pid),
        };
        let mut comm = [0; 16];
        let name = std::fs::read(path).unwrap_or_default();
        let name = name.strip_suffix(b"\n").unwrap_or(&name);
        comm.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
        comm
    }

    fn ids_in_namespace(&mut self) -> Option<(u32, u32)> {
        Some((self.thread, self.pid))
    }

    fn answer(&mut self, _helper: Helper, _args: &[u64]) -> Option<u64> {
        None
    }
}
