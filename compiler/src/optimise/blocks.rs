//! Straightens control flow: jumps go where they end up, blocks that follow each other become one,
//! and what cannot be reached goes.

use crate::ir::{BlockId, Program, Terminator, drop_unreachable};

/// Runs the pass.
pub(super) fn run(program: &mut Program) -> bool {
    let threaded = thread(program);
    let dropped = drop_unreachable(program);
    let merged = merge(program);
    threaded | dropped | merged
}

/// Jumps to blocks that only jump on go further.
fn thread(program: &mut Program) -> bool {
    let onward: Vec<Option<BlockId>> = program
        .blocks
        .iter()
        .map(|block| match block.end {
            Terminator::Jump(to) if block.insts.is_empty() => Some(to),
            _ => None,
        })
        .collect();
    let target = |from: BlockId| {
        let mut to = from;
        // Empty blocks in a ring lead nowhere, so there is an end to it.
        for _ in 0..onward.len() {
            match onward.get(to.0 as usize).copied().flatten() {
                Some(next) => to = next,
                None => return to,
            }
        }
        from
    };
    let mut changed = false;
    for block in &mut program.blocks {
        block.end.retarget(|to| {
            changed |= target(to) != to;
            target(to)
        });
    }
    changed
}

/// A block that is only reached by a jump of one other goes to that one's end.
fn merge(program: &mut Program) -> bool {
    let mut entries = vec![0u32; program.blocks.len()];
    for to in program.blocks.iter().flat_map(|block| block.end.successors()) {
        if let Some(count) = entries.get_mut(to.0 as usize) {
            *count += 1;
        }
    }
    let mut changed = false;
    for id in 0..program.blocks.len() {
        // As long as there is something to append.
        while let Some(Terminator::Jump(to)) = program.blocks.get(id).map(|block| block.end.clone()) {
            let next = to.0 as usize;
            if next == id || entries.get(next) != Some(&1) {
                break;
            }
            let Some(appended) = program.blocks.get_mut(next) else { break };
            let insts = std::mem::take(&mut appended.insts);
            // What is left there is not reached any more.
            let end = std::mem::replace(&mut appended.end, Terminator::Return(0.into()));
            if let Some(block) = program.blocks.get_mut(id) {
                block.insts.extend(insts);
                block.end = end;
            }
            if let Some(count) = entries.get_mut(next) {
                *count = 0;
            }
            changed = true;
        }
    }
    changed && drop_unreachable(program)
}
