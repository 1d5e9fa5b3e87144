//! What these tests share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gprobe_testkit::{Gprobe, Output, Program, Target, require_bpf};
use serde_json::Value;

/// The Go release that most tests use.
pub(crate) const GO: &str = "1.27";

/// What leaves symbols and debug information out.
pub(crate) const STRIPPED: &str = "-ldflags=-s -w";

/// Lines of a terminal's first screen.
pub(crate) const SCREEN: usize = 24;

/// gprobe, as it was built with these tests.
pub(crate) fn gprobe() -> Gprobe {
    require_bpf();
    Gprobe::at(env!("CARGO_BIN_EXE_gprobe"))
}

/// Runs a program that needs no target, to its end.
pub(crate) fn run(program: &str) -> Output {
    gprobe().args(["-q", "-e", program]).run()
}

/// A Go program of these tests.
pub(crate) fn program(name: &str) -> PathBuf {
    Program::build(name, GO, &[])
}

/// Traces a program's whole work with a script and gives what gprobe printed, as JSON, and the program,
/// which has done its work and is still there.
pub(crate) fn trace(path: &std::path::Path, args: &[&str], script: &[&str]) -> (Output, Target) {
    let (output, target) = trace_with_losses(path, args, script);
    assert!(!output.stderr.contains("lost:"), "something was lost:\n{}", output.stderr);
    (output, target)
}

/// The same for scripts with tracepoints and the like, and how often the kernel did not run one of their programs:
/// where it may interrupt itself, it runs none while one runs on that CPU, and says how often.
pub(crate) fn trace_skipped(path: &std::path::Path, args: &[&str], script: &[&str]) -> (Output, Target, u64) {
    let (output, target) = trace_with_losses(path, args, script);
    let mut skipped = 0;
    for lost in output.stderr.lines().filter_map(|line| line.strip_prefix("lost: ")) {
        let count = lost.split_once(" runs of a probe were skipped");
        let count = count.and_then(|(count, _)| count.parse::<u64>().ok());
        skipped += count.unwrap_or_else(|| panic!("something was lost:\n{}", output.stderr));
    }
    let preempted = gprobe_runtime::kernel::facts().version >= (6, 13, 0);
    assert!(skipped == 0 || preempted, "runs were skipped:\n{}", output.stderr);
    (output, target, skipped)
}

fn trace_with_losses(path: &std::path::Path, args: &[&str], script: &[&str]) -> (Output, Target) {
    let mut target = Target::start(path, args);
    let pid = target.pid().to_string();
    let mut running = gprobe()
        .args(["-f", "json", "-p", &pid])
        .args(script)
        .limit(std::time::Duration::from_secs(240))
        .run_until_attached();
    target.limit(std::time::Duration::from_secs(240));
    target.go();
    target.wait_done();
    (running.interrupt().success(), target)
}

/// A number of a map, 0 where the key is not there.
pub(crate) fn number(map: &Value, key: &str) -> u64 {
    map.get(key).and_then(Value::as_u64).unwrap_or(0)
}

/// A check by its name; it panics where gprobe is wrong.
pub(crate) type Check<T> = (&'static str, fn(&T));

/// For each check that failed its name and why.
pub(crate) type Failures = Vec<(&'static str, String)>;

/// Makes all checks of one thing, those behind a failed one too.
pub(crate) fn check_all<T>(checks: &[Check<T>], of: &T) -> Failures {
    let mut failures = Failures::new();
    for (name, check) in checks {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| check(of))) {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            failures.push((name, text.unwrap_or_default()));
        }
    }
    failures
}

/// Failures as tasks read them.
pub(crate) fn failures_json(failures: &Failures) -> Value {
    failures.iter().map(|(name, why)| serde_json::json!({ "check": name, "why": why })).collect()
}

/// Writes what was found so far: a run that is ended early leaves that.
pub(crate) fn write_results(path: &Path, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(path, text).expect("the results are written");
}
