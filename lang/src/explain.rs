//! Syntax errors in our words: what was found, what could stand there, and the common mistakes by name.

use crate::diagnostic::Diagnostic;
use crate::lexer::Lexeme;
use crate::nesting::{MAX_BRACKETS, MAX_DEPTH};
use crate::source::{SourceId, Span};
use crate::token::Token;

mod habits;
mod mistakes;
mod words;

/// A token where the grammar has no use for it.
#[derive(Debug)]
pub(crate) struct Unexpected {
    /// Which of the item's tokens; one past the last for its end.
    pub(crate) index: usize,
    /// The grammar's names of what it could use.
    pub(crate) expected: Vec<String>,
}

/// A bracket that was never opened.
pub(crate) fn closes_nothing(span: Span, c: char) -> Diagnostic {
    Diagnostic::error("unexpected-token", span, format!("this `{c}` closes nothing"))
        .label("no bracket is open here")
        .help("remove it, or look above for a block that ended too early")
}

/// Nothing in the text.
pub(crate) fn empty(span: Span) -> Diagnostic {
    Diagnostic::error("empty-script", span, "the script holds no probe")
        .help("a first one: `begin { print(\"hello\"); }`")
}

/// Too many levels.
pub(crate) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error("too-deep", span, "this nests too deeply")
        .label(format!("more than {MAX_BRACKETS} brackets, or {MAX_DEPTH} operators in a row"))
        .help("split it with variables")
}

/// A syntax error.
pub(crate) fn unexpected(source: SourceId, tokens: &[Lexeme], what: &Unexpected) -> Diagnostic {
    let place = Place::new(source, tokens, what);
    if let Some(diagnostic) = habits::named(&place).or_else(|| mistakes::named(&place)) {
        return diagnostic;
    }
    let found = place.found.map_or_else(|| "the end of the script".to_owned(), words::describe);
    let expected = words::expected(&what.expected);
    let code = if place.found.is_some() { "unexpected-token" } else { "unexpected-end" };
    let message = match &expected {
        Some(expected) => format!("expected {expected}, found {found}"),
        None => format!("{found} cannot stand here"),
    };
    let mut diagnostic = Diagnostic::error(code, place.span, message);
    if let Some(expected) = &expected {
        diagnostic = diagnostic.label(format!("expected {expected}"));
    }
    if let Some(help) = instead(&place, &found, expected.as_deref()) {
        diagnostic = diagnostic.help(help);
    }
    match place.open {
        // On a closing bracket, or what would have ended the statement, the open one is the likely culprit.
        Some((bracket, span)) if place.closes_other(bracket) => {
            diagnostic.also(span, format!("this `{bracket}` is still open"))
        }
        _ => diagnostic,
    }
}

/// What to write, as far as the grammar tells.
fn instead(place: &Place, found: &str, expected: Option<&str>) -> Option<String> {
    let expected = expected?;
    if let Some((bracket, _)) = place.open.filter(|(bracket, _)| place.closes_other(*bracket)) {
        let close = if bracket == '(' { ')' } else { ']' };
        return place.wants(&close.to_string()).then(|| format!("close it with `{close}`"));
    }
    if expected.starts_with("an expression") {
        return Some(format!("a value is missing before {found}: a number, `$x`, `@m[key]`, `pid`, `f(x)`"));
    }
    if expected.starts_with("a statement") {
        return Some("statements are assignments, `$x = 1`, calls, `print($x)`, `if` and loops".to_owned());
    }
    if expected.contains(" or ") {
        return None;
    }
    Some(format!("write {expected} before {found}"))
}

/// An error's surroundings.
struct Place<'t, 's> {
    /// What was found; nothing at the end.
    found: Option<&'t Token<'s>>,
    /// Where it was found.
    span: Span,
    /// All before it.
    before: &'t [Lexeme<'s>],
    /// The innermost bracket that is open.
    open: Option<(char, Span)>,
    /// The grammar's names of what it could use.
    expected: &'t [String],
    source: SourceId,
}

impl<'t, 's> Place<'t, 's> {
    fn new(source: SourceId, tokens: &'t [Lexeme<'s>], what: &'t Unexpected) -> Self {
        let index = what.index.min(tokens.len());
        let (before, rest) = tokens.split_at(index);
        let end = tokens.last().map_or(0, |&(_, _, end)| end);
        let (start, end) = rest.first().map_or((end, end), |&(start, _, end)| (start, end));
        Self {
            found: rest.first().map(|(_, token, _)| token),
            span: Span::new(source, start, end),
            before,
            open: open_bracket(source, before),
            expected: &what.expected,
            source,
        }
    }

    /// The token `back` places before the error; 0 is the one right before it.
    fn previous(&self, back: usize) -> Option<&'t Token<'s>> {
        self.before.iter().rev().nth(back).map(|(_, token, _)| token)
    }

    fn previous_span(&self) -> Span {
        self.before.last().map_or(self.span, |&(start, _, end)| Span::new(self.source, start, end))
    }

    /// Right after the token before the error.
    fn gap(&self) -> Span {
        let end = self.before.last().map_or(self.span.start as usize, |&(_, _, end)| end);
        Span::new(self.source, end, end)
    }

    fn wants(&self, terminal: &str) -> bool {
        self.expected.iter().any(|expected| expected.trim_matches('"') == terminal)
    }

    fn closes_other(&self, bracket: char) -> bool {
        match self.found {
            None | Some(Token::Semicolon) => bracket != '{',
            Some(Token::CloseBrace | Token::OpenBrace) => bracket != '{',
            Some(Token::CloseParen) => bracket != '(',
            Some(Token::CloseBracket) => bracket != '[',
            _ => false,
        }
    }
}

fn open_bracket(source: SourceId, tokens: &[Lexeme]) -> Option<(char, Span)> {
    let mut open = Vec::new();
    for (start, token, end) in tokens {
        let bracket = match token {
            Token::OpenParen | Token::OpenType | Token::OpenConversion => '(',
            Token::OpenBracket => '[',
            Token::OpenBrace | Token::OpenValueBlock => '{',
            Token::CloseParen | Token::CloseCast | Token::CloseBracket | Token::CloseBrace => {
                open.pop();
                continue;
            }
            _ => continue,
        };
        open.push((bracket, Span::new(source, *start, *end)));
    }
    open.pop()
}
