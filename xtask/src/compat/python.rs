//! What Python, in which bpftrace's runner is written, understands otherwise than Rust.

/// A regular expression of Python as one of the `regex` crate, which means the same.
///
/// Python takes a `{` for itself where it is no repetition, and a `[` within a class; the crate
/// asks for both to be escaped, as for the doubled signs of its operations on classes.
pub(crate) fn pythonic(pattern: &str) -> String {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::new();
    // Where in a class: how many of its characters were read.
    let mut class: Option<usize> = None;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        if c == '\\' {
            out.push(c);
            out.extend(chars.get(at));
            at += 1;
            class = class.map(|n| n + 1);
            continue;
        }
        match (&mut class, c) {
            // First in a class, `]` is a character like others.
            (Some(read), ']') if *read > 0 => {
                class = None;
                out.push(c);
            }
            (Some(read), '^') if *read == 0 && chars.get(at.wrapping_sub(2)) == Some(&'[') => out.push(c),
            (Some(read), _) => {
                if "[]&~".contains(c) {
                    out.push('\\');
                }
                out.push(c);
                *read += 1;
            }
            (None, '[') => {
                class = Some(0);
                out.push(c);
            }
            (None, '{') if !repeats(&chars[at..]) => out.push_str("\\{"),
            (None, _) => out.push(c),
        }
    }
    out
}

/// Whether what follows a `{` makes it a repetition: `3}`, `3,}`, `,4}` or `3,4}`.
fn repeats(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|c| *c == '}') else { return false };
    let inside: String = rest[..end].iter().collect();
    let (low, high) = inside.split_once(',').unwrap_or((&inside, "0"));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !inside.is_empty() && inside != "," && digits(low) && digits(high)
}

/// Bytes as text: those that are no UTF-8 as `\xNN`, all ends of lines as `\n`.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_that_repeat_nothing_are_characters() {
        assert_eq!(pythonic("{ .a = 1 }"), "\\{ .a = 1 }");
        assert_eq!(pythonic("a{2}b{1,}c{,3}d{1,4}"), "a{2}b{1,}c{,3}d{1,4}");
        assert_eq!(pythonic("a{,}b{}"), "a\\{,}b\\{}");
        assert_eq!(pythonic("\\{{"), "\\{\\{");
    }

    #[test]
    fn classes_hold_plain_characters() {
        assert_eq!(pythonic("[[(]"), "[\\[(]");
        assert_eq!(pythonic("@[{ a[0-9]+"), "@[{ a\\[0-9]+");
        assert_eq!(pythonic("[]a]"), "[\\]a]");
        assert_eq!(pythonic("[^&&]"), "[^\\&\\&]");
        assert_eq!(pythonic("[\\w\\/]+.c{"), "[\\w\\/]+.c\\{");
    }

    #[test]
    fn bytes_become_text() {
        assert_eq!(text_of(b"a\xffb\r\nc\rd"), "a\\xffb\nc\nd");
    }
}
