//! `time.Duration` and `time.Time` as their String methods write them.

use jiff::{Timestamp, tz::TimeZone};

use super::value::{GoKind, GoValue};

/// Seconds from the year 1 to 1970 (`time/time.go`, `unixToInternal`).
const UNIX_TO_INTERNAL: i64 = 62_135_596_800;
/// Seconds from the year 1 to 1885 (`wallToInternal`).
const WALL_TO_INTERNAL: i64 = 59_453_308_800;

/// `1h2m3.5s`
pub(super) fn duration(ns: i64) -> String {
    let negative = ns < 0;
    let magnitude = ns.unsigned_abs();
    let text = match magnitude {
        0 => return "0s".to_owned(),
        n if n < 1_000 => format!("{n}ns"),
        n if n < 1_000_000 => format!("{}µs", fraction(n, 1_000)),
        n if n < 1_000_000_000 => format!("{}ms", fraction(n, 1_000_000)),
        n => {
            let (minutes, rest) = (n / 60_000_000_000, n % 60_000_000_000);
            let seconds = format!("{}s", fraction(rest, 1_000_000_000));
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    if negative { format!("-{text}") } else { text }
}

/// A number of units with its fraction, no zeros at the end.
fn fraction(n: u64, unit: u64) -> String {
    let (whole, rest) = (n / unit, n % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = unit.ilog10() as usize;
    let text = format!("{rest:0digits$}");
    format!("{whole}.{}", text.trim_end_matches('0'))
}

/// `2006-01-02 15:04:05.999999999 -0700 MST`, with the monotonic reading where there is one.
pub(super) fn time(value: &GoValue) -> Option<String> {
    let GoKind::Struct(fields) = &value.kind else { return None };
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| &value.kind);
    let (Some(GoKind::Uint(wall)), Some(GoKind::Int(ext))) = (field("wall"), field("ext")) else {
        return None;
    };
    let monotonic = wall >> 63 != 0;
    let nanos = (wall & ((1 << 30) - 1)) as i32;
    let seconds = if monotonic { (wall << 1 >> 31) as i64 + WALL_TO_INTERNAL } else { *ext };
    let stamp = Timestamp::new(seconds.checked_sub(UNIX_TO_INTERNAL)?, nanos).ok()?;
    let zone = match field("loc") {
        Some(GoKind::Pointer { addr: 0, .. }) => TimeZone::UTC,
        Some(GoKind::Pointer { to: Some(to), .. }) => zone(to)?,
        _ => return None,
    };
    let zoned = stamp.to_zoned_datetime(zone);
    let shown = zoned.datetime();
    let subsecond = zoned.subsec_nanosecond();
    let fraction = if subsecond == 0 {
        String::new()
    } else {
        format!(".{}", format!("{subsecond:09}").trim_end_matches('0'))
    };
    let offset = zoned.offset().seconds();
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs() / 60;
    let name = jiff::fmt::strtime::format("%Z", &zoned).ok()?;
    let mut text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{fraction} {sign}{:02}{:02} {name}",
        shown.year(),
        shown.month(),
        shown.day(),
        shown.hour(),
        shown.minute(),
        shown.second(),
        minutes / 60,
        minutes % 60,
    );
    if monotonic {
        let sign = if *ext < 0 { '-' } else { '+' };
        let ns = ext.unsigned_abs();
        text.push_str(&format!(" m={sign}{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000));
    }
    Some(text)
}

/// A zone by its `time.Location`.
fn zone(location: &GoValue) -> Option<TimeZone> {
    let GoKind::Struct(fields) = &location.kind else { return None };
    match fields.iter().find(|(name, _)| name == "name").map(|(_, value)| &value.kind)? {
        GoKind::Str { bytes, .. } => match std::str::from_utf8(bytes).ok()? {
            // Not initialised yet, or what the machine has.
            "" | "Local" => Some(TimeZone::system()),
            "UTC" => Some(TimeZone::UTC),
            name => TimeZone::get(name).ok(),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_does() {
        for (ns, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (-1_500_000_000, "-1.5s"),
        ] {
            assert_eq!(duration(ns), text);
        }
    }
}
