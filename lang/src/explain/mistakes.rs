//! The mistakes that have a name: habits from C, Go and the shell, and what is easily forgotten.

use super::{Place, words};
use crate::diagnostic::Diagnostic;
use crate::token::Token;

/// The mistake at this place, if it is a known one.
pub(super) fn named(place: &Place) -> Option<Diagnostic> {
    outside(place).or_else(|| statement(place)).or_else(|| expression(place)).or_else(|| separator(place))
}

fn error(place: &Place, code: &'static str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, place.span, message)
}

/// Around attach points and predicates.
fn outside(place: &Place) -> Option<Diagnostic> {
    let last_point = place.before.iter().rev().find_map(|(_, token, _)| match token {
        Token::AttachPoint(text) => Some(*text),
        _ => None,
    });
    Some(match (place.previous(0), place.found) {
        (None, Some(Token::OpenBrace)) => {
            error(place, "missing-attach-point", "a block without an attach point")
                .label("when should this run?")
                .help("write where it fires before the block: `go:main.handle { ... }`, or `begin { ... }`")
        }
        (None | Some(Token::Comma), Some(Token::PredicateOpen)) => {
            error(place, "missing-attach-point", "a predicate without an attach point")
                .label("an attach point is missing before it")
                .help("write `go:main.handle /condition/ { ... }`")
        }
        (Some(Token::AttachPoint(_)), found)
            if !matches!(found, Some(Token::OpenBrace))
                && last_point.is_some_and(|text| text.contains('(') && !text.contains(':')) =>
        {
            Diagnostic::error(
                "statement-outside-probe",
                place.previous_span(),
                "a statement stands outside of any probe",
            )
            .label("when would this run?")
            .help("put it into a probe's block; `begin { ... }` runs once, before all others")
        }
        (Some(Token::AttachPoint(_)), Some(Token::AttachPoint(_))) => error(
            place,
            "unexpected-token",
            format!(
                "two attach points without a comma, or no block: expected `{{`, found {}",
                place.found.map(words::describe)?
            ),
        )
        .label("expected `,`, `/predicate/` or `{`")
        .help("attach points that share a block stand with commas between: `go:main.f, go:main.g { ... }`"),
        (
            Some(Token::AttachPoint(_) | Token::PredicateClose),
            None | Some(Token::Semicolon | Token::CloseBrace),
        ) if place.wants("{") => Diagnostic::error("missing-block", place.gap(), "a probe has no block")
            .label("`{ ... }` is missing here")
            .help("say what to do when it fires: `{ @[gostack] = count(); }`"),
        (Some(Token::PredicateOpen), Some(Token::PredicateClose)) => {
            error(place, "empty-predicate", "the predicate is empty")
                .label("a condition is missing before this `/`")
                .help("write `/pid == 1/`, or leave both `/` away to run always")
        }
        _ => return None,
    })
}

/// Heads of statements and what follows them.
fn statement(place: &Place) -> Option<Diagnostic> {
    let found = place.found?;
    let head = |token: Option<&Token>| match token? {
        Token::If | Token::IfValue => Some("if"),
        Token::While => Some("while"),
        Token::For => Some("for"),
        Token::Unroll => Some("unroll"),
        _ => None,
    };
    if let Some(word) = head(place.previous(0))
        && *found != Token::OpenParen
    {
        let shape = if word == "for" {
            "for ($i : 0..10) { ... }` or `for ($kv : @map) { ... }".to_owned()
        } else {
            format!("{word} (...) {{ ... }}")
        };
        return Some(
            error(place, "missing-parentheses", format!("`{word}` needs parentheses"))
                .label("expected `(`")
                .help(format!("write `{shape}`")),
        );
    }
    Some(match (place.previous(0), found) {
        (_, Token::Else) => error(place, "else-without-if", "`else` without an `if` before it")
            .label("belongs to no `if`")
            .help("`else` follows the `}` of an `if`: `if (a) { ... } else { ... }`"),
        (Some(Token::Else), _) => error(place, "missing-brace", "`else` needs a block")
            .label("expected `{` or `if`")
            .help("write `else { ... }`; braces are needed also around one statement"),
        (Some(Token::CloseParen), _) if place.wants("{") && place.expected.len() <= 2 => {
            error(place, "missing-brace", "a block is missing")
                .label("expected `{`")
                .help("braces are needed also around one statement: `if (a) { b(); }`")
        }
        (Some(Token::CloseParen), Token::OpenBrace) if else_if_word(place) => {
            error(place, "else-without-if", "`else if` is two words")
                .label("a block after what reads as a call")
                .help("write `else if (...) { ... }`")
        }
        (Some(Token::OpenParen), _) if head(place.previous(1)) == Some("for") => c_loop(place),
        (Some(Token::Var(_)), Token::Eq | Token::ColonEq)
            if place.previous(1) == Some(&Token::OpenParen) && head(place.previous(2)) == Some("for") =>
        {
            c_loop(place)
        }
        (Some(Token::Let), Token::Ident(name)) => {
            error(place, "missing-sigil", "a variable's name starts with `$`")
                .label("expected a variable")
                .help(format!("write `let ${name}`"))
        }
        (Some(Token::Let), Token::Map(name) | Token::KeyedMap(name)) => {
            error(place, "misplaced-map-declaration", "a map is declared outside of probes")
                .label("not in a block")
                .help(format!("write `let @{name} = hash(1024);` at the top of the script, or use `@{name}` without declaring it"))
        }
        (_, Token::ColonEq) => error(place, "go-assignment", "`:=` is Go's, here it is `=`")
            .label("expected `=`")
            .help("`$x = 1` makes the variable where it is first assigned"),
        _ => return None,
    })
}

/// Whether another language's `else if` is near.
fn else_if_word(place: &Place) -> bool {
    let mut near = place.before.iter().rev().take(64);
    near.any(|(_, token, _)| matches!(token, Token::Ident("elif" | "elsif" | "elseif")))
}

fn c_loop(place: &Place) -> Diagnostic {
    error(place, "c-style-for", "`for` goes over a range or a map")
        .label("expected `$variable : what`")
        .help("write `for ($i : 0..10) { ... }` or `for ($kv : @map) { ... }`")
}

/// Inside of expressions.
fn expression(place: &Place) -> Option<Diagnostic> {
    let found = place.found?;
    let operand = place.previous(0).is_some_and(Token::ends_operand);
    Some(match (place.previous(0), found) {
        (_, Token::Eq) if operand && !place.wants("=") => {
            let diagnostic =
                error(place, "assignment-in-expression", "`=` assigns, and cannot stand in an expression")
                    .label("not a comparison");
            diagnostic.help("to compare, write `==`; to assign, write a statement of its own")
        }
        (Some(Token::Eq | Token::EqEq | Token::NotEq), Token::Eq | Token::EqEq) => {
            error(place, "unknown-operator", "there is no such operator")
                .label("one `=` too many")
                .help("values are compared with `==` and `!=`")
        }
        (Some(Token::OpenBracket), Token::CloseBracket) => {
            let map = matches!(place.previous(1), Some(Token::KeyedMap(_)));
            error(place, "empty-key", if map { "the map's key is missing" } else { "the index is missing" })
                .label("expected an expression")
                .help(if map {
                    "write `@m[key]`, or `@m` for a map without keys"
                } else {
                    "write which element: `x[0]`"
                })
        }
        (_, Token::Ident(word @ ("and" | "or" | "not" | "eq" | "ne"))) if operand => {
            let sign = match *word {
                "and" => "&&",
                "or" => "||",
                "eq" => "==",
                "ne" => "!=",
                _ => "!",
            };
            error(place, "unknown-operator", format!("there is no operator `{word}`"))
                .label("not an operator")
                .help(format!("write `{sign}`"))
        }
        (Some(Token::Ident(name)), Token::Str(_)) if place.wants("(") => {
            error(place, "missing-parentheses", format!("the arguments of `{name}` need parentheses"))
                .label("expected `(`")
                .help(format!("write `{name}(...)`"))
        }
        (Some(Token::Ident(_)), Token::OpenParen)
            if matches!(place.previous(1), Some(Token::Dot | Token::Arrow)) =>
        {
            error(place, "not-callable", "only a plain name can be called")
                .label("a field is no function")
                .help("there are no methods: name what you want of the value, `x.NAME`, or show it whole, `print(x)`")
        }
        (_, Token::OpenParen) if operand => error(place, "not-callable", "only a plain name can be called")
            .label("what is before this is no function")
            .help("if this starts a new statement, a `;` is missing before it"),
        (_, Token::CloseBrace | Token::Else)
            if matches!(place.previous(0), Some(Token::CloseBrace)) && place.wants("else") =>
        {
            error(place, "if-without-else", "an `if` that gives a value needs an `else`")
                .label("expected `else`")
                .help("write `if (a) { 1 } else { 2 }`")
        }
        (Some(Token::CloseBrace), Token::Semicolon) if place.wants("else") => {
            error(place, "if-without-else", "an `if` that gives a value needs an `else`")
                .label("expected `else`")
                .help("write `if (a) { 1 } else { 2 }`")
        }
        _ => return None,
    })
}

/// Between statements, entries and arguments.
fn separator(place: &Place) -> Option<Diagnostic> {
    let operand = place.previous(0).is_some_and(Token::ends_operand);
    match place.found {
        None if place.wants(";") => Some(
            Diagnostic::error("missing-semicolon", place.gap(), "`;` is missing")
                .label("the declaration ends here")
                .help("declarations end with `;`"),
        ),
        Some(found)
            if operand
                && place.wants(";")
                && (found.starts_statement()
                    || found.ends_operand()
                        && *found != Token::CloseParen
                        && *found != Token::CloseBracket) =>
        {
            Some(
                Diagnostic::error("missing-semicolon", place.gap(), "`;` or an operator is missing")
                    .label(format!("nothing joins this and {}", words::describe(found)))
                    .help("statements are separated by `;`"),
            )
        }
        Some(found)
            if operand
                && place.wants(",")
                && (found.ends_operand() || found.starts_statement())
                && !matches!(found, Token::CloseParen | Token::CloseBracket | Token::CloseBrace) =>
        {
            Some(
                Diagnostic::error("missing-comma", place.gap(), "`,` or an operator is missing")
                    .label(format!("nothing joins this and {}", words::describe(found)))
                    .help("arguments, keys and parts of tuples are separated by `,`"),
            )
        }
        _ => None,
    }
}
