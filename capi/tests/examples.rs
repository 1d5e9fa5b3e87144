//! The examples that use the library from other languages.

use gprobe_testkit::{Gprobe, Program, Target, go, library, require_bpf, workspace};

/// Runs the Go tests; gives whether they passed, and what they said.
fn go_test(args: &[&str]) -> (bool, String) {
    require_bpf();
    let library = library();
    let mut command = go("1.27").command();
    command.args(["test", "-count=1", "-v", "."]).args(args);
    command.current_dir(workspace().join("examples/embed/gotest"));
    command.env("CGO_ENABLED", "1");
    command.env("CGO_LDFLAGS", format!("-L{0} -Wl,-rpath,{0}", library.display()));
    let output = command.output().expect("go runs");
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), said)
}

#[test]
fn a_go_test_asserts_that_no_handler_waits_for_a_mutex() {
    let (passed, said) = go_test(&[]);
    assert!(passed && said.contains("--- PASS: TestOrdersDoNotWaitForTheDisk"), "{said}");
    let (passed, said) = go_test(&["-guilty"]);
    assert!(!passed && said.contains("--- FAIL: TestOrdersWaitForTheDisk"), "{said}");
    assert!(said.contains("--- PASS: TestOrdersDoNotWaitForTheDisk"), "{said}");
    let waited = said.lines().find(|line| line.contains("for a mutex, which may be 1ms")).expect("a wait");
    assert!(said.contains("    gotest.(*Stock).Order  ") && waited.contains("ms"), "{said}");
}

#[test]
fn a_python_script_plots_a_histogram_of_all_calls() {
    require_bpf();
    let folder = tempfile::tempdir().expect("a folder");
    let svg = folder.path().join("latency.svg");
    let mut target =
        Target::start(&Program::build("spin", "1.27", &[]), &["-n", "700", "-pause", "100us", "-quiet"]);
    let pid = target.pid().to_string();
    let script = workspace().join("examples/embed/histogram.py").display().to_string();
    let picture = svg.display().to_string();
    let mut running = Gprobe::at("/usr/bin/env")
        .args(["python3", &script, &pid, "main.work", "--seconds", "60", "--svg", &picture])
        .env("GPROBE_LIB", library().join("libgprobe.so"))
        .start();
    running.wait_for("attached");
    target.go();
    target.wait_done();
    drop(target);
    let said = running.wait().success().stdout;
    assert!(said.contains("main.work: 700 calls\n") && said.contains('█'), "{said}");
    let counted = said.lines().filter(|line| line.contains(" .. "));
    let sum: u64 = counted
        .filter_map(|line| line.split(['█']).next()?.split_whitespace().last()?.parse::<u64>().ok())
        .sum();
    assert_eq!(sum, 700, "{said}");
    let text = std::fs::read_to_string(svg).expect("the picture");
    assert!(text.starts_with("<svg ") && text.contains("700 calls") && text.contains("<rect "), "{text}");
}
