//! Runs bpftrace's own runtime tests on gprobe, from a checkout of bpftrace: nothing of theirs is
//! kept here.
//!
//! gprobe runs under the name `bpftrace`, for the cases that print the name of the process or look
//! for it. `applies` says which cases are not for gprobe, and why.

mod applies;
mod group;
mod judge;
mod parse;
mod programs;
mod python;
mod reasons;
mod report;
mod run;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use regex::Regex;

use self::applies::Rules;
use self::parse::Case;
use self::programs::Place;
use self::report::{Report, Verdict};
use crate::{Outcome, cargo};

/// What `cargo xtask compat` takes.
const USAGE: &str = "\
usage: cargo xtask compat CHECKOUT [--filter REGEX] [--write FILE.md] [--gprobe PATH] [--jobs N] [-v]

  CHECKOUT        a checkout of bpftrace
  --filter REGEX  only cases whose `suite.name` it is found in
  --write FILE    write the report as Markdown
  --gprobe PATH   run this gprobe, instead of building one
  --jobs N        run so many cases at once (1; cases that watch the whole machine see each other)
  -v              show every case that does not pass, with its output";

/// The command line.
#[derive(Debug, Default)]
struct Options {
    checkout: PathBuf,
    filter: Option<Regex>,
    write: Option<PathBuf>,
    gprobe: Option<PathBuf>,
    jobs: usize,
    verbose: bool,
}

/// Runs the tests of the checkout named.
pub(crate) fn compat(arguments: &[String]) -> Outcome {
    let options = options(arguments).map_err(|problem| format!("{problem}\n{USAGE}"))?;
    let checkout =
        options.checkout.canonicalize().map_err(|e| format!("{}: {e}", options.checkout.display()))?;
    let cases = cases(&checkout, options.filter.as_ref())?;
    let (target, profile) = target()?;
    let gprobe = match &options.gprobe {
        Some(path) => path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?,
        None => {
            crate::run(cargo().args(["build", "--package", "gprobe"]))?;
            profile.join("gprobe")
        }
    };
    let place = programs::place(&target.join("compat"), &checkout, &gprobe)?;
    for (name, problem) in &place.unbuilt {
        eprintln!("not built: {name}: {problem}");
    }
    let started = Instant::now();
    let rules = Rules::new(&place.folder)?;
    let report = Report { results: run_all(cases, &rules, &place, &options) };
    std::io::stdout().write_all(report.text(options.verbose).as_bytes())?;
    eprintln!("in {} s", started.elapsed().as_secs());
    if let Some(path) = &options.write {
        std::fs::write(path, report.markdown()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Reads the command line.
fn options(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { jobs: 1, ..Options::default() };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--filter" => options.filter = Some(Regex::new(value()?).map_err(|error| error.to_string())?),
            "--write" => options.write = Some(value()?.into()),
            "--gprobe" => options.gprobe = Some(value()?.into()),
            "--jobs" => options.jobs = value()?.parse().map_err(|_| "--jobs needs a number")?,
            "-v" | "--verbose" => options.verbose = true,
            flag if flag.starts_with('-') => return Err(format!("there is no {flag}")),
            path if options.checkout.as_os_str().is_empty() => options.checkout = path.into(),
            other => return Err(format!("what is `{other}`?")),
        }
    }
    if options.checkout.as_os_str().is_empty() {
        return Err("a checkout of bpftrace is needed".to_owned());
    }
    Ok(options)
}

/// The cases of all suites that the filter lets through, in the order of the files' names.
fn cases(checkout: &Path, filter: Option<&Regex>) -> Result<Vec<Case>, Box<dyn Error>> {
    let folder = checkout.join("tests/runtime");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let suite = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !suite.starts_with('.') {
            let text =
                std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            cases.extend(parse::parse(&suite, &text)?);
        }
    }
    cases.retain(|case| filter.is_none_or(|filter| filter.is_match(&case.id())));
    Ok(cases)
}

/// The folder that cargo builds in, and the one of this build's profile.
fn target() -> Result<(PathBuf, PathBuf), Box<dyn Error>> {
    let here = std::env::current_exe()?;
    let profile = here.parent().ok_or("this program is in no folder")?;
    let target = profile.parent().ok_or("this program is in no target folder")?;
    Ok((target.to_owned(), profile.to_owned()))
}

/// Runs all cases, some at once, and keeps their order.
fn run_all(cases: Vec<Case>, rules: &Rules, place: &Place, options: &Options) -> Vec<(Case, Verdict)> {
    let count = cases.len();
    let queue = Mutex::new(cases.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                while let Some((number, case)) = queue.lock().ok().and_then(|mut queue| queue.next()) {
                    let verdict = verdict(&case, rules, place);
                    let word = match &verdict {
                        Verdict::Passed => "passed",
                        Verdict::Failed(..) => "FAILED",
                        Verdict::NotApplicable(_) => "not applicable",
                    };
                    eprintln!("[{}/{count}] {}: {word}", number + 1, case.id());
                    if let Ok(mut done) = done.lock() {
                        done.push((number, case, verdict));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(number, ..)| *number);
    done.into_iter().map(|(_, case, verdict)| (case, verdict)).collect()
}

/// What comes of one case.
fn verdict(case: &Case, rules: &Rules, place: &Place) -> Verdict {
    if let Some(reason) = rules.reason(case) {
        return Verdict::NotApplicable(reason);
    }
    match run::run(case, place) {
        Ok(ran) => match judge::differences(case, &ran, &place.folder) {
            differences if differences.is_empty() => Verdict::Passed,
            differences => Verdict::Failed(differences, Some(ran)),
        },
        Err(problem) => Verdict::Failed(vec![problem], None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read() {
        let read = |words: &[&str]| options(&words.iter().map(|&w| w.to_owned()).collect::<Vec<_>>());
        let all = read(&["--filter", "^a", "there", "-v", "--jobs", "3"]).expect("options");
        assert_eq!((all.checkout, all.jobs, all.verbose), (PathBuf::from("there"), 3, true));
        assert!(read(&[]).is_err() && read(&["a", "b"]).is_err() && read(&["a", "-x"]).is_err());
        assert!(read(&["a", "--filter", "("]).is_err() && read(&["a", "--jobs"]).is_err());
    }

    #[test]
    fn suites_are_files_of_a_checkout() {
        let checkout = tempfile::tempdir().expect("a folder");
        let runtime = checkout.path().join("tests/runtime");
        std::fs::create_dir_all(runtime.join("scripts")).expect("a folder");
        for suite in ["two", "one"] {
            std::fs::write(runtime.join(suite), "NAME n\nPROG p\nEXPECT a\n").expect("written");
        }
        let ids = |filter: Option<&Regex>| -> Vec<String> {
            cases(checkout.path(), filter).expect("cases").iter().map(Case::id).collect()
        };
        assert_eq!(ids(None), ["one.n", "two.n"]);
        assert_eq!(ids(Some(&Regex::new("^t").expect("a regex"))), ["two.n"]);
    }
}
