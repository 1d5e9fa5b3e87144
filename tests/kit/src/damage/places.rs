//! Where edits of a file hurt: headers, tables, and entries of what is asked about.

use object::read::elf::{ElfFile64, FileHeader as _};
use object::{LittleEndian, Object as _, ObjectSection as _, ObjectSymbol as _};

/// A part of a file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) name: String,
    /// Bytes from the start of the file.
    pub(super) start: usize,
    pub(super) len: usize,
    /// Where the section that it is in starts.
    pub(super) section: usize,
    /// Where it is in memory; 0 where it is not.
    pub(super) addr: u64,
}

/// What starts a table of Go's functions, without the first byte, which tells the release.
const PCLNTAB: [u8; 7] = [0xff, 0xff, 0xff, 0, 0, 1, 8];
/// Functions of a table that get places of their own.
const MOST_FUNCTIONS: usize = 14;
/// Units of debug information that do.
const MOST_UNITS: usize = 24;

/// Finds places in a file that is not damaged.
pub(super) struct Finder<'a> {
    bytes: &'a [u8],
    elf: ElfFile64<'a, LittleEndian>,
    found: Vec<Place>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let elf = ElfFile64::parse(bytes).expect("an ELF file of the compiler's");
        Self { bytes, elf, found: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<Place> {
        self.found
    }

    fn add(&mut self, name: impl Into<String>, start: usize, len: usize) {
        let holding = self.elf.sections().find_map(|section| {
            let (from, size) = section.file_range()?;
            let within = (start as u64).checked_sub(from).filter(|within| *within < size)?;
            Some((from as usize, section.address().checked_add(within).filter(|_| section.address() != 0)))
        });
        let (section, addr) = holding.unwrap_or((0, None));
        let len = len.min(self.bytes.len().saturating_sub(start));
        if len > 0 {
            self.found.push(Place { name: name.into(), start, len, section, addr: addr.unwrap_or(0) });
        }
    }

    /// The file, its header, its tables of segments and sections.
    pub(super) fn headers(&mut self, wanted: impl Fn(&str) -> bool) {
        let header = self.elf.elf_header();
        let (segments, sections) = (header.e_phoff(LittleEndian), header.e_shoff(LittleEndian));
        let (segments_count, sections_count) = (header.e_phnum(LittleEndian), header.e_shnum(LittleEndian));
        self.add("the file", 0, self.bytes.len());
        self.add("the ELF header", 0, 64);
        self.add("program headers", segments as usize, 56 * usize::from(segments_count));
        self.add("section headers", sections as usize, 64 * usize::from(sections_count));
        let named: Vec<(usize, String)> = self
            .elf
            .sections()
            .filter_map(|section| Some((section.index().0, section.name().ok()?.to_owned())))
            .filter(|(_, name)| wanted(name))
            .collect();
        for (index, name) in named {
            self.add(format!("header of {name}"), sections as usize + 64 * index, 64);
        }
    }

    /// What is in the sections.
    pub(super) fn sections(&mut self, wanted: impl Fn(&str) -> bool) {
        let ranges: Vec<(String, (u64, u64))> = self
            .elf
            .sections()
            .filter_map(|section| Some((section.name().ok()?.to_owned(), section.file_range()?)))
            .filter(|(name, _)| wanted(name))
            .collect();
        for (name, (start, len)) in ranges {
            self.add(name, start as usize, len as usize);
        }
    }

    /// The entry of each symbol in its table, and what it leads to.
    pub(super) fn symbols(&mut self, names: &[&str]) {
        let tables = [".symtab", ".dynsym"].map(|name| self.elf.section_by_name(name)?.file_range());
        let own = self.elf.symbols().map(|symbol| (tables[0], symbol));
        let dynamic = self.elf.dynamic_symbols().map(|symbol| (tables[1], symbol));
        let mut entries = Vec::new();
        for (table, symbol) in own.chain(dynamic) {
            let Some(name) = symbol.name().ok().filter(|name| names.contains(name)) else { continue };
            let Some((start, _)) = table else { continue };
            let data = self.offset_of(symbol.address()).map(|at| (at, symbol.size() as usize));
            entries.push((name.to_owned(), start as usize + 24 * symbol.index().0, data));
        }
        for (name, entry, data) in entries {
            self.add(format!("symbol {name}"), entry, 24);
            if let Some((at, size)) = data {
                self.add(format!("bytes of {name}"), at, size.clamp(16, 4096));
            }
        }
    }

    /// Where in the file an address is.
    fn offset_of(&self, addr: u64) -> Option<usize> {
        self.elf.sections().find_map(|section| {
            let (start, size) = section.file_range()?;
            let within = addr.checked_sub(section.address()).filter(|within| *within < size)?;
            (section.address() != 0).then(|| (start + within) as usize)
        })
    }

    /// Go's table of functions, the entries of those whose names begin so, and what points to it.
    pub(super) fn pclntab(&mut self, beginnings: &[&str]) {
        let hits = memchr::memmem::find_iter(self.bytes, &PCLNTAB).filter_map(|at| at.checked_sub(1));
        let Some(table) = hits.into_iter().find(|at| self.bytes.get(*at).is_some_and(|byte| *byte >= 0xf0))
        else {
            return;
        };
        let word = |at: usize| number(self.bytes, at, 8);
        let [count, names, units, files, values, functions] =
            [8, 32, 40, 48, 56, 64].map(|at| word(table + at));
        self.add("pclntab", table, 72);
        let addr = self.found.last().map_or(0, |place| place.addr);
        let parts = [
            ("pclntab's names", names, 4096),
            ("pclntab's units", units, 1024),
            ("pclntab's files", files, 1024),
            ("pclntab's values", values, 4096),
            ("pclntab's functions", functions, 8 * count),
            ("the last of pclntab's functions", functions + 8 * count - 8, 12),
        ];
        for (name, start, len) in parts {
            self.add(name, table + start, len);
        }
        let four = |at: usize| number(self.bytes, at, 4);
        let mut chosen = Vec::new();
        for entry in (0..count).map(|index| table + functions + 8 * index) {
            let func = table + functions + four(entry + 4);
            let text = table + names + four(func + 4);
            let name = self.bytes.get(text..).and_then(|rest| rest.split(|byte| *byte == 0).next());
            let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
            if beginnings.iter().any(|beginning| name.starts_with(beginning)) && chosen.len() < MOST_FUNCTIONS
            {
                let tables = [16, 20, 24].map(|field| table + values + four(func + field));
                chosen.push((name, entry, func, text, tables));
            }
        }
        for (name, entry, func, text, [stack, file, line]) in chosen {
            self.add(format!("pclntab's entry of {name}"), entry, 12);
            self.add(format!("pclntab's _func of {name}"), func, 80);
            self.add(format!("pclntab's name of {name}"), text, name.len() + 1);
            self.add(format!("stack depths of {name}"), stack, 24);
            self.add(format!("files of {name}"), file, 16);
            self.add(format!("lines of {name}"), line, 24);
        }
        // Go's moduledata, or the relocation that fills it.
        let pointers: Vec<usize> =
            memchr::memmem::find_iter(self.bytes, &addr.to_le_bytes()).take(4).collect();
        for at in pointers.into_iter().filter(|_| addr != 0) {
            self.add("what points to pclntab", at.saturating_sub(16), 640);
        }
    }

    /// The units of the debug information, its tables of abbreviations, and the entries that have a name.
    pub(super) fn debug_information(&mut self, names: &[&str]) {
        let range = |name: &str| {
            let section = self.elf.section_by_name(name)?;
            section.file_range().map(|(start, len)| (start as usize, len as usize))
        };
        let Some((start, len)) = range(".debug_info") else { return };
        if let Some((abbreviations, _)) = range(".debug_abbrev") {
            self.add("first abbreviations", abbreviations, 256);
        }
        let mut at = start;
        for number_of in 0..MOST_UNITS {
            if at >= start + len {
                break;
            }
            self.add(format!("unit {number_of}"), at, 64);
            at += 4 + number(self.bytes, at, 4);
        }
        let info = self.bytes.get(start..start + len).unwrap_or_default();
        let mut entries = Vec::new();
        for name in names {
            let text = format!("{name}\0");
            for hit in memchr::memmem::find_iter(info, text.as_bytes()).take(3) {
                entries.push((*name, start + hit));
            }
        }
        for (name, at) in entries {
            self.add(format!("entry of {name}"), at.saturating_sub(4), name.len() + 100);
        }
    }
}

fn number(bytes: &[u8], at: usize, width: usize) -> usize {
    let bytes = bytes.get(at..).unwrap_or_default().iter().take(width);
    bytes.rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}
