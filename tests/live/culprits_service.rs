//! The scripts that look into a service: each is run on a program that has the disease, and must name the culprit.

use std::collections::BTreeMap;
use std::time::Duration;

use gprobe_testkit::{Output, Program, Target};
use serde_json::Value;

use super::kit::{GO, SCREEN, STRIPPED, gprobe};

/// Runs a script on a program for some seconds.
fn look(target: &Target, args: &[&str]) -> Output {
    let pid = target.pid().to_string();
    let output = gprobe().args(args).args(["-p", &pid]).limit(Duration::from_secs(240)).run().success();
    assert!(!output.stderr.contains("lost:"), "{output}");
    output
}

fn start(name: &str, go: &str, flags: &[&str]) -> Target {
    Target::start(&Program::build(name, go, flags), &[])
}

/// What fits on a screen.
fn screen(output: &Output) -> String {
    output.stdout.lines().take(SCREEN).collect::<Vec<_>>().join("\n")
}

fn number(cell: &Value) -> u64 {
    cell.as_u64().unwrap_or_else(|| panic!("{cell} is no number"))
}

/// The row whose first cells are these.
fn row<'r>(rows: &'r [Vec<Value>], key: &[&str]) -> &'r [Value] {
    let found = rows.iter().find(|row| row.iter().zip(key).all(|(cell, wanted)| cell == wanted));
    found.unwrap_or_else(|| panic!("no row {key:?} in {rows:?}"))
}

#[test]
fn gcpauses_tells_stops_of_the_program_from_those_of_the_collector() {
    let target = start("newsfeed", GO, &[]);
    let text = look(&target, &["gcpauses", "-t", "2s"]);
    assert!(screen(&text).contains("read mem stats"), "{text}");
    let output = look(&target, &["gcpauses", "-t", "2s", "-f", "json"]);
    let stops = output.table("stops of the world");
    // Ten times a second, less on a machine that is busy.
    let read = row(&stops, &["read mem stats"]);
    assert!((3..=25).contains(&number(&read[1])), "{read:?}");
    let cycles = output.table("cycles of the collector");
    let (cycles, marks) = (number(&cycles[0][1]), number(&row(&stops, &["GC mark termination"])[1]));
    assert!(cycles > 0 && cycles.abs_diff(marks) <= 1, "{cycles} cycles, {marks} stops at their ends");
    for stop in &stops {
        let [total, p50, max] = [2, 3, 6].map(|at| number(&stop[at]));
        assert!(p50 > 0 && p50 <= max && max <= total + total / 8 && total < 2_000_000_000, "{stop:?}");
    }
    let old = start("newsfeed", "1.19", &[STRIPPED]);
    let output = look(&old, &["gcpauses", "-t", "2s", "-f", "json"]);
    let [only] = &output.table("stops of the world")[..] else { panic!("{output}") };
    let cycles = number(&output.table("cycles of the collector")[0][1]);
    assert!(only[0] == "unknown" && number(&only[1]) >= 2 * cycles, "{only:?} for {cycles} cycles");
}

#[test]
fn allocs_names_the_function_that_allocates_most() {
    for (go, flags) in [(GO, &[][..]), (GO, &["-buildmode=pie"]), ("1.19", &[STRIPPED])] {
        let target = start("newsfeed", go, flags);
        let text = look(&target, &["allocs", "-t", "1s"]);
        assert!(text.stdout.lines().nth(2).is_some_and(|line| line.contains("(*Renderer).Escape")), "{text}");
        let output = look(&target, &["allocs", "-t", "2s", "-f", "json"]);
        let spans = output.table("spans used up");
        let all: u64 = spans.iter().map(|row| number(&row[1])).sum();
        assert!(spans[0][0] == "main.(*Renderer).Escape" && all > 100, "Go {go}: {spans:?}");
        let sampled = number(&spans[0][1]) as f64 / all as f64;
        let output = look(&target, &["allocs", "--exact", "-t", "1s", "-f", "json"]);
        let exact = output.table("allocations");
        let all: u64 = exact.iter().map(|row| number(&row[1])).sum();
        let exact = row(&exact, &["main.(*Renderer).Escape"]);
        let (share, average) = (number(&exact[1]) as f64 / all as f64, number(&exact[1]) / number(&exact[2]));
        // A text of some 200 characters grows by one at a time; half of the allocations are the character.
        assert!((10..=250).contains(&average), "Go {go}: {average} bytes each");
        assert!(share > 0.9 && (share - sampled).abs() < 0.08, "Go {go}: {share} of all, sampled {sampled}");
        if flags.is_empty() {
            let text = look(&target, &["allocs", "--stack", "12", "-t", "1s"]);
            assert!(screen(&text).contains("main.(*Renderer).Escape"), "{text}");
        }
    }
}

#[test]
fn the_runtime_is_told_from_the_program_where_the_linker_keeps_them_apart() {
    let target = start("newsfeed", GO, &["-ldflags=-randlayout=7"]);
    let output = gprobe().args(["allocs", "-p", &target.pid().to_string()]).run();
    assert_eq!(output.code, Some(1), "{output}");
    assert!(output.stderr.contains("where the runtime's functions end is not known"), "{output}");
}

#[test]
fn netwait_names_who_waits_for_the_other_side() {
    let target = start("replicator", GO, &[]);
    let text = look(&target, &["netwait", "-t", "2s"]);
    assert!(screen(&text).contains("main.(*Copier).Copy"), "{text}");
    let output = look(&target, &["netwait", "-t", "2s", "-f", "json"]);
    let rows = output.table("waits for the network");
    let first = &rows[0];
    assert!(first[1] == "read" && first[2].to_string().contains("main.(*Copier).Copy"), "{first:?}");
    let [total, waits, p50] = [3, 4, 5].map(|at| number(&first[at]));
    // Three copiers wait 10 ms each time, nearly all of the time.
    assert!(p50 >= 9_400_000 && total >= waits * 10_000_000, "{first:?}");
    assert!((3_000_000_000..=6_600_000_000).contains(&total), "{first:?}");
    let output = look(&target, &["netwait", "--by", "fd", "-t", "1s", "-f", "json"]);
    let rows = output.table("waits for the network");
    let files: Vec<u64> = rows.iter().take(3).map(|row| number(&row[2])).collect();
    assert!(rows[..3].iter().all(|row| number(&row[5]) >= 9_400_000), "{rows:?}");
    assert!(files[0] != files[1] && files[1] != files[2] && files[0] != files[2], "{rows:?}");
}

#[test]
fn timers_names_who_makes_them_and_who_sleeps() {
    for go in [GO, "1.19"] {
        let target = start("sessions", go, &[STRIPPED]);
        let text = look(&target, &["timers", "-t", "1s"]);
        assert!(screen(&text).contains("main.(*Session).Poll"), "{text}");
        let output = look(&target, &["timers", "-t", "2s", "-f", "json"]);
        let printed = output.printed();
        let numbers: Vec<u64> = printed.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        // 400 sessions, each 20 ms, where the machine can.
        assert!((1_000..=22_000).contains(&numbers[1]), "Go {go}: {printed}");
        let made = output.table("timers made or set");
        let of_poll = &made[0];
        assert!(of_poll[0] == "time.NewTimer" && of_poll[1] == "main.(*Session).Poll", "Go {go}: {made:?}");
        let (made, fired) = (number(&of_poll[2]), numbers[0]);
        assert!(made >= fired * 9 / 10 && made <= fired + 400, "Go {go}: {made} made, {fired} went off");
        let sleeps = output.table("sleeps");
        let sweep = row(&sleeps, &["main.(*Janitor).Sweep"]);
        let (count, total) = (number(&sweep[1]), number(&sweep[2]));
        assert!((20..=101).contains(&count) && total == count * 20_000_000, "Go {go}: {sweep:?}");
    }
}

#[test]
fn panics_names_the_place_and_says_what_was_recovered() {
    for (go, flags) in [(GO, &[][..]), ("1.19", &[STRIPPED])] {
        let target = start("storefront", go, flags);
        let text = look(&target, &["panics", "-t", "2s", "--stack", "4"]);
        assert!(screen(&text).contains("main.(*Reviews).Latest"), "Go {go}: {text}");
        let output = look(&target, &["panics", "-t", "2s", "-f", "json"]);
        let rows = output.table("panics");
        let [only] = &rows[..] else { panic!("Go {go}: {rows:?}") };
        let [panics, recovered] = [1, 2].map(|at| number(&only[at]));
        assert_eq!(only[0], "main.(*Reviews).Latest", "Go {go}");
        assert!(panics > 0 && panics - recovered <= 4, "Go {go}: {panics} panics, {recovered} recovered");
        let lines = output.printed();
        let of_it = |line: &&str| {
            line.starts_with("recovered goroutine ") && line.ends_with(": main.(*Reviews).Latest")
        };
        assert_eq!(lines.lines().filter(of_it).count() as u64, recovered, "Go {go}: {lines}");
        assert_eq!(lines.lines().count() as u64, recovered, "Go {go}: {lines}");
    }
}

#[test]
fn httplat_tells_handlers_that_wait_from_those_that_compute() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let what = format!("Go {go} {flags:?}");
        let target = start("storefront", go, flags);
        let output = look(&target, &["httplat", "-t", "5s", "-f", "json"]);
        let rows = output.table("HTTP requests");
        assert_eq!((&rows[0][0], &rows[0][1]), (&"POST".into(), &"/checkout".into()), "{what}: {rows:?}");
        let of = |method, path| {
            let row = row(&rows, &[method, path]);
            [2, 3, 4, 5].map(|at| number(&row[at]))
        };
        let [total, requests, parked, p50] = of("POST", "/checkout");
        assert!(p50 >= 3_800_000 && total >= requests * 4_000_000, "{what}: {rows:?}");
        assert!(parked * 10 >= total * 6 && parked <= total, "{what}: {rows:?}");
        let [_, of_products, _, fast] = of("GET", "/products");
        assert!(fast < p50 && of_products > 5 * requests, "{what}: {rows:?}");
        let [total, _, parked, p50] = of("GET", "/report");
        assert!(p50 >= 7_500_000 && parked * 4 <= total, "{what}: {rows:?}");
        let waits = output.table("what handlers wait for");
        let lock = if go == "1.19" { "semacquire" } else { "sync.Mutex.Lock" };
        for reason in ["sleep", lock] {
            let wait = row(&waits, &["POST", "/checkout", reason]);
            assert!(number(&wait[3]) > 0, "{what}: {waits:?}");
        }
        let sleeps = row(&waits, &["POST", "/checkout", "sleep"]);
        assert!(number(&sleeps[4]).abs_diff(requests) <= 4, "{what}: {requests} requests, {sleeps:?}");
    }
    let target = start("storefront", GO, &[]);
    let text = look(&target, &["httplat", "-t", "2s", "--min", "3ms", "--by", "method"]);
    assert!(screen(&text).contains("POST * took "), "{text}");
}

#[test]
fn functions_are_counted_timed_and_traced() {
    let target = start("storefront", GO, &[]);
    let rows = look(&target, &["funccount", "main.(*Orders).*", "-t", "1s", "-f", "json"]).table("calls");
    let places = number(&row(&rows, &["main.(*Orders).Place"])[1]);
    assert!(rows.iter().all(|row| row[0].as_str().is_some_and(|name| name.starts_with("main.(*Orders)."))));
    assert!((10..=260).contains(&places), "{rows:?}");
    let output = look(&target, &["funclatency", "main.(*Ledger).Append", "-t", "2s", "-f", "json"]);
    let [only] = &output.table("latency of calls")[..] else { panic!("{output}") };
    let [total, calls, p50] = [1, 2, 3].map(|at| number(&only[at]));
    assert!(p50 >= 3_800_000 && total >= calls * 4_000_000 && calls > 10, "{only:?}");
    let text = look(&target, &["functrace", "main.*", "-t", "1s"]);
    let (mut seen, mut open) = (0, BTreeMap::<u64, Vec<(usize, String)>>::new());
    for (n, line) in text.stdout.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()) {
        let (goid, rest) = line.split_at(9);
        let goid = goid.trim().parse().unwrap_or_else(|_| panic!("{line}"));
        let indent = rest.len() - rest.trim_start().len();
        let calls = open.entry(goid).or_default();
        match rest.trim().split_once(" returns after ") {
            None => calls.push((indent, rest.trim().to_owned())),
            Some((name, took)) => {
                // A panic has ended those above it.
                let at = calls.iter().rposition(|call| *call == (indent, name.to_owned()));
                let at = at.unwrap_or_else(|| panic!("{line} was not called:\n{text}"));
                // What was called while probes were being attached is seen in part.
                if name == "main.(*Ledger).Append" && n > 3000 {
                    let outer: Vec<&str> =
                        calls[..at].iter().rev().map(|(_, name)| name.as_str()).take(2).collect();
                    assert_eq!(outer, ["main.(*Orders).Place", "main.(*Shop).handleCheckout"], "{text}");
                    assert!(took.ends_with(" ms"), "{line}");
                    seen += 1;
                }
                calls.truncate(at);
            }
        }
    }
    assert!(seen > 5, "{seen} calls:\n{text}");
    let pid = target.pid().to_string();
    for script in ["funccount", "funclatency", "functrace"] {
        let none = gprobe().args([script, "-p", &pid]).run();
        assert_eq!(none.code, Some(1), "{none}");
        assert!(none.stderr.contains("one parameter is wanted"), "{none}");
    }
}

/// The slices of a trace by track, and the names of tracks.
type Trace = (BTreeMap<(u64, u64), Vec<(f64, f64, String)>>, BTreeMap<u64, String>);

fn trace(target: &Target, args: &[&str]) -> Trace {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.json").display().to_string();
    look(target, &[&["timeline", "-q", "-t", "1s", "-o", &path], args].concat());
    let text = std::fs::read_to_string(&path).expect("a trace");
    let events: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let (mut slices, mut names) = Trace::default();
    for event in events {
        let id = |key: &str| event[key].as_u64().unwrap_or_default();
        match event["ph"].as_str() {
            Some("X") => {
                let time = |key: &str| event[key].as_f64().unwrap_or_else(|| panic!("{event}"));
                let name = event["name"].as_str().unwrap_or_default().to_owned();
                let track = slices.entry((id("pid"), id("tid"))).or_default();
                track.push((time("ts"), time("ts") + time("dur"), name));
            }
            Some("M") if event["name"] == "thread_name" => {
                names.insert(id("tid"), event["args"]["name"].as_str().unwrap_or_default().to_owned());
            }
            _ => {}
        }
    }
    for track in slices.values_mut() {
        track.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let mut outer: Vec<f64> = Vec::new();
        for (from, to, name) in track {
            // Thousandths of a microsecond are cut, not rounded.
            outer.retain(|end| *end > *from + 0.002);
            assert!(
                outer.iter().all(|end| *to <= end + 0.002),
                "{name} at {from} crosses the end of another"
            );
            outer.push(*to);
        }
    }
    (slices, names)
}

#[test]
fn timeline_is_a_trace_in_which_each_moment_of_a_goroutine_has_one_name() {
    let target = start("replicator", GO, &[]);
    let (slices, names) = trace(&target, &[]);
    let pid = u64::from(target.pid());
    // `main` started the copiers, and what accepts connections, which has nothing to do any more.
    let of_main = names.iter().filter(|(_, name)| name.starts_with("main.main."));
    let copiers: Vec<u64> =
        of_main.map(|(goid, _)| *goid).filter(|goid| slices.contains_key(&(pid, *goid))).collect();
    assert_eq!(copiers.len(), 3, "{names:?}");
    for &goid in &copiers {
        let track = &slices[&(pid, goid)];
        for wanted in ["running", "runnable", "waiting: IO wait", "syscall read", "syscall write"] {
            assert!(track.iter().any(|slice| slice.2 == wanted), "{goid} is never {wanted}");
        }
        let outer = track.iter().filter(|slice| !slice.2.starts_with("syscall"));
        let covered: f64 = outer.map(|slice| slice.1 - slice.0).sum();
        let all = track.last().map_or(0.0, |slice| slice.1) - track[0].0;
        assert!(all > 500_000.0 && covered > all * 0.98, "{goid}: {covered} us of {all}");
        let waited: f64 =
            track.iter().filter(|slice| slice.2 == "waiting: IO wait").map(|slice| slice.1 - slice.0).sum();
        assert!(waited > all * 0.5, "{goid}: {waited} us of {all}");
    }
    let goid = copiers[0];
    let (slices, _) = trace(&target, &["--goid", &goid.to_string(), "--min", "1ms"]);
    assert!(slices.keys().all(|track| *track == (pid, goid) || track.0 == 0), "{:?}", slices.keys());
    assert!(slices[&(pid, goid)].iter().all(|slice| slice.1 - slice.0 > 999.0));
    let (slices, _) = trace(&start("newsfeed", GO, &[]), &[]);
    let of = |track| slices.get(&(0, track)).unwrap_or_else(|| panic!("no track {track}"));
    assert!(of(1).iter().all(|slice| slice.2 == "marking"));
    for wanted in ["read mem stats", "GC sweep termination", "GC mark termination"] {
        assert!(of(2).iter().any(|slice| slice.2 == wanted), "the world is never stopped for {wanted}");
    }
}
