//! Where a shared library of Go's finds the thread-local slot of the current g.
//!
//! A program knows when it is linked how far the slot is from `fsbase`. A library does not: the dynamic linker
//! gives it room in each process, and writes how far off that is into a word of the library, for which there is
//! a relocation (`R_X86_64_TPOFF64`).

use object::elf::R_X86_64_TPOFF64;

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::bytes::Bytes;
use crate::go::tls;
use crate::insn::operands::ThreadSlot;

/// The word's address.
pub(crate) fn word(binary: &Binary) -> Option<LinkAddr> {
    binary.go_version()?;
    if let Some(ThreadSlot::Word(word)) = tls::by_code(binary) {
        return Some(word);
    }
    let wanted = binary.tls_symbol("runtime.tlsg");
    let mut found = binary
        .elf()
        .sections(binary.data(), ".rela.dyn")
        .filter_map(|section| section.bytes(binary.data()))
        .flat_map(own_slots)
        .filter(|(_, slot)| wanted.is_none_or(|wanted| wanted == *slot));
    let first = found.next().map(|(word, _)| LinkAddr(word));
    // Where the symbol is stripped, only a single one is no guess.
    first.filter(|_| wanted.is_some() || found.next().is_none())
}

/// Relocations for thread-local data of the library's own: the word's address, and the slot's place in that data.
fn own_slots(section: &[u8]) -> impl Iterator<Item = (u64, u64)> {
    let mut bytes = Bytes::new(section);
    // `Elf64_Rela`: r_offset, r_info (the symbol above, the type below), r_addend.
    let entries = std::iter::from_fn(move || Some((bytes.u64()?, bytes.u64()?, bytes.u64()?)));
    entries.filter(|(_, info, _)| *info == u64::from(R_X86_64_TPOFF64)).map(|(word, _, slot)| (word, slot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relocations_of_other_kinds_and_symbols_are_left_out() {
        let words = [0x100u64, 8, 0x40, 0x108, 18, 0, 0x110, 1 << 32 | 18, 0, 0x118, 18, 16, 0x120];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(own_slots(&bytes).collect::<Vec<_>>(), [(0x108, 0), (0x118, 16)]);
    }
}
