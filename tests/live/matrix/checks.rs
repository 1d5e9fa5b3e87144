//! What is checked of each build of the program `matrix`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gprobe_testkit::{Build, Target};
use serde_json::Value;

use super::super::crowd::{Goroutines, of_program, stacks_of_dump};
use super::super::kit::{Check, gprobe, number, trace};

/// The program in one build by one release.
pub(super) struct Cell {
    pub(super) release: String,
    pub(super) build: Build,
    pub(super) path: PathBuf,
}

/// All checks.
pub(super) const CHECKS: [Check<Cell>; 8] = [
    ("counts", counts),
    ("arguments", arguments),
    ("contexts", contexts),
    ("stacks", stacks),
    ("goroutines", goroutines),
    ("gostates", gostates),
    ("gmp", gmp),
    ("cgocalls", cgocalls),
];

/// How long a step may take on a machine with other work.
const LIMIT: Duration = Duration::from_secs(120);

/// Entries and returns are exact, whatever the functions' frames, stacks and ends.
fn counts(cell: &Cell) {
    let script = "go:main.* { @entry[func] = count(); } go:main.*:return { @return[func] = count(); }";
    let (output, target) = trace(&cell.path, &["-rounds", "4"], &["-e", script]);
    let (entries, returns) = (output.map("@entry"), output.map("@return"));
    let mut functions = 0;
    for (name, truth) in target.truths() {
        if let Some(function) = name.strip_prefix("entry.") {
            assert_eq!(of_shapes(&entries, function), truth, "entries of {function}");
            functions += 1;
        } else if let Some(function) = name.strip_prefix("return.") {
            assert_eq!(of_shapes(&returns, function), truth, "returns of {function}");
        }
    }
    assert!(functions >= 10, "the program counted only {functions} functions");
    assert!(target.truth("unwind.main.thrower") > 0 && target.truth("unwind.main.leaver") > 0);
    target.finish();
}

/// The count of a function; of a generic one that of all its instances.
fn of_shapes(map: &Value, name: &str) -> u64 {
    let Some(generic) = name.strip_suffix("[...]") else { return number(map, name) };
    let instances = format!("{generic}[");
    let all = map.as_object().expect("a map").iter();
    all.filter(|(name, _)| name.starts_with(&instances)).filter_map(|(_, n)| n.as_u64()).sum()
}

/// Arguments have names where there is debug information, and are refused by name where there is none.
fn arguments(cell: &Cell) {
    let scalar = |output: &gprobe_testkit::Output, name: &str| output.map(name).as_u64().expect("a number");
    let by_register = "go:main.plain { @i = sum(arg0); } go:main.plain:return { @n = count(); }";
    let by_name = "go:main.plain { @i = sum(args.i); } go:main.plain:return { @r = sum(retval); }
        go:main.(*Account).Deposit { @most = max(args.a.Balance); }";
    let script = if cell.build.dwarf { by_name } else { by_register };
    let (output, target) = trace(&cell.path, &["-rounds", "4"], &["-e", script]);
    assert_eq!(scalar(&output, "@i"), target.truth("sum.main.plain.i"));
    if cell.build.dwarf {
        assert_eq!(scalar(&output, "@r"), target.truth("sum.main.plain.retval"));
        let balance = target.truth("balance");
        assert!((balance - 99..=balance).contains(&scalar(&output, "@most")), "{balance}");
    } else {
        assert_eq!(scalar(&output, "@n"), target.truth("return.main.plain"));
        let pid = target.pid().to_string();
        let refused = gprobe().args(["-p", &pid, "-e", "go:main.plain { @ = sum(args.i); }"]).run();
        assert_eq!(refused.code, Some(1), "{refused}");
        assert!(refused.stderr.contains("the arguments of `main.plain` are not known by name"), "{refused}");
        assert!(refused.stderr.contains("no debug information"), "{refused}");
    }
    target.finish();
}

/// The C library that a process has loaded, if it has.
fn c_library(pid: u32) -> Option<PathBuf> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the process's maps");
    let found =
        maps.lines().find_map(|line| line.split_whitespace().last().filter(|p| p.contains("/libc.so")));
    found.map(PathBuf::from)
}

/// What the program knows of a goroutine is what gprobe says of it in Go, assembly, C and the kernel.
fn contexts(cell: &Cell) {
    let mut script = "
        go:main.inGo {
            if (goid != arg0) { @wrong[\"goid in Go\"] = count(); }
            if (cur_p != (int32)arg1) { @wrong[\"P in Go\"] = count(); }
            @state[\"go\", cgo_depth, gstatus, waitreason] = count();
            @threads[cur_m, tid] = count();
        }
        go:programs/matrix/asm.Probe {
            if (goid != arg0) { @wrong[\"goid in assembly\"] = count(); }
            @state[\"asm\", cgo_depth, gstatus, waitreason] = count();
            @threads[cur_m, tid] = count();
        }
        tracepoint:syscalls:sys_enter_lseek /(int32)args.fd == -1/ {
            if (goid != args.offset) { @wrong[\"goid in the kernel\"] = count(); }
            @kernel[args.whence, cgo_depth, gstatus, waitreason] = count();
            @threads[cur_m, tid] = count();
        }"
    .to_owned();
    let in_c = |context: &str, probe: String| {
        format!(
            " {probe} {{
                if (goid != arg0) {{ @wrong[\"goid in C\"] = count(); }}
                @state[\"{context}\", cgo_depth, gstatus, waitreason] = count();
                @threads[cur_m, tid] = count();
            }}"
        )
    };
    let mut probed_in_c = Vec::new();
    if cell.build.cgo && cell.build.symbols {
        script.push_str(&in_c("c", format!("uprobe:{}:c_probe_me", cell.build.code(&cell.path).display())));
        probed_in_c.push("c");
    }
    let dynamic = {
        let target = Target::start(&cell.path, &[]);
        let library = c_library(target.pid());
        target.finish();
        library
    };
    if let Some(library) = dynamic.filter(|_| cell.build.cgo) {
        script.push_str(&in_c("libc", format!("uprobe:{}:srand48", library.display())));
        probed_in_c.push("libc");
    }
    let (output, target) = trace(&cell.path, &["-n", "1000"], &["-e", &script]);
    let maps = output.maps();
    assert!(!maps.contains_key("@wrong"), "{maps:?}");
    let mut wanted = BTreeMap::new();
    let mut expect = |key: String, truth: &str| {
        let hits = target.truth(truth);
        if hits > 0 {
            wanted.insert(key, hits);
        }
    };
    expect("go,0,Grunning,sleep".to_owned(), "hits.go");
    expect("asm,0,Grunning,sleep".to_owned(), "hits.asm");
    for context in &probed_in_c {
        for depth in 1..=3 {
            expect(format!("{context},{depth},Gsyscall,sleep"), &format!("hits.c {depth}"));
        }
    }
    assert_eq!(numbers(&output.map("@state")), wanted);
    let mut wanted = BTreeMap::from([
        ("0,0,Gsyscall,sleep".to_owned(), target.truth("hits.kernel 0")),
        ("2,0,Grunning,sleep".to_owned(), target.truth("hits.kernel 2")),
    ]);
    if cell.build.cgo {
        wanted.insert("1,1,Gsyscall,sleep".to_owned(), target.truth("hits.kernel 1"));
    }
    assert_eq!(numbers(&output.map("@kernel")), wanted);
    // An M is a thread, wherever it is looked at.
    let pairs: Vec<String> = numbers(&output.map("@threads")).into_keys().collect();
    let (ms, tids): (BTreeSet<&str>, BTreeSet<&str>) =
        pairs.iter().filter_map(|pair| pair.split_once(',')).unzip();
    assert!(ms.len() == pairs.len() && tids.len() == pairs.len(), "{pairs:?}");
    assert!(!ms.contains("-1"), "{pairs:?}");
    target.finish();
}

/// A map of counts.
fn numbers(map: &Value) -> BTreeMap<String, u64> {
    let all = map.as_object().expect("a map").iter();
    all.map(|(key, n)| (key.clone(), n.as_u64().expect("a number"))).collect()
}

/// The goroutine's stack is whole in Go, assembly, C and the kernel.
fn stacks(cell: &Cell) {
    let mut script = "
        go:main.inGo { @[\"main.inGo\", gostack] = count(); }
        go:programs/matrix/asm.Probe { @[\"programs/matrix/asm.Probe\", gostack] = count(); }
        tracepoint:syscalls:sys_enter_lseek /(int32)args.fd == -1 && args.whence == 0/ {
            @[\"syscall.Syscall\", gostack] = count();
        }"
    .to_owned();
    let mut wanted = vec!["main.inGo", "programs/matrix/asm.Probe", "syscall.Syscall"];
    if cell.build.cgo {
        script.push_str(
            " tracepoint:syscalls:sys_enter_lseek /(int32)args.fd == -1 && args.whence == 1/ {
                @[\"main._Cfunc_c_lseek\", gostack] = count();
            }",
        );
        wanted.push("main._Cfunc_c_lseek");
    }
    let (output, target) = trace(&cell.path, &["-n", "1000", "-rounds", "20"], &["-e", &script]);
    let mut seen = BTreeMap::new();
    for (key, count) in numbers(&output.map("@")) {
        let words = key.lines().map(|line| line.trim().trim_end_matches(',').trim_end_matches(" (inlined)"));
        let frames: Vec<&str> =
            words.map(|line| line.split('@').next().unwrap_or_default()).filter(|f| !f.is_empty()).collect();
        let (context, frames) = frames.split_first().expect("what was probed stands first");
        let context = context.trim_end_matches(',');
        // What leads to it differs by release.
        assert!(frames.contains(&context), "{context}: {frames:?}");
        assert!(frames.ends_with(&["main.round", "main.contexts.func1"]), "{context}: {frames:?}");
        *seen.entry(context.to_owned()).or_insert(0) += count;
    }
    let hits = target.truth("hits.go");
    assert_eq!(seen, wanted.into_iter().map(|context| (context.to_owned(), hits)).collect());
    target.finish();
}

/// A program whose crowd of goroutines waits.
fn crowd(path: &Path) -> Target {
    let mut target = Target::start(path, &["-n", "1000", "-rounds", "4"]);
    target.limit(LIMIT);
    target.go();
    target.wait_done();
    target
}

/// What the runtime itself says of all goroutines.
fn dump(target: &mut Target) -> Vec<String> {
    let before = target.lines().len();
    target.send("dump");
    target.wait_for("end of dump");
    target.lines().split_off(before)
}

/// Ids, states and stacks of waiting goroutines are those of the runtime's own dump.
fn goroutines(cell: &Cell) {
    let mut target = crowd(&cell.path);
    let script = r#"iter:goroutine { printf("goroutine %d\t%s\t%s%s\n", goid, gstatus, waitreason, gostack); }
        interval:ms:1 { exit(); }"#;
    let pid = target.pid().to_string();
    let output = gprobe().args(["-q", "-p", &pid, "-e", script]).limit(LIMIT).run().success();
    assert!(!output.stderr.contains("lost:"), "something was lost:\n{}", output.stderr);
    let mut states = Goroutines::new();
    let mut found = Goroutines::new();
    let mut current = 0;
    for line in output.stdout.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("goroutine ") {
            Some(rest) => {
                let parts: Vec<&str> = rest.split('\t').collect();
                let [id, status, reason] = parts[..] else { panic!("{line}") };
                current = id.parse().expect("an id");
                let state = match status {
                    "Gwaiting" => reason.to_owned(),
                    status => status.trim_start_matches('G').to_lowercase(),
                };
                assert!(["Grunnable", "Grunning", "Gsyscall", "Gwaiting"].contains(&status), "{line}");
                assert_eq!(states.insert(current, state), None, "{current} was visited twice");
            }
            None => found.entry(current).or_insert_with(Vec::new).push(line.trim().replace(" (inlined)", "")),
        }
    }
    let mut waiting = BTreeSet::new();
    for name in target.truths().keys().filter_map(|name| name.strip_prefix("waits.")) {
        let (id, state) = name.split_once('.').expect("an id and a reason");
        let id = id.parse().expect("an id");
        assert_eq!(states.get(&id).map(String::as_str), Some(state), "goroutine {id}");
        waiting.insert(id);
    }
    assert_eq!(waiting.len(), 48, "the program knows its crowd");
    let known = stacks_of_dump(&dump(&mut target));
    for (id, frames) in known.into_iter().filter(|(id, _)| waiting.contains(id)) {
        let mine = of_program(found.remove(&id).unwrap_or_default());
        let frames = of_program(frames);
        let in_syscall = frames.first().is_some_and(|frame| frame.starts_with("syscall."));
        if in_syscall && ["1.19", "1.21", "1.22"].contains(&cell.release.as_str()) {
            // Before Go 1.23 the runtime does not keep where the caller's frame is.
            assert_eq!(mine.first(), frames.first(), "goroutine {id}");
            continue;
        }
        assert_eq!(mine, frames, "goroutine {id}");
    }
    target.finish();
}

/// Each goroutine of the crowd parked once, for the reason that the runtime shows, and those that are woken
/// are seen to be.
fn gostates(cell: &Cell) {
    let mut target = Target::start(&cell.path, &["-n", "1000", "-rounds", "4"]);
    target.limit(LIMIT);
    let pid = target.pid().to_string();
    let mut running = gprobe().args(["-f", "json", "-p", &pid, "gostates"]).limit(LIMIT).run_until_attached();
    target.go();
    target.wait_done();
    target.send("wake");
    target.wait_for("awake");
    let output = running.interrupt().success();
    assert!(!output.stderr.contains("lost:"), "something was lost:\n{}", output.stderr);
    let rows = output.table("parks");
    let of = |reason: &str| {
        let row = rows.iter().find(|row| row[0] == reason);
        let cell = |at: usize| row.and_then(|row| row[at].as_u64()).unwrap_or(0);
        (cell(1), cell(2))
    };
    let mut waiting: BTreeMap<String, u64> = BTreeMap::new();
    for (name, truth) in target.truths() {
        if let Some(reason) = name.strip_prefix("waiting.").filter(|reason| *reason != "syscall") {
            // The runtime's own goroutines and those of the counting park too.
            assert!(of(reason).0 >= truth, "{reason}: {truth} in truth, {rows:?}");
        }
        let Some((_, reason)) = name.strip_prefix("waits.").and_then(|rest| rest.split_once('.')) else {
            continue;
        };
        if reason != "syscall" && reason != "chan receive" {
            *waiting.entry(reason.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(waiting.values().sum::<u64>(), 36, "the program knows its crowd: {waiting:?}");
    for (reason, truth) in waiting {
        assert!(of(&reason).1 >= truth, "{reason}: {truth} wait in truth, {rows:?}");
    }
    for (reason, least) in [("chan receive", 6), ("sleep", 8)] {
        let (parks, waiting) = of(reason);
        assert!(parks >= waiting + least, "{reason}: {rows:?}");
    }
    target.finish();
}

/// Each goroutine of the crowd ran, on an M and a P.
fn gmp(cell: &Cell) {
    let (output, target) = trace(&cell.path, &["-n", "1000", "-rounds", "4"], &["gmp", "--top", "0"]);
    let mut ran = BTreeSet::new();
    for row in output.table("where they ran") {
        let parts: Vec<i64> = row.iter().map(|cell| cell.as_i64().expect("a number")).collect();
        let [goid, m, p, times] = parts[..] else { panic!("{row:?}") };
        assert!(goid > 0 && (0..1000).contains(&m) && (0..4).contains(&p) && times > 0, "{row:?}");
        ran.insert(goid.to_string());
    }
    for name in target.truths().keys().filter_map(|name| name.strip_prefix("waits.")) {
        let (id, _) = name.split_once('.').expect("an id and a reason");
        assert!(ran.contains(id), "goroutine {id} never ran: {ran:?}");
    }
    target.finish();
}

/// Calls into C are counted by function and by caller.
fn cgocalls(cell: &Cell) {
    if !cell.build.cgo {
        return;
    }
    let (output, target) = trace(&cell.path, &["-n", "1000"], &["cgocalls"]);
    let calls = output.table("calls of C");
    let nested: u64 = (1..=3).map(|depth| target.truth(&format!("hits.c {depth}"))).sum();
    let of = |function: &str| -> u64 {
        calls.iter().filter(|row| row[0] == function).filter_map(|row| row[3].as_u64()).sum()
    };
    assert_eq!(of("c_nested"), nested, "{calls:?}");
    assert_eq!(of("c_lseek"), target.truth("hits.kernel 1"), "{calls:?}");
    assert!(output.table("still in C").is_empty(), "{output}");
    target.finish();
}
