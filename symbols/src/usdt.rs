//! Static probes of user programs: the notes that SystemTap's `sys/sdt.h` and its relatives leave in
//! `.note.stapsdt`, one for each place. A place is a `nop`, and its note says by an assembler's operands
//! where the arguments are.

mod operand;

use std::collections::HashMap;

use object::elf::SHN_UNDEF;
use object::endian::LittleEndian;

use self::operand::{Operand, Parsed};
use crate::address::{FileOffset, LinkAddr};
use crate::binary::Binary;
use crate::bytes::Bytes;
use crate::elf;
use crate::error::Reason;
use crate::insn::x64::X64Reg;

/// The type of the notes.
const NT_STAPSDT: u32 = 3;
/// What the kernel maps of a file ends with a page.
const PAGE: u64 = 4096;

/// One place of a static probe. A probe that was inlined has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usdt {
    /// Who provides it: `libc`.
    pub provider: String,
    /// Its name: `setjmp`.
    pub name: String,
    /// Where it is.
    pub addr: LinkAddr,
    /// Where a probe goes in the file, or why none can.
    pub site: Result<FileOffset, Reason>,
    /// A counter in the program, above 0 while someone looks: programs leave costly probes out
    /// otherwise. Where it is in the file, or why it can't be counted up.
    pub semaphore: Option<Result<FileOffset, Reason>>,
    /// Its arguments in order, or why one can't be read.
    pub args: Vec<Result<UsdtArg, Reason>>,
}

/// An argument of a static probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsdtArg {
    /// 1, 2, 4 or 8.
    pub bytes: u8,
    /// Whether it is a signed integer.
    pub signed: bool,
    /// Where it is.
    pub place: UsdtPlace,
}

/// Where an argument is when its probe is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UsdtPlace {
    /// Known beforehand.
    Constant(i64),
    /// In a register, from this byte on: 1 for `ah` and the like.
    Register(X64Reg, u8),
    /// In memory, at the sum of these.
    Memory {
        /// A register; [`X64Reg::RIP`] is the place's own address.
        base: Option<X64Reg>,
        /// A register and what it is multiplied by.
        index: Option<(X64Reg, u8)>,
        /// Bytes, wrapping around.
        displacement: i64,
    },
}

impl Binary {
    /// All places of its static probes, in the order of the notes. Notes that are damaged are left out.
    pub fn usdt(&self) -> Vec<Usdt> {
        let notes = self.usdt_notes();
        let wanted =
            notes.iter().flat_map(|note| operand::arguments(note.args)).filter_map(|arg| arg.symbol());
        let symbols = Symbols::read(self, wanted);
        notes.iter().map(|note| self.usdt_of(note, &symbols)).collect()
    }

    fn usdt_notes(&self) -> Vec<Note<'_>> {
        let data = self.data();
        let base = self.elf().section(data, ".stapsdt.base").map(|section| section.addr);
        let sections = self.elf().sections(data, ".note.stapsdt").filter_map(|section| section.bytes(data));
        let notes = sections.flat_map(elf::notes);
        let notes = notes.filter(|note| note.owner == b"stapsdt\0" && note.kind == NT_STAPSDT);
        notes.filter_map(|note| Note::parse(note.desc, base)).collect()
    }

    fn usdt_of(&self, note: &Note<'_>, symbols: &Symbols<'_>) -> Usdt {
        let args = operand::arguments(note.args).map(|arg| self.usdt_arg(note, &arg, symbols)).collect();
        Usdt {
            provider: note.provider.to_owned(),
            name: note.name.to_owned(),
            addr: note.addr,
            site: self.usdt_site(note),
            semaphore: note.semaphore.map(|addr| self.usdt_semaphore(note, addr)),
            args,
        }
    }

    /// Probes go on no-operations only: anything else may be the middle of an instruction, where a
    /// breakpoint would break the program.
    fn usdt_site(&self, note: &Note<'_>) -> Result<FileOffset, Reason> {
        let unprobeable = |why: &str| Reason::Unprobeable {
            function: format!("{}:{}", note.provider, note.name),
            addr: note.addr,
            why: why.to_owned(),
        };
        let offset = self.file_offset(note.addr).filter(|_| self.elf().is_code(note.addr));
        let offset = offset.ok_or_else(|| unprobeable("there is no code at its address"))?;
        let starts_with = |bytes: &[u8]| self.bytes_at(note.addr, bytes.len()) == Some(bytes);
        let nop = [&[0x90][..], &[0x66, 0x90], &[0x0f, 0x1f], &[0x66, 0x0f, 0x1f]];
        if nop.iter().any(|nop| starts_with(nop)) {
            return Ok(offset);
        }
        Err(unprobeable("there is no no-operation at its address, as there is at all such probes"))
    }

    fn usdt_semaphore(&self, note: &Note<'_>, addr: LinkAddr) -> Result<FileOffset, Reason> {
        // The kernel finds it by the mapping of the file, which is of whole pages: so what lies in the
        // last page behind the file's own bytes is still found.
        let segment = self.segments().iter().find_map(|segment| {
            let within = addr.0.checked_sub(segment.vaddr.0)?;
            let mapped = segment.vaddr.0.checked_add(segment.filesz)?.checked_next_multiple_of(PAGE)?;
            let there = within < segment.memsz && addr.0 < mapped && segment.flags & 2 != 0;
            there.then(|| segment.offset.checked_add(within)).flatten()
        });
        segment.ok_or_else(|| Reason::Unprobeable {
            function: format!("{}:{}", note.provider, note.name),
            addr: note.addr,
            why: format!("its semaphore, at {addr}, is in no writable part of the file"),
        })
    }

    fn usdt_arg(
        &self,
        note: &Note<'_>,
        arg: &operand::Argument<'_>,
        symbols: &Symbols<'_>,
    ) -> Result<UsdtArg, Reason> {
        let fail = |why: String| Reason::Argument { argument: arg.text.to_owned(), why };
        let Parsed { bytes, signed, operand } = arg.parsed.clone().map_err(|why| fail(why.to_owned()))?;
        let addr = |symbol: &str| symbols.find(symbol).map_err(fail);
        let place = match operand {
            Operand::Constant { value, symbol: None } => UsdtPlace::Constant(value),
            Operand::Constant { symbol: Some(_), .. } if self.is_pie() => {
                return Err(fail("it is an address that each process has elsewhere".to_owned()));
            }
            Operand::Constant { value, symbol: Some(symbol) } => {
                UsdtPlace::Constant(addr(symbol)?.0.cast_signed().wrapping_add(value))
            }
            Operand::Register(register, byte) => UsdtPlace::Register(register, byte),
            Operand::Memory { base, symbol: Some(_), .. } if self.is_pie() && base != Some(X64Reg::RIP) => {
                return Err(fail("it is at an address that each process has elsewhere".to_owned()));
            }
            Operand::Memory { base: Some(X64Reg::RIP), symbol: None, .. } => {
                return Err(fail(
                    "it is at a distance from an instruction that the note does not tell".to_owned(),
                ));
            }
            Operand::Memory { base, index, displacement, symbol } => {
                let symbol = symbol.map(addr).transpose()?.map_or(0, |addr| addr.0.cast_signed());
                let mut displacement = displacement.wrapping_add(symbol);
                if base == Some(X64Reg::RIP) {
                    // A symbol behind %rip means the distance from here; the register is here.
                    displacement = displacement.wrapping_sub(note.addr.0.cast_signed());
                }
                UsdtPlace::Memory { base, index, displacement }
            }
        };
        Ok(UsdtArg { bytes, signed, place })
    }
}

/// A note, its addresses adjusted.
struct Note<'a> {
    addr: LinkAddr,
    semaphore: Option<LinkAddr>,
    provider: &'a str,
    name: &'a str,
    args: &'a str,
}

impl<'a> Note<'a> {
    /// `base` is where `.stapsdt.base` is: the note says where it was when the note was made, and what
    /// it has been moved by since (by `prelink`) the rest has been moved by too.
    fn parse(desc: &'a [u8], base: Option<u64>) -> Option<Self> {
        let mut desc = Bytes::new(desc);
        let (addr, noted_base, semaphore) = (desc.u64()?, desc.u64()?, desc.u64()?);
        let moved = match base {
            Some(base) if noted_base != 0 => base.wrapping_sub(noted_base),
            _ => 0,
        };
        let mut text = || std::str::from_utf8(desc.cstr()?).ok();
        let (provider, name) = (text()?, text()?);
        // Some assemblers leave the end of the arguments out where there are none.
        let args = text().unwrap_or_default();
        let moved = |addr: u64| LinkAddr(addr.wrapping_add(moved));
        let semaphore = (semaphore != 0).then(|| moved(semaphore));
        Some(Self { addr: moved(addr), semaphore, provider, name, args })
    }
}

/// The symbols that arguments name: none, one or several addresses each.
struct Symbols<'a>(HashMap<&'a str, Option<Result<LinkAddr, ()>>>);

impl<'a> Symbols<'a> {
    /// Looks all of them up at once: a look-up goes through the whole table.
    fn read(binary: &Binary, wanted: impl Iterator<Item = &'a str>) -> Self {
        let mut found: HashMap<&str, Option<Result<LinkAddr, ()>>> =
            wanted.map(|name| (name, None)).collect();
        if found.is_empty() {
            return Self(found);
        }
        for table in [false, true].into_iter().filter_map(|dynamic| binary.symbol_table(dynamic)) {
            for symbol in table.symbols.iter().filter(|s| s.st_shndx.get(LittleEndian) != SHN_UNDEF) {
                let Some(name) = table.name(symbol) else { continue };
                // `stdout@GLIBC_2.2.5` is written `stdout`.
                let name = name.split('@').next().unwrap_or(name);
                let Some(slot) = found.get_mut(name) else { continue };
                let addr = LinkAddr(symbol.st_value.get(LittleEndian));
                *slot = match *slot {
                    None => Some(Ok(addr)),
                    Some(Ok(known)) if known == addr => Some(Ok(addr)),
                    Some(_) => Some(Err(())),
                };
            }
        }
        Self(found)
    }

    fn find(&self, name: &str) -> Result<LinkAddr, String> {
        match self.0.get(name).copied().flatten() {
            Some(Ok(addr)) => Ok(addr),
            Some(Err(())) => Err(format!("the file has several symbols `{name}`")),
            None => Err(format!("the file has no symbol `{name}`")),
        }
    }
}
