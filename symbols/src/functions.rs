//! The functions of a file.

use std::collections::{HashMap, HashSet};

use object::elf::Sym64;
use object::endian::LittleEndian;

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::elf::{SymbolTable, is_function};
use crate::glob;
use crate::go::names;
use crate::pclntab::{Func, Table};

/// What a function was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Go.
    Go,
    /// Go's assembly.
    Assembly,
    /// C, or anything else that isn't Go.
    C,
    /// There is nothing to tell by.
    Unknown,
}

/// How a function takes its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abi {
    /// Go's ABIInternal: in registers.
    Internal,
    /// Go's ABI0: on the stack.
    Abi0,
    /// The System V ABI.
    C,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its name as the symbol table has it: `net/http.(*conn).serve`, `runtime.asmcgocall.abi0`.
    pub name: String,
    /// Its first instruction.
    pub addr: LinkAddr,
    /// Bytes.
    pub size: u64,
    /// What it was written in.
    pub language: Language,
    /// How it takes its arguments.
    pub abi: Abi,
    /// Whether the Go compiler made it to call another one (between ABIs, or for a method).
    pub wrapper: bool,
}

impl Function {
    /// The first address behind the function.
    pub fn end(&self) -> LinkAddr {
        LinkAddr(self.addr.0.saturating_add(self.size))
    }

    /// Whether the address is within.
    pub fn contains(&self, addr: LinkAddr) -> bool {
        addr >= self.addr && addr < self.end()
    }
}

/// The functions of a [`Binary`]: those of its symbol tables, else those of Go's pclntab.
///
/// Symbols without code or size are left out.
#[derive(Clone, Copy)]
pub struct Functions<'a> {
    pub(crate) binary: &'a Binary,
}

impl<'a> Functions<'a> {
    /// The functions of that very name; mostly one, none or, for C, a few `static` ones.
    ///
    /// Go makes wrappers between its two ABIs: a function of one ABI then has a body and a wrapper that
    /// enters the body, told apart by the suffix `.abi0` in the symbol table. A plain name gives
    /// the body alone, whichever has the suffix, so that a call is never counted twice;
    /// [`exact_all`](Self::exact_all) gives both.
    ///
    /// `main.largest[...]` is all instances of a generic function, and `main.largest[int]` the one whose
    /// code works on `int`, where the binary tells them apart.
    pub fn exact(&self, name: &str) -> Vec<Function> {
        let found = without_abi_wrappers(self.exact_all(name));
        if !found.is_empty() || !name.contains('[') {
            return found;
        }
        if let Some(pattern) = names::instances(name) {
            return self.matching(&pattern);
        }
        let shaped = names::shaped(name).map(|shaped| self.exact_all(&shaped));
        without_abi_wrappers(shaped.unwrap_or_default())
    }

    /// As [`exact`](Self::exact), with wrappers between the ABIs.
    pub fn exact_all(&self, name: &str) -> Vec<Function> {
        let plain = name.as_bytes();
        let suffixed = format!("{name}{ABI0_SUFFIX}");
        let mut found = Vec::new();
        for (table, _) in self.tables() {
            let named = table.functions().filter(|symbol| {
                table.is_named(symbol, plain) || table.is_named(symbol, suffixed.as_bytes())
            });
            self.gather(&mut found, named.filter_map(|symbol| self.of_symbol(table, symbol)));
        }
        if let Some(table) = self.pclntab() {
            // pclntab has no suffixes.
            let base = name.strip_suffix(ABI0_SUFFIX);
            let bare = base.unwrap_or(name).as_bytes();
            let funcs = table.funcs().filter(|func| table.is_named(*func, bare));
            let first = found.len();
            self.gather(&mut found, funcs.filter_map(|func| self.of_func(table, func)));
            self.settle_abi(&mut found, first, base.is_some());
        }
        dedup_by_addr(&mut found);
        found
    }

    /// The functions whose names match the pattern, in order of address, without wrappers between
    /// the ABIs and without second names of one address.
    ///
    /// `*` stands for any characters and `?` for one, but the `*` of Go's `(*T)` is itself when
    /// a name follows it: `net/http.(*conn).*` matches the methods of `*conn`. Everything else
    /// is itself, `[...]` too.
    pub fn matching(&self, pattern: &str) -> Vec<Function> {
        let pattern = pattern.as_bytes();
        let prefix = glob::literal_prefix(pattern);
        let fits =
            |name: &str| name.as_bytes().starts_with(prefix) && glob::matches(pattern, name.as_bytes());
        let mut found = Vec::new();
        for (table, _) in self.tables() {
            let named = table.functions().filter(|symbol| {
                table
                    .name(symbol)
                    .is_some_and(|name| fits(name.strip_suffix(ABI0_SUFFIX).unwrap_or(name)) || fits(name))
            });
            self.gather(&mut found, named.filter_map(|symbol| self.of_symbol(table, symbol)));
        }
        if let Some(table) = self.pclntab() {
            let first = found.len();
            let funcs = table.funcs().filter(|func| table.name(*func).is_some_and(fits));
            self.gather(&mut found, funcs.filter_map(|func| self.of_func(table, func)));
            self.settle_abi(&mut found, first, false);
        }
        dedup_by_addr(&mut found);
        without_abi_wrappers(found)
    }

    /// The function that the address is in.
    pub fn containing(&self, addr: LinkAddr) -> Option<Function> {
        if let Some(table) = self.pclntab()
            && let Some(func) = table.find(addr)
        {
            return self.of_func(table, func);
        }
        let index = self.by_addr();
        let end = index.partition_point(|entry| entry.addr <= addr.0);
        // A larger function may begin before a smaller one within it (C's cold parts, hand-written
        // assembly): look a few entries back.
        let before = index.get(..end)?;
        let entry = before.iter().rev().take(8).find(|e| addr.0.wrapping_sub(e.addr) < e.size)?;
        let (table, _) = self.tables().find(|(_, dynamic)| *dynamic == entry.dynamic)?;
        self.of_symbol(table, table.symbols.get(usize::try_from(entry.symbol).ok()?)?)
    }

    /// The function that begins at the address, by the name that its own symbol has.
    pub(crate) fn at(&self, addr: LinkAddr) -> Option<Function> {
        let index = self.by_addr();
        let first = index.partition_point(|entry| entry.addr < addr.0);
        let named = index.get(first).filter(|entry| entry.addr == addr.0).and_then(|entry| {
            let (table, _) = self.tables().find(|(_, dynamic)| *dynamic == entry.dynamic)?;
            self.of_symbol(table, table.symbols.get(usize::try_from(entry.symbol).ok()?)?)
        });
        named.or_else(|| self.containing(addr).filter(|function| function.addr == addr))
    }

    /// All names, for suggestions.
    pub fn names(&self) -> Vec<&'a str> {
        let mut names = Vec::new();
        for (table, _) in self.tables() {
            names.extend(table.functions().filter_map(|symbol| table.name(symbol)));
        }
        if let Some(table) = self.pclntab() {
            names.extend(table.funcs().filter_map(|func| table.name(func)));
        }
        names
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        let symbols: usize = self.tables().map(|(table, _)| table.functions().count()).sum();
        let funcs = self.pclntab().map_or(0, |table| usize::try_from(table.len()).unwrap_or(0));
        symbols.saturating_add(funcs)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The symbol tables that count, each with whether it is the dynamic one: that one only
    /// counts where there is no other.
    fn tables(&self) -> impl Iterator<Item = (SymbolTable<'a>, bool)> + use<'a> {
        let own = self.binary.symbol_table(false).map(|table| (table, false));
        own.or_else(|| self.binary.symbol_table(true).map(|table| (table, true))).into_iter()
    }

    /// pclntab, where it is the source of Go's functions: in stripped files.
    fn pclntab(&self) -> Option<Table<'a>> {
        if self.binary.has_symbols() { None } else { self.binary.pclntab() }
    }

    /// Adds functions, as long as their names are no longer than several files: all could have one long name.
    fn gather(&self, found: &mut Vec<Function>, more: impl Iterator<Item = Function>) {
        let mut left = self.binary.data().len().saturating_mul(TEXTS);
        found.extend(more.map_while(|function| {
            left = left.checked_sub(function.name.len())?;
            Some(function)
        }));
    }

    fn of_symbol(&self, table: SymbolTable<'a>, symbol: &Sym64<LittleEndian>) -> Option<Function> {
        let addr = LinkAddr(symbol.st_value.get(LittleEndian));
        if !self.binary.elf().is_code(addr) {
            return None;
        }
        let name = table.name(symbol)?;
        let go = self.binary.pclntab().and_then(|table| table.find(addr).map(|func| (table, func)));
        let (language, wrapper) = match go {
            Some((table, func)) => written_in(table, func),
            None => (Language::C, false),
        };
        let abi = match language {
            Language::C => Abi::C,
            _ if name.ends_with(ABI0_SUFFIX) => Abi::Abi0,
            _ => Abi::Internal,
        };
        Some(Function {
            name: name.to_owned(),
            addr,
            size: symbol.st_size.get(LittleEndian),
            language,
            abi,
            wrapper,
        })
    }

    fn of_func(&self, table: Table<'a>, func: Func) -> Option<Function> {
        let (language, wrapper) = written_in(table, func);
        let name = table.name(func).filter(|name| !name.is_empty())?.to_owned();
        if func.size == 0 || !self.binary.elf().is_code(func.addr) {
            return None;
        }
        Some(Function { name, addr: func.addr, size: func.size, language, abi: Abi::Internal, wrapper })
    }

    /// Tells the ABIs of functions from pclntab (those from `first` on), which knows none: of two with
    /// one name, one is in assembly, thus ABI0, or a wrapper of the other ABI than the body. With
    /// `abi0`, leaves only those of ABI0.
    fn settle_abi(&self, found: &mut Vec<Function>, first: usize, abi0: bool) {
        let Some(ours) = found.get_mut(first..) else { return };
        let wrappers: HashSet<&str> = ours.iter().filter(|f| f.wrapper).map(|f| f.name.as_str()).collect();
        let wrapped: HashMap<String, bool> = ours
            .iter()
            .filter(|function| !function.wrapper && wrappers.contains(function.name.as_str()))
            .map(|function| (function.name.clone(), function.language == Language::Assembly))
            .collect();
        for function in ours {
            // The wrapper of an assembly body is what Go calls; that of a Go body serves assembly.
            if wrapped.get(&function.name).is_some_and(|assembly| *assembly != function.wrapper) {
                function.abi = Abi::Abi0;
            }
        }
        if abi0 {
            let kept: Vec<Function> = found.drain(first..).filter(|f| f.abi == Abi::Abi0).collect();
            found.extend(kept);
        }
    }

    fn by_addr(&self) -> &'a [ByAddr] {
        self.binary.functions_by_addr.get_or_init(|| {
            let mut index = Vec::new();
            for (table, dynamic) in self.tables() {
                let symbols = table.symbols.iter().zip(0u32..).filter(|(symbol, _)| is_function(symbol));
                index.extend(symbols.map(|(symbol, number)| ByAddr {
                    addr: symbol.st_value.get(LittleEndian),
                    size: symbol.st_size.get(LittleEndian),
                    symbol: number,
                    dynamic,
                }));
            }
            index.sort_unstable();
            index
        })
    }
}

/// An entry of the index by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByAddr {
    addr: u64,
    size: u64,
    symbol: u32,
    dynamic: bool,
}

/// So many times the file's bytes are what all names have at most: they may overlap.
const TEXTS: usize = 4;

/// What Go's linker appends to the symbol of an ABI0 function that has a namesake.
const ABI0_SUFFIX: &str = ".abi0";

/// By the source file: assembly's end in `.s`, and wrappers have none.
fn written_in(table: Table<'_>, func: Func) -> (Language, bool) {
    match table.file(func, func.addr) {
        Some(file) if file.ends_with(".s") => (Language::Assembly, false),
        Some("<autogenerated>") => (Language::Go, true),
        _ => (Language::Go, false),
    }
}

/// Leaves out the wrappers whose bodies are there too.
fn without_abi_wrappers(mut functions: Vec<Function>) -> Vec<Function> {
    if !functions.iter().any(|function| function.wrapper) {
        return functions;
    }
    fn base(name: &str) -> &str {
        name.strip_suffix(ABI0_SUFFIX).unwrap_or(name)
    }
    let bodies: HashSet<String> =
        functions.iter().filter(|f| !f.wrapper).map(|f| base(&f.name).to_owned()).collect();
    functions.retain(|f| !(f.wrapper && bodies.contains(base(&f.name))));
    functions
}

/// One function may have several names (C's aliases): the first one stays.
fn dedup_by_addr(functions: &mut Vec<Function>) {
    functions.sort_by_key(|function| function.addr);
    functions.dedup_by_key(|function| function.addr);
}
