//! [`Binary`]: one ELF file, and all questions to it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use object::elf::{STT_NOTYPE, STT_OBJECT, STT_TLS};
use object::endian::LittleEndian;

use crate::address::{FileOffset, LinkAddr};
use crate::bytes::Bytes;
use crate::dwarf::locations::Locations;
use crate::dwarf::{DebugData, Dwarf};
use crate::elf::{Elf, Section, SymbolTable};
use crate::error::{Error, Reason};
use crate::evidence::{Evidence, Evidenced};
use crate::functions::{Abi, ByAddr, Function, Functions, Language};
use crate::go::code::{self, RuntimeFuncs};
use crate::go::inline::{self, FUNCTION_DATA};
use crate::go::offsets::RuntimeOffsets;
use crate::go::version::GoVersion;
use crate::go::{abi, cgo, known, moduledata, names, sites, tls, tls_slot, wait_reasons};
use crate::insn::flow::instructions;
use crate::layout::{Layout, TypeId};
use crate::location::{Captured, Location, Param};
use crate::pclntab::{self, Magic, Pclntab, Table};
use crate::site::{Cost, Sites};

/// What looks like a pclntab in one section, of which one is: to tell may take a search through all data.
const MOST_TABLES: usize = 64;

/// Bytes of the longest instruction.
const LONGEST_INSTRUCTION: usize = 15;

/// One ELF file. It holds the bytes and what was found out so far; sharing it between threads is
/// meant to be.
pub struct Binary {
    data: Arc<dyn AsRef<[u8]> + Send + Sync>,
    elf: Elf,
    go_version: OnceLock<Option<GoVersion>>,
    pclntab: OnceLock<Option<(Section, Pclntab)>>,
    go_function_data: OnceLock<Option<LinkAddr>>,
    go_wrapper_id: OnceLock<Option<u8>>,
    runtime_funcs: OnceLock<RuntimeFuncs>,
    cgo_names: OnceLock<HashMap<LinkAddr, String>>,
    relocations: OnceLock<Vec<(u64, u64)>>,
    pub(crate) functions_by_addr: OnceLock<Vec<ByAddr>>,
    debug: DebugData,
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
        let elf = Elf::parse((*data).as_ref())?;
        Ok(Self {
            data,
            elf,
            go_version: OnceLock::new(),
            pclntab: OnceLock::new(),
            go_function_data: OnceLock::new(),
            go_wrapper_id: OnceLock::new(),
            runtime_funcs: OnceLock::new(),
            cgo_names: OnceLock::new(),
            relocations: OnceLock::new(),
            functions_by_addr: OnceLock::new(),
            debug: DebugData::default(),
            offsets: OnceLock::new(),
        })
    }

    /// The GNU build id, else the Go build id.
    pub fn build_id(&self) -> Option<&[u8]> {
        let note = |owner: &[u8], kind| self.elf.note(self.data(), owner, kind);
        note(b"GNU\0", 3).or_else(|| note(b"Go\0\0", 4))
    }

    /// Whether it is position-independent (`ET_DYN`), so that it is loaded with a bias.
    pub fn is_pie(&self) -> bool {
        self.elf.is_pie
    }

    /// Whether it has debug information.
    pub fn has_dwarf(&self) -> bool {
        [".debug_info", ".zdebug_info"].iter().any(|name| self.elf.section_bytes(self.data(), name).is_some())
    }

    /// Whether there is debug information of Go, and not of C alone.
    pub fn has_go_dwarf(&self) -> bool {
        self.runtime_offsets().is_ok_and(|offsets| offsets.evidence() == Evidence::Dwarf)
    }

    /// Whether it has a symbol table of its own (not only the dynamic one).
    pub fn has_symbols(&self) -> bool {
        self.symbol_table(false).is_some()
    }

    /// The segments that are loaded, in order of address.
    pub fn segments(&self) -> &[Segment] {
        &self.elf.segments
    }

    /// Where in the file the bytes of an address are.
    pub fn file_offset(&self, addr: LinkAddr) -> Option<FileOffset> {
        self.elf.file_offset(addr)
    }

    /// The address that bytes of the file are mapped to; where two segments have them, that of the
    /// executable one.
    pub fn link_addr(&self, offset: FileOffset) -> Option<LinkAddr> {
        self.elf.link_addr(offset)
    }

    /// The file's bytes at an address; `None` if not all of them are in the file.
    pub fn bytes_at(&self, addr: LinkAddr, len: usize) -> Option<&[u8]> {
        self.elf.bytes_from(self.data(), addr)?.get(..len)
    }

    /// The Go release that built it; `None` when it is no Go program (or one of Go 1.17 or older).
    pub fn go_version(&self) -> Option<&GoVersion> {
        self.go_version.get_or_init(|| GoVersion::read(&self.elf, self.data())).as_ref()
    }

    /// Its functions.
    pub fn functions(&self) -> Functions<'_> {
        Functions { binary: self }
    }

    /// A variable by its symbol: `runtime.allglen`, `runtime.waitReasonStrings`.
    pub fn variable(&self, name: &str) -> Option<Symbol> {
        [false, true].iter().filter_map(|&dynamic| self.symbol_table(dynamic)).find_map(|table| {
            let symbol = table.find(name)?;
            let data = matches!(symbol.st_info & 0xf, STT_OBJECT | STT_NOTYPE);
            data.then(|| Symbol {
                name: name.to_owned(),
                addr: LinkAddr(symbol.st_value.get(LittleEndian)),
                size: symbol.st_size.get(LittleEndian),
            })
        })
    }

    /// Where a shared library of Go's has, in each process, what [`g_tls_offset`](Self::g_tls_offset) gives for a
    /// program: the address of a word of 8 bytes that the dynamic linker writes.
    pub fn g_tls_word(&self) -> Option<LinkAddr> {
        tls_slot::word(self)
    }

    /// Bytes from a thread's `fsbase` to the slot that holds the current g. Of a shared library see
    /// [`g_tls_word`](Self::g_tls_word).
    ///
    /// # Errors
    /// Where it is no Go program.
    pub fn g_tls_offset(&self) -> Result<Evidenced<i64>, Reason> {
        tls::slot(self)
    }

    /// Its types.
    pub fn layout(&self) -> Layout<'_> {
        Layout { binary: self }
    }

    /// The parameters and results of a Go function by DWARF, in the order of the source (the
    /// receiver first).
    ///
    /// # Errors
    /// [`Reason::NoDwarf`], or where DWARF has no such function. Without DWARF, there are those of some functions of
    /// the runtime.
    pub fn params(&self, function: &Function) -> Result<Vec<Param>, Reason> {
        let found = self.dwarf().and_then(|dwarf| dwarf.params(function));
        found.or_else(|reason| if self.has_go_dwarf() { Err(reason) } else { known::params(function) })
    }

    /// The variables that a Go function has captured, where it is a closure; known since Go 1.23.
    ///
    /// # Errors
    /// As [`params`](Self::params).
    pub fn captured(&self, function: &Function) -> Result<Vec<Captured>, Reason> {
        self.dwarf()?.captured(function)
    }

    /// The parameters of a Go function where its ABI puts them: right at the entry site.
    ///
    /// # Errors
    /// As [`params`](Self::params).
    pub fn params_by_abi(&self, function: &Function) -> Result<Vec<Param>, Reason> {
        self.by_abi(function, false)
    }

    /// The results of a Go function where its ABI puts them: right at each return site.
    ///
    /// # Errors
    /// As [`params`](Self::params).
    pub fn results_at_return(&self, function: &Function) -> Result<Vec<Param>, Reason> {
        self.by_abi(function, true)
    }

    /// Parameters or results, where the ABI puts them.
    fn by_abi(&self, function: &Function, results: bool) -> Result<Vec<Param>, Reason> {
        let mut params = self.params(function)?;
        params.retain(|param| param.is_result == results);
        // Until Go 1.24, a dictionary that the compiler has no more use for is not listed.
        if !results
            && let Some(at) = names::dictionary_position(&function.name)
            && params.iter().all(|param| param.name != names::DICTIONARY)
        {
            let dictionary = Param {
                name: names::DICTIONARY.to_owned(),
                ty: self.layout().find_type("uintptr")?,
                is_result: false,
                dictionary: None,
                locations: Locations::Fixed(Location::Unavailable),
            };
            params.insert(at.min(params.len()), dictionary);
        }
        let types: Vec<TypeId> = params.iter().map(|param| param.ty).collect();
        let locations = match function.abi {
            Abi::Internal => abi::assign(self.layout(), &types)?,
            // On the stack, where DWARF says.
            Abi::Abi0 | Abi::C => return Ok(params),
        };
        for (param, location) in params.iter_mut().zip(locations) {
            if location != Location::Unavailable {
                param.locations = Locations::Fixed(location);
            }
        }
        Ok(params)
    }

    /// The parameters of a function where it was put into another, of the copy of `source` that the address in
    /// `function` is in; results, which a copy hands over nowhere, are among them.
    ///
    /// # Errors
    /// [`Reason::NoDwarf`], or where DWARF has no such copy.
    pub fn params_of_copy(
        &self,
        function: &Function,
        addr: LinkAddr,
        source: &str,
    ) -> Result<Vec<Param>, Reason> {
        self.dwarf()?.params_of_copy(function, addr, source)
    }

    /// Where probes on a function go.
    ///
    /// # Errors
    /// [`Reason::Unprobeable`].
    pub fn sites(&self, function: &Function) -> Result<Sites, Reason> {
        sites::sites(self, function)
    }

    /// What a probe at an instruction costs; where the file has none there, the most.
    pub fn cost_at(&self, addr: LinkAddr) -> Cost {
        let bytes = self.elf.bytes_from(self.data(), addr).unwrap_or_default();
        let first = instructions(bytes.get(..LONGEST_INSTRUCTION).unwrap_or(bytes), addr.0).next();
        first.map_or(Cost::SingleStep, |instruction| instruction.cost())
    }

    /// Whether R14 holds the current g everywhere in the function: in Go code, not in assembly,
    /// in wrappers for it, nor in C.
    pub fn g_in_r14(&self, function: &Function) -> bool {
        function.language == Language::Go && function.abi == Abi::Internal
    }

    /// The source line of an instruction of Go code, from pclntab: also in stripped files.
    pub fn line(&self, addr: LinkAddr) -> Option<Line> {
        let table = self.pclntab()?;
        let func = table.find(addr)?;
        Some(Line { file: table.file(func, addr)?.to_owned(), line: table.line(func, addr)? })
    }

    /// The texts of `runtime.waitReasonStrings`, by wait reason.
    ///
    /// # Errors
    /// Where it is no Go program, or is stripped.
    pub fn wait_reasons(&self) -> Result<Vec<String>, Reason> {
        wait_reasons::read(self)
    }

    /// Where the runtime's own structs have their fields.
    ///
    /// # Errors
    /// Where it is no Go program; without debug information, where no release that gprobe knows agrees with the
    /// code.
    pub fn runtime_offsets(&self) -> Result<&RuntimeOffsets, Reason> {
        self.offsets.get_or_init(|| RuntimeOffsets::read(self)).as_ref().map_err(Clone::clone)
    }

    /// The value of a thread-local symbol: its offset in the thread-local block.
    pub(crate) fn tls_symbol(&self, name: &str) -> Option<u64> {
        let symbol = self.symbol_table(false)?.find(name)?;
        (symbol.st_info & 0xf == STT_TLS).then(|| symbol.st_value.get(LittleEndian))
    }

    pub(crate) fn data(&self) -> &[u8] {
        (*self.data).as_ref()
    }

    pub(crate) fn elf(&self) -> &Elf {
        &self.elf
    }

    pub(crate) fn symbol_table(&self, dynamic: bool) -> Option<SymbolTable<'_>> {
        self.elf.symbol_table(self.data(), dynamic)
    }

    /// Go's table of functions and lines.
    pub(crate) fn pclntab(&self) -> Option<Table<'_>> {
        let (section, header) = self.pclntab.get_or_init(|| self.find_pclntab()).as_ref()?;
        Some(Table { header, bytes: section.bytes(self.data())? })
    }

    /// What the offsets of Go functions' further data start from.
    pub(crate) fn go_function_data(&self) -> Option<LinkAddr> {
        let symbol = || FUNCTION_DATA.iter().find_map(|name| Some(self.variable(name)?.addr));
        let by_moduledata = || moduledata::function_data(self, self.pclntab()?.header);
        *self.go_function_data.get_or_init(|| symbol().or_else(by_moduledata))
    }

    /// The `abi.FuncID` of what the Go compiler wrote of its own: it is another in each release.
    pub(crate) fn go_wrapper_id(&self) -> Option<u8> {
        *self.go_wrapper_id.get_or_init(|| inline::wrapper_id(self.pclntab()?))
    }

    /// The name of the C function that Go calls at an address, also where C's symbols are stripped: the code that
    /// calls it tells.
    pub fn cgo_callee(&self, addr: LinkAddr) -> Option<&str> {
        self.cgo_names.get_or_init(|| cgo::names(self)).get(&addr).map(String::as_str)
    }

    /// The functions of the runtime whose code is looked into.
    pub(crate) fn runtime_funcs(&self) -> &RuntimeFuncs {
        self.runtime_funcs.get_or_init(|| code::find(self))
    }

    fn find_pclntab(&self) -> Option<(Section, Pclntab)> {
        let data = self.data();
        if let Some(section) = self.elf.section(data, ".gopclntab") {
            return self.pclntab_at(*section, 0);
        }
        // External linkers put it into a section with other data; only Go programs have any.
        self.go_version()?;
        self.elf.data_sections(data).find_map(|section| {
            let bytes = section.bytes(data)?;
            // The magic number's end with what follows it is rarer than its first bytes.
            let hits = memchr::memmem::find_iter(bytes, &[0xff, 0xff, 0xff, 0, 0, 1, 8]);
            hits.take(MOST_TABLES)
                .filter_map(|at| at.checked_sub(1))
                .find_map(|at| self.pclntab_at(*section, u64::try_from(at).ok()?))
        })
    }

    /// The table that begins `at` bytes from a section's start.
    fn pclntab_at(&self, section: Section, at: u64) -> Option<(Section, Pclntab)> {
        let section = section.from(at)?;
        let bytes = section.bytes(self.data())?;
        (pclntab::magic(bytes)? == Magic::Known).then_some(())?;
        let addr = LinkAddr(section.addr);
        let mut header = Pclntab::parse(bytes, addr, |at| self.pointer_at(at))?;
        // Since Go 1.26 the header does not say where the text starts.
        if header.text == 0 {
            let moduledata = moduledata::find(self, addr, addr.checked_add(header.names)?)?;
            header.text = moduledata::text_start(self, moduledata)?;
        }
        self.elf.is_code(LinkAddr(header.text)).then_some((section, header))
    }

    /// Relocations of position-independent files: (address, value without bias).
    pub(crate) fn relocations(&self) -> &[(u64, u64)] {
        self.relocations.get_or_init(|| {
            if self.elf.is_pie { self.elf.relative_relocations(self.data()) } else { Vec::new() }
        })
    }

    /// The pointer at an address as the dynamic linker leaves it, without the load bias.
    pub(crate) fn pointer_at(&self, addr: LinkAddr) -> Option<u64> {
        let relocations = self.relocations();
        if let Ok(index) = relocations.binary_search_by_key(&addr.0, |(at, _)| *at) {
            return relocations.get(index).map(|(_, value)| *value);
        }
        Bytes::new(self.bytes_at(addr, 8)?).u64()
    }

    pub(crate) fn dwarf(&self) -> Result<Dwarf<'_>, Reason> {
        if self.has_dwarf() { Ok(self.any_dwarf()) } else { Err(Reason::NoDwarf) }
    }

    pub(crate) fn any_dwarf(&self) -> Dwarf<'_> {
        Dwarf::new(self, &self.debug)
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binary")
            .field("bytes", &self.data().len())
            .field("is_pie", &self.is_pie())
            .field("go_version", &self.go_version().map(|version| &version.text))
            .finish_non_exhaustive()
    }
}
