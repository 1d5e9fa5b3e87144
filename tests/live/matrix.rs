//! The same checks on one program in every way that Go builds it, with every release.
//!
//! Some cells of that table run with the other tests; `cargo xtask matrix` runs all.

mod checks;

use std::path::Path;

use gprobe_testkit::builds::BUILDS;
use gprobe_testkit::{Build, ExecError};

use self::checks::{CHECKS, Cell};
use super::kit::{Failures, check_all, failures_json, write_results};

/// Runs all checks on one build.
fn run(build: &Build, release: &str) -> Result<Failures, ExecError> {
    let cell = Cell { release: release.to_owned(), build: *build, path: build.program("matrix", release)? };
    Ok(check_all(&CHECKS, &cell))
}

/// A cell that runs with the other tests.
fn cell(release: &str, build: &str) {
    let build = Build::named(build).expect("a build");
    let failures = run(build, release).unwrap_or_else(|error| panic!("Go {release}: {error}"));
    let names: Vec<&str> = failures.iter().map(|(name, _)| *name).collect();
    assert!(failures.is_empty(), "Go {release}, {}: {names:?} failed; see above", build.name);
}

/// Some of each release and of each kind of build; those that share what `go build` makes of the standard
/// library, so that they cost little.
mod cells {
    use super::cell;

    #[test]
    fn go_1_19_with_c() {
        cell("1.19", "`go build`");
    }

    #[test]
    fn go_1_19_stripped_without_c() {
        cell("1.19", "`CGO_ENABLED=0 -ldflags='-s -w'`");
    }

    #[test]
    fn go_1_21_stripped_with_c() {
        cell("1.21", "`-ldflags='-s -w'`");
    }

    #[test]
    fn go_1_23_as_pie() {
        cell("1.23", "`-buildmode=pie`");
    }

    #[test]
    fn go_1_23_as_stripped_pie() {
        cell("1.23", "`-buildmode=pie -ldflags='-s -w'`");
    }

    #[test]
    fn go_1_24_without_c() {
        cell("1.24", "`CGO_ENABLED=0`");
    }

    #[test]
    fn go_1_24_stripped_by_strip() {
        cell("1.24", "`strip`");
    }

    #[test]
    fn go_1_25_linked_statically_with_c() {
        cell("1.25", "linked statically with C");
    }

    #[test]
    fn go_1_25_stripped_and_linked_statically_with_c() {
        cell("1.25", "linked statically with C, `-s -w`");
    }

    #[test]
    fn go_1_27_without_debug_information() {
        cell("1.27", "`-ldflags=-w`");
    }

    #[test]
    fn go_1_27_as_a_stripped_library() {
        cell("1.27", "`-buildmode=c-shared -ldflags='-s -w'`, in a program of C");
    }

    #[test]
    fn go_1_27_without_section_headers() {
        cell("1.27", "`CGO_ENABLED=0`, `-s -w`, no section headers");
    }
}

/// What `cargo xtask matrix` runs: the releases of `GPROBE_RELEASES`, the results to `GPROBE_RESULTS`.
#[test]
#[ignore = "it takes an hour where nothing is built yet; `cargo xtask matrix` runs it"]
fn all_cells() {
    let releases = std::env::var("GPROBE_RELEASES").expect("GPROBE_RELEASES names releases");
    let results = std::env::var_os("GPROBE_RESULTS").expect("GPROBE_RESULTS names a file");
    let only = std::env::var("GPROBE_BUILD").ok();
    let mut lines = Vec::new();
    for release in releases.split(',') {
        for build in BUILDS.iter().filter(|build| only.as_deref().is_none_or(|only| only == build.name)) {
            let begun = std::time::Instant::now();
            let (outcome, failures) = match run(build, release) {
                Ok(failures) if failures.is_empty() => ("works", failures),
                Ok(failures) => ("fails", failures),
                Err(error) => ("not built", vec![("build", error.to_string())]),
            };
            let names: Vec<&str> = failures.iter().map(|(name, _)| *name).collect();
            let took = begun.elapsed().as_secs_f64();
            eprintln!("Go {release}, {}: {outcome} {} ({took:.1} s)", build.name, names.join(", "));
            lines.push(serde_json::json!({
                "release": release, "build": build.name, "outcome": outcome, "failures": failures_json(&failures),
            }));
            write_results(Path::new(&results), &lines);
        }
    }
}
