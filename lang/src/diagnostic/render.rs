//! Diagnostics as text for a terminal.

use std::collections::BTreeMap;

use codespan_reporting::diagnostic as report;
use codespan_reporting::files::SimpleFiles;
use codespan_reporting::term::{self, Config};

use super::{Diagnostic, Label, Severity};
use crate::source::{SourceId, SourceMap};

/// All of `diagnostics` with their source lines, one after the other.
///
/// Characters of the source that would steer a terminal are shown as `�`.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, color: bool) -> String {
    let mut files = SimpleFiles::new();
    let mut ids = BTreeMap::new();
    let used = diagnostics.iter().flat_map(|d| std::iter::once(&d.primary).chain(&d.secondary));
    for id in used.map(|label| label.span.source) {
        if let (false, Some(source)) = (ids.contains_key(&id), sources.get(id)) {
            ids.insert(id, files.add(clean(&source.name), clean_source(&source.text)));
        }
    }
    let config = Config { tab_width: 4, ..Config::default() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let shown = convert(diagnostic, sources, &ids);
        let mut text = term::termcolor::Buffer::no_color();
        if color {
            text = term::termcolor::Buffer::ansi();
        }
        if term::emit_to_write_style(&mut text, &config, &files, &shown).is_ok() {
            out.push_str(&String::from_utf8_lossy(text.as_slice()));
        } else {
            // A span that is of no source: the message must not be lost with it.
            out.push_str(&format!("{}: {}\n", diagnostic.code, clean(&diagnostic.message)));
        }
    }
    out
}

fn convert(
    diagnostic: &Diagnostic,
    sources: &SourceMap,
    ids: &BTreeMap<SourceId, usize>,
) -> report::Diagnostic<usize> {
    let severity = match diagnostic.severity {
        Severity::Error => report::Severity::Error,
        Severity::Warning => report::Severity::Warning,
    };
    let label = |style: report::LabelStyle, label: &Label| {
        let file = *ids.get(&label.span.source)?;
        let length = sources.get(label.span.source)?.text.len();
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        let range = start.min(length)..end.clamp(start.min(length), length);
        Some(report::Label::new(style, file, range).with_message(clean(&label.message)))
    };
    let primary = label(report::LabelStyle::Primary, &diagnostic.primary);
    let secondary = diagnostic.secondary.iter().filter_map(|l| label(report::LabelStyle::Secondary, l));
    let notes = diagnostic.notes.iter().map(|note| match note.strip_prefix("help: ") {
        Some(help) => format!("help: {}", clean(help)),
        None => format!("note: {}", clean(note)),
    });
    report::Diagnostic::new(severity)
        .with_code(diagnostic.code)
        .with_message(clean(&diagnostic.message))
        .with_labels(primary.into_iter().chain(secondary).collect())
        .with_notes(notes.collect())
}

fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if steers(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// As [`clean`], every character as long as it was, so that spans stay right.
fn clean_source(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match (steers(c) && !matches!(c, '\n' | '\t' | '\r'), c.len_utf8()) {
            (false, _) => out.push(c),
            (true, 1) => out.push('?'),
            (true, 2) => out.push('¿'),
            (true, _) => out.push('\u{fffd}'),
        }
    }
    // A lone return would move the cursor over what was printed.
    let mut lines = String::with_capacity(out.len());
    let mut chars = out.chars().peekable();
    while let Some(c) = chars.next() {
        lines.push(if c == '\r' && chars.peek() != Some(&'\n') { '?' } else { c });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn shown(text: &str, diagnostic: impl Fn(SourceId) -> Diagnostic) -> String {
        let mut sources = SourceMap::new();
        let id = sources.add("a.gp", text);
        render(&[diagnostic(id)], &sources, false)
    }

    #[test]
    fn headline_line_caret_and_help_are_shown() {
        let text = shown("begin { foo() }", |id| {
            Diagnostic::error("unknown-function", Span::new(id, 8, 11), "no function `foo`")
                .label("unknown")
                .help("did you mean `for`?")
        });
        for part in
            ["error[unknown-function]: no function `foo`", "a.gp:1:9", "^^^ unknown", "help: did you mean"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn nothing_of_the_source_steers_the_terminal() {
        let text = shown("a\x1b[2J\rb\u{202e}c\u{85}", |id| {
            Diagnostic::error("x", Span::new(id, 0, 1), "bad \x1b[31m").label("\x07").note("\x08")
        });
        assert!(!text.contains(|c: char| steers(c) && c != '\n'), "{text:?}");
    }

    #[test]
    fn a_span_out_of_its_text_is_no_panic() {
        let text = shown("é", |id| Diagnostic::error("x", Span::new(id, 1, 900), "message"));
        assert!(text.contains("message"), "{text}");
        let alone = render(
            &[Diagnostic::error("x", Span::new(SourceId(9), 0, 1), "message")],
            &SourceMap::new(),
            false,
        );
        assert!(alone.contains("message"), "{alone}");
    }
}
