//! From virtual registers and slots to the machine's registers, the BPF stack and scratch maps.

mod code;
mod liveness;
mod loops;
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
        "it needs {bytes} bytes of memory of its own, but the kernel gives at most {limit}: \
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
        "it needs {bytes} bytes of stack, but the kernel gives {STACK_BYTES}: \
         split the probe, or use fewer variables in it"
    )]
    StackTooLarge {
        /// The program's symbol.
        program: String,
        /// What it needs.
        bytes: u32,
    },
    /// A bug: registers were not found although spilling goes on.
    #[error("no registers could be found for it; this is a bug in gprobe")]
    NoRegisters {
        /// The program's symbol.
        program: String,
    },
}

impl AllocateError {
    /// The symbol of the program that does not fit.
    pub fn program(&self) -> &str {
        match self {
            Self::ScratchTooLarge { program, .. }
            | Self::StackTooLarge { program, .. }
            | Self::NoRegisters { program } => program,
        }
    }
}

/// Bytes of stack tried for slots, one after the other, until the spilled values fit beside them.
const SLOT_BUDGETS: [u32; 4] = [384, 192, 64, 0];
/// Bytes of stack that the kernel takes for itself in a program with [`ir::Terminator::MayGoto`].
const LOOP_BYTES: u32 = 16;
/// The kernel counts the stack of functions in units of so many bytes.
const STACK_UNIT: u32 = 32;

/// Finds a place for every value and every slot.
///
/// # Errors
/// Where a program needs more memory than the kernel gives it.
pub fn allocate(unit: ir::Unit, kernel: &KernelFacts) -> Result<Unit, AllocateError> {
    let ir::Unit { programs, mut maps } = unit;
    let losses = find_losses(&mut maps);
    let mut done = Vec::with_capacity(programs.len());
    let shares: Vec<u32> = (0..programs.len()).map(|index| stack_share(&programs, index)).collect();
    for ((index, program), share) in programs.into_iter().enumerate().zip(shares) {
        let place = stack::Surroundings { index, losses, kernel };
        let (program, scratch) = allocate_program(&program, &place, &maps, share)?;
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

/// Bytes of stack for a program: it shares the kernel's with the callbacks that run inside of it.
fn stack_share(programs: &[ir::Program], index: usize) -> u32 {
    let is_callback = |program: &&ir::Program| program.role == ir::Role::Callback;
    let before = programs.iter().take(index + 1).rev().take_while(is_callback).count();
    let after = programs.iter().skip(index + 1).take_while(is_callback).count();
    // One after the other or one in the other: at most this deep.
    let functions = 1 + (before + after).min(3) as u32;
    let loops = |program: &ir::Program| {
        program.blocks.iter().any(|block| matches!(block.end, ir::Terminator::MayGoto { .. }))
    };
    let own = programs.get(index).is_some_and(loops);
    let share = STACK_BYTES / functions / STACK_UNIT * STACK_UNIT;
    share - if own { LOOP_BYTES } else { 0 }
}

fn allocate_program(
    program: &ir::Program,
    place: &stack::Surroundings<'_>,
    maps: &[ir::MapDef],
    share: u32,
) -> Result<(Program, Option<ir::MapDef>), AllocateError> {
    let mut needed = 0;
    for budget in SLOT_BUDGETS {
        let placed = stack::place(program, place, maps, budget)?;
        let code = select::select(&placed);
        let (colours, mut code) = registers::assign(code)
            .ok_or_else(|| AllocateError::NoRegisters { program: program.symbol.clone() })?;
        loops::clear_left_values(&mut code);
        needed = placed.frame_bytes + 8 * code.spills;
        if needed <= share {
            let program = moves::finish(&code, &colours, placed.frame_bytes);
            return Ok((reloads::tidy(program, placed.frame_bytes), placed.scratch_map));
        }
    }
    Err(AllocateError::StackTooLarge { program: program.symbol.clone(), bytes: needed })
}
