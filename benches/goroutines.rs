//! Measures going over many goroutines beside the runtime's own dump of them, in one run:
//! `cargo bench --bench goroutines`, as root. An argument is the number of goroutines.

#![allow(clippy::print_stdout, reason = "a report is what a benchmark is for")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gprobe_testkit::{Program, Target};

/// What a part of the report comes to.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Repetitions, of which the median is shown.
const REPEATS: usize = 7;

fn main() -> Outcome {
    let count = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_else(|| "100000".to_owned());
    let path = Program::build("crowd", "1.27", &[]);
    let mut target = Target::start(&path, &["-n", &count, "-watch"]);
    target.limit(Duration::from_secs(600));
    println!(
        "\n{count} goroutines that wait, and one that runs and looks at the clock; median of {REPEATS}:"
    );
    let scripts = [
        ("states", "iter:goroutine { @[gstatus, waitreason] = count(); }"),
        ("stacks", "iter:goroutine { @[gostack] = count(); }"),
    ];
    // The first run of a binary reads its DWARF.
    for (_, script) in scripts {
        gprobe(&target, script)?;
    }
    let still = repeated(&mut target, |_| {
        std::thread::sleep(Duration::from_millis(300));
        Ok(())
    })?;
    println!("  nothing but the clock                             longest stop {:8.2} ms", still.1);
    let dump = repeated(&mut target, |target| {
        let before = target.lines().len();
        target.send("");
        while !target.lines().iter().skip(before).any(|line| line.starts_with("end of dump")) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    })?;
    println!("  runtime.Stack, the dump           {:8.1} ms      longest stop {:8.2} ms", dump.0, dump.1);
    for (what, script) in scripts {
        let mine = repeated(&mut target, |target| gprobe(target, script))?;
        println!(
            "  gprobe, a whole run, {what:<12} {:8.1} ms      longest stop {:8.2} ms: 1/{:.0} of the dump's time, 1/{:.0} of its stop",
            mine.0,
            mine.1,
            dump.0 / mine.0,
            dump.1 / mine.1
        );
    }
    Ok(())
}

fn gprobe(target: &Target, script: &str) -> Outcome {
    let script = format!("{script} interval:ms:1 {{ exit(); }}");
    let status = Command::new(env!("CARGO_BIN_EXE_gprobe"))
        .args(["-q", "-o", "/dev/null", "-p", &target.pid().to_string(), "-e", &script])
        .stdin(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("gprobe ended with {status}").into()) }
}

/// How long something takes, and for how long the program stood still meanwhile, in ms.
fn repeated(
    target: &mut Target,
    mut what: impl FnMut(&mut Target) -> Outcome,
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let (mut times, mut stops) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        gap(target)?;
        let begun = Instant::now();
        what(target)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        stops.push(gap(target)?);
    }
    Ok((median(times), median(stops)))
}

/// For how long the program stood still, in ms, since it was asked last.
fn gap(target: &mut Target) -> Result<f64, Box<dyn std::error::Error>> {
    let before = target.lines().len();
    target.send("gap");
    loop {
        let lines = target.lines().split_off(before);
        if let Some(ns) = lines.iter().find_map(|line| line.strip_prefix("gap ")) {
            return Ok(ns.parse::<f64>()? / 1e6);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
