//! Time series: a column of points over the range of their values.

use std::fmt::Write as _;

use gprobe_compiler::artifact::{MapValue, TSeries, TSeriesKind};
use gprobe_runtime::SeriesPoint;

use super::Look;

/// Columns of the plot.
const WIDTH: usize = 51;

/// The points that are shown: those of the last intervals, without gaps, each with its value if it has one.
pub(crate) fn shown(series: &TSeries, points: &[SeriesPoint]) -> Vec<(u64, Option<i128>)> {
    let value = |point: &SeriesPoint| match series.kind {
        TSeriesKind::Avg => point.value.checked_div(i128::from(point.mark)).unwrap_or(0),
        _ => point.value,
    };
    let Some(last) = points.iter().map(|point| point.interval).max() else { return Vec::new() };
    let oldest = last.saturating_sub(u64::from(series.buckets).saturating_sub(1));
    let kept: Vec<&SeriesPoint> = points.iter().filter(|point| point.interval >= oldest).collect();
    let first = kept.iter().map(|point| point.interval).min().unwrap_or(last);
    (first..=last)
        .map(|interval| (interval, kept.iter().find(|point| point.interval == interval).map(|p| value(p))))
        .collect()
}

/// The plot.
pub(crate) fn text(held: &MapValue, points: &[SeriesPoint], look: &Look) -> String {
    let MapValue::TSeries(series) = held else { return String::new() };
    let points = shown(series, points);
    let values = || points.iter().filter_map(|(_, value)| *value);
    let (Some(least), Some(most)) = (values().min(), values().max()) else { return String::new() };
    // A single value stands in the middle.
    let (low, high) = if least == most { (least - 1, most + 1) } else { (least, most) };
    let format = format_of(series.interval_ns);
    let indent = " ".repeat(format.1.len() + 1);
    let ends = {
        let (low, high) = (low.to_string(), high.to_string());
        format!("{indent}{low}{}{high}", " ".repeat((WIDTH + 2).saturating_sub(low.len() + high.len())))
    };
    let mut out = String::new();
    let _ = writeln!(out, "{ends}");
    let _ = writeln!(out, "{} |{}|", format.1, "_".repeat(WIDTH));
    for (interval, value) in &points {
        let time = look.clock.format_boot(interval.saturating_mul(series.interval_ns), format.0);
        let mut bar = vec![b' '; WIDTH];
        let column = |value: i128| {
            let range = (high - low).max(1);
            usize::try_from((value - low) * (WIDTH as i128 - 1) / range).unwrap_or(0).min(WIDTH - 1)
        };
        // Where 0 is, if it is in the range.
        if low < 0
            && high > 0
            && let Some(place) = bar.get_mut(column(0))
        {
            *place = b'.';
        }
        if let Some(value) = value
            && let Some(place) = bar.get_mut(column(*value))
        {
            *place = b'*';
        }
        let shown = value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let _ = writeln!(out, "{time} |{}| {shown}", String::from_utf8_lossy(&bar));
    }
    let _ = writeln!(out, "{indent}v{}v", "_".repeat(WIDTH));
    let _ = writeln!(out, "{ends}");
    out
}

/// How an interval's start is written, and what that is called.
pub(crate) fn format_of(interval_ns: u64) -> (&'static str, &'static str) {
    match interval_ns {
        n if n % 1_000_000_000 == 0 => ("%H:%M:%S", "hh:mm:ss"),
        n if n % 1_000_000 == 0 => ("%H:%M:%S.%3f", "hh:mm:ss.ms"),
        n if n % 1_000 == 0 => ("%H:%M:%S.%6f", "hh:mm:ss.us"),
        _ => ("%H:%M:%S.%9f", "hh:mm:ss.ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_intervals_are_shown_and_gaps_between_them_too() {
        let series = TSeries { interval_ns: 1, buckets: 3, kind: TSeriesKind::Avg, signed: false };
        let point = |interval, value, mark| SeriesPoint { interval, value, mark };
        let points = [point(1, 9, 1), point(5, 9, 3), point(7, 4, 1)];
        assert_eq!(shown(&series, &points), [(5, Some(3)), (6, None), (7, Some(4))]);
    }
}
