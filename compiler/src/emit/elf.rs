//! The ELF object, as libbpf, bpftool and aya read it.

use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope,
};

use super::btf::{self, Definition};
use super::{EmitError, Encoded};
use crate::allocate::Program;
use crate::artifact::ProgramKind;
use crate::ir::MapDef;

/// The relocation of a map in LDDW.
const R_BPF_64_64: u32 = 1;
/// All sections of programs, by kind.
const SECTIONS: [(ProgramKind, &str); 6] = [
    (ProgramKind::Uprobe, "uprobe"),
    (ProgramKind::Tracepoint, "tracepoint"),
    (ProgramKind::PerfEvent, "perf_event"),
    (ProgramKind::TestRun, "raw_tp"),
    (ProgramKind::RawTracepoint, "raw_tracepoint"),
    (ProgramKind::Kprobe, "kprobe"),
];

/// Writes the object of a unit whose programs are encoded, in the same order.
pub(super) fn write(maps: &[MapDef], programs: &[&Program], code: &[Encoded]) -> Result<Vec<u8>, EmitError> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::Bpf, Endianness::Little);
    let license = object.add_section(Vec::new(), b"license".to_vec(), SectionKind::Data);
    // Tracing helpers are only for programs under the GPL; that is said of the generated program.
    object.append_section_data(license, b"GPL\0", 1);

    let definitions: Vec<Definition<'_>> = maps.iter().map(Definition::new).collect();
    let map_symbols = write_maps(&mut object, &definitions);
    let btf = object.add_section(Vec::new(), b".BTF".to_vec(), SectionKind::Metadata);
    object.append_section_data(btf, &btf::write(&definitions), 4);

    for (kind, name) in SECTIONS {
        let mut section: Option<SectionId> = None;
        for (program, encoded) in programs.iter().zip(code) {
            if program.kind != kind {
                continue;
            }
            let section = *section.get_or_insert_with(|| {
                object.add_section(Vec::new(), name.as_bytes().to_vec(), SectionKind::Text)
            });
            let code = encoded.bytes();
            let start = object.append_section_data(section, &code, 8);
            let size = code.len() as u64;
            object.add_symbol(symbol(&program.symbol, SymbolKind::Text, section, start, size));
            for map_use in &encoded.map_uses {
                let symbol =
                    *map_symbols.get(map_use.map.0 as usize).ok_or_else(|| EmitError::Inconsistent {
                        program: program.symbol.clone(),
                        what: "a map that is not there",
                    })?;
                let offset = start + map_use.insn as u64 * 8;
                let flags = RelocationFlags::Elf { r_type: R_BPF_64_64 };
                object
                    .add_relocation(section, Relocation { offset, symbol, addend: 0, flags })
                    .map_err(|error| EmitError::Object(error.to_string()))?;
            }
        }
    }
    object.write().map_err(|error| EmitError::Object(error.to_string()))
}

/// The section `.maps`: only places, as BTF says all. Gives the symbols by map.
fn write_maps(object: &mut Object<'_>, definitions: &[Definition<'_>]) -> Vec<SymbolId> {
    if definitions.is_empty() {
        return Vec::new();
    }
    let section = object.add_section(Vec::new(), b".maps".to_vec(), SectionKind::Data);
    let mut symbols = Vec::with_capacity(definitions.len());
    for definition in definitions {
        let size = definition.bytes();
        let start = object.append_section_data(section, &vec![0; size as usize], 8);
        let symbol = symbol(&definition.map.name, SymbolKind::Data, section, start, u64::from(size));
        symbols.push(object.add_symbol(symbol));
    }
    symbols
}

fn symbol(name: &str, kind: SymbolKind, section: SectionId, value: u64, size: u64) -> Symbol {
    Symbol {
        name: name.as_bytes().to_vec(),
        value,
        size,
        kind,
        scope: SymbolScope::Dynamic,
        weak: false,
        section: SymbolSection::Section(section),
        flags: SymbolFlags::None,
    }
}
