//! A script's own tests and benchmarks.

use std::time::{Duration, Instant};

use gprobe_runtime::Value;

use super::Failure;
use crate::output::Sink;
use crate::session::{Event, ProgramId, Session};

/// How long a benchmark runs.
const LONG_ENOUGH: Duration = Duration::from_millis(300);
/// Rounds between two looks at the clock.
const ROUNDS: u64 = 200;

/// The tests or benchmarks of a program: index and name.
fn all(session: &Session, id: ProgramId) -> Vec<(usize, String)> {
    let program = session.program(id);
    let own =
        program.map(|program| program.own().into_iter().map(|(at, name)| (at, name.to_owned())).collect());
    own.unwrap_or_default()
}

/// Runs the tests; gives how many failed.
pub(super) fn tests(session: &mut Session, id: ProgramId, sink: &mut Sink<'_>) -> Result<u64, Failure> {
    // What `begin` printed comes first.
    for event in &session.poll(Duration::ZERO)? {
        sink.event(event)?;
    }
    let mut failures = 0;
    for (index, name) in all(session, id) {
        let events = session.run_own(id, index)?;
        let mut passed = true;
        for event in &events {
            match event {
                Event::Tested { value, .. } => passed &= is_zero(value),
                other => sink.event(other)?,
            }
        }
        failures += u64::from(!passed);
        sink.test(&name, passed)?;
    }
    sink.flush()?;
    Ok(failures)
}

fn is_zero(value: &Value) -> bool {
    matches!(value, Value::Int(0) | Value::UInt(0) | Value::Bool(false) | Value::None)
}

/// Runs the benchmarks, each for a while.
pub(super) fn benchmarks(session: &mut Session, id: ProgramId, sink: &mut Sink<'_>) -> Result<u64, Failure> {
    let mut results = Vec::new();
    for (index, name) in all(session, id) {
        // Once to warm up.
        session.run_own(id, index)?;
        let begun = Instant::now();
        let mut rounds = 0u64;
        while begun.elapsed() < LONG_ENOUGH {
            for _ in 0..ROUNDS {
                session.run_own(id, index)?;
            }
            rounds += ROUNDS;
        }
        let average = begun.elapsed().as_nanos() / u128::from(rounds.max(1));
        results.push((name, u64::try_from(average).unwrap_or(u64::MAX), rounds));
    }
    sink.benchmarks(&results)?;
    sink.flush()?;
    Ok(0)
}
