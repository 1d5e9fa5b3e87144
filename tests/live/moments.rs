//! The moments of providers: each comes as often as the program knows that it did.

use gprobe_testkit::{Output, Program, Target};

use super::kit::{GO, STRIPPED, gprobe, number};

/// Releases that do things in different ways, each with and without symbols.
const RELEASES: [&str; 3] = ["1.19", "1.23", GO];

/// What is counted by goroutine, but for what other goroutines do in its name.
const MOMENTS: &str = r#"config = { max_map_keys = 20000 }
    goroutine:create { @create[args.func] = count(); @made[args.goid] = 1; }
    goroutine:start { @start[args.func] = count(); }
    goroutine:exit { @exit[args.func] = count(); if (has_key(@made, args.goid)) { @both = count(); } }
    goroutine:yield { @yield[args.goid] = count(); }
    goroutine:preempt { @preempt[args.goid] = count(); }
    chan:send { @send[goid, args.chan] = count(); @sent_len[args.chan] = sum(args.len); @cap[args.chan] = max(args.cap); }
    chan:recv { @recv[goid, args.chan] = count(); if (!args.block) { @recv_try[args.chan] = count(); } }
    chan:close { @close[args.chan] = count(); }
    select:enter { @select[goid] = count(); @cases = max(args.sends + args.recvs); if (!args.block) { @select_try[goid] = count(); } }
    select:exit { @chosen[goid, args.chosen] = count(); }
    syscall:enter { @syscall[goid, args.nr] = count(); }
    syscall:exit { @syscall_done[goid, args.nr] = count(); @syscall_ns[goid, args.nr] = sum(args.ns); }
    gc:start { @gc_start = count(); }
    gc:mark-done { @gc_mark = count(); }
    gc:sweep-done { @gc_sweep = count(); }
    gc:stw-start { @stw[stw_reason(args.reason)] = count(); @stw_all = count(); }
    gc:stw-stop { @stw_stop = count(); }
    heap:alloc { if (args.size == 104) { @alloc[goid] = count(); } }
    heap:large { if (args.size == 1048576) { @large = count(); } }
    heap:span { @span = count(); }
    heap:grow { @grow = sum(args.bytes); }
    timer:sleep { @sleep[goid] = count(); @sleep_ns[goid] = sum(args.ns); }
    timer:fire { @fire = count(); }
    panic:panic { @panic[goid] = count(); }
    panic:recover { @recover[goid] = count(); }
    sched:m-start { @m_start = count(); }
    sched:m-stop { @m_stop = count(); }
    sched:m-wake { @m_wake = count(); }
    sched:m-spin { @m_spin = count(); }
    sched:p-acquire { @p_acquire[args.p] = count(); }
    sched:p-release { @p_release = count(); }
    sched:p-handoff { @p_handoff[args.p] = count(); }
    sched:p-retake { @p_retake[args.p] = count(); }
    syscall:blocked { @blocked[args.p] = count(); }
    end { clear(@made); }"#;

/// A program and what was seen of it.
struct Seen {
    output: Output,
    target: Target,
    /// Threads that it has made, none of which has ended.
    threads: u64,
    what: String,
}

impl Seen {
    fn of(go: &str, flags: &[&str]) -> Seen {
        let program = Program::build("moments", go, flags);
        let mut target = Target::start(&program, &[]);
        let pid = target.pid().to_string();
        let mut running = gprobe().args(["-f", "json", "-p", &pid, "-e", MOMENTS]).run_until_attached();
        let tasks = || std::fs::read_dir(format!("/proc/{pid}/task")).expect("its threads").count() as u64;
        // The program is quiet now.
        let before = tasks();
        target.go();
        target.wait_done();
        // It comes to rest: all threads that were made have run.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let threads = tasks() - before;
        let output = running.interrupt().success();
        assert!(!output.stderr.contains("lost:"), "something was lost:\n{}", output.stderr);
        Seen { output, target, threads, what: format!("Go {go} {flags:?}") }
    }

    /// The id of the goroutine that does a thing.
    fn goid(&self, name: &str) -> String {
        self.target.truth(&format!("goid.{name}")).to_string()
    }

    /// A count under one key, 0 where there is none; an empty key is that of a map without keys.
    fn count(&self, map: &str, key: &str) -> u64 {
        match self.output.maps().get(map) {
            None => 0,
            Some(value) if key.is_empty() => value.as_u64().expect("a number"),
            Some(map) => number(map, key),
        }
    }

    fn same(&self, map: &str, key: &str, truth: &str) {
        assert_eq!(self.count(map, key), self.target.truth(truth), "{}: {map}[{key}]", self.what);
    }

    /// Of all keys.
    fn total(&self, map: &str) -> u64 {
        let all = self.output.map(map);
        all.as_object().expect("a map").values().map(|n| n.as_u64().expect("a number")).sum()
    }
}

fn moments_of(go: &str, flags: &[&str]) {
    let seen = Seen::of(go, flags);
    let what = &seen.what;

    for map in ["@create", "@start", "@exit"] {
        seen.same(map, "main.child", "children");
    }
    seen.same("@yield", &seen.goid("yields"), "yields");
    assert!(seen.count("@preempt", &seen.goid("spin")) >= 1, "{what}: a goroutine that spins is preempted");
    assert_eq!(seen.count("@preempt", &seen.goid("yields")), 0, "{what}: it yields by itself");

    let channel = seen.target.truth("chan").to_string();
    let by = format!("{},{channel}", seen.goid("channels"));
    let n = seen.target.truth("sends");
    seen.same("@send", &by, "sends");
    seen.same("@recv", &by, "recvs");
    seen.same("@close", &channel, "closes");
    assert_eq!(seen.count("@recv_try", &channel), 1, "{what}: one that does not wait");
    assert_eq!(seen.count("@cap", &channel), n, "{what}: its room");
    assert_eq!(seen.count("@sent_len", &channel), n * (n - 1) / 2, "{what}: how full it was each time");

    let goid = seen.goid("selects");
    seen.same("@select", &goid, "selects");
    assert_eq!(
        2 * seen.count("@select_try", &goid),
        seen.target.truth("selects"),
        "{what}: half have a default"
    );
    seen.same("@chosen", &format!("{goid},-1"), "selects.default");
    assert_eq!(seen.count("@cases", ""), 2, "{what}: cases");

    let goid = seen.goid("syscalls");
    for (number, truth) in [(110, "getppid"), (121, "getpgid"), (35, "nanosleep")] {
        seen.same("@syscall", &format!("{goid},{number}"), truth);
        seen.same("@syscall_done", &format!("{goid},{number}"), truth);
    }
    let (seen_ns, true_ns) =
        (seen.count("@syscall_ns", &format!("{goid},35")), seen.target.truth("nanosleep_ns"));
    // A signal may end one early.
    assert!(
        seen_ns <= true_ns && seen_ns * 10 >= true_ns * 9,
        "{what}: sleeps of 3 ms took {seen_ns} ns, {true_ns} with what leads to them"
    );

    for map in ["@gc_start", "@gc_mark", "@gc_sweep"] {
        seen.same(map, "", "cycles");
    }
    assert_eq!(
        seen.count("@stw_all", ""),
        seen.count("@stw_stop", ""),
        "{what}: the world goes on each time"
    );
    if go != "1.19" {
        seen.same("@stw", "GC mark termination", "cycles");
        seen.same("@stw", "GC sweep termination", "cycles");
        seen.same("@stw", "read mem stats", "readmemstats");
        // Set to 1, and back.
        assert_eq!(seen.count("@stw", "GOMAXPROCS"), 2, "{what}: {:?}", seen.output.map("@stw"));
    } else {
        let all = 2 * seen.target.truth("cycles") + seen.target.truth("readmemstats") + 2;
        assert_eq!(seen.count("@stw_all", ""), all, "{what}: each time that the world was stopped");
    }

    seen.same("@alloc", &seen.goid("allocations"), "allocs");
    seen.same("@large", "", "allocs.large");
    // It grows by 4 MiB at least, for each MiB that finds no room.
    assert!(seen.count("@span", "") > 0 && seen.count("@grow", "") >= 4 << 20, "{what}: the heap grew");

    let goid = seen.goid("sleeps");
    seen.same("@sleep", &goid, "sleeps");
    assert_eq!(seen.count("@sleep_ns", &goid), 50_000 * seen.target.truth("sleeps"), "{what}: time slept");
    // The runtime's scavenger sleeps by a timer as well.
    let (fired, sleeps) = (seen.count("@fire", ""), seen.target.truth("sleeps"));
    assert!(fired >= sleeps && fired <= sleeps + 50, "{what}: {fired} timers fired for {sleeps} sleeps");

    let goid = seen.goid("panics");
    seen.same("@panic", &goid, "panics");
    seen.same("@recover", &goid, "panics");

    assert!(seen.threads >= 15, "{what}: only {} threads", seen.threads);
    assert_eq!(seen.count("@m_start", ""), seen.threads, "{what}: threads that began");
    for map in ["@m_stop", "@m_wake", "@m_spin", "@p_release"] {
        assert!(seen.count(map, "") > 0, "{what}: {map} never came");
    }
    assert!(
        seen.total("@p_handoff") + 2 >= seen.total("@p_retake"),
        "{what}: a P that is retaken is handed off"
    );
    // One moment by two names, which are not detached at once.
    assert!(
        seen.total("@p_retake").abs_diff(seen.total("@blocked")) <= 2,
        "{what}: {:?}",
        seen.output.maps()
    );
    let p = |key: &String| key.parse::<u64>().is_ok_and(|p| p < 1024);
    assert!(seen.output.map("@p_acquire").as_object().expect("a map").keys().all(p), "{what}: Ps have ids");
    seen.target.finish();
}

#[test]
fn moments_come_as_often_as_the_program_knows() {
    for go in RELEASES {
        for flags in [&[][..], &[STRIPPED]] {
            moments_of(go, flags);
        }
    }
}
