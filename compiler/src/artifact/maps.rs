//! The script's maps: their keys, what they hold, and how the CPUs' parts are joined.

use super::Type;

/// A map of the script.
#[derive(Clone, Debug)]
pub struct MapInfo {
    /// As written, with the `@`.
    pub name: String,
    /// Its name in the object.
    pub symbol: String,
    /// Types of the parts of the key; empty for a scalar map, whose kernel key is a `u64` 0.
    pub key: Vec<Type>,
    /// What it holds.
    pub value: MapValue,
    /// Whether the kernel keeps a value per CPU.
    pub per_cpu: bool,
    /// Whether its key is a scalar map's: there is only one element.
    pub scalar: bool,
    /// Whether `print` and the end of the script show it.
    pub shown: bool,
    /// Whether a `table` shows it: then the end of the script does not.
    pub tabled: bool,
    /// Whether the script itself names it, and not only an earlier program of the session.
    pub used: bool,
    /// Whether anything is assigned to it. Only then is it known what it is.
    pub assigned: bool,
}

impl MapInfo {
    /// Bytes of the kernel map's key. For histograms, the bucket's index (`u64`) is the key's last
    /// part, and the value the count of that bucket.
    pub fn key_size(&self) -> u32 {
        let parts: u32 = self.key.iter().map(Type::size).sum();
        let bucket = if self.value.has_buckets() { 8 } else { 0 };
        (parts + bucket).max(8)
    }
}

/// What a map holds, and how user space joins the CPUs' parts.
#[derive(Clone, Debug, PartialEq)]
pub enum MapValue {
    /// A value as it is.
    Plain(Type),
    /// `u64`: added up.
    Count,
    /// `i64` or `u64`: added up.
    Sum {
        /// Printed signed.
        signed: bool,
    },
    /// Count (`u64`), total (`i64`/`u64`).
    Avg {
        /// Total is signed.
        signed: bool,
    },
    /// Value, and a `u64` that is not 0 where the value is set.
    Min {
        /// Compared signed.
        signed: bool,
    },
    /// As `Min`.
    Max {
        /// Compared signed.
        signed: bool,
    },
    /// As `Avg`, printed with count, average and total.
    Stats {
        /// Total is signed.
        signed: bool,
    },
    /// Power-of-two buckets, each split in `2^bits`; see [`hist_bucket`].
    Hist {
        /// 0 to 5.
        bits: u8,
    },
    /// A value for each interval of time; see [`TSeries`]. Per CPU: the interval's number, the value,
    /// and how many there were (for `Last`, when the last one came).
    TSeries(TSeries),
    /// Linear buckets: 0 is below `min`, 1 the first, the last everything from `max`.
    LHist {
        /// Lowest value of the first bucket.
        min: i64,
        /// End of the last bucket.
        max: i64,
        /// Width of a bucket, not 0.
        step: i64,
    },
}

/// `tseries(n, interval, buckets, "kind")`: values by the interval of time they came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TSeries {
    /// Length of an interval in ns, not 0.
    pub interval_ns: u64,
    /// How many intervals are kept: the last ones.
    pub buckets: u32,
    /// What is kept of an interval's values.
    pub kind: TSeriesKind,
    /// Values are signed.
    pub signed: bool,
}

/// What is kept of an interval's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TSeriesKind {
    /// The last one.
    Last,
    /// Their average.
    Avg,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their sum.
    Sum,
}

impl MapValue {
    /// Bytes of the kernel map's value.
    pub fn size(&self) -> u32 {
        match self {
            Self::Plain(ty) => ty.size(),
            Self::Count | Self::Sum { .. } | Self::Hist { .. } | Self::LHist { .. } => 8,
            Self::Avg { .. } | Self::Min { .. } | Self::Max { .. } | Self::Stats { .. } => 16,
            Self::TSeries(_) => 24,
        }
    }

    /// Whether the key's last part is a bucket.
    pub fn has_buckets(&self) -> bool {
        matches!(self, Self::Hist { .. } | Self::LHist { .. } | Self::TSeries(_))
    }
}

/// The lowest value of a bucket of `hist(n, bits)`, and the lowest of the next; the reverse of what
/// programs compute.
///
/// Bucket 0 holds negative values, bucket 1 is 0; from there each power of two is split in
/// `2^bits`: with `bits` 0, bucket `k + 2` holds `2^k .. 2^(k+1)`. `None` stands for no bound.
pub fn hist_bucket(index: u64, bits: u8) -> (Option<i128>, Option<i128>) {
    let bits = u32::from(bits);
    match index {
        0 => (None, Some(0)),
        1 => (Some(0), Some(1)),
        _ => {
            let low = |index: u64| -> i128 {
                // Values below 2^(bits+1) have a bucket each.
                if index < (1u64 << (bits + 1)) {
                    return i128::from(index);
                }
                let octave = (index >> bits) - 1;
                let part = index & ((1u64 << bits) - 1);
                i128::from((1u64 << bits) + part) << octave.min(64)
            };
            (Some(low(index - 1)), Some(low(index)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::hist_bucket;

    #[test]
    fn buckets_without_parts_are_powers_of_two() {
        assert_eq!(hist_bucket(0, 0), (None, Some(0)));
        assert_eq!(hist_bucket(1, 0), (Some(0), Some(1)));
        assert_eq!(hist_bucket(2, 0), (Some(1), Some(2)));
        assert_eq!(hist_bucket(3, 0), (Some(2), Some(4)));
        assert_eq!(hist_bucket(4, 0), (Some(4), Some(8)));
        assert_eq!(hist_bucket(65, 0), (Some(1 << 63), Some(1 << 64)));
    }

    #[test]
    fn buckets_with_parts_split_each_power_of_two() {
        let of = |i| hist_bucket(i, 2);
        assert_eq!(of(2), (Some(1), Some(2)));
        assert_eq!(of(8), (Some(7), Some(8)));
        assert_eq!(of(9), (Some(8), Some(10)));
        assert_eq!(of(13), (Some(16), Some(20)));
    }
}
