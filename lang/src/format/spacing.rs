//! What separates two pieces that share a line.

use logos::Logos;

use super::piece::{Piece, Sep};
use crate::token::Token;

/// Levels of [`Sep::Soft`] that one pair of brackets takes; more than there are operators.
const LEVELS: usize = 16;

/// What a piece is to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A name, a literal, a keyword.
    Word,
    /// `(`, `[`; `tight` behind what is called or indexed.
    Open { tight: bool },
    /// `)`, `]`
    Close,
    /// `)` of a cast.
    CloseCast,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `.`, `->`, `..`
    Joint,
    /// `-x`
    Prefix,
    /// `x++`, `T*`
    Postfix,
    /// `a + b`, `a = b`, `a ? b : c`, the higher the closer it binds.
    Binary(usize),
    /// `:` before a type.
    TypeColon,
    /// `/` before a predicate.
    PredicateOpen,
    /// `/` after it.
    PredicateClose,
}

/// Knows what has gone by, and so how to separate what comes.
#[derive(Debug)]
pub(super) struct Spacing {
    previous: Class,
    /// Whether a value has ended.
    operand: bool,
    /// Whether a type has, to which a `*` would belong.
    in_type: bool,
    /// Whether the last was `sizeof` or one of its kin.
    asks: bool,
    /// Whether the last was `let`, and whether the last two were `let $x`.
    declares: (bool, bool),
    /// Whether this is a function's head, where each `:` comes before a type.
    pub(super) in_fn_head: bool,
    nest: usize,
}

impl Spacing {
    /// At the start of a script.
    pub(super) fn new() -> Self {
        Self {
            previous: Class::Semicolon,
            operand: false,
            in_type: false,
            asks: false,
            declares: (false, false),
            in_fn_head: false,
            nest: 0,
        }
    }

    /// Whether the `(` or `[` to come belongs to what is before it.
    pub(super) fn is_operand(&self) -> bool {
        self.operand
    }

    /// A block has ended which is a value.
    pub(super) fn value_ended(&mut self) {
        self.operand = true;
    }

    /// What separates `token` from what came before; `behind` is the first token behind it that is no `*`.
    pub(super) fn before(&mut self, token: &Token, behind: Option<&Token>) -> Sep {
        let class = self.class(token, behind);
        let sep = self.between(class);
        self.nest = match class {
            Class::Open { .. } => self.nest + 1,
            Class::Close | Class::CloseCast => self.nest.saturating_sub(1),
            _ => self.nest,
        };
        self.declares = (matches!(token, Token::Let), self.declares.0 && matches!(token, Token::Var(_)));
        self.asks = matches!(token, Token::SizeOf | Token::OffsetOf | Token::TypeOf | Token::TypeInfo);
        self.operand = match class {
            Class::Word => token.ends_operand() || matches!(token, Token::KeyedMap(_) | Token::TypeName(_)),
            Class::Close | Class::Postfix => true,
            _ => false,
        };
        self.in_type = match token {
            Token::TypeName(_) => true,
            Token::Star | Token::OpenBracket | Token::Int(_) | Token::CloseBracket => self.in_type,
            _ => false,
        };
        self.previous = class;
        sep
    }

    fn class(&self, token: &Token, behind: Option<&Token>) -> Class {
        use Token::*;
        match token {
            OpenParen | OpenType | OpenConversion => Class::Open { tight: self.operand || self.asks },
            OpenBracket => Class::Open { tight: true },
            CloseParen | CloseBracket => Class::Close,
            Token::CloseCast => Class::CloseCast,
            Token::OpenBrace | OpenValueBlock => Class::OpenBrace,
            Token::CloseBrace => Class::CloseBrace,
            Token::Comma => Class::Comma,
            Token::Semicolon => Class::Semicolon,
            Dot | Arrow | DotDot => Class::Joint,
            Token::PredicateOpen => Class::PredicateOpen,
            Token::PredicateClose => Class::PredicateClose,
            Colon if self.in_fn_head || self.declares.1 => Class::TypeColon,
            Eq | PlusEq | MinusEq | StarEq | SlashEq | PercentEq | AmpEq | PipeEq | CaretEq | ShlEq
            | ShrEq => Class::Binary(0),
            Question | Elvis | Colon => Class::Binary(2),
            OrOr => Class::Binary(3),
            AndAnd => Class::Binary(4),
            Pipe => Class::Binary(5),
            Caret => Class::Binary(6),
            Amp if self.operand => Class::Binary(7),
            EqEq | NotEq => Class::Binary(8),
            Lt | Le | Gt | Ge => Class::Binary(9),
            Shl | Shr => Class::Binary(10),
            Plus => Class::Binary(11),
            Minus if self.operand => Class::Binary(11),
            Star => self.star(behind),
            Slash | Percent => Class::Binary(12),
            Amp | Minus | Not | Tilde => Class::Prefix,
            PlusPlus | MinusMinus if self.operand => Class::Postfix,
            PlusPlus | MinusMinus => Class::Prefix,
            _ => Class::Word,
        }
    }

    /// A `*` multiplies, reads memory, or makes the type of a pointer; C's fields write it at their name.
    fn star(&self, behind: Option<&Token>) -> Class {
        let ends = matches!(
            behind,
            None | Some(
                Token::CloseCast
                    | Token::CloseParen
                    | Token::Comma
                    | Token::Semicolon
                    | Token::Eq
                    | Token::OpenBrace
            )
        );
        match behind {
            Some(Token::Ident(_)) if self.in_type => Class::Prefix,
            _ if self.in_type || self.operand && ends => Class::Postfix,
            _ if self.operand => Class::Binary(12),
            _ => Class::Prefix,
        }
    }

    fn between(&self, next: Class) -> Sep {
        use Class::*;
        match (self.previous, next) {
            (_, Comma | Semicolon | Close | CloseCast | Joint | Postfix | TypeColon | PredicateClose)
            | (_, Open { tight: true })
            | (Open { .. } | Joint | Prefix | CloseCast | PredicateOpen, _)
            | (OpenBrace, CloseBrace) => Sep::Glue,
            // `?:` may be written apart.
            (Binary(2), Binary(2)) => Sep::Glue,
            (_, Binary(_)) => Sep::Space,
            (Binary(level), _) => Sep::Soft(self.nest * LEVELS + level),
            (Comma, _) => Sep::Soft(self.nest * LEVELS + 1),
            _ => Sep::Space,
        }
    }
}

/// Whether two pieces written without a space would be read as something else.
pub(super) fn fuse(before: &Piece, after: &Piece) -> bool {
    let is_sign = |c: char| c.is_ascii_punctuation() && !"()[]{}\"_$@,;".contains(c);
    if !before.text.ends_with(is_sign) || !after.text.starts_with(is_sign) {
        return false;
    }
    if matches!((&before.token, &after.token), (Token::Question, Token::Colon)) {
        return false;
    }
    let text = format!("{}{}", before.text, after.text);
    let mut lexer = Token::lexer(&text);
    lexer.next();
    lexer.span().end != before.text.len()
}
