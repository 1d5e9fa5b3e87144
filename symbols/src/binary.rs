//! [`Binary`]: one ELF file, and all questions to it.

use std::sync::{Arc, OnceLock};

use crate::address::{FileOffset, LinkAddr};
use crate::dwarf::Dwarf;
use crate::error::{Error, Reason};
use crate::evidence::Evidenced;
use crate::functions::{Function, Functions};
use crate::go::offsets::RuntimeOffsets;
use crate::go::version::GoVersion;
use crate::layout::Layout;
use crate::location::Param;
use crate::site::Sites;

/// One ELF file. It holds the bytes and what was found out so far; sharing it between threads is
/// meant to be.
pub struct Binary {
    data: Arc<dyn AsRef<[u8]> + Send + Sync>,
    offsets: OnceLock<Result<RuntimeOffsets, Reason>>,
}

/// A `PT_LOAD` segment: how a part of the file comes into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where the linker put it.
    pub vaddr: LinkAddr,
    /// Where it is in the file.
    pub offset: FileOffset,
    /// Bytes in the file.
    pub filesz: u64,
    /// Bytes in memory; zeros behind those of the file.
    pub memsz: u64,
    /// `PF_R` 4, `PF_W` 2, `PF_X` 1.
    pub flags: u32,
}

impl Segment {
    /// Whether it is mapped executable.
    pub fn is_executable(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// A symbol of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub addr: LinkAddr,
    /// Bytes.
    pub size: u64,
}

/// A source line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The file, as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl Binary {
    /// Reads the headers, and nothing else yet.
    ///
    /// # Errors
    /// Where it is no ELF file, or one that gprobe can't look into.
    pub fn open(data: Arc<dyn AsRef<[u8]> + Send + Sync>) -> Result<Binary, Error> {
        Ok(Self { data, offsets: OnceLock::new() })
    }

    /// The GNU build id, else the Go build id.
    pub fn build_id(&self) -> Option<&[u8]> {
        None
    }

    /// Whether it is position-independent (`ET_DYN`), so that it is loaded with a bias.
    pub fn is_pie(&self) -> bool {
        false
    }

    /// Whether it has debug information.
    pub fn has_dwarf(&self) -> bool {
        false
    }

    /// Whether it has a symbol table of its own (not only the dynamic one).
    pub fn has_symbols(&self) -> bool {
        false
    }

    /// The segments that are loaded, in order of address.
    pub fn segments(&self) -> &[Segment] {
        &[]
    }

    /// Where in the file the bytes of an address are.
    pub fn file_offset(&self, addr: LinkAddr) -> Option<FileOffset> {
        let _ = addr;
        None
    }

    /// The address that bytes of the file are mapped to.
    pub fn link_addr(&self, offset: FileOffset) -> Option<LinkAddr> {
        let _ = offset;
        None
    }

    /// The file's bytes at an address; `None` if not all of them are in the file.
    pub fn bytes_at(&self, addr: LinkAddr, len: usize) -> Option<&[u8]> {
        let _ = (addr, len, &self.data);
        None
    }

    /// The Go release that built it; `None` when it is no Go program.
    pub fn go_version(&self) -> Option<&GoVersion> {
        None
    }

    /// Its functions.
    pub fn functions(&self) -> Functions<'_> {
        Functions { binary: self }
    }

    /// A variable by its symbol: `runtime.allglen`, `runtime.waitReasonStrings`.
    pub fn variable(&self, name: &str) -> Option<Symbol> {
        let _ = name;
        None
    }

    /// Bytes from a thread's `fsbase` to the slot that holds the current g.
    ///
    /// # Errors
    /// Where it is no Go program, or a shared library, which gets its slot at run time.
    pub fn g_tls_offset(&self) -> Result<Evidenced<i64>, Reason> {
        Err(Reason::NotGo)
    }

    /// Its types.
    pub fn layout(&self) -> Layout<'_> {
        Layout { binary: self }
    }

    /// The parameters and results of a Go function by DWARF, in the order of the source (the
    /// receiver first).
    ///
    /// # Errors
    /// [`Reason::NoDwarf`], or where DWARF has no such function.
    pub fn params(&self, function: &Function) -> Result<Vec<Param>, Reason> {
        self.dwarf()?.params(function)
    }

    /// The parameters of a Go function where its ABI puts them: right at the entry site.
    ///
    /// # Errors
    /// As [`params`](Self::params).
    pub fn params_by_abi(&self, function: &Function) -> Result<Vec<Param>, Reason> {
        self.params(function)
    }

    /// The results of a Go function where its ABI puts them: right at each return site.
    ///
    /// # Errors
    /// As [`params`](Self::params).
    pub fn results_at_return(&self, function: &Function) -> Result<Vec<Param>, Reason> {
        self.params(function)
    }

    /// Where probes on a function go.
    ///
    /// # Errors
    /// [`Reason::Unprobeable`].
    pub fn sites(&self, function: &Function) -> Result<Sites, Reason> {
        Err(Reason::NotFound { what: "function", name: function.name.clone() })
    }

    /// Whether R14 holds the current g everywhere in the function.
    pub fn g_in_r14(&self, function: &Function) -> bool {
        let _ = function;
        false
    }

    /// The source line of an instruction of Go code, from pclntab: also in stripped files.
    pub fn line(&self, addr: LinkAddr) -> Option<Line> {
        let _ = addr;
        None
    }

    /// The texts of `runtime.waitReasonStrings`, by wait reason.
    ///
    /// # Errors
    /// Where it is no Go program, or is stripped.
    pub fn wait_reasons(&self) -> Result<Vec<String>, Reason> {
        Err(Reason::NotGo)
    }

    /// Where the runtime's own structs have their fields.
    ///
    /// # Errors
    /// Where it is no Go program, or has no debug information.
    pub fn runtime_offsets(&self) -> Result<&RuntimeOffsets, Reason> {
        self.offsets.get_or_init(|| RuntimeOffsets::read(self)).as_ref().map_err(Clone::clone)
    }

    /// How many inlined copies of a function there are, by DWARF. Slow: it reads all of it.
    ///
    /// # Errors
    /// Where the debug information is damaged. Without any, 0.
    pub fn inlined_copies(&self, name: &str) -> Result<usize, Error> {
        let _ = name;
        Ok(0)
    }

    pub(crate) fn dwarf(&self) -> Result<&Dwarf, Reason> {
        Err(Reason::NoDwarf)
    }

    pub(crate) fn dwarf_or_error(&self) -> Result<&Dwarf, Error> {
        Err(Error::NoSections)
    }
}
