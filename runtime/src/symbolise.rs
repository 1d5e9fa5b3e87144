//! Addresses of the target and the kernel become names.

use std::collections::HashMap;
use std::sync::Arc;

use gprobe_symbols::{Binary, FileOffset, LinkAddr, cgo_name};

use crate::event::Frame;
use crate::kernel::symbols::KernelSymbols;
use crate::process::{Mapping, mappings};
use crate::world::open_binary;

/// Names for addresses of one or many processes. What a process has mapped is read when the first
/// of its addresses is asked for, and again when one is not found.
pub(crate) struct Symboliser {
    target: Option<u32>,
    processes: HashMap<u32, Vec<Mapping>>,
    files: HashMap<(u64, String), Option<Arc<Binary>>>,
    kernel: Option<KernelSymbols>,
    known: HashMap<(u32, u64), Frame>,
    /// Files in which addresses are looked for as they are, where no process is known: executables
    /// that are not position-independent lie where their addresses say.
    fixed: Vec<Arc<Binary>>,
}

impl Symboliser {
    /// A symboliser for addresses of `target`, where one process is traced.
    pub(crate) fn new(target: Option<u32>, files: &[String]) -> Self {
        let fixed = match target {
            Some(_) => Vec::new(),
            None => files.iter().filter_map(|f| open_binary(f).ok()).filter(|b| !b.is_pie()).collect(),
        };
        let mut new = Self {
            target,
            processes: HashMap::new(),
            files: HashMap::new(),
            kernel: None,
            known: HashMap::new(),
            fixed,
        };
        // Now, while it is there: names are mostly asked for when it has ended.
        if let Some(pid) = target {
            new.refresh(pid);
        }
        new
    }

    /// Reads anew what the target has mapped: libraries come while it runs, and go with it.
    pub(crate) fn refresh_target(&mut self) {
        if let Some(pid) = self.target {
            self.refresh(pid);
        }
    }

    fn refresh(&mut self, pid: u32) {
        if let Ok(found) = mappings(pid)
            && !found.is_empty()
        {
            let code: Vec<Mapping> = found.into_iter().filter(|m| m.executable).collect();
            for mapping in &code {
                self.open(pid, mapping);
            }
            self.processes.insert(pid, code);
        }
    }

    /// Opens a mapped file while the process is there to be read through.
    fn open(&mut self, pid: u32, mapping: &Mapping) -> Option<Arc<Binary>> {
        if mapping.inode == 0 {
            return None;
        }
        let key = (mapping.inode, mapping.path.clone());
        if let Some(file) = self.files.get(&key) {
            return file.clone();
        }
        let direct = format!("/proc/{pid}/map_files/{:x}-{:x}", mapping.start, mapping.end);
        let through_root = format!("/proc/{pid}/root{}", mapping.path);
        let file = open_binary(&direct).or_else(|_| open_binary(&through_root)).ok();
        self.files.insert(key, file.clone());
        file
    }

    /// The function at an address of a process.
    pub(crate) fn user(&mut self, pid: u32, addr: u64) -> Frame {
        let pid = if pid == 0 { self.target.unwrap_or(0) } else { pid };
        if let Some(frame) = self.known.get(&(pid, addr)) {
            return frame.clone();
        }
        if !self.processes.contains_key(&pid) {
            self.refresh(pid);
        }
        let frame = match self.find(pid, addr) {
            Some(frame) => frame,
            None => {
                // A library may have been loaded since.
                self.refresh(pid);
                let found = self.find(pid, addr).or_else(|| self.find(0, addr));
                found.unwrap_or(Frame { addr, function: None, file: None, offset: 0, line: None })
            }
        };
        self.known.insert((pid, addr), frame.clone());
        frame
    }

    fn find(&mut self, pid: u32, addr: u64) -> Option<Frame> {
        if pid == 0 {
            return self.fixed.iter().find_map(|file| frame(file, LinkAddr(addr), addr));
        }
        let mapping = self.processes.get(&pid)?.iter().find(|m| (m.start..m.end).contains(&addr))?.clone();
        let file = self.open(pid, &mapping)?;
        let link = file.link_addr(FileOffset(addr - mapping.start + mapping.offset))?;
        let found = frame(&file, link, addr)?;
        Some(Frame { file: Some(mapping.path), ..found })
    }

    /// The name of the function at an address, as its source has it; of a cgo wrapper, that of the C
    /// function it calls.
    pub(crate) fn function(&mut self, addr: u64) -> String {
        let frame = self.user(0, addr);
        match frame.function {
            Some(name) => cgo_name(&name).map_or(name.clone(), str::to_owned),
            None => format!("{addr:#x}"),
        }
    }

    /// The function at an address of the kernel.
    pub(crate) fn kernel(&mut self, addr: u64) -> Frame {
        let symbols = self.kernel.get_or_insert_with(KernelSymbols::read);
        match symbols.find(addr) {
            Some((name, offset)) => {
                Frame { addr, function: Some(name.to_owned()), file: None, offset, line: None }
            }
            None => Frame { addr, function: None, file: None, offset: 0, line: None },
        }
    }
}

/// What a file says of one of its addresses.
fn frame(file: &Binary, link: LinkAddr, addr: u64) -> Option<Frame> {
    let function = file.functions().containing(link)?;
    let line = file.line(link).map(|l| (l.file, l.line));
    // The suffix is the linker's, not the source's.
    let name = function.name.strip_suffix(".abi0").unwrap_or(&function.name).to_owned();
    let offset = link.0.saturating_sub(function.addr.0);
    Some(Frame { addr, offset, function: Some(name), file: None, line })
}
