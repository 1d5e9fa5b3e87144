//! From machine code to bytes: instructions, BTF and the ELF object; and to readable assembly.

mod btf;
mod disasm;
mod elf;
mod encode;
mod insn;

pub use disasm::disassemble;
pub use encode::{Encoded, MapUse, encode};
pub use insn::Insn;

use crate::allocate;

/// A program cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// Jumps reach 32767 instructions in kernels before 6.6.
    #[error(
        "probe `{program}` has {instructions} instructions, and this kernel's jumps reach only 32767: \
         split the probe, or use a kernel from 6.6 on"
    )]
    TooLong {
        /// The program's symbol.
        program: String,
        /// How many it has.
        instructions: usize,
    },
    /// A bug: the code names something that is not there.
    #[error("the code of probe `{program}` is inconsistent ({what}); this is a bug in gprobe")]
    Inconsistent {
        /// The program's symbol.
        program: String,
        /// What is missing.
        what: &'static str,
    },
    /// The object could not be written.
    #[error("the BPF object could not be written: {0}")]
    Object(String),
}

/// The BPF ELF object.
///
/// # Errors
/// Where a program is too long for the kernel.
pub fn emit(unit: &allocate::Unit) -> Result<Vec<u8>, EmitError> {
    let programs = unit.programs.iter().map(|program| encode(program, unit.long_jumps));
    let programs = programs.collect::<Result<Vec<Encoded>, EmitError>>()?;
    elf::write(unit, &programs)
}
