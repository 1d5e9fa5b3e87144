//! The frame of an ELF file: segments, sections, symbol tables, relocations, notes.

use object::elf::{
    DT_RELA, DT_RELASZ, Dyn64, EM_386, EM_AARCH64, EM_ARM, EM_PPC64, EM_RISCV, EM_S390, EM_X86_64, ET_CORE,
    ET_DYN, ET_EXEC, ET_REL, FileHeader64, PT_DYNAMIC, PT_LOAD, PT_NOTE, PT_TLS, R_X86_64_RELATIVE, Rela64,
    SHF_ALLOC, SHF_EXECINSTR, SHN_UNDEF, SHT_DYNSYM, SHT_NOBITS, SHT_NOTE, SHT_PROGBITS, SHT_RELA,
    SHT_SYMTAB, STT_FUNC, Sym64,
};
use object::endian::LittleEndian;
use object::pod;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use crate::address::{FileOffset, LinkAddr};
use crate::binary::Segment;
use crate::bytes::Bytes;
use crate::error::Error;

const LE: LittleEndian = LittleEndian;

/// Program headers that the kernel takes: 64 KiB of them.
const MOST_SEGMENTS: usize = 1170;

/// The frame of an ELF file. It holds no bytes: they are handed to its methods.
#[derive(Debug)]
pub(crate) struct Elf {
    pub(crate) segments: Vec<Segment>,
    pub(crate) is_pie: bool,
    /// `PT_TLS`: bytes in memory and alignment.
    pub(crate) tls: Option<(u64, u64)>,
    /// Where there are no section headers, the parts of the file that the program headers tell.
    sections: Vec<Section>,
    /// The section of the sections' names.
    names: Option<Section>,
    /// What `PT_NOTE` headers lead to.
    notes: Vec<Section>,
}

/// A section's header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    name: u32,
    kind: u32,
    pub(crate) flags: u64,
    pub(crate) addr: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    link: u32,
}

/// A symbol table with its strings.
#[derive(Clone, Copy)]
pub(crate) struct SymbolTable<'a> {
    pub(crate) symbols: &'a [Sym64<LittleEndian>],
    pub(crate) strings: &'a [u8],
}

impl Elf {
    pub(crate) fn parse(data: &[u8]) -> Result<Self, Error> {
        check_identity(data)?;
        let header = FileHeader64::<LittleEndian>::parse(data).map_err(|_| malformed("the ELF header", 0))?;
        match header.e_machine(LE) {
            EM_X86_64 => {}
            other => return Err(Error::UnsupportedMachine { machine: machine_name(other) }),
        }
        let is_pie = match header.e_type(LE) {
            ET_EXEC => false,
            ET_DYN => true,
            ET_REL => return Err(Error::UnsupportedType { kind: "an object file that is not linked yet" }),
            ET_CORE => return Err(Error::UnsupportedType { kind: "a core dump" }),
            _ => return Err(Error::UnsupportedType { kind: "an ELF file of unknown type" }),
        };
        let programs = header
            .program_headers(LE, data)
            .map_err(|_| malformed("the program headers lie outside the file", header.e_phoff(LE)))?;
        if programs.len() > MOST_SEGMENTS {
            return Err(malformed("there are more program headers than the kernel takes", 0));
        }
        let mut segments = Vec::new();
        let mut tls = None;
        let mut notes = Vec::new();
        let mut dynamic = None;
        for program in programs {
            match program.p_type(LE) {
                PT_LOAD => segments.push(Segment {
                    vaddr: LinkAddr(program.p_vaddr(LE)),
                    offset: FileOffset(program.p_offset(LE)),
                    filesz: program.p_filesz(LE),
                    memsz: program.p_memsz(LE),
                    flags: program.p_flags(LE),
                }),
                PT_TLS => tls = Some((program.p_memsz(LE), program.p_align(LE))),
                PT_NOTE => notes.push(Section::unnamed(
                    SHT_NOTE,
                    program.p_vaddr(LE),
                    program.p_offset(LE),
                    program.p_filesz(LE),
                )),
                PT_DYNAMIC => dynamic = Some((program.p_offset(LE), program.p_filesz(LE))),
                _ => {}
            }
        }
        segments.sort_by_key(|segment| segment.vaddr);
        let headers = header
            .section_headers(LE, data)
            .map_err(|_| malformed("the section headers lie outside the file", header.e_shoff(LE)))?;
        let mut elf = Self { segments, is_pie, tls, sections: Vec::new(), names: None, notes };
        if headers.len() < 2 {
            if is_packed(data) {
                return Err(Error::Packed { by: "UPX" });
            }
            elf.sections = elf.parts(data, dynamic);
            return Ok(elf);
        }
        elf.sections = headers
            .iter()
            .map(|section| Section {
                name: section.sh_name(LE),
                kind: section.sh_type(LE),
                flags: section.sh_flags(LE),
                addr: section.sh_addr(LE),
                offset: section.sh_offset(LE),
                size: section.sh_size(LE),
                link: section.sh_link(LE),
            })
            .collect();
        let names = header.section_strings_index(LE, data).ok();
        elf.names = names.and_then(|index| elf.sections.get(index.0)).copied();
        if elf.names.is_none() {
            return Err(malformed("the section of section names is missing", 0));
        }
        Ok(elf)
    }

    /// What stands for sections where there are no headers of any: the segments, and the relocations that the
    /// dynamic linker is told of.
    fn parts(&self, data: &[u8], dynamic: Option<(u64, u64)>) -> Vec<Section> {
        let flags = |segment: &Segment| match segment.is_executable() {
            true => u64::from(SHF_ALLOC | SHF_EXECINSTR),
            false => u64::from(SHF_ALLOC),
        };
        let mut parts: Vec<Section> = self
            .segments
            .iter()
            .map(|segment| Section {
                flags: flags(segment),
                ..Section::unnamed(SHT_PROGBITS, segment.vaddr.0, segment.offset.0, segment.filesz)
            })
            .collect();
        let entries: &[Dyn64<LittleEndian>] = dynamic
            .and_then(|(offset, size)| Bytes::at(data, offset)?.take(size))
            .map_or(&[], |bytes| pod_slice(bytes));
        let entry = |tag: i64| {
            let found = entries.iter().find(|entry| entry.d_tag.get(LE) == tag);
            found.map(|entry| entry.d_val.get(LE))
        };
        if let Some((addr, size)) = entry(DT_RELA).zip(entry(DT_RELASZ))
            && let Some(offset) = self.file_offset(LinkAddr(addr))
        {
            parts.push(Section::unnamed(SHT_RELA, addr, offset.0, size));
        }
        parts
    }

    /// The section of that name.
    pub(crate) fn section(&self, data: &[u8], name: &str) -> Option<&Section> {
        let names = self.names?.bytes(data)?;
        self.sections.iter().find(|section| str_is(names, section.name, name.as_bytes()))
    }

    /// All sections of that name.
    pub(crate) fn sections<'a>(&'a self, data: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a Section> {
        let names = self.names.and_then(|names| names.bytes(data)).unwrap_or_default();
        let named = self.sections.iter().filter(move |section| str_is(names, section.name, name.as_bytes()));
        once(data, named)
    }

    /// The bytes of the section of that name.
    pub(crate) fn section_bytes<'a>(&self, data: &'a [u8], name: &str) -> Option<&'a [u8]> {
        self.section(data, name)?.bytes(data)
    }

    /// The description of the first note with that owner and type.
    pub(crate) fn note<'a>(&self, data: &'a [u8], owner: &[u8], kind: u32) -> Option<&'a [u8]> {
        self.notes.iter().filter_map(|notes| notes.bytes(data)).find_map(|bytes| note(bytes, owner, kind))
    }

    /// Sections that are loaded, not executable, and in the file.
    pub(crate) fn data_sections(&self, data: &[u8]) -> impl Iterator<Item = &Section> {
        const ALLOC: u64 = SHF_ALLOC as u64;
        const EXEC: u64 = SHF_EXECINSTR as u64;
        let loaded =
            self.sections.iter().filter(|s| s.flags & (ALLOC | EXEC) == ALLOC && s.kind != SHT_NOBITS);
        once(data, loaded)
    }

    /// The symbol table (`dynamic`: that of the dynamic linker).
    pub(crate) fn symbol_table<'a>(&self, data: &'a [u8], dynamic: bool) -> Option<SymbolTable<'a>> {
        let kind = if dynamic { SHT_DYNSYM } else { SHT_SYMTAB };
        let section = self.sections.iter().find(|section| section.kind == kind)?;
        let symbols = pod_slice(section.bytes(data)?);
        let strings = self.sections.get(usize::try_from(section.link).ok()?)?.bytes(data)?;
        Some(SymbolTable { symbols, strings })
    }

    /// What the dynamic linker writes into memory relative to the load address: (address, value
    /// without bias), in order of address.
    pub(crate) fn relative_relocations(&self, data: &[u8]) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        for section in once(data, self.sections.iter().filter(|section| section.kind == SHT_RELA)) {
            let entries: &[Rela64<LittleEndian>] = pod_slice(section.bytes(data).unwrap_or_default());
            found.extend(
                entries
                    .iter()
                    .filter(|entry| entry.r_type(LE, false) == R_X86_64_RELATIVE)
                    .map(|entry| (entry.r_offset.get(LE), entry.r_addend.get(LE).cast_unsigned())),
            );
        }
        found.sort_unstable();
        found
    }

    pub(crate) fn file_offset(&self, addr: LinkAddr) -> Option<FileOffset> {
        let segment = self.segment_of(addr)?;
        let within = addr.0.checked_sub(segment.vaddr.0)?;
        (within < segment.filesz).then_some(())?;
        segment.offset.checked_add(within)
    }

    pub(crate) fn link_addr(&self, offset: FileOffset) -> Option<LinkAddr> {
        // Neighbouring segments may share a page of the file, not a byte: but prefer code.
        let holding = |segment: &&Segment| {
            offset.0.checked_sub(segment.offset.0).is_some_and(|within| within < segment.filesz)
        };
        let mut found = self.segments.iter().filter(holding);
        let first = found.next()?;
        let segment =
            if first.is_executable() { first } else { found.find(|s| s.is_executable()).unwrap_or(first) };
        segment.vaddr.checked_add(offset.0.checked_sub(segment.offset.0)?)
    }

    /// Whether code of the file is at the address.
    pub(crate) fn is_code(&self, addr: LinkAddr) -> bool {
        self.segment_of(addr).is_some_and(Segment::is_executable)
    }

    /// The bytes from `addr` to the end of what the file has of its segment.
    pub(crate) fn bytes_from<'a>(&self, data: &'a [u8], addr: LinkAddr) -> Option<&'a [u8]> {
        let segment = self.segment_of(addr)?;
        let within = addr.0.checked_sub(segment.vaddr.0)?;
        let len = segment.filesz.checked_sub(within)?;
        let mut bytes = Bytes::at(data, segment.offset.0.checked_add(within)?)?;
        let available = u64::try_from(bytes.rest().len()).ok()?;
        bytes.take(len.min(available))
    }

    fn segment_of(&self, addr: LinkAddr) -> Option<&Segment> {
        self.segments
            .iter()
            .find(|segment| addr.0.checked_sub(segment.vaddr.0).is_some_and(|within| within < segment.memsz))
    }
}

impl Section {
    /// One that no section header tells of.
    fn unnamed(kind: u32, addr: u64, offset: u64, size: u64) -> Self {
        Self { name: 0, kind, flags: 0, addr, offset, size, link: 0 }
    }

    /// What is behind its first `bytes` bytes.
    pub(crate) fn from(mut self, bytes: u64) -> Option<Self> {
        self.addr = self.addr.checked_add(bytes)?;
        self.offset = self.offset.checked_add(bytes)?;
        self.size = self.size.checked_sub(bytes)?;
        Some(self)
    }

    /// Its bytes, as they are in the file.
    pub(crate) fn bytes<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        if self.kind == SHT_NOBITS {
            return None;
        }
        Bytes::at(data, self.offset)?.take(self.size)
    }
}

impl<'a> SymbolTable<'a> {
    /// Symbols that are functions with a body.
    pub(crate) fn functions(self) -> impl Iterator<Item = &'a Sym64<LittleEndian>> {
        self.symbols.iter().filter(|symbol| is_function(symbol))
    }

    /// The defined symbol of that name, whatever it is.
    pub(crate) fn find(self, name: &str) -> Option<&'a Sym64<LittleEndian>> {
        self.symbols
            .iter()
            .find(|symbol| self.is_named(symbol, name.as_bytes()) && symbol.st_shndx.get(LE) != SHN_UNDEF)
    }

    pub(crate) fn is_named(self, symbol: &Sym64<LittleEndian>, name: &[u8]) -> bool {
        str_is(self.strings, symbol.st_name.get(LE), name)
    }

    pub(crate) fn name(self, symbol: &Sym64<LittleEndian>) -> Option<&'a str> {
        let name = Bytes::at(self.strings, u64::from(symbol.st_name.get(LE)))?.cstr()?;
        std::str::from_utf8(name).ok()
    }
}

/// Sections as far as they together are no longer than the file: headers could have the whole file thousands of
/// times, and each is read.
fn once<'s>(data: &[u8], sections: impl Iterator<Item = &'s Section>) -> impl Iterator<Item = &'s Section> {
    let mut left = u64::try_from(data.len()).unwrap_or(u64::MAX);
    sections.filter(move |section| {
        let rest = left.checked_sub(section.size);
        left = rest.unwrap_or(left);
        rest.is_some()
    })
}

/// Whether the symbol is a function with a body.
pub(crate) fn is_function(symbol: &Sym64<LittleEndian>) -> bool {
    symbol.st_info & 0xf == STT_FUNC && symbol.st_size.get(LE) != 0 && symbol.st_shndx.get(LE) != SHN_UNDEF
}

/// A note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note<'a> {
    /// With the zero at its end.
    pub(crate) owner: &'a [u8],
    pub(crate) kind: u32,
    pub(crate) desc: &'a [u8],
}

/// The notes of a section, up to the first that is cut off.
pub(crate) fn notes(section: &[u8]) -> impl Iterator<Item = Note<'_>> {
    let mut bytes = Bytes::new(section);
    std::iter::from_fn(move || {
        let name_len = bytes.u32()?;
        let desc_len = bytes.u32()?;
        let kind = bytes.u32()?;
        let name = bytes.take(u64::from(name_len.checked_next_multiple_of(4)?))?;
        let desc = bytes.take(u64::from(desc_len))?;
        let padding = u64::from(desc_len.checked_next_multiple_of(4)?.checked_sub(desc_len)?);
        // The last one may lack it.
        bytes.skip(padding.min(u64::try_from(bytes.rest().len()).ok()?))?;
        Some(Note { owner: name.get(..usize::try_from(name_len).ok()?)?, kind, desc })
    })
}

/// The description of a section's first note with that owner and type.
fn note<'a>(section: &'a [u8], owner: &[u8], kind: u32) -> Option<&'a [u8]> {
    notes(section).find(|note| note.kind == kind && note.owner == owner).map(|note| note.desc)
}

/// Whether the string at `offset` is `name`: without looking for its end, in tables of thousands.
fn str_is(strings: &[u8], offset: u32, name: &[u8]) -> bool {
    let rest = usize::try_from(offset).ok().and_then(|offset| strings.get(offset..));
    rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.first() == Some(&0))
}

/// As many whole entries as there are bytes for.
fn pod_slice<T: pod::Pod>(bytes: &[u8]) -> &[T] {
    let count = bytes.len().checked_div(size_of::<T>()).unwrap_or(0);
    pod::slice_from_bytes(bytes, count).map_or(&[], |(slice, _)| slice)
}

/// Whether the file's own loader begins with UPX's mark (`p_lx_elf.cpp`, `l_info`), right behind the headers.
fn is_packed(data: &[u8]) -> bool {
    const HEADERS: usize = 1024;
    memchr::memmem::find(data.get(..HEADERS).unwrap_or(data), b"UPX!").is_some()
}

fn check_identity(data: &[u8]) -> Result<(), Error> {
    let identity = data.get(..16).filter(|identity| identity.starts_with(b"\x7fELF")).ok_or(Error::NotElf)?;
    match identity.get(4) {
        Some(2) => {}
        _ => return Err(Error::Not64Bit),
    }
    match identity.get(5) {
        Some(1) => Ok(()),
        _ => Err(Error::BigEndian),
    }
}

fn machine_name(machine: u16) -> String {
    match machine {
        EM_386 => "x86".to_owned(),
        EM_ARM => "ARM".to_owned(),
        EM_AARCH64 => "ARM64".to_owned(),
        EM_PPC64 => "POWER".to_owned(),
        EM_RISCV => "RISC-V".to_owned(),
        EM_S390 => "s390".to_owned(),
        other => format!("machine number {other}"),
    }
}

fn malformed(what: &'static str, at: u64) -> Error {
    Error::Malformed { what, at }
}
