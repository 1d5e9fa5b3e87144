//! The world of the reference interpreter: made up by tests.

use std::collections::BTreeMap;

use super::{Change, Host};
use crate::ir::{Helper, MapKind, Unit};

/// Answers a call of a helper with these arguments, or leaves it to the built-in one.
pub type Answers = fn(Helper, &[u64]) -> Option<u64>;

/// What a program finds around it, and what it leaves behind.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The bytes of the context.
    pub context: Vec<u8>,
    /// Memory of the target and the kernel, for helpers that probe: address and bytes.
    pub memory: Vec<(u64, Vec<u8>)>,
    /// By map: its entries. Per-CPU maps have one CPU.
    pub maps: Vec<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// Records written to ring buffers.
    pub records: Vec<Vec<u8>>,
    /// `bpf_get_current_pid_tgid`
    pub pid_tgid: u64,
    /// The same as seen from the PID namespace that `bpf_get_ns_current_pid_tgid` is asked for;
    /// `None`: the task is not in it.
    pub ns_pid_tgid: Option<(u32, u32)>,
    /// `bpf_get_current_uid_gid`
    pub uid_gid: u64,
    /// `bpf_get_current_comm`
    pub comm: [u8; 16],
    /// `bpf_get_smp_processor_id`
    pub cpu: u32,
    /// `bpf_ktime_get_ns`
    pub ktime_ns: u64,
    /// `bpf_ktime_get_boot_ns`
    pub boot_ns: u64,
    /// What `bpf_get_prandom_u32` gives, in turn and from the start again.
    pub random: Vec<u32>,
    /// `bpf_get_current_task`
    pub task: u64,
    /// `bpf_get_current_cgroup_id`
    pub cgroup: u64,
    /// `bpf_get_attach_cookie`
    pub cookie: u64,
    /// `bpf_get_stackid`, or an error below 0
    pub stack_id: i64,
    /// Answers calls in place of the built-in helpers, where it gives something. It sees addresses
    /// as numbers.
    pub answers: Option<Answers>,
    /// How many instructions may run.
    pub most_steps: u64,
}

impl Environment {
    /// With empty maps (arrays: all zeros), a context of 512 zero bytes, and a task of zeros.
    pub fn new(unit: &Unit) -> Self {
        let maps = unit.maps.iter().map(|map| {
            let mut entries = BTreeMap::new();
            if matches!(map.kind, MapKind::Array | MapKind::PerCpuArray) {
                for index in 0..map.max_entries {
                    entries.insert(index.to_le_bytes().to_vec(), vec![0; map.value_size as usize]);
                }
            }
            entries
        });
        Self {
            context: vec![0; 512],
            memory: Vec::new(),
            maps: maps.collect(),
            records: Vec::new(),
            pid_tgid: 0,
            ns_pid_tgid: None,
            uid_gid: 0,
            comm: [0; 16],
            cpu: 0,
            ktime_ns: 0,
            boot_ns: 0,
            random: Vec::new(),
            task: 0,
            cgroup: 0,
            cookie: 0,
            stack_id: 0,
            answers: None,
            most_steps: 1_000_000,
        }
    }
}

impl Environment {
    /// Makes changes to the maps.
    pub(super) fn apply(&mut self, changes: Vec<Change>) {
        for Change { map, key, value } in changes {
            let Some(map) = self.maps.get_mut(map) else { continue };
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
    }

    fn byte(&self, address: u64) -> Option<u8> {
        self.memory.iter().find_map(|(start, bytes)| {
            let at = usize::try_from(address.checked_sub(*start)?).ok()?;
            bytes.get(at).copied()
        })
    }
}

impl Host for Environment {
    fn read(&mut self, from: u64, to: &mut [u8]) -> bool {
        (from..).zip(to).all(|(address, to)| match self.byte(address) {
            Some(byte) => {
                *to = byte;
                true
            }
            None => false,
        })
    }

    fn entry(&mut self, map: usize, key: &[u8], _cpu: u32) -> Option<Vec<u8>> {
        self.maps.get(map)?.get(key).cloned()
    }

    fn keys(&mut self, map: usize) -> Vec<Vec<u8>> {
        self.maps.get(map).map(|entries| entries.keys().cloned().collect()).unwrap_or_default()
    }

    fn entries(&mut self, map: usize) -> Option<usize> {
        self.maps.get(map).map(BTreeMap::len)
    }

    fn output(&mut self, record: &[u8], ring_bytes: u64) -> bool {
        // Each record has a header of 8 bytes and is padded to a multiple of 8.
        let in_ring = |record: &[u8]| (record.len() as u64).next_multiple_of(8) + 8;
        let used: u64 = self.records.iter().map(|record| in_ring(record)).sum();
        let fits = used + in_ring(record) <= ring_bytes;
        if fits {
            self.records.push(record.to_vec());
        }
        fits
    }

    fn ask(&mut self, helper: Helper) -> u64 {
        match helper {
            Helper::KtimeGetNs => self.ktime_ns,
            Helper::KtimeGetBootNs | Helper::KtimeGetTaiNs => self.boot_ns,
            Helper::GetSmpProcessorId => u64::from(self.cpu),
            Helper::GetCurrentPidTgid => self.pid_tgid,
            Helper::GetCurrentUidGid => self.uid_gid,
            Helper::GetCurrentTask => self.task,
            Helper::GetCurrentCgroupId => self.cgroup,
            Helper::GetAttachCookie => self.cookie,
            Helper::GetStackid => self.stack_id.cast_unsigned(),
            Helper::GetPrandomU32 => {
                let value = self.random.first().copied().unwrap_or(0);
                if !self.random.is_empty() {
                    self.random.rotate_left(1);
                }
                u64::from(value)
            }
            _ => 0,
        }
    }

    fn comm(&mut self) -> [u8; 16] {
        self.comm
    }

    fn ids_in_namespace(&mut self) -> Option<(u32, u32)> {
        self.ns_pid_tgid
    }

    fn answer(&mut self, helper: Helper, args: &[u64]) -> Option<u64> {
        self.answers.and_then(|answers| answers(helper, args))
    }
}
