//! Items: probes and what stands beside them.

use super::comments::Gap;
use super::piece::Piece;
use super::stmt::{Block, Shaper, Tail, Unit};
use crate::token::Token;

/// All pieces as they are to be written, and the items they make up; the last piece is the end of the text.
pub(super) fn shape<'s>(pieces: Vec<Piece<'s>>, end: Gap<'s>) -> (Vec<Piece<'s>>, Vec<Unit>) {
    let at = pieces.last().map_or(0, |piece| piece.at.end);
    let mut shaper = Shaper::new(pieces);
    let mut units = Vec::new();
    while shaper.peek().is_some() {
        units.push(shaper.item());
    }
    shaper.input.push_back(Piece::new(Token::Comment, "".into(), at..at, end));
    shaper.take();
    (shaper.out, units)
}

impl<'s> Shaper<'s> {
    fn item(&mut self) -> Unit {
        let mut unit = Unit { first: self.out.len(), ..Unit::default() };
        match self.peek() {
            Some(Token::Config) => {
                self.take();
                self.run(&mut unit.blocks);
                unit.blocks.push(self.entries(Token::Semicolon, ";"));
            }
            Some(Token::Macro) => {
                self.run(&mut unit.blocks);
                unit.blocks.push(self.block(Tail::AsWritten));
            }
            Some(Token::Fn) => {
                self.spacing.in_fn_head = true;
                self.run(&mut unit.blocks);
                self.spacing.in_fn_head = false;
                unit.blocks.push(self.block(Tail::Semicolon));
            }
            Some(Token::Struct | Token::Union) => {
                self.run(&mut unit.blocks);
                unit.blocks.push(self.fields());
                self.insert(Token::Semicolon, ";");
            }
            Some(Token::Enum) => {
                self.run(&mut unit.blocks);
                unit.blocks.push(self.entries(Token::Comma, ","));
                self.insert(Token::Semicolon, ";");
            }
            Some(Token::Import | Token::Let) => {
                self.run(&mut unit.blocks);
                self.take();
            }
            Some(Token::Provider) => {
                self.head(&mut unit);
                unit.blocks.push(self.entries(Token::Comma, ","));
                // Those of the alternatives behind are filled up to the margin.
                let points = unit.points.len();
                while self.peek() == Some(&Token::Else) {
                    unit.lines.push(self.out.len());
                    self.head(&mut unit);
                    unit.blocks.push(self.entries(Token::Comma, ","));
                }
                unit.points.truncate(points);
            }
            _ => {
                self.head(&mut unit);
                unit.blocks.push(self.block(Tail::Semicolon));
            }
        }
        unit.last = self.out.len().saturating_sub(1);
        unit
    }

    /// A probe's name, attach points and predicate.
    fn head(&mut self, unit: &mut Unit) {
        unit.points.push(self.out.len());
        loop {
            match self.peek() {
                None | Some(Token::OpenBrace) => break,
                Some(Token::PredicateOpen) => {
                    unit.lines.push(self.out.len());
                    self.take();
                    self.run(&mut unit.blocks);
                    self.take();
                }
                Some(Token::Comma) => {
                    self.take();
                    unit.points.push(self.out.len());
                }
                Some(_) => self.take(),
            }
        }
        unit.lines.push(self.out.len());
    }

    /// The entries of a config, a provider or an enum, each with `separator` behind it.
    fn entries(&mut self, separator: Token<'s>, text: &'static str) -> Block {
        let open = self.out.len();
        let mut units: Vec<Unit> = Vec::new();
        self.take();
        while !matches!(self.peek(), None | Some(Token::CloseBrace)) {
            let mut unit = Unit { first: self.out.len(), ..Unit::default() };
            let left = self.input.len();
            self.run(&mut unit.blocks);
            self.entry_end(separator.clone(), text);
            // As in `statement`.
            if self.input.len() == left {
                self.take();
            }
            unit.last = self.out.len().saturating_sub(1);
            units.push(unit);
        }
        let comma = units.last().filter(|_| separator == Token::Comma).map(|unit| unit.last);
        let close = self.out.len();
        self.take();
        Block { open, close, units, comma }
    }

    /// The separator there is becomes the usual one; a new line may have stood for it, or nothing.
    fn entry_end(&mut self, separator: Token<'s>, text: &'static str) {
        match self.input.front_mut() {
            Some(next) if matches!(next.token, Token::Comma | Token::Semicolon) => {
                next.token = separator;
                next.text = text.into();
                self.take();
            }
            _ => self.insert(separator, text),
        }
    }

    /// The fields of a struct or union. A comment must not come to stand before a field, where the lexer looks
    /// for a type.
    fn fields(&mut self) -> Block {
        let open = self.out.len();
        let mut units = Vec::new();
        self.take();
        while !matches!(self.peek(), None | Some(Token::CloseBrace)) {
            let mut unit = Unit { first: self.out.len(), ..Unit::default() };
            while !matches!(self.peek(), None | Some(Token::Semicolon)) {
                self.take_in_place();
            }
            self.take_in_place();
            unit.last = self.out.len().saturating_sub(1);
            units.push(unit);
        }
        let close = self.out.len();
        self.take();
        Block { open, close, units, comma: None }
    }
}
