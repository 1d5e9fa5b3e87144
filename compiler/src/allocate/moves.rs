//! The last step: virtual registers are replaced, and arguments of calls moved to r1 to r5.

use super::code::{self, Arg, Base, Code};
use super::machine::{Block, Inst, Program, Reg, Source, Terminator};
use super::registers::Colours;
use crate::ir::{BinOp, Size, VReg};

/// The code on the machine's registers. Spilled values lie below the `frame_bytes` of slots.
pub(super) fn finish(code: &Code, colours: &Colours, frame_bytes: u32) -> Program {
    let finisher = Finisher { colours, frame_bytes };
    let blocks = code.blocks.iter().map(|block| finisher.block(block)).collect();
    let stack_bytes = frame_bytes + 8 * code.spills;
    Program { symbol: code.symbol.clone(), role: code.role, kind: code.kind, blocks, stack_bytes }
}

struct Finisher<'a> {
    colours: &'a Colours,
    frame_bytes: u32,
}

impl Finisher<'_> {
    fn reg(&self, reg: VReg) -> Reg {
        self.colours.get(reg.0 as usize).copied().unwrap_or(Reg::RESULT)
    }

    fn source(&self, source: code::Source) -> Source {
        match source {
            code::Source::Reg(reg) => Source::Reg(self.reg(reg)),
            code::Source::Imm(imm) => Source::Imm(imm),
        }
    }

    /// Where a spilled value is, from the stack's end. At most 512, as `allocate` checks before.
    fn spill_offset(&self, place: u32) -> i16 {
        -((self.frame_bytes + 8 * (place + 1)) as i16)
    }

    fn place(&self, base: Base, offset: i16) -> (Reg, i16) {
        match base {
            Base::Reg(reg) => (self.reg(reg), offset),
            Base::Frame => (Reg::FRAME, offset),
            Base::Spill(place) => (Reg::FRAME, self.spill_offset(place)),
        }
    }

    fn block(&self, block: &code::Block) -> Block {
        let mut out = Vec::with_capacity(block.insts.len());
        for inst in &block.insts {
            self.inst(inst, &mut out);
        }
        let end = match &block.end {
            code::Terminator::Jump(to) => Terminator::Jump(*to),
            code::Terminator::Branch { cond, a, b, then, otherwise } => Terminator::Branch {
                cond: *cond,
                a: self.reg(*a),
                b: self.source(*b),
                then: *then,
                otherwise: *otherwise,
            },
            code::Terminator::MayGoto { next, out } => Terminator::MayGoto { next: *next, out: *out },
            code::Terminator::ReturnReg(reg) => {
                push_move(&mut out, Reg::RESULT, self.reg(*reg));
                Terminator::Exit
            }
            code::Terminator::ReturnImm(value) => {
                out.push(Inst::LoadImm { dst: Reg::RESULT, value: *value });
                Terminator::Exit
            }
        };
        Block { insts: out, end }
    }

    fn inst(&self, inst: &code::Inst, out: &mut Vec<Inst>) {
        match inst {
            code::Inst::Entry { dst, index } => push_move(out, self.reg(*dst), Reg(*index)),
            code::Inst::Move { dst, src } => push_move(out, self.reg(*dst), self.reg(*src)),
            code::Inst::Move32 { dst, src } => {
                out.push(Inst::Move32 { dst: self.reg(*dst), src: self.reg(*src) });
            }
            code::Inst::LoadImm { dst, value } => {
                out.push(Inst::LoadImm { dst: self.reg(*dst), value: *value });
            }
            code::Inst::LoadMap { dst, map } => out.push(Inst::LoadMap { dst: self.reg(*dst), map: *map }),
            code::Inst::LoadFunc { dst, program } => {
                out.push(Inst::LoadFunc { dst: self.reg(*dst), program: *program });
            }
            code::Inst::FrameAddr { dst, offset } => push_sum(out, self.reg(*dst), Reg::FRAME, *offset),
            code::Inst::Bin { op, dst, src } => {
                out.push(Inst::Bin { op: *op, dst: self.reg(*dst), src: self.source(*src) });
            }
            code::Inst::Load { dst, base, offset, size } => {
                let (base, offset) = self.place(*base, *offset);
                out.push(Inst::Load { dst: self.reg(*dst), base, offset, size: *size });
            }
            code::Inst::Store { base, offset, src, size } => {
                let (base, offset) = self.place(*base, *offset);
                out.push(Inst::Store { base, offset, src: self.source(*src), size: *size });
            }
            code::Inst::Atomic { op, base, offset, src } => {
                let (base, offset) = self.place(*base, *offset);
                out.push(Inst::Atomic { op: *op, base, offset, src: self.reg(*src) });
            }
            code::Inst::Call { dst, helper, args } => {
                self.args(args, out);
                out.push(Inst::Call { helper: *helper });
                if let Some(dst) = dst {
                    push_move(out, self.reg(*dst), Reg::RESULT);
                }
            }
        }
    }

    /// Puts arguments in their registers: first what is in registers, all at once, then what is
    /// made from nothing.
    fn args(&self, args: &[Arg], out: &mut Vec<Inst>) {
        let registers = || (1u8..).map(Reg).zip(args);
        let moves = registers().filter_map(|(dst, arg)| match arg {
            Arg::Reg(src, _) => Some((dst, self.reg(*src))),
            _ => None,
        });
        parallel_moves(moves.collect(), out);
        for (dst, arg) in registers() {
            match *arg {
                Arg::Reg(_, offset) => push_add(out, dst, offset),
                Arg::Imm(value) => out.push(Inst::LoadImm { dst, value }),
                Arg::Map(map) => out.push(Inst::LoadMap { dst, map }),
                Arg::Frame(offset) => push_sum(out, dst, Reg::FRAME, offset),
                Arg::Spill(place, offset) => {
                    let from = self.spill_offset(place);
                    out.push(Inst::Load { dst, base: Reg::FRAME, offset: from, size: Size::B8 });
                    push_add(out, dst, offset);
                }
            }
        }
    }
}

fn push_move(out: &mut Vec<Inst>, dst: Reg, src: Reg) {
    if dst != src {
        out.push(Inst::Move { dst, src });
    }
}

fn push_add(out: &mut Vec<Inst>, dst: Reg, offset: i32) {
    if offset != 0 {
        out.push(Inst::Bin { op: BinOp::Add, dst, src: Source::Imm(offset) });
    }
}

fn push_sum(out: &mut Vec<Inst>, dst: Reg, base: Reg, offset: i32) {
    push_move(out, dst, base);
    push_add(out, dst, offset);
}

/// Moves that happen as if at once. Destinations are r1 to r5, each once; r0 is free, once it was
/// read, as the call that follows overwrites it.
fn parallel_moves(mut pending: Vec<(Reg, Reg)>, out: &mut Vec<Inst>) {
    pending.retain(|(dst, src)| dst != src);
    while let Some(&(first_dst, first_src)) = pending.first() {
        let is_read = |reg: Reg| pending.iter().any(|(_, src)| *src == reg);
        match pending.iter().position(|(dst, _)| !is_read(*dst)) {
            Some(at) => {
                let (dst, src) = pending.remove(at);
                push_move(out, dst, src);
            }
            None => {
                // Only rings are left, so r0 is none of the sources: it breaks one of them.
                push_move(out, Reg::RESULT, first_src);
                pending.retain(|(dst, _)| *dst != first_dst);
                let mut ring = vec![(first_dst, Reg::RESULT)];
                ring.append(&mut pending);
                pending = ring;
                // The source just saved can be overwritten now.
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Inst, Reg, parallel_moves};

    /// What r0 to r9 hold after the moves, when each held its own number before.
    fn run(moves: &[(u8, u8)]) -> [u8; 10] {
        let mut out = Vec::new();
        parallel_moves(moves.iter().map(|&(dst, src)| (Reg(dst), Reg(src))).collect(), &mut out);
        let mut regs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        for inst in out {
            match inst {
                Inst::Move { dst, src } => regs[usize::from(dst.0)] = regs[usize::from(src.0)],
                other => panic!("only moves were asked for: {other:?}"),
            }
        }
        regs
    }

    #[test]
    fn every_way_to_fill_the_argument_registers_is_right() {
        // All sources from r0 to r6 for each of five arguments.
        for case in 0..7usize.pow(5) {
            let sources: Vec<u8> = (0..5).map(|i| (case / 7usize.pow(i) % 7) as u8).collect();
            let moves: Vec<(u8, u8)> = (1..).zip(sources.iter().copied()).collect();
            assert_eq!(run(&moves)[1..6], sources, "moves {moves:?}");
        }
    }
}
