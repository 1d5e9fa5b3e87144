//! From virtual registers and slots to the machine's registers, the BPF stack and scratch maps.

mod code;
mod liveness;
mod machine;
mod moves;
mod registers;
mod reloads;
mod select;
mod spill;
mod stack;

pub use machine::{Block, Inst, Program, Reg, Source, Terminator, Unit};

use crate::artifact::LOSSES;
use crate::ir;
use crate::target::KernelFacts;

/// Bytes of stack that the kernel gives a program.
pub const STACK_BYTES: u32 = 512;

/// A program does not fit the machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllocateError {
    /// The per-CPU memory of one program is limited.
    #[error(
        "probe `{program}` needs {bytes} bytes of memory of its own, but the kernel gives at most {limit}: \
         use shorter strings (`config = {{ max_strlen = ... }}`) or fewer of them in one probe"
    )]
    ScratchTooLarge {
        /// The program's symbol.
        program: String,
        /// What it needs.
        bytes: u64,
        /// What there is.
        limit: u32,
    },
    /// So many values are needed at once that the stack is too small for them.
    #[error(
        "probe `{program}` needs {bytes} bytes of stack, but the kernel gives {STACK_BYTES}: \
         split the probe, or use fewer variables in it"
    )]
    StackTooLarge {
        /// The program's symbol.
        program: String,
        /// What it needs.
        bytes: u32,
    },
    /// A bug: registers were not found although spilling goes on.
    #[error("no registers could be found for probe `{program}`; this is a bug in gprobe")]
    NoRegisters {
        /// The program's symbol.
        program: String,
    },
}

/// Bytes of stack tried for slots, one after the other, until the spilled values fit beside them.
const SLOT_BUDGETS: [u32; 3] = [384, 192, 0];

/// Finds a place for every value and every slot.
///
/// # Errors
/// Where a program needs more memory than the kernel gives it.
pub fn allocate(unit: ir::Unit, kernel: &KernelFacts) -> Result<Unit, AllocateError> {
    let ir::Unit { programs, mut maps } = unit;
    let losses = find_losses(&mut maps);
    let mut done = Vec::with_capacity(programs.len());
    for (index, program) in programs.into_iter().enumerate() {
        let place = stack::Surroundings { index, losses, kernel };
        let (program, scratch) = allocate_program(&program, &place, &maps)?;
        maps.extend(scratch);
        done.push(program);
    }
    // `gotol` came with Linux 6.6.
    Ok(Unit { programs: done, maps, long_jumps: kernel.version >= (6, 6, 0) })
}

/// The id of the map of losses, which hand-written IR may lack.
fn find_losses(maps: &mut Vec<ir::MapDef>) -> ir::MapId {
    let at = maps.iter().position(|map| map.name == LOSSES).unwrap_or_else(|| {
        maps.push(ir::MapDef {
            name: LOSSES.to_owned(),
            kind: ir::MapKind::PerCpuArray,
            key_size: 4,
            value_size: 8,
            max_entries: crate::artifact::Loss::ALL.len() as u32,
            flags: 0,
        });
        maps.len() - 1
    });
    ir::MapId(at as u32)
}

fn allocate_program(
    program: &ir::Program,
    place: &stack::Surroundings<'_>,
    maps: &[ir::MapDef],
) -> Result<(Program, Option<ir::MapDef>), AllocateError> {
    let mut needed = 0;
    for budget in SLOT_BUDGETS {
        let placed = stack::place(program, place, maps, budget)?;
        let code = select::select(&placed);
        let (colours, code) = registers::assign(code)
            .ok_or_else(|| AllocateError::NoRegisters { program: program.symbol.clone() })?;
        needed = placed.frame_bytes + 8 * code.spills;
        if needed <= STACK_BYTES {
            let program = moves::finish(&code, &colours, placed.frame_bytes);
            return Ok((reloads::tidy(program, placed.frame_bytes), placed.scratch_map));
        }
    }
    Err(AllocateError::StackTooLarge { program: program.symbol.clone(), bytes: needed })
}
