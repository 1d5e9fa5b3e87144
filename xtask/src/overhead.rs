//! Measures what the scripts that ship cost Debian's services, and writes the table of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use gprobe_testkit::workspace;
use serde_json::Value;

use crate::document::{between, read_results, try_all};
use crate::{Outcome, cargo, run, target_folder};

/// The release of Debian whose services are measured.
const RELEASE: &str = "bookworm";

/// Measures all scripts, and writes what came of it to `docs/overhead.md`.
pub(crate) fn overhead(_: &[String]) -> Outcome {
    let folder = workspace().join("target/matrix");
    fs::create_dir_all(&folder)?;
    let results = folder.join("overhead.json");
    run(cargo().args(["build", "--release", "--workspace"]))?;
    let command = target_folder().join("release/gprobe");
    try_all("programs::overhead::all_scripts", RELEASE, &results, &[("GPROBE_COMMAND", &command)])?;
    let found = read_results(&results)?;
    between(&workspace().join("docs/overhead.md"), "scripts", &table(&found))
}

/// A row for each script, a column for each service.
fn table(found: &[Value]) -> String {
    let mut services: Vec<&str> = Vec::new();
    let mut rows: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for line in found {
        let (Some(script), Some(service)) = (line["script"].as_str(), line["service"].as_str()) else {
            continue;
        };
        if !services.contains(&service) {
            services.push(service);
        }
        rows.entry(script).or_default().insert(service, cell(line));
    }
    let mut out =
        format!("| script | {} |\n| --- |{}\n", services.join(" | "), " ---: |".repeat(services.len()));
    for (script, cells) in rows {
        let cells: Vec<&str> =
            services.iter().map(|service| cells.get(service).map_or("-", String::as_str)).collect();
        let _ = writeln!(out, "| `{script}` | {} |", cells.join(" | "));
    }
    out
}

/// What is left of the throughput, in percent, and whether anything went wrong.
fn cell(line: &Value) -> String {
    let number = |name: &str| line[name].as_f64().unwrap_or(0.0);
    let without = (number("before") + number("after")) / 2.0;
    let percent = if without > 0.0 { 100.0 * number("with") / without } else { 0.0 };
    let wrong = line["code"] != 0 || line["troubles"].as_array().is_some_and(|troubles| !troubles.is_empty());
    format!("{percent:.0} %{}", if wrong { " (!)" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_a_row_and_a_service_a_column() {
        let line = |service: &str, with: f64, code: i32| serde_json::json!({ "script": "parks", "service": service, "before": 90.0, "with": with, "after": 110.0, "code": code, "troubles": [] });
        let table = table(&[line("caddy", 95.0, 0), line("etcd", 50.0, 1)]);
        assert!(
            table.ends_with(
                "| script | caddy | etcd |\n| --- | ---: | ---: |\n| `parks` | 95 % | 50 % (!) |\n"
            ),
            "{table}"
        );
    }
}
