//! Formats of printf: text and conversions.

use crate::artifact::{Count, Flavour, Piece, Spec};

/// What is wrong with a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormatError {
    /// What is wrong.
    pub(super) wrong: String,
    /// What to write.
    pub(super) instead: &'static str,
}

fn error(wrong: impl Into<String>, instead: &'static str) -> FormatError {
    FormatError { wrong: wrong.into(), instead }
}

fn float(conversion: char) -> FormatError {
    error(
        format!("`%{conversion}` wants a floating-point value, which scripts do not have"),
        "numbers of scripts are whole, `%d`; a float of the target is shown by `%v`",
    )
}

/// Splits a format in its pieces.
pub(super) fn parse(format: &str) -> Result<Vec<Piece>, FormatError> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            text.push('%');
            continue;
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(Piece::Spec(spec(&mut chars)?));
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

fn spec(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Spec, FormatError> {
    let mut spec = Spec { bytes: 8, ..Spec::default() };
    while let Some(&c) = chars.peek() {
        match c {
            '-' => spec.left = true,
            '0' => spec.zero = true,
            '+' => spec.plus = true,
            ' ' => spec.space = true,
            '#' => spec.alternate = true,
            _ => break,
        }
        chars.next();
    }
    spec.width = count(chars)?;
    if chars.peek() == Some(&'.') {
        chars.next();
        spec.precision = Some(count(chars)?.unwrap_or(Count::Fixed(0)));
    }
    let mut modifier = String::new();
    while let Some(&c @ ('h' | 'l' | 'L' | 'j' | 'z' | 't')) = chars.peek() {
        modifier.push(c);
        chars.next();
    }
    spec.bytes = match modifier.as_str() {
        "hh" => 1,
        "h" => 2,
        _ => 8,
    };
    spec.long = modifier.starts_with('l');
    if chars.peek() == Some(&'g') {
        chars.next();
        return match chars.next() {
            Some('r') => Ok(Spec { conversion: 'r', flavour: Flavour::GfpFlags, ..spec }),
            _ => Err(float('g')),
        };
    }
    if chars.peek() == Some(&'r') {
        chars.next();
        spec.conversion = 'r';
        spec.flavour = match chars.peek() {
            Some('x') => Flavour::Escaped,
            Some('h') => Flavour::Hex,
            _ => return Ok(spec),
        };
        chars.next();
        return Ok(spec);
    }
    if chars.peek() == Some(&'T') {
        chars.next();
        return Ok(Spec { conversion: 'v', flavour: Flavour::Type, ..spec });
    }
    if chars.peek() == Some(&'v') && spec.plus {
        chars.next();
        return Ok(Spec { conversion: 'v', flavour: Flavour::Named, plus: false, ..spec });
    }
    match chars.next() {
        Some(c @ ('d' | 'i' | 'o' | 'u' | 'x' | 'X' | 'c' | 's' | 'p' | 'v')) => {
            spec.conversion = c;
            Ok(spec)
        }
        Some(c @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'a' | 'A')) => Err(float(c)),
        Some(c) => Err(error(
            format!("`%{c}` is no conversion"),
            "there are %d %i %u %x %X %o %c %s %p %r %v %T; a percent sign is `%%`",
        )),
        None => Err(error("the format ends inside a conversion", "a percent sign is `%%`")),
    }
}

fn count(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Option<Count>, FormatError> {
    if chars.peek() == Some(&'*') {
        chars.next();
        return Ok(Some(Count::Argument));
    }
    let mut digits = String::new();
    while let Some(&c) = chars.peek().filter(|c| c.is_ascii_digit()) {
        digits.push(c);
        chars.next();
    }
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse::<u32>() {
        Ok(n) if n <= 1024 => Ok(Some(Count::Fixed(n))),
        _ => Err(error(format!("a width of {digits} is too large"), "the most is 1024")),
    }
}

/// For each argument, whether it is shown by `%v` or `%T`.
pub(super) fn shown_whole(pieces: &[Piece]) -> Vec<bool> {
    let mut whole = Vec::new();
    for piece in pieces {
        if let Piece::Spec(spec) = piece {
            let counts = [spec.width, spec.precision];
            whole.extend(counts.iter().filter(|count| **count == Some(Count::Argument)).map(|_| false));
            whole.push(spec.conversion == 'v');
        }
    }
    whole
}

/// How many arguments the pieces take.
pub(super) fn arguments(pieces: &[Piece]) -> usize {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(_) => 0,
            Piece::Spec(spec) => {
                1 + usize::from(spec.width == Some(Count::Argument))
                    + usize::from(spec.precision == Some(Count::Argument))
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversion_keeps_its_flags_width_precision_and_length() {
        let pieces = parse("a%%b %-08.*hhx|").unwrap();
        let Piece::Spec(spec) = &pieces[1] else { panic!("{pieces:?}") };
        assert_eq!(pieces[0], Piece::Text("a%b ".into()));
        assert!(spec.left && spec.zero && !spec.plus);
        assert_eq!((spec.width, spec.precision), (Some(Count::Fixed(8)), Some(Count::Argument)));
        assert_eq!((spec.bytes, spec.conversion), (1, 'x'));
        assert_eq!(arguments(&pieces), 2);
    }

    #[test]
    fn floats_unknown_letters_and_cut_off_conversions_are_errors() {
        for bad in ["%f", "%y", "%", "%5", "%99999d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
