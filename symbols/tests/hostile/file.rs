//! ELF files of a few sections, as nobody's compiler makes them.

use std::sync::Arc;

use gprobe_symbols::Binary;

/// Where the file is mapped, all of it readable and executable.
pub(crate) const START: u64 = 0x40_0000;

/// A file in the making.
#[derive(Default)]
pub(crate) struct File {
    sections: Vec<(String, u32, u64, Vec<u8>)>,
    /// Headers of sections that have the whole file: how many, and of which type and flags.
    pub(crate) whole: (usize, u32, u64),
    /// Program headers more.
    pub(crate) segments: usize,
}

fn word(bytes: &mut Vec<u8>, value: u64, width: usize) {
    bytes.extend(value.to_le_bytes().into_iter().take(width));
}

impl File {
    /// With a section more, and the address of its first byte.
    pub(crate) fn with(mut self, name: &str, bytes: Vec<u8>) -> (Self, u64) {
        let before: usize =
            self.sections.iter().map(|(_, _, _, bytes)| bytes.len().next_multiple_of(8)).sum();
        let alloc = if name.starts_with(".debug") { 0 } else { 6 };
        self.sections.push((name.to_owned(), 1, alloc, bytes));
        (self, START + 64 + before as u64)
    }

    /// The same where nobody asks for the address.
    pub(crate) fn and(self, name: &str, bytes: Vec<u8>) -> Self {
        self.with(name, bytes).0
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut file = vec![0; 64];
        let mut headers = vec![0; 64];
        let mut names = b"\0.names\0".to_vec();
        let mut header = |name: usize, kind: u32, flags: u64, at: u64, len: u64| {
            word(&mut headers, name as u64, 4);
            word(&mut headers, u64::from(kind), 4);
            let addr = if flags == 0 { 0 } else { START + at };
            for value in [flags, addr, at, len, 0, 1, 0] {
                word(&mut headers, value, 8);
            }
        };
        for (name, kind, flags, bytes) in &self.sections {
            header(names.len(), *kind, *flags, file.len() as u64, bytes.len() as u64);
            names.extend(name.bytes().chain([0]));
            file.extend(bytes);
            file.resize(file.len().next_multiple_of(8), 0);
        }
        header(1, 3, 0, file.len() as u64, names.len() as u64);
        let index = self.sections.len() as u64 + 1;
        file.extend(&names);
        for _ in 0..self.whole.0 {
            header(0, self.whole.1, self.whole.2, 0, file.len() as u64);
        }
        let sections = file.len() as u64;
        let count = (headers.len() / 64) as u64;
        file.extend(&headers);
        let segments = file.len() as u64;
        for _ in 0..=self.segments {
            word(&mut file, 1, 4);
            word(&mut file, 7, 4);
            for value in [0, START, START, segments, segments, 4096] {
                word(&mut file, value, 8);
            }
        }
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(16, 0);
        for (value, width) in [
            (2, 2),
            (62, 2),
            (1, 4),
            (START, 8),
            (segments, 8),
            (sections, 8),
            (0, 4),
            (64, 2),
            (56, 2),
            (self.segments as u64 + 1, 2),
            (64, 2),
            (count, 2),
            (index, 2),
        ] {
            word(&mut head, value, width);
        }
        file[..64].copy_from_slice(&head);
        file
    }

    pub(crate) fn open(self) -> Binary {
        Binary::open(Arc::new(self.bytes())).expect("an ELF file")
    }
}

/// Debug information in the making: one unit of DWARF 4, the abbreviations and entries of which are numbered as
/// they come.
pub(crate) struct Unit {
    abbreviations: Vec<u8>,
    entries: Vec<u8>,
    count: u8,
}

impl Unit {
    /// A unit of which the first entry, which has no attributes, has others below it.
    pub(crate) fn new() -> Self {
        let mut unit = Self { abbreviations: Vec::new(), entries: Vec::new(), count: 0 };
        let root = unit.abbreviation(0x11, true, &[]);
        unit.entry(root, &[]);
        unit
    }

    /// An abbreviation of attributes with their forms.
    pub(crate) fn abbreviation(&mut self, tag: u8, children: bool, attributes: &[(u8, u8)]) -> u8 {
        self.count += 1;
        self.abbreviations.extend([self.count, tag, u8::from(children)]);
        self.abbreviations.extend(attributes.iter().flat_map(|(name, form)| [*name, *form]));
        self.abbreviations.extend([0, 0]);
        self.count
    }

    /// An entry, and its place in the unit. Its end, that of a list, is the abbreviation 0.
    pub(crate) fn entry(&mut self, abbreviation: u8, values: &[u8]) -> u32 {
        let at = self.place();
        self.entries.push(abbreviation);
        self.entries.extend(values);
        at
    }

    /// Where the next entry will be.
    pub(crate) fn place(&self) -> u32 {
        11 + self.entries.len() as u32
    }

    /// A file with nothing else in it.
    pub(crate) fn file(mut self) -> File {
        self.abbreviations.push(0);
        self.entries.push(0);
        let mut info = Vec::new();
        word(&mut info, 7 + self.entries.len() as u64, 4);
        word(&mut info, 4, 2);
        word(&mut info, 0, 4);
        info.push(8);
        info.extend(self.entries);
        File::default().and(".debug_info", info).and(".debug_abbrev", self.abbreviations)
    }
}

/// Go's table of functions, as of Go 1.20: of so many functions of one byte from `text` on, all of which have one
/// name and one table of values.
pub(crate) fn pclntab(text: u64, count: u32, name: &[u8], values: &[u8]) -> Vec<u8> {
    let mut table = vec![0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
    let functions = 72;
    let func = u64::from(count) * 8 + 8;
    let names = functions + func + 64;
    let values_at = names + name.len() as u64;
    for value in [u64::from(count), 0, text, names, values_at, values_at, values_at, functions] {
        word(&mut table, value, 8);
    }
    for start in 0..=count {
        word(&mut table, u64::from(start), 4);
        word(&mut table, func, 4);
    }
    // Its address, its name, arguments, deferreturn, and the tables of stack depths, files and lines.
    for value in [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0] {
        word(&mut table, value, 4);
    }
    table.resize(names as usize, 0);
    table.extend(name);
    table.push(0);
    table.extend(values);
    table
}
