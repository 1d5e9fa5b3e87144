//! Habits from other languages, each with what is written here instead.

use super::Place;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::token::Token;

/// The habit at this place, if it is a known one.
pub(super) fn named(place: &Place) -> Option<Diagnostic> {
    outside(place).or_else(|| statement(place)).or_else(|| sign(place))
}

fn error(place: &Place, code: &'static str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, place.span, message)
}

/// Words that declare something elsewhere, and types that stand in front of a name.
fn declares(word: &str) -> bool {
    matches!(word, "var" | "const" | "local" | "my" | "auto" | "val" | "set") || is_type(word)
}

fn is_type(word: &str) -> bool {
    matches!(
        word,
        "int"
            | "uint"
            | "long"
            | "char"
            | "string"
            | "float"
            | "double"
            | "bool"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
    ) || word.starts_with("int") && word.ends_with(|c: char| c.is_ascii_digit())
        || word.starts_with("uint") && word.ends_with(|c: char| c.is_ascii_digit())
}

/// Where attach points stand.
fn outside(place: &Place) -> Option<Diagnostic> {
    let Some(Token::AttachPoint(before)) = place.previous(0) else { return None };
    let found = match place.found {
        Some(Token::AttachPoint(text)) => text,
        _ => "",
    };
    let at_before = |code, message: &str| Diagnostic::error(code, place.previous_span(), message);
    Some(match (*before, found) {
        (_, "if") => error(place, "unexpected-token", "a condition stands between slashes here")
            .label("no predicate")
            .help("write `go:main.f /pid == 1/ { ... }`, or put the `if` into the block"),
        (_, text) if text.starts_with("*/") => {
            error(place, "unterminated-comment", "this `*/` closes no comment")
                .label("the comment has ended before")
                .help("comments do not nest: remove the inner `/*` and `*/`")
        }
        ("import", _) => error(place, "unexpected-token", "what is imported stands in quotes")
            .label("no string")
            .help(format!("write `import \"{found}\";`")),
        ("func" | "function" | "def" | "fn" | "proc" | "void" | "int", _) => {
            at_before("unexpected-token", "functions are not declared like this")
                .label("no attach point")
                .help("what runs stands behind the place where it runs, `go:main.main { ... }`; what is used often is a `macro name(x) { ... }`")
        }
        ("return" | "print" | "printf" | "exit" | "var" | "if" | "for" | "while" | "$", _) => {
            at_before("statement-outside-probe", "a statement stands outside of any probe")
                .label("when would this run?")
                .help("put it into a probe's block; `begin { ... }` runs once, before all others")
        }
        (text, _) if text.ends_with(':') && place.found.is_some() => {
            at_before("unexpected-token", "a probe's block stands in braces")
                .label("nothing behind the colon")
                .help(format!("write `{} {{ ... }}`", text.trim_end_matches(':')))
        }
        _ if place.found == Some(&Token::Eq) => {
            error(place, "unexpected-token", "nothing stands between an attach point and its block")
                .label("no part of a probe")
                .help("write `go:main.f { ... }`")
        }
        _ => return None,
    })
}

/// Heads of statements.
fn statement(place: &Place) -> Option<Diagnostic> {
    let found = place.found?;
    let operand = |token: &Token| matches!(token, Token::Ident(_) | Token::Var(_));
    Some(match (place.previous(0), found) {
        (Some(Token::Let), Token::Ident(word)) if is_type(word) => {
            error(place, "unexpected-token", "a variable's type stands behind its name")
                .label("expected a variable")
                .help(format!("write `let $x: {word} = ...`"))
        }
        (Some(Token::Ident(word)), Token::Int(_) | Token::Str(_)) if is_type(word) => {
            Diagnostic::error("unexpected-token", place.previous_span(), "a cast has its type in parentheses")
                .label("a type")
                .help(format!("write `({word})x`"))
        }
        (Some(Token::Ident(word)), token) if declares(word) && operand(token) => {
            let (name, label) = match token {
                Token::Var(name) | Token::Ident(name) => (*name, format!("no need of `{word}`")),
                _ => return None,
            };
            Diagnostic::error(
                "missing-sigil",
                place.previous_span(),
                "variables are declared by `let`, or not at all",
            )
            .label(label)
            .help(format!("write `${name} = ...`; with a type, `let ${name}: int64 = ...`"))
        }
        (
            Some(Token::Ident(word @ ("defer" | "go" | "try" | "throw" | "raise" | "case" | "goto" | "del"))),
            token,
        ) if operand(token) => {
            let help = match *word {
                "defer" => "what happens on the way out is a probe of its own: `go:main.f:return { ... }`",
                "del" => "write `delete(@m[key])`",
                "case" => "write `if (...) { ... } else if (...) { ... }`",
                _ => "statements are assignments, calls, `if` and loops",
            };
            Diagnostic::error("unexpected-token", place.previous_span(), format!("there is no `{word}`"))
                .label("not a statement")
                .help(help)
        }
        (Some(Token::Ident("do" | "loop" | "repeat" | "forever")), Token::OpenBrace) => {
            Diagnostic::error("unexpected-token", place.previous_span(), "there is no such loop")
                .label("not a loop")
                .help("loops are `while (...) { ... }`, `for ($i : 0..10) { ... }` and `unroll (4) { ... }`")
        }
        (Some(Token::CloseParen), Token::OpenBrace) if head_of_block(place, &["switch", "match", "case"]) => {
            error(place, "unexpected-token", "there is no `switch`")
                .label("a block after what reads as a call")
                .help("write `if (...) { ... } else if (...) { ... }`")
        }
        (Some(Token::CloseParen), Token::Semicolon) if place.wants("{") && place.expected.len() <= 2 => {
            error(place, "missing-brace", "a block is missing")
                .label("expected `{`")
                .help("no `;` stands between the parentheses and the block")
        }
        (Some(Token::CloseParen), _) if starts_with(place, &Token::Macro) && place.wants("{") => {
            Diagnostic::error("missing-brace", place.gap(), "a macro's body is missing")
                .label("expected `{`")
                .help("write `macro name(x) { x + 1 }`")
        }
        (Some(Token::Map(name)), Token::OpenBrace | Token::OpenValueBlock) => {
            error(place, "unexpected-token", "a key stands in brackets")
                .label("expected `[`")
                .help(format!("write `@{name}[key]`"))
        }
        (Some(Token::Map("")), Token::Ident(name)) => Diagnostic::error(
            "unexpected-token",
            place.previous_span(),
            "`@` and the map's name stand together",
        )
        .label("a map without a name")
        .help(format!("write `@{name}`")),
        (Some(Token::Comma), Token::OpenBrace)
            if matches!(place.previous(1), Some(Token::AttachPoint(_))) =>
        {
            Diagnostic::error("unexpected-token", place.previous_span(), "an attach point is missing")
                .label("nothing follows")
                .help("remove the `,`, or write another attach point behind it")
        }
        (Some(Token::Var(_)), _) if starts_with(place, &Token::Fn) && place.wants(":") => {
            error(place, "unexpected-token", "a parameter's type is missing")
                .label("expected `:`")
                .help("write `fn name($a: int64): int64 { ... }`")
        }
        _ => return None,
    })
}

/// Signs inside of expressions and lists.
fn sign(place: &Place) -> Option<Diagnostic> {
    use Token::{Amp, Caret, Dot, DotDot, Eq, Minus, Percent, Pipe, Plus, Question, Slash, Star};
    let found = place.found?;
    Some(match (place.previous(0), found) {
        (Some(Plus | Minus | Star | Slash | Percent | Amp | Pipe | Caret), Eq) => {
            let both = Span { start: place.previous_span().start, ..place.span };
            Diagnostic::error("unknown-operator", both, "the two signs stand together")
                .label("one operator")
                .help("write `+=`, `-=` and the like without a space")
        }
        (Some(Question), Question) => error(place, "unknown-operator", "there is no such operator")
            .label("one `?` too many")
            .help("`a ?: b` is `b` where `a` is 0"),
        (Some(DotDot), Dot) => error(place, "unknown-operator", "there is no such operator")
            .label("one `.` too many")
            .help("a range has two dots, and its end is not reached: `0..10`"),
        (_, Token::Ident("to" | "until")) if place.wants("..") => {
            error(place, "unknown-operator", "there is no such operator")
                .label("not an operator")
                .help("a range has two dots, and its end is not reached: `0..10`")
        }
        (Some(Token::Ident(_)), Token::OpenParen)
            if place.previous(1) == Some(&Dot)
                && matches!(place.previous(2), Some(Token::Ident("fmt" | "log" | "strings" | "os" | "time"))) =>
        {
            Diagnostic::error("not-callable", place.previous_span(), "functions of Go's packages can't be called")
                .label("Go's")
                .help("a script has its own, which `gprobe doc` lists: `print(x)`, `printf(\"%v\\n\", x)`, `strcontains(a, b)`")
        }
        (Some(Slash), Slash) if place.before.iter().any(|(_, token, _)| *token == Token::PredicateOpen) => {
            error(place, "unexpected-token", "a probe has one predicate")
                .label("a second one")
                .help("join them: `/pid == 1 && tid == 1/`")
        }
        (Some(Token::Ident("not")), _) => {
            Diagnostic::error("unknown-operator", place.previous_span(), "there is no operator `not`")
                .label("not an operator")
                .help("write `!`")
        }
        (_, Token::Colon) if place.wants("=") => error(place, "unexpected-token", "expected `=`, found `:`")
            .label("expected `=`")
            .help("values are given by `=`: `name = value`"),
        (_, Eq) if matches!(place.open, Some(('[', _))) => {
            let (_, opened) = place.open?;
            Diagnostic::error("unclosed-bracket", place.gap(), "`]` is missing")
                .label("the key ends here")
                .also(opened, "opened here")
                .help("write `@m[key] = ...`")
        }
        (_, Token::Semicolon | Token::CloseParen | Token::CloseBrace)
            if place.wants(":")
                && place.before.iter().rev().take(64).any(|(_, token, _)| *token == Question) =>
        {
            error(place, "unexpected-token", "the other side of `?` is missing")
                .label("expected `:`")
                .help("write `c ? a : b`; where there is nothing else, write `if (c) { ... }`")
        }
        (_, Percent | Token::Tilde) if place.wants("while") => {
            error(place, "missing-sigil", "this starts no statement")
                .label("not a name's sign")
                .help("variables start with `$`, maps with `@`")
        }
        _ => return None,
    })
}

fn starts_with(place: &Place, token: &Token) -> bool {
    place.before.first().is_some_and(|(_, first, _)| first == token)
}

/// Whether the parentheses that end here belong to one of these words.
fn head_of_block(place: &Place, words: &[&str]) -> bool {
    let mut depth = 0;
    for (index, (_, token, _)) in place.before.iter().enumerate().rev() {
        match token {
            Token::CloseParen | Token::CloseCast => depth += 1,
            Token::OpenParen | Token::OpenType | Token::OpenConversion => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let head = index.checked_sub(1).and_then(|i| place.before.get(i));
            return matches!(head, Some((_, Token::Ident(word), _)) if words.contains(word));
        }
    }
    false
}
