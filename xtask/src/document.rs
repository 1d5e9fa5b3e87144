//! Tables in documents that tasks write, from what live tests found.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{Outcome, cargo, run};

/// Longer reasons are cut.
const LONGEST: usize = 200;

/// Runs a live test that tries all that there is for a release, and writes what comes of it to a file; `more` is for its
/// environment.
pub(crate) fn try_all(test: &str, release: &str, results: &Path, more: &[(&str, &Path)]) -> Outcome {
    if results.exists() {
        fs::remove_file(results)?;
    }
    let mut cargo = cargo();
    cargo.envs(more.iter().copied());
    run(cargo.env("GPROBE_RELEASES", release).env("GPROBE_RESULTS", results).args([
        "test",
        "--workspace",
        "--test",
        "live",
        test,
        "--",
        "--exact",
        "--ignored",
        "--nocapture",
    ]))
}

/// What came of it, a JSON object a line.
pub(crate) fn read_results(results: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let text = fs::read_to_string(results).map_err(|error| format!("{}: {error}", results.display()))?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Writes `text` between the markers `<!-- NAME -->` and `<!-- /NAME -->` of a document.
pub(crate) fn between(path: &Path, name: &str, text: &str) -> Outcome {
    let document = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let replaced = replace(&document, name, text)
        .ok_or_else(|| format!("{} has no markers <!-- {name} --> and <!-- /{name} -->", path.display()))?;
    fs::write(path, replaced).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

fn replace(document: &str, name: &str, text: &str) -> Option<String> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = document.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}{text}{end}{after}"))
}

/// Notes below a table, each once.
#[derive(Default)]
pub(crate) struct Footnotes {
    notes: Vec<String>,
}

impl Footnotes {
    /// How the table refers to a note: `(1)`.
    pub(crate) fn refer(&mut self, note: &str) -> String {
        let known = self.notes.iter().position(|other| other == note);
        let index = known.unwrap_or_else(|| {
            self.notes.push(note.to_owned());
            self.notes.len() - 1
        });
        format!("({})", index + 1)
    }

    /// The notes, one in a paragraph.
    pub(crate) fn text(&self) -> String {
        let notes = self.notes.iter().zip(1..);
        notes.map(|(note, number)| format!("\n({number}) {note}\n")).collect()
    }
}

/// The first line of a text, not too long.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line.to_owned(),
    }
}

/// What a failure comes to, in a line: gprobe's own error where there is one.
pub(crate) fn reason(why: &str) -> String {
    let error = why.lines().find(|line| line.starts_with("error") || line.starts_with("ERROR"));
    one_line(error.unwrap_or(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced() {
        let document = "a\n<!-- t -->\nold\n<!-- /t -->\nb\n";
        assert_eq!(replace(document, "t", "new\n").as_deref(), Some("a\n<!-- t -->\nnew\n<!-- /t -->\nb\n"));
        assert_eq!(replace(document, "u", ""), None);
    }
}
