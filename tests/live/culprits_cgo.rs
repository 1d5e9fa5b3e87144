//! Scripts about C, system calls and the threads that they take, on services that are ill: the first screen names the
//! culprit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gprobe_testkit::{Output, Program, Target};
use serde_json::Value;

use super::kit::{GO, SCREEN, STRIPPED, gprobe};

const MS: u64 = 1_000_000;

/// Runs a script on a service for two seconds.
fn look(path: &Path, script: &[&str], format: &str) -> Output {
    let target = Target::start(path, &[]);
    let pid = target.pid().to_string();
    let output = gprobe()
        .args(script)
        .args(["-f", format, "-p", &pid, "-t", "2s"])
        .limit(Duration::from_secs(120))
        .run()
        .success();
    // The kernel runs no tracepoint's program while it runs another on the same CPU.
    let skipped = |line: &str| script[0] == "offcpu" && line.contains(" runs of a probe were skipped");
    let lost = output.stderr.lines().find(|line| line.starts_with("lost:") && !skipped(line));
    assert!(lost.is_none(), "something was lost:\n{output}");
    output
}

/// The first screen of what a person sees.
fn screen(path: &Path, script: &[&str]) -> Vec<String> {
    look(path, script, "text").stdout.lines().take(SCREEN).map(str::to_owned).collect()
}

fn tables(path: &Path, script: &[&str]) -> Output {
    look(path, script, "json")
}

fn thumbs() -> PathBuf {
    Program::build("thumbs", GO, &[])
}

fn uploads() -> PathBuf {
    Program::build("uploads", GO, &[])
}

/// The oldest release, and one without symbols and debug information.
fn other_thumbs() -> [PathBuf; 2] {
    [Program::build("thumbs", "1.19", &[]), Program::build("thumbs", GO, &[STRIPPED])]
}

/// Whether a row of a table has these texts in its first cells.
fn is(row: &[Value], texts: &[&str]) -> bool {
    row.iter().zip(texts).all(|(cell, text)| cell == text)
}

fn number(row: &[Value], column: usize) -> u64 {
    row.get(column)
        .and_then(Value::as_u64)
        .unwrap_or_else(|| panic!("no number in column {column} of {row:?}"))
}

#[test]
fn cgocalls_has_the_slow_function_on_top() {
    let lines = screen(&thumbs(), &["cgocalls"]);
    assert!(lines[2].starts_with("geoip_lookup"), "{lines:#?}");
    assert!(lines[2].contains(" main.(*Locator).Country "), "{lines:#?}");
    for path in other_thumbs().iter().chain([&thumbs()]) {
        let output = tables(path, &["cgocalls"]);
        let rows = output.table("calls of C");
        let row = &rows[0];
        assert!(is(row, &["geoip_lookup", "main.(*Locator).Country"]), "{output}");
        // Twelve clients make a call of 40 ms each 50 ms.
        let (total, calls, p50) = (number(row, 2), number(row, 3), number(row, 4));
        assert!((100..=600).contains(&calls), "{output}");
        assert!((38 * MS..100 * MS).contains(&p50) && total >= calls * 40 * MS, "{output}");
        let still = output.table("still in C");
        assert!(still.iter().any(|row| is(row, &["geoip_lookup", "main.(*Locator).Country"])), "{output}");
        // It began before.
        assert!(!still.iter().any(|row| row[0] == "license_check"), "{output}");
    }
}

#[test]
fn cgoslow_has_a_line_for_each_slow_call() {
    let lines = screen(&thumbs(), &["cgoslow", "--min", "35ms"]);
    let slow = "geoip_lookup, called by main.(*Locator).Country";
    assert!(lines.iter().filter(|line| line.ends_with(slow)).count() >= 10, "{lines:#?}");
    for path in other_thumbs() {
        let output = tables(&path, &["cgoslow", "--min", "35ms", "--stack", "5"]);
        let printed = output.printed();
        let slow: Vec<&str> =
            printed.lines().filter(|line| line.contains("geoip_lookup, called by")).collect();
        assert!((100..=600).contains(&slow.len()), "{output}");
        for line in slow {
            assert!(line.ends_with("main.(*Locator).Country"), "{line}");
            let took = line.split_whitespace().nth(2).and_then(|took| took.parse::<f64>().ok());
            assert!(took.is_some_and(|took| (40.0..500.0).contains(&took)), "{line}");
        }
        // The longest of these takes 21 ms.
        assert!(!printed.contains("scale_image") && output.stdout.contains("main.every"), "{output}");
    }
}

#[test]
fn cgostuck_has_the_call_that_does_not_return_and_since_when_the_others_are_there() {
    let lines = screen(&thumbs(), &["cgostuck"]);
    let stuck = lines.iter().find(|line| line.contains("license_check")).expect("it is on the first screen");
    assert!(stuck.contains("main.(*License).Refresh") && stuck.contains("before gprobe"), "{lines:#?}");
    for path in other_thumbs().iter().chain([&thumbs()]) {
        let output = tables(path, &["cgostuck", "--min", "20ms", "--stack", "6"]);
        let rows = output.table("in C for long");
        let stuck = &rows[0];
        assert!(is(&stuck[2..], &["license_check", "main.(*License).Refresh", "before gprobe"]), "{output}");
        assert!((1000 * MS..20_000 * MS).contains(&number(stuck, 1)), "{output}");
        assert!(stuck[5].to_string().contains("_Cfunc_license_check"), "{output}");
        let seen: Vec<_> = rows.iter().filter(|row| row[2] == "geoip_lookup").collect();
        assert!(!seen.is_empty(), "twelve clients are in there most of the time: {output}");
        for row in seen {
            assert!(is(&row[3..], &["main.(*Locator).Country", "seen"]), "{output}");
            assert!((20 * MS..500 * MS).contains(&number(row, 1)), "{output}");
        }
    }
}

#[test]
fn pthreadlocks_has_who_waits_and_who_holds() {
    let lines = screen(&thumbs(), &["pthreadlocks"]);
    assert!(lines[2].contains("index_find") && lines[2].contains("main.(*Index).Find"), "{lines:#?}");
    let holds =
        lines.iter().position(|line| line.starts_with("mutexes of C that were held")).expect("a table");
    assert!(lines[holds + 2].contains("main.(*Index).Compact"), "{lines:#?}");
    for path in [thumbs(), Program::build("thumbs", "1.19", &[])] {
        let output = tables(&path, &["pthreadlocks"]);
        let (waits, holds) = (output.table("waits for mutexes"), output.table("mutexes of C"));
        let (waits, holds) = (&waits[0], &holds[0]);
        assert!(is(&waits[2..], &["index_find", "main.(*Index).Find"]), "{output}");
        assert!(is(&holds[2..], &["index_compact", "main.(*Index).Compact"]), "{output}");
        assert_eq!(waits[0], holds[0], "it is the same mutex: {output}");
        assert!(waits[1].to_string().contains("index_walk"), "{output}");
        // It is held for 30 ms, some 40 times in two seconds.
        assert!((25 * MS..200 * MS).contains(&number(holds, 6)), "{output}");
        assert!((10..60).contains(&number(holds, 5)) && number(waits, 5) > 10, "{output}");
        assert!(number(waits, 9) >= 20 * MS, "{output}");
    }
}

#[test]
fn cmem_has_the_leak_and_its_exact_size() {
    let lines = screen(&thumbs(), &["cmem"]);
    assert!(lines.iter().skip(3).take(5).any(|line| line.contains("main.(*Tags).Remember")), "{lines:#?}");
    for path in other_thumbs() {
        let output = tables(&path, &["cmem"]);
        let rows = output.table("C memory");
        assert!(rows[0][0].to_string().contains("main.(*Tags).Remember"), "{output}");
        // 256 bytes each 5 ms.
        let (bytes, blocks) = (number(&rows[0], 1), number(&rows[0], 2));
        assert!((50..=450).contains(&blocks) && bytes == 256 * blocks, "{output}");
        // What the others have now.
        for row in &rows[1..] {
            assert!(number(row, 2) <= 12, "{output}");
        }
    }
}

#[test]
fn offcpu_has_the_system_call_that_is_waited_in() {
    let lines = screen(&uploads(), &["offcpu"]);
    assert!(lines[2].starts_with("nanosleep"), "{lines:#?}");
    assert!(lines.iter().skip(3).any(|line| line.contains("main.(*Throttle).Wait")), "{lines:#?}");
    let output = tables(&uploads(), &["offcpu", "--by", "call", "--min", "1ms"]);
    let rows = output.table("waits in the kernel");
    assert_eq!(rows[0][0], "nanosleep", "{output}");
    // 16 goroutines do nothing else.
    assert!((8000 * MS..48_000 * MS).contains(&number(&rows[0], 1)), "{output}");
    assert!((5 * MS..20 * MS).contains(&number(&rows[0], 3)), "{output}");
    // From C too.
    let output = tables(&other_thumbs()[1], &["offcpu"]);
    let rows = output.table("waits in the kernel");
    assert!(rows[0][1].to_string().contains("main.(*Locator).Country"), "{output}");
}

#[test]
fn gosyscalls_has_the_slow_system_call_and_the_frequent_one() {
    let lines = screen(&uploads(), &["gosyscalls"]);
    assert!(lines[2].starts_with("nanosleep"), "{lines:#?}");
    assert!(lines.iter().skip(3).take(4).any(|line| line.contains("main.(*Throttle).Wait")), "{lines:#?}");
    let flags: &[&str] = &["CGO_ENABLED=0", STRIPPED];
    for path in [Program::build("uploads", "1.19", &[]), Program::build("uploads", GO, flags)] {
        let output = tables(&path, &["gosyscalls", "--by", "call"]);
        let rows = output.table("system calls");
        let [slow, frequent, ..] = rows.as_slice() else { panic!("{output}") };
        assert_eq!((&slow[0], &frequent[0]), (&"nanosleep".into(), &"write".into()), "{output}");
        assert!((8000 * MS..48_000 * MS).contains(&number(slow, 1)), "{output}");
        assert!((5 * MS..20 * MS).contains(&number(slow, 3)), "{output}");
        assert!(number(frequent, 2) > 1000 && number(frequent, 1) < number(slow, 1), "{output}");
    }
}

#[test]
fn handoff_has_what_loses_its_p() {
    let lines = screen(&thumbs(), &["handoff"]);
    assert!(lines[2].starts_with("watermark") && lines[2].contains("main.(*Marker).Stamp"), "{lines:#?}");
    let [oldest, stripped] = other_thumbs();
    for path in [oldest, stripped] {
        let output = tables(&path, &["handoff"]);
        let rows = output.table("Ps lost in C");
        let row = rows.iter().find(|row| is(row, &["watermark", "main.(*Marker).Stamp"])).expect("a row");
        // Each worker makes 70 calls a second, and most last for longer than the monitor looks away.
        assert!((20..=1600).contains(&number(row, 2)), "{output}");
        assert!((20_000..21 * MS).contains(&number(row, 3)), "{output}");
    }
    let output = tables(&uploads(), &["handoff"]);
    let rows = output.table("Ps lost in system calls");
    assert!(is(&rows[0], &["nanosleep", "main.(*Throttle).Wait"]), "{output}");
    assert!(number(&rows[0], 2) >= 50, "{output}");
    assert!(output.table("Ps lost in C").is_empty(), "{output}");
}
