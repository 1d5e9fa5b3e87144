//! What is typed at a prompt: probes to attach, or something to be done at once.

use gprobe_compiler::reference;
use gprobe_lang::ast::{self, ExprKind, Item, StmtKind};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Spanned;
use gprobe_lang::{Input, parse_input};

use super::error::{Error, ScriptError};
use super::event::Event;
use super::program::ProgramId;
use super::script::Script;
use super::{Made, Session, Tracer};

/// What came of an input.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entered {
    /// Probes: the program was compiled, and is to be attached.
    Program(ProgramId),
    /// It was done, and this is what it did.
    Done(Vec<Event>),
    /// It only defined something: macros, types, moments, maps.
    Defined,
}

impl Session {
    /// Takes what was typed at a prompt. Probes become a program, which is compiled and not yet attached. What does all it
    /// does at once is done: `begin { ... }`, `iter:goroutine { ... }`, an expression, which is printed, or statements, which run
    /// outside of the target's threads and see its memory as it is then.
    ///
    /// # Errors
    /// Where it is wrong, or can't be done.
    pub fn enter(&mut self, script: impl Into<Script>) -> Result<Entered, Error> {
        let script = script.into();
        match self.read(&script)? {
            (tree, warnings, true) => {
                let made = self.evaluated(&script, tree, warnings)?;
                self.done(script, made).map(Entered::Done)
            }
            (tree, warnings, false) => {
                let probes: Vec<&ast::Probe> = tree.items.iter().filter_map(probe).collect();
                let (defines, at_once) = (probes.is_empty(), probes.iter().all(|probe| is_at_once(probe)));
                let made = self.make(&script, (tree, warnings), &|_| {})?;
                if defines {
                    let id = self.keep_for_once(script, made);
                    self.remove(id)?;
                    return Ok(Entered::Defined);
                }
                match at_once {
                    true => self.done(script, made).map(Entered::Done),
                    false => Ok(Entered::Program(self.keep(script, made))),
                }
            }
        }
    }

    /// The tree of an input, what is worth knowing of it, and whether it is to be evaluated.
    fn read(&mut self, script: &Script) -> Result<(ast::Script, Vec<Diagnostic>, bool), Error> {
        let id = self.sources.add(script.name(), script.text());
        // What a target has that is gone can't be read any more, but maps can.
        let gone = self.tracer.as_ref().is_some_and(Tracer::target_ended);
        let probe = if gone || self.traces.pids().is_empty() { "begin" } else { "iter:process" };
        let (parsed, now) = match parse_input(id, script.text(), probe) {
            Input::Script(parsed) => (parsed, false),
            Input::Now(parsed) => (parsed, true),
        };
        if parsed.diagnostics.iter().any(Diagnostic::is_error) {
            let sources = self.sources.clone();
            return Err(ScriptError { diagnostics: parsed.diagnostics, sources }.into());
        }
        Ok((parsed.script, parsed.diagnostics, now))
    }

    /// Compiles what is to be evaluated; its last expression is printed, where it is one that gives anything.
    pub(super) fn evaluated(
        &mut self,
        script: &Script,
        tree: ast::Script,
        warnings: Vec<Diagnostic>,
    ) -> Result<Made, Error> {
        let Some(printing) = printing(&tree) else { return self.make(script, (tree, warnings), &|_| {}) };
        self.make(script, (printing, warnings.clone()), &|_| {}).or_else(|error| {
            // A macro may give nothing: only trying tells.
            self.make(script, (tree, warnings), &|_| {}).map_err(|_| error)
        })
    }

    /// What the compiler makes of an input that is to be evaluated; nothing of the session changes. `None` where it is
    /// probes.
    pub(super) fn tried(&mut self, script: &Script) -> Result<Option<Made>, Error> {
        let (tree, warnings, now) = self.read(script)?;
        if now { self.evaluated(script, tree, warnings).map(Some) } else { Ok(None) }
    }

    fn done(&mut self, script: Script, made: Made) -> Result<Vec<Event>, Error> {
        let id = self.keep_for_once(script, made);
        self.run_and_remove(id)
    }
}

fn probe(item: &Item) -> Option<&ast::Probe> {
    match item {
        Item::Probe(probe) => Some(probe),
        _ => None,
    }
}

/// Whether a probe runs once and is over.
fn is_at_once(probe: &ast::Probe) -> bool {
    probe.points.iter().all(|point| {
        let parts: Vec<&str> = point.parts.iter().map(|part| part.value.as_str()).collect();
        matches!(parts.as_slice(), ["begin" | "BEGIN" | "end" | "END"] | ["iter" | "it", _])
    })
}

/// The same with the last statement's value printed, where it has one.
fn printing(tree: &ast::Script) -> Option<ast::Script> {
    let mut tree = tree.clone();
    let Some(Item::Probe(probe)) = tree.items.first_mut() else { return None };
    let last = probe.body.stmts.last_mut()?;
    let StmtKind::Expr(expr) = &last.kind else { return None };
    if let ExprKind::Call { name, .. } = &expr.kind
        && reference::of_function(&name.value).is_some_and(|function| function.gives.is_empty())
    {
        return None;
    }
    let name = Spanned::new("print".to_owned(), expr.span);
    let kind = ExprKind::Call { name, args: vec![expr.clone()] };
    last.kind = StmtKind::Expr(ast::Expr { kind, span: expr.span });
    Some(tree)
}
