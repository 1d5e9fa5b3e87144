//! Values, maps and histograms as text, in bpftrace's shape.

use std::fmt::Write as _;

use gprobe_compiler::artifact::{Flavour, MapInfo, MapValue, Spec, StackMode, hist_bucket};
use gprobe_runtime::go::Style;
use gprobe_runtime::{Frame, MapDatum, MapEntry, Value};

use super::{Look, series, units};

/// Columns of a histogram's bar.
const BAR: usize = 52;

/// A value as `print`, `%s` and `%v` show it.
pub(crate) fn value(value: &Value, look: &Look) -> String {
    match value {
        Value::None => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::UInt(n) => n.to_string(),
        Value::Str { bytes, truncated } => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            if *truncated { format!("{text}{}", look.show.truncated) } else { text }
        }
        Value::Bytes { bytes } => self::bytes(bytes, Flavour::Plain),
        Value::Tuple(parts) => format!("({})", joined(parts, ", ", look)),
        Value::Array(parts) => format!("[{}]", joined(parts, ",", look)),
        Value::Record(parts) => {
            let parts = parts.iter().map(|(name, part)| format!(".{name} = {}", self::value(part, look)));
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
        Value::Float { bits } => f64::from_bits(*bits).to_string(),
        Value::Go(value) => value.format(Style::Plain),
        Value::Inet(address) => address.to_string(),
        Value::Mac(bytes) => {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":").to_ascii_uppercase()
        }
        Value::Pointer(addr) => format!("{addr:#x}"),
        Value::Enum { name: Some(name), .. } => name.clone(),
        Value::Enum { name: None, value } => value.to_string(),
        Value::Symbol { text, .. } => text.clone(),
        Value::Stack { frames, mode } => stack(frames, *mode, look),
        Value::Name(name) => name.clone(),
        Value::Duration(ns) => units::duration(i128::from(*ns)),
        Value::Size(bytes) => units::size(i128::from(*bytes)),
        Value::Timestamp { nsecs, format } => look.clock.format_boot(*nsecs, format),
        _ => String::new(),
    }
}

fn joined(parts: &[Value], separator: &str, look: &Look) -> String {
    parts.iter().map(|part| value(part, look)).collect::<Vec<_>>().join(separator)
}

/// A stack, a frame a line.
fn stack(frames: &[Frame], mode: StackMode, look: &Look) -> String {
    let mut out = String::from("\n");
    for frame in frames {
        let name = frame.function.as_deref();
        let line = match mode {
            StackMode::Raw => format!("{:x}", frame.addr),
            StackMode::Perf => {
                let name =
                    name.map_or_else(|| "[unknown]".to_owned(), |name| format!("{name}+{}", frame.offset));
                let file = frame.file.as_deref().map(|file| format!(" ({file})")).unwrap_or_default();
                format!("    {:x} {name}{file}", frame.addr)
            }
            StackMode::Names => match &frame.line {
                Some((file, line)) if look.show.lines => format!("    {frame}@{file}:{line}"),
                _ => format!("    {frame}"),
            },
        };
        let _ = writeln!(out, "{line}");
    }
    out
}

/// Bytes: text as it is and the rest escaped, or all in hex.
pub(crate) fn bytes(bytes: &[u8], flavour: Flavour) -> String {
    match flavour {
        Flavour::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
        Flavour::Escaped => bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect(),
        _ => bytes
            .iter()
            .map(|&byte| match byte {
                b' '..=b'~' => char::from(byte).to_string(),
                byte => format!("\\x{byte:02x}"),
            })
            .collect(),
    }
}

/// A value's number, where it has one: for sorting and for `%d`.
pub(crate) fn number(value: &Value) -> Option<i128> {
    Some(match value {
        Value::Bool(b) => i128::from(*b),
        Value::Int(n) | Value::Duration(n) | Value::Size(n) => i128::from(*n),
        Value::UInt(n) | Value::Pointer(n) => i128::from(*n),
        Value::Enum { value, .. } => i128::from(*value),
        Value::Symbol { addr, .. } => i128::from(*addr),
        Value::Timestamp { nsecs, .. } => i128::from(*nsecs),
        _ => return None,
    })
}

/// Escapes what a target wrote, so that it can't steer the terminal: control characters but tab and
/// newline become `\xNN`.
pub fn escape(text: &str) -> std::borrow::Cow<'_, str> {
    let bad = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(bad) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if bad(c) {
            let _ = write!(out, "\\x{:02x}", c as u32);
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// `@name[key, key]`
pub(crate) fn map_key(map: &MapInfo, key: &[Value], look: &Look) -> String {
    if key.is_empty() {
        return map.name.clone();
    }
    let parts: Vec<String> = key.iter().map(|k| value(k, look)).collect();
    format!("{}[{}]", map.name, parts.join(", "))
}

/// A map's entries, each on its own line or lines; values are divided by `div`.
pub(crate) fn map(map: &MapInfo, entries: &[MapEntry], div: u64, look: &Look) -> String {
    let mut out = String::new();
    for entry in entries {
        let key = map_key(map, &entry.key, look);
        let _ = match &entry.datum {
            MapDatum::Buckets(buckets) => {
                let gap = if out.is_empty() { "" } else { "\n" };
                write!(out, "{gap}{key}:\n{}", histogram(&map.value, buckets))
            }
            MapDatum::Series(points) => {
                let gap = if out.is_empty() { "" } else { "\n" };
                write!(out, "{gap}{key}:\n{}", series::text(&map.value, points, look))
            }
            datum => writeln!(out, "{key}: {}", datum_text(datum, div, look)),
        };
    }
    out
}

fn datum_text(datum: &MapDatum, div: u64, look: &Look) -> String {
    let div = i128::from(div.max(1));
    match datum {
        MapDatum::Value(v) => match number(v) {
            Some(n) if div != 1 => (n / div).to_string(),
            _ => value(v, look),
        },
        MapDatum::Number(n) => (n / div).to_string(),
        MapDatum::Average { count, total } => (average(*count, *total) / div).to_string(),
        MapDatum::Stats { count, total } => {
            let average = average(*count, *total) / div;
            format!("{{ .count = {count}, .average = {average}, .total = {} }}", total / div)
        }
        _ => String::new(),
    }
}

/// The mean, rounded towards 0.
pub(crate) fn average(count: u64, total: i128) -> i128 {
    total.checked_div(i128::from(count)).unwrap_or(0)
}

/// What maps are sorted by: their value, the count of histograms.
pub(crate) fn rank(datum: &MapDatum) -> i128 {
    match datum {
        MapDatum::Value(v) => number(v).unwrap_or(0),
        MapDatum::Number(n) => *n,
        MapDatum::Series(points) => points.iter().map(|point| point.value).sum(),
        MapDatum::Average { count, total } => average(*count, *total),
        MapDatum::Stats { total, .. } => *total,
        MapDatum::Buckets(buckets) => buckets.iter().map(|(_, n)| i128::from(*n)).sum(),
        _ => 0,
    }
}

/// Bounds of a bucket: the lowest value in it, and the lowest above it.
pub(crate) fn bounds(value: &MapValue, index: u64) -> (Option<i128>, Option<i128>) {
    match *value {
        MapValue::LHist { min, max, step } => {
            let last = ((max - min) / step.max(1)) as u64 + 1;
            let low = i128::from(min) + (i128::from(index) - 1) * i128::from(step);
            match index {
                0 => (None, Some(i128::from(min))),
                i if i >= last => (Some(i128::from(max)), None),
                _ => (Some(low), Some(low + i128::from(step))),
            }
        }
        MapValue::Hist { bits } => hist_bucket(index, bits),
        _ => (None, None),
    }
}

fn histogram(value: &MapValue, buckets: &[(u64, u64)]) -> String {
    let most = buckets.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    let mut out = String::new();
    for (index, count) in filled(buckets) {
        let label = label(value, index);
        let bar = "@".repeat((u128::from(count) * BAR as u128 / u128::from(most)) as usize);
        let _ = writeln!(out, "{label:<16}{count:>8} |{bar:<BAR$}|");
    }
    out
}

/// The buckets with the empty ones between them.
pub(crate) fn filled(buckets: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return Vec::new() };
    let mut rest = buckets.iter().peekable();
    (first.0..=last.0)
        .map(|index| match rest.peek() {
            Some((i, n)) if *i == index => {
                rest.next();
                (index, *n)
            }
            _ => (index, 0),
        })
        .collect()
}

fn label(value: &MapValue, index: u64) -> String {
    let shown = |n: i128| if matches!(value, MapValue::Hist { .. }) { power(n) } else { n.to_string() };
    match bounds(value, index) {
        (None, Some(high)) => format!("(..., {})", shown(high)),
        (Some(low), None) => format!("[{}, ...)", shown(low)),
        (Some(low), Some(high)) if high == low + 1 && matches!(value, MapValue::Hist { .. }) => {
            format!("[{}]", shown(low))
        }
        (Some(low), Some(high)) => format!("[{}, {})", shown(low), shown(high)),
        (None, None) => String::new(),
    }
}

/// 4096 as `4K`, where nothing is lost by it.
fn power(n: i128) -> String {
    let (mut n, mut unit) = (n, 0);
    const UNITS: [&str; 7] = ["", "K", "M", "G", "T", "P", "E"];
    while n >= 1024 && n % 1024 == 0 && unit + 1 < UNITS.len() {
        n /= 1024;
        unit += 1;
    }
    format!("{n}{}", UNITS.get(unit).unwrap_or(&""))
}

/// One conversion of a printf.
pub(crate) fn conversion(
    spec: &Spec,
    width: usize,
    precision: Option<usize>,
    v: &Value,
    look: &Look,
) -> String {
    let cut = |n: i128| -> (i64, u64) {
        match spec.bytes {
            1 => (i64::from(n as i8), u64::from(n as u8)),
            2 => (i64::from(n as i16), u64::from(n as u16)),
            _ => (n as i64, n as u64),
        }
    };
    let digits = |text: String| match precision {
        Some(p) if text.len() < p => format!("{}{text}", "0".repeat(p - text.len())),
        _ => text,
    };
    let n = number(v);
    let (sign, prefix, body) = match (spec.conversion, n) {
        ('d' | 'i', Some(n)) => {
            // A value that is unsigned and large is shown as what it is.
            let n = if spec.bytes == 8 && !spec.long { n } else { i128::from(cut(n).0) };
            let sign = match (n < 0, spec.plus, spec.space) {
                (true, ..) => "-",
                (_, true, _) => "+",
                (_, _, true) => " ",
                _ => "",
            };
            (sign, "", digits(n.unsigned_abs().to_string()))
        }
        ('u', Some(n)) => ("", "", digits(cut(n).1.to_string())),
        ('x', Some(n)) => ("", if spec.alternate { "0x" } else { "" }, digits(format!("{:x}", cut(n).1))),
        ('X', Some(n)) => ("", if spec.alternate { "0X" } else { "" }, digits(format!("{:X}", cut(n).1))),
        ('o', Some(n)) => ("", if spec.alternate { "0" } else { "" }, digits(format!("{:o}", cut(n).1))),
        ('p', Some(n)) => ("", "0x", format!("{:x}", n as u64)),
        ('c', Some(n)) => ("", "", char::from(n as u8).to_string()),
        ('v', _) if spec.flavour != Flavour::Plain => ("", "", go_conversion(v, spec.flavour, look)),
        ('r', Some(n)) if spec.flavour == Flavour::GfpFlags => ("", "", gfp_flags(n as u64)),
        ('r', _) => match v {
            Value::Bytes { bytes } => ("", "", self::bytes(bytes, spec.flavour)),
            other => ("", "", value(other, look)),
        },
        _ => {
            let text = value(v, look);
            let text = match precision {
                Some(p) => text.chars().take(p).collect(),
                None => text,
            };
            ("", "", text)
        }
    };
    let len = sign.len() + prefix.len() + body.chars().count();
    let pad = width.saturating_sub(len);
    let numeric = !matches!(spec.conversion, 's' | 'v' | 'c');
    if spec.left {
        format!("{sign}{prefix}{body}{}", " ".repeat(pad))
    } else if spec.zero && numeric && precision.is_none() {
        format!("{sign}{prefix}{}{body}", "0".repeat(pad))
    } else {
        format!("{}{sign}{prefix}{body}", " ".repeat(pad))
    }
}

/// `%+v` and `%T`; what is no Go value has a type of the script.
fn go_conversion(v: &Value, flavour: Flavour, look: &Look) -> String {
    match (v, flavour) {
        (Value::Go(value), Flavour::Type) => value.format(Style::Type),
        (Value::Go(value), _) => value.format(Style::Named),
        (other, Flavour::Type) => match other {
            Value::Bool(_) => "bool",
            Value::Int(_) => "int64",
            Value::UInt(_) => "uint64",
            Value::Str { .. } => "string",
            Value::Tuple(_) => "tuple",
            Value::Record(_) => "record",
            Value::Array(_) => "array",
            Value::Pointer(_) => "pointer",
            _ => "value",
        }
        .to_owned(),
        (other, _) => value(other, look),
    }
}

/// Flags of the kernel's allocations, by `include/linux/gfp_types.h` of Linux 6.
fn gfp_flags(flags: u64) -> String {
    const NAMES: [&str; 12] = [
        "GFP_DMA",
        "GFP_HIGHMEM",
        "GFP_DMA32",
        "GFP_MOVABLE",
        "GFP_RECLAIMABLE",
        "GFP_HIGH",
        "GFP_IO",
        "GFP_FS",
        "GFP_ZERO",
        "GFP_UNUSED",
        "GFP_DIRECT_RECLAIM",
        "GFP_KSWAPD_RECLAIM",
    ];
    let named = NAMES.iter().enumerate().filter(|(bit, _)| flags >> bit & 1 != 0).map(|(_, name)| *name);
    let names: Vec<&str> = named.collect();
    let rest = flags >> NAMES.len() << NAMES.len();
    match (names.is_empty(), rest) {
        (true, rest) => format!("{rest:#x}"),
        (false, 0) => names.join("|"),
        (false, rest) => format!("{}|{rest:#x}", names.join("|")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_shown_with_units() {
        assert_eq!(label(&MapValue::Hist { bits: 0 }, 12), "[1K, 2K)");
        assert_eq!(label(&MapValue::Hist { bits: 0 }, 0), "(..., 0)");
        assert_eq!(label(&MapValue::Hist { bits: 0 }, 1), "[0]");
        assert_eq!(label(&MapValue::Hist { bits: 0 }, 3), "[2, 4)");
    }

    #[test]
    fn a_linear_histogram_has_open_ends() {
        let held = MapValue::LHist { min: 0, max: 10, step: 5 };
        assert_eq!(label(&held, 0), "(..., 0)");
        assert_eq!(label(&held, 1), "[0, 5)");
        assert_eq!(label(&held, 2), "[5, 10)");
        assert_eq!(label(&held, 3), "[10, ...)");
    }

    #[test]
    fn bars_fill_52_columns_and_empty_buckets_between_are_shown() {
        let text = histogram(&MapValue::Hist { bits: 0 }, &[(3, 2), (5, 1)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], format!("{:<16}{:>8} |{}|", "[2, 4)", 2, "@".repeat(52)));
        assert_eq!(lines[1], format!("{:<16}{:>8} |{}|", "[4, 8)", 0, " ".repeat(52)));
        assert_eq!(lines[2], format!("{:<16}{:>8} |{}{}|", "[8, 16)", 1, "@".repeat(26), " ".repeat(26)));
    }

    #[test]
    fn control_characters_of_a_target_are_escaped() {
        assert_eq!(escape("a\x1b[2Jb\tc\n"), "a\\x1b[2Jb\tc\n");
        assert_eq!(escape("grün"), "grün");
    }
}
