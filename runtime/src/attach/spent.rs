//! What probes have cost so far, and how single ones are taken away.

use super::put::close_all;
use super::{Attached, Finished, Link};
use crate::cost::{Spent, read};

impl Attached {
    /// What the script's programs have been through up to now.
    pub fn spent(&self) -> Spent {
        read(&self.loaded)
    }

    /// Takes the probes of some programs away, by the programs' indices; the others stay.
    pub fn withdraw(&mut self, programs: &[usize]) {
        let all: Vec<Link> = std::mem::take(&mut self.links);
        let (gone, kept) = all.into_iter().partition(|(program, _)| programs.contains(program));
        self.links = kept;
        close_all(gone);
    }
}

impl Finished {
    /// What the script's programs have been through.
    pub fn spent(&self) -> Spent {
        read(&self.loaded)
    }
}
