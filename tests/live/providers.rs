//! What providers are made with, and the moments that need programs of their own.

use gprobe_testkit::{Program, Target};

use super::kit::{GO, STRIPPED, gprobe, number, program, trace};

/// Waits that the program saw itself, by the goroutine that waited.
#[test]
fn waits_are_seen_when_they_begin_and_when_they_end() {
    let script = r#"
        goroutine:park { @park[goid, args.reason] = count(); }
        goroutine:ready { @ready[args.goid, args.reason] = count(); }
        goroutine:run { @run[args.goid] = count(); }
        goroutine:status { if (args.from == Gwaiting && args.to == Grunnable) { @to_runnable[args.goid] = count(); } }
        chan:block { @chan_block[goid, args.send] = count(); }
        chan:unblock { @chan_unblock[args.goid, args.reason] = count(); }
        select:block { @select_block[goid] = count(); }
        select:unblock { @select_unblock[args.goid] = count(); }
        netpoll:wait { @net_wait[goid, args.write] = count(); }
        netpoll:block { @net_block[goid, args.write] = count(); @fd[args.fd] = 1; }
        netpoll:ready { @net_ready[args.fd] = count(); }"#;
    for go in ["1.19", "1.23", GO] {
        for flags in [&[][..], &[STRIPPED]] {
            let what = format!("Go {go} {flags:?}");
            let (output, target) =
                trace(&Program::build("parks", go, flags), &["-hold", "1ms"], &["-e", script]);
            let same = |map: &str, key: &str, name: &str| {
                let key = key.replace('G', &target.truth(&format!("goid.{name}")).to_string());
                let truth = target.truth(&format!("parks.{name}"));
                assert_eq!(number(&output.map(map), &key), truth, "{what}: {map}[{key}] of {name}");
            };
            for (name, reason) in [
                ("receive", "chan receive"),
                ("send", "chan send"),
                ("choose", "select"),
                ("read", "IO wait"),
                ("sleep", "sleep"),
            ] {
                same("@park", &format!("G,{reason}"), name);
                same("@ready", &format!("G,{reason}"), name);
                same("@to_runnable", "G", name);
                // Once more to begin with, and each time that its turn came while it was off its M.
                let goid = target.truth(&format!("goid.{name}")).to_string();
                let runs = number(&output.map("@run"), &goid);
                assert!(runs > target.truth(&format!("parks.{name}")), "{what}: {name} ran {runs} times");
            }
            same("@chan_block", "G,false", "receive");
            same("@chan_block", "G,true", "send");
            same("@chan_unblock", "G,chan receive", "receive");
            same("@chan_unblock", "G,chan send", "send");
            same("@select_block", "G", "choose");
            same("@select_unblock", "G", "choose");
            same("@net_wait", "G,false", "read");
            same("@net_block", "G,false", "read");
            let fds = output.map("@fd");
            let fd = fds.as_object().and_then(|fds| fds.keys().next().cloned()).expect("a file");
            let ready = number(&output.map("@net_ready"), &fd);
            assert!(ready >= target.truth("parks.read"), "{what}: file {fd} was ready {ready} times");
            target.finish();
        }
    }
}

#[test]
fn calls_into_c_and_back_are_counted_with_what_they_took() {
    let script = "cgo:enter { @enter[args.fn, args.caller] = count(); }
        cgo:exit { @exit[args.fn, args.caller] = count(); @ns[args.fn] = sum(args.ns); }
        cgo:callback-enter { @back_enter = count(); }
        cgo:callback-exit { @back_exit = count(); @back_ns = sum(args.ns); }";
    for go in ["1.19", "1.23", GO] {
        for flags in [&[][..], &[STRIPPED]] {
            let what = format!("Go {go} {flags:?}");
            let (output, target) = trace(&Program::build("cgolat", go, flags), &[], &["-e", script]);
            let mut compared = 0;
            for (name, truth) in target.truths() {
                let Some((caller, function)) =
                    name.strip_prefix("count.main.").and_then(|pair| pair.rsplit_once('.'))
                else {
                    continue;
                };
                let key = format!("{function},main.{caller}");
                assert_eq!(number(&output.map("@enter"), &key), truth, "{what}: {key}");
                assert_eq!(number(&output.map("@exit"), &key), truth, "{what}: {key}");
                compared += 1;
            }
            assert!(compared >= 4, "{what}: only {compared} callers");
            let (seen, sum) = (number(&output.map("@ns"), "c_sleep"), target.truth("sum_ns.c_sleep"));
            assert!(seen >= sum && seen - sum <= sum / 5, "{what}: {seen} ns seen of {sum}");
            let backs = target.truth("count.c_callback");
            assert!(backs > 0);
            for map in ["@back_enter", "@back_exit"] {
                assert_eq!(output.map(map).as_u64(), Some(backs), "{what}: {map}");
            }
            target.finish();
        }
    }
}

/// How a program dies is the last thing that is seen of it.
#[test]
fn what_a_program_dies_of_is_seen() {
    let script = "panic:panic { @panic = count(); } panic:recover { @recover = count(); }
        panic:fatal { @fatal = count(); } panic:throw { @throw[args.text] = count(); }";
    for go in ["1.19", "1.23", GO] {
        for (how, flags) in
            [("panic", &[][..]), ("fatal", &[]), ("panic", &[STRIPPED]), ("fatal", &[STRIPPED])]
        {
            let what = format!("Go {go} {flags:?}, dying of a {how}");
            let program = Program::build("moments", go, flags);
            let mut target = Target::start(&program, &["-n", "20", "-die", how]);
            let pid = target.pid().to_string();
            let mut running = gprobe().args(["-f", "json", "-p", &pid, "-e", script]).run_until_attached();
            target.go();
            let output = running.wait().success();
            assert!(!output.stderr.contains("lost:"), "{what}: {}", output.stderr);
            let count = |map: &str| output.maps().get(map).and_then(serde_json::Value::as_u64).unwrap_or(0);
            assert_eq!(count("@recover"), 20, "{what}");
            let (panics, fatal) = if how == "panic" { (21, 1) } else { (20, 0) };
            assert_eq!((count("@panic"), count("@fatal")), (panics, fatal), "{what}");
            if how == "fatal" {
                let said = output.map("@throw");
                assert_eq!(number(&said, "sync: unlock of unlocked mutex"), 1, "{what}: {said}");
            } else {
                assert!(!output.maps().contains_key("@throw"), "{what}");
            }
        }
    }
}

#[test]
fn what_was_at_the_entry_is_known_on_the_way_out() {
    let script = "config = { max_map_keys = 100000 }
        go:main.fib:return /entry(args.n) > 1/ { @n[entry(args.n)] = count(); @both = sum(entry(args.n) + retval); @ns = sum(nsecs - entry(nsecs)); }
        go:main.fib:return { @all = count(); @sum = sum(retval); }
        go:main.fib { @entered = sum(args.n); }";
    for go in ["1.19", GO] {
        let (output, target) = trace(&Program::build("counts", go, &[]), &["-n", "20000"], &["-e", script]);
        let scalar = |name: &str| output.map(name).as_u64().expect("a number");
        assert_eq!(scalar("@all"), target.truth("return.main.fib"), "Go {go}");
        let by_n = output.map("@n");
        let by_n = by_n.as_object().expect("a map");
        let weigh = |(n, count): (&String, &serde_json::Value)| {
            n.parse::<u64>().expect("a number") * count.as_u64().expect("a number")
        };
        assert!(!by_n.contains_key("0") && !by_n.contains_key("1"), "Go {go}: {by_n:?}");
        // fib(1) is 1 and fib(0) is 0: what the predicate leaves out.
        let above: u64 = by_n.iter().map(weigh).sum();
        let ones = scalar("@entered") - above;
        assert_eq!(scalar("@both"), above + scalar("@sum") - ones, "Go {go}");
        assert!(scalar("@ns") > 0 && !output.maps().keys().any(|name| name.contains('#')), "Go {go}");
        target.finish();
    }
    // In C a thread's stack pointer tells frames apart.
    let program = program("cgolat");
    let script = format!(
        "uretprobe:{}:c_sleep {{ @us[(int32)entry(arg0)] = count(); @ns = sum(nsecs - entry(nsecs)); }}",
        program.display()
    );
    let (output, target) = trace(&program, &[], &["-e", &script]);
    let calls: u64 = output.map("@us").as_object().expect("a map").values().filter_map(|n| n.as_u64()).sum();
    assert_eq!(calls, target.truth("count.c_sleep"));
    let (seen, sum) = (output.map("@ns").as_u64().expect("a number"), target.truth("sum_ns.c_sleep"));
    assert!(seen.abs_diff(sum) <= sum / 5, "{seen} ns seen of {sum}");
    target.finish();
}

#[test]
fn entries_of_a_map_go_with_their_goroutines() {
    let script = "let @local = golocal(100000);
        go:main.child { @local[goid] = 1; @put = count(); }
        goroutine:exit /has_key(@local, args.goid)/ { @seen_at_the_end = count(); }
        end { print(len(@local)); }";
    for go in ["1.19", GO] {
        let (output, target) = trace(&Program::build("moments", go, &[]), &[], &["-e", script]);
        let children = target.truth("children");
        assert_eq!(output.map("@put").as_u64(), Some(children), "Go {go}");
        assert_eq!(output.map("@seen_at_the_end").as_u64(), Some(children), "Go {go}");
        assert!(!output.maps().contains_key("@local"), "Go {go}: {:?}", output.maps());
        assert!(output.stdout.contains(r#"{"type": "value", "data": 0}"#), "Go {go}: {}", output.stdout);
        target.finish();
    }
}

#[test]
fn a_provider_of_ones_own_has_alternatives_and_conditions() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.gp");
    std::fs::write(
        &path,
        "probe mine:leaf = go:main.no_such_function { n = 1 } else go:main.fib /go_minor >= 99/ { n = 2 }
            else go:main.fib /args.n < 2 && has_func(\"main.fib\")/ { n = args.n }
         probe mine:over = mine:leaf /args.n == 1/ { n = args.n + 41 }",
    )
    .expect("it is written");
    let script = format!(
        "import \"{}\"; mine:leaf {{ @leaf[args.n] = count(); @probe[probe] = count(); }} mine:over {{ @over[args.n] = count(); }}",
        path.display()
    );
    let all = "go:main.fib /args.n < 2/ { @truth[args.n] = count(); }";
    let (output, target) = trace(&program("counts"), &["-n", "20000"], &["-e", &format!("{script} {all}")]);
    let truth = output.map("@truth");
    for n in ["0", "1"] {
        assert_eq!(number(&output.map("@leaf"), n), number(&truth, n), "fib({n})");
    }
    assert_eq!(number(&output.map("@over"), "42"), number(&truth, "1"));
    assert_eq!(output.map("@probe").as_object().expect("a map").keys().collect::<Vec<_>>(), ["mine:leaf"]);
    target.finish();
}
