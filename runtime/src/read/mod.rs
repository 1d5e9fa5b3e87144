//! Maps as user space sees them: the CPUs' parts joined, buckets gathered, names in place of
//! addresses.

mod join;

use std::collections::HashMap;
use std::io;
use std::os::fd::BorrowedFd;

use gprobe_compiler::artifact::{LOSSES, Loss, MapInfo};

use crate::decode::Decoder;
use crate::event::{MapEntry, Value};
use crate::load::Loaded;
use crate::store::{Store, lost_by};
use crate::sys::bpf;

/// A map's entries, in no order. Keys that read the same (addresses in one function) are one entry.
pub(crate) fn snapshot(store: &Store, decoder: &mut Decoder, map: usize) -> io::Result<Vec<MapEntry>> {
    let (info, fd) = find(store, map)?;
    let mut entries: Vec<MapEntry> = Vec::new();
    let mut places: HashMap<Vec<Value>, usize> = HashMap::new();
    for key in bpf::keys(fd, info.key_size() as usize)? {
        let mut bytes = vec![0; value_bytes(store, info)];
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
    store: &Store,
    decoder: &mut Decoder,
    map: usize,
    key: &[u8],
    parts: Vec<Value>,
) -> io::Result<Option<MapEntry>> {
    let (info, fd) = find(store, map)?;
    if info.value.has_buckets() {
        let entries = snapshot(store, decoder, map)?;
        return Ok(entries.into_iter().find(|entry| entry.key == parts));
    }
    let mut bytes = vec![0; value_bytes(store, info)];
    let mut whole = key.to_vec();
    whole.resize(info.key_size() as usize, 0);
    if !bpf::lookup(fd, &whole, &mut bytes)? {
        return Ok(None);
    }
    Ok(join::datum(info, decoder, &whole, &bytes).map(|datum| MapEntry { key: parts, datum }))
}

/// Removes all entries.
pub(crate) fn clear(store: &Store, map: usize) -> io::Result<()> {
    let (info, fd) = find(store, map)?;
    for key in bpf::keys(fd, info.key_size() as usize)? {
        bpf::delete(fd, &key)?;
    }
    Ok(())
}

/// Sets all values to 0.
pub(crate) fn zero(store: &Store, map: usize) -> io::Result<()> {
    let (info, fd) = find(store, map)?;
    let zeros = vec![0; value_bytes(store, info)];
    bpf::keys(fd, info.key_size() as usize)?.iter().try_for_each(|key| bpf::update(fd, key, &zeros))
}

/// What was lost by all scripts, of each kind of which anything was.
pub(crate) fn losses<'l>(store: &Store, scripts: impl Iterator<Item = &'l Loaded>) -> Vec<(Loss, u64)> {
    let Some(fd) = store.map(LOSSES) else { return Vec::new() };
    let mut bytes = vec![0; 8 * store.facts.possible_cpus as usize];
    let by_scripts: Vec<_> = scripts.map(lost_by).collect();
    let mut found = Vec::new();
    for loss in Loss::ALL {
        let by_scripts = by_scripts.iter().filter_map(|lost| lost.get(loss as usize));
        let mut count = store.lost(loss) + by_scripts.sum::<u64>();
        if bpf::lookup(fd, &(loss as u32).to_le_bytes(), &mut bytes).unwrap_or(false) {
            let words = bytes.chunks_exact(8).filter_map(|c| c.try_into().ok()).map(u64::from_le_bytes);
            count += words.sum::<u64>();
        }
        if count > 0 {
            found.push((loss, count));
        }
    }
    found
}

fn find(store: &Store, map: usize) -> io::Result<(&MapInfo, BorrowedFd<'_>)> {
    let info = store.infos.get(map);
    let found = info.and_then(|info| Some((info, store.map(&info.symbol)?)));
    found.ok_or_else(|| io::Error::other("no such map"))
}

/// Bytes that the kernel writes for one value: of each CPU, where it keeps them apart.
fn value_bytes(store: &Store, info: &MapInfo) -> usize {
    let one = info.value.size().next_multiple_of(8) as usize;
    if info.per_cpu { one * store.facts.possible_cpus as usize } else { one }
}
