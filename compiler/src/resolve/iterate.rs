//! `iter:goroutine`, `iter:thread` and `iter:process`: what gprobe goes over itself.

use std::collections::BTreeSet;

use gprobe_lang::ast::AttachPoint;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::{Span, Spanned};
use gprobe_symbols::{LinkAddr, RuntimeVariable};

use super::Resolver;
use super::earlier::Adders;
use super::place::Place;
use super::sites::Candidate;
use super::typed::{ExprKind, MapIndex, Probe, Stmt};
use super::visit;
use crate::artifact::{Attach, GoLists, Iterated, ProgramKind};

impl Resolver<'_> {
    /// `iter:goroutine` and `iter:thread`, with the time between two rounds or without.
    pub(super) fn iterate(
        &mut self,
        point: &AttachPoint,
        args: &[&Spanned<String>],
    ) -> Option<Vec<Candidate>> {
        let whole = point.text.span;
        let over = match args.first().map(|word| word.value.as_str()) {
            Some("goroutine") => Iterated::Goroutines,
            Some("thread") => Iterated::Threads,
            Some("process") => Iterated::Processes,
            _ => {
                let message = "gprobe goes over goroutines or threads of a Go program, or over processes";
                let span = args.first().map_or(whole, |word| word.span);
                self.report(
                    Diagnostic::error("bad-attach-point", span, message)
                        .help("write `iter:goroutine`, `iter:thread` or `iter:process`"),
                );
                return None;
            }
        };
        let period_ns = match args.get(1..) {
            None | Some([]) => None,
            Some(time) => Some(self.period(time, whole, "iter")?),
        };
        if period_ns.is_none() && self.target.command.is_some() && over != Iterated::Processes {
            let message = "when this probe runs, the command has not started yet: it has no goroutines";
            let again = format!("{}:1s", point.text.value);
            self.report(
                Diagnostic::warning("no-goroutines", whole, message)
                    .help(format!("have it run again and again: `{again}`")),
            );
        }
        match over {
            Iterated::Processes => self.need_process(whole)?,
            _ => self.find_lists(whole)?,
        }
        let cookie = u64::from(self.probe_name(&point.text.value));
        Some(vec![Candidate {
            place: Place::Iterate(over),
            kind: ProgramKind::Iterate,
            attach: Attach::Iterate { over, period_ns },
            title: point.text.value.clone(),
            checks_flags: false,
            cookie,
        }])
    }

    /// What is gone over once for each process needs one.
    fn need_process(&mut self, span: Span) -> Option<()> {
        if !self.target.processes.is_unnamed() {
            return Some(());
        }
        let message = "no process is named that could be gone over";
        self.report(
            Diagnostic::error("bad-attach-point", span, message)
                .help("name one with -p PID or -c COMMAND; what needs none can be done in `begin`"),
        );
        None
    }

    /// Finds where the runtime keeps its goroutines and threads.
    fn find_lists(&mut self, span: Span) -> Option<()> {
        if self.go_lists.is_some() {
            return Some(());
        }
        let found = match self.go_executable().cloned() {
            None => Err("it is a Go program that has goroutines".to_owned()),
            Some(_) if self.target.processes.is_unnamed() => {
                Err("they are those of one process, and no process is named".to_owned())
            }
            Some(executable) => lists(&executable.binary),
        };
        match found {
            Ok(lists) => {
                self.go_lists = Some(lists);
                Some(())
            }
            Err(reason) => {
                let message = "goroutines can't be gone over here";
                self.report(
                    Diagnostic::error("no-layout", span, message)
                        .note(reason)
                        .help("name a running Go program with -p PID or -c COMMAND"),
                );
                None
            }
        }
    }

    /// What gprobe adds to, probes in the kernel must not add to at the same time: one would undo the
    /// other's.
    pub(super) fn added_to_twice(&mut self, probes: &[Probe]) {
        let (mut by_kernel, mut by_gprobe) = (self.adders.in_kernel.clone(), self.adders.in_gprobe.clone());
        for probe in probes {
            match &probe.attach {
                // These run while nothing else of the script does.
                _ if probe.kind == ProgramKind::TestRun => {}
                Attach::Iterate { period_ns: None, .. } => {}
                Attach::Iterate { .. } => added_to(&probe.body, &mut by_gprobe),
                _ => added_to(&probe.body, &mut by_kernel),
            }
        }
        for probe in probes.iter().filter(|probe| probe.kind != ProgramKind::TestRun) {
            let others = if probe.kind == ProgramKind::Iterate { &by_kernel } else { &self.adders.in_gprobe };
            let mut here = BTreeSet::new();
            added_to(&probe.body, &mut here);
            if let Some(map) = here.intersection(others).next() {
                let name = self.map_name(MapIndex(*map));
                let message =
                    format!("@{name} is added to here, and in a probe of another kind at the same time");
                self.report(
                    Diagnostic::error("added-to-twice", probe.span, message)
                        .note(
                            "`iter` runs in gprobe and not in the kernel: one would undo what the other adds",
                        )
                        .help("use a map of its own here"),
                );
            }
        }
        self.adders = Adders { in_kernel: by_kernel, in_gprobe: by_gprobe };
    }
}

/// Maps whose values these statements add to.
fn added_to(list: &[Stmt], found: &mut BTreeSet<u32>) {
    visit::all_stmts(list, &mut |stmt| {
        if let Stmt::Aggregate { map, .. } | Stmt::AddMap { map, .. } = stmt {
            found.insert(map.0);
        }
    });
    visit::stmts(list, &mut |expr| {
        if let ExprKind::StepMap { map, .. } = &expr.kind {
            found.insert(map.0);
        }
    });
}

fn lists(binary: &gprobe_symbols::Binary) -> Result<GoLists, String> {
    let variable = |variable: RuntimeVariable| {
        let found = binary.runtime_variable(variable).map_err(|reason| reason.to_string())?;
        Ok::<LinkAddr, String>(found.value)
    };
    let small = |value: u64| u32::try_from(value).map_err(|_| "an offset is too large".to_owned());
    let offsets = binary.runtime_offsets().map_err(|reason| reason.to_string())?;
    Ok(GoLists {
        allgs: variable(RuntimeVariable::Allgs)?,
        allm: variable(RuntimeVariable::Allm)?,
        g_status: small(offsets.g.atomicstatus.value)?,
        g_m: small(offsets.g.m.value)?,
        m_alllink: small(offsets.m.alllink.value)?,
        m_curg: small(offsets.m.curg.value)?,
        m_procid: small(offsets.m.procid.value)?,
    })
}
