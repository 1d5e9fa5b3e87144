//! What came of all cases: lines for a terminal, and a page for the documentation.

use std::collections::BTreeMap;

use super::applies::Reason;
use super::parse::Case;
use super::python::text_of;
use super::reasons::known;
use super::run::{Ended, Ran};

/// What came of one case.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It did what is expected.
    Passed,
    /// It did not: in what it differs, and what it did, if it could be run.
    Failed(Vec<String>, Option<Ran>),
    /// It is not for gprobe.
    NotApplicable(Reason),
}

/// All cases with their verdicts, in the order of the files.
#[derive(Debug)]
pub(crate) struct Report {
    /// Each case, and what came of it.
    pub(crate) results: Vec<(Case, Verdict)>,
}

impl Report {
    /// How many passed, failed, and are not applicable.
    fn counts(&self) -> (usize, usize, usize) {
        let count = |is: fn(&Verdict) -> bool| self.results.iter().filter(|(_, v)| is(v)).count();
        (
            count(|v| matches!(v, Verdict::Passed)),
            count(|v| matches!(v, Verdict::Failed(..))),
            count(|v| matches!(v, Verdict::NotApplicable(_))),
        )
    }

    /// The counts in a sentence.
    fn sentence(&self) -> String {
        let (passed, failed, not) = self.counts();
        let applicable = passed + failed;
        let tenths = (passed * 1000).checked_div(applicable).unwrap_or(0);
        format!(
            "{passed} passed, {failed} failed, {not} not applicable: {}.{} % of {applicable} applicable",
            tenths / 10,
            tenths % 10
        )
    }

    /// The counts of each kind of reason, the most frequent first.
    fn reasons(&self) -> Vec<(&'static str, usize)> {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for (_, verdict) in &self.results {
            if let Verdict::NotApplicable(reason) = verdict {
                *counts.entry(reason.kind()).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// The counts of each suite: its name, passed, applicable, all.
    fn suites(&self) -> Vec<(String, usize, usize, usize)> {
        let mut suites: Vec<(String, usize, usize, usize)> = Vec::new();
        for (case, verdict) in &self.results {
            if suites.last().is_none_or(|(name, ..)| *name != case.suite) {
                suites.push((case.suite.clone(), 0, 0, 0));
            }
            let Some((_, passed, applicable, all)) = suites.last_mut() else { continue };
            *passed += usize::from(matches!(verdict, Verdict::Passed));
            *applicable += usize::from(!matches!(verdict, Verdict::NotApplicable(_)));
            *all += 1;
        }
        suites
    }

    /// The report for a terminal; `verbose` has every case that did not pass.
    pub(crate) fn text(&self, verbose: bool) -> String {
        let mut out = String::new();
        for (case, verdict) in self.results.iter().filter(|_| verbose) {
            out.push_str(&detail(case, verdict));
        }
        out.push_str("by suite: passed / applicable / all\n");
        for (name, passed, applicable, all) in self.suites() {
            out.push_str(&format!("  {name:<16} {passed:>4} {applicable:>4} {all:>4}\n"));
        }
        out.push_str("not applicable:\n");
        for (reason, count) in self.reasons() {
            out.push_str(&format!("  {count:>4}  {reason}\n"));
        }
        out.push_str(&self.sentence());
        out.push('\n');
        out
    }

    /// The report as Markdown, to be embedded in a page.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!("{}.\n\n", self.sentence());
        out.push_str("| suite | passed | applicable | all |\n| --- | ---: | ---: | ---: |\n");
        for (name, passed, applicable, all) in self.suites() {
            out.push_str(&format!("| {name} | {passed} | {applicable} | {all} |\n"));
        }
        out.push_str("\nCases that fail:\n\n| case | reason |\n| --- | --- |\n");
        for (case, verdict) in &self.results {
            if let Verdict::Failed(differences, ran) = verdict {
                let id = case.id();
                let reason = known(&id).map_or_else(|| first_error(differences, ran.as_ref()), str::to_owned);
                out.push_str(&format!("| {} | {} |\n", cell(&id), cell(&reason)));
            }
        }
        out.push_str("\nCases that are not applicable:\n\n| count | what they are about |\n| ---: | --- |\n");
        for (reason, count) in self.reasons() {
            out.push_str(&format!("| {count} | {} |\n", cell(reason)));
        }
        out
    }
}

/// One case that did not pass, with all that is known about it.
pub(crate) fn detail(case: &Case, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed => String::new(),
        Verdict::NotApplicable(reason) => format!("--- {}: not applicable: {reason}\n", case.id()),
        Verdict::Failed(differences, ran) => {
            let mut out = format!("--- {}: failed\n", case.id());
            if let Some(ran) = ran {
                out.push_str(&format!("    $ {}\n", ran.command.replace('\n', "\n      ")));
            }
            if let Some(line) = &case.after {
                out.push_str(&format!("    after: {line}\n"));
            }
            for difference in differences {
                out.push_str(&format!("    {}\n", difference.replace('\n', "\n      ")));
            }
            if let Some(ran) = ran {
                match ran.ended {
                    Ended::Code(code) => out.push_str(&format!("    output, ended with {code}:\n")),
                    Ended::TimedOut => out.push_str("    output, ended by its time:\n"),
                }
                for line in text_of(&ran.output).lines() {
                    out.push_str(&format!("    | {}\n", cut(line, 400)));
                }
            }
            out
        }
    }
}

/// The first error that gprobe tells, or else in what the case differs.
fn first_error(differences: &[String], ran: Option<&Ran>) -> String {
    let said = ran.map(|ran| text_of(&ran.output)).unwrap_or_default();
    let error = said.lines().find(|line| {
        let line = line.trim_start().to_ascii_lowercase();
        line.starts_with("error") || line.contains(": error")
    });
    let shown = error.or(differences.first().and_then(|text| text.lines().next()));
    cut(shown.unwrap_or("its output differs").trim(), 160)
}

/// A text up to so many characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// A text within a table of Markdown.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "|<>*_[]\\".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn a_page_counts_and_gives_reasons() {
        let text = "NAME a\nPROG p\nEXPECT 1\n\nNAME b|c\nPROG p\nEXPECT 1\n\nNAME d\nPROG p\nEXPECT 1\n";
        let ran = Ran {
            output: b"Attached 1 probe\nerror[x]: no @a yet\n".to_vec(),
            ended: Ended::Code(1),
            command: "bpftrace -e p".to_owned(),
        };
        let verdicts = [
            Verdict::Passed,
            Verdict::Failed(vec!["expected: 1".to_owned()], Some(ran)),
            Verdict::NotApplicable(Reason::Kprobes),
        ];
        let cases = parse("mine", text).expect("cases");
        let report = Report { results: cases.into_iter().zip(verdicts).collect() };
        let page = report.markdown();
        assert!(
            page.starts_with("1 passed, 1 failed, 1 not applicable: 50.0 % of 2 applicable.\n"),
            "{page}"
        );
        assert!(page.contains("| mine | 1 | 2 | 3 |\n"), "{page}");
        assert!(page.contains("| mine.b\\|c | error\\[x\\]: no @a yet |\n"), "{page}");
        assert!(page.contains("| 1 | functions of the kernel by kprobes |\n"), "{page}");
        let verbose = report.text(true);
        assert!(verbose.contains("    | error[x]: no @a yet\n"), "{verbose}");
        assert!(!report.text(false).contains("bpftrace -e p"));
    }

    #[test]
    fn without_an_error_the_difference_is_the_reason() {
        assert_eq!(first_error(&["expected: a\nb".to_owned()], None), "expected: a");
        assert_eq!(cut("aaaa", 2), "aa...");
    }
}
