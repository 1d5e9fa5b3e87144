//! The typed program: every site found, every expression typed, every value located.

use gprobe_lang::source::Span;
use gprobe_symbols::TypeId;

use crate::artifact::{self, Action, Attach, BinaryInfo, EnumTable, MapInfo, ProgramKind};
use crate::runtime_layout::RuntimeLayout;

/// A whole script.
#[derive(Clone, Debug)]
pub struct Program {
    /// One for each BPF program to be.
    pub probes: Vec<Probe>,
    /// The script's maps.
    pub maps: Vec<MapInfo>,
    /// What records mean; their fields are laid out.
    pub actions: Vec<Action>,
    /// Names of probes, by the low half of a site's cookie.
    pub probe_names: Vec<String>,
    /// Names of enumerated values.
    pub enums: Vec<EnumTable>,
    /// Files that uprobes go into.
    pub binaries: Vec<BinaryInfo>,
    /// The runtime's offsets, where a probe reads them.
    pub runtime: Option<RuntimeLayout>,
}

/// One BPF program.
#[derive(Clone, Debug)]
pub struct Probe {
    /// As written, for messages.
    pub title: String,
    /// Its type.
    pub kind: ProgramKind,
    /// Where it attaches.
    pub attach: Attach,
    /// Whether R14 holds the current g at its sites.
    pub g_in_r14: bool,
    /// Whether some of its sites count only where a stack check's branch is not taken
    /// ([`crate::lower::COOKIE_CHECK_FLAGS`]).
    pub checks_flags: bool,
    /// The cookie where the kernel gives none: of its only site.
    pub cookie: Option<u64>,
    /// `/expr/`
    pub predicate: Option<Expr>,
    /// What it does.
    pub body: Vec<Stmt>,
    /// Types of its variables, by [`VarId`].
    pub vars: Vec<Ty>,
    /// Where it was written.
    pub span: Span,
}

/// Index of a variable in its probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VarId(pub u32);

/// Index of a map in [`Program::maps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MapIndex(pub u32);

/// A type while it is reasoned with.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// Not known yet: of a map that is read before anything said what it holds.
    Unknown,
    /// A value that records and maps can hold.
    Value(artifact::Type),
    /// The parts of a tuple, some of which may be pointers.
    Tuple(Vec<Ty>),
    /// An address with a type behind it.
    Pointer(Pointee),
}

/// What is behind an address.
#[derive(Clone, Debug, PartialEq)]
pub enum Pointee {
    /// An integer.
    Int {
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Sign-extended when read.
        signed: bool,
    },
    /// A Go value of the target's executable.
    Go(TypeId),
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Stmt {
    /// For its effect.
    Expr(Expr),
    /// `$x = value`
    SetVar(VarId, Expr),
    /// `@m[key] = value` of a plain map.
    SetMap {
        /// Which.
        map: MapIndex,
        /// The key's parts.
        key: Vec<Expr>,
        /// Of the map's value type.
        value: Expr,
    },
    /// `@m[key] += value` and `-=`: atomic.
    AddMap {
        /// Which.
        map: MapIndex,
        /// The key's parts.
        key: Vec<Expr>,
        /// Added.
        value: Expr,
    },
    /// `@m[key] = count()` and the like.
    Aggregate {
        /// Which.
        map: MapIndex,
        /// The key's parts.
        key: Vec<Expr>,
        /// What is counted in; absent for `count`.
        value: Option<Expr>,
    },
    /// `if`
    If {
        /// The condition.
        cond: Expr,
        /// When true.
        then: Vec<Stmt>,
        /// When false.
        otherwise: Vec<Stmt>,
    },
    /// `delete(@m[key])`
    Delete {
        /// Which.
        map: MapIndex,
        /// The key's parts.
        key: Vec<Expr>,
    },
    /// Writes a record.
    Emit {
        /// Index in [`Program::actions`].
        action: usize,
        /// One for each field.
        args: Vec<Expr>,
    },
    /// `exit(code)`
    Exit {
        /// Index of the [`Action::Exit`].
        action: usize,
        /// 0 to 255.
        code: Expr,
    },
    /// `return`
    Return,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Ty,
    /// Where it was written.
    pub span: Span,
}

/// The kinds of expression. Scalars are 64 bits, extended as their type says.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Int(i64),
    /// A constant string.
    Str(Vec<u8>),
    /// A variable.
    Var(VarId),
    /// An element of a plain map; 0 or empty where there is none.
    MapGet(MapIndex, Vec<Expr>),
    /// `has_key(@m, key)`
    HasKey(MapIndex, Vec<Expr>),
    /// `x++` on a variable: gives the old or the new value.
    StepVar {
        /// Which.
        var: VarId,
        /// Added: 1 or -1.
        by: i64,
        /// Gives the old value.
        old: bool,
    },
    /// `@x++` on a map: atomic; gives the old or the new value.
    StepMap {
        /// Which.
        map: MapIndex,
        /// The key's parts.
        key: Vec<Expr>,
        /// Added: 1 or -1.
        by: i64,
        /// Gives the old value.
        old: bool,
    },
    /// `(a, b)`
    Tuple(Vec<Expr>),
    /// `t.0`
    TupleIndex(Box<Expr>, usize),
    /// `!x`
    Not(Box<Expr>),
    /// Arithmetic on 64 bits.
    Arith(Arith, Box<Expr>, Box<Expr>),
    /// A comparison of scalars.
    Compare(Compare, Box<Expr>, Box<Expr>),
    /// Equality of strings or tuples; `true`: unequal.
    SameBytes(Box<Expr>, Box<Expr>, bool),
    /// `a && b`
    And(Box<Expr>, Box<Expr>),
    /// `a || b`
    Or(Box<Expr>, Box<Expr>),
    /// `c ? a : b`
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
    /// The low bytes, extended.
    Extend {
        /// The value.
        value: Box<Expr>,
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Sign-extended.
        signed: bool,
    },
    /// 8 bytes of the context: a register of `pt_regs`, or a tracepoint's field.
    Context {
        /// From the context's start.
        offset: u16,
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Sign-extended.
        signed: bool,
    },
    /// An integer in the target's memory.
    ReadUser {
        /// Where.
        addr: Box<Expr>,
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Sign-extended.
        signed: bool,
    },
    /// A Go string: its bytes by address and length.
    GoStr {
        /// Where its bytes are.
        data: Box<Expr>,
        /// How many.
        len: Box<Expr>,
    },
    /// A C string.
    CStr {
        /// Where.
        addr: Box<Expr>,
        /// In the kernel's memory.
        kernel: bool,
        /// At most so many bytes; the type's where absent.
        limit: Option<Box<Expr>>,
    },
    /// A string in a tracepoint's record, at this offset from the context.
    ContextStr {
        /// From the context's start; for `data_loc`, of the word that says where.
        offset: u16,
        /// `__data_loc`
        data_loc: bool,
    },
    /// A builtin.
    Builtin(crate::builtins::Id),
    /// The return address `n` frames up: 0 is the probed function's caller.
    Caller {
        /// Frames up.
        n: u32,
        /// The site is in the function's body, behind the set-up of its frame.
        inside: bool,
    },
    /// Distance from the base of the stack to the probed function's frame.
    Frame {
        /// As for `Caller`.
        inside: bool,
    },
    /// A stack.
    Stack {
        /// Of the process, not the kernel.
        user: bool,
        /// Most frames.
        depth: u32,
    },
}

/// Arithmetic and bit operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div { signed: bool },
    Rem { signed: bool },
    And,
    Or,
    Xor,
    Shl,
    Shr { signed: bool },
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Compare {
    Eq,
    Ne,
    Lt { signed: bool },
    Le { signed: bool },
    Gt { signed: bool },
    Ge { signed: bool },
}

impl Ty {
    /// `bool`
    pub const BOOL: Ty = Ty::Value(artifact::Type::Bool);
    /// `uint64`
    pub const U64: Ty = Ty::Value(artifact::Type::U64);
    /// `int64`
    pub const I64: Ty = Ty::Value(artifact::Type::I64);
    /// No value.
    pub const NONE: Ty = Ty::Value(artifact::Type::None);

    /// A string of at most `max` bytes.
    pub fn string(max: u32) -> Ty {
        Ty::Value(artifact::Type::Str { max })
    }

    /// The type that records and maps hold it as.
    pub fn stored(&self) -> artifact::Type {
        match self {
            Ty::Unknown => artifact::Type::None,
            Ty::Value(ty) => ty.clone(),
            Ty::Tuple(parts) => artifact::Type::Tuple(parts.iter().map(Ty::stored).collect()),
            Ty::Pointer(_) => artifact::Type::Pointer,
        }
    }

    /// Whether it can be calculated with.
    pub fn is_integer(&self) -> bool {
        matches!(self, Ty::Value(artifact::Type::Int { .. } | artifact::Type::Bool | artifact::Type::Enum(_)))
    }

    /// Whether it is compared and divided signed.
    pub fn is_signed(&self) -> bool {
        matches!(self, Ty::Value(artifact::Type::Int { signed: true, .. }))
    }

    /// Whether it fits a register.
    pub fn is_scalar(&self) -> bool {
        match self {
            Ty::Value(ty) => ty.is_scalar(),
            Ty::Pointer(_) => true,
            Ty::Unknown | Ty::Tuple(_) => false,
        }
    }

    /// Whether it is a string.
    pub fn is_string(&self) -> bool {
        matches!(self, Ty::Value(artifact::Type::Str { .. }))
    }
}
