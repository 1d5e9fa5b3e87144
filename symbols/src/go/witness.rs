//! Whether code agrees with what is believed of the runtime's structs.
//!
//! Each function here uses the field in all releases from Go 1.19 to 1.27, whatever they are built with: where the
//! offset is right, an instruction of the function reaches so far behind a pointer.

use std::collections::HashSet;

use crate::binary::Binary;
use crate::go::offsets::RuntimeOffsets;
use crate::insn::flow::Decoded;

/// Fields, and functions that use them (`runtime/proc.go`, `runtime/cgocall.go`, `runtime/asm_amd64.s`).
const WITNESSES: [(&str, &str); 21] = [
    ("g.m", "runtime.cgocall"),
    ("g.sched.sp", "runtime.newproc1"),
    ("g.sched.pc", "runtime.newproc1"),
    ("g.sched.bp", "runtime.mcall"),
    ("g.syscallsp", "runtime.reentersyscall"),
    ("g.syscallpc", "runtime.reentersyscall"),
    ("g.syscallbp", "runtime.reentersyscall"),
    ("g.goid", "runtime.saveAncestors"),
    ("g.waitsince", "runtime.execute"),
    ("g.waitreason", "runtime.gopark"),
    ("g.gopc", "runtime.newproc1"),
    ("g.startpc", "runtime.newproc1"),
    ("g.parentGoid", "runtime.newproc1"),
    ("g.labels", "runtime.newproc1"),
    ("m.curg", "runtime.execute"),
    ("m.p", "runtime.wirep"),
    ("m.oldp", "runtime.exitsyscall"),
    ("m.id", "runtime.mcommoninit"),
    ("m.incgo", "runtime.cgocall"),
    ("m.ncgo", "runtime.cgocall"),
    ("m.ncgocall", "runtime.cgocall"),
];

/// The first field that code does not agree with. A function that is not there says nothing.
pub(crate) fn disagreement(binary: &Binary, offsets: &RuntimeOffsets) -> Option<&'static str> {
    let fields = offsets.fields();
    WITNESSES.iter().find_map(|(field, function)| {
        let (_, offset) = fields.iter().find(|(name, _)| name == field)?;
        let offset = (*offset)?;
        let bodies = binary.runtime_code(function);
        let used: HashSet<u64> = bodies.iter().flatten().filter_map(Decoded::field).collect();
        (!used.is_empty() && !used.contains(&offset)).then_some(*field)
    })
}
