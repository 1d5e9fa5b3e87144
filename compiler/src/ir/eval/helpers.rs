//! What kernel helpers do in an evaluation.

use super::{Environment, Helper, MapKind, Run, Step, memory};
use crate::ir::MapDef;

/// Errors as helpers return them.
mod errno {
    pub(super) const ENOENT: i64 = -2;
    pub(super) const E2BIG: i64 = -7;
    pub(super) const EAGAIN: i64 = -11;
    pub(super) const EFAULT: i64 = -14;
    pub(super) const EEXIST: i64 = -17;
    pub(super) const EINVAL: i64 = -22;
}

/// Calls a helper of the kernel.
pub(super) fn call(run: &mut Run<'_>, helper: Helper, args: &[u64]) -> Step<u64> {
    let arg = |at: usize| args.get(at).copied().ok_or_else(|| format!("argument {} is missing", at + 1));
    let environment = &mut *run.environment;
    Ok(match helper {
        Helper::KtimeGetNs => environment.ktime_ns,
        Helper::KtimeGetBootNs | Helper::KtimeGetTaiNs => environment.boot_ns,
        Helper::Jiffies64 | Helper::GetNumaNodeId | Helper::SendSignal | Helper::SendSignalThread => 0,
        Helper::MapLookupPercpuElem | Helper::ForEachMapElem | Helper::GetStack => {
            return Err(format!("{} is not evaluated", helper.name()));
        }
        Helper::GetSmpProcessorId => u64::from(environment.cpu),
        Helper::GetCurrentPidTgid => environment.pid_tgid,
        Helper::GetCurrentUidGid => environment.uid_gid,
        Helper::GetCurrentTask => environment.task,
        Helper::GetCurrentCgroupId => environment.cgroup,
        Helper::GetAttachCookie => environment.cookie,
        Helper::GetStackid => environment.stack_id.cast_unsigned(),
        Helper::GetPrandomU32 => {
            let value = environment.random.first().copied().unwrap_or(0);
            if !environment.random.is_empty() {
                environment.random.rotate_left(1);
            }
            u64::from(value)
        }
        Helper::GetCurrentComm => {
            let (to, size) = (arg(0)?, arg(1)?);
            let comm = environment.comm;
            let bytes = run.memory.touch(to, size)?;
            bytes
                .iter_mut()
                .zip(comm.into_iter().chain(std::iter::repeat(0)))
                .for_each(|(to, from)| *to = from);
            // It always ends with a 0.
            bytes.last_mut().into_iter().for_each(|last| *last = 0);
            0
        }
        Helper::GetNsCurrentPidTgid => {
            let (to, size) = (arg(2)?, arg(3)?);
            let bytes = run.memory.touch(to, size)?;
            bytes.fill(0);
            match environment.ns_pid_tgid {
                Some((pid, tgid)) if bytes.len() == 8 => {
                    let both = pid.to_le_bytes().into_iter().chain(tgid.to_le_bytes());
                    bytes.iter_mut().zip(both).for_each(|(to, from)| *to = from);
                    0
                }
                _ => errno::EINVAL.cast_unsigned(),
            }
        }
        Helper::ProbeReadUser | Helper::ProbeReadKernel => {
            probe_read(run, arg(0)?, arg(1)?, arg(2)?)?.cast_unsigned()
        }
        Helper::ProbeReadUserStr | Helper::ProbeReadKernelStr => {
            probe_read_str(run, arg(0)?, arg(1)?, arg(2)?)?.cast_unsigned()
        }
        Helper::RingbufOutput => {
            let (at, map) = map(run, arg(0)?)?;
            if map.kind != MapKind::RingBuf {
                return Err(format!("map {at} is no ring buffer"));
            }
            ring_output(run, u64::from(map.max_entries), arg(1)?, arg(2)?)?.cast_unsigned()
        }
        Helper::MapLookupElem => {
            let (at, map) = map(run, arg(0)?)?;
            let key = run.memory.read(arg(1)?, u64::from(map.key_size))?;
            run.memory.lookup(at, key).unwrap_or(0)
        }
        Helper::MapUpdateElem => update(run, arg(0)?, arg(1)?, arg(2)?, arg(3)?)?.cast_unsigned(),
        Helper::MapDeleteElem => {
            let (at, map) = map(run, arg(0)?)?;
            let key = run.memory.read(arg(1)?, u64::from(map.key_size))?.to_vec();
            let result = match map.kind {
                MapKind::Array | MapKind::PerCpuArray => errno::EINVAL,
                _ if run.memory.remove(at, &key) => 0,
                _ => errno::ENOENT,
            };
            result.cast_unsigned()
        }
    })
}

/// The map that an argument refers to.
fn map<'a>(run: &Run<'a>, argument: u64) -> Step<(usize, &'a MapDef)> {
    memory::map_at(argument)
        .and_then(|at| run.unit.maps.get(at).map(|map| (at, map)))
        .ok_or_else(|| format!("{argument:#x} is no map"))
}

fn update(run: &mut Run<'_>, map_arg: u64, key: u64, value: u64, flags: u64) -> Step<i64> {
    let (at, map) = map(run, map_arg)?;
    let key = run.memory.read(key, u64::from(map.key_size))?.to_vec();
    let value = run.memory.read(value, u64::from(map.value_size))?.to_vec();
    let is_array = matches!(map.kind, MapKind::Array | MapKind::PerCpuArray);
    Ok(match (run.memory.lookup(at, &key), flags) {
        (Some(_), 1) => errno::EEXIST,
        (Some(place), _) => {
            run.memory.write(place, &value)?;
            0
        }
        (None, _) if is_array => errno::E2BIG,
        (None, 2) => errno::ENOENT,
        (None, _) => {
            if run.memory.entries(at) >= map.max_entries as usize {
                // The kernel's choice of a victim is only about the oldest.
                match run.memory.oldest(at) {
                    Some(oldest) if matches!(map.kind, MapKind::LruHash | MapKind::LruPerCpuHash) => {
                        run.memory.remove(at, &oldest);
                    }
                    _ => return Ok(errno::E2BIG),
                }
            }
            run.memory.insert(at, &key, &value);
            0
        }
    })
}

fn ring_output(run: &mut Run<'_>, ring_bytes: u64, data: u64, len: u64) -> Step<i64> {
    // Each record has a header of 8 bytes and is padded to a multiple of 8.
    let in_ring = |len: u64| len.next_multiple_of(8) + 8;
    let record = run.memory.read(data, len)?.to_vec();
    let used: u64 = run.environment.records.iter().map(|record| in_ring(record.len() as u64)).sum();
    if used + in_ring(len) > ring_bytes {
        return Ok(errno::EAGAIN);
    }
    run.environment.records.push(record);
    Ok(0)
}

/// A byte of the target.
fn target_byte(environment: &Environment, address: u64) -> Option<u8> {
    environment.memory.iter().find_map(|(start, bytes)| {
        let at = usize::try_from(address.checked_sub(*start)?).ok()?;
        bytes.get(at).copied()
    })
}

fn probe_read(run: &mut Run<'_>, to: u64, size: u64, from: u64) -> Step<i64> {
    let environment = &*run.environment;
    let found: Option<Vec<u8>> =
        (0..size).map(|at| target_byte(environment, from.checked_add(at)?)).collect();
    let bytes = run.memory.touch(to, size)?;
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

fn probe_read_str(run: &mut Run<'_>, to: u64, size: u64, from: u64) -> Step<i64> {
    let environment = &*run.environment;
    let bytes = run.memory.touch(to, size)?;
    let mut len = 0;
    for (at, place) in (0u64..).zip(bytes.iter_mut()) {
        len = at + 1;
        if len == size {
            *place = 0;
            break;
        }
        match from.checked_add(at).and_then(|address| target_byte(environment, address)) {
            Some(byte) => *place = byte,
            None => {
                bytes.fill(0);
                return Ok(errno::EFAULT);
            }
        }
        if *place == 0 {
            break;
        }
    }
    Ok(len.cast_signed())
}
