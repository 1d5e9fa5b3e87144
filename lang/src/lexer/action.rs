//! Action mode: what stands in predicates, blocks and declarations.

use logos::Logos;

use super::trivia;
use super::types::{self, ScannedType};
use super::{Lexer, unterminated_comment, unterminated_string};
use crate::diagnostic::Diagnostic;
use crate::literal::{self, NumberError};
use crate::token::{LexError, Token};

/// Where a run of tokens ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// With the brace that closes the first one.
    Block,
    /// As `Block`, with types of fields inside.
    Declaration,
    /// With a semicolon outside of brackets.
    Semicolon,
    /// With the `/` before a block.
    PredicateClose,
}

impl<'s> Lexer<'s> {
    /// Reads tokens until `until`, and closes what is still open then.
    pub(super) fn action(&mut self, until: Until) {
        let mut open: Vec<(char, usize)> = Vec::new();
        let mut ends = false;
        while !ends {
            let previous_end = self.item.tokens.last().map_or(self.pos, |(_, _, end)| *end);
            let before = self.pos;
            let Some((start, token, end)) = self.token() else { break };
            let new_line = self.text.get(previous_end..start).is_some_and(|gap| gap.contains('\n'));
            if open.is_empty() && until == Until::Semicolon && new_line && self.previous_ends_operand() {
                self.pos = before;
                return;
            }
            if new_line && until != Until::Declaration && self.is_attach_point(&token, end) {
                self.pos = before;
                return self.cut_at_next_probe(&open, start);
            }
            if until == Until::PredicateClose && self.unclosed_predicate(&token, start, &open) {
                self.pos = before;
                return;
            }
            self.separate(&token, start, new_line, &open);
            match token {
                Token::OpenParen => open.push((')', start)),
                Token::OpenBracket => open.push((']', start)),
                Token::OpenBrace => open.push(('}', start)),
                Token::CloseParen if self.closes_cast(&open) => {
                    open.pop();
                    self.push(start, Token::CloseCast);
                    continue;
                }
                Token::CloseParen | Token::CloseBracket => {
                    let closer = if token == Token::CloseParen { ')' } else { ']' };
                    if open.last().is_some_and(|&(expected, _)| expected == closer) {
                        open.pop();
                    }
                }
                Token::CloseBrace => {
                    // A brace ends what its block left open; the parser reports those.
                    while open.pop().is_some_and(|(expected, _)| expected != '}') {}
                    ends = open.is_empty() && until != Until::PredicateClose;
                }
                Token::Semicolon => ends = open.is_empty() && until != Until::PredicateClose,
                Token::Slash if until == Until::PredicateClose && self.at_block() => {
                    self.push(start, Token::PredicateClose);
                    return;
                }
                _ => {}
            }
            self.contextual(start, token, end, until, &open);
        }
        if !ends {
            self.cut_at_end(&open);
        }
    }

    /// The next token of the text as it is, errors reported and passed over.
    fn token(&mut self) -> Option<(usize, Token<'s>, usize)> {
        loop {
            let base = self.pos;
            let mut lex = Token::lexer(self.rest());
            let token = lex.next();
            let span = lex.span();
            let (start, end) = (base + span.start, base + span.end);
            self.pos = end;
            match token? {
                Ok(Token::Comment) => {}
                Ok(token) => return Some((start, token, end)),
                Err(error) => {
                    let other = (error == LexError::Unknown).then(|| trivia::other_string(self.text, start));
                    self.pos = other.flatten().unwrap_or(end);
                    self.no_token(error, start, self.pos);
                    if self.pos > end {
                        // It still stands for a value, so that nothing else is reported of it.
                        return Some((start, Token::Str(Vec::new()), self.pos));
                    }
                }
            }
        }
    }

    fn no_token(&mut self, error: LexError, start: usize, end: usize) {
        let span = self.span(start, end);
        let diagnostic = match error {
            LexError::UnterminatedComment => unterminated_comment(self.span(start, start + 2)),
            LexError::UnterminatedString => {
                // It still stands for a value, so that nothing else is reported of it.
                self.item.tokens.push((start, Token::Str(Vec::new()), end));
                // The quote that ends it on another line starts no second one.
                if self.item.cut.replace(self.item.cut.unwrap_or(start)).is_some() {
                    return;
                }
                unterminated_string(span)
            }
            LexError::Unknown => unknown(span, self.text.get(start..end).unwrap_or_default()),
        };
        self.report(diagnostic);
    }

    fn previous(&self) -> Option<&Token<'s>> {
        self.item.tokens.last().map(|(_, token, _)| token)
    }

    fn previous_ends_operand(&self) -> bool {
        self.previous().is_some_and(Token::ends_operand)
    }

    /// Whether a block, or nothing more, follows.
    fn at_block(&self) -> bool {
        let (next, _) = trivia::skip_trivia(self.text, self.pos);
        let rest = self.text.get(next..).unwrap_or_default();
        rest.is_empty() || rest.starts_with('{')
    }

    /// Whether a new attach point starts with `token` though a block is still open: `word:word` at the
    /// start of a line and after a whole statement, which no action can hold.
    fn is_attach_point(&self, token: &Token, end: usize) -> bool {
        use Token::{CloseBrace, OpenBrace, Semicolon};
        let rest = self.text.get(end..).unwrap_or_default();
        let mut chars = rest.chars();
        matches!(token, Token::Ident(_))
            && chars.next() == Some(':')
            && chars.next().is_some_and(|c| !c.is_whitespace() && c != '=')
            && self.previous().is_some_and(|previous| {
                matches!(previous, CloseBrace | OpenBrace | Semicolon) || previous.ends_operand()
            })
    }

    /// Reports a predicate that runs into the block, and closes it.
    fn unclosed_predicate(&mut self, token: &Token, start: usize, open: &[(char, usize)]) -> bool {
        let value_may_follow = || match self.previous() {
            Some(Token::CloseParen) => {
                self.item.tokens.iter().any(|(_, token, _)| matches!(token, Token::IfValue))
            }
            Some(previous) => !previous.ends_operand() && *previous != Token::CloseBrace,
            None => false,
        };
        if *token != Token::OpenBrace || !open.is_empty() || value_may_follow() {
            return false;
        }
        let slash = self
            .item
            .tokens
            .iter()
            .rfind(|(_, token, _)| *token == Token::PredicateOpen)
            .map_or((start, start), |&(start, _, end)| (start, end));
        let at = self.item.tokens.last().map_or(start, |(_, _, end)| *end);
        let diagnostic =
            Diagnostic::error("unclosed-predicate", self.span(at, at), "a predicate ends with `/`")
                .label("`/` is missing here")
                .also(self.span(slash.0, slash.1), "the predicate starts here")
                .help("write `/condition/ { ... }`");
        self.report(diagnostic);
        self.item.tokens.push((at, Token::PredicateClose, at));
        true
    }

    /// Puts the semicolon that a new line stands for: between entries without a word, between
    /// statements with one. Two values in a row mean nothing else.
    fn separate(&mut self, token: &Token<'s>, start: usize, new_line: bool, open: &[(char, usize)]) {
        let in_block = open.last().is_some_and(|&(closer, _)| closer == '}');
        if !in_block || !new_line || !self.previous_ends_operand() {
            return;
        }
        let starts = match token {
            Token::OpenType | Token::OpenValueBlock => false,
            Token::Ident(_) if self.separates => true,
            _ if self.separates => false,
            // A condition may stand on the line before its body's brace, a `return` before its value.
            token => token.starts_statement(),
        };
        if !starts || self.in_head() {
            return;
        }
        let at = self.item.tokens.last().map_or(start, |(_, _, end)| *end);
        if !self.separates {
            let diagnostic = Diagnostic::error("missing-semicolon", self.span(at, at), "`;` is missing")
                .label("a statement ends here")
                .also(self.span(start, self.pos), "the next one starts here")
                .help("only the last statement of a block may do without `;`");
            self.report(diagnostic);
        }
        self.item.tokens.push((at, Token::Semicolon, at));
    }

    /// Whether the `)` just read closes the head of an `if` or a loop, whose body was forgotten: the parser
    /// has better words for that.
    fn in_head(&self) -> bool {
        let mut depth = 0usize;
        let mut tokens = self.item.tokens.iter().rev().map(|(_, token, _)| token);
        if self.previous() != Some(&Token::CloseParen) {
            return false;
        }
        for token in tokens.by_ref() {
            match token {
                Token::CloseParen => depth += 1,
                Token::OpenParen | Token::OpenType => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        matches!(
            tokens.next(),
            Some(Token::If | Token::IfValue | Token::While | Token::For | Token::Unroll | Token::Comptime)
        )
    }

    /// Gives a token the meaning it has at its place, and pushes it.
    fn contextual(
        &mut self,
        start: usize,
        token: Token<'s>,
        end: usize,
        until: Until,
        open: &[(char, usize)],
    ) {
        let selects = matches!(self.previous(), Some(Token::Dot | Token::Arrow));
        let text = self.text.get(start..end).unwrap_or_default();
        let token = match token {
            _ if selects && is_word(text) => Token::Ident(text),
            Token::Tilde if selects => return self.result_name(start),
            Token::RawNumber(number) if selects => self.tuple_index(number, start, end),
            Token::RawNumber(number) => self.number(number, start, end),
            Token::RawString(string) => self.string(string, start),
            Token::RawPositional(text) => self.positional(text, start, end),
            Token::Map(name) if self.follows('[') => Token::KeyedMap(name),
            Token::Ident("_") => Token::Discard,
            Token::Ident("import") if self.follows('"') => Token::Import,
            Token::If if !self.at_statement() => Token::IfValue,
            Token::OpenBrace if self.at_value() => Token::OpenValueBlock,
            Token::OpenParen => match self.type_in_parens() {
                Some(scanned) => {
                    let goes = self.converts(&scanned);
                    self.push(start, if goes { Token::OpenConversion } else { Token::OpenType });
                    return self.push_type(scanned);
                }
                None if self.typeof_cast() => Token::OpenType,
                None => token,
            },
            Token::Colon if self.declares_type() => {
                self.push(start, token);
                return self.maybe_type();
            }
            _ => token,
        };
        let field = until == Until::Declaration
            && matches!(token, Token::OpenBrace | Token::Semicolon)
            && open.last().is_some_and(|(closer, _)| *closer == '}')
            && !matches!(self.item.tokens.first(), Some((_, Token::Enum, _)));
        self.push(start, token);
        if field && !self.inline_struct() {
            self.maybe_type();
        }
    }

    /// `struct {` and `union name {` where a field starts: the type is declared right there.
    fn inline_struct(&mut self) -> bool {
        let start = trivia::skip_space(self.text, self.pos);
        let rest = self.text.get(start..).unwrap_or_default();
        let (token, length) = match rest.get(..trivia::word_length(rest)) {
            Some("struct") => (Token::Struct, 6),
            Some("union") => (Token::Union, 5),
            _ => return false,
        };
        let name = trivia::skip_space(self.text, start + length);
        let rest = self.text.get(name..).unwrap_or_default();
        let word = trivia::word_length(rest);
        let brace = trivia::skip_space(self.text, name + word);
        if !self.text.get(brace..).is_some_and(|rest| rest.starts_with('{')) {
            return false;
        }
        self.item.tokens.push((start, token, start + length));
        if word > 0 {
            self.item.tokens.push((name, Token::Ident(&rest[..word]), name + word));
        }
        self.pos = name + word;
        true
    }

    fn push_type(&mut self, scanned: ScannedType<'s>) {
        self.item.tokens.extend(scanned.tokens);
        self.pos = scanned.end;
    }

    /// A type where only a type can stand; what is none is left to the parser.
    fn maybe_type(&mut self) {
        let start = trivia::skip_space(self.text, self.pos);
        if self.text.get(start..).unwrap_or_default().starts_with("typeof") {
            return;
        }
        if let Some(scanned) = types::scan(self.text, start) {
            self.push_type(scanned);
        }
    }

    /// Whether the `:` just read comes before a type: `let $x :`, `($a :`, `) :`.
    fn declares_type(&self) -> bool {
        let is_fn = matches!(self.item.tokens.first(), Some((_, Token::Fn, _)));
        let mut tokens = self.item.tokens.iter().rev().map(|(_, token, _)| token);
        match (tokens.next(), tokens.next()) {
            (Some(Token::Var(_)), Some(Token::Let)) => true,
            // Before the body, a function's `:` has no other use.
            _ => is_fn && !self.item.tokens.iter().take(256).any(|(_, token, _)| *token == Token::OpenBrace),
        }
    }

    fn follows(&self, c: char) -> bool {
        self.text.get(trivia::skip_space(self.text, self.pos)..).is_some_and(|rest| rest.starts_with(c))
    }

    /// Whether a statement may start here.
    fn at_statement(&self) -> bool {
        use Token::{CloseBrace, Else, OpenBrace, OpenValueBlock, Semicolon};
        self.previous().is_none_or(|previous| {
            matches!(previous, CloseBrace | Else | OpenBrace | OpenValueBlock | Semicolon)
                || previous.ends_operand()
        })
    }

    /// Whether a `{` here starts a value: something before it asks for one.
    fn at_value(&self) -> bool {
        use Token::*;
        !self.separates
            && self.previous().is_some_and(|previous| {
                !previous.ends_operand()
                    && !matches!(
                        previous,
                        CloseBrace
                            | Else
                            | OpenBrace
                            | OpenValueBlock
                            | Semicolon
                            | TypeName(_)
                            | Enum
                            | Struct
                            | Union
                            | Star
                            | AttachPoint(_)
                            | PredicateClose
                            | Config
                            | If
                            | IfValue
                            | While
                            | For
                            | Unroll
                    )
            })
    }

    /// The type after the `(` just read, if this is a cast or a question about a type.
    fn type_in_parens(&self) -> Option<ScannedType<'s>> {
        let previous = self.previous();
        let question =
            matches!(previous, Some(Token::SizeOf | Token::OffsetOf | Token::TypeOf | Token::TypeInfo));
        if !question && !self.cast_may_start() {
            return None;
        }
        let scanned = types::scan(self.text, self.pos)?;
        if matches!(
            scanned.name,
            "true" | "false" | "if" | "typeof" | "sizeof" | "offsetof" | "typeinfo" | "comptime"
        ) {
            return None;
        }
        let close = trivia::skip_space(self.text, scanned.end);
        let rest = self.text.get(close..)?;
        if previous == Some(&Token::OffsetOf) {
            return rest.starts_with(',').then_some(scanned);
        }
        let after = rest.strip_prefix(')')?;
        if question {
            return (scanned.sure || scanned.bare && scanned.name.contains('/')).then_some(scanned);
        }
        let operand = after.trim_start();
        let same_line = !after.get(..after.len() - operand.len())?.contains('\n');
        // `(x) -1` subtracts and `(int8) -1` casts; `(x) y` can only cast.
        let casts = match operand.chars().next()? {
            '(' => scanned.sure || same_line,
            '!' => (scanned.sure || same_line) && !operand.starts_with("!="),
            '$' | '@' | '"' | '~' | '_' => scanned.sure || same_line,
            c if c.is_alphanumeric() => scanned.sure || same_line,
            _ => scanned.sure,
        };
        casts.then_some(scanned)
    }

    /// Whether `(typeof(x))` just begun is a cast: something to cast follows.
    fn typeof_cast(&self) -> bool {
        let rest = self.rest();
        let Some(inner) = rest.trim_start().strip_prefix("typeof") else { return false };
        if !self.cast_may_start() {
            return false;
        }
        let mut depth = 0usize;
        let Some(close) = inner.bytes().take(256).position(|byte| {
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            byte == b')' && depth == 0
        }) else {
            return false;
        };
        let after = inner.get(close + 1..).unwrap_or_default().trim_start_matches([' ', '*']);
        after
            .strip_prefix(')')
            .and_then(|after| after.trim_start().chars().next())
            .is_some_and(|c| c.is_alphanumeric() || "$@\"_(~-*&".contains(c))
    }

    /// Whether a cast in parentheses is Go's conversion, `(*T)(x)`, rather than C's `(T)(x)`, which would
    /// take in what is selected behind it.
    fn converts(&self, scanned: &ScannedType) -> bool {
        let go = matches!(scanned.tokens.first(), Some((_, Token::Star, _)))
            || scanned.name.contains(['.', '/'])
            || scanned.name.starts_with('[');
        let after = self
            .text
            .get(trivia::skip_space(self.text, scanned.end)..)
            .and_then(|rest| rest.strip_prefix(')'));
        go && self.cast_may_start() && after.is_some_and(|rest| rest.trim_start().starts_with('('))
    }

    /// Whether the innermost open bracket began a cast.
    fn closes_cast(&self, open: &[(char, usize)]) -> bool {
        let Some(&(')', start)) = open.last() else { return false };
        let at = self.item.tokens.partition_point(|&(s, _, _)| s < start);
        let before = at.checked_sub(1).and_then(|at| self.item.tokens.get(at)).map(|(_, token, _)| token);
        matches!(self.item.tokens.get(at), Some((_, Token::OpenType, _)))
            && !matches!(before, Some(Token::SizeOf | Token::OffsetOf | Token::TypeOf | Token::TypeInfo))
    }

    fn cast_may_start(&self) -> bool {
        self.previous().is_none_or(|previous| {
            !previous.ends_operand()
                && !matches!(previous, Token::If | Token::IfValue | Token::While | Token::For | Token::Unroll)
                && !matches!(
                    previous,
                    Token::SizeOf
                        | Token::OffsetOf
                        | Token::TypeOf
                        | Token::TypeInfo
                        | Token::Macro
                        | Token::Fn
                )
        })
    }

    /// `~r0`: how Go's DWARF names a result that has no name.
    fn result_name(&mut self, start: usize) {
        let word = self.word();
        self.pos += word.len();
        let text = self.text.get(start..self.pos).unwrap_or_default();
        self.push(start, if word.is_empty() { Token::Tilde } else { Token::Ident(text) });
    }

    fn tuple_index(&mut self, number: &'s str, start: usize, end: usize) -> Token<'s> {
        match number.parse() {
            Ok(index) => Token::TupleIndex(index),
            Err(_) => {
                let span = self.span(start, end);
                self.report(
                    Diagnostic::error(
                        "invalid-number",
                        span,
                        format!("`{number}` is no position in a tuple"),
                    )
                    .label("expected a plain number, such as `.0`"),
                );
                Token::TupleIndex(0)
            }
        }
    }

    fn number(&mut self, number: &'s str, start: usize, end: usize) -> Token<'s> {
        // `1.5`, which would else be read as the sixth place of a tuple.
        let fraction =
            self.rest().strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        if let Some(digits @ 1..) = fraction {
            self.pos =
                end + 1 + digits + trivia::word_length(self.text.get(end + 1 + digits..).unwrap_or_default());
            let span = self.span(start, self.pos);
            self.report(
                Diagnostic::error("float-literal", span, "there are no fractions: all numbers are whole")
                    .label("not a whole number")
                    .help("use a smaller unit: `1500us` for 1.5 ms"),
            );
            return Token::Int((0, false));
        }
        let (value, duration) = match literal::number(number) {
            Ok(value) => value,
            Err(error) => {
                let span = self.span(start, end);
                self.report(bad_number(error, number, span));
                (0, false)
            }
        };
        Token::Int((value, duration))
    }

    fn string(&mut self, text: &'s str, start: usize) -> Token<'s> {
        let (bytes, bad) = literal::string(text);
        for (from, to) in bad {
            let span = self.span(start + 1 + from, start + 1 + to);
            let diagnostic = Diagnostic::error("invalid-escape", span, "no such escape in a string")
                .label("not understood")
                .help("known are `\\n \\t \\r \\\\ \\\"`, `\\0` to `\\377` (octal) and `\\x00` to `\\xff`; a backslash is `\\\\`");
            self.report(diagnostic);
        }
        Token::Str(bytes)
    }

    fn positional(&mut self, text: &'s str, start: usize, end: usize) -> Token<'s> {
        match text.trim_start_matches('$').parse() {
            Ok(number @ 1..) => Token::Positional(number),
            _ => {
                let span = self.span(start, end);
                self.report(
                    Diagnostic::error("invalid-number", span, format!("there is no parameter `{text}`"))
                        .label("parameters count from `$1`")
                        .help("`$#` is how many there are"),
                );
                Token::Positional(1)
            }
        }
    }

    /// The text ended inside of brackets.
    fn cut_at_end(&mut self, open: &[(char, usize)]) {
        let end = self.item.tokens.last().map_or(self.pos, |(_, _, end)| *end);
        if let Some(diagnostic) = self.unclosed(open) {
            // A string that ran on has swallowed what would have closed it.
            if self.item.cut.is_none() {
                self.report(diagnostic);
            }
            self.close(open, end);
        }
    }

    /// The next probe starts inside of brackets.
    fn cut_at_next_probe(&mut self, open: &[(char, usize)], next: usize) {
        let end = self.item.tokens.last().map_or(next, |(_, _, end)| *end);
        if let Some(diagnostic) = self.unclosed(open) {
            let span = self.span(next, next + trivia::word_length(&self.text[next..]));
            self.report(diagnostic.also(span, "a new probe starts here"));
        }
        self.close(open, end);
    }

    fn unclosed(&self, open: &[(char, usize)]) -> Option<Diagnostic> {
        let &(closer, start) = open.last()?;
        let bracket = self.text.get(start..start + 1).unwrap_or_default();
        Some(
            Diagnostic::error(
                "unclosed-bracket",
                self.span(start, start + 1),
                format!("this `{bracket}` is never closed"),
            )
            .label("opened here")
            .help(format!("add the missing `{closer}`")),
        )
    }

    fn close(&mut self, open: &[(char, usize)], at: usize) {
        for &(closer, _) in open.iter().rev() {
            let token = match closer {
                ')' => Token::CloseParen,
                ']' => Token::CloseBracket,
                _ => Token::CloseBrace,
            };
            self.item.tokens.push((at, token, at));
        }
        self.item.cut.get_or_insert(at);
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c == '_' || c.is_alphabetic())
}

fn bad_number(error: NumberError, number: &str, span: crate::source::Span) -> Diagnostic {
    let diagnostic = |message: String| Diagnostic::error("invalid-number", span, message);
    match error {
        NumberError::TooLarge => diagnostic(format!("`{number}` is too large"))
            .label("does not fit into 64 bits")
            .note("the largest number is 18446744073709551615, the longest duration about 584 years"),
        NumberError::Digits if number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit()) => {
            diagnostic(format!("`{number}` is no octal number"))
                .label("8 and 9 are no octal digits")
                .help("a number that starts with 0 is octal, as in C; write it without the 0")
        }
        NumberError::Digits => diagnostic(format!("`{number}` is no number"))
            .label("digits are missing or wrong")
            .help("hexadecimal is `0x1f`, binary `0b101`; `_` stands between digits"),
        NumberError::Suffix => diagnostic(format!("`{number}` is no number"))
            .label("unknown unit")
            .help("units of time are `ns`, `us`, `ms`, `s`, `m`, `h` and `d`"),
    }
}

fn unknown(span: crate::source::Span, text: &str) -> Diagnostic {
    let shown: String = text
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_unicode().collect() } else { vec![c] })
        .collect();
    let diagnostic = Diagnostic::error("unknown-character", span, format!("`{shown}` means nothing here"))
        .label("not understood");
    match text.chars().next() {
        Some('\'' | '`' | '“' | '”' | '‘' | '’' | '«' | '»') => {
            diagnostic.help("strings stand in plain double quotes: `\"text\"`")
        }
        Some('#') => diagnostic.help("comments start with `//`; there is no C preprocessor"),
        Some('$') => diagnostic.help("`$` starts a variable's name, `$x`, or a parameter, `$1`"),
        Some('\\') => diagnostic.help("a statement may go on in the next line without a sign"),
        Some('\u{a0}' | '\u{200b}' | '\u{feff}') => {
            diagnostic.help("this is an invisible character; delete it")
        }
        _ => diagnostic,
    }
}
