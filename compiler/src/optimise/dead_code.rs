//! Removes instructions whose result nothing reads.

use crate::ir::{BlockFacts, Inst, Liveness, Program};

/// Runs the pass.
pub(super) fn run(program: &mut Program) -> bool {
    let bound = program.vregs as usize;
    let facts: Vec<BlockFacts> = program.blocks.iter().map(|block| BlockFacts::of(block, bound)).collect();
    let mut changed = false;
    for (block, mut live) in program.blocks.iter_mut().zip(Liveness::new(&facts, bound).after) {
        block.end.for_each_read(|reg| {
            live.insert(reg.0 as usize);
        });
        let mut kept = Vec::with_capacity(block.insts.len());
        for mut inst in block.insts.drain(..).rev() {
            if let Some(dst) = inst.assigned() {
                if !live.contains(dst.0 as usize) {
                    if inst.is_pure() {
                        changed = true;
                        continue;
                    }
                    if let Inst::Call { dst, .. } = &mut inst {
                        *dst = None;
                        changed = true;
                    }
                }
                live.remove(dst.0 as usize);
            }
            inst.for_each_read(|reg| {
                live.insert(reg.0 as usize);
            });
            kept.push(inst);
        }
        kept.reverse();
        block.insts = kept;
    }
    changed
}
