//! Runs the live set on every build by every release, and writes the table of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use gprobe_testkit::builds::BUILDS;
use gprobe_testkit::{go, workspace};
use serde_json::Value;

use crate::Outcome;
use crate::document::{Footnotes, between, read_results, reason, try_all};

/// Runs all cells of the releases named, or of all, and writes what came of it to `docs/support.md`.
pub(crate) fn matrix(arguments: &[String]) -> Outcome {
    let all = go::RELEASES.map(|(release, _)| release.to_owned());
    let releases = if arguments.is_empty() { all.as_slice() } else { arguments };
    if let Some(unknown) = releases.iter().find(|release| !all.contains(release)) {
        return Err(format!("there is no Go {unknown} here; there are {}", all.join(", ")).into());
    }
    let folder = workspace().join("target/matrix");
    fs::create_dir_all(&folder)?;
    for release in releases {
        try_all("matrix::all_cells", release, &folder.join(format!("{release}.json")), &[])?;
    }
    // What other runs found of the other releases stays.
    let mut cells = Vec::new();
    for release in &all {
        let results = folder.join(format!("{release}.json"));
        if results.exists() {
            cells.extend(read_results(&results)?);
        }
    }
    between(&workspace().join("docs/support.md"), "builds", &table(&cells))
}

/// A row for each build, a column for each release, and below why what does not work does not.
fn table(cells: &[Value]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found: BTreeMap<(String, String), &Value> =
        cells.iter().map(|cell| ((text(&cell["release"]), text(&cell["build"])), cell)).collect();
    let releases: Vec<&str> = go::RELEASES
        .map(|(release, _)| release)
        .into_iter()
        .filter(|release| found.keys().any(|(other, _)| other == release))
        .collect();
    let mut out = String::from("| |");
    releases.iter().for_each(|release| out.push_str(&format!(" {release} |")));
    out.push_str("\n| --- |");
    releases.iter().for_each(|_| out.push_str(" --- |"));
    out.push('\n');
    let mut notes = Footnotes::default();
    for build in BUILDS {
        let _ = write!(out, "| {} |", build.name);
        for release in &releases {
            let Some(cell) = found.get(&((*release).to_owned(), build.name.to_owned())) else {
                out.push_str(" |");
                continue;
            };
            let word = match cell["outcome"].as_str() {
                Some("works") => "yes".to_owned(),
                Some("fails") => {
                    let failures = cell["failures"].as_array().into_iter().flatten();
                    let reasons: Vec<String> = failures
                        .map(|failure| {
                            format!("{}: {}", text(&failure["check"]), reason(&text(&failure["why"])))
                        })
                        .collect();
                    format!("no {}", notes.refer(&reasons.join("; ")))
                }
                _ => format!(
                    "- {}",
                    notes.refer(&format!("it is not built: {}", reason(&text(&cell["failures"][0]["why"]))))
                ),
            };
            let _ = write!(out, " {word} |");
        }
        out.push('\n');
    }
    out + &notes.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_its_reason_once() {
        let cell = |release: &str, outcome: &str, why: &str| {
            serde_json::json!({
                "release": release, "build": "`strip`", "outcome": outcome,
                "failures": [{ "check": "gmp", "why": why }],
            })
        };
        let why = "gprobe ended\nerror[no-layout]: `goid` can't be read here\n  at";
        let cells = [cell("1.24", "fails", why), cell("1.25", "fails", why), cell("1.27", "works", "")];
        let table = table(&cells);
        assert!(table.starts_with("| | 1.24 | 1.25 | 1.27 |\n| --- | --- | --- | --- |\n"), "{table}");
        assert!(table.contains("| `strip` | no (1) | no (1) | yes |\n"), "{table}");
        assert!(table.ends_with("\n(1) gmp: error[no-layout]: `goid` can't be read here\n"), "{table}");
    }
}
