//! Colours.

use gprobe_lang::{Class, classes};

/// The text with the colours of a terminal.
pub fn highlight(text: &str) -> String {
    if text.trim_start().starts_with(':') {
        let command = text.find(|c: char| c != ':' && !c.is_alphanumeric() && !c.is_whitespace());
        let end =
            text.trim_start().find(char::is_whitespace).map(|end| end + text.len() - text.trim_start().len());
        let end = end.or(command).unwrap_or(text.len());
        let (command, rest) = text.split_at(end);
        return format!("\x1b[35m{command}\x1b[0m{rest}");
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut last = 0;
    for (range, class) in classes(text) {
        out.push_str(text.get(last..range.start).unwrap_or_default());
        let part = text.get(range.clone()).unwrap_or_default();
        match colour(class) {
            Some(code) => out.push_str(&format!("\x1b[{code}m{part}\x1b[0m")),
            None => out.push_str(part),
        }
        last = range.end;
    }
    out.push_str(text.get(last..).unwrap_or_default());
    out
}

/// The code of a colour; none for most of a text.
fn colour(class: Class) -> Option<&'static str> {
    Some(match class {
        Class::AttachPoint => "36",
        Class::Keyword => "35",
        Class::Map => "33",
        Class::Variable => "32",
        Class::Number => "34",
        Class::String => "32",
        Class::Comment => "90",
        Class::Type => "36",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_are_added() {
        for text in ["go:main.f { @x = 1; } // a", ":stop 1", "  :run x", "len(@x)", "é \"ü"] {
            let mut plain = String::new();
            let mut chars = highlight(text).chars().collect::<Vec<_>>().into_iter();
            while let Some(c) = chars.next() {
                match c {
                    '\x1b' => chars.by_ref().take_while(|c| *c != 'm').for_each(drop),
                    c => plain.push(c),
                }
            }
            assert_eq!(plain, text);
        }
        assert!(highlight("@x").starts_with("\x1b[33m@x"));
    }
}
