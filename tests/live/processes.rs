//! Which processes are looked at: several at once, and what becomes of them.

use std::path::Path;
use std::time::{Duration, Instant};

use gprobe_testkit::{Program, Running, Target, patience};

use super::kit::{GO, gprobe, number, program};

/// A copy of a program in a folder of its own, under another name.
fn copy(of: &Path, to: &Path) {
    gprobe_testkit::copy_program(of, to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
}

fn attached(args: &[&str]) -> Running {
    gprobe().args(["-f", "json"]).args(args).run_until_attached()
}

#[test]
fn several_processes_are_counted_apart_and_may_end_at_their_time() {
    let file = program("spin");
    let folder = tempfile::tempdir().expect("a folder");
    // The same build, in another file.
    let other = folder.path().join("copy");
    copy(&file, &other);
    let mut first = Target::start(&file, &["-n", "300"]);
    let mut second = Target::start(&file, &["-n", "500"]);
    let mut third = Target::start(&other, &["-n", "700"]);
    let [a, b, c] = [&first, &second, &third].map(|target| target.pid().to_string());
    let script = "go:main.work { @[pid] = count(); @where[func] = count(); @g[goid] = count(); }";
    let mut running = attached(&["-p", &format!("{a},{b}"), "-p", &c, "-e", script]);
    for target in [&mut first, &mut second, &mut third] {
        target.go();
        target.wait_done();
    }
    first.finish();
    third.finish();
    // The one that is left goes on to be traced; only when all have ended does gprobe end.
    second.finish();
    let output = running.wait().success();
    let map = output.map("@");
    assert_eq!((number(&map, &a), number(&map, &b), number(&map, &c)), (300, 500, 700), "{map}");
    assert_eq!(number(&output.map("@where"), "main.work"), 1500);
    assert_eq!(number(&output.map("@g"), "1"), 1500);
    for pid in [&a, &b, &c] {
        assert!(output.stderr.contains(&format!("process {pid} has ended\n")), "{}", output.stderr);
    }
    assert!(output.stderr.contains("; all of them have ended"), "{}", output.stderr);
    assert!(output.stderr.contains("Attached 1 probe\n"), "{}", output.stderr);
}

#[test]
fn position_independent_processes_each_have_their_own_goroutines_and_stacks() {
    let file = Program::build("execs", GO, &["-buildmode=pie"]);
    let mut targets = [(); 2].map(|()| Target::start(&file, &["-n", "50"]));
    let pids = targets.each_ref().map(|target| target.pid().to_string());
    let script = "iter:goroutine /goid == 1/ { @goroutines[pid] = count(); }
        go:main.work { @[pid, goid] = count(); @stacks[gostack(1)] = count(); }
        tracepoint:raw_syscalls:sys_enter { @calls[pid] = count(); }";
    let mut running = attached(&["-p", &pids.join(","), "-e", script]);
    for target in &mut targets {
        target.go();
        target.wait_done();
    }
    let output = running.interrupt().success();
    for pid in &pids {
        assert_eq!(number(&output.map("@goroutines"), pid), 1, "{}", output.stdout);
        assert_eq!(number(&output.map("@"), &format!("{pid},1")), 50, "{}", output.stdout);
        assert!(number(&output.map("@calls"), pid) > 0, "{}", output.stdout);
    }
    let calls = output.map("@calls");
    assert_eq!(calls.as_object().map(serde_json::Map::len), Some(2), "{calls}");
    let stacks = output.map("@stacks");
    let names: Vec<&String> = stacks.as_object().expect("a map").keys().collect();
    assert!(names.iter().all(|name| name.contains("main.work")), "{stacks}");
    // A variable lies elsewhere in each of them.
    let refused = gprobe().args(["-p", &pids.join(","), "-e", "go:main.work { print(main.Served); }"]).run();
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("lies elsewhere in each process: name a single one"),
        "{}",
        refused.stderr
    );
    targets.into_iter().for_each(Target::finish);
}

#[test]
fn processes_of_different_programs_are_refused_by_name() {
    let (spin, counts) = (program("spin"), program("counts"));
    let mut first = Target::start(&spin, &["-n", "1"]);
    let mut second = Target::start(&counts, &["-n", "1"]);
    let pids = format!("{},{}", first.pid(), second.pid());
    let output = gprobe().args(["-p", &pids, "-e", "go:main.work { @ = count(); }"]).run();
    assert_eq!(output.code, Some(3));
    for file in [&spin, &counts] {
        let file = file.canonicalize().expect("a program").display().to_string();
        assert!(output.stderr.contains(&file), "{}", output.stderr);
    }
    assert!(output.stderr.contains("trace these with a gprobe each"), "{}", output.stderr);
    first.go();
    first.finish();
    second.go();
    second.finish();
}

#[test]
fn a_target_that_executes_another_program_is_traced_no_longer() {
    let mut target = Target::start(&program("execs"), &["-n", "40", "-exec", "/bin/cat"]);
    let pid = target.pid().to_string();
    let mut running = attached(&["-p", &pid, "-e", "go:main.work { @ = count(); }"]);
    target.go();
    let output = running.wait().success();
    assert_eq!(output.map("@"), 40);
    let cat = Path::new("/bin/cat").canonicalize().expect("cat").display().to_string();
    let said = format!("process {pid} now runs {cat}: tracing it has ended\n");
    assert!(output.stderr.contains(&said), "{}", output.stderr);
    assert!(target.is_alive(), "cat reads on");
    target.finish();
}

#[test]
fn a_target_that_executes_itself_anew_is_traced_on() {
    let file = program("execs").display().to_string();
    let mut target =
        Target::start(Path::new(&file), &["-n", "40", "-exec", &file, "--", "-child", "-n", "2"]);
    let pid = target.pid().to_string();
    let mut running = attached(&["-p", &pid, "-e", "go:main.work { @ = count(); }"]);
    target.go();
    let output = running.wait().success();
    assert_eq!(output.map("@"), 42);
    assert!(output.stderr.contains("the target has ended"), "{}", output.stderr);
    target.finish();
}

#[test]
fn a_target_that_executes_itself_at_another_address_is_traced_no_longer() {
    let path = Program::build("execs", GO, &["-buildmode=pie"]);
    let file = path.display().to_string();
    let mut target = Target::start(&path, &["-n", "40", "-exec", &file, "--", "-n", "2"]);
    let pid = target.pid().to_string();
    let mut running = attached(&["-p", &pid, "-e", "go:main.work { @ = count(); }"]);
    target.go();
    let output = running.wait().success();
    assert_eq!(output.map("@"), 40);
    assert!(output.stderr.contains(&format!("process {pid} now runs ")), "{}", output.stderr);
    target.go();
    target.finish();
}

#[test]
fn a_script_without_the_executable_goes_on_when_a_command_becomes_another() {
    let script = "tracepoint:syscalls:sys_enter_nanosleep,tracepoint:syscalls:sys_enter_clock_nanosleep { @ = count(); }";
    let output = gprobe().args(["-f", "json", "-c", "sh -c 'exec sleep 0.3'", "-e", script]).run().success();
    assert_eq!(output.map("@"), 1, "{}", output.stderr);
    assert!(!output.stderr.contains("now runs"), "{}", output.stderr);
}

/// Puts another file where `path` is, as a package manager does: what runs keeps the old one.
fn replace(path: &Path, by: &Path) {
    let new = path.with_extension("new");
    copy(by, &new);
    std::fs::rename(&new, path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

#[test]
fn a_program_that_was_replaced_since_it_started_is_read_from_the_process() {
    for flags in [&[][..], &["-buildmode=pie"]] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("server");
        copy(&Program::build("execs", GO, flags), &file);
        let mut target = Target::start(&file, &["-n", "60"]);
        // Its functions lie elsewhere, and it has others.
        replace(&file, &program("counts"));
        let pid = target.pid().to_string();
        let script =
            "go:main.work { @[goid] = count(); @last = max(main.Served); @stacks[gostack(1)] = count(); }
            iter:goroutine /goid == 1/ { @goroutines[pid] = count(); }";
        let mut running = attached(&["-p", &pid, "-e", script]);
        target.go();
        target.wait_done();
        let output = running.interrupt().success();
        assert_eq!(number(&output.map("@"), "1"), 60, "{}", output.stdout);
        assert_eq!(output.map("@last"), 59);
        assert_eq!(number(&output.map("@goroutines"), &pid), 1);
        let stacks = output.map("@stacks").to_string();
        assert!(stacks.contains("main.work"), "{stacks}");
        let listed = gprobe().args(["list", "main.work", "-p", &pid]).run().success();
        assert_eq!(listed.stdout, "go:main.work\n");
        std::fs::remove_file(&file).expect("removed");
        let listed = gprobe().args(["list", "main.work", "-p", &pid]).run().success();
        assert_eq!(listed.stdout, "go:main.work\n");
        target.finish();
    }
}

#[test]
fn a_library_that_was_replaced_since_it_was_loaded_is_read_from_the_process() {
    let cgolat = program("cgolat");
    let mut plain = Target::start(&cgolat, &["-n", "1"]);
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", plain.pid())).expect("the maps");
    let libc = maps.split_whitespace().find(|word| word.ends_with("/libc.so.6")).expect("libc").to_owned();
    plain.go();
    plain.finish();
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    let own = folder.path().join("libc.so.6");
    copy(Path::new(&libc), &own);
    let mut command = std::process::Command::new(&cgolat);
    command.args(["-n", "7"]).env("LD_LIBRARY_PATH", folder.path());
    let mut target = Target::start_command(&mut command);
    replace(&own, Path::new(&libc));
    let pid = target.pid().to_string();
    let path = own.display().to_string();
    // C's own threads sleep too, which Go does not count.
    // By its bare name, by its path, and by a pattern.
    let script = format!(
        "uprobe:libc:nanosleep {{ @bare[cgo_depth] = count(); }} uprobe:{path}:nanosleep /cgo_depth == 1/ {{ @path = count(); }}
        uprobe:*/libc.so*:nanosleep /cgo_depth == 1/ {{ @wild = count(); @stacks[ustack(1)] = count(); }}"
    );
    let mut running = attached(&["-p", &pid, "-e", &script]);
    // Who may not open the mapping is told so, and gets no probe in the new file.
    let refused = std::process::Command::new("setpriv")
        .args([
            "--bounding-set",
            "-sys_admin,-checkpoint_restore",
            "--inh-caps",
            "-sys_admin,-checkpoint_restore",
        ])
        .arg(gprobe().path())
        .args(["-p", &pid, "-e", "uprobe:libc:nanosleep { @ = count(); }"])
        .output()
        .expect("setpriv runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains(&path) && said.contains("CAP_CHECKPOINT_RESTORE"), "{said}");
    target.go();
    let sleeps = target.truth("count.c_sleep");
    let output = running.interrupt().success();
    assert_eq!(number(&output.map("@bare"), "1"), sleeps, "{}", output.stdout);
    assert_eq!((output.map("@path"), output.map("@wild")), (sleeps.into(), sleeps.into()));
    let stacks = output.map("@stacks").to_string();
    assert!(stacks.contains("nanosleep"), "{stacks}");
    target.finish();
}

/// Counts of `@` when a command has run to its end; its own output goes elsewhere.
fn of_command(args: &[&str], command: &str, script: &str) -> (serde_json::Value, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let results = folder.path().join("out.json");
    let path = results.display().to_string();
    let output = gprobe().args(["-f", "json", "-o", &path, "-c", command, "-e", script]).args(args).run();
    let text = std::fs::read_to_string(&results).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let map = lines.filter_map(|line| line["data"].get("@").cloned()).next_back();
    let map = map.unwrap_or_else(|| panic!("{:?} {text}\n{}", output.code, output.stderr));
    (map, output.success().stderr)
}

#[test]
fn a_command_is_followed_to_the_go_program_that_it_becomes_or_starts() {
    let file = program("execs").display().to_string();
    let script = "go:runtime.schedinit, go:main.work { @[func] = count(); }";
    for command in [
        format!("sh -c 'exec {file} -child -n 70'"),
        format!("env X=1 nice {file} -child -n 70"),
        format!("sh -c 'true; ls / >/dev/null; {file} -child -n 70; true'"),
        format!("sh -c '(sleep 0.2; exec {file} -child -n 70) &'"),
        format!("sh -c '(sleep 0.01; true) | cat; (exec {file} -child -n 70) | cat'"),
    ] {
        let (map, said) = of_command(&[], &command, script);
        // From its first instruction on.
        assert_eq!(
            (number(&map, "runtime.schedinit"), number(&map, "main.work")),
            (1, 70),
            "{command}: {said}"
        );
    }
    let none = gprobe().args(["-c", "sh -c 'true; ls >/dev/null'", "-e", script]).run();
    assert_eq!(none.code, Some(3));
    assert!(none.stderr.contains("nor what it started was a Go program"), "{}", none.stderr);
}

/// Whether any process was started with these words.
fn runs(words: &[u8]) -> bool {
    let processes = std::fs::read_dir("/proc").expect("the processes").flatten();
    processes
        .map(|process| process.path().join("cmdline"))
        .any(|file| std::fs::read(file).is_ok_and(|it| it == words))
}

#[test]
fn a_search_for_a_go_program_is_broken_off_by_a_signal() {
    let mut running = gprobe().args(["-c", "sh -c 'sleep 30.125; true'", "-e", "go:main.work { }"]).start();
    // It must have begun: a signal before that would not end it.
    let deadline = Instant::now() + patience(Duration::from_secs(20));
    while !runs(b"sleep\x0030.125\x00") {
        assert!(Instant::now() < deadline, "the command did not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
    let output = running.interrupt();
    assert_eq!(output.code, Some(3));
    assert!(output.stderr.contains("had not come to a Go program yet"), "{}", output.stderr);
}

#[test]
fn all_descendants_of_a_command_that_run_a_binary_are_traced() {
    let file = program("execs").display().to_string();
    // One that runs all the while, and has nothing to do with the command.
    let mut stranger = Target::start(Path::new(&file), &["-n", "1000"]);
    // The shell's children, and theirs; those of the last are left by their parent before they begin.
    let command = format!(
        "sh -c '{file} -auto -n 10 -children 3 >/dev/null; sh -c \"(sleep 0.3; {file} -child -n 5) &\"; true'"
    );
    let script = "go:main.work { @[\"calls\"] = count(); }
        tracepoint:raw_syscalls:sys_enter /goid == 1/ { @[\"syscalls\"] = count(); }
        go:runtime.schedinit { @[\"started\"] = count(); @pids[pid] = count(); }";
    let (map, said) = std::thread::scope(|scope| {
        let traced = scope.spawn(|| of_command(&["-x", &file], &command, script));
        std::thread::sleep(Duration::from_millis(300));
        stranger.go();
        stranger.wait_done();
        traced.join().expect("traced")
    });
    assert_eq!((number(&map, "calls"), number(&map, "started")), (45, 5), "{map} {said}");
    assert!(number(&map, "syscalls") > 0, "{map}");
    stranger.finish();
}

#[test]
fn all_processes_of_a_binary_are_traced_and_no_others() {
    for flags in [&[][..], &["-buildmode=pie"]] {
        // A copy, which no other test runs.
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("server");
        copy(&Program::build("execs", GO, flags), &path);
        let file = path.display().to_string();
        let mut early = Target::start(&path, &["-n", "20"]);
        let script = "go:main.work { @[goid] = count(); @stacks[gostack(1)] = count(); }
            tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); @statuses[gstatus] = count(); }";
        let mut running = attached(&["-x", &file, "-e", script]);
        let mut late = Target::start(&path, &["-n", "30"]);
        let mut other = Target::start(&program("spin"), &["-n", "30"]);
        for target in [&mut early, &mut late, &mut other] {
            target.go();
            target.wait_done();
        }
        // What runs it is looked for now and then.
        std::thread::sleep(Duration::from_secs(1));
        let output = running.interrupt().success();
        assert_eq!(number(&output.map("@"), "1"), 50, "{}", output.stdout);
        let calls = output.map("@calls");
        let names: Vec<&String> = calls.as_object().expect("a map").keys().collect();
        assert_eq!(names, ["server"], "{calls}");
        let stacks = output.map("@stacks").to_string();
        assert!(stacks.contains("main.work") && !stacks.contains("0x"), "{stacks}");
        let refused = gprobe().args(["-x", &file, "-e", "iter:goroutine { @ = count(); }"]).run();
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains("they are those of one process"), "{}", refused.stderr);
        [early, late, other].into_iter().for_each(Target::finish);
    }
}
