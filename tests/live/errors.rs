//! What goes wrong is said clearly, with a code, and nothing is attached.

use gprobe_testkit::{Output, Target};

use super::kit::{gprobe, program};

/// Wrong script: exit code 1, and all of the words.
fn wrong(output: &Output, words: &[&str]) {
    failed(output, 1, words);
}

fn failed(output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.code, Some(code), "{}{}", output.stdout, output.stderr);
    for word in words {
        assert!(output.stderr.contains(word), "no `{word}` in:\n{}", output.stderr);
    }
    assert!(!output.stderr.contains("Attached"), "{}", output.stderr);
}

fn script(text: &str) -> Output {
    let file = program("counts").display().to_string();
    gprobe().args(["-x", &file, "-e", text]).run()
}

#[test]
fn scripts_that_are_wrong_say_where_and_what_instead() {
    wrong(&script("go:main.plain { @ = count( }"), &["error[", "stdin:1:", "^"]);
    wrong(
        &script("go:main.plian { @ = count(); }"),
        &["error[unknown-function]", "did you mean `main.plain`?"],
    );
    wrong(&script("go:main.plain { @ = args.j; }"), &["error[unknown-field]", "its arguments: i"]);
    wrong(&script("go:main.plain { @ = \"a\" + 1; }"), &["error[type-mismatch]", "string"]);
    wrong(&script("go:main.nosuch* { @ = count(); }"), &["error[no-match]", "main.nosuch*"]);
    wrong(&script("go:main.plain { @ = conut(); }"), &["error[unknown-function]", "did you mean `count`?"]);
    wrong(&script("gow:main.plain { @ = count(); }"), &["error[unknown-probe]"]);
    wrong(&script("begin { print(goid); }"), &["error[not-in-this-probe]", "`goid`"]);
    wrong(&script("begin { @x = 1; @x = \"a\"; }"), &["error[type-mismatch]", "@x holds"]);
    wrong(&script("begin { printf(\"%d %d\", 1); }"), &["error[wrong-arguments]", "2 values"]);
    wrong(&script("begin { print(@never); }"), &["error[undefined-map]", "@never"]);
    wrong(&script("go:counts.go:7 { @ = count(); }"), &["error[unknown-file]", "`counts.go`"]);
    wrong(&script("tracepoint:sched:sched_swich { @ = count(); }"), &["did you mean `sched_switch`?"]);
    wrong(&script(""), &["error[empty-script]"]);
}

#[test]
fn several_mistakes_are_told_at_once() {
    let output = script("begin { print(nope1); }\nend { print(nope2); }");
    wrong(&output, &["nope1", "nope2", "stdin:2:"]);
}

#[test]
fn an_inlined_function_is_said_to_be_inlined() {
    wrong(&script("go:runtime.goready { @ = count(); }"), &["error[inlined-everywhere]", "copies"]);
}

#[test]
fn a_script_that_is_no_text_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.gp");
    std::fs::write(&path, b"begin {\n \xff }").expect("written");
    let output = gprobe().args([path.display().to_string()]).run();
    wrong(&output, &["not UTF-8", "line 2"]);
    wrong(&gprobe().args(["cgocals"]).run(), &["failed to open file 'cgocals'", "did you mean `cgocalls`?"]);
}

#[test]
fn a_process_that_is_not_there_or_no_go_program_is_refused() {
    let go = "go:main.main { @ = count(); }";
    failed(&gprobe().args(["-p", "4194300", "-e", go]).run(), 3, &["no process 4194300"]);
    let mut sleep = std::process::Command::new("sleep").arg("60").spawn().expect("sleep runs");
    let pid = sleep.id().to_string();
    let output = gprobe().args(["-p", &pid, "-e", go]).run();
    let goids = gprobe().args(["-p", &pid, "-e", "uprobe:libc:nanosleep { @ = goid; }"]).run();
    sleep.kill().expect("killed");
    sleep.wait().expect("reaped");
    wrong(&output, &["error[not-go]", "no Go program"]);
    wrong(&goids, &["error[no-layout]", "Go program"]);
}

#[test]
fn a_user_without_permission_is_told_what_to_do() {
    let mut target = Target::start(&program("spin"), &["-idle"]);
    let pid = target.pid().to_string();
    let gprobe = gprobe().path();
    // The test's own folder may not be entered by others: a copy where it may.
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    let copy = folder.path().join("gprobe");
    gprobe_testkit::copy_program(&gprobe, &copy).expect("copied");
    let open = |path: &std::path::Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("opened");
    };
    open(folder.path());
    open(&copy);
    let run = |args: &[&str]| {
        let output = std::process::Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(&copy)
            .args(args)
            .output()
            .expect("setpriv runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, says) = run(&["-p", &pid, "-e", "go:main.work { @ = count(); }"]);
    assert!(code == Some(3) && says.contains("root") && says.contains("CAP_"), "{code:?}: {says}");
    let (code, says) = run(&["-e", "begin { exit(); }"]);
    assert!(code == Some(3) && says.contains("CAP_BPF"), "{code:?}: {says}");
    assert!(target.is_alive());
}

#[test]
fn check_says_that_a_good_script_is_good() {
    let file = program("counts").display().to_string();
    let output =
        gprobe().args(["check", "-x", &file, "-e", "go:main.* { @[func, goid] = count(); }"]).run().success();
    assert!(output.stderr.contains("all right"), "{}", output.stderr);
    let output =
        gprobe().args(["check", "cgocalls", "-x", &program("cgolat").display().to_string()]).run().success();
    assert!(output.stderr.contains("all right"), "{}", output.stderr);
}

#[test]
fn a_full_map_is_counted_and_said() {
    let script = "config = { max_map_keys = 8 } begin { @x[1] = 1; @x[2] = 1; @x[3] = 1; @x[4] = 1; @x[5] = 1; @x[6] = 1;
        @x[7] = 1; @x[8] = 1; @x[9] = 1; @x[10] = 1; @x[11] = 1; exit(); }";
    let output = gprobe().args(["-e", script]).run().success();
    assert!(output.stderr.contains("lost: 3 keys found no room"), "{}", output.stderr);
}

#[test]
fn records_that_do_not_fit_are_counted_to_the_last() {
    let mut target = Target::start(&program("spin"), &["-n", "400000"]);
    let pid = target.pid().to_string();
    let mut running =
        gprobe().args(["-p", &pid, "-e", "go:main.work { printf(\"hit\\n\"); }"]).run_until_attached();
    // Nobody empties the buffer while the program runs.
    running.signal(rustix::process::Signal::STOP);
    target.go();
    target.wait_done();
    running.signal(rustix::process::Signal::CONT);
    let output = running.interrupt().success();
    let printed = output.stdout.lines().filter(|l| *l == "hit").count();
    let said = output.stderr.lines().find_map(|l| l.strip_prefix("lost: "));
    let lost: usize = said.and_then(|l| l.split(' ').next()).and_then(|n| n.parse().ok()).expect("a loss");
    assert!(printed > 1000 && lost > 1000, "{printed} printed, {lost} lost");
    assert_eq!(printed + lost, 400_000);
    target.finish();
}

#[test]
fn programs_for_other_machines_are_refused_by_name() {
    let build = |arch: &str| {
        let arch = format!("GOARCH={arch}");
        gprobe_testkit::Program::build("execs", super::kit::GO, &[&arch, "CGO_ENABLED=0"])
    };
    let go = "go:main.work { @ = count(); }";
    let small = "this is a 32-bit ELF file: gprobe reads 64-bit ones";
    for (arch, says) in [("386", small), ("arm64", "this file is for ARM64: gprobe knows x86-64")] {
        let file = build(arch).display().to_string();
        let output = gprobe().args(["-x", &file, "-e", go]).run();
        failed(&output, 3, &[&format!("{file}: {says}")]);
    }
    // The kernel runs this one.
    let file = build("386");
    let mut target = Target::start(&file, &["-n", "1"]);
    let output = gprobe().args(["-p", &target.pid().to_string(), "-e", go]).run();
    let file = file.canonicalize().expect("the program").display().to_string();
    failed(&output, 3, &[&format!("{file}: {small}")]);
    target.go();
    target.finish();
}
