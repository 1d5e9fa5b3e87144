//! The intermediate representation: basic blocks of three-address code over virtual registers.
//!
//! A [`Unit`] is a whole script; each [`Program`] becomes one BPF program. Registers hold 64 bits
//! and may be assigned more than once (this is no SSA form). Memory is reached through [`Slot`]s
//! (a program's own, on the BPF stack or in a per-CPU scratch map, which the stage `allocate`
//! decides), the context, and pointers that helpers give.

mod arith;
mod bits;
mod eval;
mod flow;
mod print;
mod read;
mod verify;

pub(crate) use bits::BitSet;
pub use eval::{Answers, Change, Environment, EvalError, Host, Machine, eval};
pub(crate) use flow::{BlockFacts, Liveness, drop_unreachable, postorder, predecessors, renumber_reachable};
pub use print::print;
pub use read::{ReadError, read};
pub use verify::{VerifyError, verify};

use crate::artifact::ProgramKind;

/// A virtual register of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VReg(pub u32);

/// Index of a block in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub u32);

/// Index of a slot in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub u32);

/// Index of a map in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MapId(pub u32);

/// A whole script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unit {
    /// In the order of the artifact's programs.
    pub programs: Vec<Program>,
    /// All kernel maps.
    pub maps: Vec<MapDef>,
}

/// A kernel map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapDef {
    /// Its name in the object; at most 15 bytes reach the kernel.
    pub name: String,
    /// Its type.
    pub kind: MapKind,
    /// Bytes of a key; 0 for a ring buffer.
    pub key_size: u32,
    /// Bytes of a value; 0 for a ring buffer.
    pub value_size: u32,
    /// Entries; bytes for a ring buffer.
    pub max_entries: u32,
    /// `BPF_F_*` flags for its creation.
    pub flags: u32,
}

/// BPF map types in use, by `enum bpf_map_type` of `linux/bpf.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum MapKind {
    /// `BPF_MAP_TYPE_HASH`
    Hash = 1,
    /// `BPF_MAP_TYPE_ARRAY`
    Array = 2,
    /// `BPF_MAP_TYPE_PERCPU_HASH`
    PerCpuHash = 5,
    /// `BPF_MAP_TYPE_PERCPU_ARRAY`
    PerCpuArray = 6,
    /// `BPF_MAP_TYPE_STACK_TRACE`
    StackTrace = 7,
    /// `BPF_MAP_TYPE_LRU_HASH`
    LruHash = 9,
    /// `BPF_MAP_TYPE_LRU_PERCPU_HASH`
    LruPerCpuHash = 10,
    /// `BPF_MAP_TYPE_RINGBUF`
    RingBuf = 27,
}

/// One BPF program, or a function that a helper calls back.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Its symbol.
    pub symbol: String,
    /// What calls it.
    pub role: Role,
    /// Its type, which decides what the context is.
    pub kind: ProgramKind,
    /// The first is the entry, which no block may jump to.
    pub blocks: Vec<Block>,
    /// How many virtual registers there are: ids are below.
    pub vregs: u32,
    /// Memory of its own.
    pub slots: Vec<Slot>,
}

/// What calls a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// The kernel, where it is attached.
    #[default]
    Main,
    /// A helper, for each element of a map; it belongs to the last main program before it.
    Callback,
}

/// Where a slot may lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlotPlace {
    /// On the stack or in scratch memory.
    #[default]
    Any,
    /// On the stack, because a helper wants it there.
    Stack,
    /// In scratch memory, because its address is handed to a callback.
    Scratch,
}

/// Memory of a program, not initialised, aligned to 8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Bytes; a multiple of 8, not 0.
    pub size: u32,
    /// Where it may lie.
    pub place: SlotPlace,
    /// What it is for, in printed IR.
    pub name: String,
}

/// Instructions that run one after the other, and where control goes then.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// In order.
    pub insts: Vec<Inst>,
    /// The end.
    pub end: Terminator,
}

/// A register or a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A register.
    Reg(VReg),
    /// A constant, any 64 bits.
    Imm(i64),
}

impl From<VReg> for Operand {
    fn from(reg: VReg) -> Self {
        Self::Reg(reg)
    }
}

impl From<i64> for Operand {
    fn from(value: i64) -> Self {
        Self::Imm(value)
    }
}

/// An instruction.
#[derive(Clone, Debug, PartialEq)]
pub enum Inst {
    /// `dst = src`
    Copy {
        /// Assigned.
        dst: VReg,
        /// Read.
        src: Operand,
    },
    /// `dst = a op b`, 64 bits, wrapping.
    Bin {
        /// The operation.
        op: BinOp,
        /// Assigned.
        dst: VReg,
        /// Left.
        a: Operand,
        /// Right.
        b: Operand,
    },
    /// `dst` = the low `size` of `src`, zero- or sign-extended.
    Extend {
        /// Assigned.
        dst: VReg,
        /// Read.
        src: Operand,
        /// How much is kept.
        size: Size,
        /// Sign-extended.
        signed: bool,
    },
    /// `dst` = the program's context.
    Context {
        /// Assigned a pointer.
        dst: VReg,
    },
    /// `dst` = an argument of a callback.
    Argument {
        /// Assigned; in no other instruction.
        dst: VReg,
        /// 1 to 5.
        index: u8,
    },
    /// `dst` = a callback, as helpers take it.
    FuncRef {
        /// Assigned.
        dst: VReg,
        /// Index of the callback in [`Unit::programs`].
        program: u32,
    },
    /// `dst = *(size *)(base + offset)`, zero-extended.
    Load {
        /// Assigned.
        dst: VReg,
        /// A pointer to the context, a slot or a map's value.
        base: VReg,
        /// Bytes.
        offset: i16,
        /// How much.
        size: Size,
    },
    /// `*(size *)(base + offset) = src`
    Store {
        /// A pointer to a slot or a map's value.
        base: VReg,
        /// Bytes.
        offset: i16,
        /// Read.
        src: Operand,
        /// How much.
        size: Size,
    },
    /// An atomic operation on the 8 bytes at `base + offset`.
    Atomic {
        /// Which.
        op: AtomicOp,
        /// A pointer to a map's value.
        base: VReg,
        /// Bytes, a multiple of 8.
        offset: i16,
        /// Added, or put there.
        src: VReg,
    },
    /// `dst` = address of a slot's byte `offset`.
    SlotAddr {
        /// Assigned a pointer.
        dst: VReg,
        /// Which slot.
        slot: SlotId,
        /// Bytes, at most the slot's size.
        offset: u32,
    },
    /// `dst` = the map, as helpers take it.
    MapRef {
        /// Assigned.
        dst: VReg,
        /// Which map.
        map: MapId,
    },
    /// Calls a kernel helper.
    Call {
        /// Where its result goes.
        dst: Option<VReg>,
        /// Which.
        helper: Helper,
        /// At most 5.
        args: Vec<Operand>,
    },
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Terminator {
    /// Goes there.
    Jump(BlockId),
    /// Goes to `then` if `a cond b`, else to `otherwise`.
    Branch {
        /// The comparison.
        cond: Cond,
        /// Left.
        a: Operand,
        /// Right.
        b: Operand,
        /// When true.
        then: BlockId,
        /// When false.
        otherwise: BlockId,
    },
    /// Goes on, but out once the kernel's budget for loops is used up. Linux 6.9.
    MayGoto {
        /// As long as there is budget.
        next: BlockId,
        /// Then.
        out: BlockId,
    },
    /// The program ends with this value.
    Return(Operand),
}

/// Widths of memory accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// 1 byte.
    B1,
    /// 2 bytes.
    B2,
    /// 4 bytes.
    B4,
    /// 8 bytes.
    B8,
}

impl Size {
    /// The width of so many bytes, if there is one.
    pub fn of(bytes: u64) -> Option<Self> {
        match bytes {
            1 => Some(Self::B1),
            2 => Some(Self::B2),
            4 => Some(Self::B4),
            8 => Some(Self::B8),
            _ => None,
        }
    }

    /// 1, 2, 4 or 8.
    pub fn bytes(self) -> u32 {
        match self {
            Self::B1 => 1,
            Self::B2 => 2,
            Self::B4 => 4,
            Self::B8 => 8,
        }
    }
}

/// Operations with two operands, on 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinOp {
    /// Wrapping.
    Add,
    /// Wrapping.
    Sub,
    /// Wrapping.
    Mul,
    /// Unsigned; by 0 gives 0, as in BPF.
    Div,
    /// Unsigned; by 0 gives the left operand, as in BPF.
    Rem,
    /// Bitwise.
    And,
    /// Bitwise.
    Or,
    /// Bitwise.
    Xor,
    /// Left; the count is taken modulo 64.
    Shl,
    /// Right, zeros come in; the count modulo 64.
    Shr,
    /// Right, the sign comes in; the count modulo 64.
    Sar,
}

/// Atomic operations on 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicOp {
    /// Adds; gives nothing. Every kernel has it.
    Add,
    /// Puts `src` there, and what was there into `src`. Linux 5.12.
    Exchange,
}

/// Comparisons of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cond {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Unsigned less.
    Lt,
    /// Unsigned less or equal.
    Le,
    /// Unsigned greater.
    Gt,
    /// Unsigned greater or equal.
    Ge,
    /// Signed less.
    SLt,
    /// Signed less or equal.
    SLe,
    /// Signed greater.
    SGt,
    /// Signed greater or equal.
    SGe,
}

/// Kernel helpers in use, by their number in `linux/bpf.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[allow(missing_docs, reason = "each is documented in bpf-helpers(7) under its own name")]
pub enum Helper {
    MapLookupElem = 1,
    MapUpdateElem = 2,
    MapDeleteElem = 3,
    KtimeGetNs = 5,
    GetPrandomU32 = 7,
    GetSmpProcessorId = 8,
    GetCurrentPidTgid = 14,
    GetCurrentUidGid = 15,
    GetCurrentComm = 16,
    GetStackid = 27,
    GetCurrentTask = 35,
    GetNumaNodeId = 42,
    GetStack = 67,
    GetCurrentCgroupId = 80,
    SendSignal = 109,
    ProbeReadUser = 112,
    ProbeReadKernel = 113,
    ProbeReadUserStr = 114,
    ProbeReadKernelStr = 115,
    SendSignalThread = 117,
    Jiffies64 = 118,
    GetNsCurrentPidTgid = 120,
    KtimeGetBootNs = 125,
    RingbufOutput = 130,
    GetCurrentTaskBtf = 158,
    ForEachMapElem = 164,
    GetAttachCookie = 174,
    TaskPtRegs = 175,
    MapLookupPercpuElem = 195,
    KtimeGetTaiNs = 208,
}

impl Helper {
    /// All, for printing and reading IR.
    pub const ALL: [Helper; 30] = [
        Self::MapLookupElem,
        Self::MapUpdateElem,
        Self::MapDeleteElem,
        Self::KtimeGetNs,
        Self::GetPrandomU32,
        Self::GetSmpProcessorId,
        Self::GetCurrentPidTgid,
        Self::GetCurrentUidGid,
        Self::GetCurrentComm,
        Self::GetStackid,
        Self::GetCurrentTask,
        Self::GetNumaNodeId,
        Self::GetStack,
        Self::GetCurrentCgroupId,
        Self::SendSignal,
        Self::ProbeReadUser,
        Self::ProbeReadKernel,
        Self::ProbeReadUserStr,
        Self::ProbeReadKernelStr,
        Self::SendSignalThread,
        Self::Jiffies64,
        Self::GetNsCurrentPidTgid,
        Self::KtimeGetBootNs,
        Self::RingbufOutput,
        Self::GetCurrentTaskBtf,
        Self::ForEachMapElem,
        Self::GetAttachCookie,
        Self::TaskPtRegs,
        Self::MapLookupPercpuElem,
        Self::KtimeGetTaiNs,
    ];
}
