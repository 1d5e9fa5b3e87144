//! Probes on source lines count how often a line is passed.

use std::collections::BTreeMap;
use std::fmt::Write;

use gprobe_testkit::{Program, workspace};

use super::kit::{GO, gprobe, number, trace};

/// The lines that the program's source marks, `// at NAME`, by name.
fn marked() -> BTreeMap<String, usize> {
    let source = workspace().join("tests/programs/lines/main.go");
    let text = std::fs::read_to_string(source).expect("the program's source");
    let lines = text.lines().enumerate();
    let marked = lines.filter_map(|(at, line)| Some((line.split_once("// at ")?.1.to_owned(), at + 1)));
    marked.filter(|(name, _)| !name.contains(' ')).collect()
}

fn counts(go: &str, flags: &[&str]) {
    let program = Program::build("lines", go, flags);
    let mut script = String::new();
    let lines = marked();
    for (name, line) in &lines {
        // Up to Go 1.19 nothing tells where a function begins that has no frame.
        if go == "1.19" && (name == "plain.entry" || name == "leaf") {
            continue;
        }
        writeln!(script, "go:lines/main.go:{line} {{ @[\"{name}\"] = count(); }}").expect("written");
    }
    let (output, target) = trace(&program, &["-n", "700"], &["-e", &script]);
    let counted = output.map("@");
    let mut compared = 0;
    for (name, truth) in target.truths() {
        let Some(name) = name.strip_prefix("at.") else { continue };
        assert!(lines.contains_key(name), "no line is marked `{name}`");
        if go == "1.19" && name == "plain.entry" {
            continue;
        }
        assert_eq!(number(&counted, name), truth, "{name} on Go {go} {flags:?}");
        compared += 1;
    }
    assert!(compared >= 21, "only {compared} lines");
    target.finish();
}

#[test]
fn lines_are_counted_exactly() {
    counts(GO, &[]);
}

#[test]
fn lines_are_counted_exactly_without_debug_information() {
    counts(GO, &["-ldflags=-w"]);
}

#[test]
fn lines_are_counted_exactly_on_go_1_25() {
    counts("1.25", &[]);
}

#[test]
fn lines_are_counted_exactly_on_go_1_23() {
    counts("1.23", &[]);
}

#[test]
fn lines_are_counted_exactly_on_go_1_21() {
    counts("1.21", &[]);
}

#[test]
fn lines_are_counted_exactly_on_go_1_19() {
    counts("1.19", &["-ldflags=-w"]);
}

/// The goroutine is known in the middle of a function, and in one that was put into it.
#[test]
fn goroutines_are_known_at_lines() {
    let line = marked()["parallel"];
    for go in ["1.19", "1.23", GO] {
        let program = Program::build("lines", go, &[]);
        let script =
            format!("go:lines/main.go:{line} {{ @[goid] = count(); @in[func, caller()] = count(); }}");
        let (output, target) = trace(&program, &["-n", "300"], &["-e", &script]);
        let ids = output.map("@");
        let mut goroutines = 0;
        for (name, truth) in target.truths() {
            if let Some(id) = name.strip_prefix("held.") {
                assert_eq!(number(&ids, id), truth, "goroutine {id} on Go {go}");
                goroutines += 1;
            }
        }
        assert_eq!(goroutines, 8);
        assert_eq!(ids.as_object().expect("a map").len(), 8, "{ids}");
        let whole = target.truth("at.parallel");
        assert_eq!(output.map("@in"), serde_json::json!({ "main.held,main.concurrent": whole }));
        target.finish();
    }
}

/// Arguments are where the debug information says that they are at the line.
#[test]
fn arguments_are_read_at_lines() {
    let lines = marked();
    let program = Program::build("lines", GO, &[]);
    let script = format!(
        "go:lines/main.go:{} {{ @first = sum(args.i); @same[probe] = count(); }}
         go:lines/main.go:{} {{ @depth = max(args.depth); @frames[caller()] = count(); }}
         go:lines/main.go:{} {{ @n = sum(args.n); @left = max(args.a.balance); }}",
        lines["plain.body"], lines["grow.body"], lines["method.body"]
    );
    let (output, target) = trace(&program, &["-n", "700"], &["-e", &script]);
    let whole = |n: u64| n * (n - 1) / 2;
    let scalar = |name: &str| output.map(name).as_u64().expect("a number");
    assert_eq!(scalar("@first"), whole(700));
    assert_eq!(scalar("@n"), whole(700));
    assert_eq!(scalar("@left"), 0, "before the line has run");
    assert_eq!(scalar("@depth"), 10 + 7 * 20);
    let line = format!("go:lines/main.go:{}", lines["plain.body"]);
    assert_eq!(number(&output.map("@same"), &line), 700);
    let frames = output.map("@frames");
    assert_eq!(number(&frames, "main.grow"), target.truth("at.grow.body") - 8);
    target.finish();
}

/// What is wrong with a line is said with what would be right.
#[test]
fn lines_without_code_are_errors() {
    let program = Program::build("lines", GO, &[]);
    let path = program.display().to_string();
    let said = |probe: &str| {
        let script = format!("go:{probe} {{ @ = count(); }}");
        let output = gprobe().args(["-x", &path, "-e", &script]).run();
        assert_eq!(output.code, Some(1), "{output}");
        output.stderr
    };
    let loops = marked()["loop.head"];
    let text = said(&format!("lines/main.go:{}", loops + 6));
    assert!(text.contains("error[no-code]") && text.contains("(in main.loops)"), "{text}");
    let text = said("lines/mian.go:3");
    assert!(text.contains("error[unknown-file]") && text.contains("did you mean `lines/main.go`"), "{text}");
    let text = said("mutex.go:90");
    assert!(text.contains("error[ambiguous-file]") && text.contains("sync/mutex.go"), "{text}");
    let text = said("main.go:0");
    assert!(text.contains("error[bad-attach-point]"), "{text}");
}
