//! Loops: over conditions and numbers in the program itself, over maps by a helper that calls back.
//!
//! The kernel's verifier follows a loop round by round unless its registers look the same each time. So
//! what a loop counts with starts from a number that the verifier does not know, and the instruction
//! `may_goto` gives the loop an end that it can see.

use super::builder::{Builder, Home, Loop};
use crate::artifact::{Loss, MapValue, Trouble};
use crate::ir::{BinOp, Cond, Helper, Inst, Operand, Size, Terminator, VReg};
use crate::resolve::typed::{Expr, ExprKind, MapIndex, Stmt, VarId};
use crate::resolve::visit;
use gprobe_lang::source::Span;

/// Rounds of a loop over constant numbers up to which the verifier may follow it.
const MOST_FOLLOWED: i64 = 16;

impl Builder<'_> {
    /// `while`
    pub(super) fn while_loop(&mut self, cond: &Expr, body: &[Stmt]) {
        let changed = self.make_opaque(body);
        let (head, test, round, cut, after) =
            (self.new_block(), self.new_block(), self.new_block(), self.new_block(), self.new_block());
        self.jump(head);
        self.switch_to(head);
        self.end(Terminator::MayGoto { next: test, out: cut });
        self.switch_to(test);
        self.forget_all(&changed);
        self.aside(|b| {
            b.branch_on(cond, round, after);
            b.switch_to(round);
            b.function.loops.push(Loop::Blocks { after, next: head });
            b.function.nested += 1;
            b.stmts(body);
            b.function.nested -= 1;
            b.function.loops.pop();
            b.jump(head);
        });
        self.switch_to(cut);
        self.cut_off(cond.span);
        self.jump(after);
        self.switch_to(after);
    }

    /// Tells of a loop that was left before its end.
    pub(super) fn cut_off(&mut self, at: Span) {
        self.aside(|b| {
            b.count_loss(Loss::LoopCutOff);
            b.trouble(Trouble::LoopCutOff, at, None);
        });
    }

    /// What a loop changes is made unknown to the verifier before it starts.
    fn make_opaque(&mut self, body: &[Stmt]) -> Vec<VReg> {
        let mut changed = Vec::new();
        assigned(body, &mut changed);
        changed.sort_by_key(|var| var.0);
        changed.dedup();
        // Those of another function have their home there.
        let here = changed.into_iter().filter_map(|var| self.function.homes.get(&var).copied());
        let regs: Vec<VReg> = here
            .filter_map(|home| match home {
                Home::Reg(reg) => Some(reg),
                _ => None,
            })
            .collect();
        if !regs.is_empty() && self.shared.kernel.may_goto {
            // Before the loop, so that all rounds have it.
            self.random();
            self.forget_all(&regs);
        }
        regs
    }

    fn forget_all(&mut self, regs: &[VReg]) {
        if self.shared.kernel.may_goto {
            regs.iter().for_each(|reg| self.forget(*reg));
        }
    }

    /// `for ($i : from..to)`
    pub(super) fn for_range(&mut self, var: VarId, from: &Expr, to: &Expr, body: &[Stmt]) {
        let rounds = match (&from.kind, &to.kind) {
            (ExprKind::Int(from), ExprKind::Int(to)) => Some(to.saturating_sub(*from)),
            _ => None,
        };
        let followed =
            rounds.is_some_and(|n| n <= MOST_FOLLOWED) && self.function.loops.is_empty() && !has_loops(body);
        let budget = !followed && self.shared.kernel.may_goto;
        let (first, last) = (self.scalar(from), self.scalar(to));
        // Both are looked at once, whatever the body does to what they are made of.
        let last = match last {
            Operand::Imm(_) => last,
            Operand::Reg(_) => self.copy(last).into(),
        };
        let mut changed = Vec::new();
        let counter = if budget {
            changed = self.make_opaque(body);
            let zero = self.opaque_zero();
            let start = self.bin(BinOp::Add, first, zero.into());
            self.copy(start.into())
        } else {
            self.copy(first)
        };
        if budget {
            changed.push(counter);
        }
        let (head, test, round, next, cut, after) = (
            self.new_block(),
            self.new_block(),
            self.new_block(),
            self.new_block(),
            self.new_block(),
            self.new_block(),
        );
        self.jump(head);
        self.switch_to(head);
        if budget {
            self.end(Terminator::MayGoto { next: test, out: cut });
        } else {
            self.jump(test);
        }
        self.switch_to(test);
        self.forget_all(&changed);
        self.branch(Cond::SLt, counter.into(), last, round, after);
        self.switch_to(round);
        self.aside(|b| {
            b.set_scalar(var, counter.into());
            b.function.loops.push(Loop::Blocks { after, next });
            b.function.nested += 1;
            b.stmts(body);
            b.function.nested -= 1;
            b.function.loops.pop();
            b.jump(next);
        });
        self.switch_to(next);
        let more = self.bin(BinOp::Add, counter.into(), Operand::Imm(1));
        self.set(counter, more.into());
        self.jump(head);
        self.switch_to(cut);
        if budget {
            self.cut_off(to.span);
        }
        self.jump(after);
        self.switch_to(after);
    }

    fn set_scalar(&mut self, var: VarId, value: Operand) {
        match self.home_of(var) {
            Home::Reg(reg) => self.set(reg, value),
            home => {
                if let Some(to) = self.home_addr(home) {
                    self.store(to, 0, value, Size::B8);
                }
            }
        }
    }

    /// `unroll (n)`
    pub(super) fn unroll(&mut self, count: u32, body: &[Stmt]) {
        let after = self.new_block();
        for _ in 0..count {
            let next = self.new_block();
            self.function.loops.push(Loop::Blocks { after, next });
            // `break` leaves before all of it has run.
            self.aside(|b| b.stmts(body));
            self.function.loops.pop();
            self.jump(next);
            self.switch_to(next);
        }
        self.jump(after);
        self.switch_to(after);
    }

    /// `break` and `continue`
    pub(super) fn leave_loop(&mut self, for_good: bool) {
        match self.function.loops.last().copied() {
            Some(Loop::Blocks { after, next }) => self.jump(if for_good { after } else { next }),
            Some(Loop::Callback) => self.end(Terminator::Return(Operand::Imm(i64::from(for_good)))),
            None => {}
        }
        let never = self.new_block();
        self.switch_to(never);
    }

    /// `for ($kv : @m)`
    pub(super) fn for_map(&mut self, map: MapIndex, var: VarId, body: &[Stmt]) {
        let callback = self.callback(var, |b, key, value| {
            b.element(map, var, key, value);
            b.stmts(body);
        });
        self.for_each(map, callback);
        // The body may have left the whole program.
        let flag = self.shared_addr(0);
        let left = self.load(flag, 0, Size::B8);
        let (gone, after) = (self.new_block(), self.new_block());
        self.branch(Cond::Ne, left.into(), Operand::Imm(0), gone, after);
        self.switch_to(gone);
        self.leave();
        self.switch_to(after);
    }

    /// `len(@m)`
    pub(super) fn map_len(&mut self, map: MapIndex) -> crate::ir::VReg {
        // The helper counts what it goes over.
        let callback = self.callback(VarId(u32::MAX), |_, _, _| {});
        self.for_each(map, callback)
    }

    fn for_each(&mut self, map: MapIndex, callback: u32) -> crate::ir::VReg {
        let map = self.map_id(map);
        let map = self.map_ref(map);
        let function = self.vreg();
        self.push(Inst::FuncRef { dst: function, program: callback });
        let argument = self.callback_argument();
        let args = vec![map.into(), function.into(), argument.into(), Operand::Imm(0)];
        self.call(Helper::ForEachMapElem, args)
    }

    /// Puts key and value in the loop's variable.
    fn element(&mut self, map: MapIndex, var: VarId, key: crate::ir::VReg, value: crate::ir::VReg) {
        let Some(info) = self.shared.program.maps.get(map.0 as usize).cloned() else { return };
        let home = self.home_of(var);
        let Some(to) = self.home_addr(home) else { return };
        let key_size: u32 = info.key.iter().map(crate::artifact::Type::size).sum();
        self.copy_bytes(to, 0, key, 0, key_size);
        match &info.value {
            MapValue::Plain(ty) => self.copy_bytes(to, key_size, value, 0, ty.size()),
            held => {
                let joined = self.joined(map, held, key);
                self.store(to, key_size, joined.into(), Size::B8);
            }
        }
    }
}

/// Variables that these statements assign to.
fn assigned(list: &[Stmt], found: &mut Vec<VarId>) {
    for stmt in list {
        match stmt {
            Stmt::SetVar(var, _) | Stmt::Zero(var) => found.push(*var),
            Stmt::If { then, otherwise, .. } => {
                assigned(then, found);
                assigned(otherwise, found);
            }
            Stmt::While { body, .. }
            | Stmt::Unroll { body, .. }
            | Stmt::Scope(body)
            | Stmt::ForMap { body, .. } => assigned(body, found),
            Stmt::ForRange { var, body, .. } => {
                found.push(*var);
                assigned(body, found);
            }
            _ => {}
        }
    }
    visit::stmts(list, &mut |expr| match &expr.kind {
        ExprKind::StepVar { var, .. } | ExprKind::Find { var, .. } => found.push(*var),
        ExprKind::Block(body, _) => assigned(body, found),
        _ => {}
    });
}

fn has_loops(list: &[Stmt]) -> bool {
    let (mut loops, mut followed) = (false, false);
    visit::all_stmts(list, &mut |stmt| match stmt {
        Stmt::While { .. } | Stmt::ForRange { .. } | Stmt::ForMap { .. } | Stmt::Unroll { .. } => {
            loops = true
        }
        // A Go value is followed through its pointers.
        Stmt::Emit { args, .. } => {
            followed |= args.iter().any(|arg| matches!(arg.kind, ExprKind::GoValue { .. }));
        }
        _ => {}
    });
    loops || followed
}
