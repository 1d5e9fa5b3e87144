//! Files that nobody's compiler makes: each once took a reader for ever, or all memory, or more stack than there is.

#[path = "hostile/file.rs"]
mod file;

use std::time::Duration;

use file::{File, START, Unit, pclntab};
use gprobe_symbols::{Abi, Binary, Error, Function, Language, LinkAddr, TypeKind};
use gprobe_testkit::damage::within;

/// Far more than any of them takes, also without optimisation; far less than they took.
const SOON: Duration = Duration::from_secs(10);

const ENUMERATION: u8 = 0x04;
const PARAMETER: u8 = 0x05;
const MEMBER: u8 = 0x0d;
const STRUCT: u8 = 0x13;
const ARRAY: u8 = 0x01;
const SUBRANGE: u8 = 0x21;
const FUNCTION: u8 = 0x2e;

const NAME: u8 = 0x03;
const SIZE: u8 = 0x0b;
const LOW_PC: u8 = 0x11;
const PROTOTYPED: u8 = 0x27;
const TYPE: u8 = 0x49;

const FORM_ADDR: u8 = 0x01;
const FORM_DATA1: u8 = 0x0b;
const FORM_STRING: u8 = 0x08;
const FORM_STRP: u8 = 0x0e;
const FORM_REF4: u8 = 0x13;
const FORM_FLAG_PRESENT: u8 = 0x19;

fn function(name: &str, addr: u64, size: u64) -> Function {
    let (language, abi) = (Language::Go, Abi::Internal);
    Function { name: name.to_owned(), addr: LinkAddr(addr), size, language, abi, wrapper: false }
}

#[test]
fn an_enumeration_of_itself_has_no_sign() {
    let mut unit = Unit::new();
    let enumeration = unit.abbreviation(ENUMERATION, false, &[(NAME, FORM_STRING), (TYPE, FORM_REF4)]);
    let at = unit.place();
    unit.entry(enumeration, &[b"endless\0", &at.to_le_bytes()[..]].concat());
    let binary = unit.file().open();
    let id = binary.layout().find_type("endless").expect("the type");
    assert_eq!(binary.layout().ty(id).map(|ty| ty.kind), Ok(TypeKind::Int { signed: false }));
    assert_eq!(binary.layout().size_of(id), Ok(4));
}

#[test]
fn structs_of_empty_structs_are_not_followed_for_ever() {
    let mut unit = Unit::new();
    let empty = unit.abbreviation(STRUCT, false, &[]);
    let pair = unit.abbreviation(STRUCT, true, &[]);
    let member = unit.abbreviation(MEMBER, false, &[(TYPE, FORM_REF4)]);
    let named = unit.abbreviation(FUNCTION, true, &[(NAME, FORM_STRING), (LOW_PC, FORM_ADDR)]);
    let parameter = unit.abbreviation(PARAMETER, false, &[(TYPE, FORM_REF4)]);
    let mut at = unit.entry(empty, &[]);
    for _ in 0..30 {
        let next = unit.entry(pair, &[]);
        unit.entry(member, &at.to_le_bytes());
        unit.entry(member, &at.to_le_bytes());
        unit.entry(0, &[]);
        at = next;
    }
    unit.entry(named, &[b"main.f\0", &START.to_le_bytes()[..]].concat());
    unit.entry(parameter, &at.to_le_bytes());
    unit.entry(0, &[]);
    let binary = unit.file().open();
    let params = within(SOON, || binary.params_by_abi(&function("main.f", START, 1)));
    assert_eq!(params.expect("the parameter").len(), 1);
}

#[test]
fn jumps_without_a_return_are_looked_at_once() {
    let (file, addr) = File::default().with(".text", [0xff, 0xe0].repeat(300_000));
    let binary = file.open();
    let sites = within(SOON, || binary.sites(&function("main.f", addr, 600_000)));
    assert!(sites.expect_err("too many").to_string().contains("left at too many places"));
    let (file, addr) = File::default().with(".text", [0xff, 0xe0].repeat(1000));
    let sites = file.open().sites(&function("main.f", addr, 2000)).expect("sites");
    assert_eq!(sites.tail_jumps.len(), 1000);
}

#[test]
fn a_file_is_searched_once_however_many_sections_have_it() {
    let mut file = File::default().and(".rodata", vec![1; 8 << 20]);
    file.whole = (60_000, 1, 2);
    let binary = file.open();
    within(SOON, || assert_eq!(binary.go_version(), None));
}

#[test]
fn units_with_a_number_in_common_are_told_apart() {
    // Each has the four bytes that are the text's place among the strings.
    let unit = [7u8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8];
    let file = File::default().and(".debug_info", unit.repeat(200_000)).and(".debug_abbrev", vec![0]);
    let binary = file.and(".debug_str", b"abc\0text\0".to_vec()).open();
    within(SOON, || assert!(binary.layout().find_type("text").is_err()));
}

#[test]
fn more_segments_than_the_kernel_takes_are_refused() {
    let mut file = File::default().and(".text", vec![0xc3]);
    file.segments = 60_000;
    let error = Binary::open(std::sync::Arc::new(file.bytes())).expect_err("too many");
    assert!(error.to_string().contains("program headers"), "{error}");
}

/// A binary with so many functions of one name and one table of values.
fn functions(count: u32, name: &[u8], values: &[u8]) -> Binary {
    let (file, text) = File::default().with(".text", vec![0xc3; count as usize]);
    file.and(".gopclntab", pclntab(text, count, name, values)).open()
}

#[test]
fn tables_of_values_end_where_their_function_does() {
    let one = functions(10, b"main.f", &[2, 1, 0]);
    assert_eq!(one.functions().matching("main.*").len(), 10);
    // Values that change and an address that does not.
    let binary = functions(3000, b"main.f", &[2, 0].repeat(200_000));
    within(SOON, || assert_eq!(binary.functions().matching("main.*").len(), 3000));
}

#[test]
fn names_that_go_on_for_the_rest_of_the_file_are_none() {
    let binary = functions(30_000, &vec![b'a'; 8 << 20], &[2, 1, 0]);
    within(SOON, || assert!(binary.functions().names().is_empty()));
}

#[test]
fn one_long_name_is_not_copied_for_each_function() {
    let name = vec![b'a'; 60_000];
    let binary = functions(50_000, &name, &[2, 1, 0]);
    let found = within(SOON, || binary.functions().matching("a*"));
    let text: usize = found.iter().map(|function| function.name.len()).sum();
    assert!(!found.is_empty() && text < 8 << 20, "{text} bytes");
}

#[test]
fn attributes_without_bytes_are_limited() {
    let mut unit = Unit::new();
    let many = unit.abbreviation(STRUCT, false, &[(PROTOTYPED, FORM_FLAG_PRESENT); 50_000]);
    for _ in 0..200_000 {
        unit.entry(many, &[]);
    }
    let binary = unit.file().open();
    let error = within(SOON, || binary.layout().find_type("text")).expect_err("damaged");
    assert!(error.to_string().contains("too many attributes"), "{error}");
}

/// A type `text` with so many of an entry below it.
fn with_members(attributes: &[(u8, u8)], values: &[u8], count: usize) -> Binary {
    let mut unit = Unit::new();
    let outer = unit.abbreviation(STRUCT, true, &[(NAME, FORM_STRING)]);
    let member = unit.abbreviation(MEMBER, false, attributes);
    unit.entry(outer, b"text\0");
    for _ in 0..count {
        unit.entry(member, values);
    }
    unit.entry(0, &[]);
    let strings = [vec![b'a'; 60_000], vec![0]].concat();
    unit.file().and(".debug_str", strings).open()
}

#[test]
fn what_is_below_an_entry_is_limited() {
    let flags = [(PROTOTYPED, FORM_FLAG_PRESENT); 100];
    let binary = with_members(&flags, &[], 100_000);
    let id = binary.layout().find_type("text").expect("the type");
    let error = within(SOON, || binary.layout().ty(id)).expect_err("too much");
    assert!(matches!(error, Error::Malformed { what: "an entry has too much below it", .. }), "{error}");
}

#[test]
fn one_long_name_is_not_copied_for_each_field() {
    let values = [0u32, 11].map(u32::to_le_bytes).concat();
    let binary = with_members(&[(NAME, FORM_STRP), (TYPE, FORM_REF4)], &values, 20_000);
    let id = binary.layout().find_type("text").expect("the type");
    let error = within(SOON, || binary.layout().ty(id)).expect_err("too much");
    assert!(error.to_string().contains("names of a type's fields"), "{error}");
}

#[test]
fn a_struct_of_thousands_is_no_wrapper_of_a_number() {
    let mut unit = Unit::new();
    let array = unit.abbreviation(ARRAY, true, &[(TYPE, FORM_REF4)]);
    let dimension = unit.abbreviation(SUBRANGE, false, &[]);
    let byte = unit.abbreviation(0x24, false, &[(SIZE, FORM_DATA1)]);
    let outer = unit.abbreviation(STRUCT, true, &[(NAME, FORM_STRING), (SIZE, FORM_DATA1)]);
    let member = unit.abbreviation(MEMBER, false, &[(TYPE, FORM_REF4)]);
    let element = unit.entry(byte, &[1]);
    let arrays = unit.entry(array, &element.to_le_bytes());
    for _ in 0..50_000 {
        unit.entry(dimension, &[]);
    }
    unit.entry(0, &[]);
    unit.entry(outer, b"text\0\x08");
    for _ in 0..50_000 {
        unit.entry(member, &arrays.to_le_bytes());
    }
    unit.entry(0, &[]);
    let binary = unit.file().open();
    let id = binary.layout().find_type("text").expect("the type");
    within(SOON, || assert!(binary.layout().scalar(id).is_err()));
}
