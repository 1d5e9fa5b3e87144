//! The kernel's verifier never says no to a script that is right.
//!
//! `GPROBE_PROGRAMS=20000 cargo test --test live verifier` tries more of them, `GPROBE_SEED=N` starts elsewhere;
//! `cargo xtask verifier` does both.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use gprobe_compiler::compile;
use gprobe_compiler::target::{KernelFacts, Options, Target as CompileTarget, TargetBinary};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::SourceId;
use gprobe_runtime::{LiveWorld, Loaded, kernel};
use gprobe_testkit::generate::{script, shrink};
use gprobe_testkit::require_bpf;

use super::kit::program;

/// Scripts that are tried where it is not said.
const PROGRAMS: u64 = 300;
/// Of a hundred scripts, at most so many may be larger than a BPF program can be.
const TOO_LARGE_PERCENT: u64 = 5;

/// A number of the environment.
fn setting(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => otherwise,
    }
}

/// What becomes of a script.
#[derive(Debug, PartialEq)]
enum Fate {
    Loaded,
    /// More than a BPF program can do, which the compiler says.
    TooLarge,
    /// Taken for wrong.
    Wrong(String),
    /// Refused by the kernel.
    Refused(String),
}

/// What is the same for all scripts.
struct Machine {
    facts: KernelFacts,
    world: LiveWorld,
    go: TargetBinary,
}

impl Machine {
    fn new() -> Self {
        let go = LiveWorld::file(&program("values")).expect("the program");
        Self { facts: kernel::facts(), world: LiveWorld::new(None), go }
    }

    fn fate(&self, text: &str, go: bool) -> Fate {
        let parsed = gprobe_lang::parse(SourceId(0), text);
        if parsed.diagnostics.iter().any(Diagnostic::is_error) {
            return Fate::Wrong(told(&parsed.diagnostics));
        }
        let target = CompileTarget {
            process: None,
            executable: go.then(|| self.go.clone()),
            kernel: &self.facts,
            world: &self.world,
            options: Options::default(),
            command: None,
            params: vec!["7".into(), "word".into()],
            settings: Vec::new(),
            named: Vec::new(),
        };
        match compile(&parsed.script, &target) {
            Err(found) if found.iter().any(|d| d.code == "too-large") => Fate::TooLarge,
            Err(found) => Fate::Wrong(told(&found)),
            Ok(compiled) => match Loaded::load(compiled.artifact, &self.facts) {
                Ok(_) => Fate::Loaded,
                Err(error) => Fate::Refused(error.to_string()),
            },
        }
    }
}

fn told(found: &[Diagnostic]) -> String {
    let errors = found.iter().filter(|d| d.is_error());
    errors.map(|d| format!("{}: {}", d.code, d.message)).collect::<Vec<_>>().join("; ")
}

/// Scripts with even seeds know a Go program.
fn has_go(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

#[test]
fn the_verifier_never_says_no() {
    require_bpf();
    let (programs, first) = (setting("GPROBE_PROGRAMS", PROGRAMS), setting("GPROBE_SEED", 1));
    let machine = Machine::new();
    let (next, too_large) = (AtomicU64::new(first), AtomicU64::new(0));
    let bad: Mutex<Vec<(u64, Fate)>> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + programs {
                        break;
                    }
                    match machine.fate(&script(seed, has_go(seed)), has_go(seed)) {
                        Fate::Loaded => {}
                        Fate::TooLarge => drop(too_large.fetch_add(1, Ordering::Relaxed)),
                        fate => bad.lock().expect("no one panicked").push((seed, fate)),
                    }
                }
            });
        }
    });
    let too_large = too_large.into_inner();
    let mut bad = bad.into_inner().expect("no one panicked");
    bad.sort_by_key(|(seed, _)| *seed);
    let refused = bad.iter().filter(|(_, fate)| matches!(fate, Fate::Refused(_))).count();
    let wrong = bad.len() - refused;
    println!("{programs} scripts: {refused} refused, {wrong} taken for wrong, {too_large} too large");
    if let Ok(folder) = std::env::var("GPROBE_KEEP") {
        for (seed, fate) in &bad {
            let text = format!("{}\n/* {fate:#?} */\n", script(*seed, has_go(*seed)));
            std::fs::write(format!("{folder}/{seed}.gp"), text).expect("written");
        }
    }
    if let Some((seed, fate)) = bad.first() {
        let shows = |text: &str| match machine.fate(text, has_go(*seed)) {
            Fate::Refused(_) => matches!(fate, Fate::Refused(_)),
            Fate::Wrong(_) => matches!(fate, Fate::Wrong(_)),
            _ => false,
        };
        let small = match fate {
            Fate::Refused(_) => shrink(&script(*seed, has_go(*seed)), shows),
            _ => script(*seed, has_go(*seed)),
        };
        panic!("seed {seed}: {small}\n{:#?}", machine.fate(&small, has_go(*seed)));
    }
    assert!(too_large * 100 <= programs * TOO_LARGE_PERCENT, "{too_large} of {programs} are too large");
}
