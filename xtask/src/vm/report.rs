//! The page of the documentation that says what works on which kernel.

use std::fs;

use gprobe_testkit::workspace;

use super::live::GROUPS;
use super::results::{Results, Verdict};

/// The page, and where in it this is written.
const PAGE: &str = "docs/support.md";
const BEGIN: &str = "<!-- kernels -->\n";
const END: &str = "<!-- /kernels -->";

/// Writes what came of all kernels to the page.
pub(crate) fn write(all: &[Results]) -> Result<(), String> {
    let path = workspace().join(PAGE);
    let page = fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    let page = replaced(&page, &table(all))
        .ok_or_else(|| format!("{PAGE} has no line `{}` before a line `{END}`", BEGIN.trim_end()))?;
    fs::write(&path, page).map_err(|error| format!("{PAGE}: {error}"))
}

/// A page with other lines between the marks.
fn replaced(page: &str, lines: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{lines}{END}{after}"))
}

/// What came of all kernels, as Markdown.
fn table(all: &[Results]) -> String {
    let mut out = String::from("| kernel | tests | passed | failed | what `gprobe doctor` says it lacks |\n");
    out.push_str("| --- | ---: | ---: | ---: | --- |\n");
    for results in all {
        let lacks: Vec<&str> = results.lacks.iter().map(|(name, _)| name.as_str()).collect();
        let lacks = if lacks.is_empty() { "nothing".to_owned() } else { lacks.join(", ") };
        let (passed, failed) = (results.passed(), results.failed());
        out.push_str(&format!(
            "| {} | {} | {passed} | {failed} | {lacks} |\n",
            results.release,
            results.tests.len()
        ));
    }
    out.push_str("\n| what is tried | tests |");
    for results in all {
        out.push_str(&format!(" {} |", short(&results.release)));
    }
    out.push_str(&format!("\n| --- | ---: |{}\n", " --- |".repeat(all.len())));
    for (what, tests) in GROUPS {
        out.push_str(&format!("| {what} | {} |", tests.len()));
        for results in all {
            let of_group =
                results.tests.iter().filter(|(name, _)| tests.iter().any(|test| test.name == *name));
            let failed: Vec<&str> =
                of_group.filter(|(_, verdict)| *verdict != Verdict::Passed).map(|(name, _)| *name).collect();
            match failed.as_slice() {
                [] => out.push_str(" passed |"),
                names => out.push_str(&format!(" failed: {} |", names.join(", "))),
            }
        }
        out.push('\n');
    }
    out
}

/// `5.10` of `5.10.0-46-cloud-amd64`.
fn short(release: &str) -> String {
    release.split(['.', '-']).take(2).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::live::chosen;

    #[test]
    fn the_page_keeps_what_stands_around_the_marks() {
        let page = "# Title\n\n<!-- kernels -->\nold\n<!-- /kernels -->\n\nrest\n";
        let new = replaced(page, "new\n").expect("the marks are there");
        assert_eq!(new, "# Title\n\n<!-- kernels -->\nnew\n<!-- /kernels -->\n\nrest\n");
        assert_eq!(replaced("no marks", "new\n"), None);
    }

    #[test]
    fn the_page_has_the_marks() {
        let page = fs::read_to_string(workspace().join(PAGE)).expect(PAGE);
        assert!(replaced(&page, "").is_some());
    }

    #[test]
    fn a_failure_is_named_in_its_group() {
        let mut tests: Vec<_> = chosen("").iter().map(|test| (test.name, Verdict::Passed)).collect();
        tests[0].1 = Verdict::NotRun;
        let lacks = vec![("attach cookies".to_owned(), "no".to_owned())];
        let results = Results { release: "5.10.0-46-cloud-amd64".to_owned(), lacks, tests };
        let text = table(&[results]);
        let count = chosen("").len();
        assert!(
            text.contains(&format!(
                "| 5.10.0-46-cloud-amd64 | {count} | {} | 1 | attach cookies |",
                count - 1
            )),
            "{text}"
        );
        assert!(text.contains("| 4 | failed: counts::counts_are_exact_on_go_1_24 |"), "{text}");
        assert!(text.contains("| what is tried | tests | 5.10 |"), "{text}");
    }
}
