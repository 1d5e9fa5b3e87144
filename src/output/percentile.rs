//! Percentiles of histograms.

use gprobe_compiler::artifact::MapValue;

use super::text::bounds;

/// A percentile, as far as the buckets tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Percentile {
    /// About this, in a bucket with two ends.
    About(i128),
    /// Below this: the bucket has no lower end.
    Below(i128),
    /// This or more: the bucket has no upper end.
    From(i128),
}

/// The value that `percent` of the values are not above. Within a bucket, values are taken to lie at equal
/// distances; of 100 percent it is the bucket's largest value.
pub(crate) fn percentile(held: &MapValue, buckets: &[(u64, u64)], percent: u64) -> Option<Percentile> {
    let all: u128 = buckets.iter().map(|(_, n)| u128::from(*n)).sum();
    let wanted = (all * u128::from(percent)).div_ceil(100).max(1);
    let mut before = 0;
    let (index, count) = buckets.iter().find(|(_, n)| {
        before += u128::from(*n);
        before >= wanted
    })?;
    let at = i128::try_from(wanted + u128::from(*count) - before).ok()?;
    Some(match bounds(held, *index) {
        (Some(low), Some(high)) if percent >= 100 => Percentile::About(low.max(high - 1)),
        (Some(low), Some(high)) => {
            // The middle of the part that is this value's own.
            let within = (high - low).saturating_mul(2 * at - 1) / (2 * i128::from(*count));
            Percentile::About(low.saturating_add(within))
        }
        (None, Some(high)) => Percentile::Below(high),
        (low, None) => Percentile::From(low?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIST: MapValue = MapValue::Hist { bits: 0 };

    #[test]
    fn percentiles_are_interpolated_within_a_bucket() {
        // Buckets 12 and 13 hold 1024..2048 and 2048..4096.
        let buckets = [(12, 50), (13, 50)];
        let of = |percent| percentile(&HIST, &buckets, percent);
        assert_eq!(of(50), Some(Percentile::About(1024 + 1024 * 99 / 100)));
        assert_eq!(of(90), Some(Percentile::About(2048 + 2048 * 79 / 100)));
        assert_eq!(of(100), Some(Percentile::About(4095)));
        assert_eq!(percentile(&HIST, &[(12, 1)], 50), Some(Percentile::About(1536)));
    }

    #[test]
    fn a_bucket_of_one_value_is_exact() {
        assert_eq!(percentile(&HIST, &[(1, 7)], 99), Some(Percentile::About(0)));
        let fine = MapValue::Hist { bits: 5 };
        let held = gprobe_compiler::artifact::hist_bucket(20, 5);
        assert_eq!(held, (Some(19), Some(20)));
        assert_eq!(percentile(&fine, &[(20, 3)], 50), Some(Percentile::About(19)));
    }

    #[test]
    fn open_ends_are_said() {
        let linear = MapValue::LHist { min: 0, max: 10, step: 5 };
        assert_eq!(percentile(&linear, &[(0, 9), (1, 1)], 50), Some(Percentile::Below(0)));
        assert_eq!(percentile(&linear, &[(1, 9), (3, 1)], 100), Some(Percentile::From(10)));
        assert_eq!(percentile(&linear, &[(1, 9), (3, 1)], 90), Some(Percentile::About(4)));
        assert_eq!(percentile(&linear, &[], 50), None);
    }
}
