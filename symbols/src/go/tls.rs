//! The thread-local slot of the current g.

use crate::binary::Binary;
use crate::error::Reason;
use crate::evidence::{Evidence, Evidenced};
use crate::insn::operands::{ThreadSlot, thread_slot};

/// Offset from `fsbase` that programs without thread-local data of C's have (`runtime/sys_linux_amd64.s`,
/// `settls`; the linker's `runtime.tlsg`).
const USUAL: i64 = -8;

/// What `runtime.stackcheck` (`asm_amd64.s`) tells, which begins with reading the slot.
pub(crate) fn by_code(binary: &Binary) -> Option<ThreadSlot> {
    binary.runtime_code("runtime.stackcheck").iter().find_map(|code| thread_slot(code))
}

/// Bytes from `fsbase` to the slot.
///
/// Thread-local data lies below `fsbase` (variant II of the ELF handling of TLS), the
/// executable's own right below: its block starts at `-memsz`, rounded up to its alignment. Where there
/// is no symbol, code tells.
pub(crate) fn slot(binary: &Binary) -> Result<Evidenced<i64>, Reason> {
    binary.go_version().ok_or(Reason::NotGo)?;
    let usual = Evidenced::new(USUAL, Evidence::Convention);
    let Some((size, align)) = binary.elf().tls else { return Ok(usual) };
    let Some(symbol) = binary.tls_symbol("runtime.tlsg") else {
        return match by_code(binary) {
            Some(ThreadSlot::Offset(offset)) => Ok(Evidenced::new(offset, Evidence::Disassembly)),
            Some(ThreadSlot::Word(_)) => {
                Err(Reason::Stripped { what: "where a thread's current goroutine is".to_owned() })
            }
            None => Ok(usual),
        };
    };
    let too_large = || Reason::NotFound { what: "thread-local variable", name: "runtime.tlsg".to_owned() };
    let block = size.checked_next_multiple_of(align.max(1)).and_then(|b| i64::try_from(b).ok());
    let within = i64::try_from(symbol).ok();
    let offset = within.zip(block).and_then(|(within, block)| within.checked_sub(block));
    Ok(Evidenced::new(offset.ok_or_else(too_large)?, Evidence::Symbols))
}
