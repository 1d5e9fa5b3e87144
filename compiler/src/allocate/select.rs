//! Chooses instructions: IR becomes the machine's two-address code, still on virtual registers.
//!
//! A register that is assigned once, and there a constant, a map or the address of a slot, needs no
//! register: its value is made where it is used.

use super::code::{Arg, Base, Block, Code, Inst, Source, Terminator};
use super::stack::{Place, Placed};
use crate::ir::{self, BinOp, Cond, MapId, Operand, Size, VReg, renumber_reachable};

/// A value that costs nothing to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Imm(i64),
    Reg(VReg),
    Map(MapId),
    /// An address in the stack.
    Frame(i32),
    /// An address in the scratch entry.
    Scratch(i32),
}

/// Translates a program.
pub(super) fn select(placed: &Placed) -> Code {
    let program = &placed.program;
    let context = VReg(program.vregs);
    let mut selector = Selector {
        placed,
        context,
        known: vec![None; program.vregs as usize],
        vregs: program.vregs + 1,
        out: Vec::new(),
    };
    selector.find_known();
    let mut blocks = Vec::with_capacity(program.blocks.len());
    let uses_context = program
        .blocks
        .iter()
        .flat_map(|block| &block.insts)
        .any(|inst| matches!(inst, ir::Inst::Context { .. }));
    if uses_context {
        selector.out.push(Inst::Entry { dst: context, index: 1 });
    }
    // Before any call overwrites them.
    for inst in program.blocks.iter().flat_map(|block| &block.insts) {
        if let ir::Inst::Argument { dst, index } = inst {
            selector.out.push(Inst::Entry { dst: *dst, index: *index });
        }
    }
    for block in &program.blocks {
        for inst in &block.insts {
            selector.inst(inst);
        }
        let end = selector.terminator(&block.end);
        blocks.push(Block { insts: std::mem::take(&mut selector.out), end });
    }
    let vregs = selector.vregs;
    // Branches on constants are gone now, and the kernel refuses what cannot be reached.
    drop_unreachable(&mut blocks);
    Code { symbol: program.symbol.clone(), role: program.role, kind: program.kind, blocks, vregs, spills: 0 }
}

fn drop_unreachable(blocks: &mut Vec<Block>) {
    let ids = renumber_reachable(blocks.len(), |id| {
        blocks.get(id).map_or_else(Vec::new, |block| block.end.successors())
    });
    let mut kept = ids.iter().map(Option::is_some);
    blocks.retain(|_| kept.next().unwrap_or(true));
    for block in blocks {
        block.end.retarget(|to| ids.get(to.0 as usize).copied().flatten().unwrap_or(to));
    }
}

struct Selector<'a> {
    placed: &'a Placed,
    /// Holds the context from the entry on.
    context: VReg,
    /// By register: what it always holds.
    known: Vec<Option<Value>>,
    vregs: u32,
    out: Vec<Inst>,
}

impl Selector<'_> {
    /// Fills in `known`.
    fn find_known(&mut self) {
        let mut assignments = vec![0u32; self.known.len()];
        let insts: Vec<&ir::Inst> =
            self.placed.program.blocks.iter().flat_map(|block| &block.insts).collect();
        for reg in insts.iter().filter_map(|inst| inst.assigned()) {
            if let Some(count) = assignments.get_mut(reg.0 as usize) {
                *count += 1;
            }
        }
        let mut changed = true;
        while changed {
            changed = false;
            for inst in &insts {
                let Some(dst) = inst.assigned().map(|reg| reg.0 as usize) else { continue };
                if assignments.get(dst) != Some(&1) {
                    continue;
                }
                let value = self.constant_value(inst);
                if let Some(known @ None) = self.known.get_mut(dst)
                    && value.is_some()
                {
                    *known = value;
                    changed = true;
                }
            }
        }
    }

    /// What the instruction always assigns, if that is known.
    fn constant_value(&self, inst: &ir::Inst) -> Option<Value> {
        let known = |operand| match self.value(operand) {
            // Other registers than the context change.
            Value::Reg(reg) => (reg == self.context).then_some(Value::Reg(reg)),
            value => Some(value),
        };
        match inst {
            ir::Inst::Copy { src, .. } => known(*src),
            ir::Inst::Context { .. } => Some(Value::Reg(self.context)),
            ir::Inst::MapRef { map, .. } => Some(Value::Map(*map)),
            ir::Inst::SlotAddr { slot, offset, .. } => {
                let offset = i32::try_from(*offset).ok()?;
                match self.placed.places.get(slot.0 as usize)? {
                    Place::Frame(start) => start.checked_add(offset).map(Value::Frame),
                    Place::Scratch(start) => start.checked_add(offset).map(Value::Scratch),
                }
            }
            ir::Inst::Bin { op: BinOp::Add, a, b, .. } => match (known(*a)?, known(*b)?) {
                (Value::Frame(start), Value::Imm(more)) | (Value::Imm(more), Value::Frame(start)) => {
                    moved(start, more).map(Value::Frame)
                }
                (Value::Scratch(start), Value::Imm(more)) | (Value::Imm(more), Value::Scratch(start)) => {
                    moved(start, more).map(Value::Scratch)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn new_reg(&mut self) -> VReg {
        self.vregs += 1;
        VReg(self.vregs - 1)
    }

    fn value(&self, operand: Operand) -> Value {
        match operand {
            Operand::Imm(value) => Value::Imm(value),
            Operand::Reg(reg) => self.known.get(reg.0 as usize).copied().flatten().unwrap_or(Value::Reg(reg)),
        }
    }

    /// Emits `dst = value`.
    fn put(&mut self, dst: VReg, value: Value) {
        match value {
            Value::Imm(value) => self.out.push(Inst::LoadImm { dst, value }),
            Value::Reg(src) if src == dst => {}
            Value::Reg(src) => self.out.push(Inst::Move { dst, src }),
            Value::Map(map) => self.out.push(Inst::LoadMap { dst, map }),
            Value::Frame(offset) => self.out.push(Inst::FrameAddr { dst, offset }),
            Value::Scratch(offset) => {
                // Only places in scratch memory give such values, and then there is a base.
                let src = self.placed.scratch.unwrap_or(self.context);
                self.out.push(Inst::Move { dst, src });
                self.out.push(Inst::Bin { op: BinOp::Add, dst, src: Source::Imm(offset) });
            }
        }
    }

    /// A register with the value.
    fn reg(&mut self, value: Value) -> VReg {
        match value {
            Value::Reg(reg) => reg,
            value => {
                let reg = self.new_reg();
                self.put(reg, value);
                reg
            }
        }
    }

    fn source(&mut self, value: Value) -> Source {
        match value {
            Value::Imm(imm) => match i32::try_from(imm) {
                Ok(imm) => Source::Imm(imm),
                Err(_) => Source::Reg(self.reg(value)),
            },
            value => Source::Reg(self.reg(value)),
        }
    }

    fn place(&mut self, base: VReg, offset: i16) -> (Base, i16) {
        let value = self.value(base.into());
        let sum = |start: i32| i16::try_from(i64::from(start) + i64::from(offset)).ok();
        match value {
            Value::Frame(start) => {
                if let Some(offset) = sum(start) {
                    return (Base::Frame, offset);
                }
            }
            Value::Scratch(start) => {
                if let (Some(offset), Some(scratch)) = (sum(start), self.placed.scratch) {
                    return (Base::Reg(scratch), offset);
                }
            }
            Value::Imm(_) | Value::Reg(_) | Value::Map(_) => {}
        }
        (Base::Reg(self.reg(value)), offset)
    }

    fn inst(&mut self, inst: &ir::Inst) {
        // What is made where it is used needs no code here.
        if inst.assigned().is_some_and(|reg| self.known.get(reg.0 as usize).is_some_and(Option::is_some)) {
            return;
        }
        match inst {
            ir::Inst::Copy { dst, src } => self.put(*dst, self.value(*src)),
            ir::Inst::Bin { op, dst, a, b } => self.bin(*op, *dst, self.value(*a), self.value(*b)),
            ir::Inst::Extend { dst, src, size, signed } => {
                self.extend(*dst, self.value(*src), *size, *signed);
            }
            ir::Inst::Context { dst } => self.put(*dst, Value::Reg(self.context)),
            ir::Inst::Argument { .. } => {}
            ir::Inst::FuncRef { dst, program } => {
                self.out.push(Inst::LoadFunc { dst: *dst, program: *program });
            }
            ir::Inst::Load { dst, base, offset, size } => {
                let (base, offset) = self.place(*base, *offset);
                self.out.push(Inst::Load { dst: *dst, base, offset, size: *size });
            }
            ir::Inst::Store { base, offset, src, size } => {
                let (base, offset) = self.place(*base, *offset);
                let src = match self.value(*src) {
                    Value::Imm(imm) => self.source(Value::Imm(truncated(imm, *size))),
                    value => self.source(value),
                };
                self.out.push(Inst::Store { base, offset, src, size: *size });
            }
            ir::Inst::Atomic { op, base, offset, src } => {
                let (base, offset) = self.place(*base, *offset);
                let src = self.reg(self.value((*src).into()));
                self.out.push(Inst::Atomic { op: *op, base, offset, src });
            }
            ir::Inst::SlotAddr { dst, .. } | ir::Inst::MapRef { dst, .. } => {
                if let Some(value) = self.constant_value(inst) {
                    self.put(*dst, value);
                }
            }
            ir::Inst::Call { dst, helper, args } => {
                let args = args.iter().map(|arg| self.arg(*arg)).collect();
                self.out.push(Inst::Call { dst: *dst, helper: *helper, args });
            }
        }
    }

    fn arg(&self, arg: Operand) -> Arg {
        match self.value(arg) {
            Value::Imm(imm) => Arg::Imm(imm),
            Value::Reg(reg) => Arg::Reg(reg, 0),
            Value::Map(map) => Arg::Map(map),
            Value::Frame(offset) => Arg::Frame(offset),
            Value::Scratch(offset) => Arg::Reg(self.placed.scratch.unwrap_or(self.context), offset),
        }
    }

    fn bin(&mut self, op: BinOp, dst: VReg, a: Value, b: Value) {
        if let (Value::Imm(a), Value::Imm(b)) = (a, b) {
            return self.put(dst, Value::Imm(op.apply(a, b)));
        }
        let commutes = matches!(op, BinOp::Add | BinOp::Mul | BinOp::And | BinOp::Or | BinOp::Xor);
        let in_b = b == Value::Reg(dst) && a != b;
        let exchange = commutes && (in_b || matches!(a, Value::Imm(_)));
        let (a, b) = if exchange { (b, a) } else { (a, b) };
        let b = match (op, b) {
            // The kernel refuses constants that the machine would give a meaning to.
            (BinOp::Div, Value::Imm(0)) => return self.put(dst, Value::Imm(0)),
            (BinOp::Rem, Value::Imm(0)) => return self.put(dst, a),
            (BinOp::Shl | BinOp::Shr | BinOp::Sar, Value::Imm(count)) => Value::Imm(count & 63),
            (_, b) => b,
        };
        let src = self.source(b);
        if b == Value::Reg(dst) && a != b {
            let result = self.new_reg();
            self.put(result, a);
            self.out.push(Inst::Bin { op, dst: result, src });
            self.put(dst, Value::Reg(result));
        } else {
            self.put(dst, a);
            self.out.push(Inst::Bin { op, dst, src });
        }
    }

    fn extend(&mut self, dst: VReg, src: Value, size: Size, signed: bool) {
        if let Value::Imm(imm) = src {
            return self.put(dst, Value::Imm(size.extend(imm, signed)));
        }
        match (size, signed) {
            (Size::B8, _) => self.put(dst, src),
            (Size::B4, false) => {
                let src = self.reg(src);
                self.out.push(Inst::Move32 { dst, src });
            }
            (Size::B1 | Size::B2, false) => {
                self.put(dst, src);
                let mask = if size == Size::B1 { 0xff } else { 0xffff };
                self.out.push(Inst::Bin { op: BinOp::And, dst, src: Source::Imm(mask) });
            }
            // Moves that extend the sign came with Linux 6.6.
            (_, true) => {
                self.put(dst, src);
                let unused = Source::Imm(64 - 8 * size.bytes() as i32);
                self.out.push(Inst::Bin { op: BinOp::Shl, dst, src: unused });
                self.out.push(Inst::Bin { op: BinOp::Sar, dst, src: unused });
            }
        }
    }

    fn terminator(&mut self, end: &ir::Terminator) -> Terminator {
        match end {
            ir::Terminator::Jump(to) => Terminator::Jump(*to),
            ir::Terminator::MayGoto { next, out } => Terminator::MayGoto { next: *next, out: *out },
            ir::Terminator::Return(value) => match self.value(*value) {
                Value::Imm(value) => Terminator::ReturnImm(value),
                value => Terminator::ReturnReg(self.reg(value)),
            },
            ir::Terminator::Branch { cond, a, b, then, otherwise } => {
                let (then, otherwise) = (*then, *otherwise);
                let (cond, a, b) = match (self.value(*a), self.value(*b)) {
                    (Value::Imm(a), Value::Imm(b)) => {
                        return Terminator::Jump(if cond.holds(a, b) { then } else { otherwise });
                    }
                    (a @ Value::Imm(_), b) => (cond.swapped(), b, a),
                    (a, b) => (*cond, a, b),
                };
                if then == otherwise {
                    return Terminator::Jump(then);
                }
                let a = self.reg(a);
                let b = self.source(b);
                Terminator::Branch { cond, a, b, then, otherwise }
            }
        }
    }
}

fn moved(start: i32, more: i64) -> Option<i32> {
    i32::try_from(i64::from(start).checked_add(more)?).ok()
}

/// The constant that stores the same bytes and is nearest to 0, so that it fits an instruction.
fn truncated(imm: i64, size: Size) -> i64 {
    size.extend(imm, true)
}

impl Cond {
    /// The comparison with its sides exchanged.
    pub(crate) fn swapped(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::Ne => Self::Ne,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::SLt => Self::SGt,
            Self::SLe => Self::SGe,
            Self::SGt => Self::SLt,
            Self::SGe => Self::SLe,
        }
    }
}
