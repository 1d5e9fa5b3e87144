//! Which bare words a probe's predicate and body mention.

use std::collections::HashSet;

use gprobe_lang::ast::{Expr, ExprKind, Probe};

use crate::walk::{Child, each_expr, within};

/// Words that are mentioned: builtins, and functions that are called.
pub(super) struct Mentioned(HashSet<String>);

impl Mentioned {
    /// Those of a probe.
    pub(super) fn by(probe: &Probe) -> Self {
        let mut words = Self(HashSet::new());
        each_expr(&mut probe.clone(), &mut |expr| words.note(expr));
        words
    }

    /// Those of an expression.
    pub(super) fn in_expr(expr: &Expr) -> Self {
        let mut words = Self(HashSet::new());
        within(Child::Expr(&mut expr.clone()), &mut |expr| words.note(expr));
        words
    }

    /// Whether any of these is mentioned.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.0.contains(*word))
    }

    /// Whether any word that begins so is mentioned.
    pub(super) fn has_start(&self, start: &str) -> bool {
        self.0.iter().any(|word| word.starts_with(start))
    }

    /// Notes an expression's own word; what is in it is looked at as well.
    fn note(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Ident(word) => self.0.insert(word.clone()),
            ExprKind::Call { name, .. } => self.0.insert(name.value.clone()),
            _ => false,
        };
        false
    }
}
