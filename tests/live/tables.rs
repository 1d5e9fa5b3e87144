//! Tables of maps, in all their forms, with the options of the script that they are in.

use std::fs;
use std::time::Duration;

use gprobe_testkit::{Output, Target};
use serde_json::{Value, json};

use super::kit::{gprobe, program};

/// Counts calls by function, and what they are given.
const SCRIPT: &str = r#"// calls: which functions are called, and with what?
//
// It is for tests.

go:main.plain, go:main.leaf, go:main.thrower
{
    @calls[func] = count();
    @given_ns[func] = sum(arg0);
    @sizes_bytes[func] = stats(arg0);
}

go:main.plain
{
    @bits[func] = hist(arg0, 5);
}

end
{
    if comptime (getopt("by", "calls", "what counts") == "calls") {
        table("calls|function", @calls, @given_ns, @sizes_bytes, @bits, getopt("top", 20, "most rows"));
    } else {
        table("sizes|function", @sizes_bytes, getopt("top", 20));
    }
}
"#;

/// Traces the program's whole work.
fn trace(args: &[&str]) -> (Output, Target) {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("calls.gp");
    fs::write(&script, SCRIPT).expect("written");
    let mut target = Target::start(&program("counts"), &["-n", "20000"]);
    let pid = target.pid().to_string();
    let path = script.display().to_string();
    let mut running = gprobe()
        .args([path.as_str(), "-p", &pid])
        .args(args)
        .limit(Duration::from_secs(240))
        .run_until_attached();
    target.go();
    target.wait_done();
    let output = running.interrupt().success();
    assert!(!output.stderr.contains("lost:"), "{}", output.stderr);
    (output, target)
}

/// What the rows must be: function, calls, and the sum of the arguments.
fn truth(target: &Target) -> Vec<(String, u64, u64)> {
    // `thrower` is called with 0, 1, ... as often as it is called, `leaf` too.
    let calls = |name: &str| target.truth(&format!("entry.main.{name}"));
    let upto = |n: u64| n * (n - 1) / 2;
    let mut rows = vec![
        ("main.plain".to_owned(), calls("plain"), target.truth("sum.main.plain.i")),
        ("main.leaf".to_owned(), calls("leaf"), upto(calls("leaf"))),
        ("main.thrower".to_owned(), calls("thrower"), upto(calls("thrower"))),
    ];
    rows.sort_by_key(|(_, calls, _)| std::cmp::Reverse(*calls));
    rows
}

#[test]
fn a_table_has_the_exact_rows_in_json() {
    let (output, target) = trace(&["-f", "json"]);
    let tables: Vec<Value> = output.json_lines().into_iter().filter(|line| line["type"] == "table").collect();
    let [table] = tables.as_slice() else { panic!("{tables:?}") };
    assert_eq!(table["title"], "calls");
    assert_eq!(table["target"], json!(format!("counts ({})", target.pid())));
    assert!(table["elapsed_ns"].as_u64().is_some_and(|ns| ns > 0), "{table}");
    let columns: Vec<&Value> = table["columns"].as_array().expect("columns").iter().collect();
    assert_eq!(
        columns[..3],
        [
            &json!({ "name": "function" }),
            &json!({ "name": "calls" }),
            &json!({ "name": "given", "unit": "ns" }),
        ]
    );
    assert_eq!(columns[4], &json!({ "name": "sizes avg", "unit": "bytes" }));
    let rows = table["rows"].as_array().expect("rows");
    let wanted = truth(&target);
    assert_eq!(rows.len(), wanted.len());
    for (row, (function, calls, sum)) in rows.iter().zip(&wanted) {
        let start: Vec<Value> = row.as_array().expect("cells")[..6].to_vec();
        assert_eq!(
            start,
            [json!(function), json!(calls), json!(sum), json!(calls), json!(sum / calls), json!(sum)]
        );
        let known = row[6].is_u64();
        assert_eq!(known, function == "main.plain", "only it has a histogram: {row}");
    }
    // Arguments up to 63 have a bucket each, and 1023, the largest, is in the last of 32 of its power of two.
    let plain = rows.iter().find(|row| row[0] == "main.plain").expect("a row");
    assert_eq!(plain[9], json!(1023));
    // What a table shows is not shown again.
    assert!(output.maps().is_empty(), "{:?}", output.maps());
    target.finish();
}

#[test]
fn a_table_for_people_is_sorted_aligned_and_cut() {
    let (output, target) = trace(&["--top", "2"]);
    let lines: Vec<&str> = output.stdout.lines().collect();
    let head = format!("calls - counts ({}) - ", target.pid());
    assert!(lines[0].starts_with(&head) && lines[0].ends_with(" s"), "{}", output.stdout);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[1])[..3], ["function", "calls", "given"]);
    let wanted = truth(&target);
    for (line, (function, calls, _)) in lines[2..4].iter().zip(&wanted) {
        let calls = calls.to_string();
        let (thousands, rest) = calls.split_at(calls.len() - 3);
        let shown = if thousands.is_empty() { rest.to_owned() } else { format!("{thousands},{rest}") };
        assert_eq!(words(line)[..2], [function.clone(), shown], "{}", output.stdout);
    }
    assert_eq!(lines[4..], ["(1 more row)", ""], "{}", output.stdout);
    let ends = |line: &str| line.find("calls").map(|at| at + "calls".len());
    let numbers = |line: &str, calls: u64| line.find(&format!("{},", calls / 1000)).map(|at| at + 5);
    assert_eq!(ends(lines[1]), numbers(lines[2], wanted[0].1), "{}", output.stdout);
    target.finish();
}

#[test]
fn a_table_with_tabs_has_raw_numbers_and_the_option_chooses() {
    let (output, target) = trace(&["--format", "tsv", "--by=sizes", "-t", "600s"]);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert!(lines[0].starts_with("# sizes - counts ("), "{}", output.stdout);
    assert_eq!(lines[1], "function\tcount\tavg_bytes\ttotal_bytes");
    let mut wanted = truth(&target);
    wanted.sort_by_key(|(_, _, sum)| std::cmp::Reverse(*sum));
    let rows: Vec<String> =
        wanted.iter().map(|(f, calls, sum)| format!("{f}\t{calls}\t{}\t{sum}", sum / calls)).collect();
    assert_eq!(lines[2..5], rows);
    // No table has these.
    let calls = wanted.iter().map(|(function, calls, _)| format!("@calls\t{function}\t{calls}"));
    for line in calls {
        assert!(lines[5..].contains(&line.as_str()), "{line}\n{}", output.stdout);
    }
    target.finish();
}

#[test]
fn times_and_sizes_are_shown_with_units_and_kept_as_numbers() {
    let script = "begin {
        printf(\"%s %s %d\\n\", duration(1870000), bytes(12595), duration(1s));
        @age[duration(5)] = duration(2310000000);
        print(duration(740));
        print((bytes(3), \"b\"));
        exit();
    }";
    let output = gprobe().args(["-q", "-e", script]).run().success();
    assert_eq!(output.stdout, "1.87 ms 12.3 KiB 1000000000\n740 ns\n(3 B, b)\n\n@age[5]: 2.31 s\n\n");
    let output = gprobe().args(["-q", "-f", "tsv", "-e", script]).run().success();
    assert_eq!(output.stdout, "1.87 ms 12.3 KiB 1000000000\n740\n3\tb\n@age\t5\t2310000000\n");
    let output = gprobe().args(["-q", "-f", "json", "-e", script]).run().success();
    assert_eq!(output.map("@age"), json!({ "5": 2_310_000_000_u64 }));
}

#[test]
fn maps_with_tabs_have_a_line_for_each_value() {
    let script = r#"begin {
        @m[1, "a\tb"] = 7; @h[2] = hist(5); @h[2] = hist(40); @s = stats(10); @t[3] = (4, "x");
        print(@m);
        exit();
    }"#;
    let output = gprobe().args(["-q", "-f", "tsv", "-e", script]).run().success();
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "@h\t2\t16\t31\t0",
            "@h\t2\t32\t63\t1",
            "@h\t2\t4\t7\t1",
            "@h\t2\t8\t15\t0",
            "@m\t1\ta\\tb\t7",
            "@m\t1\ta\\tb\t7",
            "@s\t1\t10\t10",
            "@t\t3\t4\tx",
        ]
    );
}

#[test]
fn scripts_have_options_and_help() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("calls.gp");
    fs::write(&path, SCRIPT).expect("written");
    let path = path.display().to_string();
    let help = gprobe().args([path.as_str(), "--help"]).run().success();
    let wanted = "calls: which functions are called, and with what?\n\nIt is for tests.\n\n\
        Options of the script:\n  --by TEXT  what counts (default: calls)\n  --top N    most rows (default: 20)\n\n\
        `gprobe --help` has gprobe's own options.\n";
    assert_eq!(help.stdout, wanted);
    let shipped = gprobe().args(["gostates", "-h"]).run().success();
    assert!(shipped.stdout.starts_with("gostates: why do goroutines park"), "{}", shipped.stdout);
    let own = gprobe().args(["--help"]).run().success();
    assert!(own.stdout.contains("USAGE:") && own.stdout.contains("--dry-run"), "{}", own.stdout);
    let slip = gprobe().args([path.as_str(), "--tap", "3"]).run();
    assert_eq!(slip.code, Some(2));
    assert!(slip.stderr.contains("'--tap'") && slip.stderr.contains("'--top'"), "{}", slip.stderr);
    let script = "begin { print((getopt(\"a\", 1), getopt(\"b\", 1ms), getopt(\"c\"), getopt(\"d\", \"x\"))); exit(); }";
    let said = |args: &[&str]| gprobe().args(["-q", "-e", script]).args(args).run();
    assert_eq!(
        said(&["--a", "1_000", "--b=20ms", "--c", "--d", "y z"]).stdout,
        "(1000, 20000000, true, y z)\n\n"
    );
    assert_eq!(said(&["--a", "0x10", "--b", "1e6", "--", "--d=q"]).stdout, "(16, 1000000, false, q)\n\n");
    let left_out = "begin { if comptime (getopt(\"a\", 1) == 1) { print(1); } else { print(getopt(\"b\", 2)); } exit(); }";
    assert_eq!(gprobe().args(["-q", "-e", left_out, "--b", "3"]).run().success().stdout, "1\n\n");
    let bad = said(&["--a", "ten"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.stderr.contains("program command line option --a invalid integer"), "{}", bad.stderr);
}

#[test]
fn options_are_constants() {
    let target = Target::start(&program("counts"), &[]);
    let pid = target.pid().to_string();
    let script = r#"let @few = hash(getopt("entries", 100));
        go:main.plain {
            @few[gostack(getopt("stack", 8))] = count();
            @[label(getopt("label", "handler")), caller(getopt("up", 1))] = lhist(arg0, 0, getopt("most", 100), 10);
            @b[buf(reg("sp"), getopt("bytes", 8))] = count();
            unroll(getopt("rounds", 2)) { @r++; }
            printf("%s\n", strftime(getopt("format", "%H"), nsecs));
            if comptime (getopt("by", "") == "label") { @none[func] = count(); } else { @some = count(); }
        }
        end { print(@some, getopt("top", 3)); table("t", @none, getopt("top", 3)); }"#;
    let args =
        ["--stack", "3", "--label=x", "--by", "label", "--most", "50", "--bytes", "16", "--entries", "7"];
    let output = gprobe()
        .args(["--dry-run", "-p", &pid, "-e", &script.replace("print(@some, getopt(\"top\", 3));", "")])
        .args(args)
        .run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    target.finish();
}

#[test]
fn the_scripts_that_ship_are_listed_for_machines() {
    let lines = |format: &str| gprobe().args(["stdlib", "--format", format]).run().success().stdout;
    let tabs = lines("tsv");
    let first = tabs.lines().next().and_then(|line| line.split_once('\t')).expect("two fields");
    let json: Value = serde_json::from_str(lines("json").lines().next().expect("a line")).expect("JSON");
    assert_eq!((json["name"].as_str(), json["answers"].as_str()), (Some(first.0), Some(first.1)));
    assert_eq!(tabs.lines().count(), gprobe_stdlib::SCRIPTS.len());
}
