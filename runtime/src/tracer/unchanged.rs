//! Code in the memory of a process, held against its file before a probe goes there: the kernel saves and runs what the
//! file has, and would run that in place of what somebody has written over it.

use std::fs::File;
use std::sync::Arc;

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

/// A file's code, and where a process has it; where it has not mapped it yet, there is nothing to compare.
pub(super) struct Code {
    pid: u32,
    file: Option<Arc<dyn AsRef<[u8]> + Send + Sync>>,
    mapped: Vec<Mapping>,
}

impl Code {
    /// The file at `path`, as a process has it mapped now.
    pub(super) fn of(pid: u32, path: &str) -> Self {
        let file = File::open(path).ok().and_then(|file| map_file(&file).ok());
        let is_its_code =
            |mapping: &Mapping| mapping.executable && mapping.inode != 0 && is_mapped_as(path, mapping);
        let mapped = mappings(pid).unwrap_or_default().into_iter().filter(is_its_code).collect();
        Self { pid, file, mapped }
    }

    /// Indices of the sites, in order, at which the process has other code in its memory than the file.
    pub(super) fn changed(&self, sites: &[SiteInfo]) -> Vec<usize> {
        sites.iter().enumerate().filter(|(_, site)| self.differs(site)).map(|(index, _)| index).collect()
    }

    fn differs(&self, site: &SiteInfo) -> bool {
        let Some(file) = &self.file else { return false };
        let file = (**file).as_ref();
        let offset = site.offset.0;
        let there = self.mapped.iter().find_map(|mapping| {
            let within = offset.checked_sub(mapping.offset)?;
            let left = (mapping.end - mapping.start).checked_sub(within).filter(|left| *left > 0)?;
            Some((mapping.start + within, left))
        });
        let Some((addr, left)) = there else { return false };
        let len = BYTES.min(usize::try_from(left).unwrap_or(BYTES));
        let known = usize::try_from(offset).ok().and_then(|at| file.get(at..at.checked_add(len)?));
        let mut bytes = [0; BYTES];
        let (Some(known), Some(bytes)) = (known, bytes.get_mut(..len)) else { return false };
        read_memory(self.pid, addr, bytes).is_ok() && !same(known, bytes)
    }
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
