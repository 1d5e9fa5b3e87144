//! Syntax errors in our words.

use crate::diagnostic::Diagnostic;
use crate::lexer::Lexeme;
use crate::nesting::{MAX_BRACKETS, MAX_DEPTH};
use crate::source::{SourceId, Span};

/// A token where the grammar has no use for it.
#[derive(Debug)]
pub(crate) struct Unexpected {
    /// Which of the item's tokens; one past the last for its end.
    pub(crate) index: usize,
    /// The grammar's names of what it could use.
    pub(crate) expected: Vec<String>,
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
    let end = tokens.last().map_or(0, |&(_, _, end)| end);
    let (start, end) = tokens.get(what.index).map_or((end, end), |&(start, _, end)| (start, end));
    Diagnostic::error(
        "syntax",
        Span::new(source, start, end),
        format!("unexpected, wanted {:?}", what.expected),
    )
}
