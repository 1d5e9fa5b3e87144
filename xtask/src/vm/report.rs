//! The table of the documentation that says what works on which kernel.

use std::fs;

use gprobe_testkit::workspace;

use super::kernels::KNOWN;
use super::live::GROUPS;
use super::results::{Results, Verdict};

/// The page, and where in it this is written.
const PAGE: &str = "docs/support.md";
const BEGIN: &str = "<!-- kernels -->\n";
const END: &str = "<!-- /kernels -->";

const HEAD: &str = "\
| kernel | tried on | tests | passed | failed | what `gprobe doctor` says it lacks |
| --- | --- | ---: | ---: | --- | --- |
";

fn read() -> Result<String, String> {
    fs::read_to_string(workspace().join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))
}

fn save(page: &str) -> Result<(), String> {
    fs::write(workspace().join(PAGE), page).map_err(|error| format!("{PAGE}: {error}"))
}

/// Writes what came of kernels, by their names, to the page; rows of other kernels stay.
pub(crate) fn write(all: &[(&'static str, Results)]) -> Result<(), String> {
    let page = read()?;
    let page = replaced(&page, all)
        .ok_or_else(|| format!("{PAGE} has no line `{}` before a line `{END}`", BEGIN.trim_end()))?;
    save(&page)
}

/// The tests that failed on a kernel, as the page says.
pub(crate) fn failed(name: &str) -> Result<Vec<String>, String> {
    let page = read()?;
    let cells = cells(&page, name).ok_or_else(|| format!("{PAGE} has no row of {name}"))?;
    let failed = cells.get(FAILED).map(String::as_str).unwrap_or_default();
    Ok(failed.split(", ").filter(|test| *test != "none").map(str::to_owned).collect())
}

/// Corrects a kernel's row by what came of the tests that had failed there, all run again.
pub(crate) fn correct(name: &str, again: &Results) -> Result<(), String> {
    let page = read()?;
    let page = corrected(&page, name, again).ok_or_else(|| format!("{PAGE} has no row of {name}"))?;
    save(&page)
}

/// Cells of a row: the numbers of tests, of those that passed, and the names of those that failed.
const TESTS: usize = 2;
const PASSED: usize = 3;
const FAILED: usize = 4;

fn cells(page: &str, name: &str) -> Option<Vec<String>> {
    let rows = page.split_once(BEGIN)?.1.split_once(END)?.0;
    let row = rows.lines().find(|line| line.starts_with(&format!("| {name} |")))?;
    Some(row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
}

fn corrected(page: &str, name: &str, again: &Results) -> Option<String> {
    let mut cells = cells(page, name)?;
    let tests: usize = cells.get(TESTS)?.parse().ok()?;
    let failed: Vec<&str> = again
        .tests
        .iter()
        .filter(|(_, verdict)| *verdict != Verdict::Passed)
        .map(|(name, _)| *name)
        .collect();
    *cells.get_mut(PASSED)? = tests.checked_sub(failed.len())?.to_string();
    *cells.get_mut(FAILED)? = if failed.is_empty() { "none".to_owned() } else { failed.join(", ") };
    let row = format!("| {} |", cells.join(" | "));
    let lines =
        page.lines().map(|line| if line.starts_with(&format!("| {name} |")) { row.as_str() } else { line });
    Some(lines.map(|line| format!("{line}\n")).collect())
}

/// A page with other rows between the marks.
fn replaced(page: &str, all: &[(&str, Results)]) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (old, after) = rest.split_once(END)?;
    let rows = KNOWN.iter().filter_map(|known| {
        // A guest that ended halfway says nothing of what it did not run.
        let is_new = all.iter().find(|(name, results)| *name == known.name && results.whole);
        let old = || old.lines().find(|line| line.starts_with(&format!("| {} |", known.name)));
        is_new.map(|(name, results)| row(name, results)).or_else(|| old().map(|line| format!("{line}\n")))
    });
    let rows: String = rows.collect();
    let groups: Vec<String> =
        GROUPS.iter().map(|(what, tests)| format!("- {what}: {}\n", tests.len())).collect();
    Some(format!(
        "{before}{BEGIN}{HEAD}{rows}\nWhat the tests try, and how many there are of each:\n\n{}{END}{after}",
        groups.concat()
    ))
}

/// What came of a kernel.
fn row(name: &str, results: &Results) -> String {
    let list = |words: Vec<&str>, none: &str| match words.as_slice() {
        [] => none.to_owned(),
        words => words.join(", "),
    };
    let failed = results.tests.iter().filter(|(_, verdict)| *verdict != Verdict::Passed);
    format!(
        "| {name} | {} | {} | {} | {} | {} |\n",
        results.release,
        results.tests.len(),
        results.passed(),
        list(failed.map(|(name, _)| *name).collect(), "none"),
        list(results.lacks.iter().map(|(name, _)| name.as_str()).collect(), "nothing"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::live::chosen;

    fn results(verdict: &Verdict) -> Results {
        let mut tests: Vec<_> = chosen("").iter().map(|test| (test.name, Verdict::Passed)).collect();
        tests[0].1 = verdict.clone();
        let lacks = vec![("attach cookies".to_owned(), "no".to_owned())];
        Results {
            release: "5.10.0-46-cloud-amd64".to_owned(),
            lacks,
            whole: *verdict != Verdict::NotRun,
            tests,
        }
    }

    #[test]
    fn a_page_keeps_other_kernels_and_what_stands_around_the_marks() {
        let page =
            "# Title\n\n<!-- kernels -->\n| 6.1 | as it was |\n| 5.10 | old |\n<!-- /kernels -->\n\nrest\n";
        let new = replaced(page, &[("5.10", results(&Verdict::Failed("so".to_owned())))])
            .expect("the marks are there");
        let count = chosen("").len();
        let rows = format!(
            "| --- | --- |\n| 5.10 | 5.10.0-46-cloud-amd64 | {count} | {} | {} | attach cookies |\n| 6.1 | as it was |\n",
            count - 1,
            chosen("")[0].name
        );
        assert!(new.starts_with("# Title\n\n<!-- kernels -->\n| kernel |"), "{new}");
        assert!(new.contains(&rows), "{new}\n{rows}");
        assert!(new.ends_with("<!-- /kernels -->\n\nrest\n"), "{new}");
        assert_eq!(replaced("no marks", &[]), None);
        let halfway = replaced(page, &[("5.10", results(&Verdict::NotRun))]).expect("the marks are there");
        assert!(halfway.contains("| 5.10 | old |\n"), "{halfway}");
        let none = replaced(page, &[("5.10", results(&Verdict::Passed))]).expect("the marks are there");
        assert!(none.contains(&format!("| {count} | {count} | none |")), "{none}");
    }

    #[test]
    fn a_row_is_corrected_by_what_passes_now() {
        let page =
            "a\n<!-- kernels -->\n| 6.1 | 6.1.0 | 3 | 1 | a::b, c::d | nothing |\n<!-- /kernels -->\nb\n";
        let results = |verdicts: [Verdict; 2]| Results {
            release: String::new(),
            lacks: Vec::new(),
            whole: true,
            tests: vec![("a::b", verdicts[0].clone()), ("c::d", verdicts[1].clone())],
        };
        let one = corrected(page, "6.1", &results([Verdict::Passed, Verdict::NotRun])).expect("a row");
        assert_eq!(one, page.replace("| 1 | a::b, c::d |", "| 2 | c::d |"));
        let none = corrected(page, "6.1", &results([Verdict::Passed, Verdict::Passed])).expect("a row");
        assert_eq!(none, page.replace("| 1 | a::b, c::d |", "| 3 | none |"));
        assert_eq!(corrected(page, "5.10", &results([Verdict::Passed, Verdict::Passed])), None);
    }

    #[test]
    fn the_page_has_the_marks_and_says_what_is_tried() {
        let page = fs::read_to_string(workspace().join(PAGE)).expect(PAGE);
        assert_eq!(
            replaced(&page, &[]).as_deref(),
            Some(page.as_str()),
            "`cargo xtask vm --all` writes it anew"
        );
    }
}
