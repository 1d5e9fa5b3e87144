//! The runners of targets and of gprobe, tried on shell scripts that behave well and badly.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gprobe_testkit::{Gprobe, Target};

/// A shell that plays gprobe.
fn script(text: &str) -> Gprobe {
    Gprobe::at("/bin/sh").args(["-c", text]).limit(Duration::from_secs(20))
}

/// What a function panics with.
fn panic_of(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(run).expect_err("it must panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(_) => panic!("the panic carries no text"),
    }
}

/// Writes an executable script that plays a target.
fn target(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("target");
    gprobe_testkit::executable(&path, text);
    path
}

#[test]
fn run_gives_both_outputs_and_the_code() {
    let output = script("printf 'one\\ntwo'; echo three >&2; exit 3").run();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str(), output.code),
        ("one\ntwo", "three\n", Some(3))
    );
}

#[test]
fn interrupt_lets_it_print_its_last_words() {
    let mut running =
        script("trap 'echo bye; exit 0' INT; echo 'Attached 1 probe' >&2; while :; do sleep 0.01; done")
            .run_until_attached();
    let output = running.interrupt();
    assert_eq!((output.stdout.as_str(), output.code), ("bye\n", Some(0)));
}

#[test]
fn one_that_never_ends_is_killed_and_quoted() {
    let started = Instant::now();
    let said = panic_of(|| {
        script("echo words; sleep 1000").limit(Duration::from_millis(300)).run();
    });
    assert!(said.contains("did not end in time") && said.contains("words"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn one_that_ends_before_it_attached_is_quoted() {
    let said = panic_of(|| {
        script("echo 'error: no such process' >&2; exit 1").run_until_attached();
    });
    assert!(said.contains("ended before it had attached") && said.contains("no such process"), "{said}");
}

#[test]
fn maps_are_read_from_every_kind_of_line() {
    let output = script(
        r#"echo '{"type": "attached_probes", "data": {"probes": 1}}'
           echo '{"type": "map", "data": {"@": 5, "@by": {"a,1": 2}}}'
           echo '{"type": "hist", "data": {"@h": [{"min": 1, "max": 1, "count": 3}]}}'
           echo '{"type": "printf", "data": "hello "}'
           echo '{"type": "printf", "data": "world"}'"#,
    )
    .run()
    .success();
    assert_eq!(output.json_lines().len(), 5);
    assert_eq!(output.maps().len(), 3);
    assert_eq!(output.map("@"), 5);
    assert_eq!(output.map("@by")["a,1"], 2);
    assert_eq!(output.map("@h")[0]["count"], 3);
    assert_eq!(output.printed(), "hello world");
}

#[test]
fn a_target_that_dies_is_quoted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = target(folder.path(), "echo \"ready pid=$$\"; read go; echo 'fatal error' >&2; exit 2");
    let said = panic_of(move || {
        let mut target = Target::start(&path, &[]);
        target.go();
        target.truth("calls");
    });
    assert!(said.contains("ended before it said `done`") && said.contains("fatal error"), "{said}");
}

#[test]
fn a_dropped_target_takes_its_children_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = target(folder.path(), "sleep 1000 & echo \"child $!\"; echo \"ready pid=$$\"; wait");
    let target = Target::start(&path, &[]);
    let child = target.wait_for("child ").replace("child ", "/proc/");
    assert!(Path::new(&child).exists());
    drop(target);
    let deadline = Instant::now() + Duration::from_secs(10);
    // Dead at once, but there until init has seen to it.
    let gone = |path: &str| {
        std::fs::read_to_string(format!("{path}/stat")).map_or(true, |stat| stat.contains(") Z "))
    };
    while !gone(&child) {
        assert!(Instant::now() < deadline, "{child} lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn truth_names_may_hold_spaces() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = target(
        folder.path(),
        "echo \"ready pid=$$\"; read go; echo 'truth reason.chan receive 7'; echo done; read end",
    );
    let mut target = Target::start(&path, &[]);
    target.go();
    assert_eq!(target.truth("reason.chan receive"), 7);
}
