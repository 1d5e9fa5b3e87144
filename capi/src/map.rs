//! Maps as they were at one moment.

use std::ffi::{CString, c_char};
use std::ptr::null;

use gprobe_rust as gprobe;

use gprobe::{MapDatum, MapSnapshot};

use crate::error::guarded;
use crate::text::{c_string, shared, taken, unique};
use crate::value::Value;

/// What an entry holds.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatumKind {
    /// A value: gprobe_map_value().
    Value = 0,
    /// A number, of count(), sum(), min() or max(): gprobe_map_number().
    Number = 1,
    /// Of avg() and stats(): gprobe_map_count(), gprobe_map_total().
    Average = 2,
    /// Of hist() and lhist(): gprobe_map_buckets(), gprobe_map_bucket().
    Histogram = 3,
    /// Of tseries(), which C can't read yet.
    Series = 4,
}

/// A bucket of a histogram: values from `from` on and below `to`.
#[repr(C)]
pub struct Bucket {
    /// The lowest value, where there is a bound.
    pub from: i64,
    /// The lowest value of the next bucket, where there is a bound.
    pub to: i64,
    /// Whether `from` is a bound.
    pub has_from: bool,
    /// Whether `to` is a bound.
    pub has_to: bool,
    /// How many values were in it.
    pub count: u64,
}

/// A map's entries at one moment, in no order.
pub struct Map {
    name: CString,
    entries: Vec<Entry>,
}

struct Entry {
    key: Vec<Value>,
    value: Option<Value>,
    kind: DatumKind,
    number: i64,
    count: u64,
    buckets: Vec<gprobe::Bucket>,
}

/// A number as far as it fits.
fn narrow(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

impl Map {
    pub(crate) fn new(map: MapSnapshot) -> Self {
        let entry = |entry: &gprobe::MapEntry| {
            let (kind, number, count) = match &entry.datum {
                MapDatum::Number(n) => (DatumKind::Number, narrow(*n), 0),
                MapDatum::Average { count, total } | MapDatum::Stats { count, total } => {
                    (DatumKind::Average, narrow(*total), *count)
                }
                MapDatum::Buckets(buckets) => {
                    (DatumKind::Histogram, 0, buckets.iter().map(|(_, count)| count).sum())
                }
                MapDatum::Series(_) => (DatumKind::Series, 0, 0),
                _ => (DatumKind::Value, 0, 0),
            };
            let value = match &entry.datum {
                MapDatum::Value(value) => Some(Value::new(value)),
                _ => None,
            };
            let key = entry.key.iter().map(Value::new).collect();
            Entry { key, value, kind, number, count, buckets: map.buckets(entry) }
        };
        Self { name: c_string(&map.info.name), entries: map.entries.iter().map(entry).collect() }
    }

    fn entry(&self, index: usize) -> Result<&Entry, String> {
        self.entries.get(index).ok_or_else(|| format!("the map has no entry {index}"))
    }
}

/// Frees a map of gprobe_map_read(), not one of an event. NULL is nothing.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_free(map: *mut Map) {
    drop(taken(map));
}

/// Its name, with the @.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_name(map: *const Map) -> *const c_char {
    guarded(null(), || Ok(shared(map, "map")?.name.as_ptr()))
}

/// How many entries it has.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_len(map: *const Map) -> usize {
    guarded(0, || Ok(shared(map, "map")?.entries.len()))
}

/// How many parts the key of an entry has; 0 for a map without keys.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_key_len(map: *const Map, entry: usize) -> usize {
    guarded(0, || Ok(shared(map, "map")?.entry(entry)?.key.len()))
}

/// A part of an entry's key; it belongs to the map. NULL where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_key(map: *const Map, entry: usize, part: usize) -> *const Value {
    guarded(null(), || Ok(shared(map, "map")?.entry(entry)?.key.get(part).map_or(null(), std::ptr::from_ref)))
}

/// What an entry holds.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_kind(map: *const Map, entry: usize) -> DatumKind {
    guarded(DatumKind::Value, || Ok(shared(map, "map")?.entry(entry)?.kind))
}

/// An entry's value; it belongs to the map. NULL for what is counted, averaged or in buckets.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_value(map: *const Map, entry: usize) -> *const Value {
    guarded(null(), || {
        Ok(shared(map, "map")?.entry(entry)?.value.as_ref().map_or(null(), std::ptr::from_ref))
    })
}

/// An entry's number: of count(), sum(), min(), max(); 0 for others.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_number(map: *const Map, entry: usize) -> i64 {
    guarded(0, || {
        let entry = shared(map, "map")?.entry(entry)?;
        Ok(if entry.kind == DatumKind::Number { entry.number } else { 0 })
    })
}

/// How many values an average, stats or a histogram is of.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_count(map: *const Map, entry: usize) -> u64 {
    guarded(0, || Ok(shared(map, "map")?.entry(entry)?.count))
}

/// The sum of the values that an average or stats is of.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_total(map: *const Map, entry: usize) -> i64 {
    guarded(0, || {
        let entry = shared(map, "map")?.entry(entry)?;
        Ok(if entry.kind == DatumKind::Average { entry.number } else { 0 })
    })
}

/// How many buckets a histogram has, from the lowest to the highest that has any values.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_buckets(map: *const Map, entry: usize) -> usize {
    guarded(0, || Ok(shared(map, "map")?.entry(entry)?.buckets.len()))
}

/// Fills in a bucket of a histogram; false where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_bucket(
    map: *const Map,
    entry: usize,
    index: usize,
    bucket: *mut Bucket,
) -> bool {
    guarded(false, || {
        let Some(found) = shared(map, "map")?.entry(entry)?.buckets.get(index) else { return Ok(false) };
        *unique(bucket, "bucket")? = Bucket {
            from: found.from.map_or(0, narrow),
            to: found.to.map_or(0, narrow),
            has_from: found.from.is_some(),
            has_to: found.to.is_some(),
            count: found.count,
        };
        Ok(true)
    })
}
