//! What stays on one line and what does not.

use super::INDENT;
use super::piece::{Piece, Sep};
use super::stmt::{Block, Unit};
use crate::token::Token;

/// Gives each piece of `source` the line and indentation that it is to have.
pub(super) fn layout<'s>(source: &'s str, pieces: &mut [Piece<'s>], units: &[Unit], width: usize) {
    let mut layout = Layout { source, pieces, width };
    for unit in units {
        layout.start_line(unit.first, 0, true);
        layout.unit(unit, 0);
    }
    if let Some(end) = layout.pieces.last_mut() {
        end.sep = Sep::Line { blank: true };
    }
}

struct Layout<'p, 's> {
    source: &'s str,
    pieces: &'p mut [Piece<'s>],
    /// How long a line may get.
    width: usize,
}

impl Layout<'_, '_> {
    fn start_line(&mut self, at: usize, indent: usize, blank: bool) {
        if let Some(piece) = self.pieces.get_mut(at) {
            piece.sep = Sep::Line { blank };
            piece.indent = indent;
            piece.lead = indent;
        }
    }

    fn hang(&mut self, at: usize, indent: usize, only: Option<&Token>) {
        if let Some(piece) =
            self.pieces.get_mut(at).filter(|piece| only.is_none_or(|only| *only == piece.token))
        {
            piece.hang = indent;
        }
    }

    fn unit(&mut self, unit: &Unit, indent: usize) {
        for piece in self.pieces.get_mut(unit.first..=unit.last).unwrap_or_default() {
            (piece.indent, piece.lead, piece.hang) = (indent, indent, indent + INDENT);
        }
        // Attach points share a line, or none do.
        if let Some(&last) = unit.points.last() {
            for piece in self.pieces.get_mut(unit.first + 1..=last).unwrap_or_default() {
                piece.sep = if matches!(piece.sep, Sep::Soft(_)) { Sep::Space } else { piece.sep };
            }
        }
        for block in &unit.blocks {
            self.hang(block.open, indent, None);
            self.hang(block.close + 1, indent, Some(&Token::Else));
        }
        if self.stays_on_a_line(unit, indent) {
            for comma in unit.blocks.iter().filter_map(|block| block.comma) {
                if let Some(comma) = self.pieces.get_mut(comma) {
                    comma.text = "".into();
                }
            }
            return;
        }
        for &line in &unit.lines {
            let empty = unit.blocks.iter().any(|block| block.open == line && self.is_empty(block));
            if !empty {
                self.start_line(line, indent, false);
            }
        }
        if let [first, rest @ ..] = &unit.points[..]
            && !self.points_share_a_line(*first, rest)
        {
            rest.iter().for_each(|&point| self.start_line(point, indent, false));
        }
        for block in unit.blocks.iter().filter(|block| !self.is_empty(block)).collect::<Vec<_>>() {
            for unit in &block.units {
                self.start_line(unit.first, indent + INDENT, true);
                self.unit(unit, indent + INDENT);
            }
            self.start_line(block.close, indent, true);
            if let Some(close) = self.pieces.get_mut(block.close) {
                close.lead = indent + INDENT;
            }
        }
    }

    /// Whether there is nothing in it that could have a line of its own.
    fn is_empty(&self, block: &Block) -> bool {
        let gap = self.pieces.get(block.close).map(|close| &close.gap);
        block.units.is_empty() && gap.is_none_or(|gap| gap.comments.is_empty() || !gap.has_newline())
    }

    /// Whether it was written on one line, and fits there. What a statement has outside of its blocks may
    /// have been written on more: it is filled up to the margin anyway.
    fn stays_on_a_line(&self, unit: &Unit, indent: usize) -> bool {
        let mut blocks = unit.blocks.iter().filter(|block| !self.is_empty(block)).peekable();
        let written = if unit.lines.is_empty() {
            if blocks.peek().is_none() {
                return true;
            }
            blocks.all(|block| self.was_on_a_line(block.open, block.close))
        } else {
            self.was_on_a_line(unit.first, unit.last)
        };
        written && self.fits(unit.first, unit.last, indent)
    }

    fn points_share_a_line(&self, first: usize, rest: &[usize]) -> bool {
        let Some(&last) = rest.last() else { return true };
        self.was_on_a_line(first, last) && self.fits(first, last, 0)
    }

    fn was_on_a_line(&self, first: usize, last: usize) -> bool {
        let (Some(first), Some(last)) = (self.pieces.get(first), self.pieces.get(last)) else { return false };
        self.source.get(first.at.start..last.at.end).is_some_and(|text| !text.contains('\n'))
    }

    fn fits(&self, first: usize, last: usize, indent: usize) -> bool {
        let Some(pieces) = self.pieces.get(first..=last) else { return false };
        let rest = pieces.windows(2).map(|pair| match pair {
            [before, piece] if piece.gap.fits_a_line() => piece.width_behind(before),
            _ => self.width + 1,
        });
        let first = pieces.first().map_or(0, |first| first.gap.column_behind(indent) + first.width());
        first + rest.sum::<usize>() <= self.width
    }
}
