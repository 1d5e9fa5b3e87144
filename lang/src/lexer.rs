//! Text to tokens, one run of tokens for each top-level item.
//!
//! The lexer has two modes, because an attach point is no expression: in `go:net/http.(*conn).serve` the
//! slash, the parentheses and the star belong to a name, in an action they are operators. Attach-point mode
//! (here) holds from the start of an item until its predicate or block; it also decides which kind of item
//! it is, so that the grammar needs no reserved words such as `config` or `fn`. Action mode (`action`) holds
//! inside predicates, blocks and declarations.
//!
//! The lexer alone decides what the grammar could only decide by looking far ahead: whether `(` begins a
//! type (`types`), whether `/` ends a predicate, whether `{` and `if` are values. Each is a token of its own
//! then, and the grammar stays free of conflicts.
//!
//! Every item is parsed by itself, so an error in one never hides those of the next.

mod action;
#[cfg(test)]
mod tests;
mod trivia;
mod types;

use crate::diagnostic::Diagnostic;
use crate::explain;
use crate::source::{SourceId, Span};
use crate::token::Token;
use action::Until;

/// How far the closing bracket of an attach point is looked for.
const LONGEST_ATTACH_POINT: usize = 4096;

/// A token between its first byte and the one past its last.
pub(crate) type Lexeme<'s> = (usize, Token<'s>, usize);

/// The tokens of one top-level item.
#[derive(Debug, Default)]
pub(crate) struct Lexemes<'s> {
    /// In order.
    pub(crate) tokens: Vec<Lexeme<'s>>,
    /// Where brackets had to be closed for the user, which has been reported.
    pub(crate) cut: Option<usize>,
}

/// All of a text.
#[derive(Debug, Default)]
pub(crate) struct Lexed<'s> {
    /// One for each item.
    pub(crate) items: Vec<Lexemes<'s>>,
    /// What was wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Splits `text` into items and tokens.
pub(crate) fn lex(source: SourceId, text: &str) -> Lexed<'_> {
    let mut lexer = Lexer {
        source,
        text,
        pos: 0,
        item: Lexemes::default(),
        separates: false,
        unclosed: 0,
        out: Lexed::default(),
    };
    lexer.script();
    lexer.out
}

struct Lexer<'s> {
    source: SourceId,
    text: &'s str,
    /// The next byte to read.
    pos: usize,
    /// The item at hand.
    item: Lexemes<'s>,
    /// Whether a new line separates entries, as in a config block.
    separates: bool,
    /// How far the closing bracket of an attach point has been looked for in vain.
    unclosed: usize,
    out: Lexed<'s>,
}

impl<'s> Lexer<'s> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.diagnostics.push(diagnostic);
    }

    fn rest(&self) -> &'s str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, start: usize, token: Token<'s>) {
        self.item.tokens.push((start, token, self.pos));
    }

    fn push_char(&mut self, c: char, token: Token<'s>) {
        let start = self.pos;
        self.pos += c.len_utf8();
        self.push(start, token);
    }

    fn script(&mut self) {
        if let Some(rest) = self.text.strip_prefix("#!") {
            self.pos = 2 + rest.find('\n').unwrap_or(rest.len());
        }
        loop {
            self.skip_trivia();
            let Some(c) = self.peek() else { break };
            match c {
                ';' => self.pos += 1,
                '}' | ')' | ']' => self.closes_nothing(c),
                '#' => self.preprocessor(),
                '@' => self.statement_outside(),
                '$' if !self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                    self.statement_outside()
                }
                _ => {
                    self.item();
                    let item = std::mem::take(&mut self.item);
                    self.out.items.push(item);
                }
            }
        }
    }

    /// Goes past white space and comments.
    fn skip_trivia(&mut self) {
        let (pos, unterminated) = trivia::skip_trivia(self.text, self.pos);
        self.pos = pos;
        if let Some(start) = unterminated {
            self.report(unterminated_comment(self.span(start, start + 2)));
        }
    }

    /// The word at `pos`, empty if there is none.
    fn word(&self) -> &'s str {
        let rest = self.rest();
        &rest[..trivia::word_length(rest)]
    }

    fn item(&mut self) {
        let start = self.pos;
        let word = self.word();
        let after = trivia::skip_space(self.text, start + word.len());
        let follows = self.text.get(after..).unwrap_or_default();
        let spaced = after > start + word.len();
        let named = follows.starts_with(|c: char| c == '_' || c.is_alphabetic());
        let declaration = match word {
            "config" if follows.starts_with('=') => Some((Token::Config, Until::Block)),
            "import" if follows.starts_with('"') => Some((Token::Import, Until::Semicolon)),
            "let" if spaced => Some((Token::Let, Until::Semicolon)),
            "macro" if spaced && named => Some((Token::Macro, Until::Block)),
            "fn" if spaced && named => Some((Token::Fn, Until::Block)),
            "struct" if spaced && named => Some((Token::Struct, Until::Declaration)),
            "union" if spaced && named => Some((Token::Union, Until::Declaration)),
            "enum" if spaced && named || follows.starts_with('{') => Some((Token::Enum, Until::Declaration)),
            _ => None,
        };
        self.separates = false;
        if let Some((token, until)) = declaration {
            self.separates = token == Token::Config;
            self.pos += word.len();
            self.push(start, token);
            self.action(until);
            if until == Until::Declaration {
                self.attributes();
            }
        } else if word == "probe" && spaced {
            self.separates = true;
            self.pos += word.len();
            self.push(start, Token::Provider);
            self.skip_trivia();
            self.attach_point(true);
            self.skip_trivia();
            if self.peek() == Some('=') {
                self.push_char('=', Token::Eq);
            }
            self.probe();
            self.alternatives();
        } else {
            if !word.is_empty() && follows.starts_with('=') && !follows.starts_with("==") {
                self.pos += word.len();
                self.push(start, Token::Ident(word));
                self.skip_trivia();
                self.push_char('=', Token::Eq);
            }
            self.probe();
        }
    }

    /// `else` and what stands behind it, in the definition of a provider's moment.
    fn alternatives(&mut self) {
        loop {
            let (start, _) = trivia::skip_trivia(self.text, self.pos);
            let rest = self.text.get(start..).unwrap_or_default();
            if rest.get(..trivia::word_length(rest)) != Some("else") {
                return;
            }
            self.skip_trivia();
            self.pos += "else".len();
            self.push(start, Token::Else);
            self.probe();
        }
    }

    /// `__attribute__((packed))` behind a struct; other attributes say nothing about its layout here.
    fn attributes(&mut self) {
        loop {
            let (start, _) = trivia::skip_trivia(self.text, self.pos);
            let Some(after) = self.text.get(start..).and_then(|rest| rest.strip_prefix("__attribute__"))
            else {
                return;
            };
            let (open, _) = trivia::skip_trivia(self.text, self.text.len() - after.len());
            let inner = self.text.get(open..).unwrap_or_default();
            let mut depth = 0usize;
            let close = inner.bytes().take(LONGEST_ATTACH_POINT).position(|byte| {
                match byte {
                    b'(' => depth += 1,
                    b')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0
            });
            let Some(close) = close.filter(|_| inner.starts_with('(')) else { return };
            self.pos = open + close + 1;
            if inner.get(..close).is_some_and(|inner| inner.contains("packed")) {
                self.push(start, Token::Packed);
            }
        }
    }

    /// Attach points, predicate and block.
    fn probe(&mut self) {
        loop {
            self.skip_trivia();
            match self.peek() {
                None => return,
                Some('{') => return self.action(Until::Block),
                Some('/') => self.predicate(),
                Some(c @ ',') => self.push_char(c, Token::Comma),
                Some(c @ '=') => self.push_char(c, Token::Eq),
                Some(c @ ';') => return self.push_char(c, Token::Semicolon),
                Some(c @ '}') => return self.push_char(c, Token::CloseBrace),
                Some(_) => self.attach_point(false),
            }
        }
    }

    fn predicate(&mut self) {
        self.push_char('/', Token::PredicateOpen);
        self.action(Until::PredicateClose);
    }

    /// One attach point: up to white space, `{` or `,` outside of quotes and brackets; the name of a
    /// provider's moment also ends at `=`.
    fn attach_point(&mut self, provider: bool) {
        let start = self.pos;
        let rest = self.rest();
        let ends = |c: char| matches!(c, '{' | ',' | ';' | '}') || c.is_whitespace() || provider && c == '=';
        let mut closers = Vec::new();
        let mut quoted = None;
        let mut escaped = false;
        let mut end = rest.len();
        // Behind a bracket that is not closed none can be trusted, nor is it worth a second message.
        let trusted = start >= self.unclosed;
        for (at, c) in rest.char_indices() {
            if c == '\n' || at > LONGEST_ATTACH_POINT {
                end = at;
                break;
            } else if quoted.is_some() {
                quoted = quoted.filter(|_| escaped || c != '"');
                escaped = c == '\\' && !escaped;
            } else if closers.is_empty() && ends(c) {
                end = at;
                break;
            } else if trusted {
                match c {
                    '"' => quoted = Some(at),
                    '(' => closers.push((')', at)),
                    '[' => closers.push((']', at)),
                    '{' => closers.push(('}', at)),
                    _ if closers.last().is_some_and(|&(closer, _)| closer == c) => _ = closers.pop(),
                    _ => {}
                }
            }
        }
        // The first: what stands behind it, be it a block's brace, only seems to be inside of it.
        let open = quoted.or(closers.first().map(|&(_, at)| at));
        if let Some(open) = open {
            self.unclosed = start + end;
            // What looks like the end is the end.
            end = rest.find(ends).unwrap_or(rest.len());
            let bracket = rest.get(open..).and_then(|rest| rest.chars().next()).unwrap_or('"');
            let at = start + open;
            let diagnostic = if bracket == '"' {
                unterminated_string(self.span(at, at + 1))
            } else {
                Diagnostic::error(
                    "unclosed-bracket",
                    self.span(at, at + 1),
                    format!("this `{bracket}` is not closed before its line ends"),
                )
                .label("opened here")
                .help("an attach point stands on one line; `*` stands for what you do not want to spell out")
            };
            self.report(diagnostic);
        }
        // What can start no attach point still has to be gone past.
        let end = if end == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { end };
        self.pos = start + end;
        self.push(start, Token::AttachPoint(&rest[..end]));
    }

    fn closes_nothing(&mut self, c: char) {
        let span = self.span(self.pos, self.pos + 1);
        self.pos += 1;
        self.report(explain::closes_nothing(span, c));
    }

    fn preprocessor(&mut self) {
        let line = self.rest();
        let line = line[..line.find('\n').unwrap_or(line.len())].trim_end();
        let span = self.span(self.pos, self.pos + line.len());
        self.pos += line.len();
        let diagnostic = Diagnostic::error("preprocessor", span, "gprobe has no C preprocessor");
        self.report(if line.starts_with("#include") {
            diagnostic
                .label("C headers are not read")
                .help("declare what you need: `struct point { int x; int y; };`; the target's own types need no declaration")
        } else if line.starts_with("#define") {
            diagnostic
                .label("not understood")
                .help("write `macro name(x) { x + 1 }` for a macro, `enum name { VALUE = 1 };` for a constant")
        } else {
            diagnostic.label("not understood").help("comments start with `//`")
        });
    }

    fn statement_outside(&mut self) {
        let line = self.rest();
        let line = &line[..line.find([';', '\n']).unwrap_or(line.len())];
        let line = line.trim_end();
        let span = self.span(self.pos, self.pos + line.len());
        self.pos += line.len();
        self.report(
            Diagnostic::error("statement-outside-probe", span, "a statement stands outside of any probe")
                .label("when would this run?")
                .help("put it into a probe's block; `begin { ... }` runs once, before all others"),
        );
    }
}

fn unterminated_comment(span: Span) -> Diagnostic {
    Diagnostic::error("unterminated-comment", span, "this comment is never closed")
        .label("starts here")
        .help("close it with `*/`; comments do not nest")
}

fn unterminated_string(span: Span) -> Diagnostic {
    Diagnostic::error("unterminated-string", span, "this string is not closed before its line ends")
        .label("starts here")
        .help("close it with `\"`; a new line in a string is written `\\n`")
}
