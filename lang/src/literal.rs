//! Numbers, durations and strings: from their text to their value.

/// Why a number's text has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberError {
    /// Over 2^64-1.
    TooLarge,
    /// A digit that the base does not have, or none at all.
    Digits,
    /// Letters that are neither a unit nor a suffix.
    Suffix,
}

/// The value of a number as scripts write it, durations in ns: `10`, `0x1f`, `1e6`, `1_000`, `10ms`.
pub fn number_value(text: &str) -> Option<u64> {
    number(text).ok().map(|(value, _)| value)
}

/// The value of `10`, `0x1f`, `0b1`, `017`, `1e6`, `1_000`, `5ULL`, `10ms`, and whether it is a duration, in ns.
pub(crate) fn number(text: &str) -> Result<(u64, bool), NumberError> {
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let lower = digits.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return based(c_suffix_off(rest, radix), radix).map(|value| (value, false));
        }
    }
    let split = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(split);
    let (exponent, suffix) = match rest.strip_prefix(['e', 'E']) {
        Some(rest) => {
            let split = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (power, suffix) = rest.split_at(split);
            if power.is_empty() {
                return Err(NumberError::Digits);
            }
            (Some(power), suffix)
        }
        None => (None, rest),
    };
    if let Some(unit) = unit_ns(suffix) {
        let value = scaled(based(whole, 10)?, exponent)?;
        return value.checked_mul(unit).map(|ns| (ns, true)).ok_or(NumberError::TooLarge);
    }
    if !c_suffix_off(&suffix.to_ascii_lowercase(), 10).is_empty() {
        return Err(NumberError::Suffix);
    }
    let octal = exponent.is_none() && whole.len() > 1 && whole.starts_with('0');
    let value = based(whole, if octal { 8 } else { 10 })?;
    Ok((scaled(value, exponent)?, false))
}

fn based(digits: &str, radix: u32) -> Result<u64, NumberError> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(NumberError::Digits);
    }
    u64::from_str_radix(digits, radix).map_err(|_| NumberError::TooLarge)
}

fn scaled(value: u64, exponent: Option<&str>) -> Result<u64, NumberError> {
    let Some(exponent) = exponent else { return Ok(value) };
    if value == 0 {
        return Ok(0);
    }
    let power = exponent.parse().map_err(|_| NumberError::TooLarge)?;
    10u64.checked_pow(power).and_then(|factor| value.checked_mul(factor)).ok_or(NumberError::TooLarge)
}

/// C's `u`, `l`, `ul`, `ll`, `ull` say nothing here: a literal's type follows from its value and use.
fn c_suffix_off(lower: &str, radix: u32) -> &str {
    debug_assert!(radix <= 16, "`u` and `l` would be digits");
    for suffix in ["ull", "llu", "ul", "lu", "ll", "u", "l"] {
        if let Some(rest) = lower.strip_suffix(suffix) {
            return rest;
        }
    }
    lower
}

fn unit_ns(unit: &str) -> Option<u64> {
    const SECOND: u64 = 1_000_000_000;
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "d" => 86_400 * SECOND,
        _ => return None,
    })
}

/// A string's bytes, and the byte ranges of the escapes that mean nothing.
pub(crate) fn string(text: &str) -> (Vec<u8>, Vec<(usize, usize)>) {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut bad = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or_default();
        let (value, length) = escape(rest);
        match value {
            Some(value) => out.push(value),
            None => bad.push((at, at + 1 + length)),
        }
        at += 1 + length;
    }
    (out, bad)
}

/// The byte that an escape stands for, and the length of the escape after its backslash.
fn escape(rest: &str) -> (Option<u8>, usize) {
    let numeric = |skip: usize, most: usize, radix: u32| {
        let digits: String = rest
            .get(skip..)
            .unwrap_or_default()
            .chars()
            .take(most)
            .take_while(|c| c.is_digit(radix))
            .collect();
        (u8::from_str_radix(&digits, radix).ok(), skip + digits.len())
    };
    let simple = match rest.chars().next() {
        Some('n') => b'\n',
        Some('t') => b'\t',
        Some('r') => b'\r',
        Some('a') => 7,
        Some('b') => 8,
        Some('f') => 12,
        Some('v') => 11,
        Some('e') => 27,
        Some('\\') => b'\\',
        Some('"') => b'"',
        Some('0'..='7') => return numeric(0, 3, 8),
        Some('x') => return numeric(1, 2, 16),
        other => return (None, other.map_or(0, char::len_utf8)),
    };
    (Some(simple), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_value_that_bpftrace_gives_them() {
        for (text, value) in [
            ("0", 0),
            ("0x1F", 31),
            ("0b101", 5),
            ("0o17", 15),
            ("017", 15),
            ("1e6", 1_000_000),
            ("5ULL", 5),
            ("0xffUL", 255),
            ("1_000", 1000),
            ("18446744073709551615", u64::MAX),
            ("0e99", 0),
        ] {
            assert_eq!(number(text), Ok((value, false)), "{text}");
        }
    }

    #[test]
    fn durations_are_nanoseconds() {
        for (text, ns) in [
            ("10ns", 10),
            ("3us", 3_000),
            ("10ms", 10_000_000),
            ("1m", 60_000_000_000),
            ("1d", 86_400_000_000_000),
        ] {
            assert_eq!(number(text), Ok((ns, true)), "{text}");
        }
    }

    #[test]
    fn numbers_without_a_value_say_why() {
        for (text, error) in [
            ("18446744073709551616", NumberError::TooLarge),
            ("1e20", NumberError::TooLarge),
            ("999999d", NumberError::TooLarge),
            ("1e99999999999", NumberError::TooLarge),
            ("08", NumberError::Digits),
            ("0x", NumberError::Digits),
            ("1e", NumberError::Digits),
            ("10q", NumberError::Suffix),
        ] {
            assert_eq!(number(text), Err(error), "{text}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(string(r#"a\n\t\\\"\x41\101\0"#), (b"a\n\t\\\"AA\0".to_vec(), vec![]));
        assert_eq!(string(r"\xff"), (vec![0xff], vec![]));
    }

    #[test]
    fn escapes_that_mean_nothing_are_located() {
        assert_eq!(string(r"a\qb"), (b"ab".to_vec(), vec![(1, 3)]));
        assert_eq!(string(r"\xzz"), (b"zz".to_vec(), vec![(0, 2)]));
        assert_eq!(string(r"\777"), (b"".to_vec(), vec![(0, 4)]));
    }
}
