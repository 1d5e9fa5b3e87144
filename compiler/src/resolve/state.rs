//! Whether hits of probes know of each other: then a sample must have all hits of a goroutine, or none.

use gprobe_lang::diagnostic::Diagnostic;

use super::Resolver;
use super::typed::{ExprKind, Probe, Stmt};
use super::visit::all_stmts;

/// Whether a hit of a probe looks at what an earlier one, of the same or of another probe, has noted.
pub(super) fn keeps_state(probes: &[Probe]) -> bool {
    probes.iter().filter(|probe| probe.attach.is_event()).any(looks_back)
}

/// Whether a probe reads a map, or removes from one: what it adds to is for the one who reads the results.
fn looks_back(probe: &Probe) -> bool {
    let mut found = false;
    probe.visit(&mut |expr| {
        found |= matches!(expr.kind, ExprKind::MapGet(..) | ExprKind::HasKey(..) | ExprKind::Find { .. });
    });
    all_stmts(&probe.body, &mut |stmt| found |= matches!(stmt, Stmt::Delete { .. } | Stmt::ForMap { .. }));
    found
}

impl Resolver<'_> {
    /// Where goroutines are drawn, programs must know the current one, also where the script does not ask for it.
    pub(super) fn tell_goroutines(&mut self, probes: &[Probe], keeps_state: bool) {
        let wanted = self.options.sample.is_some_and(|sample| sample.one_in > 1) && keeps_state;
        if !wanted || self.go_executable().is_none() {
            return;
        }
        let mut events = probes.iter().filter(|probe| probe.attach.is_event());
        let outside_go = events.clone().any(|probe| !probe.g_in_r14);
        let Some(first) = events.next() else { return };
        if let Err(reason) = self.runtime_layout(outside_go) {
            let message = "which goroutine a probe is hit in can't be told, so there is no sample of them";
            let note =
                "what one hit has noted another one reads here: a sample must have all hits of a goroutine";
            let diagnostic = Diagnostic::error("no-layout", first.span, message).note(note).note(reason);
            self.report(diagnostic.help("trace all of it: leave `--sample` out"));
        }
    }
}
