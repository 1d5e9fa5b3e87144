//! Code for the machine as it is: what `emit` encodes, one or few instructions each.

use crate::artifact::ProgramKind;
use crate::ir::{AtomicOp, BinOp, BlockId, Cond, Helper, MapDef, MapId, Role, Size};

/// A whole script.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// In the order of the artifact's programs.
    pub programs: Vec<Program>,
    /// All kernel maps, with those for scratch memory.
    pub maps: Vec<MapDef>,
    /// Whether the kernel knows jumps of 32 bits.
    pub long_jumps: bool,
}

/// One BPF program.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Its symbol.
    pub symbol: String,
    /// What calls it.
    pub role: Role,
    /// Its type.
    pub kind: ProgramKind,
    /// The first is the entry.
    pub blocks: Vec<Block>,
    /// Bytes of stack in use.
    pub stack_bytes: u32,
}

/// Instructions that run one after the other, and where control goes then.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// In order.
    pub insts: Vec<Inst>,
    /// The end.
    pub end: Terminator,
}

/// A register of the machine, r0 to r10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reg(pub u8);

impl Reg {
    /// The result of a helper and of the program.
    pub const RESULT: Self = Self(0);
    /// The context at the entry; the first argument of a helper.
    pub const FIRST_ARG: Self = Self(1);
    /// The end of the stack; read-only.
    pub const FRAME: Self = Self(10);
}

/// A register or a constant of 32 bits, which the machine sign-extends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A register.
    Reg(Reg),
    /// A constant.
    Imm(i32),
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inst {
    /// `dst = src`
    Move {
        /// Assigned.
        dst: Reg,
        /// Read.
        src: Reg,
    },
    /// `dst` = the low 32 bits of `src`, zero-extended.
    Move32 {
        /// Assigned.
        dst: Reg,
        /// Read.
        src: Reg,
    },
    /// `dst = value`
    LoadImm {
        /// Assigned.
        dst: Reg,
        /// Any 64 bits.
        value: i64,
    },
    /// `dst` = the map.
    LoadMap {
        /// Assigned.
        dst: Reg,
        /// Which.
        map: MapId,
    },
    /// `dst` = a callback.
    LoadFunc {
        /// Assigned.
        dst: Reg,
        /// Its index in the unit.
        program: u32,
    },
    /// `dst op= src`
    Bin {
        /// The operation.
        op: BinOp,
        /// Left, and assigned.
        dst: Reg,
        /// Right.
        src: Source,
    },
    /// `dst = *(size *)(base + offset)`
    Load {
        /// Assigned.
        dst: Reg,
        /// The pointer.
        base: Reg,
        /// Bytes.
        offset: i16,
        /// How much.
        size: Size,
    },
    /// `*(size *)(base + offset) = src`
    Store {
        /// The pointer.
        base: Reg,
        /// Bytes.
        offset: i16,
        /// Read.
        src: Source,
        /// How much.
        size: Size,
    },
    /// An atomic operation on the 8 bytes at `base + offset`.
    Atomic {
        /// Which.
        op: AtomicOp,
        /// The pointer.
        base: Reg,
        /// Bytes.
        offset: i16,
        /// Added, or exchanged.
        src: Reg,
    },
    /// Calls a helper with r1 to r5; its result is in r0.
    Call {
        /// Which.
        helper: Helper,
    },
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// Goes there.
    Jump(BlockId),
    /// Goes to `then` if `a cond b`, else to `otherwise`.
    Branch {
        /// The comparison.
        cond: Cond,
        /// Left.
        a: Reg,
        /// Right.
        b: Source,
        /// When true.
        then: BlockId,
        /// When false.
        otherwise: BlockId,
    },
    /// Goes to `next`, but to `out` once the kernel's budget for loops is used up.
    MayGoto {
        /// As long as there is budget.
        next: BlockId,
        /// Then.
        out: BlockId,
    },
    /// The program ends with r0.
    Exit,
}
