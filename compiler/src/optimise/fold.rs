//! Constant folding: operations whose result is known, and branches whose way is.

use crate::ir::{BinOp, Inst, Operand, Program, Terminator};

/// Runs the pass.
pub(super) fn run(program: &mut Program) -> bool {
    let mut changed = false;
    for block in &mut program.blocks {
        for inst in &mut block.insts {
            if let Some(simpler) = simpler(inst) {
                *inst = simpler;
                changed = true;
            }
        }
        block.insts.retain(|inst| match inst {
            Inst::Copy { dst, src } if *src == Operand::Reg(*dst) => {
                changed = true;
                false
            }
            _ => true,
        });
        if let Terminator::Branch { cond, a, b, then, otherwise } = block.end {
            let to = match (a, b) {
                _ if then == otherwise => Some(then),
                (Operand::Imm(a), Operand::Imm(b)) => Some(if cond.holds(a, b) { then } else { otherwise }),
                // Equal, whatever it is.
                _ if a == b => Some(if cond.holds(0, 0) { then } else { otherwise }),
                _ => None,
            };
            if let Some(to) = to {
                block.end = Terminator::Jump(to);
                changed = true;
            }
        }
    }
    changed
}

/// An instruction that does the same for less.
fn simpler(inst: &Inst) -> Option<Inst> {
    match *inst {
        Inst::Bin { op, dst, a: Operand::Imm(a), b: Operand::Imm(b) } => {
            Some(Inst::Copy { dst, src: Operand::Imm(op.apply(a, b)) })
        }
        Inst::Extend { dst, src: Operand::Imm(value), size, signed } => {
            Some(Inst::Copy { dst, src: Operand::Imm(size.extend(value, signed)) })
        }
        Inst::Bin { op, dst, a: Operand::Imm(a), b } if commutes(op) => {
            Some(Inst::Bin { op, dst, a: b, b: Operand::Imm(a) })
        }
        Inst::Bin { op, dst, a, b: Operand::Imm(b) } => match by_constant(op, b)? {
            Simpler::Left => Some(Inst::Copy { dst, src: a }),
            Simpler::Constant(value) => Some(Inst::Copy { dst, src: Operand::Imm(value) }),
            Simpler::Bin(op, b) => Some(Inst::Bin { op, dst, a, b: Operand::Imm(b) }),
        },
        _ => None,
    }
}

fn commutes(op: BinOp) -> bool {
    matches!(op, BinOp::Add | BinOp::Mul | BinOp::And | BinOp::Or | BinOp::Xor)
}

enum Simpler {
    /// The left operand.
    Left,
    Constant(i64),
    Bin(BinOp, i64),
}

fn by_constant(op: BinOp, b: i64) -> Option<Simpler> {
    let power_of_two = b.cast_unsigned().is_power_of_two().then(|| i64::from(b.trailing_zeros()));
    match (op, b) {
        (BinOp::Add | BinOp::Sub | BinOp::Or | BinOp::Xor | BinOp::Rem, 0) => Some(Simpler::Left),
        (BinOp::Shl | BinOp::Shr | BinOp::Sar, count) if count & 63 == 0 => Some(Simpler::Left),
        (BinOp::Mul | BinOp::Div, 1) | (BinOp::And, -1) => Some(Simpler::Left),
        (BinOp::Mul | BinOp::And | BinOp::Div, 0) | (BinOp::Rem, 1) => Some(Simpler::Constant(0)),
        (BinOp::Or, -1) => Some(Simpler::Constant(-1)),
        (BinOp::Mul, _) => Some(Simpler::Bin(BinOp::Shl, power_of_two?)),
        (BinOp::Div, _) => Some(Simpler::Bin(BinOp::Shr, power_of_two?)),
        (BinOp::Rem, _) if power_of_two.is_some() => Some(Simpler::Bin(BinOp::And, b.wrapping_sub(1))),
        _ => None,
    }
}
