//! Calls into C: counted exactly, and as long as C itself says.

use std::time::Duration;

use gprobe_testkit::{Target, patience};
use serde_json::Value;

use super::kit::{number, program, trace};

/// Calls of a C function in a table of `cgocalls`: the function, who called, the time in total, and how often.
fn calls_of(rows: &[Vec<Value>], function: &str, by: Option<&str>) -> u64 {
    let of_it = rows.iter().filter(|row| row[0] == function && by.is_none_or(|by| row[1] == by));
    of_it.map(|row| row[3].as_u64().expect("a number")).sum()
}

fn functions(target: &Target) -> Vec<String> {
    let truths = target.truths();
    let names = truths.keys().filter_map(|n| n.strip_prefix("sum_ns."));
    names.map(str::to_owned).collect()
}

#[test]
fn cgocalls_names_c_functions_and_their_go_callers_and_counts_them_exactly() {
    let (output, target) = trace(&program("cgolat"), &[], &["cgocalls"]);
    let calls = output.table("calls of C");
    let functions = functions(&target);
    assert!(functions.len() >= 4, "{functions:?}");
    for function in &functions {
        let truth = target.truth(&format!("count.{function}"));
        assert_eq!(calls_of(&calls, function, None), truth, "{function}");
    }
    // Callers in Go's own names, methods too.
    let callers = target.truths();
    let pairs = callers.iter().filter_map(|(name, n)| Some((name.strip_prefix("count.main.")?, *n)));
    let mut compared = 0;
    for (pair, truth) in pairs {
        let (caller, function) = pair.rsplit_once('.').expect("a caller and a function");
        let caller = format!("main.{caller}");
        assert_eq!(calls_of(&calls, function, Some(&caller)), truth, "{function} by {caller}");
        compared += 1;
    }
    assert!(compared >= 4, "only {compared} callers");
    for row in &calls {
        let numbers: Vec<u64> = row[2..].iter().map(|cell| cell.as_u64().expect("a number")).collect();
        let [total, _, p50, p90, p99, max] = numbers[..] else { panic!("{row:?}") };
        assert!(p50 <= p90 && p90 <= p99 && p99 <= max && max <= total + total / 16, "{row:?}");
    }
    assert!(output.table("still in C").is_empty(), "{output}");
    target.finish();
}

#[test]
fn cgocalls_counts_by_goroutine_where_it_is_told_to() {
    let (output, target) = trace(&program("cgolat"), &[], &["cgocalls", "--by", "goroutine", "--top", "0"]);
    let calls = output.table("calls of C");
    for function in &functions(&target) {
        let truth = target.truth(&format!("count.{function}"));
        assert_eq!(calls_of(&calls, function, None), truth, "{function}");
        let mut goroutines: Vec<u64> = calls
            .iter()
            .filter(|row| row[0] == *function.as_str())
            .filter_map(|row| row[1].as_u64())
            .collect();
        goroutines.sort_unstable();
        goroutines.dedup();
        assert!(goroutines.len() >= 4 && goroutines[0] > 0, "{function}: {goroutines:?}");
    }
    target.finish();
}

#[test]
fn latencies_agree_with_what_c_measured() {
    let script = "go:runtime.cgocall { @start[goid, frame] = (nsecs, funcname(arg0)); }
        go:runtime.cgocall:call:runtime.exitsyscall /has_key(@start, (goid, frame))/ {
            $s = @start[goid, frame];
            @ns[$s.1] = sum(nsecs - $s.0);
            @n[$s.1] = count();
            delete(@start[goid, frame]);
        }";
    let (output, target) = trace(&program("cgolat"), &[], &["-e", script]);
    let (ns, n) = (output.map("@ns"), output.map("@n"));
    for function in functions(&target) {
        let count = target.truth(&format!("count.{function}"));
        assert_eq!(number(&n, &function), count, "{function}");
        let truth = target.truth(&format!("sum_ns.{function}")) as f64 / count as f64;
        let seen = number(&ns, &function) as f64 / count as f64;
        let off = (seen - truth).abs();
        // On a slow machine as much more lies between C's clock and the probe's.
        let between = patience(Duration::from_micros(50)).as_nanos() as f64;
        assert!(
            off < between || off < 0.2 * truth,
            "{function}: C says {truth:.0} ns a call, gprobe {seen:.0}"
        );
    }
    target.finish();
}
