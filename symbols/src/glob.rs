//! Patterns for function names.

/// Whether the text is a pattern: whether it has a `*` or `?` that isn't part of a Go name.
pub fn is_glob(text: &str) -> bool {
    let _ = text;
    false
}
