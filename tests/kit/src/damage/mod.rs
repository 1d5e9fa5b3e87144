//! Real binaries, damaged by edit scripts: what the readers of `gprobe-symbols` are tried on.
//!
//! A Go program has megabytes, which nothing could make sensible changes to. So an input is a script: which
//! binary, what is asked of it, and a few edits at places that readers look at. The binary stays in memory; the
//! edits are made in it, and undone when the questions have been answered.

mod bases;
mod edits;
mod image;
mod places;
mod questions;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gprobe_symbols::Binary;
use rustix::time::{ClockId, clock_gettime};

use bases::Base;
pub use bases::Kind;
use edits::Script;
use questions::Asked;

/// What the processor may work on the questions of one script, which mostly are a tenth of a millisecond.
const LONGEST: Duration = Duration::from_secs(1);

/// One in so many scripts for a slow binary is run on it, the others on the last one.
const CHOSEN: u32 = 16;

/// The binaries of one kind of reader, ready to be damaged.
pub struct Damage {
    kind: Kind,
    bases: Vec<Base>,
}

impl Damage {
    /// Builds the binaries, or finds them in the cache.
    ///
    /// # Panics
    /// Where one can't be built.
    pub fn new(kind: Kind) -> Self {
        Self { kind, bases: bases::all(kind) }
    }

    /// The largest binary's bytes: what memory is measured by.
    pub fn largest(&self) -> usize {
        self.bases.iter().map(|base| base.len()).max().unwrap_or(0)
    }

    /// Damages a binary as the script has it, and asks; an error value is as good an answer as any.
    ///
    /// # Panics
    /// Where the answer takes too long.
    pub fn run(&mut self, bytes: &[u8]) {
        let script = Script::of(bytes);
        let mut at = self.base_of(&script);
        if self.bases.get(at).is_some_and(|base| base.slow) && !chosen(bytes) {
            at = self.bases.len().saturating_sub(1);
        }
        let Some(base) = self.bases.get_mut(at) else { return };
        base.damage(&script);
        let answer = || {
            let Ok(binary) = Binary::open(Arc::clone(&base.image) as Arc<_>) else { return };
            for question in script.questions() {
                let (_, _, ask) = questions::nth(self.kind, question);
                ask(&binary, &Asked { hints: &base.hints, number: usize::from(script.number) });
            }
        };
        within(LONGEST, answer);
        base.repair();
    }

    /// The number of the script's binary.
    fn base_of(&self, script: &Script) -> usize {
        shared(&self.bases, |base| base.share, script.base)
    }

    /// Scripts to start from: each binary as it is with each question, and one edit at each of its places.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        let mut seen = BTreeSet::new();
        for number in 0..=u8::MAX {
            let at = self.base_of(&Script::of(&[number]));
            let Some(base) = self.bases.get(at).filter(|_| seen.insert(at)) else { continue };
            let mut asked = BTreeSet::new();
            for question in (0..=u8::MAX).filter(|&number| asked.insert(questions::nth(self.kind, number).0))
            {
                seeds.push(vec![number, question, 1, question]);
            }
            for (place, _) in (0u8..=u8::MAX).zip(base.places()) {
                seeds.push(Script::seed(number, place));
            }
        }
        seeds
    }

    /// What one script does, for people.
    pub fn describe(&self, script: &[u8]) -> String {
        let script = Script::of(script);
        let Some(base) = self.bases.get(self.base_of(&script)) else { return String::new() };
        let asked: Vec<&str> =
            script.questions().map(|question| questions::nth(self.kind, question).0).collect();
        let edits = script.edits.iter().map(|edit| base.describe(edit));
        format!("{}: {}\n{}", base.name, asked.join(", "), edits.collect::<Vec<_>>().join("\n"))
    }
}

/// Whether a script is one of the few that may take long: by its bytes, so that those who are led by what scripts
/// reach are not led to such ones alone.
fn chosen(script: &[u8]) -> bool {
    let sum = script.iter().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    sum.is_multiple_of(CHOSEN)
}

/// Does something that may not take longer than so much of a processor's time.
///
/// # Panics
/// Where it does.
pub fn within<T>(most: Duration, work: impl FnOnce() -> T) -> T {
    let started = worked();
    let done = work();
    let took = worked().saturating_sub(started);
    assert!(took < most, "it took {took:?}");
    done
}

/// How long this thread has had a processor: on a busy machine others have it too.
fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Which of several is meant by a number of an input, each having a share of the numbers.
fn shared<T>(all: &[T], share: impl Fn(&T) -> u8, number: u8) -> usize {
    let shares = || all.iter().map(|one| usize::from(share(one)));
    let mut left = usize::from(number) % shares().sum::<usize>().max(1);
    let found = shares().position(|share| {
        let here = left < share;
        left = left.saturating_sub(share);
        here
    });
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_is_made_and_undone() {
        let mut damage = Damage::new(Kind::Pclntab);
        let whole: Vec<Vec<u8>> = damage.bases.iter().map(|base| base.image.bytes().to_vec()).collect();
        for what in 0..10 {
            // In the ELF header, which is the second place.
            let script = [0, 0, 1, 0, 1, 16, 0, 0, what, 0xa5, 1, 2, 4];
            let Some(base) = damage.bases.first_mut() else { panic!("no binaries") };
            base.damage(&Script::of(&script));
            assert_ne!(Some(base.image.bytes()), whole.first().map(Vec::as_slice), "{what}");
            base.repair();
            damage.run(&script);
        }
        let after = damage.bases.iter().map(|base| base.image.bytes());
        assert!(after.eq(whole.iter().map(Vec::as_slice)), "a file stays damaged");
    }

    #[test]
    fn each_has_its_share() {
        let found: Vec<usize> = (0..8).map(|number| shared(&[1, 3, 0, 2], |share| *share, number)).collect();
        assert_eq!(found, [0, 1, 1, 1, 3, 3, 0, 1]);
    }
}
