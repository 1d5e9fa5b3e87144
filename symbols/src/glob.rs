//! Patterns for function names.
//!
//! Go's names are full of characters that shells give a meaning: `net/http.(*conn).serve`,
//! `main.Map[...]`. Here only `*` and `?` have one, and the `*` of a pointer receiver `(*T)` has
//! none when a name follows it.

/// Whether the text is a pattern: whether it has a `*` or `?` that isn't part of a Go name.
pub fn is_glob(text: &str) -> bool {
    tokens(text.as_bytes()).any(|token| token != Token::Literal)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal,
    One,
    Many,
}

/// What the character at `index` stands for.
fn token(pattern: &[u8], index: usize) -> Token {
    match pattern.get(index) {
        Some(b'?') => Token::One,
        Some(b'*') => {
            let before = index.checked_sub(1).and_then(|i| pattern.get(i));
            let after = index.checked_add(1).and_then(|i| pattern.get(i));
            let receiver = before == Some(&b'(')
                && after.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80 || b == b'*');
            if receiver { Token::Literal } else { Token::Many }
        }
        _ => Token::Literal,
    }
}

fn tokens(pattern: &[u8]) -> impl Iterator<Item = Token> {
    (0..pattern.len()).map(move |index| token(pattern, index))
}

/// Whether the pattern matches all of `text`.
///
/// On a mismatch only the last `*` is tried anew, so the time is at worst the product of both lengths.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0usize, 0usize);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (None, Some(_)) => false,
            (Some(&want), have) => match (token(pattern, p), have) {
                (Token::Many, _) => {
                    retry = Some((p, t));
                    p = p.saturating_add(1);
                    continue;
                }
                (_, None) => return false,
                (Token::One, Some(_)) => true,
                (Token::Literal, Some(&have)) => want == have,
            },
        };
        if step {
            p = p.saturating_add(1);
            t = t.saturating_add(1);
        } else if let Some((star, from)) = retry {
            let from = from.saturating_add(1);
            retry = Some((star, from));
            p = star.saturating_add(1);
            t = from;
            if t > text.len() {
                return false;
            }
        } else {
            return false;
        }
    }
}

/// The bytes before the first wildcard: what every match starts with.
pub(crate) fn literal_prefix(pattern: &[u8]) -> &[u8] {
    let end = tokens(pattern).position(|token| token != Token::Literal).unwrap_or(pattern.len());
    pattern.get(..end).unwrap_or_default()
}

/// Whether a pattern with `*` and `?` matches the whole text; the `*` of Go's `(*T)` is itself.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    matches(pattern.as_bytes(), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{is_glob, literal_prefix, matches};

    fn check(pattern: &str, text: &str) -> bool {
        matches(pattern.as_bytes(), text.as_bytes())
    }

    #[test]
    fn names_of_go_are_themselves() {
        for name in ["main.main", "net/http.(*conn).serve", "main.Map[...]", "main.(*Set[go.shape.int]).Add"]
        {
            assert!(!is_glob(name), "{name}");
            assert!(check(name, name), "{name}");
        }
        assert!(!check("main.(*Server).Handle", "main.(xServer).Handle"));
    }

    #[test]
    fn stars_and_question_marks_match() {
        assert!(is_glob("main.*") && is_glob("main.?") && is_glob("main.(*).Handle"));
        assert!(check("main.*", "main.(*Server).Handle"));
        assert!(check("*", ""));
        assert!(check("net/http.(*conn).*", "net/http.(*conn).serve"));
        assert!(!check("net/http.(*conn).*", "net/http.(*connReader).serve"));
        assert!(check("main.(*).Handle", "main.(*Server).Handle"));
        assert!(check("*.(*T?).x", "main.(*T1).x"));
        assert!(check("a*b*c", "aXbXbXc"));
        assert!(!check("a*b*c", "aXbXbX"));
        assert!(!check("a?", "a"));
    }

    #[test]
    fn many_stars_do_not_hang() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!check(&pattern, &"a".repeat(5000)));
    }

    #[test]
    fn the_prefix_ends_at_the_first_wildcard() {
        assert_eq!(literal_prefix(b"main.(*T).f*"), b"main.(*T).f");
        assert_eq!(literal_prefix(b"plain"), b"plain");
        assert_eq!(literal_prefix(b"*"), b"");
    }
}
