//! Maps as user space sees them: the CPUs' parts joined, buckets gathered, names in place of
//! addresses.

mod join;

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use gprobe_compiler::artifact::{LOSSES, Loss, MapInfo};

use crate::decode::Decoder;
use crate::event::{MapEntry, Value};
use crate::load::Loaded;
use crate::sys::bpf;

/// A map's entries, in no order. Keys that read the same (addresses in one function) are one entry.
pub(crate) fn snapshot(loaded: &Loaded, decoder: &mut Decoder, map: usize) -> io::Result<Vec<MapEntry>> {
    let (info, fd) = find(loaded, map)?;
    let mut entries: Vec<MapEntry> = Vec::new();
    let mut places: HashMap<Vec<Value>, usize> = HashMap::new();
    for key in bpf::keys(fd, info.key_size() as usize)? {
        let mut bytes = vec![0; value_bytes(loaded, info)];
        // A key may have gone since it was listed.
        if !bpf::lookup(fd, &key, &mut bytes)? {
            continue;
        }
        let Some(parts) = decoder.values(&key, &info.key) else { continue };
        let Some(datum) = join::datum(info, decoder, &key, &bytes) else { continue };
        match places.get(&parts).and_then(|&at| entries.get_mut(at)) {
            Some(entry) => join::merge(info, &mut entry.datum, datum),
            None => {
                places.insert(parts.clone(), entries.len());
                entries.push(MapEntry { key: parts, datum });
            }
        }
    }
    Ok(entries)
}

/// One entry by the bytes of its key, `None` where there is none; histograms are gathered.
pub(crate) fn element(
    loaded: &Loaded,
    decoder: &mut Decoder,
    map: usize,
    key: &[u8],
    parts: Vec<Value>,
) -> io::Result<Option<MapEntry>> {
    let (info, fd) = find(loaded, map)?;
    if info.value.has_buckets() {
        let entries = snapshot(loaded, decoder, map)?;
        return Ok(entries.into_iter().find(|entry| entry.key == parts));
    }
    let mut bytes = vec![0; value_bytes(loaded, info)];
    let mut whole = key.to_vec();
    whole.resize(info.key_size() as usize, 0);
    if !bpf::lookup(fd, &whole, &mut bytes)? {
        return Ok(None);
    }
    Ok(join::datum(info, decoder, &whole, &bytes).map(|datum| MapEntry { key: parts, datum }))
}

/// Removes all entries.
pub(crate) fn clear(loaded: &Loaded, map: usize) -> io::Result<()> {
    let (info, fd) = find(loaded, map)?;
    for key in bpf::keys(fd, info.key_size() as usize)? {
        bpf::delete(fd, &key)?;
    }
    Ok(())
}

/// Sets all values to 0.
pub(crate) fn zero(loaded: &Loaded, map: usize) -> io::Result<()> {
    let (info, fd) = find(loaded, map)?;
    let zeros = vec![0; value_bytes(loaded, info)];
    bpf::keys(fd, info.key_size() as usize)?.iter().try_for_each(|key| bpf::update(fd, key, &zeros))
}

/// What was lost, of each kind of which anything was.
pub(crate) fn losses(loaded: &Loaded) -> Vec<(Loss, u64)> {
    let Some(fd) = loaded.map(LOSSES) else { return Vec::new() };
    let mut bytes = vec![0; 8 * loaded.facts.possible_cpus as usize];
    let mut found = Vec::new();
    for loss in Loss::ALL {
        let mut count = loaded.lost.get(loss as usize).copied().unwrap_or(0);
        if bpf::lookup(fd, &(loss as u32).to_le_bytes(), &mut bytes).unwrap_or(false) {
            let words = bytes.chunks_exact(8).filter_map(|c| c.try_into().ok()).map(u64::from_le_bytes);
            count += words.sum::<u64>();
        }
        if loss == Loss::Reentered {
            let programs = loaded.programs.iter().map(AsFd::as_fd);
            count += programs.map(|program| bpf::runs(program).unwrap_or_default().skipped).sum::<u64>();
        }
        if count > 0 {
            found.push((loss, count));
        }
    }
    found
}

fn find(loaded: &Loaded, map: usize) -> io::Result<(&MapInfo, BorrowedFd<'_>)> {
    let info = loaded.artifact.maps.get(map);
    let found = info.and_then(|info| Some((info, loaded.map(&info.symbol)?)));
    found.ok_or_else(|| io::Error::other("no such map"))
}

/// Bytes that the kernel writes for one value: of each CPU, where it keeps them apart.
fn value_bytes(loaded: &Loaded, info: &MapInfo) -> usize {
    let one = info.value.size().next_multiple_of(8) as usize;
    if info.per_cpu { one * loaded.facts.possible_cpus as usize } else { one }
}
