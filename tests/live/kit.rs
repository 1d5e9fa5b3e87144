//! What these tests share.

use std::path::PathBuf;

use gprobe_testkit::{Gprobe, Output, Program, Target, require_bpf};
use serde_json::Value;

/// The Go release that most tests use.
pub(crate) const GO: &str = "1.27";

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
