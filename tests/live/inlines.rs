//! Probes on inlined functions count each call of them, in whatever copy.

use gprobe_testkit::Program;
use serde_json::json;

use super::kit::{GO, gprobe, number, trace};

const FUNCTIONS: [&str; 6] = ["small", "outer", "branchy", "loopy", "inlined", "held"];

fn calls(go: &str, flags: &[&str]) {
    let program = Program::build("lines", go, flags);
    let points: Vec<String> = FUNCTIONS.iter().map(|name| format!("go:main.{name}:inline")).collect();
    let script = format!("{} {{ @[probe] = count(); @in[func] = count(); }}", points.join(", "));
    let (output, target) = trace(&program, &["-n", "700"], &["-e", &script]);
    let (probes, functions) = (output.map("@"), output.map("@in"));
    for name in FUNCTIONS {
        let truth = target.truth(&format!("calls.main.{name}"));
        assert!(truth >= 700);
        assert_eq!(number(&probes, &format!("go:main.{name}:inline")), truth, "{name} on Go {go} {flags:?}");
        assert_eq!(number(&functions, &format!("main.{name}")), truth, "{name} on Go {go} {flags:?}");
    }
    assert_eq!(functions.as_object().expect("a map").len(), FUNCTIONS.len(), "{functions}");
    target.finish();
}

#[test]
fn inlined_calls_are_counted_exactly() {
    calls(GO, &[]);
}

#[test]
fn inlined_calls_are_counted_exactly_without_debug_information() {
    calls(GO, &["-ldflags=-w"]);
}

#[test]
fn inlined_calls_are_counted_exactly_on_go_1_25() {
    calls("1.25", &[]);
}

#[test]
fn inlined_calls_are_counted_exactly_on_go_1_23() {
    calls("1.23", &[]);
}

#[test]
fn inlined_calls_are_counted_exactly_on_go_1_21() {
    calls("1.21", &[]);
}

#[test]
fn inlined_calls_are_counted_exactly_on_go_1_19() {
    calls("1.19", &["-ldflags=-w"]);
}

/// A copy's caller is the function that it is in.
#[test]
fn copies_know_what_they_are_in_and_on_whose_behalf() {
    let program = Program::build("lines", GO, &[]);
    let script = "go:main.held:inline { @[goid] = count(); @callers[caller()] = count(); @above[caller(1)] = count(); }";
    let (output, target) = trace(&program, &["-n", "300"], &["-e", script]);
    let ids = output.map("@");
    for (name, truth) in target.truths() {
        if let Some(id) = name.strip_prefix("held.") {
            assert_eq!(number(&ids, id), truth, "goroutine {id}");
        }
    }
    let whole = target.truth("calls.main.held");
    assert_eq!(output.map("@callers"), json!({ "main.concurrent": whole }));
    assert_eq!(output.map("@above").as_object().expect("a map").values().next(), Some(&json!(whole)));
    target.finish();
}

/// The copies' arguments are where the debug information says, and refused by name where it does not.
#[test]
fn arguments_of_copies_are_read_or_refused() {
    let program = Program::build("lines", GO, &[]);
    let script = "go:main.held:inline { @[args.i] = count(); }";
    let (output, target) = trace(&program, &["-n", "300"], &["-e", script]);
    let ids = output.map("@");
    for (name, truth) in target.truths() {
        if let Some(id) = name.strip_prefix("held.") {
            assert_eq!(number(&ids, id), truth, "argument {id}");
        }
    }
    target.finish();
    let bare = Program::build("lines", GO, &["-ldflags=-w"]);
    let path = bare.display().to_string();
    let output = gprobe().args(["-x", &path, "-e", script]).run();
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("the arguments of `main.held` are not known by name"), "{output}");
    let script = "go:main.held:inline { @[arg0] = count(); }";
    let output = gprobe().args(["-x", &path, "-e", script]).run();
    assert!(output.stderr.contains("in the middle of a function"), "{output}");
}

#[test]
fn a_function_that_is_everywhere_inlined_says_where() {
    let program = Program::build("lines", GO, &[]);
    let path = program.display().to_string();
    let output = gprobe().args(["-x", &path, "-e", "go:main.held { @ = count(); }"]).run();
    assert_eq!(output.code, Some(1));
    for text in [
        "error[inlined-everywhere]",
        "in main.concurrent, called at lines/main.go:",
        "write `go:main.held:inline`",
    ] {
        assert!(output.stderr.contains(text), "{text}: {output}");
    }
    let output = gprobe().args(["-x", &path, "-e", "go:main.nothing:inline { @ = count(); }"]).run();
    assert!(output.stderr.contains("error[unknown-function]"), "{output}");
}
