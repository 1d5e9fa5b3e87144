//! Code in the memory of a process, held against its file before a probe goes there: the kernel saves and runs what the
//! file has, and would run that in place of what somebody has written over it.

use std::fs::File;

use gprobe_compiler::artifact::SiteInfo;

use crate::process::{Mapping, is_mapped_as, mappings};
use crate::sys::map_file::map_file;
use crate::sys::process::read_memory;

/// Bytes of an instruction that are compared: most are no longer, and a word is one read.
const BYTES: usize = 8;
/// What breakpoints are, those of other tracers' probes too.
const INT3: u8 = 0xcc;
/// A `nop` of 5 bytes, and what Linux 6.18 and later make of it where a probe is on it: a call
/// (`arch/x86/kernel/uprobes.c`, `arch_uprobe_optimize`).
const NOP5: [u8; 5] = [0x0f, 0x1f, 0x44, 0, 0];
const CALL: u8 = 0xe8;

/// Indices of the sites at which a process has other code in its memory than the file at `path`. Where it has not mapped
/// that yet, there is nothing to compare.
pub(super) fn changed(pid: u32, path: &str, sites: &[SiteInfo]) -> Vec<usize> {
    let mapped: Vec<Mapping> = mappings(pid)
        .unwrap_or_default()
        .into_iter()
        .filter(|mapping| mapping.executable && mapping.inode != 0 && is_mapped_as(path, mapping))
        .collect();
    let Some(file) = File::open(path).ok().and_then(|file| map_file(&file).ok()) else { return Vec::new() };
    let file = (*file).as_ref();
    let differs = |site: &SiteInfo| {
        let offset = site.offset.0;
        let there = mapped.iter().find_map(|mapping| {
            let within = offset.checked_sub(mapping.offset)?;
            let left = (mapping.end - mapping.start).checked_sub(within).filter(|left| *left > 0)?;
            Some((mapping.start + within, left))
        });
        let Some((addr, left)) = there else { return false };
        let len = BYTES.min(usize::try_from(left).unwrap_or(BYTES));
        let known = usize::try_from(offset).ok().and_then(|at| file.get(at..at.checked_add(len)?));
        let mut bytes = [0; BYTES];
        let (Some(known), Some(bytes)) = (known, bytes.get_mut(..len)) else { return false };
        read_memory(pid, addr, bytes).is_ok() && !same(known, bytes)
    };
    sites.iter().enumerate().filter(|(_, site)| differs(site)).map(|(index, _)| index).collect()
}

/// Whether memory has what the file has, but for probes.
fn same(file: &[u8], memory: &[u8]) -> bool {
    if file.starts_with(&NOP5) && memory.first() == Some(&CALL) {
        return file.get(NOP5.len()..) == memory.get(NOP5.len()..);
    }
    file.iter().zip(memory).all(|(file, memory)| file == memory || *memory == INT3)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn probes_of_others_are_no_change() {
        let code = [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x28];
        assert!(same(&code, &code));
        assert!(same(&code, &[0xcc, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x28]));
        assert!(!same(&code, &[0x90, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x28]));
        let nop = [0x0f, 0x1f, 0x44, 0, 0, 0x55, 0x48, 0x89];
        assert!(same(&nop, &[0xe8, 1, 2, 3, 4, 0x55, 0x48, 0x89]));
        assert!(!same(&nop, &[0xe8, 1, 2, 3, 4, 0x90, 0x48, 0x89]));
    }
}
