//! `runtime.moduledata`: where the parts of the Go program begin and end.
//!
//! Its first word points to pclntab, its second to pclntab's names; `text` has had the same place from Go
//! 1.18 to 1.27. What moves from release to release is found by what it must lead to.

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::go::inline;
use crate::pclntab::Pclntab;

/// Bytes from its start to `text`.
const TEXT: u64 = 176;
/// Where `gofunc` can be: words of the struct behind its slices and bounds.
const GOFUNC: std::ops::Range<u64> = 24..72;
const WORD: u64 = 8;

/// The moduledata of the pclntab at `table`, whose names begin at `names`.
pub(crate) fn find(binary: &Binary, table: LinkAddr, names: LinkAddr) -> Option<LinkAddr> {
    let is_it = |addr: LinkAddr| {
        binary.pointer_at(addr) == Some(table.0)
            && addr.checked_add(WORD).and_then(|next| binary.pointer_at(next)) == Some(names.0)
    };
    let section = binary.elf().section(binary.data(), ".go.module").map(|section| LinkAddr(section.addr));
    let symbol = || binary.variable("runtime.firstmoduledata").map(|symbol| symbol.addr);
    section
        .filter(|&addr| is_it(addr))
        .or_else(|| symbol().filter(|&addr| is_it(addr)))
        .or_else(|| scan(binary, table, is_it))
}

/// `runtime.text`: where Go's own code begins.
pub(crate) fn text_start(binary: &Binary, moduledata: LinkAddr) -> Option<u64> {
    let text = binary.pointer_at(moduledata.checked_add(TEXT)?)?;
    binary.elf().is_code(LinkAddr(text)).then_some(text)
}

/// `gofunc`: what the offsets of functions' further data start from (Go 1.18 and later). It is the word from
/// which all inline trees are trees.
pub(crate) fn function_data(binary: &Binary, header: &Pclntab) -> Option<LinkAddr> {
    let moduledata = find(binary, header.addr, header.addr.checked_add(header.names)?)?;
    let samples = inline::samples(binary)?;
    let words = GOFUNC.filter_map(|word| moduledata.checked_add(word.checked_mul(WORD)?));
    let starts = words.filter_map(|at| binary.pointer_at(at).map(LinkAddr));
    let known = |start: &LinkAddr| inline::are_trees(binary, *start, &samples);
    starts.filter(|start| start.0 != 0).find(known)
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
        if let Some(found) = addrs.find(|&addr| addr.0.is_multiple_of(WORD) && is_it(addr)) {
            return Some(found);
        }
    }
    None
}
