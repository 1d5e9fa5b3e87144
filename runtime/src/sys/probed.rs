//! Functions of gprobe's own on which it puts probes, to see what a hit costs: each begins with an instruction of one
//! kind, and does next to nothing.

use std::arch::naked_asm;

/// A function that can be called, and probed at its first instruction.
pub(crate) type Probed = extern "C" fn();

/// Begins with an instruction that the kernel emulates.
#[unsafe(naked)]
pub(crate) extern "C" fn emulated() {
    naked_asm!("push rbp", "pop rbp", "ret")
}

/// Begins with an instruction that the kernel executes out of line.
#[unsafe(naked)]
pub(crate) extern "C" fn single_stepped() {
    naked_asm!("xor eax, eax", "ret")
}

/// Begins with the instruction of which newer kernels make a call.
#[unsafe(naked)]
pub(crate) extern "C" fn optimised() {
    naked_asm!(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00", "ret")
}

/// One that is probed where it returns.
#[unsafe(naked)]
pub(crate) extern "C" fn returning() {
    naked_asm!("push rbp", "pop rbp", "nop", "ret")
}
