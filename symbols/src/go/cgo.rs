//! The C functions that Go calls, by the code that calls them: where C's symbols are stripped, nothing else names them.

use std::collections::HashMap;

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::go::names::cgo_name;
use crate::insn::flow::{Decoded, instructions};
use crate::insn::operands::How;
use crate::pclntab::{Func, Table};

/// Larger functions are no wrappers of cgo's.
const MAX_BYTES: u64 = 4096;

/// Names of C functions, by the address that cgo's wrappers (`main._Cfunc_usleep`) hand to `runtime.cgocall`.
pub(crate) fn names(binary: &Binary) -> HashMap<LinkAddr, String> {
    let mut found = HashMap::new();
    let Some(table) = binary.pclntab() else { return found };
    for func in table.funcs() {
        if let Some(name) = table.name(func).and_then(cgo_name)
            && let Some(addr) = callee(binary, table, func)
        {
            found.entry(addr).or_insert_with(|| name.to_owned());
        }
    }
    found
}

/// What a wrapper loads from a variable and is code, but not Go's.
fn callee(binary: &Binary, table: Table<'_>, func: Func) -> Option<LinkAddr> {
    let code = binary.bytes_at(func.addr, usize::try_from(func.size.min(MAX_BYTES)).ok()?)?;
    let loaded = instructions(code, func.addr.0).filter_map(|at| Decoded::reference(&at));
    loaded
        .filter(|reference| reference.how == How::LoadsWord)
        .filter_map(|reference| binary.pointer_at(reference.target).map(LinkAddr))
        .find(|addr| binary.elf().is_code(*addr) && table.find(*addr).is_none())
}
