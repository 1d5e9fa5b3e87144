//! Maps as they are at one moment.

use std::sync::Arc;

use gprobe_compiler::artifact::MapInfo;
use gprobe_runtime::{MapDatum, MapEntry, Value};

use crate::output::{bounds, filled};

/// A map's entries at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MapSnapshot {
    /// Its name, and the types of its key and value.
    pub info: Arc<MapInfo>,
    /// In no order.
    pub entries: Vec<MapEntry>,
}

/// A bucket of a histogram: values from `from` on and below `to`; `None` is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The lowest value.
    pub from: Option<i128>,
    /// The lowest value of the next bucket.
    pub to: Option<i128>,
    /// How many values were in it.
    pub count: u64,
}

impl MapSnapshot {
    /// The entry of a key, which has no parts for a map without keys.
    pub fn get(&self, key: &[Value]) -> Option<&MapEntry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The buckets of an entry of `hist` or `lhist`, from the lowest to the highest that has any values; of another
    /// map's, none.
    pub fn buckets(&self, entry: &MapEntry) -> Vec<Bucket> {
        let MapDatum::Buckets(counted) = &entry.datum else { return Vec::new() };
        let bucket = |(index, count): (u64, u64)| {
            let (from, to) = bounds(&self.info.value, index);
            Bucket { from, to, count }
        };
        filled(counted).into_iter().map(bucket).collect()
    }
}

#[cfg(test)]
mod tests {
    use gprobe_compiler::artifact::MapValue;

    use super::*;

    fn histogram(value: MapValue, counts: &[(u64, u64)]) -> Vec<(Option<i128>, Option<i128>, u64)> {
        let info = MapInfo {
            name: "@".into(),
            symbol: "gp_map0".into(),
            key: Vec::new(),
            value,
            per_cpu: true,
            scalar: true,
            shown: true,
            tabled: false,
            used: true,
            assigned: true,
        };
        let entry = MapEntry { key: Vec::new(), datum: MapDatum::Buckets(counts.to_vec()) };
        let map = MapSnapshot { info: Arc::new(info), entries: vec![entry] };
        let buckets = map.get(&[]).map(|entry| map.buckets(entry)).unwrap_or_default();
        buckets.into_iter().map(|bucket| (bucket.from, bucket.to, bucket.count)).collect()
    }

    #[test]
    fn buckets_between_are_there_though_empty() {
        let found = histogram(MapValue::Hist { bits: 0 }, &[(2, 5), (4, 1)]);
        assert_eq!(found, [(Some(1), Some(2), 5), (Some(2), Some(4), 0), (Some(4), Some(8), 1)]);
    }

    #[test]
    fn linear_buckets_have_open_ends() {
        let found = histogram(MapValue::LHist { min: 0, max: 20, step: 10 }, &[(0, 1), (2, 2), (3, 3)]);
        let all = [(None, Some(0), 1), (Some(0), Some(10), 0), (Some(10), Some(20), 2), (Some(20), None, 3)];
        assert_eq!(found, all);
    }
}
