//! What was typed, remembered: to save it, and to take it back.

use gprobe_lang::ast::{ExprKind, Item, Stmt, StmtKind};
use gprobe_lang::source::SourceId;
use gprobe_lang::{Input, parse_input};

use crate::session::ProgramId;

/// An input that changed something.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What an input was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Probes.
    Program(ProgramId),
    /// Macros, types, moments, maps.
    Definition,
    /// Statements that gave maps a value.
    Assignment,
}

/// Whether statements give maps a value.
pub(super) fn assigns(text: &str) -> bool {
    let Input::Now(parsed) = parse_input(SourceId(0), text, "begin") else { return false };
    let probes = parsed.script.items.iter().filter_map(|item| match item {
        Item::Probe(probe) => Some(&probe.body.stmts),
        _ => None,
    });
    probes.flatten().any(assigns_here)
}

fn assigns_here(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Assign { target, .. } => matches!(target.kind, ExprKind::Map { .. }),
        StmtKind::Expr(expr) => {
            matches!(&expr.kind, ExprKind::IncDec(_, of) if matches!(of.kind, ExprKind::Map { .. }))
        }
        StmtKind::If { then, otherwise, .. } => {
            then.stmts.iter().chain(otherwise.iter().flat_map(|block| &block.stmts)).any(assigns_here)
        }
        StmtKind::While { body, .. }
        | StmtKind::For { body, .. }
        | StmtKind::Unroll { body, .. }
        | StmtKind::Block(body) => body.stmts.iter().any(assigns_here),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_maps_are_remembered() {
        for text in ["@x = 1", "@x[1]++", "$a = 1; @x = $a;", "if (1) { @x += 2; }"] {
            assert!(assigns(text), "{text}");
        }
        for text in ["@x", "$a = 1", "print(@x)", "1 + 2", "go:main.f { @x = 1; }"] {
            assert!(!assigns(text), "{text}");
        }
    }
}
