//! Types in the text: found by looking ahead from a `(` or a `:`, because names of Go types hold dots,
//! slashes and brackets that would be operators in an expression.

use super::trivia::{skip_space, word_length};
use crate::token::Token;

/// How far a name may reach; bounds the looking ahead.
const LONGEST_NAME: usize = 512;

/// A type and the tokens it is made of, each with the bytes it covers.
#[derive(Debug)]
pub(super) struct ScannedType<'s> {
    /// `*`, name, `*` and array lengths.
    pub(super) tokens: Vec<(usize, Token<'s>, usize)>,
    /// One past its last byte.
    pub(super) end: usize,
    /// It cannot be an expression: a type of the language, a `struct`, something with `*` behind it.
    pub(super) sure: bool,
    /// The name alone, without stars and array lengths.
    pub(super) name: &'s str,
    /// Whether there is nothing but the name.
    pub(super) bare: bool,
}

/// The type at `start`, if the text there could be one.
pub(super) fn scan(text: &str, start: usize) -> Option<ScannedType<'_>> {
    let mut tokens = Vec::new();
    let mut pos = skip_space(text, start);
    while text.get(pos..)?.starts_with('*') {
        tokens.push((pos, Token::Star, pos + 1));
        pos = skip_space(text, pos + 1);
    }
    let (end, tagged) = match tag(text, pos) {
        Some(end) => (end, true),
        None => (c_words(text, pos).or_else(|| go_name(text, pos))?, false),
    };
    let name = text.get(pos..end)?;
    let words: Vec<&str> = name.split_whitespace().collect();
    let mut sure = tagged || words.len() > 1 || is_type_word(name) || name.starts_with('[');
    let mut bare = tokens.is_empty();
    tokens.push((pos, Token::TypeName(words.join(" ")), end));
    pos = end;
    loop {
        let at = skip_space(text, pos);
        let rest = text.get(at..)?;
        if rest.starts_with('*') && !rest.starts_with("*=") {
            tokens.push((at, Token::Star, at + 1));
            pos = at + 1;
            bare = false;
            // `(a *)` has nothing to multiply by.
            sure |= text.get(skip_space(text, pos)..)?.starts_with(')');
        } else if let Some((value, length)) = array_length(rest) {
            tokens.push((at, Token::OpenBracket, at + 1));
            tokens.push((at + 1, Token::Int((value, false)), at + length - 1));
            tokens.push((at + length - 1, Token::CloseBracket, at + length));
            pos = at + length;
            bare = false;
        } else {
            return Some(ScannedType { tokens, end: pos, sure, name, bare });
        }
    }
}

/// `[16]`: the number and the length of all of it.
fn array_length(rest: &str) -> Option<(u64, usize)> {
    let inner = rest.strip_prefix('[')?;
    let close = inner.get(..inner.len().min(24)).unwrap_or(inner).find(']')?;
    // `[]`: as long as what is converted.
    let digits = inner.get(..close)?.trim();
    let value = if digits.is_empty() { 0 } else { crate::literal::number(digits).ok()?.0 };
    Some((value, close + 2))
}

/// `struct name`: its end.
fn tag(text: &str, pos: usize) -> Option<usize> {
    let word = pos + ident(text.get(pos..)?);
    if !matches!(text.get(pos..word)?, "struct" | "union" | "enum") {
        return None;
    }
    let name = skip_space(text, word);
    let length = ident(text.get(name..)?);
    (length > 0 && name > word).then_some(name + length)
}

/// `unsigned long long` and the like: its end.
fn c_words(text: &str, pos: usize) -> Option<usize> {
    let mut end = None;
    let mut at = pos;
    let mut modifiers_only = true;
    loop {
        let length = ident(text.get(at..)?);
        match text.get(at..at + length)? {
            "const" | "volatile" | "unsigned" | "signed" | "long" | "short" => {}
            "int" | "char" | "double" if modifiers_only => modifiers_only = false,
            // `const foo`: the qualifier says nothing, but the name is still to come.
            name if end.is_some() && length > 0 && text.get(pos..at)?.trim_end().ends_with("const") => {
                _ = name;
                return Some(at + length);
            }
            _ => return end,
        }
        end = Some(at + length);
        at = skip_space(text, at + length);
        if !modifiers_only {
            return end;
        }
    }
}

/// `runtime.hchan`, `net/http.Request`, `main.List[int]`, `[]byte`, `map[string]int`: its end.
fn go_name(text: &str, pos: usize) -> Option<usize> {
    let all = text.get(pos..)?;
    let mut limit = all.len().min(LONGEST_NAME);
    while !all.is_char_boundary(limit) {
        limit -= 1;
    }
    let all = &all[..limit];
    let mut at = 0;
    loop {
        let rest = &all[at..];
        if rest.starts_with("map[") {
            at += 3 + bracketed(&rest[3..])?;
        } else if rest.starts_with('[') {
            at += bracketed(rest)?;
        } else if at > 0 && rest.starts_with('*') {
            at += 1;
        } else {
            break;
        }
    }
    let path = path(&all[at..])?;
    let name = &all[at..at + path];
    if name.contains('-') && !name.contains('/') {
        return None;
    }
    at += path;
    // `[8]` is a length, `[int]` are type arguments.
    let arguments = &all[at..];
    if arguments.starts_with('[') && !arguments[1..].starts_with(|c: char| c.is_ascii_digit() || c == ']') {
        at += bracketed(arguments)?;
    }
    Some(pos + at)
}

/// The length of a path of names: `gopkg.in/yaml.v3.Node`.
fn path(rest: &str) -> Option<usize> {
    let mut end = ident(rest);
    if end == 0 {
        return None;
    }
    loop {
        let tail = &rest[end..];
        let joined = tail.strip_prefix(['.', '/', '-', '~', '·', '%']).unwrap_or(tail);
        let length = word_length(joined);
        if joined.len() == tail.len() || length == 0 {
            return Some(end);
        }
        end += tail.len() - joined.len() + length;
    }
}

/// The length of a `[...]` that is balanced and holds no parentheses.
fn bracketed(rest: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in rest.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            '(' | ')' | ';' | '"' | '$' | '@' | '\n' => return None,
            _ => {}
        }
    }
    None
}

/// The length of the identifier that `rest` starts with.
fn ident(rest: &str) -> usize {
    if rest.starts_with(|c: char| c == '_' || c.is_alphabetic()) { word_length(rest) } else { 0 }
}

/// Words that can only be types.
fn is_type_word(name: &str) -> bool {
    matches!(
        name,
        "int8"
            | "int16"
            | "int32"
            | "int64"
            | "int"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "uint"
            | "uintptr"
            | "float32"
            | "float64"
            | "byte"
            | "rune"
            | "bool"
            | "string"
            | "buffer"
            | "void"
            | "char"
            | "short"
            | "long"
            | "unsigned"
            | "signed"
            | "double"
            | "float"
    ) || name.ends_with("_t") && !name.contains(['.', '/'])
}
