//! The typed program: every site found, every expression typed, every value located.

use gprobe_lang::source::Span;
use gprobe_symbols::TypeId;

use crate::artifact::{self, Action, Attach, BinaryInfo, EnumTable, MapInfo, ProgramKind};
use crate::runtime_layout::RuntimeLayout;

pub use super::narrow::Narrow;

/// A whole script.
#[derive(Clone, Debug)]
pub struct Program {
    /// One for each BPF program to be.
    pub probes: Vec<Probe>,
    /// The script's maps.
    pub maps: Vec<MapInfo>,
    /// What records mean; their fields are laid out.
    pub actions: Vec<Action>,
    /// Names of probes, by [`SiteInfo::probe`](artifact::SiteInfo::probe).
    pub probe_names: Vec<String>,
    /// Names of enumerated values.
    pub enums: Vec<EnumTable>,
    /// Files that uprobes go into.
    pub binaries: Vec<BinaryInfo>,
    /// How Go values are captured.
    pub go_values: Vec<artifact::GoCapture>,
    /// Where the Go runtime keeps goroutines and threads, where a probe goes over them.
    pub go_lists: Option<artifact::GoLists>,
    /// The Go program that their types are of.
    pub go_program: Option<crate::target::TargetBinary>,
    /// What is declared of maps, by [`MapIndex`].
    pub declared: Vec<Option<(crate::ir::MapKind, u32)>>,
    /// Whether maps are printed at the end.
    pub print_maps_on_exit: bool,
    /// How values are shown.
    pub show: artifact::Show,
    /// The runtime's offsets, where a probe reads them.
    pub runtime: Option<RuntimeLayout>,
    /// How programs are narrowed to processes that run an executable.
    pub narrow: Option<Narrow>,
    /// Whether a hit of a probe looks at what an earlier one has noted.
    pub keeps_state: bool,
    /// What later programs of the session are to know.
    pub for_later: super::Earlier,
}

impl Probe {
    /// A probe that gprobe itself needs.
    pub(crate) fn own(kind: ProgramKind, attach: Attach) -> Self {
        Self {
            title: "begin".into(),
            kind,
            attach,
            g_in_r14: false,
            checks_flags: false,
            cookie: Some(0),
            predicate: None,
            body: Vec::new(),
            vars: Vec::new(),
            span: Span::new(gprobe_lang::source::SourceId(0), 0, 0),
        }
    }
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
    /// ([`artifact::COOKIE_CHECK_FLAGS`]).
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Of a number that is written in the script and not below 0: it takes the other side's type. The
    /// bytes of the smallest signed type that holds it.
    Literal(u8),
    /// The parts of a tuple, some of which may be pointers.
    Tuple(Vec<Ty>),
    /// The same, with names.
    Record(Vec<(String, Ty)>),
    /// An address with a type behind it.
    Pointer(Pointee),
}

/// What is behind an address.
#[derive(Clone, Debug, PartialEq)]
pub enum Pointee {
    /// A value of C.
    C {
        /// Its type.
        ty: artifact::CType,
        /// In the kernel's memory.
        kernel: bool,
    },
    /// A Go value of the target's executable.
    Go(TypeId),
    /// A variable of the script itself.
    Own(Box<Ty>),
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
    /// `return`, in a test with its result.
    Return {
        /// Index of the [`Action::Result`], and the value.
        result: Option<(usize, Expr)>,
    },
    /// A block.
    Scope(Vec<Stmt>),
    /// Sets a variable to zeros, where it is declared.
    Zero(VarId),
    /// `while`
    While {
        /// Looked at before each round.
        cond: Expr,
        /// What is repeated.
        body: Vec<Stmt>,
    },
    /// `for ($i : from..to)`
    ForRange {
        /// Counts up.
        var: VarId,
        /// The first number.
        from: Expr,
        /// The first that is not reached.
        to: Expr,
        /// What is repeated.
        body: Vec<Stmt>,
    },
    /// `for ($kv : @m)`
    ForMap {
        /// Which.
        map: MapIndex,
        /// Key and value.
        var: VarId,
        /// What is done for each element.
        body: Vec<Stmt>,
    },
    /// `unroll (n) { ... }`
    Unroll {
        /// How often.
        count: u32,
        /// What is repeated.
        body: Vec<Stmt>,
    },
    /// A loop of the compiler's own that was left before its end, which is told.
    CutOff(Span),
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `signal(...)`
    Signal {
        /// The signal's number.
        number: Expr,
        /// Only to the thread.
        thread: bool,
    },
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
    /// A Go value with what it points to.
    GoValue {
        /// Index of its capture in [`Program::go_values`].
        capture: u32,
        /// Its bytes.
        image: GoImage,
    },
    /// Constant bytes.
    Bytes(Vec<u8>),
    /// A C array or struct in memory.
    ReadC {
        /// Where.
        addr: Box<Expr>,
        /// In the kernel's memory.
        kernel: bool,
    },
    /// A part of a value in the script's own memory.
    Part {
        /// The whole.
        of: Box<Expr>,
        /// Bytes from its start.
        offset: u32,
        /// More bytes, known only at run time.
        index: Option<PartIndex>,
        /// Of a scalar: 1, 2, 4 or 8.
        bytes: u8,
        /// Of a scalar: sign-extended.
        signed: bool,
    },
    /// Bits of a scalar.
    Bits {
        /// The word.
        value: Box<Expr>,
        /// The first one.
        shift: u32,
        /// How many, 1 to 64.
        width: u32,
        /// Sign-extended.
        signed: bool,
    },
    /// A number's bytes as a C array.
    FromInt(Box<Expr>),
    /// Bytes at an address, or of a value: a buffer.
    Buf {
        /// Where, or what.
        from: Box<Expr>,
        /// How many, where that is known only at run time.
        limit: Option<Box<Expr>>,
    },
    /// `strlen(s)`
    StrLen(Box<Expr>),
    /// `strcontains(s, t)` and `strstr(s, t)`
    StrFind {
        /// Where it is looked for.
        text: Box<Expr>,
        /// What is looked for.
        part: Box<Expr>,
        /// Gives where, -1 where it is not; else whether.
        position: bool,
    },
    /// `strncmp(a, b, n)`, and `memcmp`: 0 where the first bytes are equal, else their difference.
    StrCmp {
        /// Left.
        a: Box<Expr>,
        /// Right.
        b: Box<Expr>,
        /// At most so many bytes.
        most: u32,
        /// A 0 does not end it.
        whole: bool,
    },
    /// The bytes of a number the other way round.
    Swap {
        /// The number.
        value: Box<Expr>,
        /// 2, 4 or 8.
        bytes: u8,
    },
    /// `len(@m)`
    MapLen(MapIndex),
    /// An aggregation's value, all CPUs joined.
    Aggregated(MapIndex, Vec<Expr>),
    /// `find(@m, key, $out)`
    Find {
        /// Which.
        map: MapIndex,
        /// The key's parts.
        key: Vec<Expr>,
        /// Gets the element, where there is one.
        var: VarId,
    },
    /// A value of which there are copies: the first that is met is evaluated; the number is its own.
    Once(VarId, Box<Expr>),
    /// `{ stmts; value }`
    Block(Vec<Stmt>, Box<Expr>),
    /// An IP address.
    Inet {
        /// 4 or 16.
        len: u32,
        /// A number, or a C array of that many bytes.
        value: Box<Expr>,
    },
    /// A division.
    Divide {
        /// The remainder, not the quotient.
        remainder: bool,
        /// Of signed numbers.
        signed: bool,
        /// Divided.
        a: Box<Expr>,
        /// By this; 1 is used for 0.
        b: Box<Expr>,
    },
    /// How many frames a stack has.
    StackLen {
        /// Of the process, not the kernel.
        user: bool,
        /// Most frames.
        depth: u32,
    },
    /// Where a variable is.
    AddressOf(VarId),
    /// An integer in the kernel's memory, or the script's own.
    ReadKernel {
        /// Where.
        addr: Box<Expr>,
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Sign-extended.
        signed: bool,
    },
    /// `nsecs(tai)`
    TaiClock,
    /// `nsecs(monotonic)`
    MonotonicClock,
    /// An integer in the target's memory.
    ReadUser {
        /// Where.
        addr: Box<Expr>,
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Sign-extended.
        signed: bool,
    },
    /// Eight bytes of the target's memory that it may never have touched: a page that isn't there is zeros.
    ReadFresh(Box<Expr>),
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
        /// The probed function's own.
        own: OwnFrame,
    },
    /// The first return address up the stack that is not below `end`.
    OutsideCaller {
        /// Where the runtime's functions end.
        end: u64,
        /// The probed function's own frame.
        own: OwnFrame,
    },
    /// Distance from the base of the stack to the probed function's frame.
    Frame {
        /// Its own frame.
        own: OwnFrame,
    },
    /// A pprof label of the goroutine.
    GoLabel {
        /// Its name.
        key: Vec<u8>,
        /// How the program keeps them.
        labels: LabelSet,
    },
    /// The address of the kernel's `task_struct` of the thread.
    CurrentTask,
    /// The text of a `char` array in the script's own memory.
    OwnChars(Box<Expr>),
    /// The goroutine's stack.
    GoStack(StackStart),
    /// A stack.
    Stack {
        /// Of the process, not the kernel.
        user: bool,
        /// Most frames.
        depth: u32,
    },
}

/// How a Go program keeps a goroutine's pprof labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelSet {
    /// In a slice of keys and values, since Go 1.24.
    List {
        /// Bytes from what `g.labels` points to, to the slice.
        offset: u32,
    },
    /// In a map of the layout before Go 1.24, to whose pointer `g.labels` points.
    Map {
        /// Bytes from the map's start to `B`.
        shift: u32,
        /// Bytes from the map's start to `buckets`.
        buckets: u32,
    },
}

/// Where the frame of the function is that a site is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnFrame {
    /// There is none: the stack pointer is at the return address, and RBP is still, or again, the caller's.
    None,
    /// The return address is so many bytes above the stack pointer; RBP need not lead there: behind a call of C it
    /// is what it was before, also where the stack has moved meanwhile.
    Above(u64),
    /// RBP leads to it.
    ByPointer,
}

/// From where a goroutine's stack is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackStart {
    /// Registers at a function's entry or return, where the caller's frame is still or again current.
    Entry,
    /// Registers in the middle of a function, with its frame.
    Inside(OwnFrame),
    /// What the kernel and the runtime have kept of the thread.
    Elsewhere,
    /// What the runtime has kept of the goroutine: no probe interrupts it.
    Iterate,
}

/// The bytes of a Go value.
#[derive(Clone, Debug, PartialEq)]
pub enum GoImage {
    /// In the target's memory.
    Memory(Box<Expr>),
    /// In parts: the offset of each, its bytes, and a scalar.
    Parts(Vec<(u32, u8, Expr)>),
}

/// An index into a value in the script's own memory.
#[derive(Clone, Debug, PartialEq)]
pub struct PartIndex {
    /// Which element.
    pub index: Box<Expr>,
    /// Bytes of an element.
    pub stride: u32,
    /// How many elements there are.
    pub len: u32,
}

/// Arithmetic and bit operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum Arith {
    Add,
    Sub,
    Mul,
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
            Ty::Literal(bytes) => artifact::Type::Int { bytes: *bytes, signed: true },
            Ty::Record(parts) => {
                artifact::Type::Record(parts.iter().map(|(n, t)| (n.clone(), t.stored())).collect())
            }
            Ty::Tuple(parts) => artifact::Type::Tuple(parts.iter().map(Ty::stored).collect()),
            Ty::Pointer(_) => artifact::Type::Pointer,
        }
    }

    /// Whether it can be calculated with.
    pub fn is_integer(&self) -> bool {
        matches!(
            self,
            Ty::Literal(_)
                | Ty::Value(artifact::Type::Int { .. } | artifact::Type::Bool | artifact::Type::Enum(_))
        )
    }

    /// Whether it is compared and divided signed.
    pub fn is_signed(&self) -> bool {
        matches!(self, Ty::Literal(_) | Ty::Value(artifact::Type::Int { signed: true, .. }))
    }

    /// Whether it fits a register.
    pub fn is_scalar(&self) -> bool {
        match self {
            Ty::Value(ty) => ty.is_scalar(),
            Ty::Pointer(_) | Ty::Literal(_) => true,
            Ty::Unknown | Ty::Tuple(_) | Ty::Record(_) => false,
        }
    }

    /// A number of this size.
    pub fn int(bytes: u8, signed: bool) -> Ty {
        Ty::Value(artifact::Type::Int { bytes, signed })
    }

    /// Whether it is a number, or is used as one: an address, a time.
    pub fn is_number(&self) -> bool {
        self.is_integer()
            || matches!(
                self,
                Ty::Pointer(_)
                    | Ty::Value(
                        artifact::Type::Pointer
                            | artifact::Type::UserSymbol
                            | artifact::Type::UserFunction
                            | artifact::Type::KernelSymbol
                            | artifact::Type::Timestamp(_)
                            | artifact::Type::Duration
                            | artifact::Type::Size
                    )
            )
    }

    /// Whether it is a string.
    pub fn is_string(&self) -> bool {
        matches!(self, Ty::Value(artifact::Type::Str { .. }))
    }
}
