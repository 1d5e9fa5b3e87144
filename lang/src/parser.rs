//! Tokens to tree. The only file that knows the parser generator.

use std::convert::Infallible;

use lalrpop_util::{ErrorRecovery, ParseError, lalrpop_mod};

use crate::ast::{Item, Script};
use crate::diagnostic::Diagnostic;
use crate::explain::{self, Unexpected};
use crate::lexer::{self, Lexed, Lexemes};
use crate::nesting;
use crate::shape::Shaper;
use crate::source::{SourceId, Span};
use crate::token::Token;

lalrpop_mod!(
    #[allow(
        clippy::all,
        clippy::pedantic,
        missing_docs,
        unreachable_pub,
        unused,
        clippy::allow_attributes_without_reason,
        clippy::unwrap_used,
        reason = "generated code"
    )]
    grammar
);

/// Something that the grammar went past.
pub(crate) type Recovery<'s> = ErrorRecovery<usize, Token<'s>, Infallible>;

/// How many mistakes are worth showing at once.
const MAX_ERRORS: usize = 50;

/// What came of a text.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// What could be understood; all of it if no diagnostic is an error.
    pub script: Script,
    /// What was wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses the text of `source`.
pub fn parse(source: SourceId, text: &str) -> Parsed {
    if u32::try_from(text.len()).is_err() {
        let start = Span::new(source, 0, 0);
        let diagnostic = Diagnostic::error("script-too-large", start, "a script cannot be larger than 4 GiB");
        return Parsed { script: Script::default(), diagnostics: vec![diagnostic] };
    }
    tree(source, lexer::lex(source, text))
}

/// Parses tokens.
pub(crate) fn tree(source: SourceId, lexed: Lexed<'_>) -> Parsed {
    let mut diagnostics = lexed.diagnostics;
    let mut items = Vec::new();
    let parser = grammar::ItemParser::new();
    let nothing = lexed.items.is_empty();
    for lexemes in lexed.items {
        if let Some((start, end)) = nesting::too_deep(&lexemes.tokens) {
            diagnostics.push(explain::too_deep(Span::new(source, start, end)));
            continue;
        }
        items.extend(item(&parser, source, &lexemes, &mut diagnostics));
    }
    if nothing && diagnostics.is_empty() {
        diagnostics.push(explain::empty(Span::new(source, 0, 0)));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span.start);
    diagnostics.dedup_by(|a, b| a.code == b.code && a.primary.span == b.primary.span);
    diagnostics.truncate(MAX_ERRORS);
    Parsed { script: Script { items }, diagnostics }
}

fn item(
    parser: &grammar::ItemParser,
    source: SourceId,
    lexemes: &Lexemes,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Item> {
    let shaper = Shaper::new(source);
    let mut recovered = Vec::new();
    let result = parser.parse(&shaper, &mut recovered, lexemes.tokens.iter().cloned());
    let mut errors: Vec<_> = recovered.into_iter().map(|recovery| recovery.error).collect();
    let item = match result {
        Ok(item) => item,
        Err(error) => {
            // What is left over after a recovery says more of the recovery than of the script.
            if errors.is_empty() {
                errors.push(error);
            }
            None
        }
    };
    // The same: where nothing at all would fit, an earlier error has been gone past too far.
    let mut first = true;
    errors.retain(|error| std::mem::take(&mut first) || wants_something(error));
    errors.truncate(MAX_ERRORS.saturating_sub(diagnostics.len()));
    let mut last: Option<(usize, &'static str)> = None;
    for unexpected in errors.into_iter().filter_map(|error| unexpected(error, lexemes)) {
        if is_behind_no_token(lexemes, unexpected.index, diagnostics) {
            continue;
        }
        if last.is_some_and(|(from, code)| !starts_anew(lexemes, from, unexpected.index, code)) {
            continue;
        }
        let mut diagnostic = explain::unexpected(source, &lexemes.tokens, &unexpected);
        if last.is_some() {
            // A bracket that the first error left open.
            diagnostic.secondary.clear();
        }
        last = Some((unexpected.index, diagnostic.code));
        diagnostics.push(diagnostic);
    }
    diagnostics.extend(shaper.into_diagnostics());
    item
}

/// Whether what is right before this token has been reported as no token at all.
fn is_behind_no_token(lexemes: &Lexemes, index: usize, reported: &[Diagnostic]) -> bool {
    let start = lexemes.tokens.get(index).map_or(u32::MAX, |(start, _, _)| *start as u32);
    let before =
        index.checked_sub(1).and_then(|i| lexemes.tokens.get(i)).map_or(0, |(_, _, end)| *end as u32);
    let between = |span: Span| before <= span.start && span.end <= start;
    reported.iter().any(|d| d.code == "unknown-character" && between(d.primary.span))
}

/// Whether what is wrong at `to` is a mistake of its own: a statement ended since the one at `from`.
fn starts_anew(lexemes: &Lexemes, from: usize, to: usize, code: &str) -> bool {
    let between = lexemes.tokens.get(from..to).unwrap_or_default();
    // The `;` of a C loop end no statement.
    let ends = |token: &Token| match token {
        Token::OpenBrace | Token::CloseBrace => true,
        Token::Semicolon => code != "c-style-for",
        _ => false,
    };
    between.iter().any(|(_, token, _)| ends(token))
}

fn wants_something(error: &ParseError<usize, Token, Infallible>) -> bool {
    matches!(error,
        ParseError::UnrecognizedToken { expected, .. } | ParseError::UnrecognizedEof { expected, .. } if !expected.is_empty())
}

/// What was found where; nothing if it has been reported as an open bracket.
fn unexpected(error: ParseError<usize, Token, Infallible>, lexemes: &Lexemes) -> Option<Unexpected> {
    let (start, expected) = match error {
        ParseError::UnrecognizedToken { token: (start, _, _), expected } => (start, expected),
        ParseError::ExtraToken { token: (start, _, _) } => (start, Vec::new()),
        ParseError::UnrecognizedEof { expected, .. } => {
            return lexemes.cut.is_none().then_some(Unexpected { index: lexemes.tokens.len(), expected });
        }
        ParseError::InvalidToken { location } => (location, Vec::new()),
        ParseError::User { error } => match error {},
    };
    if lexemes.cut.is_some_and(|cut| start >= cut) {
        return None;
    }
    // Of tokens without a width, the last starts where the next does.
    let index = lexemes.tokens.partition_point(|&(_, _, end)| end <= start);
    Some(Unexpected { index, expected })
}
