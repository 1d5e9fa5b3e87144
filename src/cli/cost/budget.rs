//! `--max-overhead`: probes that cost too much are taken away.

use std::time::{Duration, Instant};

use gprobe_compiler::artifact::Attach;
use gprobe_runtime::cost::{Budget, Load, Price, price};

use super::amounts::{percent, time};
use crate::cli::args::Run;
use crate::cli::say;
use crate::session::{ProgramId, Session};

/// How often costs are looked at.
const OFTEN: Duration = Duration::from_millis(100);
/// So many probes are named.
const NAMED: usize = 3;

/// Keeps the cost of a script within its budget.
pub(crate) struct Keeper {
    budget: Budget,
    share: f64,
    price: Price,
    /// When the probes were attached.
    begun: Instant,
    /// When costs are next looked at.
    next: Instant,
}

impl Keeper {
    /// One for what has just been attached, where there is a budget.
    pub(crate) fn new(args: &Run, session: &Session, id: ProgramId) -> Option<Self> {
        let (share, price) = (args.max_overhead?, price(true).ok()?);
        let now = Instant::now();
        let budget = Budget::new(share, session.spent(id).programs.len());
        Some(Self { budget, share, price, begun: now, next: now })
    }

    /// Looks at the costs, takes away what is too dear and says so. Gives whether nothing is left that could happen.
    pub(crate) fn look(&mut self, session: &mut Session, id: ProgramId) -> bool {
        let now = Instant::now();
        if now < self.next {
            return false;
        }
        self.next = now + OFTEN;
        let spent = session.spent(id);
        let load = |program| {
            let run_ns = spent.run_ns(program).unwrap_or(0.0);
            Load { traps_ns: program.traps_ns(&self.price), hits: program.all_hits(), run_ns }
        };
        let loads: Vec<Load> = spent.programs.iter().map(load).collect();
        let Some(passed) = self.budget.look(now.duration_since(self.begun), &loads) else { return false };
        // Of probes that look at what others note, some alone would be wrong.
        let Some(artifact) = session.program(id).map(|program| program.artifact.clone()) else {
            return false;
        };
        let together = artifact.keeps_state;
        let gone: Vec<usize> = if together { (0..loads.len()).collect() } else { passed.dearest };
        gone.iter().for_each(|index| self.budget.forget(*index));
        let programs: Vec<usize> =
            gone.iter().filter_map(|index| spent.programs.get(*index)).map(|spent| spent.program).collect();
        session.withdraw(id, &programs);
        let mut titles: Vec<&str> = Vec::new();
        for title in programs.iter().filter_map(|index| artifact.programs.get(*index)) {
            if !titles.contains(&title.title.as_str()) {
                titles.push(&title.title);
            }
        }
        let after = now.duration_since(self.begun);
        say(&passed_line(self.share, passed.share, &titles, together, after));
        let others = |attach: &Attach| {
            matches!(attach, Attach::Profile { .. } | Attach::Counter { .. } | Attach::Iterate { .. })
        };
        let nothing =
            !self.budget.is_any_left() && !artifact.programs.iter().any(|program| others(&program.attach));
        if nothing {
            say("no probe is left, so this is the end");
        }
        nothing
    }
}

fn passed_line(budget: f64, share: f64, titles: &[&str], together: bool, after: Duration) -> String {
    let named = titles.get(..NAMED).unwrap_or(titles).join(", ");
    let what = match titles.len().checked_sub(NAMED) {
        Some(0) | None => named,
        Some(1) => format!("{named} and 1 other probe"),
        Some(more) => format!("{named} and {more} other probes"),
    };
    let (were, whose) = if titles.len() == 1 { ("was", "its") } else { ("were", "their") };
    let why =
        if together && titles.len() > 1 { ", together, as they look at what each other note" } else { "" };
    format!(
        "the budget of {} was passed ({} of one CPU): {what} {were} detached after {}{why}; {whose} numbers are of the time before",
        percent(budget),
        percent(share),
        time(after.as_nanos() as f64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_detached_is_named() {
        let line = |titles: &[&str], together| {
            passed_line(0.02, 0.073, titles, together, Duration::from_millis(3210))
        };
        assert_eq!(
            line(&["goroutine:park"], false),
            "the budget of 2 % was passed (7.3 % of one CPU): goroutine:park was detached after 3.2 s; its numbers are of the time before"
        );
        assert!(line(&["a", "b", "c", "d"], false).contains(": a, b, c and 1 other probe were detached"));
        assert!(line(&["a", "b"], true).contains("after 3.2 s, together, as"));
    }
}
