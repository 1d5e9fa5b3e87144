//! Random programs that are well-formed and end: variables that all live to the end, slots,
//! branches, bounded loops and calls.

use gprobe_compiler::artifact::ProgramKind;
use gprobe_compiler::ir::{
    BinOp, Block, BlockId, Cond, Helper, Inst, Operand, Program, Role, Size, Slot, SlotId, SlotPlace,
    Terminator, Unit, VReg,
};
use proptest::prelude::*;

/// Bytes of the context.
pub(crate) const CONTEXT_BYTES: i16 = 64;
/// Bytes of each slot; those above 64 go to scratch memory.
const SLOTS: [u32; 4] = [16, 24, 72, 80];
/// Helpers whose answers only depend on their arguments, with how many those are.
pub(crate) const HELPERS: [(Helper, usize); 4] = [
    (Helper::KtimeGetNs, 0),
    (Helper::GetAttachCookie, 1),
    (Helper::ProbeReadUser, 3),
    (Helper::GetStackid, 5),
];

/// A variable, taken modulo how many there are, or a constant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Var(u8),
    Constant(i64),
}

/// A place in a slot; taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    slot: u8,
    at: u8,
}

/// A piece of a program.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Copy(u8, Value),
    Bin(BinOp, u8, Value, Value),
    /// As `Bin`, by way of registers that are assigned once.
    Detour(BinOp, u8, Value, Value),
    Extend(u8, Value, Size, bool),
    Context(u8, u8, Size),
    Load(u8, Place, Size),
    Store(Place, Value, Size),
    /// Stores through a pointer that a comparison chooses.
    Choose(Cond, Value, Value, Place, Place, Value),
    Call(u8, u8, [Value; 5]),
    If(Cond, Value, Value, Vec<Step>, Vec<Step>),
    Repeat(u8, Vec<Step>),
    Return(Cond, Value, Value),
}

/// A program's parts.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    vars: u8,
    steps: Vec<Step>,
}

fn value() -> BoxedStrategy<Value> {
    let constant = prop_oneof![
        -3..70i64,
        any::<i64>(),
        any::<i32>().prop_map(i64::from),
        (0..64u32).prop_map(|bit| 1i64 << bit),
        Just(i64::from(i32::MAX)),
        Just(i64::from(i32::MAX) + 1),
        Just(i64::from(i32::MIN) - 1),
        Just(i64::from(u32::MAX)),
    ];
    prop_oneof![3 => any::<u8>().prop_map(Value::Var), 1 => constant.prop_map(Value::Constant)].boxed()
}

fn place() -> BoxedStrategy<Place> {
    (any::<u8>(), any::<u8>()).prop_map(|(slot, at)| Place { slot, at }).boxed()
}

fn step() -> impl Strategy<Value = Step> {
    let op = || proptest::sample::select(BinOp::ALL.to_vec());
    let cond = || proptest::sample::select(Cond::ALL.to_vec());
    let size = || proptest::sample::select(Size::ALL.to_vec());
    let var = any::<u8>;
    let leaf = prop_oneof![
        2 => (var(), value()).prop_map(|(d, s)| Step::Copy(d, s)),
        4 => (op(), var(), value(), value()).prop_map(|(o, d, a, b)| Step::Bin(o, d, a, b)),
        2 => (op(), var(), value(), value()).prop_map(|(o, d, a, b)| Step::Detour(o, d, a, b)),
        2 => (var(), value(), size(), any::<bool>()).prop_map(|(d, v, s, g)| Step::Extend(d, v, s, g)),
        1 => (var(), any::<u8>(), size()).prop_map(|(d, at, s)| Step::Context(d, at, s)),
        2 => (var(), place(), size()).prop_map(|(d, p, s)| Step::Load(d, p, s)),
        2 => (place(), value(), size()).prop_map(|(p, v, s)| Step::Store(p, v, s)),
        1 => (cond(), value(), value(), place(), place(), value())
            .prop_map(|(c, a, b, p, q, v)| Step::Choose(c, a, b, p, q, v)),
        2 => (var(), any::<u8>(), [value(), value(), value(), value(), value()])
            .prop_map(|(d, h, args)| Step::Call(d, h, args)),
        1 => (cond(), value(), value()).prop_map(|(c, a, b)| Step::Return(c, a, b)),
    ];
    leaf.prop_recursive(3, 40, 6, move |inner| {
        let inner = || proptest::collection::vec(inner.clone(), 0..6);
        prop_oneof![
            (cond(), value(), value(), inner(), inner())
                .prop_map(|(c, a, b, then, otherwise)| Step::If(c, a, b, then, otherwise)),
            (0..4u8, inner()).prop_map(|(count, body)| Step::Repeat(count, body)),
        ]
    })
}

/// Recipes of programs with few to many variables.
pub(crate) fn recipe() -> impl Strategy<Value = Recipe> {
    (1..26u8, proptest::collection::vec(step(), 0..24)).prop_map(|(vars, steps)| Recipe { vars, steps })
}

/// Makes the program.
pub(crate) fn build(recipe: &Recipe) -> Unit {
    let mut builder = Builder {
        vars: u32::from(recipe.vars),
        next: u32::from(recipe.vars),
        blocks: vec![None],
        current: 0,
        insts: Vec::new(),
    };
    builder.begin();
    builder.steps(&recipe.steps);
    builder.finish();
    let blocks = builder.blocks.into_iter().map(Option::unwrap).collect();
    let slots =
        SLOTS.iter().map(|&size| Slot { size, place: SlotPlace::Any, name: format!("of {size}") }).collect();
    let (symbol, kind) = ("generated".to_owned(), ProgramKind::TestRun);
    let program = Program { symbol, role: Role::Main, kind, blocks, vregs: builder.next, slots };
    Unit { programs: vec![program], maps: Vec::new() }
}

struct Builder {
    vars: u32,
    next: u32,
    blocks: Vec<Option<Block>>,
    current: usize,
    insts: Vec<Inst>,
}

impl Builder {
    fn fresh(&mut self) -> VReg {
        self.next += 1;
        VReg(self.next - 1)
    }

    fn var(&self, var: u8) -> VReg {
        VReg(u32::from(var) % self.vars)
    }

    fn value(&self, value: Value) -> Operand {
        match value {
            Value::Var(var) => self.var(var).into(),
            Value::Constant(value) => value.into(),
        }
    }

    fn reserve(&mut self) -> BlockId {
        self.blocks.push(None);
        BlockId(self.blocks.len() as u32 - 1)
    }

    /// Ends the block, and goes on in `next`.
    fn end(&mut self, end: Terminator, next: BlockId) {
        let insts = std::mem::take(&mut self.insts);
        self.blocks[self.current] = Some(Block { insts, end });
        self.current = next.0 as usize;
    }

    fn branch(&mut self, cond: Cond, a: Value, b: Value, then: BlockId, otherwise: BlockId) -> Terminator {
        Terminator::Branch { cond, a: self.value(a), b: self.value(b), then, otherwise }
    }

    /// Gives every variable and every byte of the slots a value.
    fn begin(&mut self) {
        let context = self.fresh();
        self.insts.push(Inst::Context { dst: context });
        for var in 0..self.vars {
            let offset = (var as i16 * 8) % CONTEXT_BYTES;
            self.insts.push(Inst::Load { dst: VReg(var), base: context, offset, size: Size::B8 });
        }
        for (slot, size) in SLOTS.iter().enumerate() {
            let base = self.fresh();
            self.insts.push(Inst::SlotAddr { dst: base, slot: SlotId(slot as u32), offset: 0 });
            for offset in (0..*size as i16).step_by(8) {
                let src = Operand::Imm(i64::from(offset) * 0x0101_0101);
                self.insts.push(Inst::Store { base, offset, src, size: Size::B8 });
            }
        }
    }

    /// Mixes all there is into the result, so that every difference shows.
    fn finish(&mut self) {
        let mut mixed = self.fresh();
        self.insts.push(Inst::Copy { dst: mixed, src: Operand::Imm(17) });
        let mut parts: Vec<VReg> = (0..self.vars).map(VReg).collect();
        for (slot, size) in SLOTS.iter().enumerate() {
            let base = self.fresh();
            self.insts.push(Inst::SlotAddr { dst: base, slot: SlotId(slot as u32), offset: 0 });
            for offset in (0..*size as i16).step_by(8) {
                let dst = self.fresh();
                self.insts.push(Inst::Load { dst, base, offset, size: Size::B8 });
                parts.push(dst);
            }
        }
        for part in parts {
            let (scaled, sum) = (self.fresh(), self.fresh());
            self.insts.push(Inst::Bin { op: BinOp::Mul, dst: scaled, a: mixed.into(), b: Operand::Imm(31) });
            self.insts.push(Inst::Bin { op: BinOp::Xor, dst: sum, a: scaled.into(), b: part.into() });
            mixed = sum;
        }
        self.end(Terminator::Return(mixed.into()), BlockId(0));
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
        }
    }

    /// The address of an aligned place, as base and offset.
    fn place(&mut self, place: Place, size: Size) -> (VReg, i16) {
        let slot = usize::from(place.slot) % SLOTS.len();
        let at = u32::from(place.at) % (SLOTS[slot] / size.bytes()) * size.bytes();
        let dst = self.fresh();
        // Sometimes in the address, sometimes in the access.
        let (offset, rest) = if place.slot & 0x80 == 0 { (at, 0) } else { (0, at as i16) };
        self.insts.push(Inst::SlotAddr { dst, slot: SlotId(slot as u32), offset });
        (dst, rest)
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Copy(dst, src) => {
                self.insts.push(Inst::Copy { dst: self.var(*dst), src: self.value(*src) });
            }
            Step::Bin(op, dst, a, b) => {
                let (dst, a, b) = (self.var(*dst), self.value(*a), self.value(*b));
                self.insts.push(Inst::Bin { op: *op, dst, a, b });
            }
            Step::Detour(op, dst, a, b) => {
                let (left, right, result) = (self.fresh(), self.fresh(), self.fresh());
                self.insts.push(Inst::Copy { dst: left, src: self.value(*a) });
                self.insts.push(Inst::Copy { dst: right, src: self.value(*b) });
                self.insts.push(Inst::Bin { op: *op, dst: result, a: left.into(), b: right.into() });
                self.insts.push(Inst::Copy { dst: self.var(*dst), src: result.into() });
            }
            Step::Extend(dst, src, size, signed) => {
                let (dst, src) = (self.var(*dst), self.value(*src));
                self.insts.push(Inst::Extend { dst, src, size: *size, signed: *signed });
            }
            Step::Context(dst, at, size) => {
                let (dst, base) = (self.var(*dst), self.fresh());
                let bytes = size.bytes() as i16;
                let offset = i16::from(*at) % (CONTEXT_BYTES / bytes) * bytes;
                self.insts.push(Inst::Context { dst: base });
                self.insts.push(Inst::Load { dst, base, offset, size: *size });
            }
            Step::Load(dst, place, size) => {
                let (base, offset) = self.place(*place, *size);
                self.insts.push(Inst::Load { dst: self.var(*dst), base, offset, size: *size });
            }
            Step::Store(place, src, size) => {
                let (base, offset) = self.place(*place, *size);
                self.insts.push(Inst::Store { base, offset, src: self.value(*src), size: *size });
            }
            Step::Choose(cond, a, b, first, second, src) => {
                let pointer = self.fresh();
                let (other, after) = (self.reserve(), self.reserve());
                let (base, offset) = self.place(*first, Size::B8);
                let b_offset = Operand::Imm(i64::from(offset));
                self.insts.push(Inst::Bin { op: BinOp::Add, dst: pointer, a: base.into(), b: b_offset });
                let end = self.branch(*cond, *a, *b, other, after);
                self.end(end, other);
                let (base, offset) = self.place(*second, Size::B8);
                let b_offset = Operand::Imm(i64::from(offset));
                self.insts.push(Inst::Bin { op: BinOp::Add, dst: pointer, a: base.into(), b: b_offset });
                self.end(Terminator::Jump(after), after);
                let src = self.value(*src);
                self.insts.push(Inst::Store { base: pointer, offset: 0, src, size: Size::B8 });
            }
            Step::Call(dst, helper, args) => {
                let (helper, count) = HELPERS[usize::from(*helper) % HELPERS.len()];
                let args = args[..count].iter().map(|arg| self.value(*arg)).collect();
                self.insts.push(Inst::Call { dst: Some(self.var(*dst)), helper, args });
            }
            Step::If(cond, a, b, then, otherwise) => {
                let (yes, no, after) = (self.reserve(), self.reserve(), self.reserve());
                let end = self.branch(*cond, *a, *b, yes, no);
                self.end(end, yes);
                self.steps(then);
                self.end(Terminator::Jump(after), no);
                self.steps(otherwise);
                self.end(Terminator::Jump(after), after);
            }
            Step::Repeat(count, body) => {
                let counter = self.fresh();
                let (head, inside, after) = (self.reserve(), self.reserve(), self.reserve());
                self.insts.push(Inst::Copy { dst: counter, src: Operand::Imm(0) });
                self.end(Terminator::Jump(head), head);
                let (a, b) = (counter.into(), Operand::Imm(i64::from(*count)));
                let end = Terminator::Branch { cond: Cond::Lt, a, b, then: inside, otherwise: after };
                self.end(end, inside);
                self.steps(body);
                self.insts.push(Inst::Bin { op: BinOp::Add, dst: counter, a, b: Operand::Imm(1) });
                self.end(Terminator::Jump(head), after);
            }
            Step::Return(cond, a, b) => {
                let (leave, stay) = (self.reserve(), self.reserve());
                let end = self.branch(*cond, *a, *b, leave, stay);
                self.end(end, leave);
                let result = self.value(*a);
                self.end(Terminator::Return(result), stay);
            }
        }
    }
}
