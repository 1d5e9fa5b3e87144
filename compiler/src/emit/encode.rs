//! From blocks to a line of instructions, with jumps resolved.

use super::EmitError;
use super::insn::{Insn, atomic_imm, bin_bits, cond_bits, negated, op, size_bits};
use crate::allocate::{Inst, Program, Reg, Source, Terminator};
use crate::ir::{BlockId, Cond, MapId};

/// A program's instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// In order.
    pub insns: Vec<Insn>,
    /// Where maps stand in them.
    pub map_uses: Vec<MapUse>,
    /// Where callbacks stand in them: the first of two instructions, and the callback's index in
    /// the unit.
    pub function_uses: Vec<(usize, u32)>,
    /// Where the callbacks start that were appended.
    pub functions: Vec<usize>,
}

/// An instruction that loads a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapUse {
    /// The first of its two instructions.
    pub insn: usize,
    /// The map.
    pub map: MapId,
}

impl Encoded {
    /// All instructions, as the kernel takes them.
    pub fn bytes(&self) -> Vec<u8> {
        self.insns.iter().flat_map(|insn| insn.bytes()).collect()
    }
}

/// How a block's end is laid out.
#[derive(Clone, Copy, Debug)]
enum End {
    /// `exit`
    Exit,
    /// The next block follows.
    Fall,
    /// One jump.
    Jump(BlockId),
    /// A conditional jump; the next block follows.
    Branch { cond: Cond, a: Reg, b: Source, to: BlockId },
    /// The jump out of a loop whose budget is used up; then the next block, or a jump to it.
    MayGoto { out: BlockId, next: Option<BlockId> },
    /// A conditional jump and one more.
    Both { cond: Cond, a: Reg, b: Source, to: BlockId, otherwise: BlockId },
}

/// Which jumps of a block's end must reach further than 16 bits.
#[derive(Clone, Copy, Debug, Default)]
struct Long {
    conditional: bool,
    jump: bool,
}

impl End {
    fn of(end: &Terminator, next: u32) -> Self {
        let falls = |to: BlockId| to.0 == next;
        match *end {
            Terminator::Exit => Self::Exit,
            Terminator::MayGoto { next, out } => Self::MayGoto { out, next: (!falls(next)).then_some(next) },
            Terminator::Jump(to) if falls(to) => Self::Fall,
            Terminator::Jump(to) => Self::Jump(to),
            Terminator::Branch { cond, a, b, then, otherwise } if falls(otherwise) => {
                Self::Branch { cond, a, b, to: then }
            }
            Terminator::Branch { cond, a, b, then, otherwise } if falls(then) => {
                Self::Branch { cond: negated(cond), a, b, to: otherwise }
            }
            Terminator::Branch { cond, a, b, then, otherwise } => {
                Self::Both { cond, a, b, to: then, otherwise }
            }
        }
    }

    /// How many instructions it takes.
    fn len(self, long: Long) -> usize {
        // A long conditional jump hops over a long jump.
        let conditional = if long.conditional { 2 } else { 1 };
        match self {
            Self::Fall => 0,
            Self::MayGoto { next, .. } => 1 + usize::from(next.is_some()),
            Self::Exit | Self::Jump(_) => 1,
            Self::Branch { .. } => conditional,
            Self::Both { .. } => conditional + 1,
        }
    }
}

/// Encodes a program.
///
/// # Errors
/// Where a jump is longer than the kernel has.
pub fn encode(program: &Program, long_jumps: bool) -> Result<Encoded, EmitError> {
    let bodies: Vec<Encoded> = program.blocks.iter().map(|block| encode_body(&block.insts)).collect();
    let ends: Vec<End> =
        program.blocks.iter().zip(1..).map(|(block, next)| End::of(&block.end, next)).collect();
    let inconsistent =
        || EmitError::Inconsistent { program: program.symbol.clone(), what: "a jump to no block" };
    let mut long = vec![Long::default(); ends.len()];
    loop {
        let mut starts = Vec::with_capacity(bodies.len());
        let mut at = 0usize;
        for ((body, end), long) in bodies.iter().zip(&ends).zip(&long) {
            starts.push(at);
            at += body.insns.len() + end.len(*long);
        }
        let mut out = Encoded { insns: Vec::with_capacity(at), ..Encoded::default() };
        let mut grown = false;
        for ((body, end), long) in bodies.iter().zip(&ends).zip(&mut long) {
            let start = out.insns.len();
            out.map_uses.extend(body.map_uses.iter().map(|at| MapUse { insn: start + at.insn, ..*at }));
            out.function_uses.extend(body.function_uses.iter().map(|(at, of)| (start + at, *of)));
            out.insns.extend(&body.insns);
            let mut writer = EndWriter { out: &mut out.insns, starts: &starts, long, grown: &mut grown };
            writer.end(*end).ok_or_else(inconsistent)?;
        }
        if !grown {
            return Ok(out);
        }
        if !long_jumps {
            return Err(EmitError::TooLong { program: program.symbol.clone(), instructions: at });
        }
    }
}

struct EndWriter<'a> {
    out: &'a mut Vec<Insn>,
    /// Where blocks start.
    starts: &'a [usize],
    long: &'a mut Long,
    /// Set when a jump turned out to be too far.
    grown: &'a mut bool,
}

impl EndWriter<'_> {
    fn end(&mut self, end: End) -> Option<()> {
        match end {
            End::Fall => {}
            End::Exit => self.out.push(Insn { code: op::EXIT, ..Insn::default() }),
            End::MayGoto { out, next } => {
                let offset = i16::try_from(self.distance(out)?).ok()?;
                self.out.push(Insn { code: op::MAY_GOTO, offset, ..Insn::default() });
                if let Some(next) = next {
                    self.jump(next)?;
                }
            }
            End::Jump(to) => self.jump(to)?,
            End::Branch { cond, a, b, to } => self.conditional(cond, a, b, to)?,
            End::Both { cond, a, b, to, otherwise } => {
                self.conditional(cond, a, b, to)?;
                self.jump(otherwise)?;
            }
        }
        Some(())
    }

    /// Instructions between the next and the block.
    fn distance(&self, to: BlockId) -> Option<i32> {
        let target = *self.starts.get(to.0 as usize)?;
        i32::try_from(target as i64 - self.out.len() as i64 - 1).ok()
    }

    fn jump(&mut self, to: BlockId) -> Option<()> {
        let distance = self.distance(to)?;
        self.out.push(match i16::try_from(distance) {
            Ok(offset) if !self.long.jump => Insn { code: op::JMP, offset, ..Insn::default() },
            _ => {
                *self.grown |= !self.long.jump;
                self.long.jump = true;
                Insn { code: op::JMP32_JA, imm: distance, ..Insn::default() }
            }
        });
        Some(())
    }

    fn conditional(&mut self, cond: Cond, a: Reg, b: Source, to: BlockId) -> Option<()> {
        let distance = self.distance(to)?;
        let branch = |cond, offset| {
            let code = op::JMP | cond_bits(cond);
            match b {
                Source::Reg(b) => Insn { code: code | op::BY_REG, dst: a.0, src: b.0, offset, imm: 0 },
                Source::Imm(imm) => Insn { code, dst: a.0, src: 0, offset, imm },
            }
        };
        match i16::try_from(distance) {
            Ok(offset) if !self.long.conditional => self.out.push(branch(cond, offset)),
            _ => {
                *self.grown |= !self.long.conditional;
                self.long.conditional = true;
                self.out.push(branch(negated(cond), 1));
                let imm = self.distance(to)?;
                self.out.push(Insn { code: op::JMP32_JA, imm, ..Insn::default() });
            }
        }
        Some(())
    }
}

fn encode_body(insts: &[Inst]) -> Encoded {
    let mut out = Encoded::default();
    for inst in insts {
        encode_inst(inst, &mut out);
    }
    out
}

fn encode_inst(inst: &Inst, out: &mut Encoded) {
    let insn = match *inst {
        Inst::Move { dst, src } => {
            Insn { code: op::ALU64 | op::BY_REG | op::MOV, dst: dst.0, src: src.0, ..Insn::default() }
        }
        Inst::Move32 { dst, src } => {
            Insn { code: op::ALU32 | op::BY_REG | op::MOV, dst: dst.0, src: src.0, ..Insn::default() }
        }
        Inst::LoadImm { dst, value } => match i32::try_from(value) {
            Ok(imm) => Insn { code: op::ALU64 | op::MOV, dst: dst.0, imm, ..Insn::default() },
            Err(_) => return out.insns.extend(Insn::lddw(dst, 0, value)),
        },
        Inst::LoadMap { dst, map } => {
            out.map_uses.push(MapUse { insn: out.insns.len(), map });
            return out.insns.extend(Insn::lddw(dst, op::PSEUDO_MAP_FD, 0));
        }
        Inst::LoadFunc { dst, program } => {
            out.function_uses.push((out.insns.len(), program));
            return out.insns.extend(Insn::lddw(dst, op::PSEUDO_FUNC, 0));
        }
        Inst::Bin { op, dst, src } => {
            let code = op::ALU64 | bin_bits(op);
            match src {
                Source::Reg(src) => {
                    Insn { code: code | op::BY_REG, dst: dst.0, src: src.0, ..Insn::default() }
                }
                Source::Imm(imm) => Insn { code, dst: dst.0, imm, ..Insn::default() },
            }
        }
        Inst::Load { dst, base, offset, size } => {
            Insn { code: op::LDX | size_bits(size), dst: dst.0, src: base.0, offset, imm: 0 }
        }
        Inst::Store { base, offset, src, size } => match src {
            Source::Reg(src) => {
                Insn { code: op::STX | size_bits(size), dst: base.0, src: src.0, offset, imm: 0 }
            }
            Source::Imm(imm) => Insn { code: op::ST | size_bits(size), dst: base.0, src: 0, offset, imm },
        },
        Inst::Atomic { op, base, offset, src } => {
            Insn { code: op::ATOMIC64, dst: base.0, src: src.0, offset, imm: atomic_imm(op) }
        }
        Inst::Call { helper } => Insn { code: op::CALL, imm: helper as i32, ..Insn::default() },
    };
    out.insns.push(insn);
}
