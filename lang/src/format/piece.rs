//! Tokens with their text and the comments before them.

use std::borrow::Cow;
use std::ops::Range;

use super::comments::Gap;
use crate::lexer::Lexemes;
use crate::token::Token;

/// What separates a piece from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sep {
    /// Nothing.
    Glue,
    /// A space.
    Space,
    /// A space, or a new line for want of room: sooner where the number is lower.
    Soft(usize),
    /// A new line, and a blank one where there was one.
    Line {
        /// Whether a blank line may stand there.
        blank: bool,
    },
}

/// A token on its way to the page.
#[derive(Clone, Debug)]
pub(super) struct Piece<'s> {
    /// What it is.
    pub(super) token: Token<'s>,
    /// What is written for it.
    pub(super) text: Cow<'s, str>,
    /// Its bytes in the source.
    pub(super) at: Range<usize>,
    /// What stands before it.
    pub(super) gap: Gap<'s>,
    /// What separates it from the piece before.
    pub(super) sep: Sep,
    /// How far its line stands in if it starts one as planned.
    pub(super) indent: usize,
    /// The same of comments before it.
    pub(super) lead: usize,
    /// The same if it starts a line for want of room, or because of a comment.
    pub(super) hang: usize,
}

impl<'s> Piece<'s> {
    /// A piece without a place in the source but `at`.
    pub(super) fn new(token: Token<'s>, text: Cow<'s, str>, at: Range<usize>, gap: Gap<'s>) -> Self {
        Self { token, text, at, gap, sep: Sep::Glue, indent: 0, lead: 0, hang: 0 }
    }

    /// Columns of its text.
    pub(super) fn width(&self) -> usize {
        self.text.chars().count()
    }

    /// Columns that it adds to a line behind `before`, with what is between the two.
    pub(super) fn width_behind(&self, before: &Piece) -> usize {
        let comments = &self.gap.comments;
        let between = match comments.len() {
            0 => usize::from(self.sep != Sep::Glue),
            count => {
                let text: usize = comments.iter().map(|comment| comment.text.chars().count()).sum();
                text + count - 1 + usize::from(!before.opens()) + usize::from(!self.leans_back())
            }
        };
        between + self.width()
    }

    /// Whether comments stand close before it, as it would itself.
    pub(super) fn leans_back(&self) -> bool {
        use Token::{CloseBracket, CloseCast, CloseParen, Comma, Semicolon};
        matches!(self.token, CloseBracket | CloseCast | CloseParen | Comma | Semicolon)
    }

    /// Whether comments stand close behind it.
    pub(super) fn opens(&self) -> bool {
        use Token::{OpenBracket, OpenConversion, OpenParen, OpenType};
        matches!(self.token, OpenBracket | OpenConversion | OpenParen | OpenType)
    }
}

/// The `#!` line, the pieces of each item one after another, and what stands behind them all.
pub(super) fn pieces<'s>(
    source: &'s str,
    items: Vec<Lexemes<'s>>,
) -> (Option<&'s str>, Vec<Piece<'s>>, Gap<'s>) {
    let shebang = source
        .starts_with("#!")
        .then(|| source.get(..source.find('\n').unwrap_or(source.len())).unwrap_or_default());
    let mut end = shebang.map_or(0, str::len);
    let mut pieces = Vec::new();
    for (start, token, stop) in items.into_iter().flat_map(|item| item.tokens) {
        let gap = Gap::read(source.get(end..start).unwrap_or_default());
        let text = match &token {
            // Its words may have stood on several lines.
            Token::TypeName(name) => Cow::Owned(name.clone()),
            _ => Cow::Borrowed(source.get(start..stop).unwrap_or_default().trim()),
        };
        pieces.push(Piece::new(token, text, start..stop, gap));
        end = end.max(stop);
    }
    (shebang.map(str::trim_end), pieces, Gap::read(source.get(end..).unwrap_or_default()))
}
