//! What a hit costs on this machine, measured in gprobe's own process.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use std::time::Instant;

use gprobe_compiler::artifact::SiteInfo;
use gprobe_symbols::{Cost, FileOffset, LinkAddr};

use super::Way;
use crate::kernel::{self, uprobes::Placement};
use crate::load::trivial_program;
use crate::process::{mapped_file, mappings};
use crate::sys::bpf::UPROBE_MULTI;
use crate::sys::probed::{self, Probed};

/// Calls that are timed at once: what a look at the clock takes, and what else runs on the machine, shall not weigh.
const CALLS: u32 = 16;
/// How often they are timed, the median of which is taken.
const ROUNDS: usize = 15;
/// A hit is never cheaper, in ns: where it seems to be, the probe was not there.
const LEAST_NS: f64 = 20.0;

/// What a hit costs on this machine with a program that does nothing, in ns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// At a `nop` of 5 bytes.
    pub optimised: f64,
    /// At an instruction that the kernel emulates.
    pub emulated: f64,
    /// At an instruction that the kernel executes out of line.
    pub single_step: f64,
    /// What a return probe of the kernel costs on top of its entry.
    pub on_return: f64,
}

impl Price {
    /// Of a hit, in ns; 0 where no trap leads there: that is part of the program's own time, or too little to count.
    pub fn of(&self, way: Way) -> f64 {
        let at = |cost| match cost {
            Cost::Optimised => self.optimised,
            Cost::Emulated => self.emulated,
            Cost::SingleStep => self.single_step,
        };
        match way {
            Way::Site(cost) => at(cost),
            Way::Return(cost) => at(cost) + self.on_return,
            Way::Kernel => 0.0,
        }
    }
}

/// What a hit costs, measured once in a process, in some 10 ms; of return probes where they are asked for.
///
/// # Errors
/// Where the kernel takes no probe in this process; why, in one sentence.
pub fn price(with_returns: bool) -> Result<Price, String> {
    static SITES: OnceLock<Result<[f64; 3], String>> = OnceLock::new();
    static RETURNS: OnceLock<Result<f64, String>> = OnceLock::new();
    let calls = [probed::optimised as Probed, probed::emulated, probed::single_stepped];
    let sites = SITES.get_or_init(|| measure(calls, false).map_err(|error| error.to_string()));
    let [optimised, emulated, single_step] = sites.clone()?;
    let mut on_return = 0.0;
    if with_returns {
        let whole = RETURNS.get_or_init(|| {
            let [whole] = measure([probed::returning as Probed], true).map_err(|error| error.to_string())?;
            Ok(whole)
        });
        on_return = (whole.clone()? - emulated).max(0.0);
    }
    Ok(Price { optimised, emulated, single_step, on_return })
}

/// What a probe on each function adds to a call of it, in ns.
fn measure<const N: usize>(functions: [Probed; N], on_return: bool) -> io::Result<[f64; N]> {
    let without = functions.map(time);
    let links = probe(&functions, on_return)?;
    let with = functions.map(time);
    // To take a probe away is to wait for the kernel, which nobody needs to.
    for link in links {
        let _ = std::thread::Builder::new().spawn(move || drop(link));
    }
    let mut cost = with;
    for (cost, without) in cost.iter_mut().zip(without) {
        *cost -= without;
        if *cost < LEAST_NS {
            return Err(io::Error::other("a probe in gprobe's own process was not hit"));
        }
    }
    Ok(cost)
}

/// Puts a program that does nothing on functions of this process.
fn probe(functions: &[Probed], on_return: bool) -> io::Result<Vec<OwnedFd>> {
    let pid = std::process::id();
    let mapped = mappings(pid).map_err(|error| io::Error::other(error.to_string()))?;
    let mut sites = Vec::new();
    let mut path = String::new();
    for function in functions {
        let addr = *function as usize as u64;
        let mapping =
            mapped.iter().find(|mapping| mapping.executable && (mapping.start..mapping.end).contains(&addr));
        let mapping = mapping.ok_or_else(|| io::Error::other("gprobe does not find its own code"))?;
        path = mapped_file(pid, mapping).map_err(|error| io::Error::other(error.to_string()))?;
        sites.push(SiteInfo {
            offset: FileOffset(addr - mapping.start + mapping.offset),
            addr: LinkAddr(addr),
            semaphore: None,
            cookie: 0,
            function: "gprobe's own".to_owned(),
        });
    }
    let facts = kernel::facts();
    let program = trivial_program(if facts.uprobe_multi { UPROBE_MULTI } else { 0 })?;
    let mut placed = Placement::new(program.as_fd(), &path, on_return, Some(pid));
    placed.put(&sites, &facts)?;
    Ok(placed.links)
}

/// What a call takes, in ns.
fn time(function: Probed) -> f64 {
    let mut rounds = [0.0; ROUNDS];
    for round in &mut rounds {
        let begun = Instant::now();
        for _ in 0..CALLS {
            std::hint::black_box(function)();
        }
        *round = begun.elapsed().as_nanos() as f64 / f64::from(CALLS);
    }
    rounds.sort_by(f64::total_cmp);
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_costs_what_leads_to_it() {
        let price = Price { optimised: 100.0, emulated: 600.0, single_step: 9000.0, on_return: 500.0 };
        assert_eq!(price.of(Way::Site(Cost::Emulated)), 600.0);
        assert_eq!(price.of(Way::Site(Cost::SingleStep)), 9000.0);
        assert_eq!(price.of(Way::Return(Cost::SingleStep)), 9500.0);
        assert_eq!(price.of(Way::Kernel), 0.0);
    }
}
