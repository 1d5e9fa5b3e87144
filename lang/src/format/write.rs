//! From pieces to text: new lines as planned, and where a line would get too long.

use super::comments::Comment;
use super::piece::{Piece, Sep};
use crate::token::Token;

/// The text of `pieces`.
pub(super) fn write(shebang: Option<&str>, pieces: &[Piece], width: usize) -> String {
    let mut writer = Writer { text: shebang.unwrap_or_default().to_owned(), column: 0, width };
    for (at, piece) in pieces.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| pieces.get(before));
        match (piece.sep, before) {
            (Sep::Line { blank }, _) => writer.line(before, piece, blank, at + 1 == pieces.len()),
            (_, Some(before)) => {
                let room = match piece.sep {
                    Sep::Soft(level) if piece.gap.fits_a_line() => Some(room(pieces, at, level, width)),
                    _ => None,
                };
                writer.gap(before, piece, room);
            }
            (_, None) => {}
        }
        writer.push(&piece.text);
    }
    writer.text.truncate(writer.text.trim_end().len());
    writer.text.push('\n');
    writer.text
}

/// The columns from a place where a line may break to the next that is as good or better.
fn room(pieces: &[Piece], at: usize, level: usize, limit: usize) -> usize {
    let mut width = 0;
    for pair in pieces.get(at.saturating_sub(1)..).unwrap_or_default().windows(2) {
        let [before, piece] = pair else { break };
        let ends = match piece.sep {
            Sep::Line { .. } => true,
            Sep::Soft(other) => other <= level,
            _ => false,
        };
        if width > 0 && (ends || !piece.gap.fits_a_line()) || width > limit {
            break;
        }
        width += piece.width_behind(before);
    }
    width
}

struct Writer {
    text: String,
    column: usize,
    /// How long a line may get.
    width: usize,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column + text.chars().count(),
        };
        self.text.push_str(text);
    }

    fn new_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// To the line that `piece` starts. A comment stays on the line it was on: behind what is before it, or
    /// before the piece.
    fn line(&mut self, before: Option<&Piece>, piece: &Piece, blank: bool, end: bool) {
        let comments = &piece.gap.comments;
        let closes = piece.token == Token::CloseBrace;
        let opened =
            before.is_some_and(|before| matches!(before.token, Token::OpenBrace | Token::OpenValueBlock));
        // A new line there has to be.
        let none = piece.gap.newlines == 0
            && comments.iter().all(|comment| comment.newlines == 0 && !comment.is_line());
        let mut after_line_comment = false;
        let newlines = comments.iter().map(|comment| comment.newlines).chain([piece.gap.newlines]);
        for (at, newlines) in newlines.enumerate() {
            let comment = comments.get(at);
            let breaks = self.text.is_empty()
                || newlines > 0
                || after_line_comment
                || none && at == 0 && !closes
                || comment.is_none() && (closes || end);
            if !breaks {
                self.push(" ");
            } else if !self.text.is_empty() {
                let edge = at == 0 && opened || comment.is_none() && (closes || end);
                if newlines > 1 && blank && !edge {
                    self.text.push('\n');
                }
                self.new_line(if comment.is_some() { piece.lead } else { piece.indent });
            }
            if let Some(comment) = comment {
                self.push(comment.text);
                after_line_comment = comment.is_line();
            }
        }
    }

    /// Past the comments between two pieces that share a line; `room` is what the second needs if a line may
    /// break before it.
    fn gap(&mut self, before: &Piece, piece: &Piece, room: Option<usize>) {
        let comments = &piece.gap.comments;
        let broken =
            room.is_some_and(|room| self.column + room > self.width && piece.hang + room <= self.width + 1);
        let mut close = before.opens() || comments.is_empty() && piece.sep == Sep::Glue;
        let mut line_ended = broken;
        for comment in comments.iter().map(Some).chain([None]) {
            let own_line = comment.is_some_and(|comment: &Comment| comment.is_line() && comment.newlines > 0);
            if line_ended || own_line {
                self.new_line(piece.hang);
            } else if !(close || comment.is_none() && !comments.is_empty() && piece.leans_back()) {
                self.push(" ");
            }
            line_ended = false;
            close = false;
            if let Some(comment) = comment {
                self.push(comment.text);
                line_ended = comment.is_line();
            }
        }
    }
}
