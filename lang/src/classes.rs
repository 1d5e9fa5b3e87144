//! What the parts of a text are, for colours and completion: as good as can be told of text that is still being typed.

use std::ops::Range;

use crate::input::is_script;
use crate::lexer;
use crate::source::SourceId;
use crate::token::Token;

/// What a part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// `go:main.work`
    AttachPoint,
    /// `if`, `let`, `import`
    Keyword,
    /// A builtin, a function, a field.
    Name,
    /// `@calls`
    Map,
    /// `$x`, `$1`
    Variable,
    /// A number.
    Number,
    /// A string.
    String,
    /// `// ...`
    Comment,
    /// A type in a cast.
    Type,
    /// Brackets, operators.
    Sign,
}

/// The parts of a text, in order, without the spaces between them.
pub fn classes(text: &str) -> Vec<(Range<usize>, Class)> {
    let source = SourceId(0);
    // What is to be evaluated is the body of a probe.
    let before = if is_script(text) { "" } else { "begin {" };
    let framed = format!("{before}{text}\n");
    let lexed = lexer::lex(source, &framed);
    let mut found: Vec<(Range<usize>, Class)> = Vec::new();
    let mut last = 0;
    for (start, token, end) in lexed.items.iter().flat_map(|item| &item.tokens) {
        let (Some(start), end) = (start.checked_sub(before.len()), end.saturating_sub(before.len())) else {
            continue;
        };
        let end = end.min(text.len());
        // Tokens that the lexer makes of what follows have no width, or one that comes once more.
        if start >= end || start < last {
            continue;
        }
        comments(text, last..start, &mut found);
        found.push((start..end, class(token)));
        last = end;
    }
    comments(text, last..text.len(), &mut found);
    found
}

/// The comments in a gap between tokens.
fn comments(text: &str, gap: Range<usize>, found: &mut Vec<(Range<usize>, Class)>) {
    let Some(between) = text.get(gap.clone()) else { return };
    let mut at = 0;
    while let Some(start) =
        between.get(at..).and_then(|rest| rest.find("//").into_iter().chain(rest.find("/*")).min())
    {
        let start = at + start;
        let rest = between.get(start..).unwrap_or_default();
        let length = match rest.starts_with("//") {
            true => rest.find('\n'),
            false => rest.find("*/").map(|end| end + 2),
        };
        let end = start + length.unwrap_or(rest.len());
        found.push((gap.start + start..gap.start + end, Class::Comment));
        at = end;
    }
}

fn class(token: &Token<'_>) -> Class {
    match token {
        Token::AttachPoint(_) => Class::AttachPoint,
        Token::TypeName(_) => Class::Type,
        Token::KeyedMap(_) | Token::Map(_) => Class::Map,
        Token::Var(_) | Token::RawPositional(_) | Token::Positional(_) | Token::PositionalCount => {
            Class::Variable
        }
        Token::Int(_) | Token::RawNumber(_) | Token::TupleIndex(_) => Class::Number,
        Token::Str(_) | Token::RawString(_) => Class::String,
        Token::Comment => Class::Comment,
        Token::Ident(_) => Class::Name,
        Token::Config
        | Token::Import
        | Token::Macro
        | Token::Fn
        | Token::Provider
        | Token::Struct
        | Token::Union
        | Token::Enum
        | Token::IfValue
        | Token::Break
        | Token::Comptime
        | Token::Continue
        | Token::Else
        | Token::False
        | Token::For
        | Token::If
        | Token::Let
        | Token::OffsetOf
        | Token::Return
        | Token::SizeOf
        | Token::True
        | Token::TypeInfo
        | Token::TypeOf
        | Token::Unroll
        | Token::While => Class::Keyword,
        _ => Class::Sign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(&str, Class)> {
        classes(text).into_iter().map(|(range, class)| (&text[range], class)).collect()
    }

    #[test]
    fn parts_are_told_apart() {
        use Class::*;
        assert_eq!(
            shown("go:main.f /goid == 1/ { @x[\"a\"] = $y; } // said"),
            [
                ("go:main.f", AttachPoint),
                ("/", Sign),
                ("goid", Name),
                ("==", Sign),
                ("1", Number),
                ("/", Sign),
                ("{", Sign),
                ("@x", Map),
                ("[", Sign),
                ("\"a\"", String),
                ("]", Sign),
                ("=", Sign),
                ("$y", Variable),
                (";", Sign),
                ("}", Sign),
                ("// said", Comment),
            ]
        );
        assert_eq!(
            shown("len(@x) + 2"),
            [("len", Name), ("(", Sign), ("@x", Map), (")", Sign), ("+", Sign), ("2", Number)]
        );
    }

    #[test]
    fn what_is_not_finished_is_no_panic_and_loses_nothing() {
        for text in ["go:main.f {", "\"open", "f(", "/* a", "@", "$", "begin { if (", "é\"", "go:"] {
            let mut last = 0;
            for (range, _) in classes(text) {
                assert!(
                    range.start >= last && range.end <= text.len() && text.get(range.clone()).is_some(),
                    "{text}"
                );
                last = range.end;
            }
        }
    }
}
