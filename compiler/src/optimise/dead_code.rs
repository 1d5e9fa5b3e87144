//! Removes instructions whose result nothing has a use for: neither does what is made of it.

use crate::ir::{BitSet, Block, Inst, Program, postorder};

/// Runs the pass.
pub(super) fn run(program: &mut Program) -> bool {
    let needed = needed_after(program);
    let mut changed = false;
    for (block, mut needed) in program.blocks.iter_mut().zip(needed) {
        block.end.for_each_read(|reg| {
            needed.insert(reg.0 as usize);
        });
        let mut kept = Vec::with_capacity(block.insts.len());
        for mut inst in block.insts.drain(..).rev() {
            if !is_needed(&inst, &needed) {
                changed = true;
                continue;
            }
            if let Inst::Call { dst, .. } = &mut inst
                && dst.is_some_and(|dst| !needed.contains(dst.0 as usize))
            {
                *dst = None;
                changed = true;
            }
            pass(&inst, &mut needed);
            kept.push(inst);
        }
        kept.reverse();
        block.insts = kept;
    }
    changed
}

/// Whether the instruction does more than to assign what nothing reads.
fn is_needed(inst: &Inst, needed: &BitSet) -> bool {
    !inst.is_pure() || inst.assigned().is_none_or(|dst| needed.contains(dst.0 as usize))
}

/// From what is needed after an instruction to what is needed before it.
fn pass(inst: &Inst, needed: &mut BitSet) {
    inst.assigned().into_iter().for_each(|dst| needed.remove(dst.0 as usize));
    inst.for_each_read(|reg| {
        needed.insert(reg.0 as usize);
    });
}

/// Registers that something has a use for after each block. What only makes its own next value, round by
/// round, has none.
fn needed_after(program: &Program) -> Vec<BitSet> {
    let bound = program.vregs as usize;
    let before_block = |block: &Block, after: &BitSet| {
        let mut needed = after.clone();
        block.end.for_each_read(|reg| {
            needed.insert(reg.0 as usize);
        });
        for inst in block.insts.iter().rev() {
            if is_needed(inst, &needed) {
                pass(inst, &mut needed);
            }
        }
        needed
    };
    let count = program.blocks.len();
    let successors = |block: usize| -> Vec<usize> {
        program
            .blocks
            .get(block)
            .map_or_else(Vec::new, |block| block.end.successors().map(|to| to.0 as usize).collect())
    };
    // Values flow against control, so late blocks go first: few rounds are needed then.
    let order = postorder(count, successors);
    let mut before: Vec<Option<BitSet>> = vec![None; count];
    let mut after = vec![BitSet::new(bound); count];
    let mut changed = true;
    while changed {
        changed = false;
        for &index in &order {
            let (Some(block), Some(after)) = (program.blocks.get(index), after.get_mut(index)) else {
                continue;
            };
            let mut grown = before.get(index).is_none_or(Option::is_none);
            for to in successors(index) {
                if let Some(Some(needed)) = before.get(to) {
                    grown |= after.union(needed);
                }
            }
            if grown && let Some(before) = before.get_mut(index) {
                *before = Some(before_block(block, after));
                changed = true;
            }
        }
    }
    after
}
