//! What the kernel's verifier checks first, checked here without it: all code can be reached, and no
//! register is read that a path leaves without a value, where calls take the value of r1 to r5
//! away.

use gprobe_compiler::allocate::{Inst, Program, Reg, Source, Terminator};
use gprobe_compiler::ir::AtomicOp;

/// Panics where a register is read without a value.
pub(crate) fn check(program: &Program) {
    // By block: registers with a value at its start, as bits; all 16 until a path was seen.
    let mut before = vec![u16::MAX; program.blocks.len()];
    // The context and the frame.
    before[0] = 1 << 1 | 1 << 10;
    let mut changed = true;
    while changed {
        changed = false;
        for (id, block) in program.blocks.iter().enumerate() {
            let mut valued = before[id];
            for inst in &block.insts {
                valued = after(inst, valued, false);
            }
            for to in successors(&block.end) {
                let met = before[to] & valued;
                changed |= met != before[to];
                before[to] = met;
            }
        }
    }
    for (id, block) in program.blocks.iter().enumerate() {
        let mut valued = before[id];
        assert!(valued >> 15 == 0, "b{id} cannot be reached, which the kernel refuses");
        for inst in &block.insts {
            valued = after(inst, valued, true);
        }
        let reads: Vec<Reg> = match block.end {
            Terminator::Jump(_) | Terminator::MayGoto { .. } => vec![],
            Terminator::Branch { a, b: Source::Reg(b), .. } => vec![a, b],
            Terminator::Branch { a, .. } => vec![a],
            Terminator::Exit => vec![Reg::RESULT],
        };
        for reg in reads {
            assert!(valued >> reg.0 & 1 == 1, "r{} has no value at the end of b{id}: {block:?}", reg.0);
        }
    }
}

fn successors(end: &Terminator) -> Vec<usize> {
    match end {
        Terminator::Jump(to) => vec![to.0 as usize],
        Terminator::Branch { then, otherwise, .. } => vec![then.0 as usize, otherwise.0 as usize],
        Terminator::MayGoto { next, out } => vec![next.0 as usize, out.0 as usize],
        Terminator::Exit => vec![],
    }
}

fn after(inst: &Inst, valued: u16, check: bool) -> u16 {
    let read = |reg: Reg| {
        assert!(!check || valued >> reg.0 & 1 == 1, "r{} has no value at {inst:?}", reg.0);
    };
    let source = |source: Source| {
        if let Source::Reg(reg) = source {
            read(reg);
        }
    };
    let assigned = match *inst {
        Inst::Move { dst, src } | Inst::Move32 { dst, src } => {
            read(src);
            dst
        }
        Inst::LoadImm { dst, .. } | Inst::LoadMap { dst, .. } | Inst::LoadFunc { dst, .. } => dst,
        Inst::Bin { dst, src, .. } => {
            read(dst);
            source(src);
            dst
        }
        Inst::Load { dst, base, .. } => {
            read(base);
            dst
        }
        Inst::Store { base, src, .. } => {
            read(base);
            source(src);
            return valued;
        }
        Inst::Atomic { op, base, src, .. } => {
            read(base);
            read(src);
            if op == AtomicOp::Add {
                return valued;
            }
            src
        }
        // How many arguments there are does not stand in the call; reads are seen by the results.
        Inst::Call { .. } => return valued & !0x3e | 1,
    };
    assert!(assigned != Reg::FRAME, "the frame is read-only: {inst:?}");
    valued | 1 << assigned.0
}
