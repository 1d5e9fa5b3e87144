//! Statements.

use super::builder::{Builder, Home};
use crate::artifact::{Loss, RECORD_HEADER};
use crate::ir::{BinOp, Cond, Helper, Operand, Size, Terminator};
use crate::resolve::typed::{Expr, Stmt, VarId};

impl Builder<'_> {
    pub(super) fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Expr(expr) => {
                if expr.ty.is_scalar() {
                    self.scalar(expr);
                } else {
                    self.memory(expr);
                }
            }
            Stmt::SetVar(var, value) => self.set_var(*var, value),
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
            Stmt::Emit { action, args } => self.emit(*action, args),
            Stmt::Exit { action, code } => {
                self.exit(code);
                self.emit(*action, &[]);
                self.leave();
            }
            Stmt::Return => self.leave(),
        }
    }

    /// Ends the program here; what follows is built, and dropped.
    fn leave(&mut self) {
        self.end(Terminator::Return(Operand::Imm(0)));
        let never = self.new_block();
        self.switch_to(never);
    }

    fn set_var(&mut self, var: VarId, value: &Expr) {
        match self.home_of(var) {
            Home::Reg(reg) => {
                let value = self.scalar(value);
                self.set(reg, value);
            }
            Home::Slot(slot) => {
                let Some(ty) = self.probe.vars.get(var.0 as usize).map(|ty| ty.stored()) else { return };
                // The value may read the variable itself: so make it aside.
                let aside = self.slot(ty.size().max(8), "new");
                self.write(value, aside, 0, &ty);
                let from = self.slot_addr(aside, 0);
                self.copy_value(from, 0, &ty, slot, 0, &ty);
            }
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
