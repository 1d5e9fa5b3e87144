//! Scalars and conditions.

use gprobe_lang::source::Span;

use super::builder::{Builder, Home};
use super::goroutine::Known;
use crate::artifact::{COOKIE_DISPLACEMENT, COOKIE_FUNCTION, COOKIE_NAME_BITS, Loss, Trouble, Type};
use crate::builtins::Id;
use crate::ir::{BinOp, BlockId, Cond, Helper, Operand, Size, VReg};
use crate::resolve::typed::{Compare, Expr, ExprKind, OwnFrame, PartIndex, Ty, VarId};
use crate::x64;

impl Builder<'_> {
    /// Evaluates an expression that fits a register.
    pub(super) fn scalar(&mut self, expr: &Expr) -> Operand {
        match &expr.kind {
            ExprKind::Int(value) => Operand::Imm(*value),
            ExprKind::Var(var) => match self.home_of(*var) {
                // A copy: the variable may be assigned to before the value is used.
                Home::Reg(reg) => self.copy(reg.into()).into(),
                home => match self.home_addr(home) {
                    Some(from) => self.load(from, 0, Size::B8).into(),
                    None => Operand::Imm(0),
                },
            },
            ExprKind::MapGet(map, key) => self.map_get_scalar(*map, key, expr.span).into(),
            ExprKind::Aggregated(map, key) => self.aggregated(*map, key).into(),
            ExprKind::HasKey(map, key) => {
                let place = self.map_lookup(*map, key);
                self.truth(|b, yes, no| b.branch(Cond::Ne, place.into(), Operand::Imm(0), yes, no)).into()
            }
            ExprKind::Find { map, key, var } => self.find(*map, key, *var).into(),
            ExprKind::MapLen(map) => self.map_len(*map).into(),
            ExprKind::StepVar { var, by, old } => self.step_var(*var, *by, *old),
            ExprKind::StepMap { map, key, by, old } => self.step_map(*map, key, *by, *old).into(),
            ExprKind::TupleIndex(..) => {
                let (base, offset, _) = self.memory(expr);
                self.load(base, offset, Size::B8).into()
            }
            ExprKind::Part { of, offset, index, bytes, signed } => {
                self.part(of, *offset, index.as_ref(), *bytes, *signed, expr.span)
            }
            ExprKind::Bits { value, shift, width, signed } => {
                let value = self.scalar(value);
                let up = i64::from(64 - shift - width);
                let value = self.bin(BinOp::Shl, value, Operand::Imm(up));
                let down = if *signed { BinOp::Sar } else { BinOp::Shr };
                self.bin(down, value.into(), Operand::Imm(i64::from(64 - width))).into()
            }
            ExprKind::Block(stmts, value) => {
                self.stmts(stmts);
                self.scalar(value)
            }
            ExprKind::Once(var, value) => match self.function.known.get(&Known::Once(*var)) {
                Some(&known) => known.into(),
                None => {
                    let value = self.scalar(value);
                    let value = self.copy(value);
                    // It was found in one of many ways, which the verifier would follow apart.
                    if self.shared.kernel.may_goto {
                        self.forget(value);
                    }
                    self.function.known.insert(Known::Once(*var), value);
                    value.into()
                }
            },
            ExprKind::Not(_)
            | ExprKind::Compare(..)
            | ExprKind::SameBytes(..)
            | ExprKind::And(..)
            | ExprKind::Or(..) => self.truth(|b, yes, no| b.branch_on(expr, yes, no)).into(),
            ExprKind::Arith(op, a, b) => {
                let (a, b) = (self.scalar(a), self.scalar(b));
                self.bin(op.machine(), a, b).into()
            }
            ExprKind::Divide { remainder, signed, a, b } => self.divide(*remainder, *signed, a, b, expr.span),
            ExprKind::Ternary(cond, then, otherwise) => self.ternary(cond, then, otherwise).into(),
            ExprKind::Extend { value, bytes, signed } => {
                let value = self.scalar(value);
                self.extended(value, *bytes, *signed)
            }
            ExprKind::Context { offset, bytes, signed } => {
                let size = Size::of(u64::from(*bytes)).unwrap_or(Size::B8);
                let value = self.load(self.context(), u32::from(*offset), size);
                if *signed { self.extended(value.into(), *bytes, true) } else { value.into() }
            }
            ExprKind::ReadUser { addr, bytes, signed } => {
                let addr = self.scalar(addr);
                self.read(Helper::ProbeReadUser, addr, *bytes, *signed, Some(expr.span)).into()
            }
            ExprKind::ReadFresh(addr) => {
                let addr = self.scalar(addr);
                self.read_fresh(addr).into()
            }
            ExprKind::ReadKernel { addr, bytes, signed } => {
                let addr = self.scalar(addr);
                self.read(Helper::ProbeReadKernel, addr, *bytes, *signed, Some(expr.span)).into()
            }
            ExprKind::AddressOf(var) => {
                let home = self.home_of(*var);
                match self.home_addr(home) {
                    Some(addr) => self.copy(addr.into()).into(),
                    None => Operand::Imm(0),
                }
            }
            ExprKind::StrLen(text) => {
                let (base, offset, ty) = self.memory(text);
                let len = self.load(base, offset, Size::B4);
                let len = self.copy(len.into());
                if let Type::Str { max } | Type::Buf { max } = ty {
                    let most = Operand::Imm(i64::from(max));
                    self.when(Cond::Gt, len.into(), most, |b| b.set(len, most));
                }
                len.into()
            }
            ExprKind::StrCmp { a, b, most, whole } => self.compare_text(a, b, *most, *whole).into(),
            ExprKind::StrFind { text, part, position } => self.find_text(text, part, *position).into(),
            ExprKind::Swap { value, bytes } => {
                let value = self.scalar(value);
                self.swapped(value, *bytes).into()
            }
            ExprKind::TaiClock => self.call(Helper::KtimeGetTaiNs, Vec::new()).into(),
            ExprKind::MonotonicClock => self.call(Helper::KtimeGetNs, Vec::new()).into(),
            ExprKind::Builtin(id) => self.builtin(*id),
            ExprKind::Caller { n, own } => self.caller(*n, *own).into(),
            ExprKind::OutsideCaller { end, own } => self.outside_caller(*end, *own).into(),
            ExprKind::Frame { own } => self.frame(*own).into(),
            ExprKind::Stack { user, .. } => self.stack(*user).into(),
            ExprKind::GoStack(from) => self.go_stack(*from).into(),
            ExprKind::CurrentTask => self.call(Helper::GetCurrentTask, Vec::new()).into(),
            ExprKind::StackLen { user, depth } => self.stack_len(*user, *depth).into(),
            // These live in memory; checking lets none of them get here.
            ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::GoValue { .. }
            | ExprKind::Tuple(_)
            | ExprKind::ReadC { .. }
            | ExprKind::FromInt(_)
            | ExprKind::Buf { .. }
            | ExprKind::Inet { .. }
            | ExprKind::GoStr { .. }
            | ExprKind::GoLabel { .. }
            | ExprKind::OwnChars(_)
            | ExprKind::CStr { .. }
            | ExprKind::ContextStr { .. } => Operand::Imm(0),
        }
    }

    fn step_var(&mut self, var: VarId, by: i64, old: bool) -> Operand {
        let home = self.home_of(var);
        let ty = self.probe.vars.get(var.0 as usize).cloned();
        let before = match home {
            Home::Reg(reg) => self.copy(reg.into()),
            _ => match self.home_addr(home) {
                Some(from) => self.load(from, 0, Size::B8),
                None => return Operand::Imm(0),
            },
        };
        let after = self.bin(BinOp::Add, before.into(), Operand::Imm(by)).into();
        let after = match ty {
            // A variable of a stated type keeps its width.
            Some(Ty::Value(Type::Int { bytes, signed })) => self.extended(after, bytes, signed),
            _ => after,
        };
        match home {
            Home::Reg(reg) => self.set(reg, after),
            _ => {
                if let Some(to) = self.home_addr(home) {
                    self.store(to, 0, after, Size::B8);
                }
            }
        }
        if old { before.into() } else { after }
    }

    /// A scalar in the script's own memory.
    fn part(
        &mut self,
        of: &Expr,
        offset: u32,
        index: Option<&PartIndex>,
        bytes: u8,
        signed: bool,
        span: Span,
    ) -> Operand {
        let (base, start, _) = self.memory(of);
        let size = Size::of(u64::from(bytes)).unwrap_or(Size::B8);
        let Some(PartIndex { index, stride, len }) = index else {
            let value = self.load(base, start + offset, size);
            return if signed { self.extended(value.into(), bytes, true) } else { value.into() };
        };
        let index = self.scalar(index);
        let index = self.copy(index);
        let value = self.copy(Operand::Imm(0));
        let (inside, outside, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(Cond::Lt, index.into(), Operand::Imm(i64::from(*len)), inside, outside);
        self.switch_to(outside);
        self.aside(|b| b.trouble(Trouble::OutOfBounds, span, None));
        self.jump(after);
        self.switch_to(inside);
        let by = self.bin(BinOp::Mul, index.into(), Operand::Imm(i64::from(*stride)));
        let place = self.bin(BinOp::Add, base.into(), by.into());
        let found = self.load(place, start + offset, size);
        let found = if signed { self.extended(found.into(), bytes, true) } else { found.into() };
        self.set(value, found);
        self.jump(after);
        self.switch_to(after);
        value.into()
    }

    /// A quotient or a remainder; by 0 either is 1, and that is said.
    fn divide(&mut self, remainder: bool, signed: bool, a: &Expr, b: &Expr, span: Span) -> Operand {
        let (a, b) = (self.scalar(a), self.scalar(b));
        let quotient = |s: &mut Self, b: Operand| match signed {
            true => s.signed_division(a, b, !remainder),
            false => s.bin(if remainder { BinOp::Rem } else { BinOp::Div }, a, b).into(),
        };
        if let Operand::Imm(_) = b {
            return quotient(self, b);
        }
        // bpftrace's answer to both is 1.
        let result = self.copy(Operand::Imm(1));
        let (zero, number, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(Cond::Eq, b, Operand::Imm(0), zero, number);
        self.switch_to(zero);
        self.aside(|s| s.trouble(Trouble::DivisionByZero, span, None));
        self.jump(after);
        self.switch_to(number);
        let value = quotient(self, b);
        self.set(result, value);
        self.jump(after);
        self.switch_to(after);
        result.into()
    }

    /// The low bytes of a number in reverse order.
    fn swapped(&mut self, value: Operand, bytes: u8) -> VReg {
        let swapped = self.copy(Operand::Imm(0));
        for at in 0..i64::from(bytes) {
            let byte = self.bin(BinOp::Shr, value, Operand::Imm(8 * at));
            let byte = self.bin(BinOp::And, byte.into(), Operand::Imm(0xff));
            let to = 8 * (i64::from(bytes) - 1 - at);
            let byte = self.bin(BinOp::Shl, byte.into(), Operand::Imm(to));
            let all = self.bin(BinOp::Or, swapped.into(), byte.into());
            self.set(swapped, all.into());
        }
        swapped
    }

    fn extended(&mut self, value: Operand, bytes: u8, signed: bool) -> Operand {
        match Size::of(u64::from(bytes)) {
            None | Some(Size::B8) => value,
            Some(size) => self.extend(value, size, signed).into(),
        }
    }

    /// 1 on the way that `build` sends to its first block, 0 on the other.
    fn truth(&mut self, build: impl FnOnce(&mut Self, BlockId, BlockId)) -> VReg {
        let (yes, no, after) = (self.new_block(), self.new_block(), self.new_block());
        let value = self.vreg();
        self.aside(|b| build(b, yes, no));
        for (block, truth) in [(yes, 1), (no, 0)] {
            self.switch_to(block);
            self.set(value, Operand::Imm(truth));
            self.jump(after);
        }
        self.switch_to(after);
        value
    }

    /// Goes to `yes` where the expression is not 0, else to `no`.
    pub(super) fn branch_on(&mut self, expr: &Expr, yes: BlockId, no: BlockId) {
        match &expr.kind {
            ExprKind::Not(inner) => self.branch_on(inner, no, yes),
            ExprKind::And(a, b) => {
                let second = self.new_block();
                self.branch_on(a, second, no);
                self.switch_to(second);
                self.aside(|s| s.branch_on(b, yes, no));
            }
            ExprKind::Or(a, b) => {
                let second = self.new_block();
                self.branch_on(a, yes, second);
                self.switch_to(second);
                self.aside(|s| s.branch_on(b, yes, no));
            }
            ExprKind::Compare(compare, a, b) => {
                let (a, b) = (self.scalar(a), self.scalar(b));
                self.branch(condition(*compare), a, b, yes, no);
            }
            ExprKind::SameBytes(a, b, negated) => {
                let (same, differ) = if *negated { (no, yes) } else { (yes, no) };
                self.same_bytes(a, b, same, differ);
            }
            _ => {
                let value = self.scalar(expr);
                self.branch(Cond::Ne, value, Operand::Imm(0), yes, no);
            }
        }
    }

    fn ternary(&mut self, cond: &Expr, then: &Expr, otherwise: &Expr) -> VReg {
        let (yes, no, after) = (self.new_block(), self.new_block(), self.new_block());
        let value = self.vreg();
        // What the condition reads first is read on both ways.
        self.branch_on(cond, yes, no);
        for (block, side) in [(yes, then), (no, otherwise)] {
            self.switch_to(block);
            self.aside(|b| {
                let side = b.scalar(side);
                b.set(value, side);
            });
            self.jump(after);
        }
        self.switch_to(after);
        value
    }

    /// BPF divides signed only since Linux 6.6; so divide the magnitudes, then put the sign back.
    pub(super) fn signed_division(&mut self, a: Operand, b: Operand, quotient: bool) -> Operand {
        let sign_a = self.bin(BinOp::Sar, a, Operand::Imm(63));
        let sign_b = self.bin(BinOp::Sar, b, Operand::Imm(63));
        let magnitude = |s: &mut Self, value: Operand, sign: VReg| {
            let flipped = s.bin(BinOp::Xor, value, sign.into());
            s.bin(BinOp::Sub, flipped.into(), sign.into())
        };
        let (abs_a, abs_b) = (magnitude(self, a, sign_a), magnitude(self, b, sign_b));
        let (op, sign) = if quotient {
            (BinOp::Div, self.bin(BinOp::Xor, sign_a.into(), sign_b.into()))
        } else {
            (BinOp::Rem, sign_a)
        };
        let value = self.bin(op, abs_a.into(), abs_b.into());
        magnitude(self, value.into(), sign).into()
    }

    fn builtin(&mut self, id: Id) -> Operand {
        match id {
            Id::Pid => self.process_id().into(),
            Id::InitPid => {
                let ids = self.call(Helper::GetCurrentPidTgid, Vec::new());
                self.bin(BinOp::Shr, ids.into(), Operand::Imm(32)).into()
            }
            Id::InitTid => {
                let ids = self.call(Helper::GetCurrentPidTgid, Vec::new());
                self.extend(ids.into(), Size::B4, false).into()
            }
            Id::Tid => {
                let ids = self.pid_tgid();
                self.extend(ids.into(), Size::B4, false).into()
            }
            Id::Uid => {
                let ids = self.call(Helper::GetCurrentUidGid, Vec::new());
                self.extend(ids.into(), Size::B4, false).into()
            }
            Id::Gid => {
                let ids = self.call(Helper::GetCurrentUidGid, Vec::new());
                self.bin(BinOp::Shr, ids.into(), Operand::Imm(32)).into()
            }
            Id::Cpu => self.call(Helper::GetSmpProcessorId, Vec::new()).into(),
            Id::Nsecs => self.call(Helper::KtimeGetBootNs, Vec::new()).into(),
            Id::Elapsed => self.elapsed().into(),
            Id::Rand => self.call(Helper::GetPrandomU32, Vec::new()).into(),
            Id::Jiffies => self.call(Helper::Jiffies64, Vec::new()).into(),
            Id::Numaid => self.call(Helper::GetNumaNodeId, Vec::new()).into(),
            Id::Username => {
                let ids = self.call(Helper::GetCurrentUidGid, Vec::new());
                self.extend(ids.into(), Size::B4, false).into()
            }
            Id::Cgroup => self.call(Helper::GetCurrentCgroupId, Vec::new()).into(),
            Id::Cookie => {
                let cookie = self.cookie();
                self.bin(BinOp::And, cookie, Operand::Imm((1 << COOKIE_NAME_BITS) - 1)).into()
            }
            Id::Displacement => {
                let cookie = self.cookie();
                let top = Operand::Imm(i64::from(48 - COOKIE_DISPLACEMENT));
                let value = self.bin(BinOp::Shl, cookie, top);
                self.bin(BinOp::Sar, value.into(), Operand::Imm(48)).into()
            }
            Id::Function => {
                let cookie = self.cookie();
                self.bin(BinOp::Shr, cookie, Operand::Imm(i64::from(COOKIE_FUNCTION))).into()
            }
            Id::Curg
            | Id::Curm
            | Id::Curp
            | Id::Goid
            | Id::CurM
            | Id::CurP
            | Id::Gstatus
            | Id::CgoDepth
            | Id::Waitreason
            | Id::Gname
            | Id::Gopc
            | Id::Goparent
            | Id::Waitsince => self.goroutine(id),
            // One is a string and lives in memory, the other is an expression of its own.
            Id::Comm | Id::Frame => Operand::Imm(0),
        }
    }

    /// What says which site it is.
    fn cookie(&mut self) -> Operand {
        match self.probe.cookie {
            Some(cookie) => Operand::Imm(cookie as i64),
            None => {
                let context = self.context();
                self.call(Helper::GetAttachCookie, vec![context.into()]).into()
            }
        }
    }

    /// The return address `n` frames up.
    fn caller(&mut self, n: u32, own: OwnFrame) -> VReg {
        let n = n + u32::from(own != OwnFrame::None);
        if n == 0 {
            let sp = self.context_word(x64::RSP);
            return self.read_user(sp.into(), 8, false);
        }
        let mut frame = self.frame_pointer(own);
        for _ in 1..n {
            frame = self.read_user(frame.into(), 8, false);
        }
        let place = self.bin(BinOp::Add, frame.into(), Operand::Imm(8));
        self.read_user(place.into(), 8, false)
    }

    /// How many frames a stack has, taken anew.
    fn stack_len(&mut self, user: bool, depth: u32) -> VReg {
        let slot = self.slot(depth * 8, "frames");
        let to = self.slot_addr(slot, 0);
        let flags = if user { USER_STACK } else { 0 };
        let size = Operand::Imm(i64::from(depth) * 8);
        let context = self.context();
        let got = self.call(Helper::GetStack, vec![context.into(), to.into(), size, Operand::Imm(flags)]);
        let bytes = self.copy(got.into());
        self.when(Cond::SLt, got.into(), Operand::Imm(0), |b| b.set(bytes, Operand::Imm(0)));
        self.bin(BinOp::Shr, bytes.into(), Operand::Imm(3))
    }

    fn stack(&mut self, user: bool) -> VReg {
        let map = if user { self.shared.user_stacks } else { self.shared.kernel_stacks };
        let map = self.map_ref(map);
        let flags = if user { USER_STACK } else { 0 };
        let context = self.context();
        let id = self.call(Helper::GetStackid, vec![context.into(), map.into(), Operand::Imm(flags)]);
        let value = self.copy(id.into());
        let (failed, taken, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(Cond::SLt, id.into(), Operand::Imm(0), failed, taken);
        self.switch_to(failed);
        // A thread that was in user space has no kernel stack, which is an answer and no loss.
        self.when(Cond::Ne, id.into(), Operand::Imm(NO_STACK), |b| b.count_loss(Loss::StackFailed));
        self.jump(after);
        self.switch_to(taken);
        let ids = self.pid_tgid();
        let process = self.bin(BinOp::Shr, ids.into(), Operand::Imm(32));
        let process = self.bin(BinOp::Shl, process.into(), Operand::Imm(32));
        let both = self.bin(BinOp::Or, process.into(), id.into());
        self.set(value, both.into());
        self.jump(after);
        self.switch_to(after);
        value
    }
}

fn condition(compare: Compare) -> Cond {
    match compare {
        Compare::Eq => Cond::Eq,
        Compare::Ne => Cond::Ne,
        Compare::Lt { signed: false } => Cond::Lt,
        Compare::Le { signed: false } => Cond::Le,
        Compare::Gt { signed: false } => Cond::Gt,
        Compare::Ge { signed: false } => Cond::Ge,
        Compare::Lt { signed: true } => Cond::SLt,
        Compare::Le { signed: true } => Cond::SLe,
        Compare::Gt { signed: true } => Cond::SGt,
        Compare::Ge { signed: true } => Cond::SGe,
    }
}

/// `BPF_F_USER_STACK` of `linux/bpf.h`.
const USER_STACK: i64 = 1 << 8;

/// `-EFAULT`, by which the helper says that there is no stack to take.
const NO_STACK: i64 = -14;

/// Whether values of the type are copied as bytes.
pub(super) fn in_memory(ty: &Type) -> bool {
    !ty.is_scalar() && *ty != Type::None
}
