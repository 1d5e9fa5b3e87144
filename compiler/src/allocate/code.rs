//! Code between the IR and the machine: the machine's two-address instructions, on virtual
//! registers.

use crate::artifact::ProgramKind;
use crate::ir::{AtomicOp, BinOp, BlockId, Cond, Helper, MapId, Role, Size, VReg};

/// A program.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) symbol: String,
    pub(super) role: Role,
    pub(super) kind: ProgramKind,
    pub(super) blocks: Vec<Block>,
    /// How many virtual registers there are.
    pub(super) vregs: u32,
    /// How many 8-byte places for spilled values.
    pub(super) spills: u32,
}

/// Instructions and an end.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) insts: Vec<Inst>,
    pub(super) end: Terminator,
}

/// A virtual register or a constant that the machine sign-extends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Reg(VReg),
    Imm(i32),
}

/// Where memory accesses start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Reg(VReg),
    /// The end of the stack.
    Frame,
    /// The place of a spilled value.
    Spill(u32),
}

/// An argument of a helper, put in its register just before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arg {
    /// A register's value plus a constant.
    Reg(VReg, i32),
    Imm(i64),
    Map(MapId),
    /// An address in the stack.
    Frame(i32),
    /// The place of a spilled value, and a constant to add.
    Spill(u32, i32),
}

#[derive(Clone, Debug)]
pub(super) enum Inst {
    /// `dst` = what the program is called with, 1 being the context; only the first instructions.
    Entry {
        dst: VReg,
        index: u8,
    },
    Move {
        dst: VReg,
        src: VReg,
    },
    Move32 {
        dst: VReg,
        src: VReg,
    },
    LoadImm {
        dst: VReg,
        value: i64,
    },
    LoadMap {
        dst: VReg,
        map: MapId,
    },
    LoadFunc {
        dst: VReg,
        program: u32,
    },
    /// `dst` = the stack's end plus `offset`.
    FrameAddr {
        dst: VReg,
        offset: i32,
    },
    /// `dst op= src`
    Bin {
        op: BinOp,
        dst: VReg,
        src: Source,
    },
    Load {
        dst: VReg,
        base: Base,
        offset: i16,
        size: Size,
    },
    Store {
        base: Base,
        offset: i16,
        src: Source,
        size: Size,
    },
    Atomic {
        op: AtomicOp,
        base: Base,
        offset: i16,
        src: VReg,
    },
    Call {
        dst: Option<VReg>,
        helper: Helper,
        args: Vec<Arg>,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Terminator {
    Jump(BlockId),
    Branch { cond: Cond, a: VReg, b: Source, then: BlockId, otherwise: BlockId },
    MayGoto { next: BlockId, out: BlockId },
    ReturnReg(VReg),
    ReturnImm(i64),
}

/// What an instruction does to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Assign,
    /// Reads, then assigns.
    Both,
}

impl Inst {
    /// Calls `f` with each register (several times where it stands several times), which it may
    /// replace. Arguments of calls are left out: see [`Inst::args_mut`].
    pub(super) fn for_each_reg(&mut self, mut f: impl FnMut(&mut VReg, Access)) {
        match self {
            Self::Entry { dst, .. }
            | Self::LoadFunc { dst, .. }
            | Self::LoadImm { dst, .. }
            | Self::LoadMap { dst, .. }
            | Self::FrameAddr { dst, .. } => f(dst, Access::Assign),
            Self::Move { dst, src } | Self::Move32 { dst, src } => {
                f(src, Access::Read);
                f(dst, Access::Assign);
            }
            Self::Bin { dst, src, .. } => {
                if let Source::Reg(src) = src {
                    f(src, Access::Read);
                }
                f(dst, Access::Both);
            }
            Self::Load { dst, base, .. } => {
                if let Base::Reg(base) = base {
                    f(base, Access::Read);
                }
                f(dst, Access::Assign);
            }
            Self::Store { base, src, .. } => {
                if let Base::Reg(base) = base {
                    f(base, Access::Read);
                }
                if let Source::Reg(src) = src {
                    f(src, Access::Read);
                }
            }
            Self::Atomic { op, base, src, .. } => {
                if let Base::Reg(base) = base {
                    f(base, Access::Read);
                }
                f(src, if *op == AtomicOp::Exchange { Access::Both } else { Access::Read });
            }
            Self::Call { dst, .. } => dst.iter_mut().for_each(|dst| f(dst, Access::Assign)),
        }
    }

    /// The arguments of a call.
    pub(super) fn args_mut(&mut self) -> &mut [Arg] {
        match self {
            Self::Call { args, .. } => args,
            _ => &mut [],
        }
    }

    /// What it reads and what it assigns.
    pub(super) fn accesses(&self) -> Accesses {
        let mut found = Accesses::default();
        // The visitor may write, so it wants its own copy; instructions are small.
        let mut copy = self.clone();
        copy.for_each_reg(|reg, access| {
            if access != Access::Assign {
                found.reads.push(*reg);
            }
            if access != Access::Read {
                found.assigns = Some(*reg);
            }
        });
        for arg in copy.args_mut() {
            if let Arg::Reg(reg, _) = arg {
                found.reads.push(*reg);
            }
        }
        found
    }
}

/// What an instruction reads and assigns.
#[derive(Clone, Debug, Default)]
pub(super) struct Accesses {
    pub(super) reads: Vec<VReg>,
    pub(super) assigns: Option<VReg>,
}

impl Terminator {
    /// What it reads.
    pub(super) fn reads(&self) -> Vec<VReg> {
        match self {
            Self::Branch { a, b: Source::Reg(b), .. } => vec![*a, *b],
            Self::Branch { a, .. } => vec![*a],
            Self::ReturnReg(reg) => vec![*reg],
            Self::Jump(_) | Self::MayGoto { .. } | Self::ReturnImm(_) => Vec::new(),
        }
    }

    /// Where control can go.
    pub(super) fn successors(&self) -> Vec<BlockId> {
        match self {
            Self::Jump(to) => vec![*to],
            Self::Branch { then, otherwise, .. } => vec![*then, *otherwise],
            Self::MayGoto { next, out } => vec![*next, *out],
            Self::ReturnReg(_) | Self::ReturnImm(_) => Vec::new(),
        }
    }

    /// Replaces each block it goes to by `f` of it.
    pub(super) fn retarget(&mut self, f: impl Fn(BlockId) -> BlockId) {
        match self {
            Self::Jump(to) => *to = f(*to),
            Self::Branch { then, otherwise, .. } => {
                *then = f(*then);
                *otherwise = f(*otherwise);
            }
            Self::MayGoto { next, out } => {
                *next = f(*next);
                *out = f(*out);
            }
            Self::ReturnReg(_) | Self::ReturnImm(_) => {}
        }
    }
}
