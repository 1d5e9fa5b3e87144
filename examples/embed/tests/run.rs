//! The examples, run on a program that counts its own calls.

use gprobe_testkit::{Gprobe, Program, Target, require_bpf};

fn target(args: &[&str]) -> Target {
    require_bpf();
    Target::start(&Program::build("spin", "1.27", &[]), args)
}

/// Lets an example look at a target that makes 1,000 calls and ends; gives what it printed.
fn look(example: &str, args: &[&str]) -> String {
    let mut target = target(&["-n", "1000", "-pause", "100us", "-quiet"]);
    let pid = target.pid().to_string();
    let mut running = Gprobe::at(example).args([pid.as_str()]).args(args).start();
    running.wait_for("attached");
    target.go();
    target.wait_done();
    drop(target);
    running.wait().success().stdout
}

#[test]
fn calls_are_counted_until_the_target_ends() {
    let said = look(env!("CARGO_BIN_EXE_count"), &["main.work"]);
    assert!(said.contains("is gone\n") && said.contains(": 1000 calls\n"), "{said}");
    assert!(!said.contains("lost"), "{said}");
}

#[test]
fn a_wrong_script_is_shown_with_its_place() {
    let target = target(&["-idle"]);
    let pid = target.pid().to_string();
    let output = Gprobe::at(env!("CARGO_BIN_EXE_count")).args([pid.as_str(), "main.wrok"]).run();
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("main.work"), "the near name: {}", output.stderr);
}

#[test]
fn programs_share_a_map_and_a_provider_of_ones_own() {
    let mut target = target(&["-n", "1000", "-quiet"]);
    let pid = target.pid().to_string();
    let mut running = Gprobe::at(env!("CARGO_BIN_EXE_share")).args([pid.as_str()]).start();
    running.wait_for("attached 2 programs");
    target.go();
    let said = running.wait().success().stdout;
    assert!(said.contains("printed true, updated true\n") && said.contains("\n1000 done\n"), "{said}");
}

#[test]
fn events_are_a_stream() {
    let said = look(env!("CARGO_BIN_EXE_stream"), &[]);
    assert!(said.contains("gone\nprinted true\nSome(Number(1000))\n"), "{said}");
}

#[test]
fn names_of_ones_own_come_first() {
    let target = target(&["-idle"]);
    let pid = target.pid().to_string();
    let said = Gprobe::at(env!("CARGO_BIN_EXE_names")).args([pid.as_str()]).run().success().stdout;
    assert_eq!(said, "0x7000123 is jit.code+35\n");
}
