//! Shares, times and counts, as they are typed and as they are shown.

/// `1/10` is 10.
pub(crate) fn sample(text: &str) -> Result<u32, String> {
    let one_in = text.strip_prefix("1/").and_then(|number| number.parse().ok()).filter(|number| *number > 0);
    one_in.ok_or_else(|| format!("`{text}` is no part of all events; write 1/10 for a tenth of them"))
}

/// `2%` is 0.02.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
    let number = number.filter(|number| number.is_finite() && *number > 0.0);
    let number =
        number.ok_or_else(|| format!("`{text}` is no share of a CPU; write 2% for a fiftieth of one"))?;
    Ok(number / 100.0)
}

/// `1.6 %` of 0.016.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if percent <= 0.0 => "0 %".to_owned(),
        _ if percent < 0.01 => "less than 0.01 %".to_owned(),
        _ if percent < 1.0 => format!("{} %", short(percent, 2)),
        _ if percent < 10.0 => format!("{} %", short(percent, 1)),
        _ => format!("{percent:.0} %"),
    }
}

/// `310 ms`, `0.7 us`: of nanoseconds.
pub(super) fn time(ns: f64) -> String {
    let (number, unit) = match ns {
        _ if ns < 1e3 => (ns, "ns"),
        _ if ns < 1e6 => (ns / 1e3, "us"),
        _ if ns < 1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    match number {
        _ if unit == "ns" || number >= 100.0 => format!("{number:.0} {unit}"),
        _ => format!("{} {unit}", short(number, 1)),
    }
}

/// A number with so many digits behind the point, of which none is a useless 0.
fn short(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `a tenth` of 10.
pub(super) fn part(one_in: u32) -> String {
    match one_in {
        2 => "half".to_owned(),
        3 => "a third".to_owned(),
        4 => "a quarter".to_owned(),
        5 => "a fifth".to_owned(),
        10 => "a tenth".to_owned(),
        100 => "a hundredth".to_owned(),
        1000 => "a thousandth".to_owned(),
        other => format!("1/{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_or_refused() {
        assert_eq!(sample("1/10"), Ok(10));
        for wrong in ["10", "1/0", "2/10", "1/x", "0.1", "1/-1", ""] {
            assert!(sample(wrong).is_err(), "{wrong}");
        }
        assert_eq!(share("2%"), Ok(0.02));
        assert_eq!(share("0.5 %"), Ok(0.005));
        assert_eq!(share("150%"), Ok(1.5));
        for wrong in ["2", "0%", "-1%", "x%", "%", "inf%", "NaN%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_short() {
        let shares = [0.0, 0.00001, 0.0002, 0.00215, 0.02, 0.0734, 0.164, 1.5].map(percent);
        assert_eq!(shares, ["0 %", "less than 0.01 %", "0.02 %", "0.21 %", "2 %", "7.3 %", "16 %", "150 %"]);
        let times = [3.0, 712.4, 1000.0, 11_843.0, 310e6, 1.25e9, 19.44e9].map(time);
        assert_eq!(times, ["3 ns", "712 ns", "1 us", "11.8 us", "310 ms", "1.2 s", "19.4 s"]);
        assert_eq!([2, 10, 7].map(part), ["half", "a tenth", "1/7"]);
    }
}
