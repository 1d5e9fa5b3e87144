//! Copy propagation: reads of a copy become reads of what was copied.
//!
//! A register that is assigned once can stand for another that is assigned once, everywhere: where
//! the copy has a value, the original still has the same one. Other copies hold to the end of
//! their block at most.

use std::collections::BTreeMap;

use crate::ir::{Block, Inst, Operand, Program, Terminator, VReg};

/// Runs the pass.
pub(super) fn run(program: &mut Program) -> bool {
    let everywhere = assigned_once(program);
    let resolve = |reg: VReg| {
        // Chains end, as each link was assigned before the one that copies it.
        let mut found = Operand::Reg(reg);
        for _ in 0..everywhere.len() {
            match found.reg().and_then(|reg| everywhere.get(&reg)) {
                Some(&next) => found = next,
                None => break,
            }
        }
        found
    };
    let before = program.blocks.clone();
    for block in &mut program.blocks {
        if !everywhere.is_empty() {
            block.insts.iter_mut().for_each(|inst| inst.replace_reads(resolve));
            block.end.replace_reads(resolve);
        }
        within(block);
    }
    program.blocks != before
}

/// Copies that hold everywhere.
fn assigned_once(program: &Program) -> BTreeMap<VReg, Operand> {
    let mut counts = vec![0u32; program.vregs as usize];
    let insts = || program.blocks.iter().flat_map(|block| &block.insts);
    for reg in insts().filter_map(Inst::assigned) {
        if let Some(count) = counts.get_mut(reg.0 as usize) {
            *count += 1;
        }
    }
    let once = |reg: VReg| counts.get(reg.0 as usize) == Some(&1);
    insts()
        .filter_map(|inst| match inst {
            Inst::Copy { dst, src } if once(*dst) && src.reg().is_none_or(|src| src != *dst && once(src)) => {
                Some((*dst, *src))
            }
            _ => None,
        })
        .collect()
}

/// Copies that hold in a part of a block.
fn within(block: &mut Block) {
    let mut copies: BTreeMap<VReg, Operand> = BTreeMap::new();
    for inst in &mut block.insts {
        inst.replace_reads(|reg| copies.get(&reg).copied().unwrap_or(Operand::Reg(reg)));
        if let Some(dst) = inst.assigned() {
            copies.remove(&dst);
            copies.retain(|_, src| *src != Operand::Reg(dst));
        }
        if let Inst::Copy { dst, src } = inst
            && *src != Operand::Reg(*dst)
        {
            copies.insert(*dst, *src);
        }
    }
    let is_branch = matches!(block.end, Terminator::Branch { .. });
    block.end.replace_reads(|reg| match copies.get(&reg) {
        // What the kernel's verifier learns from a comparison it should learn of the register that
        // later blocks read, and that is the copy.
        Some(Operand::Reg(_)) if is_branch => Operand::Reg(reg),
        Some(&src) => src,
        None => Operand::Reg(reg),
    });
}
