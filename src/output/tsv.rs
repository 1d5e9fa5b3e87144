//! Maps and values with tabs between their parts, for machines.

use gprobe_compiler::artifact::{MapInfo, MapValue};
use gprobe_runtime::{MapDatum, MapEntry, Value};

use super::{Look, series, text};

/// Text as one field: a tab, a newline and a backslash are `\t`, `\n` and `\\`, other control characters `\xNN`.
pub(crate) fn escape(text: &str) -> String {
    let plain = text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n");
    text::escape(&plain).into_owned()
}

/// A value: the parts of tuples and records are fields of their own.
pub(crate) fn value(value: &Value, look: &Look) -> String {
    match value {
        Value::Tuple(parts) => parts.iter().map(|part| field(part, look)).collect::<Vec<_>>().join("\t"),
        Value::Record(parts) => {
            parts.iter().map(|(_, part)| field(part, look)).collect::<Vec<_>>().join("\t")
        }
        other => field(other, look),
    }
}

/// A number as it is, else text.
fn field(value: &Value, look: &Look) -> String {
    match value {
        Value::Duration(n) | Value::Size(n) => n.to_string(),
        Value::Stack { .. } => {
            let text = text::value(value, look);
            let frames = text.lines().map(str::trim).filter(|line| !line.is_empty());
            escape(&frames.collect::<Vec<_>>().join(";"))
        }
        other => escape(&text::value(other, look)),
    }
}

/// A map: a line for each entry, and of histograms and time series for each bucket and interval.
pub(crate) fn map(map: &MapInfo, entries: &[MapEntry], div: u64, look: &Look) -> String {
    let mut out = String::new();
    for entry in entries {
        let key = entry.key.iter().map(|part| field(part, look));
        let start = std::iter::once(map.name.clone()).chain(key).collect::<Vec<_>>().join("\t");
        for value in values(&map.value, &entry.datum, div, look) {
            out.push_str(&format!("{start}\t{value}\n"));
        }
    }
    out
}

fn values(held: &MapValue, datum: &MapDatum, div: u64, look: &Look) -> Vec<String> {
    let div = i128::from(div.max(1));
    let end = |bound: Option<i128>| bound.map(|n| n.to_string()).unwrap_or_default();
    match datum {
        MapDatum::Value(v) => match text::number(v) {
            Some(n) if div != 1 => vec![(n / div).to_string()],
            _ => vec![value(v, look)],
        },
        MapDatum::Number(n) => vec![(n / div).to_string()],
        MapDatum::Average { count, total } => vec![(text::average(*count, *total) / div).to_string()],
        MapDatum::Stats { count, total } => {
            vec![format!("{count}\t{}\t{}", text::average(*count, *total) / div, total / div)]
        }
        MapDatum::Buckets(buckets) => text::filled(buckets)
            .into_iter()
            .map(|(index, count)| {
                let (low, high) = text::bounds(held, index);
                format!("{}\t{}\t{count}", end(low), end(high.map(|high| high - 1)))
            })
            .collect(),
        MapDatum::Series(points) => {
            let MapValue::TSeries(series) = held else { return Vec::new() };
            let start = |interval: u64| {
                look.clock.format_boot(interval.saturating_mul(series.interval_ns), "%Y-%m-%d %H:%M:%S.%9f")
            };
            let shown = series::shown(series, points).into_iter();
            shown.map(|(interval, value)| format!("{}\t{}", start(interval), end(value))).collect()
        }
        _ => Vec::new(),
    }
}
