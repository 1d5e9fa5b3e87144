//! Numbers for people: times, sizes, shares and counts.

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things.
    None,
    /// An id, or another number whose digits are what matters.
    Id,
    /// Time, in units of so many nanoseconds.
    Time {
        /// 1, 1,000 or 1,000,000.
        ns: u32,
    },
    /// Memory.
    Bytes,
    /// Hundredths.
    Percent,
}

/// Suffixes of names that say a unit.
const SUFFIXES: [(&str, Unit); 5] = [
    ("_ns", Unit::Time { ns: 1 }),
    ("_us", Unit::Time { ns: 1_000 }),
    ("_ms", Unit::Time { ns: 1_000_000 }),
    ("_bytes", Unit::Bytes),
    ("_pct", Unit::Percent),
];

impl Unit {
    /// The unit that a name's end says, and the name without it.
    pub(crate) fn of_name(name: &str) -> (&str, Unit) {
        let found = SUFFIXES.iter().find_map(|(suffix, unit)| Some((name.strip_suffix(suffix)?, *unit)));
        found.unwrap_or((name, Unit::None))
    }

    /// How machines are told, empty for things that are counted.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None | Self::Id => "",
            Self::Time { ns: 1 } => "ns",
            Self::Time { ns: 1_000 } => "us",
            Self::Time { .. } => "ms",
            Self::Bytes => "bytes",
            Self::Percent => "percent",
        }
    }

    /// A number of this unit.
    pub(crate) fn show(self, n: i128) -> String {
        match self {
            Self::None => thousands(n),
            Self::Id => n.to_string(),
            Self::Time { ns } => duration(n.saturating_mul(i128::from(ns))),
            Self::Bytes => size(n),
            Self::Percent => format!("{}%", thousands(n)),
        }
    }
}

/// `1,234,567`
pub(crate) fn thousands(n: i128) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of nanoseconds with three digits: `740 ns`, `1.87 ms`, `2.31 s`, `10.4 min`.
pub(crate) fn duration(ns: i128) -> String {
    const UNITS: [(&str, f64, f64); 5] = [
        ("us", 1e3, 999.5),
        ("ms", 1e6, 999.5),
        ("s", 1e9, 119.5),
        ("min", 60e9, 119.5),
        ("h", 3_600e9, f64::INFINITY),
    ];
    scaled(ns, 1_000, "ns", &UNITS)
}

/// A number of bytes with three digits: `740 B`, `12.3 KiB`.
pub(crate) fn size(bytes: i128) -> String {
    const KIB: f64 = 1024.0;
    const UNITS: [(&str, f64, f64); 5] = [
        ("KiB", KIB, 1023.5),
        ("MiB", KIB * KIB, 1023.5),
        ("GiB", KIB * KIB * KIB, 1023.5),
        ("TiB", KIB * KIB * KIB * KIB, 1023.5),
        ("PiB", KIB * KIB * KIB * KIB * KIB, f64::INFINITY),
    ];
    scaled(bytes, 1_024, "B", &UNITS)
}

/// Below `whole` as it is; else in the first unit (name, factor, where the next begins) that it fits.
fn scaled(n: i128, whole: u128, smallest: &str, units: &[(&str, f64, f64)]) -> String {
    let sign = if n < 0 { "-" } else { "" };
    if n.unsigned_abs() < whole {
        return format!("{n} {smallest}");
    }
    // Three digits are less than a float has.
    let value = n.unsigned_abs() as f64;
    let fits = units.iter().find(|(_, factor, end)| value / factor < *end).or(units.last());
    let Some((unit, factor, _)) = fits else { return format!("{n} {smallest}") };
    let shown = value / factor;
    let text = match shown {
        x if x < 9.995 => format!("{x:.2}"),
        x if x < 99.95 => format!("{x:.1}"),
        x => thousands(x.round() as i128),
    };
    format!("{sign}{text} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_the_unit_that_fits() {
        let shown = |ns: i128| duration(ns);
        let all = [0, 740, 999, 1_000, 1_870_000, 18_700_000, 187_400_000, 999_499, 999_500, 9_994, 9_996];
        let wanted = [
            "0 ns", "740 ns", "999 ns", "1.00 us", "1.87 ms", "18.7 ms", "187 ms", "999 us", "1.00 ms",
            "9.99 us", "10.0 us",
        ];
        assert_eq!(all.map(shown), wanted);
        let long =
            [2_310_000_000, 90_000_000_000, 624_000_000_000, 11_232_000_000_000, 9_999_000_000_000_000];
        assert_eq!(long.map(shown), ["2.31 s", "90.0 s", "10.4 min", "3.12 h", "2,778 h"]);
        assert_eq!(duration(-1_500), "-1.50 us");
        assert_eq!(duration(-5), "-5 ns");
    }

    #[test]
    fn sizes_count_by_1024() {
        let all = [0, 740, 1023, 1024, 12_595, 1_048_575, 1_048_576, 5 << 30, -2048];
        let wanted = [
            "0 B",
            "740 B",
            "1023 B",
            "1.00 KiB",
            "12.3 KiB",
            "1.00 MiB",
            "1.00 MiB",
            "5.00 GiB",
            "-2.00 KiB",
        ];
        assert_eq!(all.map(size), wanted);
    }

    #[test]
    fn counts_have_separators() {
        assert_eq!(
            [0, 999, 1_000, 184_302, 1_000_000, 1_234_567, -1_234].map(thousands),
            ["0", "999", "1,000", "184,302", "1,000,000", "1,234,567", "-1,234"]
        );
    }

    #[test]
    fn the_end_of_a_name_says_the_unit() {
        let shown = |name: &str, n| {
            let (name, unit) = Unit::of_name(name);
            format!("{name} {} {}", unit.name(), unit.show(n))
        };
        assert_eq!(shown("total_ns", 1_870_000), "total ns 1.87 ms");
        assert_eq!(shown("lat_us", 1_870), "lat us 1.87 ms");
        assert_eq!(shown("lat_ms", 1_870), "lat ms 1.87 s");
        assert_eq!(shown("heap_bytes", 12_595), "heap bytes 12.3 KiB");
        assert_eq!(shown("busy_pct", 12), "busy percent 12%");
        assert_eq!(shown("turns", 1_234), "turns  1,234");
    }
}
