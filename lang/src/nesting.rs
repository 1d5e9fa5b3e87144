//! A limit on how deep a script nests, found before there is a tree: every later stage walks the tree by
//! recursion, so its depth is the depth of their stacks.

use crate::lexer::Lexeme;
use crate::token::Token;

/// Brackets in brackets.
pub(crate) const MAX_BRACKETS: usize = 200;
/// Levels of the tree: brackets, and operators that follow each other.
pub(crate) const MAX_DEPTH: usize = 500;

/// What is known of one bracket, or of the item.
#[derive(Default)]
struct Group {
    /// Tokens since the last separator that may each add a level.
    chain: usize,
    /// The deepest bracket since the last separator.
    inner: usize,
    /// The deepest stretch between separators.
    deepest: usize,
}

impl Group {
    fn separate(&mut self) {
        self.deepest = self.deepest.max(self.chain + self.inner);
        self.chain = 0;
        self.inner = 0;
    }
}

/// The first token that is deeper than the limits allow.
pub(crate) fn too_deep(tokens: &[Lexeme]) -> Option<(usize, usize)> {
    let mut groups = vec![Group::default()];
    let mut previous: Option<&Token> = None;
    for (start, token, end) in tokens {
        let after_block = previous == Some(&Token::CloseBrace);
        let nested = groups.len() > 1;
        let group = groups.last_mut()?;
        match token {
            Token::OpenParen
            | Token::OpenConversion
            | Token::OpenType
            | Token::OpenBracket
            | Token::OpenBrace
            | Token::OpenValueBlock => {
                group.chain += 1;
                groups.push(Group::default());
            }
            Token::CloseParen | Token::CloseCast | Token::CloseBracket | Token::CloseBrace if nested => {
                let mut closed = groups.pop()?;
                closed.separate();
                let group = groups.last_mut()?;
                group.inner = group.inner.max(closed.deepest + 1);
            }
            Token::Comma | Token::Semicolon => group.separate(),
            // A new statement after a block.
            _ if after_block && (token.ends_operand() || token.starts_statement()) => group.separate(),
            _ if token.ends_operand() && !matches!(token, Token::PlusPlus | Token::MinusMinus) => {}
            _ => group.chain += 1,
        }
        let group = groups.last()?;
        if groups.len() > MAX_BRACKETS || group.chain + group.inner > MAX_DEPTH {
            return Some((*start, *end));
        }
        previous = Some(token);
    }
    None
}
