//! What kernel helpers do in an evaluation.

use super::{Host, Machine, Step, memory};
use crate::ir::{Helper, MapDef, MapKind};

/// Errors as helpers return them.
mod errno {
    pub(super) const ENOENT: i64 = -2;
    pub(super) const E2BIG: i64 = -7;
    pub(super) const EAGAIN: i64 = -11;
    pub(super) const EFAULT: i64 = -14;
    pub(super) const EEXIST: i64 = -17;
    pub(super) const EINVAL: i64 = -22;
}

impl<H: Host> Machine<'_, H> {
    /// Calls a helper of the kernel, from so many callbacks deep.
    pub(super) fn helper(&mut self, depth: usize, helper: Helper, args: &[u64]) -> Step<u64> {
        let arg = |at: usize| args.get(at).copied().ok_or_else(|| format!("argument {} is missing", at + 1));
        Ok(match helper {
            Helper::KtimeGetNs
            | Helper::KtimeGetBootNs
            | Helper::KtimeGetTaiNs
            | Helper::Jiffies64
            | Helper::GetNumaNodeId
            | Helper::SendSignal
            | Helper::SendSignalThread
            | Helper::GetSmpProcessorId
            | Helper::GetCurrentPidTgid
            | Helper::GetCurrentUidGid
            | Helper::GetCurrentTask
            | Helper::GetCurrentTaskBtf
            | Helper::TaskPtRegs
            | Helper::GetCurrentCgroupId
            | Helper::GetAttachCookie
            | Helper::GetStackid
            | Helper::GetPrandomU32 => self.host.ask(helper),
            Helper::GetStack => return Err(format!("{} is not evaluated", helper.name())),
            Helper::GetCurrentComm => {
                let comm = self.host.comm();
                let bytes = self.memory.touch(arg(0)?, arg(1)?)?;
                let padded = comm.into_iter().chain(std::iter::repeat(0));
                bytes.iter_mut().zip(padded).for_each(|(to, from)| *to = from);
                // It always ends with a 0.
                bytes.last_mut().into_iter().for_each(|last| *last = 0);
                0
            }
            Helper::GetNsCurrentPidTgid => {
                let ids = self.host.ids_in_namespace();
                let bytes = self.memory.touch(arg(2)?, arg(3)?)?;
                bytes.fill(0);
                match ids {
                    Some((pid, tgid)) if bytes.len() == 8 => {
                        let both = pid.to_le_bytes().into_iter().chain(tgid.to_le_bytes());
                        bytes.iter_mut().zip(both).for_each(|(to, from)| *to = from);
                        0
                    }
                    _ => errno::EINVAL.cast_unsigned(),
                }
            }
            Helper::ProbeReadUser => self.probe_read(arg(0)?, arg(1)?, arg(2)?, false)?.cast_unsigned(),
            Helper::ProbeReadKernel => self.probe_read(arg(0)?, arg(1)?, arg(2)?, true)?.cast_unsigned(),
            Helper::ProbeReadUserStr => {
                self.probe_read_str(arg(0)?, arg(1)?, arg(2)?, false)?.cast_unsigned()
            }
            Helper::ProbeReadKernelStr => {
                self.probe_read_str(arg(0)?, arg(1)?, arg(2)?, true)?.cast_unsigned()
            }
            Helper::RingbufOutput => {
                let (at, map) = self.map(arg(0)?)?;
                if map.kind != MapKind::RingBuf {
                    return Err(format!("map {at} is no ring buffer"));
                }
                let ring_bytes = u64::from(map.max_entries);
                let record = self.memory.read(arg(1)?, arg(2)?)?;
                if self.host.output(record, ring_bytes) { 0 } else { errno::EAGAIN.cast_unsigned() }
            }
            Helper::MapLookupElem => self.lookup_arg(arg(0)?, arg(1)?, 0)?,
            Helper::MapLookupPercpuElem => {
                let cpu = u32::try_from(arg(2)?).map_err(|_| "there is no such CPU".to_owned())?;
                self.lookup_arg(arg(0)?, arg(1)?, cpu)?
            }
            Helper::MapUpdateElem => self.update(arg(0)?, arg(1)?, arg(2)?, arg(3)?)?.cast_unsigned(),
            Helper::MapDeleteElem => {
                let (at, map) = self.map(arg(0)?)?;
                let (kind, key_size) = (map.kind, u64::from(map.key_size));
                let key = self.memory.read(arg(1)?, key_size)?.to_vec();
                let result = match kind {
                    MapKind::Array | MapKind::PerCpuArray => errno::EINVAL,
                    _ if self.lookup(at, &key, 0).is_some() => {
                        self.memory.remove(at, &key);
                        0
                    }
                    _ => errno::ENOENT,
                };
                result.cast_unsigned()
            }
            Helper::ForEachMapElem => self.for_each(depth, arg(0)?, arg(1)?, arg(2)?)?,
        })
    }

    /// The map that an argument refers to.
    fn map(&self, argument: u64) -> Step<(usize, &MapDef)> {
        memory::map_at(argument)
            .and_then(|at| self.unit.maps.get(at).map(|map| (at, map)))
            .ok_or_else(|| format!("{argument:#x} is no map"))
    }

    fn lookup_arg(&mut self, map: u64, key: u64, cpu: u32) -> Step<u64> {
        let (at, map) = self.map(map)?;
        let key = self.memory.read(key, u64::from(map.key_size))?.to_vec();
        Ok(self.lookup(at, &key, cpu).unwrap_or(0))
    }

    /// The address of an entry's value.
    fn lookup(&mut self, map: usize, key: &[u8], cpu: u32) -> Option<u64> {
        match self.memory.lookup(map, key, cpu) {
            Some(known) => known,
            None => {
                let bytes = self.host.entry(map, key, cpu)?;
                Some(self.memory.load(map, key, cpu, bytes))
            }
        }
    }

    fn update(&mut self, map_arg: u64, key: u64, value: u64, flags: u64) -> Step<i64> {
        let (at, map) = self.map(map_arg)?;
        let (kind, room) = (map.kind, map.max_entries as usize);
        let (key_size, value_size) = (u64::from(map.key_size), u64::from(map.value_size));
        let key = self.memory.read(key, key_size)?.to_vec();
        let value = self.memory.read(value, value_size)?.to_vec();
        let is_array = matches!(kind, MapKind::Array | MapKind::PerCpuArray);
        Ok(match (self.lookup(at, &key, 0), flags) {
            (Some(_), 1) => errno::EEXIST,
            (Some(place), _) => {
                self.memory.write(place, &value)?;
                0
            }
            (None, _) if is_array => errno::E2BIG,
            (None, 2) => errno::ENOENT,
            (None, _) => {
                let before = self.host.entries(at);
                if before.is_some_and(|before| self.memory.entries(at, before) >= room) {
                    // The kernel's choice of a victim is only about the oldest.
                    match self.memory.oldest(at) {
                        Some(oldest) if matches!(kind, MapKind::LruHash | MapKind::LruPerCpuHash) => {
                            self.memory.remove(at, &oldest);
                        }
                        _ => return Ok(errno::E2BIG),
                    }
                }
                self.memory.insert(at, &key, value);
                0
            }
        })
    }

    fn for_each(&mut self, depth: usize, map: u64, function: u64, argument: u64) -> Step<u64> {
        let (at, _) = self.map(map)?;
        let function = usize::try_from(function).map_err(|_| "there is no such callback".to_owned())?;
        let mut keys = self.host.keys(at);
        keys.retain(|key| !matches!(self.memory.lookup(at, key, 0), Some(None)));
        keys.extend(self.memory.new_keys(at));
        let mut visited = 0;
        for key in keys {
            let Some(value) = self.lookup(at, &key, 0) else { continue };
            visited += 1;
            let key = self.memory.temporary(key);
            let args = [map, key, value, argument, 0].map(u64::cast_signed);
            let stop = self.call(function, depth + 1, args).map_err(|error| error.to_string())?;
            if stop != 0 {
                break;
            }
        }
        Ok(visited)
    }

    /// Copies within the program's own memory, as a read of the kernel's; or reads from outside.
    fn bytes(&mut self, from: u64, size: usize, kernel: bool) -> Option<Vec<u8>> {
        if kernel && let Ok(own) = self.memory.read(from, size as u64) {
            return Some(own.to_vec());
        }
        let mut bytes = vec![0; size];
        self.host.read(from, &mut bytes).then_some(bytes)
    }

    fn probe_read(&mut self, to: u64, size: u64, from: u64, kernel: bool) -> Step<i64> {
        let len = self.memory.touch(to, size)?.len();
        let found = if from == 0 { None } else { self.bytes(from, len, kernel) };
        let bytes = self.memory.touch(to, size)?;
        match found {
            Some(found) => {
                bytes.copy_from_slice(&found);
                Ok(0)
            }
            None => {
                bytes.fill(0);
                Ok(errno::EFAULT)
            }
        }
    }

    fn probe_read_str(&mut self, to: u64, size: u64, from: u64, kernel: bool) -> Step<i64> {
        let room = self.memory.touch(to, size)?.len();
        let mut text = Vec::new();
        // In pieces that end where pages do: behind the text nothing may be mapped.
        while text.len() + 1 < room && text.last() != Some(&0) {
            let Some(at) = from.checked_add(text.len() as u64) else { break };
            let piece = (64 - at % 64).min((room - 1 - text.len()) as u64) as usize;
            let found = match self.bytes(at, piece, kernel) {
                Some(found) => found,
                None => {
                    match (0..piece as u64).map_while(|i| self.bytes(at + i, 1, kernel)).flatten().collect() {
                        bytes if Vec::is_empty(&bytes) => break,
                        bytes => bytes,
                    }
                }
            };
            let end = found.iter().position(|&byte| byte == 0);
            let cut = found.get(..end.map_or(found.len(), |end| end + 1)).unwrap_or_default();
            text.extend_from_slice(cut);
            if end.is_none() && found.len() < piece {
                break;
            }
        }
        let ended = text.last() == Some(&0);
        let bytes = self.memory.touch(to, size)?;
        if !ended && text.len() + 1 < room {
            bytes.fill(0);
            return Ok(errno::EFAULT);
        }
        if !ended && room > 0 {
            text.push(0);
        }
        bytes.iter_mut().zip(&text).for_each(|(to, from)| *to = *from);
        Ok(text.len() as i64)
    }
}
