//! `runtime.moduledata`: where the parts of the Go program begin and end.
//!
//! Its first word points to pclntab, its second to pclntab's names; the fields used here have had
//! the same place from Go 1.18 to 1.27.

use crate::address::LinkAddr;
use crate::binary::Binary;

/// Bytes from its start to `text`.
const TEXT: u64 = 176;

/// `runtime.text`, from the moduledata of the pclntab at `table`, whose names begin at `names`.
pub(crate) fn text_start(binary: &Binary, table: LinkAddr, names: LinkAddr) -> Option<u64> {
    let is_it = |addr: LinkAddr| {
        binary.pointer_at(addr) == Some(table.0)
            && addr.checked_add(8).and_then(|next| binary.pointer_at(next)) == Some(names.0)
    };
    let section = binary.elf().section(binary.data(), ".go.module").map(|section| LinkAddr(section.addr));
    let symbol = || binary.variable("runtime.firstmoduledata").map(|symbol| symbol.addr);
    let found = section
        .filter(|&addr| is_it(addr))
        .or_else(|| symbol().filter(|&addr| is_it(addr)))
        .or_else(|| scan(binary, table, is_it))?;
    let text = binary.pointer_at(found.checked_add(TEXT)?)?;
    binary.elf().is_code(LinkAddr(text)).then_some(text)
}

/// Looks for it through all data, in a position-independent file through the relocations.
fn scan(binary: &Binary, table: LinkAddr, is_it: impl Fn(LinkAddr) -> bool) -> Option<LinkAddr> {
    let relocated =
        binary.relocations().iter().filter(|(_, value)| *value == table.0).map(|(addr, _)| LinkAddr(*addr));
    if let Some(found) = relocated.into_iter().find(|&addr| is_it(addr)) {
        return Some(found);
    }
    let pointer = table.0.to_le_bytes();
    for section in binary.elf().data_sections(binary.data()) {
        let Some(bytes) = section.bytes(binary.data()) else { continue };
        let hits = memchr::memmem::find_iter(bytes, &pointer);
        let mut addrs = hits.filter_map(|at| section.addr.checked_add(u64::try_from(at).ok()?).map(LinkAddr));
        if let Some(found) = addrs.find(|&addr| addr.0.is_multiple_of(8) && is_it(addr)) {
            return Some(found);
        }
    }
    None
}
