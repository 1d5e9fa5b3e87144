//! Which virtual registers are still needed after each block.

use super::code::Code;
use crate::ir::{BlockFacts, Liveness};

/// Computes it.
pub(super) fn liveness(code: &Code) -> Liveness {
    let bound = code.vregs as usize;
    let facts: Vec<BlockFacts> = code
        .blocks
        .iter()
        .map(|block| {
            let mut facts = BlockFacts::new(bound);
            for inst in &block.insts {
                let accesses = inst.accesses();
                accesses.reads.iter().for_each(|reg| facts.read(reg.0 as usize));
                accesses.assigns.iter().for_each(|reg| facts.assign(reg.0 as usize));
            }
            block.end.reads().iter().for_each(|reg| facts.read(reg.0 as usize));
            facts.successors = block.end.successors().iter().map(|to| to.0 as usize).collect();
            facts
        })
        .collect();
    Liveness::new(&facts, bound)
}
