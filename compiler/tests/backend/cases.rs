//! Case files: IR as text, and what a stage makes of it. A new one is added as
//! `tests/cases/<stage>/<what it shows>.ir`; `cargo insta test --accept` writes its snapshot.

use gprobe_compiler::{allocate, emit, ir, optimise, target::KernelFacts};

/// The unit of a case file, verified.
fn unit(text: &str) -> ir::Unit {
    let unit = ir::read(text).unwrap_or_else(|error| panic!("{error}"));
    ir::verify(&unit).unwrap_or_else(|error| panic!("{error}"));
    unit
}

/// `# kernel: 5.10` in the first line asks for the oldest kernel.
fn kernel(text: &str) -> KernelFacts {
    let first = text.lines().next().unwrap_or_default();
    if first.contains("kernel: 5.10") { KernelFacts::oldest() } else { KernelFacts::newest() }
}

#[test]
fn optimise_gives_the_ir_of_each_case() {
    insta::glob!("../cases/optimise", "*.ir", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        insta::assert_snapshot!(ir::print(&optimise::optimise(unit(&text))));
    });
}

#[test]
fn allocate_gives_the_assembly_of_each_case() {
    insta::glob!("../cases/allocate", "*.ir", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let shown = match allocate::allocate(unit(&text), &kernel(&text)) {
            Ok(code) => emit::disassemble(&code),
            Err(error) => error.to_string(),
        };
        insta::assert_snapshot!(shown);
    });
}

#[test]
fn emit_gives_the_object_of_each_case() {
    insta::glob!("../cases/emit", "*.ir", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let code = allocate::allocate(optimise::optimise(unit(&text)), &kernel(&text)).unwrap();
        let (elf, callbacks) = emit::emit(&code).unwrap();
        let again = emit::emit(&code).unwrap();
        assert_eq!((&elf, &callbacks), (&again.0, &again.1), "equal input gives equal bytes");
        insta::assert_snapshot!(describe(&elf));
    });
}

/// Sections, symbols and relocations of an object, and the strings of its BTF.
fn describe(elf: &[u8]) -> String {
    use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
    use std::fmt::Write as _;

    let file = object::File::parse(elf).unwrap();
    let mut text = String::new();
    for section in file.sections() {
        let name = section.name().unwrap();
        writeln!(text, "section {name}: {} bytes, align {}", section.size(), section.align()).unwrap();
        for (at, relocation) in section.relocations() {
            let object::RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
            let symbol = file.symbol_by_index(symbol).unwrap();
            writeln!(text, "  {at:#x}: {:?} {}", relocation.flags(), symbol.name().unwrap()).unwrap();
        }
        if name == ".BTF" {
            let strings = String::from_utf8_lossy(btf_strings(section.data().unwrap()));
            writeln!(text, "  {}", strings.replace('\0', " ").trim()).unwrap();
        }
    }
    for symbol in file.symbols().filter(|symbol| symbol.is_definition()) {
        let section = file.section_by_index(symbol.section_index().unwrap()).unwrap();
        writeln!(
            text,
            "symbol {}: {:?} in {} at {:#x}, {} bytes",
            symbol.name().unwrap(),
            symbol.kind(),
            section.name().unwrap(),
            symbol.address(),
            symbol.size()
        )
        .unwrap();
    }
    text
}

/// The strings of BTF, which come where its header says.
fn btf_strings(btf: &[u8]) -> &[u8] {
    let word = |at: usize| u32::from_le_bytes(btf[at..at + 4].try_into().unwrap()) as usize;
    let start = word(4) + word(16);
    &btf[start..start + word(20)]
}
