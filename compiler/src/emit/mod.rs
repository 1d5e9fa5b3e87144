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
use crate::ir::Role;

/// A program cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// Jumps reach 32767 instructions in kernels before 6.6.
    #[error(
        "it has {instructions} instructions, and this kernel's jumps reach only 32767: \
         split the probe, or use a kernel from 6.6 on"
    )]
    TooLong {
        /// The program's symbol.
        program: String,
        /// How many it has.
        instructions: usize,
    },
    /// A bug: the code names something that is not there.
    #[error("its code is inconsistent ({what}); this is a bug in gprobe")]
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

impl EmitError {
    /// The symbol of the program that it is about, if it is about one.
    pub fn program(&self) -> Option<&str> {
        match self {
            Self::TooLong { program, .. } | Self::Inconsistent { program, .. } => Some(program),
            Self::Object(_) => None,
        }
    }
}

/// The BPF ELF object, and by program where its callbacks start, in instructions.
///
/// # Errors
/// Where a program is too long for the kernel.
pub fn emit(unit: &allocate::Unit) -> Result<(Vec<u8>, Vec<Vec<u32>>), EmitError> {
    let programs = unit.programs.iter().map(|program| encode(program, unit.long_jumps));
    let programs = link(unit, programs.collect::<Result<Vec<Encoded>, EmitError>>()?)?;
    let functions = programs.iter().map(|p| p.functions.iter().map(|at| *at as u32).collect()).collect();
    let main: Vec<&allocate::Program> = unit.programs.iter().filter(|p| p.role == Role::Main).collect();
    Ok((elf::write(&unit.maps, &main, &programs)?, functions))
}

/// Which programs can run: not callbacks of loops that are never reached.
fn reached(unit: &allocate::Unit, encoded: &[Encoded]) -> Vec<bool> {
    let mut reached: Vec<bool> = unit.programs.iter().map(|program| program.role == Role::Main).collect();
    let mut open: Vec<usize> = (0..reached.len()).filter(|at| reached.get(*at) == Some(&true)).collect();
    while let Some(program) = open.pop() {
        for (_, callback) in encoded.get(program).map_or(&[][..], |code| &code.function_uses) {
            let callback = *callback as usize;
            if let Some(seen @ false) = reached.get_mut(callback) {
                *seen = true;
                open.push(callback);
            }
        }
    }
    reached
}

/// Puts callbacks behind the main programs they belong to.
fn link(unit: &allocate::Unit, encoded: Vec<Encoded>) -> Result<Vec<Encoded>, EmitError> {
    let reached = reached(unit, &encoded);
    let mut linked: Vec<Encoded> = Vec::new();
    // By program of the unit: where it starts in its main program.
    let mut starts = Vec::with_capacity(encoded.len());
    for ((program, code), reached) in unit.programs.iter().zip(encoded).zip(reached) {
        match (program.role, linked.last_mut()) {
            (Role::Callback, _) if !reached => starts.push(0),
            (Role::Callback, Some(main)) => {
                let start = main.insns.len();
                starts.push(start);
                main.functions.push(start);
                let moved = code.map_uses.iter().map(|at| MapUse { insn: start + at.insn, ..*at });
                main.map_uses.extend(moved);
                main.function_uses.extend(code.function_uses.iter().map(|(at, of)| (start + at, *of)));
                main.insns.extend(code.insns);
            }
            _ => {
                starts.push(0);
                linked.push(code);
            }
        }
    }
    for program in &mut linked {
        for (at, callback) in &program.function_uses {
            let start = starts.get(*callback as usize).copied();
            let found = start.zip(program.insns.get_mut(*at)).and_then(|(start, insn)| {
                insn.imm = i32::try_from(start as i64 - *at as i64 - 1).ok()?;
                Some(())
            });
            found.ok_or_else(|| EmitError::Inconsistent {
                program: String::new(),
                what: "a callback that is not there",
            })?;
        }
    }
    Ok(linked)
}
