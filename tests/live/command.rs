//! `-c COMMAND`, signals, and the target's end.

use gprobe_testkit::Target;
use rustix::process::Signal;

use super::kit::{gprobe, number, program};

#[test]
fn a_command_is_probed_from_its_first_instruction() {
    let command = format!("{} -auto -n 1000", program("spin").display());
    let script =
        "go:runtime.schedinit { @[\"schedinit\"] = count(); } go:main.main { @[\"main\"] = count(); }
        go:main.work { @[\"work\"] = count(); }";
    // The command's own output goes to standard output: so ours to a file.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("out.json");
    let path = file.display().to_string();
    let output = gprobe().args(["-f", "json", "-o", &path, "-c", &command, "-e", script]).run().success();
    let results = std::fs::read_to_string(&file).expect("the results");
    let lines: Vec<serde_json::Value> =
        results.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let map = lines.iter().find_map(|line| line["data"].get("@")).expect("a map").clone();
    assert_eq!(number(&map, "schedinit"), 1);
    assert_eq!(number(&map, "main"), 1);
    assert_eq!(number(&map, "work"), 1000);
    assert!(output.stderr.contains("Attached 3 probes"), "{}", output.stderr);
    assert!(output.stderr.contains("the target has ended"), "{}", output.stderr);
}

#[test]
fn a_target_that_exits_ends_gprobe_with_its_maps() {
    let mut target = Target::start(&program("spin"), &["-n", "500"]);
    let pid = target.pid().to_string();
    let mut running =
        gprobe().args(["-f", "json", "-p", &pid, "-e", "go:main.work { @ = count(); }"]).run_until_attached();
    target.go();
    target.wait_done();
    target.finish();
    let output = running.wait().success();
    assert_eq!(output.map("@"), 500);
    assert!(output.stderr.contains("the target has ended"), "{}", output.stderr);
}

#[test]
fn sigint_and_sigterm_print_the_maps_and_end_well() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut target = Target::start(&program("spin"), &["-n", "200"]);
        let pid = target.pid().to_string();
        let mut running = gprobe()
            .args(["-f", "json", "-p", &pid, "-e", "go:main.work { @ = count(); }"])
            .run_until_attached();
        target.go();
        target.wait_done();
        running.signal(signal);
        let output = running.wait().success();
        assert_eq!(output.map("@"), 200);
        assert!(output.stderr.contains("Traced process"), "{}", output.stderr);
        target.finish();
    }
}

#[test]
fn results_go_to_a_file_and_quiet_says_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("out.txt");
    let path = file.display().to_string();
    let output =
        gprobe().args(["-q", "-o", &path, "-e", "begin { printf(\"%d\\n\", 42); exit(); }"]).run().success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    assert_eq!(std::fs::read_to_string(&file).expect("the results"), "42\n\n");
}

#[test]
fn list_shows_functions_with_types_sites_and_costs() {
    let file = program("counts").display().to_string();
    let output = gprobe().args(["list", "-v", "main.mixed", "-x", &file]).run().success();
    assert!(output.stdout.starts_with("go:main.mixed("), "{}", output.stdout);
    assert!(
        output.stdout.contains("text string") && output.stdout.contains("(string, int, error)"),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("entry") && output.stdout.contains("emulated"), "{}", output.stdout);
    assert!(
        output.stdout.contains("return") && output.stdout.contains("single-stepped"),
        "{}",
        output.stdout
    );
    let output = gprobe().args(["list", "tracepoint:sched:sched_sw*"]).run().success();
    assert!(output.stdout.contains("tracepoint:sched:sched_switch\n"), "{}", output.stdout);
}

#[test]
fn doctor_finds_this_machine_well() {
    let output = gprobe().args(["doctor"]).run().success();
    assert!(
        output.stdout.contains("BPF programs") && !output.stdout.contains("MISSING"),
        "{}",
        output.stdout
    );
}
