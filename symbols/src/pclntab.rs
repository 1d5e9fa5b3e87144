//! Go's pclntab (`runtime.pcHeader` and what it leads to, `src/runtime/symtab.go`): functions,
//! files and lines of all Go code. It is in every Go program, stripped or not.
//!
//! Layouts of Go 1.18/1.19 and of 1.20 and later; older ones are recognised and refused.

use crate::address::LinkAddr;
use crate::bytes::Bytes;

/// `pcHeader.magic` since Go 1.20.
const MAGIC_1_20: u32 = 0xffff_fff1;
/// Of Go 1.18 and 1.19.
const MAGIC_1_18: u32 = 0xffff_fff0;

/// Steps that the decoding of one function's table may take: no function is this large.
const MAX_STEPS: usize = 1 << 20;

/// Bytes from the start of a `_func` to what leads to its table of files.
const FILES: u64 = 20;
/// To what leads to its table of lines.
const LINES: u64 = 24;

/// Where in the file the table is, and its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pclntab {
    /// Where it is mapped.
    pub(crate) addr: LinkAddr,
    /// `runtime.text`: what the offsets of functions start from.
    pub(crate) text: u64,
    /// Bytes from the table's start to its functions' names.
    pub(crate) names: u64,
    count: u32,
    compile_units: u64,
    files: u64,
    pc_values: u64,
    functions: u64,
    /// Bytes from the start of a `_func` to its `funcID`.
    func_id: u64,
}

/// The table with its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) header: &'a Pclntab,
    pub(crate) bytes: &'a [u8],
}

/// One function of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Func {
    pub(crate) addr: LinkAddr,
    /// Bytes up to the next function, padding included.
    pub(crate) size: u64,
    /// Bytes from the table of functions to its `_func`.
    offset: u32,
}

/// What a table's head is by its magic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Magic {
    /// One that is read here.
    Known,
    /// That of Go 1.17 or older.
    Old,
}

/// Whether the head of a pclntab for x86-64 is here.
pub(crate) fn magic(bytes: &[u8]) -> Option<Magic> {
    let mut head = Bytes::new(bytes);
    let magic = head.u32()?;
    // Two zeros, instructions are multiples of 1 byte, pointers have 8.
    (head.u32()? == 0x0801_0000).then_some(())?;
    match magic {
        MAGIC_1_18 | MAGIC_1_20 => Some(Magic::Known),
        0xffff_fffa | 0xffff_fffb => Some(Magic::Old),
        _ => None,
    }
}

impl Pclntab {
    /// Reads the header. `pointer` gives the value of a pointer at an address, as the dynamic linker
    /// leaves it.
    pub(crate) fn parse(
        bytes: &[u8],
        addr: LinkAddr,
        pointer: impl Fn(LinkAddr) -> Option<u64>,
    ) -> Option<Self> {
        let mut head = Bytes::new(bytes);
        let magic = head.u32()?;
        head.u32()?;
        let count = u32::try_from(head.u64()?).ok()?;
        let _files = head.u64()?;
        let in_file = head.u64()?;
        let text = pointer(addr.checked_add(24)?).unwrap_or(in_file);
        let names = head.u64()?;
        let compile_units = head.u64()?;
        let files = head.u64()?;
        let pc_values = head.u64()?;
        let functions = head.u64()?;
        let func_id = if magic == MAGIC_1_18 { 36 } else { 40 };
        let len = u64::try_from(bytes.len()).ok()?;
        let table_len = u64::from(count).checked_mul(8)?.checked_add(4)?;
        (functions.checked_add(table_len)? <= len).then_some(())?;
        Some(Self { addr, text, names, count, compile_units, files, pc_values, functions, func_id })
    }
}

impl Pclntab {
    /// Whether the layout is that of Go 1.18 and 1.19.
    pub(crate) fn is_old(&self) -> bool {
        self.func_id == 36
    }

    /// Bytes from the start of a `_func` to the tables that follow it: behind `funcID`, a flag, a
    /// byte that is not used, and the number of its further data.
    fn tables(&self) -> u64 {
        self.func_id.saturating_add(4)
    }
}

impl<'a> Table<'a> {
    pub(crate) fn len(self) -> u32 {
        self.header.count
    }

    /// The function with that index, in order of address.
    pub(crate) fn func(self, index: u32) -> Option<Func> {
        if index >= self.header.count {
            return None;
        }
        let at = self.header.functions.checked_add(u64::from(index).checked_mul(8)?)?;
        let mut bytes = Bytes::at(self.bytes, at)?;
        let start = bytes.u32()?;
        let offset = bytes.u32()?;
        let end = bytes.u32()?;
        Some(Func {
            addr: LinkAddr(self.header.text.checked_add(u64::from(start))?),
            size: u64::from(end.checked_sub(start)?),
            offset,
        })
    }

    pub(crate) fn funcs(self) -> impl Iterator<Item = Func> + 'a {
        (0..self.len()).filter_map(move |index| self.func(index))
    }

    /// The function that the address is in.
    pub(crate) fn find(self, addr: LinkAddr) -> Option<Func> {
        let (mut low, mut high) = (0u32, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.func(middle)?.addr <= addr {
                low = middle.checked_add(1)?;
            } else {
                high = middle;
            }
        }
        let func = self.func(low.checked_sub(1)?)?;
        (addr.0.checked_sub(func.addr.0)? < func.size).then_some(func)
    }

    pub(crate) fn name_bytes(self, func: Func) -> Option<&'a [u8]> {
        let offset = self.field(func, 4)?;
        Bytes::at(self.bytes, self.header.names.checked_add(u64::from(offset))?)?.cstr()
    }

    /// Whether the function has that very name: without looking for its end.
    pub(crate) fn is_named(self, func: Func, name: &[u8]) -> bool {
        let rest = self
            .field(func, 4)
            .and_then(|offset| self.header.names.checked_add(u64::from(offset)))
            .and_then(|at| Bytes::at(self.bytes, at));
        rest.and_then(|rest| rest.rest().strip_prefix(name)).is_some_and(|rest| rest.first() == Some(&0))
    }

    pub(crate) fn name(self, func: Func) -> Option<&'a str> {
        std::str::from_utf8(self.name_bytes(func)?).ok()
    }

    /// The source file at an address of the function.
    pub(crate) fn file(self, func: Func, addr: LinkAddr) -> Option<&'a str> {
        self.file_name(self.file_offset(func, self.pc_value(func, FILES, addr)?)?)
    }

    /// Where in the table of files the name is that a function numbers so.
    pub(crate) fn file_offset(self, func: Func, number: i32) -> Option<u32> {
        let unit = self.field(func, 32)?;
        let index = u64::from(unit.checked_add(u32::try_from(number).ok()?)?).checked_mul(4)?;
        Bytes::at(self.bytes, self.header.compile_units.checked_add(index)?)?.u32()
    }

    /// The name at an offset in the table of files.
    pub(crate) fn file_name(self, offset: u32) -> Option<&'a str> {
        let at = self.header.files.checked_add(u64::from(offset))?;
        std::str::from_utf8(Bytes::at(self.bytes, at)?.cstr()?).ok()
    }

    /// All names of files, each with its offset in the table of them.
    pub(crate) fn files(self) -> impl Iterator<Item = (u32, &'a str)> {
        self.texts(self.header.files, self.header.pc_values)
    }

    /// All names of functions, those that were put into others everywhere too, each with its offset.
    pub(crate) fn names(self) -> impl Iterator<Item = (u32, &'a str)> {
        self.texts(self.header.names, self.header.compile_units)
    }

    /// The texts of a part of the table, each with its offset from the part's start.
    fn texts(self, start: u64, end: u64) -> impl Iterator<Item = (u32, &'a str)> {
        let len = end.saturating_sub(start);
        let bytes = Bytes::at(self.bytes, start).and_then(|mut bytes| bytes.take(len)).unwrap_or_default();
        let mut offset = 0u32;
        bytes.split(|byte| *byte == 0).filter_map(move |text| {
            let at = offset;
            offset = offset.saturating_add(u32::try_from(text.len()).ok()?.saturating_add(1));
            Some((at, std::str::from_utf8(text).ok().filter(|text| !text.is_empty())?))
        })
    }

    /// The line of the word `func`, since Go 1.20.
    pub(crate) fn start_line(self, func: Func) -> Option<u32> {
        if self.header.is_old() { None } else { self.word(func, 36).filter(|line| *line != 0) }
    }

    /// The source line at an address of the function.
    pub(crate) fn line(self, func: Func, addr: LinkAddr) -> Option<u32> {
        u32::try_from(self.pc_value(func, LINES, addr)?).ok()
    }

    /// How far rsp is below its value at the entry, at an address of the function.
    pub(crate) fn stack_delta(self, func: Func, addr: LinkAddr) -> Option<i32> {
        self.pc_value(func, 16, addr)
    }

    /// The value of one of a function's further tables at an address (`runtime.pcdatavalue`).
    pub(crate) fn pc_data(self, func: Func, table: u64, addr: LinkAddr) -> Option<i32> {
        self.pc_data_runs(func, table)?.at(addr)
    }

    /// One of a function's further tables.
    pub(crate) fn pc_data_runs(self, func: Func, table: u64) -> Option<Runs<'a>> {
        let count = u64::from(self.field(func, 28)?);
        let at = (table < count).then(|| self.header.tables().checked_add(table.checked_mul(4)?))??;
        self.runs(func, self.word(func, at)?)
    }

    /// The numbers of a function's files, by address.
    pub(crate) fn file_runs(self, func: Func) -> Option<Runs<'a>> {
        self.runs(func, self.field(func, FILES)?)
    }

    /// A function's lines, by address.
    pub(crate) fn line_runs(self, func: Func) -> Option<Runs<'a>> {
        self.runs(func, self.field(func, LINES)?)
    }

    /// Where one of a function's further data is, from `go:func.*` (`runtime.funcdata`).
    pub(crate) fn func_data(self, func: Func, which: u64) -> Option<u32> {
        let tables = self.header.tables();
        let count = self.word(func, tables.checked_sub(4)?)? >> 24;
        (which < u64::from(count)).then_some(())?;
        let before = u64::from(self.field(func, 28)?).checked_add(which)?;
        let offset = self.word(func, tables.checked_add(before.checked_mul(4)?)?)?;
        (offset != u32::MAX).then_some(offset)
    }

    /// Which of the functions that the runtime knows it is (`abi.FuncID`).
    pub(crate) fn func_id(self, func: Func) -> Option<u8> {
        Some(self.word(func, self.header.func_id)?.to_le_bytes()[0])
    }

    /// Where in the table's names a function's name is.
    pub(crate) fn name_offset(self, func: Func) -> Option<u32> {
        self.field(func, 4)
    }

    /// Where in the table's names a name is: the linker writes each but once.
    pub(crate) fn offset_of_name(self, name: &str) -> Option<u32> {
        let names = self.bytes.get(
            usize::try_from(self.header.names).ok()?..usize::try_from(self.header.compile_units).ok()?,
        )?;
        let text = format!("\0{name}\0");
        let at = memchr::memmem::find(names, text.as_bytes())?;
        u32::try_from(at.checked_add(1)?).ok()
    }

    /// The name at an offset in the table's names.
    pub(crate) fn name_at(self, offset: u32) -> Option<&'a str> {
        let at = self.header.names.checked_add(u64::from(offset))?;
        std::str::from_utf8(Bytes::at(self.bytes, at)?.cstr()?).ok()
    }

    /// Whether a name begins at an offset in the table's names: behind the end of another.
    pub(crate) fn starts_name(self, offset: u32) -> bool {
        let before = u64::from(offset).checked_sub(1).and_then(|at| self.header.names.checked_add(at));
        let byte = before.and_then(|at| Bytes::at(self.bytes, at)).and_then(|mut bytes| bytes.u8());
        offset == 0 || byte == Some(0)
    }

    /// A 4-byte field of a `_func`.
    fn field(self, func: Func, at: u64) -> Option<u32> {
        debug_assert!(at < self.header.func_id, "fields before funcID have the same place in all layouts");
        self.word(func, at)
    }

    /// 4 bytes of a `_func`, and of what follows it.
    fn word(self, func: Func, at: u64) -> Option<u32> {
        let start = self.header.functions.checked_add(u64::from(func.offset))?;
        Bytes::at(self.bytes, start.checked_add(at)?)?.u32()
    }

    /// The value of one of a function's tables at an address.
    fn pc_value(self, func: Func, field: u64, addr: LinkAddr) -> Option<i32> {
        self.runs(func, self.field(func, field)?)?.at(addr)
    }

    fn runs(self, func: Func, offset: u32) -> Option<Runs<'a>> {
        if offset == 0 {
            return None;
        }
        let bytes = Bytes::at(self.bytes, self.header.pc_values.checked_add(u64::from(offset))?)?;
        Some(Runs { bytes, value: -1, at: func.addr.0, step: 0 })
    }
}

/// One of a function's tables of values by address (`runtime.pcvalue`): pairs of differences, the
/// value's (zigzag) and the address's.
pub(crate) struct Runs<'a> {
    bytes: Bytes<'a>,
    value: i32,
    at: u64,
    step: usize,
}

/// Addresses with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: u64,
    /// Behind the last one.
    pub(crate) end: u64,
    pub(crate) value: i32,
}

impl Runs<'_> {
    fn at(mut self, addr: LinkAddr) -> Option<i32> {
        self.find(|run| addr.0 < run.end).map(|run| run.value)
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        if self.step >= MAX_STEPS {
            return None;
        }
        let difference = u32::try_from(self.bytes.uvarint()?).ok()?;
        if difference == 0 && self.step != 0 {
            self.step = MAX_STEPS;
            return None;
        }
        self.step = self.step.saturating_add(1);
        let zigzag = (difference >> 1) ^ 0u32.wrapping_sub(difference & 1);
        self.value = self.value.wrapping_add(zigzag.cast_signed());
        let start = self.at;
        // Each is of an instruction at least.
        self.at = start.checked_add(self.bytes.uvarint().filter(|len| *len != 0)?)?;
        Some(Run { start, end: self.at, value: self.value })
    }
}
