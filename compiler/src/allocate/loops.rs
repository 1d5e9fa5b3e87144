//! Loops that the kernel's verifier sees the end of.
//!
//! It stops following a loop when a round begins as one before it did, and compares all that the stack
//! holds, also what nothing reads any more. So what rounds leave behind is overwritten.

use super::code::{Arg, Base, Block, Code, Inst, Source, Terminator};
use crate::ir::{BlockFacts, Liveness, Size};

/// Overwrites, where a round begins, places of spilled values that earlier rounds have left.
pub(super) fn clear_left_values(code: &mut Code) {
    let heads: Vec<(usize, usize)> = code
        .blocks
        .iter()
        .enumerate()
        .filter_map(|(head, block)| match block.end {
            Terminator::MayGoto { next, .. } => Some((head, next.0 as usize)),
            _ => None,
        })
        .collect();
    if heads.is_empty() || code.spills == 0 {
        return;
    }
    let live = live_places(code);
    for (head, round) in heads {
        let jumps_back = |block: &Block| block.end.successors().iter().any(|to| to.0 as usize == head);
        let last = code.blocks.iter().rposition(jumps_back).unwrap_or(head);
        let mut left: Vec<u32> = code
            .blocks
            .iter()
            .take(last + 1)
            .skip(head)
            .flat_map(|block| &block.insts)
            .filter_map(|inst| match inst {
                Inst::Store { base: Base::Spill(place), .. } => Some(*place),
                _ => None,
            })
            .collect();
        left.sort_unstable();
        left.dedup();
        let live = live.get(head);
        left.retain(|place| live.is_some_and(|live| !live.contains(*place as usize)));
        let Some(block) = code.blocks.get_mut(round) else { continue };
        let clear = left.into_iter().map(|place| Inst::Store {
            base: Base::Spill(place),
            offset: 0,
            src: Source::Imm(0),
            size: Size::B8,
        });
        block.insts.splice(0..0, clear);
    }
}

/// Places whose values are still needed after each block.
fn live_places(code: &Code) -> Vec<crate::ir::BitSet> {
    let bound = code.spills as usize;
    let facts: Vec<BlockFacts> = code
        .blocks
        .iter()
        .map(|block| {
            let mut facts = BlockFacts::new(bound);
            for inst in &block.insts {
                match inst {
                    Inst::Store { base: Base::Spill(place), size: Size::B8, .. } => {
                        facts.assign(*place as usize);
                    }
                    Inst::Load { base: Base::Spill(place), .. }
                    | Inst::Store { base: Base::Spill(place), .. }
                    | Inst::Atomic { base: Base::Spill(place), .. } => facts.read(*place as usize),
                    Inst::Call { args, .. } => {
                        for arg in args {
                            if let Arg::Spill(place, _) = arg {
                                facts.read(*place as usize);
                            }
                        }
                    }
                    _ => {}
                }
            }
            facts.successors = block.end.successors().iter().map(|to| to.0 as usize).collect();
            facts
        })
        .collect();
    Liveness::new(&facts, bound).after
}
