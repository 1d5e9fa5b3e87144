//! Statements.

use super::builder::{Builder, Home};
use super::expr::in_memory;
use crate::artifact::{Loss, RECORD_HEADER};
use crate::ir::{BinOp, Cond, Helper, Operand, Size, Terminator};
use crate::resolve::typed::{Expr, Stmt, Ty, VarId};

impl Builder<'_> {
    pub(super) fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Expr(expr) => {
                if expr.ty.is_scalar() || expr.ty == Ty::Unknown {
                    self.scalar(expr);
                } else if expr.ty != Ty::NONE {
                    self.memory(expr);
                }
            }
            Stmt::SetVar(var, value) => self.set_var(*var, value),
            Stmt::Zero(var) => self.zero_var(*var),
            Stmt::SetMap { map, key, value } => self.set_map(*map, key, value),
            Stmt::AddMap { map, key, value } => self.add_map(*map, key, value),
            Stmt::Aggregate { map, key, value } => self.aggregate(*map, key, value.as_ref()),
            Stmt::Delete { map, key } => self.delete(*map, key),
            Stmt::If { cond, then, otherwise } => {
                let (yes, no, after) = (self.new_block(), self.new_block(), self.new_block());
                self.branch_on(cond, yes, no);
                for (block, side) in [(yes, then), (no, otherwise)] {
                    self.switch_to(block);
                    self.aside(|b| b.stmts(side));
                    self.jump(after);
                }
                self.switch_to(after);
            }
            Stmt::Scope(body) => self.stmts(body),
            Stmt::While { cond, body } => self.while_loop(cond, body),
            Stmt::ForRange { var, from, to, body } => self.for_range(*var, from, to, body),
            Stmt::ForMap { map, var, body } => self.for_map(*map, *var, body),
            Stmt::Unroll { count, body } => self.unroll(*count, body),
            Stmt::CutOff(at) => self.cut_off(*at),
            Stmt::Break => self.leave_loop(true),
            Stmt::Continue => self.leave_loop(false),
            Stmt::Emit { action, args } => self.emit(*action, args),
            Stmt::Exit { action, code } => {
                self.exit(code);
                self.emit(*action, &[]);
                self.leave();
            }
            Stmt::Return { result } => {
                if let Some((action, value)) = result {
                    self.emit(*action, std::slice::from_ref(value));
                }
                self.leave();
            }
            Stmt::Signal { number, thread } => {
                let number = self.scalar(number);
                let helper = if *thread { Helper::SendSignalThread } else { Helper::SendSignal };
                self.call(helper, vec![number]);
            }
        }
    }

    /// Ends the program here; what follows is built, and dropped.
    pub(super) fn leave(&mut self) {
        if self.is_callback() {
            // The loop ends, and what called it looks at the flag.
            let flag = self.shared_addr(0);
            self.store(flag, 0, Operand::Imm(1), Size::B8);
            self.end(Terminator::Return(Operand::Imm(1)));
        } else {
            self.end(Terminator::Return(Operand::Imm(0)));
        }
        let never = self.new_block();
        self.switch_to(never);
    }

    fn zero_var(&mut self, var: VarId) {
        let home = self.home_of(var);
        let size = self.probe.vars.get(var.0 as usize).map_or(8, |ty| ty.stored().size()).max(8);
        match home {
            Home::Reg(reg) => self.set(reg, Operand::Imm(0)),
            Home::Slot(slot) => self.zero(slot, 0, size),
            Home::Shared(_) => {
                if let Some(to) = self.home_addr(home) {
                    self.zero_at(to, 0, size);
                }
            }
        }
    }

    fn set_var(&mut self, var: VarId, value: &Expr) {
        let home = self.home_of(var);
        let Some(ty) = self.probe.vars.get(var.0 as usize).map(|ty| ty.stored()) else { return };
        if !in_memory(&ty) {
            let value = self.scalar(value);
            match home {
                Home::Reg(reg) => self.set(reg, value),
                _ => {
                    if let Some(to) = self.home_addr(home) {
                        self.store(to, 0, value, Size::B8);
                    }
                }
            }
            return;
        }
        // The value may read the variable itself: so make it aside.
        let aside = self.slot(ty.size().max(8), "new");
        self.write(value, aside, 0, &ty);
        let from = self.slot_addr(aside, 0);
        if let Some(to) = self.home_addr(home) {
            self.copy_value_to(from, 0, &ty, to, 0, &ty);
        }
    }

    /// Writes a record to the ring buffer.
    fn emit(&mut self, action: usize, args: &[Expr]) {
        let size = RECORD_HEADER + args.iter().map(|a| a.ty.stored().size()).sum::<u32>();
        let record = self.slot(size, "record");
        let mut offset = RECORD_HEADER;
        for arg in args {
            let ty = arg.ty.stored();
            self.write(arg, record, offset, &ty);
            offset += ty.size();
        }
        let base = self.slot_addr(record, 0);
        self.store(base, 0, Operand::Imm(action as i64), Size::B8);
        let ring = self.map_ref(self.shared.ring);
        let data = self.slot_addr(record, 0);
        let args = vec![ring.into(), data.into(), Operand::Imm(i64::from(size)), Operand::Imm(0)];
        let failed = self.call(Helper::RingbufOutput, args);
        self.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| b.count_loss(Loss::RingFull));
    }

    /// Notes the exit code where it is found also when the ring buffer is full.
    fn exit(&mut self, code: &Expr) {
        let code = self.scalar(code);
        let code = self.bin(BinOp::And, code, Operand::Imm(0xff));
        let noted = self.bin(BinOp::Add, code.into(), Operand::Imm(1));
        let slot = self.word_slot();
        self.zero(slot, 0, 8);
        let key = self.slot_addr(slot, 0);
        let map = self.map_ref(self.shared.control);
        let place = self.call(Helper::MapLookupElem, vec![map.into(), key.into()]);
        self.when(Cond::Ne, place.into(), Operand::Imm(0), |b| {
            b.store(place, 0, noted.into(), Size::B8);
        });
    }
}
