//! The functions of a file.

use crate::address::LinkAddr;
use crate::binary::Binary;

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
    pub fn exact(&self, name: &str) -> Vec<Function> {
        without_wrappers(self.exact_all(name))
    }

    /// As [`exact`](Self::exact), with wrappers between the ABIs.
    pub fn exact_all(&self, name: &str) -> Vec<Function> {
        let _ = (name, self.binary);
        Vec::new()
    }

    /// The functions whose names match the pattern, in order of address, without wrappers between
    /// the ABIs.
    ///
    /// `*` stands for any characters and `?` for one, but the `*` of Go's `(*T)` is itself when
    /// a name follows it: `net/http.(*conn).*` matches the methods of `*conn`. Everything else
    /// is itself, `[...]` too.
    pub fn matching(&self, pattern: &str) -> Vec<Function> {
        let _ = pattern;
        Vec::new()
    }

    /// The function that the address is in.
    pub fn containing(&self, addr: LinkAddr) -> Option<Function> {
        let _ = addr;
        None
    }

    /// All names, for suggestions.
    pub fn names(&self) -> Vec<&'a str> {
        Vec::new()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn without_wrappers(functions: Vec<Function>) -> Vec<Function> {
    functions
}
