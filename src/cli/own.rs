//! A script's own tests and benchmarks.

use std::time::{Duration, Instant};

use gprobe_compiler::artifact::Attach;
use gprobe_runtime::{Attached, Event, Value};

use super::Failure;
use crate::output::Sink;

/// How long a benchmark runs.
const LONG_ENOUGH: Duration = Duration::from_millis(300);
/// Rounds between two looks at the clock.
const ROUNDS: u64 = 200;

fn failed(error: gprobe_runtime::Error) -> Failure {
    Failure::Target(error.to_string())
}

/// The name of a test or a benchmark.
fn name(attached: &Attached, index: usize) -> String {
    match attached.artifact().programs.get(index).map(|program| &program.attach) {
        Some(Attach::Test { name } | Attach::Bench { name }) => name.clone(),
        _ => String::new(),
    }
}

/// Runs the tests; gives how many failed.
pub(super) fn tests(attached: &mut Attached, sink: &mut Sink<'_>) -> Result<u64, Failure> {
    // What `begin` printed comes first.
    let before = attached.poll(Duration::ZERO).map_err(failed)?;
    for event in &before {
        sink.event(attached.artifact(), event)?;
    }
    let mut failures = 0;
    for index in attached.own_runs() {
        let events = attached.run_now(index).map_err(failed)?;
        let mut passed = true;
        for event in &events {
            match event {
                Event::Result(value) => passed &= is_zero(value),
                other => sink.event(attached.artifact(), other)?,
            }
        }
        failures += u64::from(!passed);
        let name = name(attached, index);
        sink.test(&name, passed)?;
    }
    sink.flush()?;
    Ok(failures)
}

fn is_zero(value: &Value) -> bool {
    matches!(value, Value::Int(0) | Value::UInt(0) | Value::Bool(false) | Value::None)
}

/// Runs the benchmarks, each for a while.
pub(super) fn benchmarks(attached: &mut Attached, sink: &mut Sink<'_>) -> Result<u64, Failure> {
    let mut results = Vec::new();
    for index in attached.own_runs() {
        // Once to warm up.
        attached.run_now(index).map_err(failed)?;
        let begun = Instant::now();
        let mut rounds = 0u64;
        while begun.elapsed() < LONG_ENOUGH {
            for _ in 0..ROUNDS {
                attached.run_now(index).map_err(failed)?;
            }
            rounds += ROUNDS;
        }
        let average = begun.elapsed().as_nanos() / u128::from(rounds.max(1));
        results.push((name(attached, index), u64::try_from(average).unwrap_or(u64::MAX), rounds));
    }
    sink.benchmarks(&results)?;
    sink.flush()?;
    Ok(0)
}
