//! Runs live tests on other kernels: Debian's stock ones, in a virtual machine on this machine's own files.

mod boot;
mod image;
mod kernels;
mod live;
mod needs;
mod report;
mod results;
mod unpack;

use std::path::Path;
use std::time::{Duration, Instant};

use gprobe_testkit::{cache, workspace};

use self::boot::{End, Guest};
use self::kernels::{KNOWN, Known};
use self::live::Live;
use self::results::{MARK, Reader, Results, Verdict};
use crate::Outcome;

/// What `cargo xtask vm` takes.
const USAGE: &str = "\
usage: cargo xtask vm KERNEL [FILTER | --write | --failed]
       cargo xtask vm --all

  KERNEL   one of those below
  FILTER   only tests of the live set whose names hold it
  --write  write the kernel's row of the table in docs/support.md anew
  --failed run again what that row says has failed, and correct it
  --all    all kernels, and all rows
";

/// How much slower than this machine a guest may be.
const SLOWER: u32 = 6;

/// How long one test may take in the guest, in seconds.
const TEST_SECONDS: u32 = 900;

/// How long all tests of a kernel may take.
const LIMIT: Duration = Duration::from_secs(5400);

/// Random scripts that the verifier is tried with, those for newer kernels not counted; in software they take their time.
const SCRIPTS: u32 = 20;

/// Rounds of the test that puts probes everywhere; one takes minutes where each probe has to be taken away by itself.
const ROUNDS: u32 = 1;

/// Runs the live set on the kernel named.
pub(crate) fn vm(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (kernels, filter, write): (Vec<&Known>, &str, bool) = match words.as_slice() {
        [] => {
            let known = KNOWN.iter().map(|known| format!("  {:<8} {}\n", known.name, known.about));
            print(&format!("{USAGE}\nkernels:\n{}", known.collect::<String>()));
            return Ok(());
        }
        [name, "--failed"] => return again(Known::find(name)?),
        ["--all"] => (KNOWN.iter().collect(), "", true),
        [name] => (vec![Known::find(name)?], "", false),
        [name, "--write"] => (vec![Known::find(name)?], "", true),
        [name, filter] => (vec![Known::find(name)?], filter, false),
        _ => return Err(USAGE.into()),
    };
    let tests = live::chosen(filter);
    if tests.is_empty() {
        return Err(format!("no test of the live set has `{filter}` in its name").into());
    }
    needs::provide()?;
    let (gprobe, binary) = live::build_tests()?;
    live::build_programs(&tests)?;
    let mut all = Vec::new();
    for known in kernels {
        all.push((known.name, on(known, &tests, &gprobe, &binary)?));
        if write {
            report::write(&all)?;
        }
    }
    match all.iter().map(|(_, results)| results.failed()).sum::<usize>() {
        0 => Ok(()),
        failed => Err(format!("{failed} tests failed").into()),
    }
}

/// Runs those tests again that failed on a kernel.
fn again(known: &'static Known) -> Outcome {
    let failed = report::failed(known.name)?;
    let mut tests = live::chosen("");
    tests.retain(|test| failed.iter().any(|name| name == test.name));
    if tests.is_empty() {
        print(&format!("nothing had failed on {}\n", known.name));
        return Ok(());
    }
    needs::provide()?;
    let (gprobe, binary) = live::build_tests()?;
    live::build_programs(&tests)?;
    let results = on(known, &tests, &gprobe, &binary)?;
    report::correct(known.name, &results)?;
    match results.failed() {
        0 => Ok(()),
        failed => Err(format!("{failed} tests failed").into()),
    }
}

/// Runs tests on one kernel, and shows what comes of each.
fn on(
    known: &Known,
    tests: &[&'static Live],
    gprobe: &Path,
    binary: &Path,
) -> Result<Results, Box<dyn std::error::Error>> {
    let kernel = known.fetch()?;
    print(&format!("== Linux {}\n", kernel.release));
    let target = binary.ancestors().nth(3).unwrap_or(binary).to_owned();
    let guest = Guest {
        kernel: &kernel,
        work: work(tests, gprobe, binary),
        shown: vec![workspace(), cache::root().canonicalize()?, target],
        limit: LIMIT,
    };
    let mut reader = Reader::default();
    let start = Instant::now();
    let mut begun = start;
    let end = guest.run(&mut |line| {
        if let Some((name, verdict)) = reader.line(line) {
            let seconds = begun.elapsed().as_secs_f64();
            begun = Instant::now();
            match verdict {
                Verdict::Passed => print(&format!("passed {name} ({seconds:.0} s)\n")),
                Verdict::Failed(why) => {
                    let why: String = why.lines().map(|line| format!("    {line}\n")).collect();
                    print(&format!("FAILED {name} ({seconds:.0} s)\n{why}"));
                }
                Verdict::NotRun => {}
            }
        }
    })?;
    match end {
        End::Whole => {}
        End::TimedOut(said) => {
            print(&format!("the guest did not end within {LIMIT:?}; it said last\n{said}\n"))
        }
        End::Died(said) => print(&format!("the guest stopped by itself; it said last\n{said}\n")),
    }
    let results = reader.results(tests);
    for (name, _) in results.tests.iter().filter(|(_, verdict)| *verdict == Verdict::NotRun) {
        print(&format!("FAILED {name}: it was not run to its end\n"));
    }
    print(&format!(
        "Linux {}: {} passed, {} failed in {:.0} s\n",
        kernel.release,
        results.passed(),
        results.failed(),
        start.elapsed().as_secs_f64()
    ));
    Ok(results)
}

/// The script that the guest runs: each test by itself, so that one that goes wrong leaves the others alone.
fn work(tests: &[&Live], gprobe: &Path, binary: &Path) -> String {
    let names: Vec<&str> = tests.iter().map(|test| test.name).collect();
    let cache = cache::root();
    // Paths of this machine can have a quote in them, though none does.
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    format!(
        "cd {workspace} || exit 1
export GPROBE_CACHE={cache} GPROBE_SLOWER={SLOWER} GPROBE_PROGRAMS={SCRIPTS} GPROBE_ROUNDS={ROUNDS} RUST_BACKTRACE=0
echo \"{MARK}release $(uname -r)\"
echo '{MARK}doctor'
{gprobe} doctor
for test in {tests}; do
    echo \"{MARK}begin $test\"
    timeout -k 5 {TEST_SECONDS} {binary} --exact \"$test\"
    status=$?
    echo
    echo \"{MARK}end $test $status\"
done
",
        workspace = quoted(&workspace()),
        cache = quoted(&cache.canonicalize().unwrap_or(cache)),
        gprobe = quoted(gprobe),
        binary = quoted(binary),
        tests = names.join(" "),
    )
}

/// Writes to standard output; nobody to read it is no reason to stop.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_runs_each_test_by_itself() {
        let tests = live::chosen("language::maps_are_printed_in_order_and_in_part");
        let script = work(&tests, Path::new("/it's/gprobe"), Path::new("/there/live"));
        assert!(script.contains(r"'/it'\''s/gprobe' doctor"), "{script}");
        assert!(
            script.contains("for test in language::maps_are_printed_in_order_and_in_part; do"),
            "{script}"
        );
        assert!(script.contains("'/there/live' --exact \"$test\""), "{script}");
    }
}
