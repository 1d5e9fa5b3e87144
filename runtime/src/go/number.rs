//! Numbers as Go's strconv writes them.

/// A float in the shortest form that reads back the same (`%v`): decimal, or with an exponent where it is
/// very small or large.
pub(super) fn float(bits: u64, bytes: u8) -> String {
    let value = f64::from_bits(bits);
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    // The shortest digits of the type it has in Go.
    let text = if bytes == 4 { format!("{:e}", value as f32) } else { format!("{value:e}") };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    // `%e` where the exponent is below -4, or the shortest form's limit of 6 and above (`strconv/ftoa.go`).
    if !(-4..6).contains(&exponent) {
        let (first, rest) = digits.split_at(1.min(digits.len()));
        let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
        let mark = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{rest}e{mark}{:02}", exponent.unsigned_abs());
    }
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    let (before, after) = digits.split_at(whole);
    format!("{sign}{before}.{after}")
}

/// `(1+2i)`
pub(super) fn complex(re: u64, im: u64, bytes: u8) -> String {
    let im = float(im, bytes);
    let plus = if im.starts_with(['+', '-']) { "" } else { "+" };
    format!("({}{plus}{im}i)", float(re, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_does() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (-2.0, "-2"),
            (100000.0, "100000"),
            (1e6, "1e+06"),
            (1234567.5, "1.2345675e+06"),
            (1e21, "1e+21"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (2.71801, "2.71801"),
            (1.25e-7, "1.25e-07"),
        ] {
            assert_eq!(float(f64::to_bits(value), 8), text);
        }
        assert_eq!(float(f64::from(0.1f32).to_bits(), 4), "0.1");
        assert_eq!(complex(1f64.to_bits(), (-2.5f64).to_bits(), 8), "(1-2.5i)");
    }
}
