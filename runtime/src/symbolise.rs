//! Addresses of the target and the kernel become names.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gprobe_symbols::{Binary, FileOffset, LinkAddr, cgo_name};

use crate::event::{Frame, FrameKind};
use crate::kernel::symbols::KernelSymbols;
use crate::process::{Mapping, mapped_file, mappings};
use crate::world::open_binary;

/// What Go's source has at an address.
pub(crate) struct Source {
    /// Innermost first, at least one.
    pub(crate) frames: Vec<Frame>,
    /// Whether the compiler wrote all of it of its own.
    pub(crate) wrapper: bool,
    /// Whether the stack pointer is at the address to return to.
    pub(crate) at_return_address: bool,
}

/// Device, inode and path of a file.
type FileKey = ((u32, u32), u64, String);

/// Names for addresses of one or many processes. What a process has mapped is read when the first
/// of its addresses is asked for, and again when one is not found.
pub(crate) struct Symboliser {
    /// The processes that are traced; none where all of the machine is.
    targets: Vec<u32>,
    /// Is asked before anything else is.
    own: Option<Box<dyn Symbolise>>,
    processes: HashMap<u32, Vec<Mapping>>,
    files: HashMap<FileKey, Option<Arc<Binary>>>,
    kernel: Option<KernelSymbols>,
    known: HashMap<(u32, u64), Frame>,
    sources: HashMap<(u64, bool), Arc<Source>>,
    /// Files in which addresses are looked for as they are, where no process is known: executables
    /// that are not position-independent lie where their addresses say.
    fixed: BTreeMap<String, Arc<Binary>>,
}

/// Names addresses of a target where gprobe can't, or shall not: code that is made at run time.
pub trait Symbolise: Send {
    /// The function at a live address of a process (0: of the only one), and how many bytes into it the address is;
    /// `None`: the names that gprobe finds stand.
    fn symbol(&mut self, pid: u32, addr: u64) -> Option<(String, u64)>;
}

impl Symboliser {
    /// A symboliser for addresses of `targets`, where processes are named.
    pub(crate) fn new(targets: Vec<u32>, own: Option<Box<dyn Symbolise>>) -> Self {
        let mut new = Self {
            own,
            targets,
            processes: HashMap::new(),
            files: HashMap::new(),
            kernel: None,
            known: HashMap::new(),
            sources: HashMap::new(),
            fixed: BTreeMap::new(),
        };
        // Now, while it is there: names are mostly asked for when it has ended.
        new.refresh_targets();
        new
    }

    /// Takes files in whose addresses are looked for as they are, where no process is known.
    pub(crate) fn add_files<'p>(&mut self, paths: impl Iterator<Item = &'p str>) {
        if !self.targets.is_empty() {
            return;
        }
        for path in paths {
            if !self.fixed.contains_key(path)
                && let Ok(file) = open_binary(path)
                && !file.is_pie()
            {
                self.fixed.insert(path.to_owned(), file);
                self.known.clear();
                self.sources.clear();
            }
        }
    }

    /// Takes another process in; gives whether it is a new one.
    pub(crate) fn add_target(&mut self, pid: u32) -> bool {
        let new = !self.targets.contains(&pid);
        if new {
            self.targets.push(pid);
            // What had no name may have one now.
            self.known.clear();
            self.sources.clear();
        }
        new
    }

    /// Reads anew what the targets have mapped: libraries come while they run, and go with them.
    pub(crate) fn refresh_targets(&mut self) {
        for pid in self.targets.clone() {
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
        let key = (mapping.device, mapping.inode, mapping.path.clone());
        if let Some(file) = self.files.get(&key) {
            return file.clone();
        }
        let file = mapped_file(pid, mapping).and_then(|path| open_binary(&path)).ok();
        self.files.insert(key, file.clone());
        file
    }

    /// The function at an address of a process.
    pub(crate) fn user(&mut self, pid: u32, addr: u64) -> Frame {
        let pid = match (pid, self.targets.as_slice()) {
            (0, [only]) => *only,
            _ => pid,
        };
        if let Some(frame) = self.known.get(&(pid, addr)) {
            return frame.clone();
        }
        if let Some((function, offset)) = self.own.as_mut().and_then(|own| own.symbol(pid, addr)) {
            let (function, kind) = (Some(function), FrameKind::Address);
            let frame = Frame { addr, function, file: None, offset, line: None, kind };
            self.known.insert((pid, addr), frame.clone());
            return frame;
        }
        if pid == 0 && !self.targets.is_empty() {
            return self.of_any_target(addr);
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
                found.unwrap_or(Frame {
                    addr,
                    function: None,
                    file: None,
                    offset: 0,
                    line: None,
                    kind: FrameKind::Address,
                })
            }
        };
        self.known.insert((pid, addr), frame.clone());
        frame
    }

    /// The function at an address of one of several processes, which need not all have the same there: then
    /// the address has no name.
    fn of_any_target(&mut self, addr: u64) -> Frame {
        let bare =
            Frame { addr, function: None, file: None, offset: 0, line: None, kind: FrameKind::Address };
        let mut agreed: Option<Frame> = None;
        for pid in self.targets.clone() {
            let frame = self.user(pid, addr);
            let same = |known: &Frame| (&known.function, known.offset) == (&frame.function, frame.offset);
            match &agreed {
                _ if frame.function.is_none() => {}
                Some(known) if !same(known) => return bare,
                _ => agreed = Some(frame),
            }
        }
        agreed.unwrap_or(bare)
    }

    /// The frames of Go's source at an address of the target: functions put into others first. Where
    /// `call` is set, the address is the one to return to behind a call.
    pub(crate) fn source(&mut self, addr: u64, call: bool) -> Arc<Source> {
        if let Some(known) = self.sources.get(&(addr, call)) {
            return Arc::clone(known);
        }
        let found = self.find_source(addr, call).unwrap_or_else(|| {
            let frame = self.user(0, addr);
            Source { frames: vec![frame], wrapper: false, at_return_address: false }
        });
        let found = Arc::new(found);
        self.sources.insert((addr, call), Arc::clone(&found));
        found
    }

    fn find_source(&mut self, addr: u64, call: bool) -> Option<Source> {
        let targets = self.targets.clone();
        let mut places = targets.iter().filter_map(|pid| self.locate(*pid, addr));
        let (file, link, path) = match places.next() {
            Some((file, link, path)) => {
                // What lies elsewhere in each process can't be told apart where they have different code there.
                let function = |file: &Binary, link| file.functions().containing(link).map(|f| f.name);
                let name = function(&file, link);
                if places.any(|(other, at, _)| at != link || function(&other, at) != name) {
                    return None;
                }
                (file, link, Some(path))
            }
            None => {
                let link = LinkAddr(addr);
                let file = self.fixed.values().find(|file| file.go_function_offset(link).is_some())?;
                (Arc::clone(file), link, None)
            }
        };
        let offset = file.go_function_offset(link)?;
        // What returns to a function's first instruction was not called there: a new goroutine starts.
        let at = if call && offset > 0 { LinkAddr(link.0 - 1) } else { link };
        let found = file.source_frames(at);
        let wrapper = found.iter().all(|frame| frame.wrapper);
        let shown = found.into_iter().filter(|frame| wrapper || !frame.wrapper);
        let frames = shown.map(|frame| Frame {
            addr,
            function: Some(frame.function),
            file: path.clone(),
            offset,
            line: frame.line,
            kind: if frame.inlined { FrameKind::Inlined } else { FrameKind::Line },
        });
        Some(Source { frames: frames.collect(), wrapper, at_return_address: file.at_return_address(link) })
    }

    fn find(&mut self, pid: u32, addr: u64) -> Option<Frame> {
        if pid == 0 {
            return self.fixed.values().find_map(|file| frame(file, LinkAddr(addr), addr));
        }
        let (file, link, path) = self.locate(pid, addr)?;
        let found = frame(&file, link, addr)?;
        Some(Frame { file: Some(path), ..found })
    }

    /// What a process has mapped at an address: the file, the address in it, and its path.
    fn locate(&mut self, pid: u32, addr: u64) -> Option<(Arc<Binary>, LinkAddr, String)> {
        let mapping = self.processes.get(&pid)?.iter().find(|m| (m.start..m.end).contains(&addr))?.clone();
        let file = self.open(pid, &mapping)?;
        let link = file.link_addr(FileOffset(addr - mapping.start + mapping.offset))?;
        Some((file, link, mapping.path))
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
            Some((name, offset)) => Frame {
                addr,
                function: Some(name.to_owned()),
                file: None,
                offset,
                line: None,
                kind: FrameKind::Address,
            },
            None => {
                Frame { addr, function: None, file: None, offset: 0, line: None, kind: FrameKind::Address }
            }
        }
    }
}

/// What a file says of one of its addresses.
fn frame(file: &Binary, link: LinkAddr, addr: u64) -> Option<Frame> {
    let Some(function) = file.functions().containing(link) else {
        let function = Some(file.cgo_callee(link)?.to_owned());
        return Some(Frame { addr, offset: 0, function, file: None, line: None, kind: FrameKind::Address });
    };
    let line = file.line(link).map(|l| (l.file, l.line));
    // The suffix is the linker's, not the source's.
    let name = function.name.strip_suffix(".abi0").unwrap_or(&function.name).to_owned();
    let offset = link.0.saturating_sub(function.addr.0);
    Some(Frame { addr, offset, function: Some(name), file: None, line, kind: FrameKind::Address })
}
