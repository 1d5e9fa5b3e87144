//! What a script costs its target: asked for beforehand, kept within limits, and told at the end.

pub(super) mod amounts;
mod budget;
pub(super) mod dry;

use std::time::Duration;

use gprobe_compiler::artifact::{Sampled, SampledBy};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_runtime::cost::{Price, Spent, price};

pub(super) use self::budget::Keeper;
use super::args::Run;
use super::{Failure, say};
use crate::output::units::thousands;
use crate::session::{ProgramId, Session};

/// Makes sure that a budget can be kept.
pub(super) fn can_be_kept(args: &Run) -> Result<(), Failure> {
    if args.max_overhead.is_none() {
        return Ok(());
    }
    let why = |why| format!("--max-overhead can't be kept: what a hit takes can't be measured here: {why}");
    price(true).map(drop).map_err(|error| Failure::Target(why(error)))
}

/// Adds what a hit takes on this machine to warnings of functions that run very often.
pub(super) fn quote(warnings: &mut [Diagnostic]) {
    for warning in warnings.iter_mut().filter(|warning| warning.code == "hot-function") {
        let Ok(price) = price(false) else { return };
        let (emulated, single) = (amounts::time(price.emulated), amounts::time(price.single_step));
        warning.notes.push(format!(
            "on this machine the trap takes {emulated} where the kernel emulates the instruction, and {single} where \
             it single-steps it"
        ));
    }
}

/// Lets what a hit takes be measured beside what else is done, where it will be told.
pub(super) fn expect(args: &Run, session: &Session, id: ProgramId) {
    let spent = session.spent(id);
    if !args.quiet && spent.hits() > 0 {
        let returns = spent.has_returns();
        // Where no thread can be had it is measured later.
        let _ = std::thread::Builder::new().spawn(move || price(returns));
    }
}

/// Says what the script has cost, and of what part of all events its numbers are.
pub(super) fn report(args: &Run, session: &Session, id: ProgramId, took: Duration) {
    if args.quiet {
        return;
    }
    if let Some(sampled) = session.program(id).and_then(|program| program.artifact.sampled) {
        say(&sampled_line(sampled));
    }
    let spent = session.spent(id);
    if !spent.programs.is_empty() {
        let price = if spent.hits() > 0 { price(spent.has_returns()) } else { Err(String::new()) };
        say(&cost_line(&spent, price.as_ref().map_err(String::as_str), took));
    }
}

fn cost_line(spent: &Spent, price: Result<&Price, &str>, over: Duration) -> String {
    let hits = match spent.hits() {
        0 => return "cost: no hits".to_owned(),
        1 => "1 hit".to_owned(),
        hits => format!("{} hits", thousands(hits.into())),
    };
    let price = match price {
        Ok(price) => price,
        Err(why) => return format!("cost: {hits}; what one takes can't be measured here: {why}"),
    };
    let took = spent.took(price);
    // Probes in the kernel are hit by all processes.
    let whose = if spent.is_all_in_targets() { "the target's " } else { "" };
    let about = if took.at_least { "at least" } else { "about" };
    let over_ns = over.as_nanos() as f64;
    format!(
        "cost: {hits}, {about} {} of {whose}CPU time ({} of one CPU over {})",
        amounts::time(took.ns),
        amounts::percent(took.ns / over_ns.max(1.0)),
        amounts::time(over_ns)
    )
}

fn sampled_line(sampled: Sampled) -> String {
    let Sampled { one_in, by } = sampled;
    let part = amounts::part(one_in);
    let of = match by {
        SampledBy::Hits => format!("about {part} of the events"),
        SampledBy::Goroutines => format!("all events of about {part} of the goroutines"),
        SampledBy::Threads => format!("all events of about {part} of the threads"),
    };
    format!("sampled 1/{one_in}: counts are of {of}")
}

#[cfg(test)]
mod tests {
    use gprobe_runtime::cost::{ProgramSpent, Way};

    use super::*;

    const PRICE: Price =
        Price { optimised: 100.0, emulated: 1000.0, single_step: 10_000.0, on_return: 500.0 };

    fn spent(way: Way, hits: u64, timed_runs: u64) -> Spent {
        let program =
            ProgramSpent { program: 0, hits: vec![(way, hits)], timed_runs, timed_ns: timed_runs * 200 };
        Spent { programs: vec![program] }
    }

    #[test]
    fn a_cost_is_a_time_and_a_share() {
        let site = Way::Site(gprobe_symbols::Cost::Emulated);
        let seconds = Duration::from_secs(20);
        let line = |spent: &Spent| cost_line(spent, Ok(&PRICE), seconds);
        assert_eq!(
            line(&spent(site, 184_302, 100)),
            "cost: 184,302 hits, about 221 ms of the target's CPU time (1.1 % of one CPU over 20 s)"
        );
        assert_eq!(
            line(&spent(site, 1, 0)),
            "cost: 1 hit, at least 1 us of the target's CPU time (less than 0.01 % of one CPU over 20 s)"
        );
        assert_eq!(
            line(&spent(Way::Kernel, 10_000_000, 1000)),
            "cost: 10,000,000 hits, about 2 s of CPU time (10 % of one CPU over 20 s)"
        );
        assert_eq!(line(&spent(site, 0, 0)), "cost: no hits");
        assert_eq!(
            cost_line(&spent(site, 7, 0), Err("no right to"), seconds),
            "cost: 7 hits; what one takes can't be measured here: no right to"
        );
    }

    #[test]
    fn a_sample_is_said_to_be_one() {
        let line = |by| sampled_line(Sampled { one_in: 10, by });
        assert_eq!(line(SampledBy::Hits), "sampled 1/10: counts are of about a tenth of the events");
        assert_eq!(
            line(SampledBy::Goroutines),
            "sampled 1/10: counts are of all events of about a tenth of the goroutines"
        );
    }
}
