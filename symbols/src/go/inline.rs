//! Functions that the Go compiler put into others: the inline tree that pclntab leads to
//! (`runtime.inlinedCall` of `src/runtime/symtabinl.go`, Go 1.20 to 1.27; of `symtab.go`, Go 1.19).

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::bytes::Bytes;
use crate::pclntab::{Func, Table};

/// `abi.PCDATA_InlTreeIndex`
pub(crate) const TREE_INDEX: u64 = 2;
/// `abi.FUNCDATA_InlTree`
const TREE: u64 = 3;
/// Symbols of what the offsets of functions' further data start from, of Go 1.20 and 1.19.
pub(crate) const FUNCTION_DATA: [&str; 2] = ["go:func.*", "go.func.*"];

/// Functions put into each other at one place: the compiler has its own limits far below.
const DEEPEST: usize = 100;

/// A function of Go's source that runs at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFrame {
    /// As the Go toolchain spells it: `main.(*T).run`.
    pub function: String,
    /// Whether the compiler put it into the next one: it has no frame of its own.
    pub inlined: bool,
    /// Whether the compiler wrote it of its own: Go's tracebacks leave it out where it calls on.
    pub wrapper: bool,
    /// Source file and line: of the innermost one that of the address, of the others that of the call.
    pub line: Option<(String, u32)>,
}

impl Binary {
    /// The functions of Go's source that run at an address, innermost first; none outside Go code.
    pub fn source_frames(&self, addr: LinkAddr) -> Vec<SourceFrame> {
        self.pclntab().and_then(|table| frames(self, table, addr)).unwrap_or_default()
    }

    /// Whether the stack pointer is, before this instruction of Go code runs, where the function's
    /// caller left it: at the return address.
    pub fn at_return_address(&self, addr: LinkAddr) -> bool {
        let delta =
            self.pclntab().and_then(|table| table.find(addr).and_then(|func| table.stack_delta(func, addr)));
        delta == Some(0)
    }

    /// Bytes from the start of the Go function that the address is in.
    pub fn go_function_offset(&self, addr: LinkAddr) -> Option<u64> {
        let func = self.pclntab()?.find(addr)?;
        addr.0.checked_sub(func.addr.0)
    }
}

fn frames(binary: &Binary, table: Table<'_>, addr: LinkAddr) -> Option<Vec<SourceFrame>> {
    let func = table.find(addr)?;
    let own = table.name(func)?;
    let tree = Tree::of(binary, table, func);
    let mut found = Vec::new();
    let mut at = addr;
    while found.len() < DEEPEST {
        let line = table.file(func, at).map(str::to_owned).zip(table.line(func, at));
        let call = tree.as_ref().and_then(|tree| tree.call(table, func, at));
        let wrapper = |id: Option<u8>| id.is_some() && id == binary.go_wrapper_id();
        let Some(call) = call else {
            let wrapper = wrapper(table.func_id(func));
            found.push(SourceFrame { function: own.to_owned(), inlined: false, wrapper, line });
            break;
        };
        let function = table.name_at(call.name)?.to_owned();
        found.push(SourceFrame { function, inlined: true, wrapper: wrapper(Some(call.id)), line });
        at = func.addr.checked_add(u64::from(call.parent))?;
    }
    Some(found)
}

/// The `abi.FuncID` of functions that the compiler wrote of its own: the last of its list in each
/// release, behind that of `runtime.systemstack_switch`.
pub(crate) fn wrapper_id(table: Table<'_>) -> Option<u8> {
    let last = table.funcs().filter_map(|func| Some((table.func_id(func)?, func))).max_by_key(|(id, _)| *id);
    last.filter(|(_, func)| !table.is_named(*func, b"runtime.systemstack_switch")).map(|(id, _)| id)
}

/// How many trees are looked at to know where trees are.
const SAMPLES: usize = 64;

/// Functions that others were put into, from all parts of the program; none where there are none.
pub(crate) fn samples(binary: &Binary) -> Option<Vec<Func>> {
    let table = binary.pclntab()?;
    let all = || table.funcs().filter(|func| table.func_data(*func, TREE).is_some());
    let step = all().count().checked_div(SAMPLES)?.max(1);
    let found: Vec<Func> = all().step_by(step).collect();
    (!found.is_empty()).then_some(found)
}

/// Whether the trees of these functions are trees, if the offsets of functions' data start from `start`: each
/// begins with a call within the function, of something that has a name.
pub(crate) fn are_trees(binary: &Binary, start: LinkAddr, functions: &[Func]) -> bool {
    let Some(table) = binary.pclntab() else { return false };
    functions.iter().all(|func| {
        let first = Tree::behind(binary, start, table, *func).and_then(|tree| tree.node(0));
        first.is_some_and(|call| {
            let named = table.name_at(call.name).is_some_and(|name| !name.is_empty());
            named && u64::from(call.parent) < func.size && table.starts_name(call.name)
        })
    })
}

/// The inline tree of one function.
pub(crate) struct Tree<'a> {
    bytes: &'a [u8],
    /// The layout of Go 1.19, with more in it.
    old: bool,
}

/// A node of the tree.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// Its `abi.FuncID`.
    id: u8,
    /// Where in pclntab's names its name is.
    pub(crate) name: u32,
    /// Bytes from the function's start to an instruction at the place of the call.
    pub(crate) parent: u32,
}

impl<'a> Tree<'a> {
    pub(crate) fn of(binary: &'a Binary, table: Table<'_>, func: Func) -> Option<Self> {
        Self::behind(binary, binary.go_function_data()?, table, func)
    }

    /// The tree, where the offsets of functions' further data start from `start`.
    fn behind(binary: &'a Binary, start: LinkAddr, table: Table<'_>, func: Func) -> Option<Self> {
        let addr = start.checked_add(u64::from(table.func_data(func, TREE)?))?;
        let bytes = binary.elf().bytes_from(binary.data(), addr)?;
        Some(Self { bytes, old: table.header.is_old() })
    }

    fn call(&self, table: Table<'_>, func: Func, addr: LinkAddr) -> Option<Call> {
        self.node(table.pc_data(func, TREE_INDEX, addr)?)
    }

    /// The node with that index; none below 0.
    pub(crate) fn node(&self, index: i32) -> Option<Call> {
        let index = u64::try_from(index).ok()?;
        let (size, id, name, parent) = if self.old { (20, 2, 12, 16) } else { (16, 0, 4, 8) };
        let start = index.checked_mul(size)?;
        let word = |at: u64| Bytes::at(self.bytes, start.checked_add(at)?)?.u32();
        let id = Bytes::at(self.bytes, start.checked_add(id)?)?.u8()?;
        Some(Call { id, name: word(name)?, parent: word(parent)? })
    }
}
