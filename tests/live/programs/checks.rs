//! What is checked of each program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gprobe_symbols::Binary;
use gprobe_testkit::Output;
use serde_json::Value;

use super::super::kit::{Check, gprobe};
use super::subjects::{Busy, Load, Subject};

/// A program and where it lies.
type Of = (Subject, PathBuf);

/// All checks.
pub(super) const CHECKS: [Check<Of>; 6] = [
    ("list", list),
    ("counts", counts),
    ("goid", goid),
    ("gostates", gostates),
    ("gmp", gmp),
    ("goroutines", goroutines),
];

/// How long a step may take on a machine with other work.
const LIMIT: Duration = Duration::from_secs(120);
/// Rounds of load that are traced.
const ROUNDS: u64 = 100;

/// Traces a program under its load, and gives what gprobe printed, as JSON, and how many rounds there were
/// while it was attached. The program lives on and serves.
fn trace((subject, path): &Of, script: &[&str]) -> (Output, u64) {
    let mut busy = subject.start(path);
    let pid = busy.pid().to_string();
    let mut running =
        gprobe().args(["-f", "json", "-p", &pid]).args(script).limit(LIMIT).run_until_attached();
    let before = busy.done();
    busy.begin();
    busy.wait_rounds(ROUNDS);
    let rounds = busy.rest() - before;
    let output = running.interrupt().success();
    assert!(!output.stderr.contains("lost:"), "something was lost:\n{}", output.stderr);
    serves(&mut busy);
    (output, rounds)
}

/// Whether many goroutines have work. One that is fed may do all of it on one, which waits in a system call and
/// is given memory once.
fn is_server(subject: &Subject) -> bool {
    matches!(subject.load, Load::Http { .. })
}

/// The program is as well as before.
fn serves(busy: &mut Busy) {
    busy.begin();
    busy.wait_rounds(5);
    busy.rest();
    assert!(busy.is_alive());
}

/// A map of counts.
fn numbers(map: &Value) -> BTreeMap<String, u64> {
    let all = map.as_object().expect("a map").iter();
    all.map(|(key, n)| (key.clone(), n.as_u64().expect("a number"))).collect()
}

/// All functions are there, with their sites.
fn list((subject, path): &Of) {
    let busy = subject.start(path);
    let pid = busy.pid().to_string();
    let all = gprobe().args(["list", "-p", &pid]).limit(LIMIT).run().success();
    let names: BTreeSet<&str> = all.stdout.lines().collect();
    assert!(names.len() > 3000, "only {} functions", names.len());
    for name in ["go:main.main", "go:runtime.gopark", &format!("go:{}", subject.function)] {
        assert!(names.contains(name), "there is no {name}");
    }
    let sites = gprobe().args(["list", "-v", "runtime.*park*", "-p", &pid]).limit(LIMIT).run().success();
    assert!(sites.stdout.contains("go:runtime.gopark") && sites.stdout.contains("entry "), "{sites}");
}

/// Functions are counted; of a server that nothing else asks, as often as it was asked.
fn counts(of: &Of) {
    let function = of.0.function;
    let script = format!(
        "go:{function} {{ @in = count(); }} go:{function}:return {{ @out = count(); }}
        go:runtime.gopark {{ @parks = count(); }} go:runtime.mallocgc {{ @allocations = count(); }}"
    );
    let (output, rounds) = trace(of, &["-e", &script]);
    let maps = output.maps();
    let count = |name: &str| maps.get(name).and_then(Value::as_u64).unwrap_or(0);
    match of.0.load {
        Load::Http { exact: true, .. } => assert_eq!((count("@in"), count("@out")), (rounds, rounds)),
        Load::Http { exact: false, .. } => assert!(count("@in") >= rounds && count("@out") >= rounds),
        // What it is fed comes in pieces of any size, and the last call waits still.
        Load::Input => assert!(count("@in") > 0 && count("@out") > 0),
    }
    if is_server(&of.0) {
        assert!(count("@allocations") >= rounds && count("@parks") > 0, "{maps:?}");
    }
}

/// A goroutine has the same id in Go code and in the kernel that it calls.
fn goid(of: &Of) {
    let script = format!(
        "go:{} {{ @go[goid, cur_m < 0, cur_p < 0, gstatus] = count(); }}
        go:syscall.Syscall {{ @calls[tid] = goid; }}
        tracepoint:raw_syscalls:sys_enter /has_key(@calls, tid)/ {{
            if (@calls[tid] == goid) {{ @same = count(); }} else {{ @other[goid, @calls[tid]] = count(); }}
            delete(@calls[tid]);
        }}
        end {{ clear(@calls); }}",
        of.0.function
    );
    let (output, _) = trace(of, &["-e", &script]);
    for key in numbers(&output.map("@go")).into_keys() {
        let parts: Vec<&str> = key.split(',').collect();
        let [id, "false", "false", "Grunning"] = parts[..] else { panic!("{key}") };
        let id: u64 = id.parse().expect("an id");
        assert!((1..1_000_000).contains(&id), "{key}");
    }
    assert!(!output.maps().contains_key("@other"), "{:?}", output.maps());
    assert!(output.map("@same").as_u64().is_some_and(|same| same > 0));
}

/// Goroutines park for reasons that have names.
fn gostates(of: &Of) {
    let (output, _) = trace(of, &["gostates"]);
    let rows = output.table("parks");
    for row in &rows {
        let reason = row[0].as_str().expect("a reason");
        assert!(reason.chars().any(|c| c.is_ascii_alphabetic()), "{rows:?}");
    }
    if is_server(&of.0) {
        let waits = rows.iter().find(|row| row[0] == "IO wait").unwrap_or_else(|| panic!("{rows:?}"));
        assert!(waits[6].is_u64(), "none was readied: {output}");
    }
}

/// Goroutines run on Ms and Ps that there are.
fn gmp(of: &Of) {
    let (output, _) = trace(of, &["gmp", "--top", "0"]);
    let runs = output.table("where they ran");
    assert!(!is_server(&of.0) || !runs.is_empty());
    let cpus = std::thread::available_parallelism().map_or(1, usize::from) as i64;
    for row in runs {
        let parts: Vec<i64> = row.iter().map(|cell| cell.as_i64().expect("a number")).collect();
        let [goid, m, p, _] = parts[..] else { panic!("{row:?}") };
        assert!(
            (1..1_000_000).contains(&goid) && (0..1000).contains(&m) && (0..cpus).contains(&p),
            "{row:?}"
        );
    }
}

/// All goroutines are gone over, each once, and their stacks lead to where they began.
fn goroutines((subject, path): &Of) {
    let mut busy = subject.start(path);
    busy.begin();
    let pid = busy.pid().to_string();
    let script = r#"iter:goroutine { printf("goroutine %d\t%s\t%s\t%s%s\n", goid, gstatus, waitreason, gname, gostack); }
        interval:ms:1 { exit(); }"#;
    let output = gprobe().args(["-q", "-p", &pid, "-e", script]).limit(LIMIT).run().success();
    assert!(!output.stderr.contains("lost:"), "something was lost:\n{}", output.stderr);
    let mut seen = BTreeMap::new();
    for text in format!("\n{}", output.stdout).split("\ngoroutine ").skip(1) {
        let (head, stack) = text.split_once('\n').unwrap_or((text, ""));
        let parts: Vec<&str> = head.split('\t').collect();
        let [id, status, reason, name] = parts[..] else { panic!("{head}") };
        let id: u64 = id.parse().expect("an id");
        let there = ["Grunnable", "Grunning", "Gsyscall", "Gwaiting", "Gcopystack", "Gpreempted"];
        assert!(there.contains(&status), "{head}");
        assert!(status != "Gwaiting" || reason.chars().any(|c| c.is_ascii_alphabetic()), "{head}");
        assert!(name.contains('.'), "{head}");
        let stack = (status.to_owned(), stack.to_owned());
        assert!(seen.insert(id, stack).is_none(), "{id} was visited twice");
    }
    assert!(seen.len() > 3, "{} goroutines", seen.len());
    let (status, main) = seen.get(&1).expect("the main goroutine");
    // Before Go 1.23 the runtime does not keep where the caller's frame is while a system call lasts.
    let whole = status != "Gsyscall" || knows_callers_in_syscalls(path);
    assert!(main.contains(if whole { "main.main@" } else { "syscall." }), "{main}");
    busy.rest();
    serves(&mut busy);
}

fn knows_callers_in_syscalls(path: &Path) -> bool {
    let binary = Binary::open(Arc::new(std::fs::read(path).expect("readable"))).expect("an ELF file");
    binary.go_version().is_some_and(|version| version.at_least(1, 23))
}
