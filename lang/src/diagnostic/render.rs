//! Diagnostics as text for a terminal.

use std::ops::Range;

use codespan_reporting::diagnostic as report;
use codespan_reporting::term::{self, Config};

use super::excerpt::{Excerpt, Excerpts, escape, steers};
use super::{Diagnostic, Label, Severity};
use crate::source::{SourceId, SourceMap, Span};

/// All of `diagnostics` with their source lines, one after the other.
///
/// Long lines are cut around what is said of them. Characters that would steer a terminal, in sources and
/// messages alike, are shown in words: `\x1b`.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, color: bool) -> String {
    let config = Config { tab_width: 4, ..Config::default() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let (files, shown) = convert(diagnostic, sources);
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

/// A diagnostic for codespan, and the sources that it is about.
fn convert<'s>(diagnostic: &Diagnostic, sources: &'s SourceMap) -> (Excerpts<'s>, report::Diagnostic<usize>) {
    let labels: Vec<&Label> = std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary).collect();
    let mut ids: Vec<SourceId> = Vec::new();
    let mut files = Excerpts::default();
    for id in labels.iter().map(|label| label.span.source) {
        if let (false, Some(source)) = (ids.contains(&id), sources.get(id)) {
            let here = labels.iter().filter(|label| label.span.source == id);
            let ranges: Vec<Range<usize>> = here.map(|label| within(label.span, source.text.len())).collect();
            ids.push(id);
            files.0.push(Excerpt::new(clean(&source.name), &source.text, &ranges));
        }
    }
    let severity = match diagnostic.severity {
        Severity::Error => report::Severity::Error,
        Severity::Warning => report::Severity::Warning,
    };
    let shown = labels.iter().enumerate().filter_map(|(i, label)| {
        let file = ids.iter().position(|id| *id == label.span.source)?;
        let length = sources.get(label.span.source)?.text.len();
        let range = files.0.get(file)?.shown(&within(label.span, length));
        let style = if i == 0 { report::LabelStyle::Primary } else { report::LabelStyle::Secondary };
        Some(report::Label::new(style, file, range).with_message(clean(&label.message)))
    });
    let notes = diagnostic.notes.iter().map(|note| match note.strip_prefix("help: ") {
        Some(help) => format!("help: {}", clean(help)),
        None => format!("note: {}", clean(note)),
    });
    let converted = report::Diagnostic::new(severity)
        .with_code(diagnostic.code)
        .with_message(clean(&diagnostic.message))
        .with_labels(shown.collect())
        .with_notes(notes.collect());
    (files, converted)
}

fn within(span: Span, length: usize) -> Range<usize> {
    let start = (span.start as usize).min(length);
    start..(span.end as usize).clamp(start, length)
}

pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && c != '\n' { escape(c, &mut out) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// The line of the snippet with the source, and the one with the marks under it.
    fn marked(text: &str) -> (String, String) {
        let mut lines = text.lines().skip_while(|line| !line.starts_with("1 │"));
        (lines.next().unwrap_or_default().to_owned(), lines.next().unwrap_or_default().to_owned())
    }

    /// What stands above the marks.
    fn under_marks(text: &str) -> String {
        let (line, marks) = marked(text);
        let start = marks.chars().position(|c| c == '^').expect("a mark");
        let count = marks.chars().filter(|c| *c == '^').count();
        line.chars().skip(start).take(count).collect()
    }

    #[test]
    fn a_long_line_is_cut_around_the_span() {
        let script = format!("begin {{ {} foo(); {} }}", "@x = 1; ".repeat(120), "@y = 2; ".repeat(120));
        let at = script.find("foo").expect("there");
        let text =
            shown(&script, |id| Diagnostic::error("x", Span::new(id, at, at + 3), "message").label("here"));
        let (line, marks) = marked(&text);
        assert!(line.chars().count() < 120, "{text}");
        assert_eq!(under_marks(&text), "foo");
        assert!(marks.ends_with("^^^ here"), "{text}");
        assert!(line.contains("│ …") && line.ends_with('…'), "{text}");
        assert!(text.contains(&format!("a.gp:1:{}", at + 1)), "the column is that of the file: {text}");
    }

    #[test]
    fn both_ends_of_a_long_line_are_shown_where_both_matter() {
        let script = format!("begin {{ @x = 1; {} @x = count(); }}", "print(1); ".repeat(200));
        let (first, second) = (script.find("@x").expect("there"), script.rfind("@x").expect("there"));
        let text = shown(&script, |id| {
            Diagnostic::error("x", Span::new(id, second, second + 2), "message")
                .label("now a count")
                .also(Span::new(id, first, first + 2), "its first use")
        });
        let (line, _) = marked(&text);
        assert!(line.contains("begin { @x = 1;") && line.ends_with("@x = count(); }"), "{text}");
        assert!(line.chars().count() < 240 && line.matches('…').count() == 1, "{text}");
        assert_eq!(under_marks(&text), "@x");
    }

    #[test]
    fn a_span_as_long_as_its_long_line_shows_its_ends() {
        let script = format!("begin {{ print(\"{}\"); }}", "x".repeat(2000));
        let text = shown(&script, |id| Diagnostic::error("x", Span::new(id, 14, 2016), "message"));
        let (line, marks) = marked(&text);
        assert!(line.chars().count() < 240 && line.ends_with("x\"); }"), "{text}");
        assert_eq!(marks.matches('^').count(), under_marks(&text).chars().count());
        assert!(under_marks(&text).starts_with("\"xxx") && under_marks(&text).ends_with("xxx\""), "{text}");
    }

    #[test]
    fn tabs_and_wide_characters_keep_marks_in_their_place() {
        for (before, columns) in [("\t", 4), ("日本", 4), ("a\tb\t", 8), ("é", 1), ("\u{1b}[", 5)] {
            let script = format!("{before}foo");
            let start = before.len();
            let text =
                shown(&script, |id| Diagnostic::error("x", Span::new(id, start, start + 3), "message"));
            let (_, marks) = marked(&text);
            let spaces = marks.chars().skip("1 │ ".chars().count()).take_while(|c| *c == ' ').count();
            assert_eq!(spaces, columns, "{before:?}: {text}");
            assert_eq!(marks.matches('^').count(), 3, "{text}");
        }
    }

    #[test]
    fn what_steers_a_terminal_is_shown_in_words() {
        let text = shown("a \x1b[2J \u{202e} \r b\r\nc", |id| {
            Diagnostic::error("x", Span::new(id, 2, 3), "bad \x07")
        });
        for part in ["bad \\x07", "a \\x1b[2J \\u{202e} \\x0d b", "  ^^^^"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
