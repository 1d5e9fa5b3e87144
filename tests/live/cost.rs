//! What probes cost: told, foretold, sampled and limited.

use std::time::{Duration, Instant};

use gprobe_testkit::{Output, Target};

use super::kit::{gprobe, number, program, trace};

/// The number before a word in the line of standard error that starts like this.
fn told(output: &Output, start: &str, word: &str) -> u64 {
    let line = output.stderr.lines().find(|line| line.starts_with(start));
    let line = line.unwrap_or_else(|| panic!("no line `{start}`:\n{}", output.stderr));
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|found| found.trim_end_matches(',') == word);
    let number = at.and_then(|at| words.get(at.checked_sub(1)?)).map(|number| number.replace(',', ""));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no `{word}` in `{line}`"))
}

#[test]
fn what_a_hit_takes_is_measured() {
    super::kit::gprobe();
    let begun = Instant::now();
    let price = gprobe_runtime::cost::price(true).expect("a price");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // From the quickest machine to a busy one.
    for ns in [price.optimised, price.emulated, price.single_step] {
        assert!((20.0..1e6).contains(&ns), "{price:?}");
    }
    // A trap more; the rest is what else the machine does.
    assert!(price.single_step > 0.9 * price.emulated, "{price:?}");
    assert_eq!(gprobe_runtime::cost::price(true), Ok(price), "it is measured once");
}

#[test]
fn the_end_tells_how_often_probes_were_hit_and_what_that_took() {
    // Entries at a `push`, which is emulated, and returns, which are not.
    let script = "go:main.work { @ = count(); } go:main.work:return { @r = count(); }";
    let (output, target) = trace(&program("spin"), &["-n", "50000", "-quiet"], &["-e", script]);
    assert_eq!(told(&output, "cost: ", "hits"), 100_000, "{}", output.stderr);
    let line = output.stderr.lines().find(|line| line.starts_with("cost: ")).expect("a line");
    assert!(line.contains(" of the target's CPU time (") && line.contains(" % of one CPU over "), "{line}");
    target.finish();
}

/// Leaves have no frame, and begin with an instruction of another kind than the others.
#[test]
fn hits_of_one_program_at_sites_of_all_kinds_are_counted() {
    let script = "go:main.* { @[func] = count(); }";
    let (output, target) = trace(&program("counts"), &["-n", "50000"], &["-e", script]);
    let calls = output.map("@");
    let calls: u64 = calls.as_object().expect("a map").values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(told(&output, "cost: ", "hits"), calls);
    target.finish();
}

#[test]
fn nothing_is_told_where_only_the_script_is_wanted_or_nothing_can_be_hit() {
    let quiet = gprobe().args(["-q", "-e", "begin { exit(); }"]).run().success();
    assert_eq!(quiet.stderr, "");
    let own = gprobe().args(["-e", "begin { exit(); }"]).run().success();
    assert!(!own.stderr.contains("cost:"), "{}", own.stderr);
}

#[test]
fn a_dry_run_foretells_what_a_script_would_cost() {
    let mut target = Target::start(&program("spin"), &["-quiet"]);
    target.go();
    let pid = target.pid().to_string();
    let script =
        "begin { printf(\"never\"); } go:main.work { @ = count(); } go:main.work:return { @r = count(); }";
    let output = gprobe().args(["--dry-run", "-p", &pid, "-e", script]).run().success();
    assert_eq!(output.stdout, "");
    let row = |name: &str| -> Vec<String> {
        let found = output.stderr.lines().find(|line| line.split_whitespace().next() == Some(name));
        let found = found.unwrap_or_else(|| panic!("no row `{name}`:\n{}", output.stderr));
        found.split_whitespace().map(str::to_owned).collect()
    };
    let (entry, exit) = (row("go:main.work"), row("go:main.work:return"));
    assert_eq!((entry[1].as_str(), entry[2].as_str()), ("1", "emulated"));
    assert_eq!(exit[2], "single-step");
    let rate = |row: &[String]| row[3].replace(',', "").parse::<u64>().expect("a rate");
    // It does nothing else, however slow the machine.
    assert!(rate(&entry) > 1000 && rate(&exit) > 1000, "{}", output.stderr);
    assert!(output.stderr.contains("HINT: that is much."), "{}", output.stderr);
    let quiet = gprobe().args(["--dry-run", "-q", "-p", &pid, "-e", script]).run().success();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    assert!(target.is_alive());
}

#[test]
fn a_sample_of_hits_is_about_its_part_of_them() {
    let script = "go:main.work { @ = count(); }";
    let args = ["--sample", "1/10", "-e", script];
    let (output, target) = trace(&program("spin"), &["-n", "200000", "-quiet"], &args);
    // Each hit is drawn by itself: 20,000 of 200,000 are expected, and sqrt(n p (1 - p)) = 134 is one deviation. Six of
    // them happen once in half a billion runs.
    let seen = output.map("@").as_u64().expect("a number");
    assert!(seen.abs_diff(20_000) < 6 * 134, "{seen}");
    assert!(
        output.stderr.contains("sampled 1/10: counts are of about a tenth of the events"),
        "{}",
        output.stderr
    );
    // What is left out costs its trap all the same.
    assert_eq!(told(&output, "cost: ", "hits"), 200_000);
    target.finish();
}

#[test]
fn a_sample_has_both_ends_of_a_call_or_neither() {
    let script = "config = { max_map_keys = 100000 }
        go:main.shared { @open[goid, frame] = 1; @starts[goid] = count(); }
        go:main.shared:return {
            if (has_key(@open, (goid, frame))) { @paired[goid] = count(); } else { @odd = count(); }
            delete(@open[goid, frame]);
        }
        end { clear(@open); }";
    let args = ["--sample", "1/10", "-e", script];
    let (output, target) = trace(&program("counts"), &["-n", "50000", "-workers", "1000"], &args);
    let (starts, paired) = (output.map("@starts"), output.map("@paired"));
    assert_eq!(starts, paired);
    assert!(!output.maps().contains_key("@odd"), "{}", output.stdout);
    // All calls of a goroutine, or none.
    let each = target.truth("entry.main.shared") / 1000;
    let starts = starts.as_object().expect("a map");
    assert!(each > 0 && starts.values().all(|calls| calls.as_u64() == Some(each)), "{each}: {starts:?}");
    // 100 of 1000 goroutines are expected, with a deviation of sqrt(1000 * 0.1 * 0.9) = 9.5.
    assert!(starts.len().abs_diff(100) < 57, "{} goroutines", starts.len());
    let said = "sampled 1/10: counts are of all events of about a tenth of the goroutines";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    target.finish();
}

/// Without `goid` in the script too: a goroutine changes threads between the entry and the return.
#[test]
fn goroutines_are_drawn_where_the_script_does_not_name_them() {
    let script = "go:main.shared { @n[args.worker]++; @in = count(); }
        go:main.shared:return /@n[0] >= 0/ { @out = count(); }";
    let args = ["--sample", "1/4", "-e", script];
    let (output, target) = trace(&program("counts"), &["-n", "50000", "-workers", "1000"], &args);
    assert_eq!(output.map("@in"), output.map("@out"));
    let workers = output.map("@n").as_object().expect("a map").len();
    // 250 are expected, with a deviation of sqrt(1000 * 0.25 * 0.75) = 13.7.
    assert!(workers.abs_diff(250) < 82, "{workers} workers");
    target.finish();
}

#[test]
fn probes_that_pass_a_budget_are_taken_away_and_the_target_goes_on() {
    let mut target = Target::start(&program("spin"), &["-batch", "20000"]);
    target.go();
    let pid = target.pid().to_string();
    let begun = Instant::now();
    let args = ["--max-overhead", "0.1%", "-p", &pid, "-e", "go:main.work { @ = count(); }"];
    let output = gprobe().args(args).run().success();
    // A look each 100 ms, at a program that does nothing but hit the probe.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let line = output.stderr.lines().find(|line| line.starts_with("the budget of 0.1 % was passed ("));
    let line = line.unwrap_or_else(|| panic!("{}", output.stderr));
    assert!(line.contains("): go:main.work was detached after "), "{line}");
    assert!(line.ends_with("; its numbers are of the time before"), "{line}");
    assert!(told(&output, "cost: ", "hits") > 0);
    let lines = target.lines().len();
    std::thread::sleep(Duration::from_millis(500));
    assert!(target.is_alive() && target.lines().len() > lines);
}

#[test]
fn what_belongs_together_goes_together() {
    let mut target = Target::start(&program("spin"), &["-quiet"]);
    target.go();
    let pid = target.pid().to_string();
    let script = "go:main.work { @begun[goid, frame] = nsecs; }
        go:main.work:return /@begun[goid, frame]/ { @ns = hist(nsecs - @begun[goid, frame]); delete(@begun[goid, frame]); }";
    let output = gprobe().args(["--max-overhead", "0.1%", "-p", &pid, "-e", script]).run().success();
    let lines = output.stderr.lines().filter(|line| line.starts_with("the budget of ")).count();
    assert!(lines == 1 && output.stderr.contains(" were detached after "), "{}", output.stderr);
    assert!(target.is_alive());
}

#[test]
fn a_budget_that_is_kept_changes_nothing() {
    let args = ["--max-overhead", "1000%", "-e", "go:main.work { @[func] = count(); }"];
    let (output, target) = trace(&program("spin"), &["-n", "100000", "-quiet"], &args);
    assert_eq!(number(&output.map("@"), "main.work"), 100_000);
    assert!(!output.stderr.contains("budget"), "{}", output.stderr);
    target.finish();
}

#[test]
fn what_is_no_share_and_no_part_is_refused() {
    for (option, value) in
        [("--sample", "10"), ("--sample", "1/0"), ("--max-overhead", "2"), ("--max-overhead", "0%")]
    {
        let output = gprobe().args([option, value, "-e", "begin { }"]).run();
        assert_eq!(output.code, Some(2), "{option} {value}: {}", output.stderr);
        assert!(output.stderr.contains("; write "), "{}", output.stderr);
    }
}
