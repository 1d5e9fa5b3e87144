//! The encoding of eBPF instructions (RFC 9669).

use crate::allocate::Reg;
use crate::ir::{AtomicOp, BinOp, Cond, Size};

/// The parts of an opcode.
pub(super) mod op {
    /// Load a 64-bit constant; two instructions long.
    pub(crate) const LDDW: u8 = 0x18;
    /// Load from memory, with a width.
    pub(crate) const LDX: u8 = 0x61;
    /// Store a constant, with a width.
    pub(crate) const ST: u8 = 0x62;
    /// Store a register, with a width.
    pub(crate) const STX: u8 = 0x63;
    /// Atomic operation on 8 bytes.
    pub(crate) const ATOMIC64: u8 = 0xdb;
    /// Arithmetic on 64 bits.
    pub(crate) const ALU64: u8 = 0x07;
    /// Arithmetic on 32 bits, the rest becomes 0.
    pub(crate) const ALU32: u8 = 0x04;
    /// Jump; comparisons are of 64 bits.
    pub(crate) const JMP: u8 = 0x05;
    /// Jump by 32 bits, in the class of 32-bit comparisons.
    pub(crate) const JMP32_JA: u8 = 0x06;
    /// Call a helper.
    pub(crate) const CALL: u8 = 0x85;
    /// Jump, once the budget for loops is used up.
    pub(crate) const MAY_GOTO: u8 = 0xe5;
    /// End the program.
    pub(crate) const EXIT: u8 = 0x95;
    /// The second operand is a register.
    pub(crate) const BY_REG: u8 = 0x08;
    /// The operation that is a move.
    pub(crate) const MOV: u8 = 0xb0;
    /// The bits with the class.
    pub(crate) const CLASS: u8 = 0x07;
    /// `imm` of an atomic exchange.
    pub(crate) const XCHG: i32 = 0xe1;
    /// `src` of LDDW whose constant is a map's file descriptor.
    pub(crate) const PSEUDO_MAP_FD: u8 = 1;
    /// `src` of LDDW whose constant is the distance to a function.
    pub(crate) const PSEUDO_FUNC: u8 = 4;
}

/// One instruction of 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Insn {
    /// The opcode.
    pub code: u8,
    /// Destination register.
    pub dst: u8,
    /// Source register, or a subcode.
    pub src: u8,
    /// Bytes for memory, instructions for jumps.
    pub offset: i16,
    /// The constant.
    pub imm: i32,
}

impl Insn {
    /// As the kernel takes it, little-endian.
    pub fn bytes(self) -> [u8; 8] {
        let [o0, o1] = self.offset.to_le_bytes();
        let [i0, i1, i2, i3] = self.imm.to_le_bytes();
        [self.code, self.src << 4 | self.dst, o0, o1, i0, i1, i2, i3]
    }

    pub(super) fn lddw(dst: Reg, src: u8, value: i64) -> [Self; 2] {
        [
            Self { code: op::LDDW, dst: dst.0, src, offset: 0, imm: value as i32 },
            Self { imm: (value >> 32) as i32, ..Self::default() },
        ]
    }
}

/// The bits of a width in memory instructions, relative to 4 bytes (which are 0).
pub(super) fn size_bits(size: Size) -> u8 {
    match size {
        Size::B4 => 0x00,
        Size::B2 => 0x08,
        Size::B1 => 0x10,
        Size::B8 => 0x18,
    }
}

/// The bits of an operation in arithmetic instructions.
pub(super) fn bin_bits(op: BinOp) -> u8 {
    match op {
        BinOp::Add => 0x00,
        BinOp::Sub => 0x10,
        BinOp::Mul => 0x20,
        BinOp::Div => 0x30,
        BinOp::Or => 0x40,
        BinOp::And => 0x50,
        BinOp::Shl => 0x60,
        BinOp::Shr => 0x70,
        BinOp::Rem => 0x90,
        BinOp::Xor => 0xa0,
        BinOp::Sar => 0xc0,
    }
}

/// The bits of a comparison in jumps.
pub(super) fn cond_bits(cond: Cond) -> u8 {
    match cond {
        Cond::Eq => 0x10,
        Cond::Gt => 0x20,
        Cond::Ge => 0x30,
        Cond::Ne => 0x50,
        Cond::SGt => 0x60,
        Cond::SGe => 0x70,
        Cond::Lt => 0xa0,
        Cond::Le => 0xb0,
        Cond::SLt => 0xc0,
        Cond::SLe => 0xd0,
    }
}

/// The comparison that is true when this is not.
pub(super) fn negated(cond: Cond) -> Cond {
    match cond {
        Cond::Eq => Cond::Ne,
        Cond::Ne => Cond::Eq,
        Cond::Lt => Cond::Ge,
        Cond::Le => Cond::Gt,
        Cond::Gt => Cond::Le,
        Cond::Ge => Cond::Lt,
        Cond::SLt => Cond::SGe,
        Cond::SLe => Cond::SGt,
        Cond::SGt => Cond::SLe,
        Cond::SGe => Cond::SLt,
    }
}

/// `imm` of an atomic operation.
pub(super) fn atomic_imm(op: AtomicOp) -> i32 {
    match op {
        AtomicOp::Add => 0,
        AtomicOp::Exchange => op::XCHG,
    }
}
