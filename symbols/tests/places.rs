//! Source lines and inlined functions, held against Go's own disassembler and against the debug information.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use gimli::{AttributeValue, EndianSlice, LittleEndian};
use gprobe_symbols::{Binary, LinkAddr, SiteKind};
use gprobe_testkit::{Program, go};
use object::{Object, ObjectSection};

const RELEASES: [&str; 5] = ["1.19", "1.21", "1.23", "1.25", "1.27"];

fn open(path: &Path) -> Binary {
    let bytes: Vec<u8> = std::fs::read(path).expect("the binary");
    Binary::open(Arc::new(bytes)).expect("an ELF file")
}

/// Each place is an instruction of its line by Go's own disassembler, in the function that it says.
#[test]
fn places_of_lines_are_instructions_of_them() {
    for version in RELEASES {
        let path = Program::build("lines", version, &[]);
        let binary = open(&path);
        let output = go(version)
            .command()
            .args(["tool", "objdump", "-s", "^main\\."])
            .arg(&path)
            .output()
            .expect("objdump runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // `  main.go:37  0x4a7540  48ff05...  INCQ main.plainEntry(SB)`
        let insns: HashSet<(u32, u64)> = text
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let number = words.next()?.strip_prefix("main.go:")?.parse().ok()?;
                let addr = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
                Some((number, addr))
            })
            .collect();
        assert!(insns.len() > 500, "{version}: {} instructions", insns.len());
        let files = binary.go_files();
        let file: Vec<&str> = files.iter().filter(|f| f.ends_with("lines/main.go")).copied().collect();
        let lines = binary.lines_with_code(&file);
        assert!(lines.len() > 100, "{version}: {} lines", lines.len());
        let (mut places, mut entries) = (0, 0);
        for line in lines.keys() {
            let found = binary.line_places(&file, *line);
            assert!(found.refused.is_empty(), "{version}: {found:?}");
            for place in &found.found {
                places += 1;
                let addr = place.site.addr;
                assert!(place.function.contains(addr));
                assert_eq!(binary.link_addr(place.site.offset), Some(addr));
                if place.site.kind == SiteKind::Entry {
                    entries += 1;
                    let sites = binary.sites(&place.function).expect("sites");
                    assert_eq!(place.site, sites.entry, "{version} {line}");
                }
                assert!(insns.contains(&(*line, addr.0)), "{version}: {line} at {addr}");
                let frames = binary.source_frames(addr);
                assert_eq!(frames[0].inlined, place.call.is_some(), "{version} {line} {frames:?}");
            }
        }
        assert!(places > 150 && entries > 20, "{version}: {places} places, {entries} entries");
    }
}

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// All inlined calls by DWARF: (function inlined, lowest address), and all addresses at which statements begin.
struct Truth {
    copies: BTreeMap<String, Vec<u64>>,
    statements: BTreeMap<u64, BTreeSet<u64>>,
}

fn truth(path: &Path) -> Truth {
    let bytes = std::fs::read(path).expect("the binary");
    let object = object::File::parse(&*bytes).expect("an ELF file");
    let load = |id: gimli::SectionId| -> Result<Slice<'_>, gimli::Error> {
        let section = object.section_by_name(id.name()).and_then(|section| section.data().ok());
        Ok(EndianSlice::new(section.unwrap_or(&[]), LittleEndian))
    };
    let dwarf = gimli::Dwarf::load(load).expect("sections");
    let mut names: BTreeMap<usize, String> = BTreeMap::new();
    let mut inlined: Vec<(usize, u64)> = Vec::new();
    let mut statements: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next().expect("a unit") {
        let unit = dwarf.unit(header).expect("a unit");
        let at = |offset: gimli::UnitOffset| offset.to_unit_section_offset(&unit).0;
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs().expect("an entry") {
            if entry.tag() == gimli::DW_TAG_subprogram {
                if let Some(AttributeValue::String(name)) = entry.attr_value(gimli::DW_AT_name) {
                    names.insert(at(entry.offset()), name.to_string_lossy().into_owned());
                }
            } else if entry.tag() == gimli::DW_TAG_inlined_subroutine {
                let origin = match entry.attr_value(gimli::DW_AT_abstract_origin) {
                    Some(AttributeValue::DebugInfoRef(offset)) => offset.0,
                    Some(AttributeValue::UnitRef(offset)) => at(offset),
                    _ => continue,
                };
                let mut ranges = dwarf.die_ranges(&unit, entry).expect("ranges");
                let mut lowest = u64::MAX;
                while let Some(range) = ranges.next().expect("a range") {
                    lowest = lowest.min(range.begin);
                }
                inlined.push((origin, lowest));
            }
        }
        let Some(program) = unit.line_program.clone() else { continue };
        let mut rows = program.rows();
        while let Some((header, row)) = rows.next_row().expect("a row") {
            let Some(file) = row.file(header).filter(|_| row.is_stmt() && !row.end_sequence()) else {
                continue;
            };
            let name = dwarf.attr_string(&unit, file.path_name()).expect("a name");
            if name.to_string_lossy().ends_with("lines/main.go") || name.slice() == b"main.go" {
                statements.entry(row.line().map_or(0, |line| line.get())).or_default().insert(row.address());
            }
        }
    }
    let mut copies: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (origin, lowest) in inlined {
        copies.entry(names[&origin].clone()).or_default().push(lowest);
    }
    Truth { copies, statements }
}

/// The inline tree has the copies that the debug information has, and begins them where that does: but for
/// copies whose first instructions only move values about.
#[test]
fn copies_are_those_of_the_debug_information() {
    for version in RELEASES {
        let path = Program::build("lines", version, &["-ldflags=-compressdwarf=false"]);
        let binary = open(&path);
        let truth = truth(&path);
        let mut by_name: BTreeMap<String, HashSet<u64>> = BTreeMap::new();
        let all = binary.inlined_copies("*");
        // Some are one instruction, on which the kernel takes no probe.
        let why = |reason: &gprobe_symbols::Reason| reason.to_string().contains("a lock prefix");
        assert!(all.refused.len() < 20 && all.refused.iter().all(|(_, reason)| why(reason)), "{version}");
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, _) in &all.refused {
            *counts.entry(name).or_default() += 1;
        }
        for place in &all.found {
            *counts.entry(&place.source).or_default() += 1;
            by_name.entry(place.source.clone()).or_default().insert(place.site.addr.0);
        }
        let (mut functions, mut equal, mut copies, mut same) = (0, 0, 0, 0);
        for (name, lowest) in &truth.copies {
            // Instances of generic functions have one name in the tree.
            if name.contains('[') {
                continue;
            }
            functions += 1;
            equal += usize::from(counts.get(name.as_str()) == Some(&lowest.len()));
            copies += lowest.len();
            let starts = by_name.entry(name.clone()).or_default();
            same += lowest.iter().filter(|addr| starts.contains(addr)).count();
        }
        assert!(functions > 300, "{version}: {functions} functions");
        assert!(equal * 100 >= functions * 97, "{version}: {equal} of {functions} functions have all copies");
        assert!(same * 100 >= copies * 90, "{version}: {same} of {copies} copies begin where DWARF says");
        for name in ["main.small", "main.outer", "main.branchy", "main.loopy", "main.held"] {
            let found = binary.inlined_copies(name);
            assert_eq!(found.found.len(), truth.copies[name].len(), "{version} {name}");
            for place in &found.found {
                let function = binary.functions().containing(place.site.addr).expect("a function");
                assert_eq!(function.addr, place.function.addr);
                let call = place.call.as_ref().expect("a call");
                assert!(call.file.ends_with("lines/main.go"), "{call:?}");
            }
        }
    }
}

/// Debuggers stop where the compiler marks that a statement begins: mostly that is here too. Not at the heads
/// of loops, where their mark is on what each turn passes.
#[test]
fn lines_mostly_begin_where_debuggers_stop() {
    for version in RELEASES {
        let path = Program::build("lines", version, &["-ldflags=-compressdwarf=false"]);
        let binary = open(&path);
        let truth = truth(&path);
        let files = binary.go_files();
        let file: Vec<&str> = files.iter().filter(|f| f.ends_with("lines/main.go")).copied().collect();
        let (mut places, mut marked) = (0, 0);
        for line in binary.lines_with_code(&file).keys() {
            let Some(statements) = truth.statements.get(&u64::from(*line)) else { continue };
            for place in binary.line_places(&file, *line).found {
                places += 1;
                marked += usize::from(
                    place.site.kind == SiteKind::Entry || statements.contains(&place.site.addr.0),
                );
            }
        }
        assert!(places > 150 && marked * 100 >= places * 90, "{version}: {marked} of {places}");
    }
}

/// Searching a large program takes no time that is felt.
#[test]
fn a_large_program_is_searched_quickly() {
    let go = go("1.27");
    let compiler = go.root().join("pkg/tool/linux_amd64/compile");
    let binary = open(&compiler);
    let functions = binary.functions().len();
    let started = Instant::now();
    let copies = binary.inlined_copies("cmd/compile/internal/ssa.(*Value).AuxInt32").found.len()
        + binary.inlined_copies("sync.(*Mutex).Lock").found.len();
    let files = binary.go_files();
    let file: Vec<&str> = files.iter().filter(|f| f.ends_with("ssa/value.go")).copied().collect();
    let lines = binary.lines_with_code(&file);
    let places: usize = lines.keys().take(3).map(|line| binary.line_places(&file, *line).found.len()).sum();
    // Seconds where nothing is optimised and the machine has other things to do.
    let took = started.elapsed();
    assert!(took.as_secs() < 30, "{took:?}");
    assert!(functions > 15_000 && copies > 50 && places > 2, "{functions} {copies} {places}");
    assert!(binary.stack_depth(LinkAddr(0)).is_none());
}
