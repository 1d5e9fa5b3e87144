//! The programs that live tests measure against: what each says must hold together, and be the
//! same whatever toolchain built it.

use std::collections::BTreeMap;

use gprobe_testkit::{Program, Target};

/// The oldest and the newest release; the live tests build with those between.
const RELEASES: [&str; 2] = ["1.19", "1.27"];

/// Builds and runs a program, and gives its truths.
fn run(name: &str, release: &str, args: &[&str]) -> BTreeMap<String, u64> {
    let program = Program::build(name, release, &[]);
    let mut target = Target::start(&program, args);
    target.go();
    let truths = target.truths();
    assert!(target.is_alive(), "it must stay, so that its memory can be read");
    target.finish();
    truths
}

/// The sum of the truths that begin like this.
fn sum(truths: &BTreeMap<String, u64>, beginning: &str) -> u64 {
    truths.iter().filter(|(name, _)| name.starts_with(beginning)).map(|(_, value)| value).sum()
}

#[test]
fn counts_enters_as_often_as_it_leaves() {
    for release in RELEASES {
        let truths = run("counts", release, &["-n", "100000"]);
        assert_eq!(truths["calls"], 100_000);
        assert_eq!(sum(&truths, "entry."), 100_000);
        for (name, entries) in &truths {
            if let Some(function) = name.strip_prefix("entry.") {
                let left = truths[&format!("return.{function}")] + truths[&format!("unwind.{function}")];
                assert_eq!(*entries, left, "{function} with Go {release}");
                assert_ne!(*entries, 0, "{function} is not called with Go {release}");
            }
        }
        assert_ne!(truths["unwind.main.thrower"], 0);
        assert_ne!(truths["unwind.main.leaver"], 0);
    }
}

#[test]
fn goids_counts_the_same_in_all_and_by_goroutine() {
    for release in RELEASES {
        let truths = run("goids", release, &["-workers", "8", "-rounds", "40", "-foreign", "2"]);
        for context in [
            "main.inGo",
            "main.inCallback",
            "c_probe_me",
            "programs/goids/asmprobe.Probe",
            "lseek.go",
            "lseek.raw",
            "lseek.c",
        ] {
            assert_eq!(truths[context], sum(&truths, &format!("{context}.")), "{context}");
        }
        // Eight goroutines and two threads of C's, forty times each.
        assert_eq!(truths["main.inGo"], 10 * 40);
        assert_eq!(truths["lseek.c"], 8 * 40);
        // A nesting of 1, 2, 3 or 4, in turn, and one call on each thread of C's.
        assert_eq!(truths["c_probe_me"], 8 * 40 * 10 / 4 + 2 * 40);
    }
}

#[test]
fn cgolat_measures_the_same_from_go_and_from_c() {
    for release in RELEASES {
        let truths = run("cgolat", release, &["-n", "10", "-workers", "2"]);
        for function in ["c_sleep", "c_spin", "c_mutex", "c_callback", "c_quick"] {
            let by_callers: u64 = truths
                .iter()
                .filter(|(name, _)| name.starts_with("count.main.") && name.ends_with(function))
                .map(|(_, count)| count)
                .sum();
            assert_eq!(truths[&format!("count.{function}")], by_callers, "{function}");
            assert_ne!(by_callers, 0, "{function}");
            assert!(truths[&format!("min_ns.{function}")] <= truths[&format!("max_ns.{function}")]);
            let inside = truths[&format!("sum_ns.{function}")];
            let outside: u64 = truths
                .iter()
                .filter(|(name, _)| name.starts_with("outer_ns.main.") && name.ends_with(function))
                .map(|(_, ns)| ns)
                .sum();
            assert!(inside <= outside, "{function}: {inside} ns inside, {outside} ns outside");
        }
        assert_eq!(truths["count.c_sleep"], 2 * 2 * 10);
        assert!(truths["sum_ns.c_sleep"] >= 20 * 1_200_000);
        assert!(truths["mutex.locks"] > truths["count.c_mutex"], "C's own threads take the lock too");
    }
}

#[test]
fn parks_waits_as_often_and_as_long_as_it_was_told() {
    for release in RELEASES {
        let truths = run("parks", release, &["-n", "5", "-hold", "2ms"]);
        let waiters = ["receive", "send", "choose", "lock", "rlock", "await", "condition", "read", "sleep"];
        for waiter in waiters {
            assert_eq!(truths[&format!("parks.{waiter}")], 5, "{waiter}");
            assert!(truths[&format!("min_ns.{waiter}")] >= 2_000_000, "{waiter}");
        }
        assert_eq!(sum(&truths, "still."), 5 + 4 + 3 + 2);
        assert_eq!(sum(&truths, "reason."), sum(&truths, "still.") + 5 * waiters.len() as u64);
        assert_eq!(truths["reason.chan receive"], 5 + 5);
    }
}

#[test]
fn many_comes_to_the_same_sum_with_every_toolchain() {
    for release in RELEASES {
        let truths = run("many", release, &["-rounds", "20"]);
        assert_eq!(truths["checksum"], 9_394_165_515_623_690_326, "Go {release}");
        assert_eq!(truths["functions"], 300);
    }
}

#[test]
fn spin_makes_the_calls_that_it_was_told() {
    for release in RELEASES {
        let truths = run("spin", release, &["-n", "1000", "-quiet"]);
        assert_eq!(truths["entry.main.work"], 1000);
        assert_eq!(truths["checksum"], 999 * 1000 / 2);
    }
}

#[test]
fn a_program_runs_through_by_itself_without_input() {
    let program = Program::build("spin", "1.27", &[]);
    let output =
        std::process::Command::new(program).args(["-auto", "-n", "10"]).output().expect("spin starts");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("done\n"));
}

#[test]
fn flags_reach_the_compiler_and_make_another_binary() {
    let plain = Program::build("spin", "1.27", &[]);
    let stripped = Program::build("spin", "1.27", &["-ldflags=-s -w", "CGO_ENABLED=0"]);
    assert_ne!(plain, stripped);
    let size = |path| std::fs::metadata(path).expect("the binary is there").len();
    assert!(size(&stripped) < size(&plain), "stripped is smaller");
    assert_eq!(stripped, Program::build("spin", "1.27", &["-ldflags=-s -w", "CGO_ENABLED=0"]), "kept");
}
