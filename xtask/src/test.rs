//! Runs all tests, with what they need fetched first.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::{Outcome, cargo, run, toolchains};

/// Releases that the tests build programs with.
const RELEASES: [&str; 6] = ["1.19", "1.21", "1.23", "1.24", "1.25", "1.27"];

/// Builds the workspace and runs its tests; `arguments` go to `cargo test`.
pub(crate) fn test(arguments: &[String]) -> Outcome {
    // Before the first minute is spent: most tests are live ones.
    if let Some(problem) = gprobe_testkit::bpf_problem() {
        return Err(format!("most tests need BPF: {problem}").into());
    }
    toolchains::toolchains(&RELEASES.map(str::to_owned))?;
    run(cargo().args(["build", "--workspace"]))?;
    let mut child = cargo()
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run `cargo test`: {error}"))?;
    let (mut passed, mut failed) = (0, 0);
    let out = child.stdout.take().ok_or("cargo test has no output")?;
    for line in BufReader::new(out).lines() {
        let line = line?;
        writeln!(std::io::stdout(), "{line}")?;
        if line.starts_with("test result:") {
            passed += count(&line, "passed");
            failed += count(&line, "failed");
        }
    }
    let status = child.wait()?;
    // Cargo's last line is about the last crate alone.
    writeln!(std::io::stdout(), "\n{passed} passed, {failed} failed")?;
    if status.success() && passed > 0 {
        Ok(())
    } else {
        Err(format!("`cargo test` ended with {status}").into())
    }
}

/// The number before a word: `3` of `ok. 3 passed; 0 failed`.
fn count(line: &str, word: &str) -> u64 {
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || c == ';').filter(|w| !w.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn counts_are_read_from_a_result() {
        let line = "test result: FAILED. 37 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!((count(line, "passed"), count(line, "failed")), (37, 4));
    }
}
