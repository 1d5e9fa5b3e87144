//! The target is never harmed, and nothing stays behind.

use std::process::Command;

use gprobe_testkit::Target;
use rustix::process::Signal;

use super::kit::{gprobe, program};

/// Runtime functions that return, by `gprobe list -v`, every few of them, `count` in all.
fn runtime_functions(file: &str, count: usize) -> Vec<String> {
    let listed =
        |flags: &[&str]| gprobe().args(["list", "runtime.*", "-x", file]).args(flags).run().success().stdout;
    // The short list has the names alone, the long one, in the same order, the sites.
    let names = listed(&[]);
    let mut returns = Vec::new();
    for line in listed(&["-v"]).lines() {
        // What was put into others everywhere has no code of its own, and is in the long list alone.
        if line.ends_with(":inline") {
            continue;
        }
        if line.starts_with("go:") || line.starts_with("uprobe:") {
            returns.push(false);
        } else if line.trim_start().starts_with("return")
            && let Some(last) = returns.last_mut()
        {
            *last = true;
        }
    }
    assert_eq!(names.lines().count(), returns.len());
    let found =
        names.lines().zip(returns).filter_map(|(line, r)| Some((line.strip_prefix("go:")?.to_owned(), r)));
    let simple = |name: &str| {
        name.starts_with("runtime.") && name.chars().all(|c| c.is_ascii_alphanumeric() || "._()*".contains(c))
    };
    let usable: Vec<String> = found.filter(|(n, r)| *r && simple(n)).map(|(n, _)| n).collect();
    let step = (usable.len() / count).max(1);
    usable.into_iter().step_by(step).take(count).collect()
}

/// `GPROBE_ROUNDS` says how many rounds there are, for machines that take minutes for one.
#[test]
fn a_program_with_return_probes_everywhere_runs_to_its_normal_end_each_time() {
    let rounds = std::env::var("GPROBE_ROUNDS").map_or(20, |text| text.parse().expect("GPROBE_ROUNDS"));
    let path = program("many");
    let file = path.display().to_string();
    let functions = runtime_functions(&file, 200);
    assert_eq!(functions.len(), 200);
    let points: Vec<String> = functions.iter().map(|f| format!("go:{f}:return")).collect();
    let script =
        format!("go:main.*:return {{ @main = count(); }} {} {{ @runtime = count(); }}", points.join(", "));
    let mut checksum = None;
    for round in 0..rounds {
        let mut target = Target::start(&path, &[]);
        let pid = target.pid().to_string();
        let mut running = gprobe().args(["-f", "json", "-p", &pid, "-e", &script]).run_until_attached();
        target.go();
        let sum = target.truth("checksum");
        let output = running.interrupt().success();
        assert_eq!(*checksum.get_or_insert(sum), sum, "round {round}");
        assert!(output.map("@main").as_u64() > Some(100_000), "round {round}: {:?}", output.maps());
        assert!(output.map("@runtime").as_u64() > Some(1000), "round {round}: {:?}", output.maps());
        target.finish();
    }
}

#[test]
fn a_killed_gprobe_leaves_the_target_running_and_no_probe_behind() {
    let mut target = Target::start(&program("spin"), &["-n", "20000", "-pause", "100us"]);
    let pid = target.pid().to_string();
    let mut running = gprobe()
        .args(["-p", &pid, "-e", "go:main.work { @ = count(); } go:main.work:return { @r = count(); }"])
        .run_until_attached();
    target.go();
    let before = programs();
    assert!(before.contains("gp_prog"), "no program is loaded: {before}");
    running.signal(Signal::KILL);
    let output = running.wait();
    assert_ne!(output.code, Some(0));
    // The kernel takes links away after a grace period.
    let gone = (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        !own(&programs(), &before)
    });
    assert!(gone, "programs stayed behind: {}", programs());
    assert!(target.is_alive());
    assert_eq!(target.truth("entry.main.work"), 20000);
    target.finish();
}

/// The kernel would run what the file has in place of what the program has made of it.
#[test]
fn code_that_was_written_over_is_left_alone() {
    let mut target = Target::start(&program("patched"), &[]);
    let pid = target.pid().to_string();
    let refused = gprobe().args(["-p", &pid, "-e", "go:main.over { @ = count(); }"]).run();
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(refused.stderr.contains("its code in memory is not that of its file"), "{refused}");
    let script = "go:main.plain, go:main.over { @[func] = count(); }";
    let mut running = gprobe().args(["-f", "json", "-p", &pid, "-e", script]).run_until_attached();
    target.go();
    target.wait_done();
    let output = running.interrupt().success();
    assert_eq!((target.truth("patched"), target.truth("calls")), (1, 1000));
    assert_eq!(output.map("@"), serde_json::json!({ "main.plain": 1000 }));
    assert!(output.stderr.contains("left out: `main.over`"), "{output}");
    target.finish();
}

/// All BPF programs of this machine, by bpftool.
fn programs() -> String {
    let output = Command::new("bpftool").args(["prog", "show"]).output().expect("bpftool runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether a program that was there before is there still, by its id.
fn own(now: &str, before: &str) -> bool {
    let ids = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|l| l.contains("gp_prog"));
        lines.filter_map(|l| l.split(':').next().map(str::to_owned)).collect()
    };
    let now = ids(now);
    // Other tests load programs at the same time: some of the old ones must have gone.
    ids(before).iter().all(|id| now.contains(id))
}
