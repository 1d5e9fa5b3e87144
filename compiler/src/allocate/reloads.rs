//! Removes reloads of spilled values that a register still holds.

use super::machine::{Inst, Program, Reg, Source};
use crate::ir::{AtomicOp, Size};

/// Tidies each block. Below the `frame_bytes` of slots there are only spilled values, which nothing
/// but their own loads and stores touches.
pub(super) fn tidy(mut program: Program, frame_bytes: u32) -> Program {
    for block in &mut program.blocks {
        // Which registers hold what is in which place.
        let mut held: Vec<(i16, Reg)> = Vec::new();
        let mut kept = Vec::with_capacity(block.insts.len());
        for inst in block.insts.drain(..) {
            match spilled(&inst, frame_bytes) {
                Some(Spilled::Load(dst, place)) => {
                    let holder = held.iter().find(|(at, _)| *at == place).map(|(_, reg)| *reg);
                    let held_by_itself = held.contains(&(place, dst));
                    if !held_by_itself {
                        held.retain(|(_, reg)| *reg != dst);
                        held.push((place, dst));
                        kept.push(holder.map_or(inst, |src| Inst::Move { dst, src }));
                    }
                }
                Some(Spilled::Store(src, place)) => {
                    held.retain(|(at, _)| *at != place);
                    held.push((place, src));
                    kept.push(inst);
                }
                None => {
                    match &inst {
                        Inst::Call { .. } => held.retain(|(_, reg)| reg.0 > 5),
                        other => {
                            let assigned = assigned(other);
                            held.retain(|(_, reg)| Some(*reg) != assigned);
                        }
                    }
                    kept.push(inst);
                }
            }
        }
        block.insts = kept;
    }
    program
}

enum Spilled {
    Load(Reg, i16),
    Store(Reg, i16),
}

fn spilled(inst: &Inst, frame_bytes: u32) -> Option<Spilled> {
    let is_place = |base: Reg, offset: i16| base == Reg::FRAME && i32::from(offset) < -(frame_bytes as i32);
    match *inst {
        Inst::Load { dst, base, offset, size: Size::B8 } if is_place(base, offset) => {
            Some(Spilled::Load(dst, offset))
        }
        Inst::Store { base, offset, src: Source::Reg(src), size: Size::B8 } if is_place(base, offset) => {
            Some(Spilled::Store(src, offset))
        }
        _ => None,
    }
}

fn assigned(inst: &Inst) -> Option<Reg> {
    match *inst {
        Inst::Move { dst, .. }
        | Inst::Move32 { dst, .. }
        | Inst::LoadImm { dst, .. }
        | Inst::LoadMap { dst, .. }
        | Inst::LoadFunc { dst, .. }
        | Inst::Bin { dst, .. }
        | Inst::Load { dst, .. } => Some(dst),
        Inst::Atomic { op: AtomicOp::Exchange, src, .. } => Some(src),
        Inst::Atomic { op: AtomicOp::Add, .. } | Inst::Store { .. } | Inst::Call { .. } => None,
    }
}
