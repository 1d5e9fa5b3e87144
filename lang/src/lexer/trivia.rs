//! What lies between tokens.

/// What no token starts with.
const SPACE: [char; 6] = [' ', '\t', '\r', '\n', '\x0b', '\x0c'];

/// The position after white space that starts at `pos`.
pub(super) fn skip_space(text: &str, pos: usize) -> usize {
    let rest = text.get(pos..).unwrap_or_default();
    text.len() - rest.trim_start_matches(SPACE).len()
}

/// The position after white space and comments that start at `pos`, and where a comment starts that is
/// never closed.
pub(super) fn skip_trivia(text: &str, mut pos: usize) -> (usize, Option<usize>) {
    loop {
        pos = skip_space(text, pos);
        let rest = text.get(pos..).unwrap_or_default();
        if rest.starts_with("//") {
            pos += rest.find('\n').unwrap_or(rest.len());
        } else if let Some(body) = rest.strip_prefix("/*") {
            match body.find("*/") {
                Some(at) => pos += at + 4,
                None => return (text.len(), Some(pos)),
            }
        } else {
            return (pos, None);
        }
    }
}

/// The length of the letters, digits and underscores that `rest` starts with.
pub(super) fn word_length(rest: &str) -> usize {
    rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len())
}

/// Where a string ends that stands in other quotes than ours; `None` where none starts at `at`.
pub(super) fn other_string(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let close = match rest.chars().next()? {
        quote @ ('\'' | '`') => quote,
        '“' => '”',
        '‘' => '’',
        '«' => '»',
        _ => return None,
    };
    let line = rest.lines().next()?;
    let (end, quote) = line.char_indices().skip(1).find(|&(_, c)| c == close)?;
    Some(at + end + quote.len_utf8())
}
