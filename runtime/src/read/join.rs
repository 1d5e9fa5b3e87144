//! Joins what the CPUs, and equal keys, have of a map's value.

use gprobe_compiler::artifact::{MapInfo, MapValue, TSeries, TSeriesKind};

use crate::decode::Decoder;
use crate::event::{MapDatum, SeriesPoint};

/// An entry's datum, from its key (histograms have the bucket there) and its value on all CPUs.
pub(super) fn datum(info: &MapInfo, decoder: &mut Decoder, key: &[u8], bytes: &[u8]) -> Option<MapDatum> {
    let words: Vec<u64> =
        bytes.chunks_exact(8).filter_map(|c| c.try_into().ok()).map(u64::from_le_bytes).collect();
    let number = |word: u64, signed: bool| if signed { i128::from(word as i64) } else { i128::from(word) };
    let sum = |signed| words.iter().map(|&w| number(w, signed)).sum::<i128>();
    let pairs = || words.chunks_exact(2).filter_map(|p| Some((*p.first()?, *p.last()?)));
    Some(match &info.value {
        MapValue::Plain(ty) => MapDatum::Value(decoder.value(bytes, ty)?),
        MapValue::Count => MapDatum::Number(sum(false)),
        MapValue::Sum { signed } => MapDatum::Number(sum(*signed)),
        MapValue::Min { signed } | MapValue::Max { signed } => {
            let least = matches!(info.value, MapValue::Min { .. });
            let set = pairs().filter(|(_, set)| *set != 0).map(|(value, _)| number(value, *signed));
            MapDatum::Number(if least { set.min() } else { set.max() }?)
        }
        MapValue::Avg { signed } | MapValue::Stats { signed } => {
            let (mut count, mut total) = (0u64, 0i128);
            for (n, part) in pairs() {
                count = count.wrapping_add(n);
                total += number(part, *signed);
            }
            match info.value {
                MapValue::Avg { .. } => MapDatum::Average { count, total },
                _ => MapDatum::Stats { count, total },
            }
        }
        MapValue::TSeries(series) => MapDatum::Series(points(&words, series)),
        MapValue::Hist { .. } | MapValue::LHist { .. } => {
            let bucket = key.get(key.len().checked_sub(8)?..)?;
            let bucket = u64::from_le_bytes(bucket.try_into().ok()?);
            let count: u64 = words.iter().sum();
            MapDatum::Buckets(if count == 0 { Vec::new() } else { vec![(bucket, count)] })
        }
    })
}

/// What the CPUs have of an interval; what an older interval left there is dropped.
fn points(words: &[u64], series: &TSeries) -> Vec<SeriesPoint> {
    let mut joined: Option<SeriesPoint> = None;
    for part in words.chunks_exact(3) {
        let &[interval, value, mark] = part else { continue };
        if mark == 0 {
            continue;
        }
        let value = if series.signed { i128::from(value as i64) } else { i128::from(value) };
        let point = SeriesPoint { interval, value, mark };
        joined = Some(match joined {
            Some(old) if old.interval == interval => join_points(old, point, series.kind),
            Some(old) if old.interval > interval => old,
            _ => point,
        });
    }
    joined.into_iter().collect()
}

fn join_points(a: SeriesPoint, b: SeriesPoint, kind: TSeriesKind) -> SeriesPoint {
    match kind {
        TSeriesKind::Last => {
            if b.mark > a.mark {
                b
            } else {
                a
            }
        }
        TSeriesKind::Min => SeriesPoint { value: a.value.min(b.value), ..a },
        TSeriesKind::Max => SeriesPoint { value: a.value.max(b.value), ..a },
        TSeriesKind::Avg | TSeriesKind::Sum => {
            SeriesPoint { value: a.value + b.value, mark: a.mark + b.mark, ..a }
        }
    }
}

/// Adds what another key that reads the same has.
pub(super) fn merge(info: &MapInfo, into: &mut MapDatum, more: MapDatum) {
    match (into, more) {
        (MapDatum::Number(a), MapDatum::Number(b)) => {
            *a = match info.value {
                MapValue::Min { .. } => (*a).min(b),
                MapValue::Max { .. } => (*a).max(b),
                _ => *a + b,
            };
        }
        (MapDatum::Average { count, total }, MapDatum::Average { count: n, total: t })
        | (MapDatum::Stats { count, total }, MapDatum::Stats { count: n, total: t }) => {
            *count += n;
            *total += t;
        }
        (MapDatum::Buckets(buckets), MapDatum::Buckets(more)) => {
            for (index, count) in more {
                match buckets.binary_search_by_key(&index, |(i, _)| *i) {
                    Ok(at) => {
                        if let Some((_, n)) = buckets.get_mut(at) {
                            *n += count;
                        }
                    }
                    Err(at) => buckets.insert(at, (index, count)),
                }
            }
        }
        (MapDatum::Series(points), MapDatum::Series(more)) => {
            points.extend(more);
            points.sort_by_key(|point| point.interval);
        }
        // Plain values do not add up: the last one stands.
        (into, more) => *into = more,
    }
}
