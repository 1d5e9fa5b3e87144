//! "Did you mean": the nearest of many names.

use std::collections::BinaryHeap;

/// At most `max` of the candidates that `word` may be a slip of, the nearest first.
///
/// Case says little, and a Go name's last segment says most: `main.Handel` is near `main.Handle` and near
/// `server.Handle`, not near `main.Handshake`. Linear in the candidates, and most cost no more than a look
/// at their length.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>, max: usize) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let tail = last_segment(&word);
    let allowed = (tail.chars().count() / 3).clamp(1, 4);
    let mut best: BinaryHeap<(usize, usize, &'a str)> = BinaryHeap::new();
    for candidate in candidates {
        let last = last_segment(candidate);
        if last.len().abs_diff(tail.len()) > allowed * 4 || max == 0 {
            continue;
        }
        let lower = candidate.to_lowercase();
        let segment = last_segment(&lower);
        if segment.chars().count().abs_diff(tail.chars().count()) > allowed {
            continue;
        }
        let distance = strsim::osa_distance(tail, segment);
        if distance > allowed {
            continue;
        }
        let whole = if lower == word { 0 } else { strsim::osa_distance(head(&word), head(&lower)) };
        // A right last segment in a foreign package is a poor guess unless the package was left out.
        if distance + whole > word.chars().count().max(allowed) {
            continue;
        }
        let entry = (distance * 4 + whole, candidate.len(), candidate);
        if best.len() < max {
            best.push(entry);
        } else if best.peek().is_some_and(|worst| entry < *worst) {
            best.pop();
            best.push(entry);
        }
    }
    let mut names: Vec<&str> = best.into_sorted_vec().into_iter().map(|(_, _, name)| name).collect();
    names.dedup();
    names
}

/// "did you mean `x`?", "did you mean `x`, `y` or `z`?", or nothing if nothing is near.
pub fn did_you_mean<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<String> =
        nearest(word, candidates, 3).into_iter().map(|name| format!("`{name}`")).collect();
    let (last, rest) = names.split_last()?;
    Some(if rest.is_empty() {
        format!("did you mean {last}?")
    } else {
        format!("did you mean {} or {last}?", rest.join(", "))
    })
}

fn last_segment(name: &str) -> &str {
    name.rsplit(['.', '/', ':']).next().unwrap_or(name)
}

fn head(name: &str) -> &str {
    name.strip_suffix(last_segment(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name() {
        let names = ["main.Handle", "main.Handshake", "net/http.Handle", "main.main"];
        assert_eq!(nearest("main.Handel", names.into_iter(), 2), ["main.Handle", "net/http.Handle"]);
        assert_eq!(
            did_you_mean("main.mian", names.into_iter()).as_deref(),
            Some("did you mean `main.main`?")
        );
    }

    #[test]
    fn case_is_no_difference() {
        assert_eq!(nearest("GOID", ["goid", "gopc"].into_iter(), 1), ["goid"]);
    }

    #[test]
    fn several_are_joined() {
        let said = did_you_mean("coun", ["count", "court", "cound"].into_iter());
        assert_eq!(said.as_deref(), Some("did you mean `cound` or `count`?"));
    }

    #[test]
    fn nothing_near_is_nothing() {
        assert_eq!(did_you_mean("zzz", ["count", "sum"].into_iter()), None);
        assert_eq!(nearest("count", ["count"].into_iter(), 0), Vec::<&str>::new());
    }
}
