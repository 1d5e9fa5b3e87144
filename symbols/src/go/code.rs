//! The code of the runtime's own functions, which tells what a stripped file says nowhere else.

use std::collections::HashMap;

use crate::binary::Binary;
use crate::insn::flow::{Decoded, decode};
use crate::pclntab::Func;

/// Functions that are looked into, by what `variables`, `tls` and `witness` want to know.
const NAMES: [&str; 18] = [
    "runtime.rt0_go",
    "runtime.allgadd",
    "runtime.mcommoninit",
    "runtime.stackcheck",
    "runtime.waitReason.String",
    "runtime.goroutineheader",
    "runtime.cgocall",
    "runtime.newproc1",
    "runtime.saveAncestors",
    "runtime.mcall",
    "runtime.reentersyscall",
    "runtime.exitsyscall",
    "runtime.execute",
    "runtime.gopark",
    "runtime.minit",
    "runtime.wirep",
    "runtime.schedule",
    "runtime.mstart1",
];
/// Larger functions are none of these.
const MAX_BYTES: u64 = 1 << 16;

/// Where those functions are; of one name there may be two, for Go's two ABIs.
pub(crate) type RuntimeFuncs = HashMap<&'static str, Vec<Func>>;

/// Finds them, in one walk over all functions.
pub(crate) fn find(binary: &Binary) -> RuntimeFuncs {
    let mut found = RuntimeFuncs::new();
    let Some(table) = binary.pclntab() else { return found };
    let wanted: HashMap<u32, &'static str> =
        NAMES.iter().filter_map(|name| Some((table.offset_of_name(name)?, *name))).collect();
    for func in table.funcs() {
        if let Some(name) = table.name_offset(func).and_then(|offset| wanted.get(&offset)) {
            found.entry(*name).or_default().push(func);
        }
    }
    found
}

impl Binary {
    /// The bodies of a function of the runtime; none where it has no such function.
    pub(crate) fn runtime_code(&self, name: &str) -> Vec<Vec<Decoded<'_>>> {
        debug_assert!(NAMES.contains(&name), "{name} is not looked for");
        let funcs = self.runtime_funcs().get(name).map(Vec::as_slice).unwrap_or_default();
        let body = |func: &Func| {
            let size = usize::try_from(func.size.min(MAX_BYTES)).ok()?;
            Some(decode(self.bytes_at(func.addr, size)?, func.addr.0))
        };
        funcs.iter().filter_map(body).collect()
    }
}
