//! One JSON object a line, in bpftrace's shape.

use std::io;

use gprobe_compiler::artifact::{MapInfo, MapValue};
use gprobe_runtime::{MapDatum, MapEntry, Value};
use serde_json::ser::Formatter;
use serde_json::{Map, Number, Value as Json, json};

use super::{Look, series, text};

/// `{"type": kind, "data": data}`
pub(crate) fn line(kind: &str, data: Json) -> String {
    spaced(&json!({ "type": kind, "data": data }))
}

/// JSON with the blanks that bpftrace writes.
pub(crate) fn spaced(json: &Json) -> String {
    let mut out = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut out, Spaced);
    // Writing to memory can't fail.
    let _ = serde::Serialize::serialize(json, &mut writer);
    String::from_utf8_lossy(&out).into_owned()
}

/// A blank behind `:`, and behind `,` in objects.
struct Spaced;

impl Formatter for Spaced {
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

/// A value.
pub(crate) fn value(v: &Value, look: &Look) -> Json {
    match v {
        Value::Bool(b) => Json::Bool(*b),
        Value::Tuple(parts) => Json::Array(parts.iter().map(|p| value(p, look)).collect()),
        Value::Int(n) | Value::Duration(n) | Value::Size(n) => Json::from(*n),
        Value::UInt(n) => Json::from(*n),
        Value::Pointer(n) | Value::Enum { value: n, .. } => Json::from(*n),
        Value::Array(parts) => Json::Array(parts.iter().map(|p| value(p, look)).collect()),
        Value::Record(parts) => {
            Json::Object(parts.iter().map(|(name, part)| (name.clone(), value(part, look))).collect())
        }
        // bpftrace has no floating-point values, and says so.
        Value::Float { .. } => Json::Null,
        other => Json::String(text::value(other, look)),
    }
}

/// A map: of the kind `map`, `hist` or `stats`, as its values are.
pub(crate) fn map(map: &MapInfo, entries: &[MapEntry], div: u64, look: &Look) -> String {
    let kind = match map.value {
        MapValue::Hist { .. } | MapValue::LHist { .. } => "hist",
        MapValue::Stats { .. } | MapValue::Avg { .. } => "stats",
        MapValue::TSeries(_) => "tseries",
        _ => "map",
    };
    let data = if map.key.is_empty() {
        entries.first().map_or(Json::Null, |e| datum(&map.value, &e.datum, div, look))
    } else {
        let mut object = Map::new();
        for entry in entries {
            let key: Vec<String> = entry.key.iter().map(|k| text::value(k, look)).collect();
            object.insert(key.join(","), datum(&map.value, &entry.datum, div, look));
        }
        Json::Object(object)
    };
    line(kind, json!({ map.name.as_str(): data }))
}

fn datum(held: &MapValue, datum: &MapDatum, div: u64, look: &Look) -> Json {
    let div = i128::from(div.max(1));
    match datum {
        MapDatum::Value(v) => match text::number(v) {
            Some(n) if div != 1 => integer(n / div),
            _ => value(v, look),
        },
        MapDatum::Number(n) => integer(n / div),
        MapDatum::Average { count, total } => integer(text::average(*count, *total) / div),
        MapDatum::Stats { count, total } => json!({
            "count": count,
            "average": integer(text::average(*count, *total) / div),
            "total": integer(total / div),
        }),
        MapDatum::Buckets(buckets) => {
            let filled = text::filled(buckets);
            Json::Array(filled.into_iter().map(|(index, count)| bucket(held, index, count)).collect())
        }
        MapDatum::Series(points) => {
            let MapValue::TSeries(series) = held else { return Json::Null };
            let start = |interval: u64| {
                look.clock.format_boot(interval.saturating_mul(series.interval_ns), "%Y-%m-%d %H:%M:%S.%9f")
            };
            let points = series::shown(series, points).into_iter();
            Json::Array(
                points
                    .map(|(interval, value)| {
                        json!({ "interval_start": start(interval), "value": value.map_or(Json::Null, integer) })
                    })
                    .collect(),
            )
        }
        _ => Json::Null,
    }
}

/// `min` and `max` are both in the bucket; an open end is left out.
fn bucket(held: &MapValue, index: u64, count: u64) -> Json {
    let (low, high) = text::bounds(held, index);
    let mut object = Map::new();
    if let Some(low) = low {
        object.insert("min".into(), integer(low));
    }
    if let Some(high) = high {
        object.insert("max".into(), integer(high - 1));
    }
    object.insert("count".into(), Json::from(count));
    Json::Object(object)
}

pub(crate) fn integer(n: i128) -> Json {
    let number = i64::try_from(n).map(Number::from).or_else(|_| u64::try_from(n).map(Number::from));
    // More than 64 bits only ever come of sums that have run over.
    number.map_or_else(|_| Json::String(n.to_string()), Json::Number)
}
