//! Reads what the guest says, and judges it.

use super::live::Live;

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// All that it said.
    Failed(String),
    /// The guest ended before or in it.
    NotRun,
}

/// What came of a kernel.
pub(crate) struct Results {
    /// What the kernel calls itself.
    pub(crate) release: String,
    /// What it lacks, by `gprobe doctor`: name and detail.
    pub(crate) lacks: Vec<(String, String)>,
    /// Whether the guest ran all of it.
    pub(crate) whole: bool,
    /// In the order of the live set.
    pub(crate) tests: Vec<(&'static str, Verdict)>,
}

impl Results {
    pub(crate) fn passed(&self) -> usize {
        self.tests.iter().filter(|(_, verdict)| *verdict == Verdict::Passed).count()
    }

    pub(crate) fn failed(&self) -> usize {
        self.tests.len() - self.passed()
    }
}

/// A line of ours begins with this, before `release`, `doctor`, `begin NAME` or `end NAME STATUS`.
pub(crate) const MARK: &str = "#vm ";

/// What a guest has said so far.
#[derive(Default)]
pub(crate) struct Reader {
    part: Part,
    release: String,
    lacks: Vec<(String, String)>,
    ended: Vec<(String, Verdict)>,
}

#[derive(Default)]
enum Part {
    #[default]
    Nothing,
    Doctor,
    /// A test's name, and what it says.
    Test(String, String),
}

impl Reader {
    /// Takes a line; where a test has ended with it, gives its name and what came of it.
    pub(crate) fn line(&mut self, line: &str) -> Option<&(String, Verdict)> {
        let Some(mark) = line.strip_prefix(MARK) else {
            match &mut self.part {
                Part::Nothing => {}
                Part::Doctor => self.lacks.extend(lack(line)),
                Part::Test(_, text) => {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            return None;
        };
        let words: Vec<&str> = mark.split(' ').collect();
        match words.as_slice() {
            ["release", release] => self.release = (*release).to_owned(),
            ["doctor"] => self.part = Part::Doctor,
            ["begin", name] => self.part = Part::Test((*name).to_owned(), String::new()),
            ["end", name, status] => {
                let part = std::mem::take(&mut self.part);
                let Part::Test(begun, text) = part else { return None };
                if begun != *name {
                    return None;
                }
                let verdict = match *status {
                    // Without a test of that name there is nothing to fail.
                    "0" if text.contains("1 passed") => Verdict::Passed,
                    "0" => Verdict::Failed("there is no such test".to_owned()),
                    "124" | "137" => Verdict::Failed(format!("did not end in time\n{}", reason(&text))),
                    _ => Verdict::Failed(reason(&text)),
                };
                self.ended.push((begun, verdict));
                return self.ended.last();
            }
            _ => {}
        }
        None
    }

    /// What came of all the tests that were to run.
    pub(crate) fn results(self, wanted: &[&'static Live]) -> Results {
        let verdict = |name: &str| {
            let ended = self.ended.iter().find(|(ended, _)| ended == name);
            ended.map_or(Verdict::NotRun, |(_, verdict)| verdict.clone())
        };
        let tests: Vec<_> = wanted.iter().map(|test| (test.name, verdict(test.name))).collect();
        let whole = tests.iter().all(|(_, verdict)| *verdict != Verdict::NotRun);
        Results { release: self.release, lacks: self.lacks, whole, tests }
    }
}

/// A line of `gprobe doctor` about something that is not there.
fn lack(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("less").or_else(|| line.strip_prefix("MISSING"))?.trim_start();
    let (name, detail) = rest.split_once("  ").unwrap_or((rest, ""));
    Some((name.trim().to_owned(), detail.trim().to_owned()))
}

/// What a test said, without what libtest says around it, and without the backtrace.
fn reason(text: &str) -> String {
    let skipped =
        ["running 1 test", "failures:", "---- ", "test result:", "note: ", "stack backtrace:", "thread '"];
    let lines = text.lines().filter(|line| {
        let numbered = line.trim_start().split_once(": ").is_some_and(|(n, _)| n.parse::<u32>().is_ok());
        let frame = line.starts_with("  ") && (numbered || line.trim_start().starts_with("at "));
        !line.trim().is_empty() && !frame && !skipped.iter().any(|skip| line.starts_with(skip))
    });
    lines.filter(|line| !line.starts_with("test ")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::live::chosen;

    const SAID: &str = "\
some noise
#vm release 5.10.0-46
#vm doctor
ok       kernel                 Linux 5.10.0
less     attach cookies         no: a program for each site
                                -> Linux 5.15 and later have them
#vm begin a::one
running 1 test
test a::one ... ok
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 76 filtered out
#vm end a::one 0
#vm begin a::two
running 1 test
test a::two ... FAILED

failures:

---- a::two stdout ----

thread 'a::two' (7) panicked at tests/live/a.rs:27:84:
assertion failed: 1 and 2
stack backtrace:
   0: __rustc::rust_begin_unwind
             at ./tests/live/a.rs:27:84

failures:
    a::two

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 76 filtered out
#vm end a::two 101
#vm begin a::three
test result: ok. 0 passed; 0 failed
#vm end a::three 0
#vm begin a::four";

    #[test]
    fn verdicts_reasons_and_what_is_lacking_are_read() {
        let mut reader = Reader::default();
        for line in SAID.lines() {
            reader.line(line);
        }
        assert_eq!(reader.ended.len(), 3);
        assert_eq!(reader.ended[0], ("a::one".to_owned(), Verdict::Passed));
        assert_eq!(
            reader.ended[1],
            ("a::two".to_owned(), Verdict::Failed("assertion failed: 1 and 2\n    a::two".to_owned()))
        );
        assert!(matches!(&reader.ended[2].1, Verdict::Failed(why) if why == "there is no such test"));
        let results = reader.results(&chosen("counts::counts_are_exact_on_go_1_24"));
        assert_eq!(results.release, "5.10.0-46");
        assert_eq!(results.lacks, [("attach cookies".to_owned(), "no: a program for each site".to_owned())]);
        assert_eq!((results.passed(), results.failed()), (0, 1));
        assert_eq!((&results.tests[0].1, results.whole), (&Verdict::NotRun, false));
    }
}
