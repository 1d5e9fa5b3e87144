//! Every call of what a lock does when it is not free has the atomic instruction that decides about it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use gprobe_symbols::{AtomicSites, Binary, Cost, Function};
use gprobe_testkit::{Program, go};

const RELEASES: [&str; 6] = ["1.19", "1.21", "1.23", "1.24", "1.25", "1.27"];

fn open(path: &Path) -> Binary {
    let bytes: Vec<u8> = std::fs::read(path).expect("the binary");
    Binary::open(Arc::new(bytes)).expect("an ELF file")
}

/// What does the rest, by release: of `Lock`, `Unlock`, `RUnlock` and `RLock`.
fn callees(release: &str) -> [&'static str; 4] {
    let read = match release {
        "1.19" => "sync.runtime_SemacquireMutex",
        _ => "sync.runtime_SemacquireRWMutexR",
    };
    match release {
        "1.19" | "1.21" | "1.23" => {
            ["sync.(*Mutex).lockSlow", "sync.(*Mutex).unlockSlow", "sync.(*RWMutex).rUnlockSlow", read]
        }
        _ => [
            "internal/sync.(*Mutex).lockSlow",
            "internal/sync.(*Mutex).unlockSlow",
            "sync.(*RWMutex).rUnlockSlow",
            read,
        ],
    }
}

fn guards(binary: &Binary, callee: &str) -> AtomicSites {
    let callees = binary.functions().exact(callee);
    let [callee] = callees.as_slice() else { panic!("{callee}: {callees:?}") };
    binary.guards(callee, |_| true)
}

/// Direct calls of a function, by decoding all functions, each from its start.
fn calls(binary: &Binary, callee: &str) -> usize {
    let callee = binary.functions().exact(callee).first().expect("the callee").addr;
    let all = binary.functions().matching("*");
    let sites = all.iter().filter_map(|function| binary.sites(function).ok());
    sites.map(|sites| sites.calls(callee).len()).sum()
}

fn check(binary: &Binary, release: &str, least: [usize; 4], what: &str) {
    let mut counts = Vec::new();
    let mut steps = 0;
    for (callee, least) in callees(release).into_iter().zip(least) {
        let found = guards(binary, callee);
        // Not the wait of `lockSlow` itself, which Go 1.19 has the same function for.
        let left_out: Vec<_> =
            found.refused.iter().filter(|(name, _)| name != "sync.(*Mutex).lockSlow").collect();
        assert!(left_out.is_empty(), "{what}: {left_out:?}");
        assert_eq!(found.found.len() + found.refused.len(), calls(binary, callee), "{callee} in {what}");
        assert!(found.found.len() >= least, "{what}: only {} calls of {callee}", found.found.len());
        let sites: BTreeSet<_> = found.found.iter().map(|found| found.site.addr).collect();
        assert_eq!(sites.len(), found.found.len(), "{what}: one site for two");
        steps += found.found.iter().filter(|found| found.site.cost == Cost::SingleStep).count();
        counts.push(found.found.len());
    }
    let all: usize = counts.iter().sum();
    eprintln!("{what}: {counts:?}, {steps} of {all} are single steps");
    assert!(steps * 7 <= all, "{what}: {steps} of {all} are single steps");
}

/// Go's own command is a large program with a network in it.
#[test]
fn every_call_in_a_large_program_has_its_atomic_instruction() {
    for release in RELEASES {
        let path = go(release).root().join("bin/go");
        check(&open(&path), release, [200, 120, 9, 15], &format!("the go command of Go {release}"));
    }
}

#[test]
fn every_call_has_its_atomic_instruction_with_and_without_symbols() {
    for release in RELEASES {
        let whole = open(&Program::build("locks", release, &[]));
        let stripped = open(&Program::build("locks", release, &["-ldflags=-s -w"]));
        check(&whole, release, [20, 20, 4, 3], &format!("locks of Go {release}"));
        check(&stripped, release, [20, 20, 4, 3], &format!("locks of Go {release}, stripped"));
        for callee in callees(release) {
            let places = |binary: &Binary| -> Vec<_> {
                let found = guards(binary, callee).found.into_iter();
                found.map(|found| (found.base, found.displacement, found.fast, found.depth)).collect()
            };
            assert_eq!(places(&whole), places(&stripped), "{callee} of Go {release}");
        }
    }
}

#[test]
fn every_try_has_its_swap_with_and_without_symbols() {
    for release in RELEASES {
        for flags in [&[][..], &["-ldflags=-s -w"]] {
            let binary = open(&Program::build("locks", release, flags));
            let within = |name: &str, fits: &dyn Fn(&Function) -> bool| -> Vec<String> {
                let swaps = binary.swaps(name, fits);
                assert!(swaps.refused.is_empty(), "{name} of Go {release}: {:?}", swaps.refused);
                swaps.found.into_iter().map(|swap| swap.function.name).collect()
            };
            let mut tried = within("sync.(*Mutex).TryLock", &|_| true);
            // The function itself is there in some releases.
            tried.retain(|name| !name.ends_with("(*Mutex).TryLock"));
            tried.sort();
            assert_eq!(tried, ["main.tried", "sync.(*RWMutex).TryLock"], "Go {release}");
            let read = within("sync.(*RWMutex).TryRLock", &|function| function.name.starts_with("main."));
            assert_eq!(read, ["main.(*guarded).tryRead"], "Go {release}");
        }
    }
}

/// Without optimisation locks are taken in functions of their own: what is found is right, and the rest is said.
#[test]
fn what_is_found_without_optimisation_is_found_or_said() {
    let binary = open(&Program::build("locks", "1.27", &["-gcflags=all=-N -l"]));
    for (callee, found_of) in callees("1.27").into_iter().zip([1, 1, 0, 0]) {
        let found = guards(&binary, callee);
        assert_eq!(found.found.len(), found_of, "{callee}: {:?}", found.refused);
        assert_eq!(found.found.len() + found.refused.len(), calls(&binary, callee), "{callee}");
        for guard in &found.found {
            assert!(guard.function.contains(guard.site.addr));
        }
    }
}
