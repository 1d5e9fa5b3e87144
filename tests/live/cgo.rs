//! Calls into C: counted exactly, and as long as C itself says.

use std::time::Duration;

use gprobe_testkit::{Target, patience};
use serde_json::Value;

use super::kit::{number, program, trace};

/// Sum over all Go callers of a C function.
fn of_function(map: &Value, function: &str) -> u64 {
    let all = map.as_object().expect("a map");
    all.iter()
        .filter(|(key, _)| key.split(',').next() == Some(function))
        .map(|(_, n)| n.as_u64().expect("a number"))
        .sum()
}

fn functions(target: &Target) -> Vec<String> {
    let truths = target.truths();
    let names = truths.keys().filter_map(|n| n.strip_prefix("sum_ns."));
    names.map(str::to_owned).collect()
}

#[test]
fn cgocalls_names_c_functions_and_their_go_callers_and_counts_them_exactly() {
    let (output, target) = trace(&program("cgolat"), &[], &["cgocalls"]);
    let (calls, by_goroutine) = (output.map("@calls"), output.map("@by_goroutine"));
    let functions = functions(&target);
    assert!(functions.len() >= 4, "{functions:?}");
    for function in &functions {
        let truth = target.truth(&format!("count.{function}"));
        assert_eq!(of_function(&calls, function), truth, "{function}");
        assert_eq!(of_function(&by_goroutine, function), truth, "{function} by goroutine");
    }
    // Callers in Go's own names, methods too.
    let callers = target.truths();
    let pairs = callers.iter().filter_map(|(name, n)| Some((name.strip_prefix("count.main.")?, *n)));
    let mut compared = 0;
    for (pair, truth) in pairs {
        let (caller, function) = pair.rsplit_once('.').expect("a caller and a function");
        let key = format!("{function},main.{caller}");
        assert_eq!(number(&calls, &key), truth, "{key}");
        compared += 1;
    }
    assert!(compared >= 4, "only {compared} callers");
    let histograms = output.map("@us");
    let (_, buckets) = histograms.as_object().expect("a map").iter().next().expect("a histogram");
    assert!(buckets[0].get("count").is_some(), "{histograms}");
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
