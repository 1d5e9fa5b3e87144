//! Targets in PID and mount namespaces of their own, as containers have them, and gprobe in one with them.

use std::path::Path;
use std::process::Command;

use gprobe_testkit::{Program, Target};

use super::kit::{GO, gprobe, number};

/// A program in a PID and a mount namespace of its own, with a root of its own.
struct Contained {
    target: Target,
    /// Its id here.
    outer: u32,
    /// Its id there.
    inner: u32,
    _root: tempfile::TempDir,
}

/// Starts `program` as `/srv/server` of a root that holds nothing else; its number there is above `last`, which is
/// in use nowhere else, so that it can't be taken for another.
fn contained(program: &Path, args: &str, last: u32) -> Contained {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(root.path().join("srv")).expect("a folder");
    gprobe_testkit::copy_program(program, &root.path().join("srv/server")).expect("copied");
    let script = format!(
        "echo {last} > /proc/sys/kernel/ns_last_pid; chroot {} /srv/server {args}; exit $?",
        root.path().display()
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", &script]);
    let target = Target::start_command(&mut command);
    let ready = target.wait_for("ready pid=");
    let inner = ready.trim_start_matches("ready pid=").parse().expect("a number");
    let outer = descendant(target.pid(), "server").expect("the server is there");
    Contained { target, outer, inner, _root: root }
}

/// The descendant of a process that has a name.
fn descendant(of: u32, name: &str) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children")).ok()?;
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find_map(|pid: u32| {
        let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if comm.trim() == name { Some(pid) } else { descendant(pid, name) }
    })
}

const SCRIPT: &str =
    "go:main.work { @[pid, goid] = count(); @tid[tid == pid] = count(); @stacks[gostack(1)] = count();
        @frames[ustack(1)] = count(); @kernel[pid(init)] = count(); }
    tracepoint:raw_syscalls:sys_enter { @calls[pid] = count(); }
    iter:goroutine /goid == 1/ { @goroutines[pid] = count(); }";

/// What both see of 60 calls, by the id that is seen.
fn check(output: &gprobe_testkit::Output, pid: u32, kernel: u32) {
    let what = format!("{}\n{}", output.stdout, output.stderr);
    assert_eq!(number(&output.map("@"), &format!("{pid},1")), 60, "{what}");
    assert_eq!(number(&output.map("@kernel"), &kernel.to_string()), 60, "{what}");
    let calls = output.map("@calls");
    let pids: Vec<&String> = calls.as_object().expect("a map").keys().collect();
    assert_eq!(pids, [&pid.to_string()], "{what}");
    assert_eq!(number(&output.map("@goroutines"), &pid.to_string()), 1, "{what}");
    for stacks in ["@stacks", "@frames"] {
        assert!(output.map(stacks).to_string().contains("main.work"), "{what}");
    }
    assert!(!output.stderr.contains("lost:"), "{what}");
}

#[test]
fn a_process_in_a_container_is_traced_by_its_number_out_here() {
    let file = Program::build("execs", GO, &["CGO_ENABLED=0"]);
    let mut contained = contained(&file, "-n 60", 32_000);
    let (outer, inner) = (contained.outer, contained.inner);
    assert_ne!(outer, inner);
    let mut running =
        gprobe().args(["-f", "json", "-p", &outer.to_string(), "-e", SCRIPT]).run_until_attached();
    // By its number in there it is not found, and said to be elsewhere.
    let wrong = gprobe().args(["-p", &inner.to_string(), "-e", SCRIPT]).run();
    assert_eq!(wrong.code, Some(3), "{}", wrong.stderr);
    let said = format!(
        "there is no process {inner} here; in a PID namespace of its own it is process {outer} (server)"
    );
    assert!(wrong.stderr.contains(&said), "{}", wrong.stderr);
    // Files are called as the process calls them.
    let missing = gprobe().args(["list", "main.nothing", "-p", &outer.to_string()]).run();
    assert!(missing.stderr.contains("no function of /srv/server"), "{}", missing.stderr);
    let library = gprobe().args(["list", "-v", "main.work", "-p", &outer.to_string()]).run().success();
    assert!(library.stdout.contains("go:main.work(i int)"), "{}", library.stdout);
    contained.target.go();
    contained.target.wait_done();
    check(&running.interrupt().success(), outer, outer);
    contained.target.finish();
}

#[test]
fn gprobe_in_the_same_namespace_sees_the_numbers_that_are_in_there() {
    let file = Program::build("execs", GO, &["CGO_ENABLED=0"]);
    let mut contained = contained(&file, "-n 60", 31_000);
    let inside = |args: &[&str]| {
        gprobe_testkit::Gprobe::at("nsenter")
            .args(["-t", &contained.outer.to_string(), "--pid", "--mount"])
            .args([gprobe().path()])
            .args(args)
    };
    let inner = contained.inner.to_string();
    let mut running = inside(&["-f", "json", "-p", &inner, "-e", SCRIPT]).run_until_attached();
    contained.target.go();
    contained.target.wait_done();
    // nsenter hands on no signal.
    let interrupted = descendant(running.pid(), "gprobe").expect("gprobe runs");
    let number = i32::try_from(interrupted).ok().and_then(rustix::process::Pid::from_raw).expect("a number");
    rustix::process::kill_process(number, rustix::process::Signal::INT).expect("interrupted");
    check(&running.wait().success(), contained.inner, contained.outer);
    // Descendants are told by numbers of that namespace too.
    let copy = file.display().to_string();
    let command = format!("sh -c '{copy} -auto -n 10 -children 2 >/dev/null; true'");
    let folder = tempfile::tempdir().expect("a folder");
    let results = folder.path().join("out.json").display().to_string();
    let script = "go:main.work { @ = count(); }";
    inside(&["-f", "json", "-o", &results, "-x", &copy, "-c", &command, "-e", script]).run().success();
    let text = std::fs::read_to_string(&results).expect("the results");
    assert!(text.contains("{\"@\": 30}"), "{text}");
    contained.target.finish();
}
