//! Programs that nobody here wrote: Debian's packages of Go programs, all stripped, each under a small load.
//!
//! One runs with the other tests; `cargo xtask programs` runs all.

mod checks;
mod overhead;
mod subjects;

use std::path::Path;

use gprobe_symbols::Binary;
use gprobe_testkit::sqlite;

use self::checks::CHECKS;
use self::subjects::SUBJECTS;
use super::kit::{GO, check_all, failures_json, trace, write_results};

/// What a file is, for the table.
fn describe(path: &Path) -> serde_json::Value {
    let bytes = std::fs::read(path).expect("the program is readable");
    let megabytes = format!("{:.0}", bytes.len() as f64 / 1e6);
    let binary = Binary::open(std::sync::Arc::new(bytes)).expect("an ELF file");
    serde_json::json!({
        "go": binary.go_version().map(ToString::to_string),
        "megabytes": megabytes,
        "functions": binary.functions().len(),
        "pie": binary.is_pie(),
    })
}

/// One of Debian's that is small.
#[test]
fn age_of_debian_is_looked_into_while_it_encrypts() {
    let subject = SUBJECTS[0];
    let path = subject.fetch("bookworm").unwrap_or_else(|error| panic!("{error}"));
    let failures = check_all(&CHECKS, &(subject, path));
    assert!(failures.is_empty(), "{failures:?}");
}

/// Every call into SQLite is counted, under its name in C; so says `runtime.NumCgoCall`.
#[test]
fn calls_into_sqlite_have_its_functions_names() {
    let path = sqlite::program(GO, &[]).unwrap_or_else(|error| panic!("{error}"));
    let (output, target) = trace(&path, &[], &["cgocalls", "--top", "0"]);
    let calls = output.table("calls of C");
    let all: u64 = calls.iter().map(|row| row[3].as_u64().expect("a number")).sum();
    assert_eq!(all, target.truth("calls"), "{calls:?}");
    let rows = target.truth("rows");
    for row in &calls {
        let (function, caller) = (row[0].as_str().expect("a name"), row[1].as_str().expect("a name"));
        // What cgo itself does for Go's strings.
        let memory = ["malloc", "free"].contains(&function);
        assert!(memory || function.trim_start_matches('_').starts_with("sqlite3_"), "{row:?}");
        assert!(caller.starts_with("github.com/mattn/go-sqlite3."), "{row:?}");
    }
    let of = |function: &str| -> u64 {
        let named = calls.iter().filter(|row| row[0] == function);
        named.filter_map(|row| row[3].as_u64()).sum()
    };
    assert_eq!(of("sqlite3_column_text"), rows, "{calls:?}");
    target.finish();
}

/// What `cargo xtask programs` runs: of the Debian releases of `GPROBE_RELEASES`, the results to
/// `GPROBE_RESULTS`.
#[test]
#[ignore = "it fetches a gigabyte; `cargo xtask programs` runs it"]
fn all_programs() {
    let releases = std::env::var("GPROBE_RELEASES").expect("GPROBE_RELEASES names Debian releases");
    let results = std::env::var_os("GPROBE_RESULTS").expect("GPROBE_RESULTS names a file");
    let only = std::env::var("GPROBE_PROGRAM").ok();
    let mut lines = Vec::new();
    for release in releases.split(',') {
        for subject in SUBJECTS.iter().filter(|s| only.as_deref().is_none_or(|only| only == s.package)) {
            let (outcome, failures, what) = match subject.fetch(release) {
                Ok(path) => {
                    let failures = check_all(&CHECKS, &(*subject, path.clone()));
                    (if failures.is_empty() { "works" } else { "fails" }, failures, describe(&path))
                }
                Err(error) => ("not there", vec![("fetch", error.to_string())], serde_json::Value::Null),
            };
            let names: Vec<&str> = failures.iter().map(|(name, _)| *name).collect();
            eprintln!("Debian {release}, {}: {outcome} {}", subject.package, names.join(", "));
            lines.push(serde_json::json!({
                "release": release, "program": subject.package, "outcome": outcome,
                "failures": failures_json(&failures), "what": what,
            }));
            write_results(Path::new(&results), &lines);
        }
    }
}
