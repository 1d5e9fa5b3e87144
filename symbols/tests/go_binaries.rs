//! What is read from real binaries, held against Go's own tools and against what was measured on the
//! releases by other means.

use std::path::Path;
use std::sync::Arc;

use gprobe_symbols::{Binary, Cost, EntryCondition, Language, LinkAddr, Location, TypeKind};
use gprobe_testkit::{Program, go};

fn open(path: &Path) -> Binary {
    let bytes: Vec<u8> = std::fs::read(path).expect("the binary");
    Binary::open(Arc::new(bytes)).expect("an ELF file")
}

/// Offsets of (`g.goid`, `g.atomicstatus`, `m.curg`, `m.id`) by release, from debuggers.
const LAYOUTS: [(&str, [u64; 4]); 3] =
    [("1.21", [152, 144, 192, 232]), ("1.24", [160, 152, 192, 232]), ("1.27", [152, 144, 184, 232])];

#[test]
fn the_runtimes_layout_is_read_from_each_release() {
    for (version, [goid, status, curg, id]) in LAYOUTS {
        let binary = open(&Program::build("counts", version, &[]));
        let offsets = binary.runtime_offsets().expect("the offsets");
        assert_eq!(offsets.g.goid.value, goid, "{version}");
        assert_eq!(offsets.g.atomicstatus.value, status, "{version}");
        assert_eq!(offsets.m.curg.value, curg, "{version}");
        assert_eq!(offsets.m.id.value, id, "{version}");
        assert_eq!(binary.g_tls_offset().expect("the slot").value, -8, "{version}");
        let reasons = binary.wait_reasons().expect("the wait reasons");
        for reason in ["chan receive", "select", "sleep", "sync.Mutex.Lock", "IO wait"] {
            assert!(reasons.iter().any(|r| r == reason), "{version} has no {reason}: {reasons:?}");
        }
        let read = binary.go_version().expect("a Go program").text.clone();
        assert!(read.contains(version), "{read}");
    }
}

#[test]
fn functions_are_those_of_gos_own_nm() {
    let path = Program::build("counts", "1.27", &[]);
    let binary = open(&path);
    let output = go("1.27").command().args(["tool", "nm", "-size"]).arg(&path).output().expect("nm runs");
    let mut compared = 0;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // `  4a82a0  64 T main.work`
        let words: Vec<&str> = line.split_whitespace().collect();
        let [addr, size, "T", name] = words.as_slice() else { continue };
        if !name.starts_with("main.") {
            continue;
        }
        let addr = u64::from_str_radix(addr, 16).expect("an address");
        let found = binary.functions().exact(name);
        let function =
            found.iter().find(|f| f.addr == LinkAddr(addr)).unwrap_or_else(|| panic!("{name} at {addr:#x}"));
        assert_eq!(function.size.to_string(), *size, "{name}");
        let inside = binary.functions().containing(LinkAddr(addr + function.size / 2)).expect("a function");
        assert_eq!(inside.name, *name);
        compared += 1;
    }
    assert!(compared > 20, "only {compared} functions");
}

#[test]
fn sites_are_cheap_and_stand_on_instructions() {
    let path = Program::build("counts", "1.27", &[]);
    let binary = open(&path);
    let plain = binary.functions().exact("main.fib").pop().expect("the function");
    assert_eq!(plain.language, Language::Go);
    let sites = binary.sites(&plain).expect("sites");
    assert_eq!((sites.entry.cost, sites.entry.condition), (Cost::Emulated, EntryCondition::Always));
    assert!(sites.entry.addr > plain.addr, "behind the stack check");
    assert_eq!(binary.bytes_at(sites.entry.addr, 1), Some(&[0x55][..]), "push rbp");
    assert!(!sites.returns.is_empty());
    for site in &sites.returns {
        assert_eq!(binary.bytes_at(site.addr, 1), Some(&[0xc3][..]), "ret");
        assert_eq!(binary.link_addr(site.offset), Some(site.addr));
    }
    // What Go's disassembler calls a RET, and no more.
    let output = go("1.27")
        .command()
        .args(["tool", "objdump", "-s", "^main\\.fib$"])
        .arg(&path)
        .output()
        .expect("objdump runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text.matches("\tRET").count(), sites.returns.len(), "{text}");
    let cgocall = binary.functions().exact("runtime.cgocall");
    if let Some(cgocall) = cgocall.first() {
        let exit = binary.functions().exact("runtime.exitsyscall").pop().expect("the function");
        assert_eq!(binary.sites(cgocall).expect("sites").calls(exit.addr).len(), 1);
    }
}

#[test]
fn arguments_have_names_types_and_places() {
    for version in ["1.24", "1.27"] {
        let binary = open(&Program::build("counts", version, &[]));
        let mixed = binary.functions().exact("main.mixed").pop().expect("the function");
        let entry = binary.sites(&mixed).expect("sites").entry.addr;
        let params = binary.params(&mixed).expect("parameters");
        let names: Vec<&str> = params.iter().filter(|p| !p.is_result).map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["text", "n", "ok", "p"], "{version}");
        assert_eq!(params.iter().filter(|p| p.is_result).count(), 3);
        let text = binary.layout().ty(params[0].ty).expect("a type");
        assert_eq!((text.name.as_str(), text.kind), ("string", TypeKind::String));
        let Location::Pieces(pieces) = params[0].location_at(entry) else { panic!("{:?}", params[0]) };
        assert_eq!(pieces.len(), 2, "pointer and length");
        // ABIInternal by rule and by DWARF agree.
        let by_rule = binary.params_by_abi(&mixed).expect("parameters");
        for (param, ruled) in params.iter().filter(|p| !p.is_result).zip(&by_rule) {
            assert_eq!(param.location_at(entry), ruled.location_at(entry), "{version} {}", param.name);
        }
    }
}

#[test]
fn a_stripped_binary_still_has_functions_and_says_what_it_lacks() {
    let path = Program::build("counts", "1.27", &["-ldflags=-s -w"]);
    let binary = open(&path);
    assert!(!binary.has_dwarf());
    assert_eq!(binary.functions().exact("main.fib").len(), 1);
    assert!(binary.runtime_offsets().is_ok());
    assert!(
        binary
            .layout()
            .find_type("main.Account")
            .expect_err("no type")
            .to_string()
            .contains("debug information")
    );
}

#[test]
fn cut_off_and_mutated_files_are_no_panic() {
    let path = Program::build("spin", "1.27", &[]);
    let whole: Vec<u8> = std::fs::read(path).expect("the binary");
    // A fixed sequence: equal runs see equal bytes.
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..60u64 {
        let mut bytes = whole.clone();
        if round % 3 == 0 {
            bytes.truncate((next() % whole.len() as u64) as usize);
        }
        for _ in 0..(1 << (round % 10)) {
            let len = bytes.len().max(1) as u64;
            // Mostly in the headers, where it hurts.
            let at = if next() % 2 == 0 { next() % len.min(4096) } else { next() % len };
            if let Some(byte) = bytes.get_mut(at as usize) {
                *byte = next() as u8;
            }
        }
        let Ok(binary) = Binary::open(Arc::new(bytes)) else { continue };
        let _ = (binary.go_version(), binary.runtime_offsets().is_ok(), binary.wait_reasons().is_ok());
        let _ = binary.g_tls_offset();
        let files = binary.go_files();
        let file: Vec<&str> = files.iter().filter(|f| f.ends_with("spin/main.go")).copied().collect();
        let _ =
            (binary.lines_with_code(&file), binary.line_places(&file, 30), binary.inlined_copies("main.*"));
        for function in binary.functions().matching("main.*") {
            let _ = (
                binary.sites(&function).is_ok(),
                binary.params(&function).is_ok(),
                binary.line(function.addr),
            );
        }
    }
}

#[test]
fn a_file_that_is_no_elf_is_said_to_be_none() {
    let error = Binary::open(Arc::new(b"#!/bin/sh\n".to_vec())).expect_err("no ELF");
    assert!(error.to_string().contains("ELF"), "{error}");
}

#[test]
fn instances_of_generic_functions_are_found_by_the_users_spelling() {
    for version in ["1.21", "1.24", "1.27"] {
        let binary = open(&Program::build("counts", version, &[]));
        let names = |name: &str| {
            let found = binary.functions().exact(name);
            found.into_iter().map(|function| function.name).collect::<Vec<_>>()
        };
        assert_eq!(names("main.largest[...]").len(), 2, "{version}");
        assert_eq!(names("main.largest[int]"), ["main.largest[go.shape.int]"], "{version}");
        assert_eq!(names("main.largest[string]"), ["main.largest[go.shape.string]"], "{version}");
        assert!(names("main.largest[bool]").is_empty(), "{version}");
    }
}
