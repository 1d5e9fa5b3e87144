//! How often probes were hit, and what that took.

use std::os::fd::AsFd;

use gprobe_compiler::artifact::{Attach, HITS, Hits, ProgramInfo, SiteInfo};
use gprobe_symbols::Cost;

use super::Price;
use crate::load::Loaded;
use crate::sys::bpf;

/// What leads to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A probe at an instruction.
    Site(Cost),
    /// A return probe of the kernel, whose entry costs this.
    Return(Cost),
    /// No trap: a call in the kernel.
    Kernel,
}

/// What a script's programs have been through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spent {
    /// Those whose hits are counted.
    pub programs: Vec<ProgramSpent>,
}

/// What a program has been through.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramSpent {
    /// Its index in the artifact.
    pub program: usize,
    /// How often it was hit, by what led there.
    pub hits: Vec<(Way, u64)>,
    /// Runs that the kernel has taken the time of.
    pub timed_runs: u64,
    /// What these took, in ns.
    pub timed_ns: u64,
}

/// What hits took of CPUs' time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Took {
    /// In ns.
    pub ns: f64,
    /// Of some programs it is not known how long they ran: then it is more.
    pub at_least: bool,
}

impl ProgramSpent {
    /// How often it was hit.
    pub fn all_hits(&self) -> u64 {
        self.hits.iter().map(|(_, hits)| hits).sum()
    }

    /// What all traps that led to it took, in ns.
    pub fn traps_ns(&self, price: &Price) -> f64 {
        self.hits.iter().map(|(way, hits)| price.of(*way) * *hits as f64).sum()
    }
}

impl Spent {
    /// How often all were hit.
    pub fn hits(&self) -> u64 {
        self.programs.iter().map(ProgramSpent::all_hits).sum()
    }

    /// Whether all hits were in processes that have the probes in their own code.
    pub fn is_all_in_targets(&self) -> bool {
        self.programs.iter().flat_map(|program| &program.hits).all(|(way, _)| *way != Way::Kernel)
    }

    /// Whether return probes of the kernel are among them.
    pub fn has_returns(&self) -> bool {
        self.programs.iter().flat_map(|program| &program.hits).any(|(way, _)| matches!(way, Way::Return(_)))
    }

    /// How long a run of a program takes, in ns: that of all of them where nothing is known of its own.
    pub fn run_ns(&self, program: &ProgramSpent) -> Option<f64> {
        let average = |runs: u64, ns: u64| (runs > 0).then(|| ns as f64 / runs as f64);
        average(program.timed_runs, program.timed_ns).or_else(|| {
            let runs = self.programs.iter().map(|program| program.timed_runs).sum();
            average(runs, self.programs.iter().map(|program| program.timed_ns).sum())
        })
    }

    /// What all hits took, traps and programs.
    pub fn took(&self, price: &Price) -> Took {
        let mut took = Took::default();
        for program in self.programs.iter().filter(|program| program.all_hits() > 0) {
            let run = self.run_ns(program);
            took.ns += program.traps_ns(price) + run.unwrap_or(0.0) * program.all_hits() as f64;
            took.at_least |= run.is_none();
        }
        took
    }

    /// What came to it since an earlier time.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut rest = self.clone();
        for (now, then) in rest.programs.iter_mut().zip(&before.programs) {
            for ((_, now), (_, then)) in now.hits.iter_mut().zip(&then.hits) {
                *now = now.saturating_sub(*then);
            }
            now.timed_runs = now.timed_runs.saturating_sub(then.timed_runs);
            now.timed_ns = now.timed_ns.saturating_sub(then.timed_ns);
        }
        rest
    }
}

/// Reads what programs have counted, and the kernel of them.
pub(crate) fn read(loaded: &Loaded) -> Spent {
    let Some(map) = loaded.map(HITS) else { return Spent::default() };
    let mut bytes = vec![0; 8 * loaded.facts.possible_cpus as usize];
    let mut element = |index: u32| {
        if !bpf::lookup(map, &index.to_le_bytes(), &mut bytes).unwrap_or(false) {
            return 0;
        }
        bytes.chunks_exact(8).filter_map(|word| word.try_into().ok()).map(u64::from_le_bytes).sum()
    };
    let mut programs = Vec::new();
    for (index, info) in loaded.artifact.programs.iter().enumerate() {
        let Some(hits) = info.hits else { continue };
        let ways = ways(info, hits).into_iter().zip(hits.first..);
        let hits = ways.map(|(way, at)| (way, element(at))).collect();
        let runs = loaded.programs.get(index).and_then(|program| bpf::runs(program.as_fd()).ok());
        let runs = runs.unwrap_or_default();
        programs.push(ProgramSpent { program: index, hits, timed_runs: runs.timed, timed_ns: runs.took_ns });
    }
    Spent { programs }
}

/// What leads to a program, for each of its counters.
fn ways(info: &ProgramInfo, hits: Hits) -> Vec<Way> {
    let Attach::Uprobe { sites, ret, .. } = &info.attach else { return vec![Way::Kernel] };
    let costs: Vec<Cost> = match hits.by_cost {
        true => Hits::CLASSES.to_vec(),
        // Where sites differ and hits don't tell them apart, none is taken for less than it is.
        false => vec![sites.iter().map(SiteInfo::cost).max().unwrap_or(Cost::SingleStep)],
    };
    costs.into_iter().map(|cost| if *ret { Way::Return(cost) } else { Way::Site(cost) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price { optimised: 100.0, emulated: 600.0, single_step: 10_000.0, on_return: 500.0 };

    fn program(hits: Vec<(Way, u64)>, timed_runs: u64, timed_ns: u64) -> ProgramSpent {
        ProgramSpent { program: 0, hits, timed_runs, timed_ns }
    }

    #[test]
    fn traps_and_programs_are_added_up() {
        let entries =
            program(vec![(Way::Site(Cost::Emulated), 90), (Way::Site(Cost::SingleStep), 10)], 20, 4000);
        let spent = Spent { programs: vec![entries, program(vec![(Way::Kernel, 100)], 0, 0)] };
        assert_eq!(spent.hits(), 200);
        // 90 * 600 + 10 * 10,000, and 100 runs of 200 ns; those of the other are taken to be like them.
        assert_eq!(spent.took(&PRICE), Took { ns: 154_000.0 + 20_000.0 + 20_000.0, at_least: false });
        assert!(!spent.is_all_in_targets());
    }

    #[test]
    fn what_is_not_known_is_said() {
        let spent = Spent { programs: vec![program(vec![(Way::Site(Cost::Emulated), 10)], 0, 0)] };
        assert_eq!(spent.took(&PRICE), Took { ns: 6000.0, at_least: true });
        let none = Spent { programs: vec![program(vec![(Way::Site(Cost::Emulated), 0)], 0, 0)] };
        assert_eq!(none.took(&PRICE), Took::default());
    }

    #[test]
    fn a_part_of_the_time_is_the_difference() {
        let way = Way::Site(Cost::Emulated);
        let (before, after) = (program(vec![(way, 10)], 1, 100), program(vec![(way, 25)], 4, 500));
        let part = Spent { programs: vec![after] }.since(&Spent { programs: vec![before] });
        assert_eq!(part.programs, [program(vec![(way, 15)], 3, 400)]);
    }
}
