//! Which variables are used in callbacks, and which of them are shared with the rest of the program.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::resolve::typed::{Expr, ExprKind, Probe, Stmt, VarId};

/// Bytes of the word at the start of the shared memory.
const FLAG: u32 = 8;

/// Uses of a probe's variables. A function is named by the variable of its loop over a map; `None` is the
/// program itself.
#[derive(Debug, Default)]
pub(super) struct Captures {
    uses: BTreeMap<VarId, BTreeSet<Option<VarId>>>,
    /// Variables whose address is taken.
    pub(super) addressed: BTreeSet<VarId>,
    /// Shared variables, by their place.
    pub(super) shared: HashMap<VarId, u32>,
    /// Bytes of the shared memory, where there are callbacks.
    pub(super) shared_bytes: Option<u32>,
}

impl Captures {
    /// Of a probe.
    pub(super) fn of(probe: &Probe) -> Self {
        let mut captures = Self::default();
        if let Some(predicate) = &probe.predicate {
            captures.expr(predicate, None);
        }
        captures.stmts(&probe.body, None);
        if captures.shared_bytes.is_some() {
            let mut end = FLAG;
            for (var, functions) in &captures.uses {
                if functions.len() > 1 {
                    captures.shared.insert(*var, end);
                    let size = probe.vars.get(var.0 as usize).map_or(8, |ty| ty.stored().size());
                    end += size.max(8).next_multiple_of(8);
                }
            }
            captures.shared_bytes = Some(end);
        }
        captures
    }

    /// Variables that are used in one function only.
    pub(super) fn only_in(&self, function: Option<VarId>) -> Vec<VarId> {
        let only = BTreeSet::from([function]);
        self.uses.iter().filter(|(_, functions)| **functions == only).map(|(var, _)| *var).collect()
    }

    fn used(&mut self, var: VarId, function: Option<VarId>) {
        self.uses.entry(var).or_default().insert(function);
    }

    fn stmts(&mut self, list: &[Stmt], function: Option<VarId>) {
        list.iter().for_each(|stmt| self.stmt(stmt, function));
    }

    fn exprs(&mut self, list: &[Expr], function: Option<VarId>) {
        list.iter().for_each(|expr| self.expr(expr, function));
    }

    fn stmt(&mut self, stmt: &Stmt, function: Option<VarId>) {
        match stmt {
            Stmt::Expr(e) | Stmt::Exit { code: e, .. } | Stmt::Signal { number: e, .. } => {
                self.expr(e, function);
            }
            Stmt::SetVar(var, e) => {
                self.used(*var, function);
                self.expr(e, function);
            }
            Stmt::Zero(var) => self.used(*var, function),
            Stmt::SetMap { key, value, .. } | Stmt::AddMap { key, value, .. } => {
                self.exprs(key, function);
                self.expr(value, function);
            }
            Stmt::Aggregate { key, value, .. } => {
                self.exprs(key, function);
                value.iter().for_each(|e| self.expr(e, function));
            }
            Stmt::If { cond, then, otherwise } => {
                self.expr(cond, function);
                self.stmts(then, function);
                self.stmts(otherwise, function);
            }
            Stmt::While { cond, body } => {
                self.expr(cond, function);
                self.stmts(body, function);
            }
            Stmt::ForRange { var, from, to, body } => {
                self.used(*var, function);
                self.expr(from, function);
                self.expr(to, function);
                self.stmts(body, function);
            }
            Stmt::ForMap { var, body, .. } => {
                self.shared_bytes = Some(FLAG);
                self.used(*var, Some(*var));
                self.stmts(body, Some(*var));
            }
            Stmt::Scope(body) | Stmt::Unroll { body, .. } => self.stmts(body, function),
            Stmt::Delete { key, .. } => self.exprs(key, function),
            Stmt::Emit { args, .. } => self.exprs(args, function),
            Stmt::Return { result } => result.iter().for_each(|(_, e)| self.expr(e, function)),
            Stmt::CutOff(_) | Stmt::Break | Stmt::Continue => {}
        }
    }

    fn expr(&mut self, expr: &Expr, function: Option<VarId>) {
        match &expr.kind {
            ExprKind::Var(var) | ExprKind::StepVar { var, .. } | ExprKind::Find { var, .. } => {
                self.used(*var, function);
            }
            ExprKind::AddressOf(var) => {
                self.used(*var, function);
                self.addressed.insert(*var);
            }
            ExprKind::MapLen(_) => {
                self.shared_bytes.get_or_insert(FLAG);
            }
            ExprKind::Block(body, _) => self.stmts(body, function),
            _ => {}
        }
        expr.kind.parts().into_iter().for_each(|part| self.expr(part, function));
    }
}
