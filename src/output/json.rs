//! One JSON object a line, in bpftrace's shape.

use gprobe_compiler::artifact::{MapInfo, MapValue};
use gprobe_runtime::{MapDatum, MapEntry, Value};
use serde_json::{Map, Number, Value as Json, json};

use super::clock::Clock;
use super::text;

/// `{"type": kind, "data": data}`
pub(crate) fn line(kind: &str, data: Json) -> String {
    json!({ "type": kind, "data": data }).to_string()
}

/// A value.
pub(crate) fn value(v: &Value, clock: &Clock) -> Json {
    match v {
        Value::Bool(b) => Json::Bool(*b),
        Value::Tuple(parts) => Json::Array(parts.iter().map(|p| value(p, clock)).collect()),
        Value::Int(n) => Json::from(*n),
        Value::UInt(n) => Json::from(*n),
        other => Json::String(text::value(other, clock)),
    }
}

/// A map: of the kind `map`, `hist` or `stats`, as its values are.
pub(crate) fn map(map: &MapInfo, entries: &[MapEntry], div: u64, clock: &Clock) -> String {
    let kind = match map.value {
        MapValue::Hist { .. } | MapValue::LHist { .. } => "hist",
        MapValue::Stats { .. } => "stats",
        _ => "map",
    };
    let data = if map.key.is_empty() {
        entries.first().map_or(Json::Null, |e| datum(&map.value, &e.datum, div, clock))
    } else {
        let mut object = Map::new();
        for entry in entries {
            let key: Vec<String> = entry.key.iter().map(|k| text::value(k, clock)).collect();
            object.insert(key.join(","), datum(&map.value, &entry.datum, div, clock));
        }
        Json::Object(object)
    };
    line(kind, json!({ map.name.as_str(): data }))
}

fn datum(held: &MapValue, datum: &MapDatum, div: u64, clock: &Clock) -> Json {
    let div = i128::from(div.max(1));
    match datum {
        MapDatum::Value(v) => match text::number(v) {
            Some(n) if div != 1 => integer(n / div),
            _ => value(v, clock),
        },
        MapDatum::Number(n) => integer(n / div),
        MapDatum::Average { count, total } => integer(text::average(*count, *total) / div),
        MapDatum::Stats { count, total } => json!({
            "count": count,
            "average": integer(text::average(*count, *total) / div),
            "total": integer(total / div),
        }),
        MapDatum::Buckets(buckets) => {
            Json::Array(buckets.iter().map(|(index, count)| bucket(held, *index, *count)).collect())
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

fn integer(n: i128) -> Json {
    let number = i64::try_from(n).map(Number::from).or_else(|_| u64::try_from(n).map(Number::from));
    // More than 64 bits only ever come of sums that have run over.
    number.map_or_else(|_| Json::String(n.to_string()), Json::Number)
}
