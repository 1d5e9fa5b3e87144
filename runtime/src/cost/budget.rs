//! How much of a CPU probes may take, and which of them go where it is more.

use std::collections::VecDeque;
use std::time::Duration;

/// The time that is looked back at.
const WINDOW: Duration = Duration::from_secs(1);

/// What a program has cost since it was attached.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// The traps that led to it, in ns.
    pub traps_ns: f64,
    /// How often it was hit.
    pub hits: u64,
    /// How long it runs, as far as is known, in ns.
    pub run_ns: f64,
}

impl Load {
    /// What it cost since an earlier time, in ns.
    fn since(&self, before: &Self) -> f64 {
        let runs = self.hits.saturating_sub(before.hits) as f64;
        (self.traps_ns - before.traps_ns).max(0.0) + runs * self.run_ns
    }
}

/// More was spent than may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// What was spent over the last second, as a share of one CPU.
    pub share: f64,
    /// The programs to do without, dearest first: then it is no more than may be.
    pub dearest: Vec<usize>,
}

/// A share of one CPU's time that may be spent over a second.
#[derive(Clone, Debug)]
pub struct Budget {
    share: f64,
    /// What programs had cost at earlier times, of which the first is the last that is a second ago, or the start.
    looks: VecDeque<(Duration, Vec<Load>)>,
    gone: Vec<bool>,
}

impl Budget {
    /// A budget for so many programs, none of which has been hit.
    pub fn new(share: f64, programs: usize) -> Self {
        let start = (Duration::ZERO, vec![Load::default(); programs]);
        Self { share, looks: VecDeque::from([start]), gone: vec![false; programs] }
    }

    /// Looks at what programs have cost up to a time, which is counted from the start.
    pub fn look(&mut self, at: Duration, loads: &[Load]) -> Option<Passed> {
        while self.looks.get(1).is_some_and(|(then, _)| at.saturating_sub(*then) >= WINDOW) {
            self.looks.pop_front();
        }
        let (then, before) = self.looks.front()?;
        // A whole second's budget may be spent at once.
        let window = at.saturating_sub(*then).max(WINDOW).as_nanos() as f64;
        let mut shares: Vec<(usize, f64)> = loads
            .iter()
            .zip(before)
            .map(|(now, before)| now.since(before) / window)
            .enumerate()
            .filter(|(index, _)| !self.gone.get(*index).copied().unwrap_or(false))
            .collect();
        self.looks.push_back((at, loads.to_vec()));
        let share: f64 = shares.iter().map(|(_, share)| share).sum();
        if share <= self.share {
            return None;
        }
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (mut left, mut dearest) = (share, Vec::new());
        for (index, share) in shares {
            if left <= self.share {
                break;
            }
            left -= share;
            dearest.push(index);
        }
        Some(Passed { share, dearest })
    }

    /// Notes that a program is there no more.
    pub fn forget(&mut self, index: usize) {
        if let Some(gone) = self.gone.get_mut(index) {
            *gone = true;
        }
    }

    /// Whether any program is still there.
    pub fn is_any_left(&self) -> bool {
        self.gone.iter().any(|gone| !gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn load(hits: u64) -> Load {
        Load { traps_ns: hits as f64 * 1000.0, hits, run_ns: 0.0 }
    }

    #[test]
    fn the_dearest_go_until_the_rest_is_within() {
        let mut budget = Budget::new(0.02, 3);
        // 1 % of a CPU, 3 % and 0.5 %.
        let passed = budget.look(at(1000), &[load(10_000), load(30_000), load(5000)]).expect("4.5 %");
        assert!((passed.share - 0.045).abs() < 1e-9);
        assert_eq!(passed.dearest, [1]);
        budget.forget(1);
        assert_eq!(budget.look(at(1100), &[load(11_000), load(30_000), load(5500)]), None);
        assert!(budget.is_any_left());
    }

    #[test]
    fn only_the_last_second_counts() {
        let mut budget = Budget::new(0.02, 1);
        for tenth in 1..50 {
            // 1.9 % all the time.
            assert_eq!(budget.look(at(tenth * 100), &[load(tenth * 1900)]), None, "{tenth}");
        }
        let passed = budget.look(at(5000), &[load(49 * 1900 + 5000)]).expect("a burst");
        assert_eq!(passed.dearest, [0]);
    }

    #[test]
    fn the_first_second_has_a_whole_budget() {
        let mut budget = Budget::new(0.02, 1);
        assert_eq!(budget.look(at(100), &[load(19_000)]), None);
        assert!(budget.look(at(200), &[load(21_000)]).is_some());
    }

    #[test]
    fn programs_own_time_counts_too() {
        let mut budget = Budget::new(0.02, 1);
        let slow = Load { traps_ns: 0.0, hits: 1000, run_ns: 30_000.0 };
        assert!(budget.look(at(500), &[slow]).is_some());
    }
}
