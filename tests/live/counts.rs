//! Entries and returns are counted exactly.

use gprobe_testkit::{Program, Target};

use super::kit::{GO, number, trace};

/// Entries, returns and what panics left, by function; the generic one counts for both its shapes.
const SCRIPT: &str = "go:main.* { @entry[func] = count(); } go:main.*:return { @return[func] = count(); }";

fn compare(target: &Target, entries: &serde_json::Value, returns: &serde_json::Value) {
    let shapes = |map: &serde_json::Value, name: &str| match name.strip_suffix("[...]") {
        Some(generic) => {
            let all = map.as_object().expect("a map");
            let shapes = all.iter().filter(|(f, _)| f.starts_with(&format!("{generic}[")));
            shapes.map(|(_, n)| n.as_u64().expect("a number")).sum()
        }
        None => number(map, name),
    };
    let mut functions = 0;
    for (name, truth) in target.truths() {
        if let Some(function) = name.strip_prefix("entry.") {
            assert_eq!(shapes(entries, function), truth, "entries of {function}");
            functions += 1;
        } else if let Some(function) = name.strip_prefix("return.") {
            assert_eq!(shapes(returns, function), truth, "returns of {function}");
        }
    }
    assert!(functions > 8, "the program counted only {functions} functions");
    // Some calls ended by a panic: entries without returns, and the numbers say so.
    let left = target.truth("unwind.main.thrower");
    assert!(left > 0);
    assert_eq!(number(entries, "main.thrower") - number(returns, "main.thrower"), left);
}

fn counts(go: &str, calls: &str) {
    let program = Program::build("counts", go, &[]);
    let (output, target) = trace(&program, &["-n", calls], &["-e", SCRIPT]);
    compare(&target, &output.map("@entry"), &output.map("@return"));
    target.finish();
}

#[test]
fn a_million_entries_and_returns_are_counted_with_no_difference() {
    counts(GO, "1000000");
}

#[test]
fn counts_are_exact_on_go_1_24() {
    counts("1.24", "50000");
}

#[test]
fn counts_are_exact_on_go_1_21() {
    counts("1.21", "50000");
}

/// Frames begin otherwise there: the stack check's own jump is probed, and the flags decide.
#[test]
fn counts_are_exact_on_go_1_19() {
    counts("1.19", "50000");
}

#[test]
fn frames_pair_entries_with_returns_and_leave_what_panicked() {
    let program = Program::build("counts", GO, &[]);
    let script = "config = { max_map_keys = 100000 }
        go:main.fib, go:main.deep, go:main.thrower { @open[goid, frame, func] = 1; @in[func] = count(); }
        go:main.fib:return, go:main.deep:return, go:main.thrower:return {
            if (has_key(@open, (goid, frame, func))) { @paired[func] = count(); } else { @odd[func] = count(); }
            delete(@open[goid, frame, func]);
        }
        end { clear(@open); }";
    let (output, target) = trace(&program, &["-n", "60000"], &["-e", script]);
    let paired = output.map("@paired");
    for function in ["main.fib", "main.deep", "main.thrower"] {
        assert_eq!(number(&paired, function), target.truth(&format!("return.{function}")), "{function}");
    }
    assert!(!output.maps().contains_key("@odd"), "returns without an entry: {:?}", output.maps());
    target.finish();
}

#[test]
fn arguments_and_results_have_their_names_and_types() {
    let program = Program::build("counts", GO, &[]);
    let script = "config = { max_strlen = 250 } go:main.plain { @i = sum(args.i); }
        go:main.plain:return { @r = sum(retval); }
        go:main.(*Account).Deposit { @amount = sum(args.amount); @balance = max(args.a.Balance); }
        go:main.mixed { @n = sum(args.n); @x = sum(args.p.X); @texts[args.text] = count(); if (args.ok) { @ok = count(); } }";
    let (output, target) = trace(&program, &["-n", "20000"], &["-e", script]);
    let scalar = |name: &str| output.map(name).as_u64().expect("a number");
    assert_eq!(scalar("@i"), target.truth("sum.main.plain.i"));
    assert_eq!(scalar("@r"), target.truth("sum.main.plain.retval"));
    assert_eq!(scalar("@amount"), target.truth("sum.main.(*Account).Deposit.amount"));
    assert_eq!(scalar("@n"), target.truth("sum.main.mixed.n"));
    assert_eq!(scalar("@x"), target.truth("sum.main.mixed.p.X"));
    assert_eq!(scalar("@ok"), target.truth("count.main.mixed.ok"));
    let lengths: u64 = output
        .map("@texts")
        .as_object()
        .expect("a map")
        .iter()
        .map(|(text, n)| text.len() as u64 * n.as_u64().expect("a number"))
        .sum();
    assert_eq!(lengths, target.truth("sum.main.mixed.len(text)"));
    target.finish();
}

/// The program calls it in turns with `[]int{i, 7, 3}` and `[]string{"x", "y"}`, `i` counting from 0.
#[test]
fn instances_of_a_generic_function_have_arguments_of_their_own_types() {
    let script = r#"go:main.largest[...] { @all = count(); }
        go:main.largest[int] { @first = sum(args.values[0]); @types[gotype(args.values)] = count(); }
        go:main.largest[int]:return { @most = sum(ret.most); }
        go:main.largest[string] {
            if (args.values[1] == "y") { @y = count(); }
            @types[gotype(args.values)] = count();
        }
        go:main.largest[string]:return { @texts[ret.most] = count(); }"#;
    for go in ["1.21", "1.24", GO] {
        let program = Program::build("counts", go, &[]);
        let (output, target) = trace(&program, &["-n", "20000"], &["-e", script]);
        let calls = target.truth("entry.main.largest[...]");
        assert_eq!(calls, 200);
        let firsts: Vec<u64> = (0..calls).step_by(2).collect();
        let scalar = |name: &str| output.map(name).as_u64().expect("a number");
        assert_eq!(scalar("@all"), calls, "{go}");
        assert_eq!(scalar("@first"), firsts.iter().sum::<u64>(), "{go}");
        assert_eq!(scalar("@most"), firsts.iter().map(|first| *first.max(&7)).sum::<u64>(), "{go}");
        assert_eq!(scalar("@y"), calls / 2, "{go}");
        let half = serde_json::json!(calls / 2);
        assert_eq!(output.map("@types"), serde_json::json!({ "[]int": half, "[]string": half }), "{go}");
        assert_eq!(output.map("@texts"), serde_json::json!({ "y": half }), "{go}");
        target.finish();
    }
}
