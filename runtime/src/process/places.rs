//! Where files lie in the memory of processes.

use std::os::unix::fs::MetadataExt;

use gprobe_compiler::target::TargetBinary;
use gprobe_symbols::{FileOffset, LinkAddr};

use super::mappings;
use crate::error::Error;

/// What is added to a file's addresses where a process has it in memory; `None`: it has it nowhere.
///
/// # Errors
/// Where the process has ended or may not be looked into.
pub(crate) fn load_bias(pid: u32, file: &TargetBinary) -> Result<Option<u64>, Error> {
    if !file.binary.is_pie() {
        return Ok(Some(0));
    }
    let inode = std::fs::metadata(&file.path).map(|metadata| metadata.ino()).ok();
    let mapped = mappings(pid)?;
    let bias = |by: &dyn Fn(&super::Mapping) -> bool| {
        mapped.iter().filter(|m| m.inode != 0 && by(m)).find_map(|m| {
            let link = file.binary.link_addr(FileOffset(m.offset))?;
            Some(m.start.wrapping_sub(link.0))
        })
    };
    // Some file systems give files other inodes than the kernel's own.
    let by_inode = bias(&|m| Some(m.inode) == inode);
    let named = |m: &super::Mapping| {
        m.path == file.name || std::path::Path::new(&file.name).ends_with(m.path.trim_start_matches('/'))
    };
    Ok(by_inode.or_else(|| bias(&named)))
}

/// A file, and what is added to its addresses in each process that is traced.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) file: TargetBinary,
    biases: Vec<u64>,
    /// The first address, and one past the last.
    span: (u64, u64),
}

impl Places {
    pub(crate) fn new(file: TargetBinary, biases: impl IntoIterator<Item = u64>) -> Self {
        let segments = file.binary.segments();
        let first = segments.iter().map(|s| s.vaddr.0).min().unwrap_or(0);
        let end = segments.iter().map(|s| s.vaddr.0.saturating_add(s.memsz)).max().unwrap_or(0);
        let mut biases: Vec<u64> = biases.into_iter().collect();
        biases.sort_unstable();
        biases.dedup();
        Self { file, biases, span: (first, end) }
    }

    /// Takes another process in.
    pub(crate) fn add(&mut self, bias: u64) {
        if let Err(at) = self.biases.binary_search(&bias) {
            self.biases.insert(at, bias);
        }
    }

    /// The file's address that a process has at `addr`. `None` where it is in none of the processes, or where
    /// one could mistake one for another.
    pub(crate) fn link_addr(&self, addr: u64) -> Option<LinkAddr> {
        if let [only] = self.biases.as_slice() {
            return Some(LinkAddr(addr.wrapping_sub(*only)));
        }
        let mut found = self
            .biases
            .iter()
            .map(|bias| addr.wrapping_sub(*bias))
            .filter(|link| (self.span.0..self.span.1).contains(link));
        match (found.next(), found.next()) {
            (Some(link), None) => Some(LinkAddr(link)),
            _ => None,
        }
    }
}
