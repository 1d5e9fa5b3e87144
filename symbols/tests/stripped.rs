//! What is known of stripped binaries, held against what the same binary says of itself with symbols and debug
//! information.

use std::path::Path;
use std::sync::Arc;

use gprobe_symbols::{Binary, Error, Evidence, LinkAddr, Reason, RuntimeVariable, TypeKind};
use gprobe_testkit::Program;
use gprobe_testkit::builds::forget_sections;

const VERSIONS: [&str; 6] = ["1.19", "1.21", "1.23", "1.24", "1.25", "1.27"];
const VARIABLES: [RuntimeVariable; 4] =
    [RuntimeVariable::G0, RuntimeVariable::M0, RuntimeVariable::Allgs, RuntimeVariable::Allm];

fn open(path: &Path) -> Binary {
    Binary::open(Arc::new(std::fs::read(path).expect("the binary"))).expect("an ELF file")
}

/// The same file without its section headers, and thus without symbols and debug information.
fn bare(path: &Path) -> Binary {
    let mut bytes = std::fs::read(path).expect("the binary");
    forget_sections(&mut bytes);
    Binary::open(Arc::new(bytes)).expect("an ELF file")
}

/// Everything that can be known of a stripped file is what the whole file says.
fn compare(path: &Path, what: &str) {
    let (whole, bare) = (open(path), bare(path));
    assert!(!bare.has_dwarf() && !bare.has_symbols());
    assert_eq!(bare.go_version(), whole.go_version(), "{what}");
    assert_eq!(bare.build_id(), whole.build_id(), "{what}");
    let (ours, theirs) =
        (bare.runtime_offsets().expect("offsets"), whole.runtime_offsets().expect("offsets"));
    assert_eq!((theirs.evidence(), ours.evidence()), (Evidence::Dwarf, Evidence::Table), "{what}");
    assert_eq!(ours.fields(), theirs.fields(), "{what}");
    for variable in VARIABLES {
        let found = bare.runtime_variable(variable).unwrap_or_else(|reason| panic!("{what}: {reason}"));
        let symbol = whole.runtime_variable(variable).expect("a symbol");
        assert_eq!((symbol.evidence, found.evidence), (Evidence::Symbols, Evidence::Disassembly));
        assert_eq!(found.value, symbol.value, "{what}: {}", variable.name());
    }
    assert_eq!(bare.wait_reasons(), whole.wait_reasons(), "{what}");
    assert_eq!(
        bare.g_tls_offset().expect("the slot").value,
        whole.g_tls_offset().expect("the slot").value,
        "{what}"
    );
    compare_functions(&whole, &bare, what);
}

fn compare_functions(whole: &Binary, bare: &Binary, what: &str) {
    let mut inlined = 0;
    for pattern in ["main.*", "sync.*", "runtime.s*"] {
        for function in bare.functions().matching(pattern) {
            let (ours, theirs) = (bare.sites(&function), whole.sites(&function));
            assert_eq!(ours, theirs, "{what}: {}", function.name);
            let middle = LinkAddr(function.addr.0 + function.size / 2);
            let frames = bare.source_frames(middle);
            assert_eq!(frames, whole.source_frames(middle), "{what}: {}", function.name);
            inlined += frames.iter().filter(|frame| frame.inlined).count();
        }
    }
    // Without optimisation nothing is inlined.
    assert_eq!(inlined == 0, what.contains("-N"), "{what}: {inlined} inlined functions");
}

#[test]
fn without_symbols_the_runtime_is_found_by_its_code_and_by_the_table() {
    for version in VERSIONS {
        for flags in [&[][..], &["-buildmode=pie"], &["CGO_ENABLED=0"]] {
            compare(&Program::build("counts", version, flags), &format!("{version} {flags:?}"));
        }
    }
}

#[test]
fn without_symbols_the_race_detector_and_missing_optimisation_change_nothing() {
    for version in ["1.19", "1.27"] {
        for flags in ["-race", "-gcflags=all=-N -l"] {
            compare(&Program::build("spin", version, &[flags]), &format!("{version} {flags}"));
        }
    }
}

/// The layout of `m` changed within the series of Go 1.24: code tells which of the two it is.
#[test]
fn a_patch_release_that_is_not_in_the_table_is_like_one_that_is() {
    for version in ["1.24.3", "1.24.11"] {
        let path = Program::build("spin", version, &[]);
        let whole = open(&path);
        let mut bytes = std::fs::read(&path).expect("the binary");
        forget_sections(&mut bytes);
        // The same length, so that nothing moves: a release that was never made.
        let other = if version == "1.24.3" { "go1.24.8" } else { "go1.24.98" };
        let text = format!("go{version}");
        let mut replaced = 0;
        for at in 0..bytes.len() - text.len() {
            if bytes[at..].starts_with(text.as_bytes()) && bytes[at - 1] == text.len() as u8 {
                bytes[at..at + other.len()].copy_from_slice(other.as_bytes());
                replaced += 1;
            }
        }
        assert!(replaced > 0);
        let binary = Binary::open(Arc::new(bytes)).expect("an ELF file");
        assert_eq!(binary.go_version().map(|version| version.text.as_str()), Some(other));
        let offsets = binary.runtime_offsets().expect("offsets");
        assert_eq!(offsets.evidence(), Evidence::NearTable);
        assert_eq!(offsets.fields(), whole.runtime_offsets().expect("offsets").fields(), "{version}");
    }
}

/// C's symbols are gone too: what Go calls is named by the code that calls it.
#[test]
fn c_functions_that_go_calls_have_their_names() {
    for version in VERSIONS {
        for flags in [&[][..], &["-buildmode=pie"]] {
            let path = Program::build("goids", version, flags);
            let (whole, bare) = (open(&path), bare(&path));
            let mut seen = 0;
            for function in whole.functions().matching("_cgo_*_Cfunc_*") {
                let name = gprobe_symbols::cgo_name(&function.name).expect("a name of cgo's");
                // The runtime has some that it calls in another way.
                if name.starts_with("c_") {
                    assert_eq!(bare.cgo_callee(function.addr), Some(name), "{version} {flags:?}");
                    seen += 1;
                }
            }
            assert!(seen >= 3, "{version} {flags:?}: {seen}");
        }
    }
}

#[test]
fn structs_of_the_runtime_have_their_fields_without_debug_information() {
    let path = Program::build("counts", "1.27", &[]);
    let (whole, bare) = (open(&path), bare(&path));
    for (name, path) in [
        ("runtime.g", &["goid"][..]),
        ("runtime.g", &["stack", "hi"]),
        ("runtime.g", &["sched", "bp"]),
        ("runtime.m", &["curg"]),
        ("runtime.p", &["runqhead"]),
    ] {
        let ty = bare.layout().find_type(name).expect("a known type");
        let theirs = whole.layout().find_type(name).expect("a type");
        let (offset, field) = bare.layout().field_path(ty, path).expect("a field");
        let (expected, their_field) = whole.layout().field_path(theirs, path).expect("a field");
        assert_eq!(offset, expected, "{name}.{path:?}");
        let (ours, theirs) = (bare.layout().scalar(field), whole.layout().scalar(their_field));
        let size = |scalar: Result<gprobe_symbols::Scalar, _>| scalar.map(|scalar| scalar.size).ok();
        assert_eq!(size(ours), size(theirs), "{name}.{path:?}");
    }
    let pointer = bare.layout().find_type("*runtime.g").expect("a known type");
    assert!(matches!(bare.layout().ty(pointer).expect("a type").kind, TypeKind::Pointer(Some(_))));
    assert_eq!(bare.layout().find_type("main.Account"), Err(Reason::NoDwarf));
}

/// Parameters that are known without debug information are those of the debug information, and where it says.
#[test]
fn functions_of_the_runtime_have_their_parameters_without_debug_information() {
    for version in VERSIONS {
        let path = Program::build("counts", version, &[]);
        let (whole, bare) = (open(&path), bare(&path));
        for name in ["runtime.gopark", "runtime.casgstatus", "runtime.execute", "runtime.goexit0"] {
            let function =
                bare.functions().exact(name).pop().unwrap_or_else(|| panic!("{version}: no {name}"));
            let ours = bare.params_by_abi(&function).expect("parameters");
            let theirs = whole.functions().exact(name).pop().expect("a function");
            let theirs = whole.params_by_abi(&theirs).expect("parameters");
            assert!(!ours.is_empty());
            for (our, their) in ours.iter().zip(&theirs) {
                assert_eq!(our.name, their.name, "{version}: {name}");
                assert_eq!(
                    our.location_at(function.addr),
                    their.location_at(function.addr),
                    "{version}: {name}"
                );
                let type_of = |binary: &Binary, id| binary.layout().ty(id).expect("a type").name;
                let (our_type, their_type) = (type_of(&bare, our.ty), type_of(&whole, their.ty));
                let func = our_type == "func()" && their_type.starts_with("func(");
                assert!(our_type == their_type || func, "{version}: {name}: {our_type} and {their_type}");
            }
        }
        let own = bare.functions().exact("main.fib").pop().expect("a function");
        assert_eq!(bare.params(&own), Err(Reason::NoDwarf));
    }
}

#[test]
fn a_packed_file_is_refused() {
    let mut bytes = std::fs::read(Program::build("spin", "1.27", &[])).expect("the binary");
    forget_sections(&mut bytes);
    // Where UPX puts its mark: behind the headers.
    bytes[0x3f0..0x3f4].copy_from_slice(b"UPX!");
    let error = Binary::open(Arc::new(bytes)).expect_err("it is packed");
    assert_eq!(error, Error::Packed { by: "UPX" });
    assert!(error.to_string().contains("upx -d"), "{error}");
}
