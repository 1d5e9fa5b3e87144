//! Makes the table of the Go runtime's layouts, for binaries without debug information.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

use gprobe_symbols::Binary;
use gprobe_testkit::{Program, go, workspace};

use crate::Outcome;

/// Releases that the table is made from. The runtime's structs change within a patch series too, so a series has
/// its first and its last release here, as far as there are packages of them.
const RELEASES: [&str; 13] = [
    "1.19", "1.21.13", "1.22.10", "1.23.1", "1.23.9", "1.24.3", "1.24.11", "1.25.0", "1.25.5", "1.26.0",
    "1.26.6", "1.27.0", "1.27.3",
];
/// Ways to build, none of which may change the layout.
const BUILDS: [&[&str]; 5] =
    [&[], &["CGO_ENABLED=0"], &["-buildmode=pie"], &["-race"], &["-gcflags=all=-N -l"]];
/// The program that is built: it imports nothing that is not in every Go program, but for the printing.
const PROGRAM: &str = "spin";
const FILE: &str = "symbols/src/go/layouts.txt";
const HEAD: &str = "\
# Bytes from the start of the Go runtime's structs to their fields, by release, on x86-64.
# Made by `cargo xtask layouts` from the debug information of programs built with these releases: with and without
# cgo, position-independent, with the race detector, and without optimisation, which all have the same.
# A `-`: the release has no such field.
";

/// Fields by name, with their offsets.
type Fields = Vec<(&'static str, Option<u64>)>;

/// Builds programs with all releases, and writes what their debug information says of the runtime.
pub(crate) fn layouts(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("it takes no arguments".into());
    }
    let mut rows: Vec<(Vec<String>, Fields)> = Vec::new();
    for release in RELEASES {
        let (version, fields) = of_release(release)?;
        eprintln!("Go {version}: {} fields", fields.len());
        match rows.last_mut() {
            Some((versions, last)) if same_minor(versions, &version) && *last == fields => {
                versions.push(version)
            }
            _ => rows.push((vec![version], fields)),
        }
    }
    let names: Vec<&str> =
        rows.first().map(|(_, fields)| fields.iter().map(|(name, _)| *name).collect()).unwrap_or_default();
    let mut text = format!("{HEAD}fields {}\n", names.join(" "));
    for (versions, fields) in &rows {
        write!(text, "{}", versions.join(","))?;
        for (_, offset) in fields {
            match offset {
                Some(offset) => write!(text, " {offset}")?,
                None => write!(text, " -")?,
            }
        }
        text.push('\n');
    }
    let path = workspace().join(FILE);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("{FILE}: {} layouts of {} releases", rows.len(), RELEASES.len());
    Ok(())
}

/// Whether the release is of the series that these are of.
fn same_minor(versions: &[String], version: &str) -> bool {
    let minor = |text: &str| text.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    versions.first().is_some_and(|first| minor(first) == minor(version))
}

/// The release as its programs have it, and its fields.
fn of_release(release: &str) -> Result<(String, Fields), Box<dyn std::error::Error>> {
    let toolchain = go::fetch(release)?;
    let program = Program::find(PROGRAM)?;
    let mut found: Option<(String, Fields)> = None;
    for build in BUILDS {
        let path = program.build_with(&toolchain, build)?;
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let binary = Binary::open(Arc::new(bytes))?;
        let version = binary.go_version().ok_or("it is no Go program")?.text.clone();
        let version =
            version.split_whitespace().next().unwrap_or_default().trim_start_matches("go").to_owned();
        let fields = binary.runtime_offsets()?.fields();
        match &found {
            None => found = Some((version, fields)),
            Some((_, known)) if *known == fields => {}
            Some((_, known)) => {
                let other = known.iter().zip(&fields).find(|(a, b)| a != b);
                return Err(format!("Go {version} built with {build:?} differs: {other:?}").into());
            }
        }
    }
    found.ok_or_else(|| "nothing was built".into())
}
