//! What is typed at a prompt: a script, or something to be evaluated at once; and whether it wants another line.

use crate::diagnostic::Diagnostic;
use crate::explain;
use crate::lexer;
use crate::parser::{Parsed, parse, tree};
use crate::source::{SourceId, Span};

/// What was typed.
#[derive(Clone, Debug)]
pub enum Input {
    /// Probes and what may stand beside them.
    Script(Parsed),
    /// Statements, the body of a probe that is to be run once. Spans are those of what was typed.
    Now(Parsed),
}

/// Words that begin an item of a script where they stand first.
const ITEMS: [&str; 8] = ["config", "import", "macro", "struct", "union", "enum", "fn", "probe"];

/// Parses what was typed as a script, where it begins as one, or else as the body of a probe on `probe`: `begin`,
/// `iter:process`.
pub fn parse_input(source: SourceId, text: &str, probe: &str) -> Input {
    if is_script(text) {
        return Input::Script(parse(source, text));
    }
    let before = format!("{probe} {{");
    let framed = format!("{before}{text}\n}}");
    let shift = |at: usize| at.saturating_sub(before.len()).min(text.len());
    let moved = |span: Span| Span::new(source, shift(span.start as usize), shift(span.end as usize));
    let mut lexed = lexer::lex(source, &framed);
    for diagnostic in &mut lexed.diagnostics {
        diagnostic.primary.span = moved(diagnostic.primary.span);
        diagnostic.secondary.iter_mut().for_each(|label| label.span = moved(label.span));
    }
    // Whatever stands behind a brace that closes the frame is a mistake of that brace.
    let beyond = lexed.items.get(1).and_then(|item| item.tokens.first()).map(|(start, ..)| shift(*start));
    lexed.items.truncate(1);
    for item in &mut lexed.items {
        item.tokens.iter_mut().for_each(|(start, _, end)| (*start, *end) = (shift(*start), shift(*end)));
        item.cut = item.cut.map(shift);
    }
    let mut parsed = tree(source, lexed);
    if let Some(at) = beyond {
        let brace = text.get(..at).and_then(|text| text.rfind('}')).unwrap_or(at);
        let span = Span::new(source, brace, (brace + 1).min(text.len()));
        parsed.diagnostics.push(explain::closes_nothing(span, '}'));
    }
    Input::Now(parsed)
}

/// Whether a text begins as a script does, and is not to be evaluated.
pub fn is_script(text: &str) -> bool {
    let text = behind_comments(text);
    let word = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '*' | '?' | '.' | '-')));
    let (word, rest) = text.split_at(word.unwrap_or(text.len()));
    let after = rest.trim_start();
    match word {
        "" => text.starts_with('#'),
        "let" => after.starts_with('@'),
        "begin" | "BEGIN" | "end" | "END" => after.is_empty() || after.starts_with(['{', '/', ',']),
        "config" => after.starts_with('='),
        word if ITEMS.contains(&word) => {
            rest.starts_with(char::is_whitespace) || after.starts_with(['{', '"'])
        }
        // `name = kind:...`
        _ if after.starts_with('=') && !after.starts_with("==") => {
            let point = after.get(1..).unwrap_or_default().split('{').next().unwrap_or_default();
            is_script(point.trim_start()) && point.contains(':')
        }
        _ => rest.starts_with(':'),
    }
}

fn behind_comments(text: &str) -> &str {
    let text = text.trim_start();
    if let Some(comment) = text.strip_prefix("//") {
        return behind_comments(comment.find('\n').and_then(|end| comment.get(end..)).unwrap_or_default());
    }
    if let Some(comment) = text.strip_prefix("/*") {
        return behind_comments(
            comment.find("*/").and_then(|end| comment.get(end + 2..)).unwrap_or_default(),
        );
    }
    text
}

/// Whether what was typed is not all of it: further lines can make it whole, and it is not without them.
pub fn wants_more(text: &str) -> bool {
    let seen = Seen::of(text);
    if seen.comment || !seen.open.is_empty() {
        return true;
    }
    if seen.broken || seen.last.is_none() {
        return false;
    }
    if is_script(text) {
        // A declaration ends with `;`, a probe with its block.
        return !matches!(seen.last, Some('}' | ';'));
    }
    let code = seen.code.trim_end();
    let steps = code.ends_with("++") || code.ends_with("--");
    !steps && code.ends_with(['+', '-', '*', '/', '%', '&', '|', '^', '<', '>', '=', ',', '?', '!', '~'])
}

/// What a glance at a text shows.
#[derive(Default)]
struct Seen {
    /// Brackets that are open.
    open: Vec<char>,
    /// A comment is.
    comment: bool,
    /// No further line can mend it.
    broken: bool,
    /// The last character that is neither space nor comment.
    last: Option<char>,
    /// The text without comments.
    code: String,
}

impl Seen {
    fn of(text: &str) -> Self {
        let mut seen = Self::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match (c, chars.peek()) {
                ('/', Some('/')) => {
                    chars.by_ref().take_while(|c| *c != '\n').for_each(drop);
                    seen.code.push('\n');
                    continue;
                }
                ('/', Some('*')) => {
                    chars.next();
                    let mut star = false;
                    seen.comment =
                        !chars.by_ref().any(|c| std::mem::replace(&mut star, c == '*') && c == '/');
                    continue;
                }
                ('"', _) => {
                    let mut escaped = false;
                    let closed = chars.by_ref().take_while(|c| *c != '\n').any(|c| {
                        let ends = c == '"' && !escaped;
                        escaped = c == '\\' && !escaped;
                        ends
                    });
                    seen.broken |= !closed;
                }
                ('(' | '[' | '{', _) => seen.open.push(c),
                (')' | ']' | '}', _) => {
                    let opened = matches!(
                        (seen.open.pop(), c),
                        (Some('('), ')') | (Some('['), ']') | (Some('{'), '}')
                    );
                    if !opened {
                        seen.open.clear();
                        seen.broken = true;
                        return seen;
                    }
                }
                _ => {}
            }
            seen.code.push(c);
            if !c.is_whitespace() {
                seen.last = Some(c);
            }
        }
        if seen.broken {
            seen.open.clear();
        }
        seen
    }
}

/// Errors of an input, for tests and callers that want no more.
impl Input {
    /// What was wrong, in the order of the text.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Script(parsed) | Self::Now(parsed) => &parsed.diagnostics,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{Item, StmtKind};

    #[test]
    fn scripts_are_told_from_what_is_to_be_evaluated() {
        let scripts = [
            "go:main.f { }",
            "begin { }",
            "END /1/ {}",
            "let @x = hash(1);",
            "config = { a = 1 }",
            "import \"x\";",
            "macro m($x) { }",
            "struct s { int a; };",
            "probe a:b = go:main.f { }",
            "// said\ngo:main.f {}",
            "tracepoint:sched:* { }",
            "name = interval:1s { }",
            "goroutine:park /1/ { }",
            "#include <a>",
            "i:ms:1 { }",
        ];
        for text in scripts {
            assert!(is_script(text), "{text}");
        }
        let others = [
            "1 + 2",
            "@x",
            "@x = 5",
            "$a = 1",
            "let $x = 1",
            "sched.nmidle",
            "len(@x)",
            "(a, b)",
            "main.config.Name",
            "x == 1 ? 2 : 3",
            "if (1) { }",
            "begin",
            "print(@x)",
            "\"a\"",
            "structs.x",
            "",
            "a = b",
            "-1",
            "!x",
        ];
        for text in others.into_iter().filter(|text| *text != "begin") {
            assert!(!is_script(text), "{text}");
        }
    }

    #[test]
    fn what_can_be_mended_wants_more() {
        for text in [
            "go:main.f",
            "go:main.f {",
            "go:main.f /goid == 1/",
            "begin { print(\"a\");",
            "1 +",
            "f(",
            "@x[1,",
            "/* a",
            "begin { // }",
            "a ==",
            "go:a, // said",
            "let @x = hash(1)",
            "go:net/http.(*conn).serve",
        ] {
            assert!(wants_more(text), "{text}");
        }
        for text in [
            "1",
            "1 + 2",
            "@x",
            "@x++",
            "go:main.f { }",
            "\"open",
            "f(]",
            "}",
            "",
            "// said",
            "begin { \"a }",
            "let @x = hash(1);",
            "print(@x);",
            "begin { } /* x */",
            "@x--",
            "f(\"(\")",
        ] {
            assert!(!wants_more(text), "{text}");
        }
    }

    fn now(text: &str) -> Parsed {
        match parse_input(SourceId(3), text, "iter:process") {
            Input::Now(parsed) => parsed,
            Input::Script(_) => panic!("{text} is no script"),
        }
    }

    #[test]
    fn spans_are_those_of_what_was_typed() {
        let parsed = now("@x + 12");
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        let [Item::Probe(probe)] = parsed.script.items.as_slice() else { panic!("{:?}", parsed.script) };
        let [stmt] = probe.body.stmts.as_slice() else { panic!("{probe:?}") };
        assert!(
            matches!(&stmt.kind, StmtKind::Expr(expr) if (expr.span.start, expr.span.end) == (0, 7)),
            "{stmt:?}"
        );
        assert_eq!(probe.points[0].text.value, "iter:process");
    }

    #[test]
    fn mistakes_are_shown_where_they_were_typed() {
        let at = |text: &str| {
            let parsed = now(text);
            let first = parsed.diagnostics.first().unwrap_or_else(|| panic!("{text} is wrong"));
            (first.code, first.primary.span.start)
        };
        assert_eq!(at("1 } 2").1, 2);
        assert_eq!(at("1 + ) 2").1, 4);
        assert_eq!(at("foo(1, 2").1, 8);
        assert_eq!(at("\"open").1, 0);
        assert_eq!(at("1 + ~").1, 5);
    }
}
