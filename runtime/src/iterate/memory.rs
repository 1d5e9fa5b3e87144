//! The target's memory, page by page, as it was when it was first asked for.

use std::collections::HashMap;

use crate::sys::process;

const PAGE: u64 = 4096;

/// Memory of a process that runs on while it is read.
pub(crate) struct TargetMemory {
    pid: u32,
    /// By address; `None`: it can't be read.
    pages: HashMap<u64, Option<Box<[u8]>>>,
}

impl TargetMemory {
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid, pages: HashMap::new() }
    }

    /// Forgets what was read: from here on memory is read as it is then.
    pub(crate) fn forget(&mut self) {
        self.pages.clear();
    }

    /// Reads bytes; gives whether all could be read.
    pub(crate) fn read(&mut self, from: u64, to: &mut [u8]) -> bool {
        let mut done = 0;
        while let Some(rest) = to.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let Some(at) = from.checked_add(done as u64) else { return false };
            let start = at & !(PAGE - 1);
            let Some(page) = self.page(start) else { return false };
            let Some(bytes) = page.get((at - start) as usize..) else { return false };
            let len = bytes.len().min(rest.len());
            let (Some(to), Some(from)) = (rest.get_mut(..len), bytes.get(..len)) else { return false };
            to.copy_from_slice(from);
            done += len;
        }
        true
    }

    /// A number of 8 bytes.
    pub(crate) fn word(&mut self, at: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read(at, &mut bytes).then(|| u64::from_le_bytes(bytes))
    }

    /// A number of 4 bytes.
    pub(crate) fn half(&mut self, at: u64) -> Option<u32> {
        let mut bytes = [0; 4];
        self.read(at, &mut bytes).then(|| u32::from_le_bytes(bytes))
    }

    fn page(&mut self, start: u64) -> Option<&[u8]> {
        let pid = self.pid;
        let page = self.pages.entry(start).or_insert_with(|| {
            let mut bytes = vec![0; PAGE as usize].into_boxed_slice();
            process::read_memory(pid, start, &mut bytes).ok().map(|()| bytes)
        });
        page.as_deref()
    }
}
