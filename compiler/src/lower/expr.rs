//! Scalars and conditions.

use super::builder::{Builder, Home};
use crate::artifact::{Loss, Type};
use crate::builtins::Id;
use crate::ir::{BinOp, BlockId, Cond, Helper, Operand, Size, VReg};
use crate::resolve::typed::{Arith, Compare, Expr, ExprKind};
use crate::x64;

impl Builder<'_> {
    /// Evaluates an expression that fits a register.
    pub(super) fn scalar(&mut self, expr: &Expr) -> Operand {
        match &expr.kind {
            ExprKind::Int(value) => Operand::Imm(*value),
            ExprKind::Var(var) => match self.home_of(*var) {
                // A copy: the variable may be assigned to before the value is used.
                Home::Reg(reg) => self.copy(reg.into()).into(),
                Home::Slot(slot) => {
                    let from = self.slot_addr(slot, 0);
                    self.load(from, 0, Size::B8).into()
                }
            },
            ExprKind::MapGet(map, key) => self.map_get_scalar(*map, key).into(),
            ExprKind::HasKey(map, key) => {
                let place = self.map_lookup(*map, key);
                self.truth(|b, yes, no| b.branch(Cond::Ne, place.into(), Operand::Imm(0), yes, no)).into()
            }
            ExprKind::StepVar { var, by, old } => match self.home_of(*var) {
                Home::Reg(reg) => {
                    let before = self.copy(reg.into());
                    let after = self.bin(BinOp::Add, reg.into(), Operand::Imm(*by));
                    self.set(reg, after.into());
                    if *old { before.into() } else { after.into() }
                }
                Home::Slot(_) => Operand::Imm(0),
            },
            ExprKind::StepMap { map, key, by, old } => self.step_map(*map, key, *by, *old).into(),
            ExprKind::TupleIndex(..) => {
                let (base, offset, _) = self.memory(expr);
                self.load(base, offset, Size::B8).into()
            }
            ExprKind::Not(_)
            | ExprKind::Compare(..)
            | ExprKind::SameBytes(..)
            | ExprKind::And(..)
            | ExprKind::Or(..) => self.truth(|b, yes, no| b.branch_on(expr, yes, no)).into(),
            ExprKind::Arith(op, a, b) => {
                let (a, b) = (self.scalar(a), self.scalar(b));
                self.arith(*op, a, b)
            }
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
                self.read_user(addr, *bytes, *signed).into()
            }
            ExprKind::Builtin(id) => self.builtin(*id),
            ExprKind::Caller { n, inside } => self.caller(*n, *inside).into(),
            ExprKind::Frame { inside } => self.frame(*inside).into(),
            ExprKind::Stack { user, .. } => self.stack(*user).into(),
            // These live in memory; checking lets none of them get here.
            ExprKind::Str(_)
            | ExprKind::Tuple(_)
            | ExprKind::GoStr { .. }
            | ExprKind::CStr { .. }
            | ExprKind::ContextStr { .. } => Operand::Imm(0),
        }
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

    pub(super) fn arith(&mut self, op: Arith, a: Operand, b: Operand) -> Operand {
        let op = match op {
            Arith::Add => BinOp::Add,
            Arith::Sub => BinOp::Sub,
            Arith::Mul => BinOp::Mul,
            Arith::And => BinOp::And,
            Arith::Or => BinOp::Or,
            Arith::Xor => BinOp::Xor,
            Arith::Shl => BinOp::Shl,
            Arith::Shr { signed: false } => BinOp::Shr,
            Arith::Shr { signed: true } => BinOp::Sar,
            Arith::Div { signed: false } => BinOp::Div,
            Arith::Rem { signed: false } => BinOp::Rem,
            Arith::Div { signed: true } => return self.signed_division(a, b, true),
            Arith::Rem { signed: true } => return self.signed_division(a, b, false),
        };
        self.bin(op, a, b).into()
    }

    /// BPF divides signed only since Linux 6.6; so divide the magnitudes, then put the sign back.
    fn signed_division(&mut self, a: Operand, b: Operand, quotient: bool) -> Operand {
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
            Id::Cgroup => self.call(Helper::GetCurrentCgroupId, Vec::new()).into(),
            Id::Cookie => {
                let cookie = self.cookie();
                self.bin(BinOp::And, cookie, Operand::Imm(i64::from(u32::MAX))).into()
            }
            Id::Function => {
                let cookie = self.cookie();
                self.bin(BinOp::Shr, cookie, Operand::Imm(i64::from(super::COOKIE_FUNCTION))).into()
            }
            Id::Goid | Id::CurM | Id::CurP | Id::Gstatus | Id::CgoDepth | Id::Waitreason => {
                self.goroutine(id)
            }
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

    /// The return address `n` frames up. At a probed entry or return, the stack pointer is at the
    /// return address and RBP is still, or again, the caller's; inside, RBP is the function's own.
    fn caller(&mut self, n: u32, inside: bool) -> VReg {
        let n = n + u32::from(inside);
        if n == 0 {
            let sp = self.context_word(x64::RSP);
            return self.read_user(sp.into(), 8, false);
        }
        let mut frame = self.context_word(x64::RBP);
        for _ in 1..n {
            frame = self.read_user(frame.into(), 8, false);
        }
        let place = self.bin(BinOp::Add, frame.into(), Operand::Imm(8));
        self.read_user(place.into(), 8, false)
    }

    fn stack(&mut self, user: bool) -> VReg {
        const USER_STACK: i64 = 1 << 8;
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

/// `-EFAULT`, by which the helper says that there is no stack to take.
const NO_STACK: i64 = -14;

/// Whether values of the type are copied as bytes.
pub(super) fn in_memory(ty: &Type) -> bool {
    !ty.is_scalar() && *ty != Type::None
}
