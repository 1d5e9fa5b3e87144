//! Diagnostics in the form of bpftrace: place, level and message in one line, the source's line, a mark.

use std::fmt::Write;

use super::render::clean;
use super::{Diagnostic, Severity};
use crate::source::SourceMap;

/// All of `diagnostics`, one after the other: `stdin:1:9-14: ERROR: ...`.
pub fn render_terse(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        };
        let span = diagnostic.primary.span;
        if let Some(place) = sources.place(span) {
            let (name, line) = (clean(&place.name), place.line);
            let _ = write!(out, "{name}:{line}:{}-{}: ", place.column, place.end_column);
        }
        let _ = writeln!(out, "{level}: {}", clean(&diagnostic.message));
        if let Some(excerpt) = sources.excerpt(span) {
            out.push_str(&clean(&excerpt));
        }
        for note in &diagnostic.notes {
            let note = note.strip_prefix("help: ").unwrap_or(note);
            let _ = writeln!(out, "HINT: {}", clean(note));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn one_line_says_where_and_what() {
        let mut sources = SourceMap::new();
        let id = sources.add("stdin", "begin { foo() }");
        let found = Diagnostic::error("unknown-function", Span::new(id, 8, 13), "no `foo`").help("try `for`");
        assert_eq!(
            render_terse(&[found], &sources),
            "stdin:1:9-14: ERROR: no `foo`\nbegin { foo() }\n        ~~~~~\nHINT: try `for`\n"
        );
    }
}
