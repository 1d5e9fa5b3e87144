//! Says whether a run did what its case expects, as bpftrace's own runner does.

use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use super::parse::{Case, Expect, Mode};
use super::python::{pythonic, text_of};
use super::run::{Ended, Ran};

/// What gprobe says at its end, on standard error, where bpftrace ends its output with two empty
/// lines: the one stands for the other. Output without an end of line may come before it.
const EPILOGUE: &str = r"Traced [^\n]*? with \d+ probes? for [\d.]+ s(; the target has ended)?";

/// All in which a run differs from what its case expects; none when it passed.
pub(crate) fn differences(case: &Case, ran: &Ran, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    match ran.ended {
        Ended::Code(0) if case.will_fail => found.push("it ended well, and should fail".to_owned()),
        Ended::Code(code) if code != case.return_code && !case.will_fail => {
            found.push(format!("it ended with {code}, not {}", case.return_code));
        }
        // One that its time ended may still have said all that it should.
        Ended::Code(_) | Ended::TimedOut => {}
    }
    let output = match heard(case, &ran.output) {
        Ok(output) => output,
        Err(problem) => return vec![problem],
    };
    for expect in &case.expects {
        match holds(expect, &output, case, folder) {
            Ok(true) => {}
            Ok(false) => found.push(describe(expect)),
            Err(problem) => found.push(format!("{}: {problem}", describe(expect))),
        }
    }
    if !found.is_empty() && ran.ended == Ended::TimedOut {
        found.insert(0, format!("it did not end in {} s", case.timeout.as_secs()));
    }
    found
}

/// The output as it is compared: text, without what only gprobe says, and without what came before
/// the probes were attached when all of it is compared.
fn heard(case: &Case, output: &[u8]) -> Result<String, String> {
    let text = text_of(output);
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        if is_attached(line) && case.is_exact() {
            kept.clear();
        } else {
            kept.push_str(line);
        }
    }
    Ok(expression(EPILOGUE)?.replace_all(&kept, "\n").into_owned())
}

/// Whether a line says that all probes are in place.
pub(crate) fn is_attached(line: &str) -> bool {
    let line = line.trim_end();
    let said = line.starts_with("Attached ") && (line.ends_with(" probe") || line.ends_with(" probes"));
    said || (line.starts_with('{') && line.contains("\"attached_probes\""))
}

/// Whether an expectation holds of the output, where `gprobe` may stand for `bpftrace`.
fn holds(expect: &Expect, output: &str, case: &Case, folder: &Path) -> Result<bool, String> {
    let wanted = &expect.wanted;
    let renamed = || output.replace("gprobe", "bpftrace");
    let line = || expression(&format!(r"^\s*{}\s*$", regex::escape(wanted)));
    let found = |regex: &Regex| regex.is_match(output) || regex.is_match(&renamed());
    Ok(match expect.mode {
        Mode::Text => found(&line()?),
        Mode::TextNone => !line()?.is_match(output),
        Mode::Regex => found(&expression(&pythonic(wanted))?),
        Mode::RegexNone => !expression(&pythonic(wanted))?.is_match(output),
        Mode::File => {
            let file = localized(&read(folder, wanted)?, case.localize)?;
            output.trim() == file.trim() || renamed().trim() == file.trim()
        }
        Mode::Json => {
            let file = read(folder, wanted)?;
            let blocks = wanted.ends_with(".ndjson");
            json_is(output, &file, blocks)? || json_is(&renamed(), &file, blocks)?
        }
    })
}

/// An expression where `^` and `$` are the bounds of a line.
fn expression(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(pattern).multi_line(true).build().map_err(|error| error.to_string())
}

/// Reads a file of expected output.
fn read(folder: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(folder.join(path)).map_err(|error| format!("{path}: {error}"))
}

/// The file with `%H` as the local hour of `second`.
fn localized(file: &str, second: Option<i64>) -> Result<String, String> {
    let Some(second) = second else { return Ok(file.to_owned()) };
    let at = jiff::Timestamp::from_second(second).map_err(|error| error.to_string())?;
    let hour = at.to_zoned_datetime(jiff::tz::TimeZone::system()).hour();
    Ok(file.replace("%H", &format!("{hour:02}")))
}

/// Whether the output is the JSON of a file: one value on one line, or, with `blocks`, one on each.
fn json_is(output: &str, file: &str, blocks: bool) -> Result<bool, String> {
    let said: Vec<&str> = output.trim().lines().collect();
    if blocks {
        let wanted: Vec<&str> = file.trim().lines().collect();
        if said.len() != wanted.len() {
            return Ok(false);
        }
        for (said, wanted) in said.iter().zip(&wanted) {
            if value(said)? != value(wanted)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    match said[..] {
        [line] => Ok(value(line)? == value(file)?),
        _ => Err(format!("{} lines instead of one", said.len())),
    }
}

/// Reads a JSON value.
fn value(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
}

/// An expectation in words.
fn describe(expect: &Expect) -> String {
    let what = match expect.mode {
        Mode::Text => "expected",
        Mode::TextNone => "expected no",
        Mode::Regex => "expected regex",
        Mode::RegexNone => "expected no regex",
        Mode::File => "expected the text of",
        Mode::Json => "expected the JSON of",
    };
    format!("{what}: {}", expect.wanted)
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    /// Judges the output of a case that has these expectations.
    fn judged(expects: &str, output: &str, ended: Ended) -> Vec<String> {
        let cases = parse("mine", &format!("NAME n\nPROG p\n{expects}\n")).expect("a case");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.txt"), "\n1\n 2\n\n").expect("written");
        fs::write(folder.path().join("a.json"), "{\"a\": 1,\n \"b\": [2]}\n").expect("written");
        fs::write(folder.path().join("a.ndjson"), "{\"a\": 1}\n{\"b\": 2}\n").expect("written");
        fs::write(folder.path().join("hour.txt"), "%H:00").expect("written");
        let ran = Ran { output: output.as_bytes().to_vec(), ended, command: String::new() };
        differences(&cases[0], &ran, folder.path())
    }

    /// Whether a run that ended well passes.
    fn passes(expects: &str, output: &str) -> bool {
        judged(expects, output, Ended::Code(0)).is_empty()
    }

    #[test]
    fn text_is_whole_lines() {
        assert!(passes("EXPECT a (b", "x\n  a (b \ny"));
        assert!(!passes("EXPECT a", "ab\n"));
        assert!(passes("EXPECT a\n       b", "a\nb\n"));
        assert!(passes("EXPECT_NONE a", "ab\n"));
        assert!(!passes("EXPECT_NONE a", "b\na\n"));
        assert!(passes("EXPECT the bpftrace said", "the gprobe said\n"));
    }

    #[test]
    fn expressions_are_found_line_by_line() {
        assert!(passes("EXPECT_REGEX ^b+$", "a\nbb\n"));
        assert!(!passes("EXPECT_REGEX ^b$", "a\nbb\n"));
        assert!(passes("EXPECT_REGEX a\\nb", "a\nb\n"));
        assert!(!passes("EXPECT_REGEX_NONE b", "abc"));
        assert!(passes("EXPECT_REGEX ^a\\n\\n$", "aTraced x with 1 probe for 0.1 s\n"));
        assert!(passes("EXPECT_REGEX { .n = [0-9]+ }", "{ .n = 12 }"));
    }

    #[test]
    fn files_are_all_of_the_output_after_attaching() {
        assert!(passes(
            "EXPECT_FILE a.txt",
            "said before\nAttached 1 probe\n1\n 2\nTraced x with 2 probes for 1.5 s\n"
        ));
        assert!(!passes("EXPECT_FILE a.txt", "1\n2\n"));
        assert!(!passes("EXPECT_FILE a.txt", "1\n 2\n3\n"));
        assert!(judged("EXPECT_FILE none.txt", "", Ended::Code(0))[0].contains("none.txt"));
        assert!(!passes("EXPECT_FILE hour.txt\nLOCALIZE_TIMESTAMPS 0", "%H:00"));
    }

    #[test]
    fn json_is_compared_by_value() {
        assert!(passes("EXPECT_JSON a.json", "{\"b\":[2],\"a\":1}\n"));
        assert!(!passes("EXPECT_JSON a.json", "{\"b\":[2]}\n"));
        assert!(!passes("EXPECT_JSON a.json", "{\"b\":[2],\n\"a\":1}\n"));
        assert!(passes("EXPECT_JSON a.ndjson", "{\"a\":1}\n{\"b\":2}\n"));
        assert!(!passes("EXPECT_JSON a.ndjson", "{\"b\":2}\n{\"a\":1}\n"));
        assert!(passes("EXPECT_JSON a.json", "{\"type\":\"attached_probes\"}\n{\"b\":[2],\"a\":1}\n"));
    }

    #[test]
    fn the_end_must_be_as_expected_too() {
        let ended = |expects: &str, ended: Ended| judged(expects, "a\n", ended).is_empty();
        assert!(!ended("EXPECT a", Ended::Code(1)));
        assert!(ended("EXPECT a\nWILL_FAIL", Ended::Code(1)));
        assert!(!ended("EXPECT a\nWILL_FAIL", Ended::Code(0)));
        assert!(ended("RETURN_CODE 3", Ended::Code(3)));
        assert!(ended("EXPECT a", Ended::TimedOut));
        assert!(!ended("EXPECT b", Ended::TimedOut));
    }
}
