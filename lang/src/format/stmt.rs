//! Blocks and statements: where each starts and ends, and the semicolons between them.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::comments::Gap;
use super::piece::{Piece, Sep};
use super::spacing::{self, Spacing};
use crate::token::Token;

/// What may get a line of its own: an item, a statement, a field.
#[derive(Debug, Default)]
pub(super) struct Unit {
    /// Its first piece.
    pub(super) first: usize,
    /// Its last, its separator included.
    pub(super) last: usize,
    /// The outermost blocks in it.
    pub(super) blocks: Vec<Block>,
    /// Pieces that start a line unless all of it stays on one.
    pub(super) lines: Vec<usize>,
    /// The attach points.
    pub(super) points: Vec<usize>,
}

/// `{ ... }`
#[derive(Debug)]
pub(super) struct Block {
    /// `{`
    pub(super) open: usize,
    /// `}`
    pub(super) close: usize,
    /// What is in it.
    pub(super) units: Vec<Unit>,
    /// A comma behind the last of them, which only stands at the end of a line.
    pub(super) comma: Option<usize>,
}

/// How a block's last statement ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// As all others do.
    Semicolon,
    /// As written: without a semicolon it may be the block's value.
    AsWritten,
}

/// What is known of an open bracket.
struct Group {
    /// A comma before its end says nothing.
    list: bool,
    /// The commas in it so far.
    commas: usize,
    /// It is that of an `offsetof`.
    asks_offset: bool,
}

/// Takes pieces as they were written, gives them as they are to be written.
#[derive(Debug)]
pub(super) struct Shaper<'s> {
    pub(super) input: VecDeque<Piece<'s>>,
    pub(super) out: Vec<Piece<'s>>,
    pub(super) spacing: Spacing,
    /// What stood before a piece that is gone.
    carry: Gap<'s>,
}

impl<'s> Shaper<'s> {
    pub(super) fn new(input: Vec<Piece<'s>>) -> Self {
        let out = Vec::with_capacity(input.len());
        Self { input: input.into(), out, spacing: Spacing::new(), carry: Gap::default() }
    }

    pub(super) fn peek(&self) -> Option<&Token<'s>> {
        self.input.front().map(|piece| &piece.token)
    }

    /// Hands on the next piece. A separator stands where its line ends, the comment behind it.
    pub(super) fn take(&mut self) {
        if matches!(self.peek(), Some(Token::Comma | Token::Semicolon)) {
            let gap = self.input.front_mut().map(|piece| std::mem::take(&mut piece.gap)).unwrap_or_default();
            let gap = std::mem::take(&mut self.carry).then(gap);
            if gap.has_newline() {
                self.take_in_place();
                self.carry = gap;
                return;
            }
            self.carry = gap;
        }
        self.take_in_place();
    }

    /// Hands on the next piece, with the comments before it where they are.
    pub(super) fn take_in_place(&mut self) {
        let Some(mut piece) = self.input.pop_front() else { return };
        piece.gap = std::mem::take(&mut self.carry).then(std::mem::take(&mut piece.gap));
        let behind = self.input.iter().map(|piece| &piece.token).find(|token| **token != Token::Star);
        piece.sep = self.spacing.before(&piece.token, behind);
        if piece.sep == Sep::Glue && self.out.last().is_some_and(|last| spacing::fuse(last, &piece)) {
            piece.sep = Sep::Space;
        }
        self.out.push(piece);
    }

    /// Leaves the next piece out, but nothing that stands before it.
    pub(super) fn leave_out(&mut self) {
        if let Some(piece) = self.input.pop_front() {
            self.carry = std::mem::take(&mut self.carry).then(piece.gap);
        }
    }

    /// Writes a separator that was not there, or another than was there.
    pub(super) fn insert(&mut self, token: Token<'s>, text: &'static str) {
        let at = self.out.last().map_or(0, |last| last.at.end);
        let mut piece = Piece::new(token, Cow::Borrowed(text), at..at, Gap::default());
        piece.sep = self.spacing.before(&piece.token, None);
        self.out.push(piece);
    }

    /// From `{` to `}`.
    pub(super) fn block(&mut self, tail: Tail) -> Block {
        let open = self.out.len();
        let mut units = Vec::new();
        self.take();
        loop {
            match self.peek() {
                None | Some(Token::CloseBrace) => break,
                // Nothing, and its end.
                Some(Token::Semicolon) => self.leave_out(),
                Some(_) => units.push(self.statement(tail)),
            }
        }
        let close = self.out.len();
        self.take();
        Block { open, close, units, comma: None }
    }

    fn statement(&mut self, tail: Tail) -> Unit {
        let mut unit = Unit { first: self.out.len(), ..Unit::default() };
        let left = self.input.len();
        match self.peek() {
            Some(Token::If) => self.branches(tail, &mut unit.blocks),
            Some(Token::While | Token::For | Token::Unroll) => {
                self.take();
                self.run(&mut unit.blocks);
                unit.blocks.push(self.block(tail));
            }
            Some(Token::OpenBrace) => unit.blocks.push(self.block(tail)),
            _ => {
                self.run(&mut unit.blocks);
                match self.peek() {
                    Some(Token::Semicolon) => self.take(),
                    _ if tail == Tail::Semicolon => self.insert(Token::Semicolon, ";"),
                    _ => {}
                }
            }
        }
        // No grammar has this, but a loop has to end.
        if self.input.len() == left {
            self.take();
        }
        unit.last = self.out.len().saturating_sub(1);
        unit
    }

    /// From `if` to the end of the last `else`, both of statements and of values.
    fn branches(&mut self, tail: Tail, blocks: &mut Vec<Block>) {
        loop {
            self.take();
            self.run(blocks);
            if self.peek() == Some(&Token::OpenBrace) {
                blocks.push(self.block(tail));
            }
            if self.peek() != Some(&Token::Else) {
                return;
            }
            self.take();
            if self.peek() != Some(&Token::If) {
                blocks.push(self.block(tail));
                return;
            }
        }
    }

    /// An expression, or what else has no structure but brackets: up to the separator, block or closing
    /// bracket that is not part of it.
    pub(super) fn run(&mut self, blocks: &mut Vec<Block>) {
        let mut open: Vec<Group> = Vec::new();
        while let Some(token) = self.peek() {
            match token {
                Token::OpenValueBlock => {
                    blocks.push(self.block(Tail::AsWritten));
                    self.spacing.value_ended();
                    continue;
                }
                Token::IfValue => {
                    self.branches(Tail::AsWritten, blocks);
                    self.spacing.value_ended();
                    continue;
                }
                Token::Semicolon | Token::Comma if open.is_empty() => return,
                Token::OpenBrace | Token::CloseBrace | Token::PredicateClose => return,
                Token::OpenParen | Token::OpenBracket | Token::OpenType | Token::OpenConversion => {
                    let asks_offset = self.out.last().is_some_and(|last| last.token == Token::OffsetOf);
                    open.push(Group { list: self.spacing.is_operand(), commas: 0, asks_offset });
                }
                Token::CloseParen | Token::CloseBracket | Token::CloseCast => _ = open.pop(),
                Token::Comma => {
                    let last = matches!(
                        self.input.get(1).map(|piece| &piece.token),
                        Some(Token::CloseParen | Token::CloseBracket)
                    );
                    // That of `(1,)` makes the tuple.
                    if let Some(group) = open.last_mut() {
                        if last && (group.list || group.commas > 0) {
                            self.leave_out();
                            continue;
                        }
                        group.commas += 1;
                        // With a comment behind it, what could be a type has been read as a value.
                        if group.asks_offset {
                            self.take_in_place();
                            continue;
                        }
                    }
                }
                _ => {}
            }
            self.take();
        }
    }
}
