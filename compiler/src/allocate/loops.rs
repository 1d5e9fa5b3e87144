//! Loops that the kernel's verifier sees the end of.
//!
//! It stops following a loop when a round begins as one before it did, and compares all that the stack
//! holds, also what nothing reads any more. So what rounds leave behind is overwritten.

use super::code::{Arg, Base, Block, Code, Inst, Source, Terminator};
use crate::ir::{BitSet, BlockFacts, BlockId, Liveness, Size, predecessors};

/// Overwrites, on the ways to where a round begins, places of spilled values that nothing reads any more, be they of
/// a round or of what came before the loop.
pub(super) fn clear_left_values(code: &mut Code) {
    let heads: Vec<usize> = (0..code.blocks.len())
        .filter(|index| {
            code.blocks.get(*index).is_some_and(|block| matches!(block.end, Terminator::MayGoto { .. }))
        })
        .collect();
    if heads.is_empty() || code.spills == 0 {
        return;
    }
    let live = live_places(code);
    let blocks = code.blocks.len();
    let before = predecessors(blocks, |index| {
        let ends = code.blocks.get(index).map(|block| block.end.successors());
        ends.unwrap_or_default().iter().map(|to| to.0 as usize).collect()
    });
    for head in heads {
        // The blocks of rounds stand anywhere: all that lead here.
        let mut leading = BitSet::new(blocks);
        let mut open = vec![head];
        while let Some(block) = open.pop() {
            if leading.insert(block) {
                open.extend(before.get(block).into_iter().flatten());
            }
        }
        let mut left: Vec<u32> = leading
            .iter()
            .filter_map(|index| code.blocks.get(index))
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
        if left.is_empty() {
            continue;
        }
        let clear = || {
            left.iter().map(|place| Inst::Store {
                base: Base::Spill(*place),
                offset: 0,
                src: Source::Imm(0),
                size: Size::B8,
            })
        };
        let head = BlockId(head as u32);
        for index in 0..code.blocks.len() {
            let added = BlockId(code.blocks.len() as u32);
            let Some(block) = code.blocks.get_mut(index) else { continue };
            if matches!(block.end, Terminator::Jump(to) if to == head) {
                block.insts.extend(clear());
            } else if block.end.successors().contains(&head) {
                block.end.retarget(|to| if to == head { added } else { to });
                code.blocks.push(Block { insts: clear().collect(), end: Terminator::Jump(head) });
            }
        }
    }
}

/// Places whose values are needed at the start of each block.
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
    Liveness::new(&facts, bound).before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::ProgramKind;
    use crate::ir::{Cond, Role, VReg};

    #[test]
    fn each_way_to_a_round_clears_what_rounds_leave_behind() {
        let store = |place, src| Inst::Store { base: Base::Spill(place), offset: 0, src, size: Size::B8 };
        let again = Terminator::Branch {
            cond: Cond::Eq,
            a: VReg(0),
            b: Source::Imm(0),
            then: BlockId(1),
            otherwise: BlockId(3),
        };
        let mut code = Code {
            symbol: "loop".into(),
            role: Role::Main,
            kind: ProgramKind::Uprobe,
            blocks: vec![
                Block { insts: vec![store(0, Source::Imm(7))], end: Terminator::Jump(BlockId(1)) },
                Block { insts: Vec::new(), end: Terminator::MayGoto { next: BlockId(2), out: BlockId(3) } },
                Block {
                    insts: vec![
                        store(1, Source::Reg(VReg(0))),
                        Inst::Load { dst: VReg(0), base: Base::Spill(0), offset: 0, size: Size::B8 },
                    ],
                    end: again,
                },
                Block { insts: Vec::new(), end: Terminator::ReturnImm(0) },
            ],
            vregs: 1,
            spills: 2,
        };
        clear_left_values(&mut code);
        // Place 0 is still read in the next round; place 1 is not.
        assert_eq!(cleared(&code), [vec![1], vec![], vec![], vec![], vec![1]]);
        assert_eq!(code.blocks[2].end.successors(), [BlockId(4), BlockId(3)]);
    }

    #[test]
    fn what_blocks_leave_behind_that_stand_apart_is_cleared() {
        let store = |place| Inst::Store {
            base: Base::Spill(place),
            offset: 0,
            src: Source::Reg(VReg(0)),
            size: Size::B8,
        };
        let jump = |to, insts| Block { insts, end: Terminator::Jump(BlockId(to)) };
        let mut code = Code {
            symbol: "loop".into(),
            role: Role::Main,
            kind: ProgramKind::Uprobe,
            blocks: vec![
                jump(1, vec![store(0)]),
                Block { insts: Vec::new(), end: Terminator::MayGoto { next: BlockId(3), out: BlockId(2) } },
                Block { insts: Vec::new(), end: Terminator::ReturnImm(0) },
                jump(4, vec![store(1)]),
                jump(1, vec![]),
            ],
            vregs: 1,
            spills: 2,
        };
        clear_left_values(&mut code);
        assert_eq!(cleared(&code), [vec![0, 1], vec![], vec![], vec![], vec![0, 1]]);
    }

    #[test]
    fn what_a_round_reads_at_once_stays() {
        let load = Inst::Load { dst: VReg(0), base: Base::Spill(0), offset: 0, size: Size::B8 };
        let store =
            Inst::Store { base: Base::Spill(0), offset: 0, src: Source::Reg(VReg(0)), size: Size::B8 };
        let mut code = Code {
            symbol: "loop".into(),
            role: Role::Main,
            kind: ProgramKind::Uprobe,
            blocks: vec![
                Block { insts: vec![store], end: Terminator::Jump(BlockId(1)) },
                Block { insts: vec![load], end: Terminator::MayGoto { next: BlockId(2), out: BlockId(2) } },
                Block { insts: Vec::new(), end: Terminator::ReturnImm(0) },
            ],
            vregs: 1,
            spills: 1,
        };
        clear_left_values(&mut code);
        assert_eq!(cleared(&code), [vec![], vec![], vec![0; 0]]);
    }

    /// The places that each block overwrites.
    fn cleared(code: &Code) -> Vec<Vec<u32>> {
        let of = |block: &Block| {
            let stores = block.insts.iter().filter_map(|inst| match inst {
                Inst::Store { base: Base::Spill(place), src: Source::Imm(0), .. } => Some(*place),
                _ => None,
            });
            stores.collect()
        };
        code.blocks.iter().map(of).collect()
    }
}
