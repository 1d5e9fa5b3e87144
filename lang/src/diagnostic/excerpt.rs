//! A source as messages show it: long lines cut around what is said of them, and nothing in it that would
//! steer a terminal.

use std::ops::Range;

use codespan_reporting::files::{Error, Files};

/// Lines of up to so many characters are shown whole.
const WHOLE: usize = 160;
/// Characters of a longer line that are shown on each side of an end of a label.
const AROUND: usize = 40;
/// Stands for what is left out.
const CUT: &str = "…";

/// A source as it is shown.
#[derive(Debug)]
pub(super) struct Excerpt<'s> {
    name: String,
    original: &'s str,
    /// What is shown; it has the lines of the original.
    text: String,
    /// Where lines start in what is shown.
    lines: Vec<usize>,
    pieces: Vec<Piece>,
}

/// A part of the original and what is shown of it.
#[derive(Debug)]
struct Piece {
    original: Range<usize>,
    shown: Range<usize>,
    /// Byte by byte the same.
    same: bool,
}

impl<'s> Excerpt<'s> {
    /// Of `text`, in which `labels` are spoken of.
    pub(super) fn new(name: String, text: &'s str, labels: &[Range<usize>]) -> Self {
        let mut new = Self { name, original: text, text: String::new(), lines: vec![0], pieces: Vec::new() };
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            new.line(line, start, labels);
            start += line.len();
        }
        new
    }

    fn line(&mut self, line: &str, start: usize, labels: &[Range<usize>]) {
        let ending = if line.ends_with("\r\n") { 2 } else { usize::from(line.ends_with('\n')) };
        let length = line.len() - ending;
        let body = line.get(..length).unwrap_or_default();
        let mut at = 0;
        for kept in kept(body, start, labels) {
            self.cut(start + at..start + kept.start);
            at = kept.end;
            self.chars(body.get(kept.clone()).unwrap_or_default(), start + kept.start);
        }
        self.cut(start + at..start + length);
        if ending > 0 {
            let from = self.text.len();
            self.text.push_str(line.get(length..).unwrap_or_default());
            self.push(start + length..start + line.len(), from, true);
            self.lines.push(self.text.len());
        }
    }

    fn chars(&mut self, text: &str, start: usize) {
        for (i, c) in text.char_indices() {
            let from = self.text.len();
            let same = c == '\t' || !steers(c);
            if same {
                self.text.push(c);
            } else {
                escape(c, &mut self.text);
            }
            self.push(start + i..start + i + c.len_utf8(), from, same);
        }
    }

    /// Leaves a part out.
    fn cut(&mut self, part: Range<usize>) {
        if !part.is_empty() {
            let from = self.text.len();
            self.text.push_str(CUT);
            self.push(part, from, false);
        }
    }

    fn push(&mut self, original: Range<usize>, from: usize, same: bool) {
        let shown = from..self.text.len();
        match self.pieces.last_mut() {
            Some(last) if same && last.same => {
                last.original.end = original.end;
                last.shown.end = shown.end;
            }
            _ => self.pieces.push(Piece { original, shown, same }),
        }
    }

    /// Where a part of the original is in what is shown.
    pub(super) fn shown(&self, part: &Range<usize>) -> Range<usize> {
        let start = self.moved(part.start, false);
        start..self.moved(part.end, true).max(start)
    }

    /// A position of the original; of a piece that looks otherwise, its start or its end.
    fn moved(&self, at: usize, is_end: bool) -> usize {
        let index = self.pieces.partition_point(|piece| piece.original.end < at + usize::from(!is_end));
        match self.pieces.get(index) {
            None => self.text.len(),
            Some(piece) if piece.same => piece.shown.start + at.saturating_sub(piece.original.start),
            Some(piece) if is_end && at > piece.original.start => piece.shown.end,
            Some(piece) => piece.shown.start,
        }
    }

    /// The position of the original that a shown one stands for.
    fn original(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.shown.end <= at);
        match self.pieces.get(index) {
            None => self.original.len(),
            Some(piece) if piece.same => piece.original.start + at.saturating_sub(piece.shown.start),
            Some(piece) => piece.original.start,
        }
    }
}

/// The parts of a line that are shown, in order: around the ends of labels, and where a long line has none,
/// its start.
fn kept(line: &str, start: usize, labels: &[Range<usize>]) -> Vec<Range<usize>> {
    if line.len() <= WHOLE || line.chars().nth(WHOLE).is_none() {
        return std::iter::once(0..line.len()).collect();
    }
    let end = start + line.len();
    let mut parts: Vec<Range<usize>> = labels
        .iter()
        .filter(|label| label.start <= end && label.end >= start)
        .flat_map(|label| [label.start, label.end])
        .filter(|at| (start..=end).contains(at))
        .map(|at| back(line, at - start)..forth(line, at - start))
        .collect();
    if parts.is_empty() {
        parts.push(0..forth(line, AROUND));
    }
    parts.sort_by_key(|part| part.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for part in parts {
        match merged.last_mut() {
            // A gap that is hardly longer than its sign is no gap.
            Some(last) if part.start <= last.end + 2 * CUT.len() => last.end = last.end.max(part.end),
            _ => merged.push(part),
        }
    }
    merged
}

/// [`AROUND`] characters before a position.
fn back(line: &str, at: usize) -> usize {
    let before = line.get(..at).unwrap_or(line);
    before.char_indices().rev().nth(AROUND - 1).map_or(0, |(i, _)| i)
}

/// [`AROUND`] characters behind a position.
fn forth(line: &str, at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    rest.char_indices().nth(AROUND).map_or(line.len(), |(i, _)| at + i)
}

/// Whether a character does something to the terminal, or to the order of what is read.
pub(super) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Such a character in words: `\x1b`, `\u{202e}`.
pub(super) fn escape(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push_str(&format!("\\x{:02x}", u32::from(c)));
    } else {
        out.extend(c.escape_unicode());
    }
}

/// The sources of one message.
#[derive(Debug, Default)]
pub(super) struct Excerpts<'s>(pub(super) Vec<Excerpt<'s>>);

impl Excerpts<'_> {
    fn of(&self, id: usize) -> Result<&Excerpt<'_>, Error> {
        self.0.get(id).ok_or(Error::FileMissing)
    }
}

impl<'a> Files<'a> for Excerpts<'_> {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        self.of(id).map(|excerpt| excerpt.name.as_str())
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        self.of(id).map(|excerpt| excerpt.text.as_str())
    }

    fn line_index(&'a self, id: usize, at: usize) -> Result<usize, Error> {
        self.of(id).map(|excerpt| excerpt.lines.partition_point(|start| *start <= at).saturating_sub(1))
    }

    fn line_range(&'a self, id: usize, line: usize) -> Result<Range<usize>, Error> {
        let excerpt = self.of(id)?;
        let max = excerpt.lines.len() - 1;
        let start = *excerpt.lines.get(line).ok_or(Error::LineTooLarge { given: line, max })?;
        Ok(start..excerpt.lines.get(line + 1).copied().unwrap_or(excerpt.text.len()))
    }

    /// In the source as it is, not as it is shown.
    fn column_number(&'a self, id: usize, _: usize, at: usize) -> Result<usize, Error> {
        let excerpt = self.of(id)?;
        let before = excerpt.original.get(..excerpt.original(at)).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Ok(line.chars().count() + 1)
    }
}
