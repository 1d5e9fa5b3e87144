//! Scripts about goroutines, the scheduler, locks and channels name what is wrong with programs that have it.

use std::time::Duration;

use gprobe_testkit::{Output, Program, Target};
use serde_json::Value;

use super::kit::{GO, SCREEN, STRIPPED, gprobe, trace};

const MS: u64 = 1_000_000;

/// A script on a program that has what it looks for, for people and as JSON.
struct Found {
    text: String,
    json: Output,
}

impl Found {
    fn by(script: &[&str], program: &str, go: &str, flags: &[&str]) -> Found {
        Found::within("2s", script, program, go, flags)
    }

    fn within(time: &str, script: &[&str], program: &str, go: &str, flags: &[&str]) -> Found {
        let target = Target::start(&Program::build(program, go, flags), &[]);
        // What happens when the program begins is not what is looked for.
        std::thread::sleep(Duration::from_millis(300));
        let pid = target.pid().to_string();
        let run = |format: &str| {
            let args = ["-p", &pid, "-t", time, "-f", format];
            let output = gprobe().args(script).args(args).run().success();
            assert!(!output.stderr.contains("lost:"), "{script:?}, Go {go} {flags:?}: {output}");
            output
        };
        let text = run("text").stdout;
        Found { text, json: run("json") }
    }

    /// The first row of a table; its first columns are these, and stand on the first screen.
    fn first(&self, title: &str, keys: &[&str]) -> Vec<Value> {
        let rows = self.json.table(title);
        let row = rows.first().unwrap_or_else(|| panic!("{title} has no row\n{}", self.json));
        let screen: Vec<&str> = self.text.lines().take(SCREEN).collect();
        for (cell, key) in row.iter().zip(keys) {
            // Addresses are numbers to machines.
            let same = cell.as_str().map_or(*key == "0x", |cell| cell.starts_with(key));
            assert!(same, "{key} is not first: {rows:?}");
        }
        assert!(
            screen.iter().any(|line| keys.iter().all(|key| line.contains(key))),
            "{keys:?} are not on the first screen\n{}",
            self.text
        );
        row.clone()
    }
}

fn n(cell: &Value) -> u64 {
    cell.as_u64().unwrap_or(0)
}

#[test]
fn gostates_shows_those_that_wait_for_ever() {
    let found = Found::by(&["gostates"], "gateway", GO, &[]);
    let rows = found.json.table("parks");
    let row = rows.iter().find(|row| row[0] == "chan send").expect("a row");
    assert!(n(&row[1]) >= 20 && row[1] == row[2] && row[6].is_null(), "nobody is ever let go: {row:?}");
    assert!(found.text.lines().take(SCREEN).any(|line| line.starts_with("chan send")), "{}", found.text);
    let receive = rows.iter().find(|row| row[0] == "select").expect("a row");
    assert!(n(&receive[2]) < n(&receive[1]) && n(&receive[6]) >= 9 * MS, "{receive:?}");
}

#[test]
fn parks_shows_where_goroutines_wait() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let found = Found::by(&["parks"], "gateway", go, flags);
        let row = found.first("parks", &["chan send"]);
        let stack = row[1].to_string();
        assert!(stack.contains("main.(*Gateway).ask.func1"), "Go {go} {flags:?}: {stack}");
        assert_eq!(row[3], row[4], "all wait still: {row:?}");
        let screen: Vec<&str> = found.text.lines().take(SCREEN).collect();
        assert!(screen.iter().any(|line| line.contains("main.(*Gateway).ask.func1")), "{}", found.text);
    }
    let of_one = Found::by(&["parks", "--reason", "select", "--stack", "3"], "gateway", GO, &[]);
    of_one.first("parks", &["select"]);
    assert!(of_one.json.table("parks").iter().all(|row| row[0] == "select"), "{}", of_one.json);
    let main = Found::by(&["parks", "--goid", "1"], "gateway", GO, &[]);
    let row = main.first("parks", &["chan receive"]);
    assert!(row[1].to_string().contains("main.(*Gateway).accept"), "{row:?}");
}

#[test]
fn golife_names_the_goroutines_that_leak_and_who_makes_them() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let found = Found::by(&["golife"], "gateway", go, flags);
        let row = found.first("goroutines", &["main.(*Gateway).ask.func1", "main.(*Gateway).ask"]);
        let (alive, oldest, made) = (n(&row[2]), n(&row[3]), n(&row[4]));
        // One of five, and those of the last moments.
        assert!(made >= 100 && alive * 5 >= made * 3 / 4 && alive * 5 <= made * 2, "Go {go}: {row:?}");
        assert!(oldest >= 1500 * MS, "{row:?}");
        let served = found.json.table("goroutines");
        let served = served.iter().find(|row| row[1] == "main.(*Gateway).accept").expect("a row");
        assert!(n(&served[2]) <= 3 && n(&served[8]) >= 9 * MS, "requests end: {served:?}");
    }
}

#[test]
fn runqlat_names_those_that_wait_for_a_processor() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let found = Found::by(&["runqlat", "--slow", "5ms"], "thumbnails", go, flags);
        let rows = found.json.table("waits for a P by function");
        let row = rows.first().expect("a row");
        assert!(row[0].as_str().is_some_and(|name| name.starts_with("main.(*Uploader).start")), "{rows:?}");
        // It waits until a slice of 10 ms is over.
        assert!(n(&row[6]) >= 5 * MS, "Go {go}: {row:?}");
        let all = found.json.table("waits for a P");
        assert!(!all.is_empty());
        let lines: Vec<&str> = found.text.lines().filter(|line| line.starts_with("goroutine ")).collect();
        assert!(lines.iter().any(|line| line.contains("main.(*Uploader).start")), "{}", found.text);
    }
    let found = Found::by(&["runqlat"], "thumbnails", GO, &[]);
    found.first("waits for a P by function", &["main.(*Uploader).start"]);
}

#[test]
fn schedtrace_shows_that_the_run_queue_is_never_empty() {
    for (go, flags) in [(GO, &[][..]), ("1.19", &[STRIPPED])] {
        let found = Found::within("4500ms", &["schedtrace"], "thumbnails", go, flags);
        for text in [found.text, found.json.printed()] {
            let lines: Vec<Vec<u64>> = text
                .lines()
                .filter(|line| line.contains(" s |"))
                .map(|line| line.split_whitespace().filter_map(|word| word.parse().ok()).collect())
                .collect();
            assert!(lines.len() >= 2, "{text}");
            for line in &lines {
                let [_, ms, idle, _, ps, running, runnable, _, _, queued, longest, preempts, _, _] = line[..]
                else {
                    panic!("{text}")
                };
                assert!(ms >= 3 && idle < ms && ps <= 1 && running <= 2, "Go {go}: {line:?}\n{text}");
                assert!(runnable <= 20 && longest <= queued, "Go {go}: {line:?}\n{text}");
                assert!(preempts >= 10, "Go {go}: {line:?}\n{text}");
            }
            // Of three that compute, two wait.
            assert!(lines.iter().filter(|line| line[6] >= 2).count() * 2 >= lines.len(), "Go {go}\n{text}");
        }
    }
}

#[test]
fn mutexhold_names_who_holds_a_mutex_for_long() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let found = Found::by(&["mutexhold"], "shop", go, flags);
        let row = found.first("mutexes held", &["main.(*Stock).Save"]);
        let (total, holds, median, wanted) = (n(&row[1]), n(&row[2]), n(&row[3]), n(&row[7]));
        assert!((10..=30).contains(&holds) && total >= holds * 20 * MS, "Go {go} {flags:?}: {row:?}");
        assert!((19 * MS..40 * MS).contains(&median) && wanted >= holds / 3 && wanted <= holds, "{row:?}");
        let rows = found.json.table("mutexes held");
        let short = rows.iter().find(|row| row[0] == "main.(*Metrics).Count").expect("a row");
        assert!(n(&short[2]) > 500 && n(&short[3]) < MS, "{short:?}");
    }
    let found = Found::by(&["mutexhold", "--min", "10ms", "--stack", "6", "--top", "1"], "shop", GO, &[]);
    let row = found.first("mutexes held", &["main.(*Stock).Save"]);
    assert!(row[1].to_string().contains("main.every"), "{row:?}");
    assert_eq!(found.json.table("mutexes held").len(), 1);
}

/// Locks that a program takes itself a known number of times, each in a function of its own.
#[test]
fn mutexhold_counts_exactly_and_measures_what_the_program_does() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let what = format!("Go {go} {flags:?}");
        let program = Program::build("locks", go, flags);
        let script = ["mutexhold", "--by", "mutex", "--top", "0"];
        let (output, target) = trace(&program, &["-n", "1000", "-holds", "60"], &script);
        let rows = output.table("mutexes held");
        let row = |function: &str, name: &str| {
            let addr = target.truth(&format!("addr.{name}"));
            let row = rows.iter().find(|row| row[0] == function && row[1] == addr);
            row.unwrap_or_else(|| panic!("{what}: no row for {function} {addr:#x} ({name}): {rows:?}"))
        };
        for (function, name) in [
            ("main.embedded", "embedded"),
            ("main.field", "field"),
            ("main.distant", "distant"),
            ("main.byPointer", "byPointer"),
            ("main.deferred", "deferred"),
            ("main.(*nested).Add", "method"),
            ("main.ofSlice", "ofSlice"),
            ("main.twice", "twice.a"),
            ("main.twice", "twice.b"),
            ("main.contended", "contended"),
            ("main.behindInterface", "behindInterface"),
            ("main.hold", "hold"),
            // Another goroutine gives it back.
            ("main.handed", "handed"),
        ] {
            let row = row(function, name);
            assert_eq!(n(&row[3]), target.truth(&format!("locks.{name}")), "{what}: {row:?}");
        }
        assert_eq!(n(&row("main.tried", "tried")[3]), target.truth("got.tried"), "{what}");
        let truth: u64 = (0..60).map(|hold| target.truth(&format!("hold.{hold}"))).sum();
        let total = n(&row("main.hold", "hold")[2]);
        assert!(total >= truth && total - truth <= truth / 5 + 60 * 20_000, "{what}: {total} ns of {truth}");
        target.finish();
    }
}

#[test]
fn mutexholder_says_who_holds_a_mutex_now() {
    for (go, flags) in [(GO, &[][..]), ("1.19", &[STRIPPED])] {
        let found = Found::within("6500ms", &["mutexholder", "--min", "50ms"], "gateway", go, flags);
        let tables: Vec<Value> =
            found.json.json_lines().into_iter().filter(|line| line["type"] == "table").collect();
        let rows: Vec<&Vec<Value>> = tables
            .iter()
            .filter_map(|table| table["rows"].as_array())
            .flatten()
            .filter_map(Value::as_array)
            .collect();
        assert!(rows.len() >= 2, "Go {go}: {}", found.json);
        for row in &rows {
            assert!(n(&row[0]) > 0xffff, "no address: {row:?}");
            assert!(n(&row[1]) > 1 && row[2] == "main.(*Token).renew", "Go {go}: {row:?}");
            assert!((50 * MS..1700 * MS).contains(&n(&row[3])), "{row:?}");
            assert!(n(&row[4]) <= 1, "{row:?}");
        }
        assert!(rows.iter().any(|row| n(&row[4]) == 1), "Go {go}: nobody waits: {rows:?}");
        assert!(
            found.text.lines().take(SCREEN).any(|line| line.contains("main.(*Token).renew")),
            "{}",
            found.text
        );
    }
}

#[test]
fn mutexwait_names_who_waits_and_for_whom() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let found = Found::by(&["mutexwait"], "shop", go, flags);
        let row = found.first("waits for mutexes", &["main.(*Stock).Reserve", "main.(*Stock).Save"]);
        // Eight workers, some twenty times.
        assert!((40..=240).contains(&n(&row[3])), "Go {go}: {row:?}");
        assert!((10 * MS..40 * MS).contains(&n(&row[4])), "Go {go}: {row:?}");
    }
    let found = Found::by(&["mutexwait", "--by", "mutex"], "shop", GO, &[]);
    let row = found.first("waits for mutexes", &["main.(*Stock).Reserve", "main.(*Stock).Save", "0x"]);
    assert!(n(&row[3]) > 0, "{row:?}");
    let found = Found::by(&["mutexwait", "--stack", "8"], "shop", GO, &[]);
    let row = found.first("waits for mutexes", &["main.(*Stock).Reserve", "main.(*Stock).Save"]);
    assert!(row[2].to_string().contains("main.(*Shop).takeOrders"), "{row:?}");
}

#[test]
fn rwmutex_names_the_writer_that_keeps_readers_waiting() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let found = Found::by(&["rwmutex"], "shop", go, flags);
        let row = found.first("writers", &["main.(*Prices).Reload"]);
        assert!((3..=10).contains(&n(&row[2])) && n(&row[3]) >= 28 * MS, "Go {go}: {row:?}");
        let row = found.first("readers", &["main.(*Prices).Of"]);
        assert!(n(&row[2]) > 500, "Go {go}: {row:?}");
        // Before Go 1.20 the end of a reader's wait is not seen.
        assert!(go == "1.19" || n(&row[3]) >= 10 * MS, "Go {go}: {row:?}");
    }
    let found = Found::by(&["rwmutex", "--by", "mutex"], "shop", GO, &[]);
    found.first("writers", &["main.(*Prices).Reload", "0x"]);
}

#[test]
fn chanwait_names_who_waits_for_a_slow_receiver() {
    for (go, flags) in [(GO, &[][..]), (GO, &[STRIPPED]), ("1.19", &[STRIPPED])] {
        let found = Found::by(&["chanwait"], "ingest", go, flags);
        let row = found.first("waits at channels", &["main.(*Parser).emit", "send"]);
        // Three wait nearly all of two seconds.
        assert!(n(&row[2]) >= 4000 * MS && n(&row[2]) <= 7000 * MS && n(&row[8]) <= 3, "Go {go}: {row:?}");
    }
    let found = Found::by(&["chanwait", "--by", "chan"], "ingest", GO, &[]);
    let row = found.first("waits at channels", &["main.(*Parser).emit", "send", "0x"]);
    assert_eq!(n(&row[3]), 16, "the channel's buffer: {row:?}");
    let found = Found::by(&["chanwait", "--stack", "8"], "ingest", GO, &[]);
    let row = found.first("waits at channels", &["main.(*Parser).emit", "send"]);
    assert!(row[2].to_string().contains("main.(*Parser).parse"), "{row:?}");
    let found = Found::by(&["chanwait"], "gateway", GO, &[]);
    let rows = found.json.table("waits at channels");
    let has = |function: &str, what: &str| rows.iter().any(|row| row[0] == function && row[1] == what);
    assert!(has("main.(*Gateway).ask", "select") && has("main.(*Gateway).ask.func1", "send"), "{rows:?}");
}
