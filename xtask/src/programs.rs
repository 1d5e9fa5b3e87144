//! Runs gprobe on Debian's Go programs, and writes the table of it.

use std::fmt::Write;
use std::fs;

use gprobe_testkit::workspace;
use serde_json::Value;

use crate::Outcome;
use crate::document::{Footnotes, between, read_results, reason, try_all};

/// Releases of Debian whose packages are tried where it is not said.
const RELEASES: [&str; 2] = ["bookworm", "sid"];

/// Tries the programs of these releases, and writes what came of it to `docs/support.md`.
pub(crate) fn programs(arguments: &[String]) -> Outcome {
    let all = RELEASES.map(str::to_owned);
    let releases = if arguments.is_empty() { all.as_slice() } else { arguments };
    let folder = workspace().join("target/matrix");
    fs::create_dir_all(&folder)?;
    let mut found = Vec::new();
    for release in releases {
        let results = folder.join(format!("debian-{release}.json"));
        try_all("programs::all_programs", release, &results, &[])?;
        found.extend(read_results(&results)?);
    }
    between(&workspace().join("docs/support.md"), "programs", &table(&found))
}

/// A row for each program, and below why what does not work does not.
fn table(found: &[Value]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut out = String::from(
        "| Debian | program | built by | size | functions | |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    let mut notes = Footnotes::default();
    for line in found {
        let what = &line["what"];
        let failures = line["failures"].as_array().into_iter().flatten();
        let reasons: Vec<String> = failures
            .map(|failure| format!("{}: {}", text(&failure["check"]), reason(&text(&failure["why"]))))
            .collect();
        let word = match line["outcome"].as_str() {
            Some("works") => "yes".to_owned(),
            Some("fails") => format!("no {}", notes.refer(&reasons.join("; "))),
            _ => format!("- {}", notes.refer(&reasons.join("; "))),
        };
        let pie = if what["pie"] == true { ", PIE" } else { "" };
        let _ = writeln!(
            out,
            "| {} | {} | {}{pie} | {} MB | {} | {word} |",
            text(&line["release"]),
            text(&line["program"]),
            text(&what["go"]),
            text(&what["megabytes"]),
            what["functions"]
        );
    }
    out + &notes.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_a_row() {
        let line = serde_json::json!({
            "release": "sid", "program": "age", "outcome": "works", "failures": [],
            "what": { "go": "go1.26.1", "megabytes": "5", "functions": 7000, "pie": true },
        });
        let table = table(&[line]);
        assert!(table.ends_with("| sid | age | go1.26.1, PIE | 5 MB | 7000 | yes |\n"), "{table}");
    }
}
