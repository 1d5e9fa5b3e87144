//! Where text came from: files, spans, and nodes that know their span.

use std::sync::Arc;

/// One source text: a script file, a `-e` program, an imported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A range of bytes in one source text. `start <= end`; both on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The text that `start` and `end` count in.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end` of `source`.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both; both must be of the same source.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A source text with the name that diagnostics show.
#[derive(Clone, Debug)]
pub struct Source {
    /// File name, or a word such as `<command line>`.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// A place in a source, for messages: lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The source's name.
    pub name: String,
    /// The line that it starts in.
    pub line: usize,
    /// Its first column.
    pub column: usize,
    /// The first column behind it, on its first line.
    pub end_column: usize,
}

/// All source texts of a compile.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// A map without sources.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and gives its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        self.sources.push(Source { name: name.into(), text: text.into() });
        SourceId(self.sources.len() as u32 - 1)
    }

    /// The source of an id, if it is of this map.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    /// The text that a span covers; empty if the span is not of this map.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source)
            .and_then(|s| s.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }

    /// Where a span is, for messages.
    pub fn place(&self, span: Span) -> Option<Place> {
        let source = self.get(span.source)?;
        let (line, column) = self.line_column(span);
        let first_line = self.text(span).lines().next().unwrap_or_default();
        let end_column = column + first_line.chars().count();
        Some(Place { name: source.name.clone(), line, column, end_column })
    }

    /// The line that a span starts in, and marks under the span.
    pub fn excerpt(&self, span: Span) -> Option<String> {
        let source = self.get(span.source)?;
        let place = self.place(span)?;
        let line = source.text.lines().nth(place.line.checked_sub(1)?)?;
        let marks = "~".repeat((place.end_column - place.column).clamp(1, 200));
        Some(format!("{line}\n{}{marks}\n", " ".repeat(place.column - 1)))
    }

    /// Line and column, both from 1, of a span's start.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = self.get(span.source).and_then(|s| s.text.get(..span.start as usize)).unwrap_or_default();
        let line = text.bytes().filter(|&b| b == b'\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}
