//! The kernel's verifier never says no to a script that is right.
//!
//! `cargo xtask verify [PROGRAMS [SEED]]` tries more of them, without a limit of time: it sets `GPROBE_PROGRAMS` and
//! `GPROBE_SEED`. `GPROBE_KEEP=FOLDER` keeps the scripts that fail.

#![allow(clippy::print_stdout, reason = "long runs say how far they are")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gprobe_compiler::artifact::Artifact;
use gprobe_compiler::compile;
use gprobe_compiler::target::{KernelFacts, Options, Processes, Target as CompileTarget, TargetBinary};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::SourceId;
use gprobe_runtime::{Error, LiveWorld, Tracer, kernel};
use gprobe_testkit::generate::{script, shrink};
use gprobe_testkit::require_bpf;

use super::kit::program;

/// Scripts that are tried where it is not said.
const PROGRAMS: u64 = 300;
/// Where it is not said, no script is begun later than this.
const LONGEST: Duration = Duration::from_secs(60);
/// Scripts that are tried on the slowest machine.
const FEWEST: u64 = 100;
/// Of a hundred scripts, at most so many may be larger than a BPF program can be.
const TOO_LARGE_PERCENT: u64 = 5;
/// From here on the verifier must follow all that the compiler makes.
const FOLLOWS_MORE: (u32, u32, u32) = (6, 9, 0);

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
    /// It needs what this kernel has not, which the compiler says.
    TooOld,
    /// Taken for wrong.
    Wrong(String),
    /// Refused by the kernel.
    Refused(String),
    /// The compiler found a bug of its own.
    Broken(String),
}

impl Fate {
    fn is_like(&self, other: &Fate) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
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
        Self { facts: kernel::facts(), world: LiveWorld::new(&[]), go }
    }

    fn fate(&self, text: &str, go: bool) -> Fate {
        catch_unwind(AssertUnwindSafe(|| self.try_out(text, go))).unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
            Fate::Broken(said.lines().next().unwrap_or_default().to_owned())
        })
    }

    fn try_out(&self, text: &str, go: bool) -> Fate {
        let parsed = gprobe_lang::parse(SourceId(0), text);
        if parsed.diagnostics.iter().any(Diagnostic::is_error) {
            return Fate::Wrong(told(&parsed.diagnostics));
        }
        let target = CompileTarget {
            processes: Processes::All,
            executable: go.then(|| self.go.clone()),
            kernel: &self.facts,
            world: &self.world,
            options: Options::default(),
            command: None,
            earlier: None,
            params: vec!["7".into(), "word".into()],
            settings: Vec::new(),
            named: Vec::new(),
        };
        match compile(&parsed.script, &target) {
            Err(found) if found.iter().any(|d| d.code == "too-large") => Fate::TooLarge,
            Err(found) if found.iter().filter(|d| d.is_error()).all(|d| d.code == "kernel-too-old") => {
                Fate::TooOld
            }
            Err(found) => Fate::Wrong(told(&found)),
            Ok(compiled) => match self.load(compiled.artifact) {
                Ok(()) => Fate::Loaded,
                // Older verifiers give up sooner, and gprobe says so.
                Err(Error::TooManyPaths { .. }) if self.facts.version < FOLLOWS_MORE => Fate::TooLarge,
                Err(error) => Fate::Refused(error.to_string()),
            },
        }
    }
}

impl Machine {
    fn load(&self, artifact: Artifact) -> Result<(), Error> {
        Tracer::new(Processes::All, &self.facts, None)?.load(artifact).map(drop)
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

/// What became of many scripts.
struct Tried {
    all: u64,
    too_large: u64,
    too_old: u64,
    /// By their seeds.
    bad: Vec<(u64, Fate)>,
}

/// Tries scripts on all CPUs.
fn try_all(machine: &Machine, first: u64, programs: u64, limit: Option<Duration>) -> Tried {
    let start = Instant::now();
    let (next, tried) = (AtomicU64::new(0), AtomicU64::new(0));
    let (too_large, too_old) = (AtomicU64::new(0), AtomicU64::new(0));
    let bad: Mutex<Vec<(u64, Fate)>> = Mutex::default();
    let one = |index: u64| {
        let seed = first + index;
        let text = script(seed, has_go(seed));
        match machine.fate(&text, has_go(seed)) {
            Fate::Loaded => {}
            Fate::TooLarge => drop(too_large.fetch_add(1, Ordering::Relaxed)),
            Fate::TooOld => drop(too_old.fetch_add(1, Ordering::Relaxed)),
            fate => {
                if let Ok(folder) = std::env::var("GPROBE_KEEP") {
                    let text = format!("{text}\n/* {fate:#?} */\n");
                    std::fs::write(format!("{folder}/{seed}.gp"), text).expect("written");
                }
                bad.lock().expect("no one panicked").push((seed, fate));
            }
        }
        if (tried.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(1000) {
            println!("{} scripts after {:.0?}", tried.load(Ordering::Relaxed), start.elapsed());
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    // Those that are not for this kernel do not count, within reason.
                    let programs = (programs + too_old.load(Ordering::Relaxed)).min(programs * 20);
                    let late = index >= FEWEST && limit.is_some_and(|limit| start.elapsed() > limit);
                    if index >= programs || late {
                        break;
                    }
                    one(index);
                }
            });
        }
    });
    let mut bad = bad.into_inner().expect("no one panicked");
    bad.sort_by_key(|(seed, _)| *seed);
    Tried { all: tried.into_inner(), too_large: too_large.into_inner(), too_old: too_old.into_inner(), bad }
}

#[test]
fn the_verifier_never_says_no() {
    require_bpf();
    let (programs, first) = (setting("GPROBE_PROGRAMS", PROGRAMS), setting("GPROBE_SEED", 1));
    let limit = std::env::var_os("GPROBE_PROGRAMS").is_none().then_some(LONGEST);
    let machine = Machine::new();
    let Tried { all: tried, too_large, too_old, bad } = try_all(&machine, first, programs, limit);
    let count = |like: Fate| bad.iter().filter(|(_, fate)| fate.is_like(&like)).count();
    println!(
        "{tried} scripts from seed {first}: {} refused, {} taken for wrong, {} break the compiler, {too_large} too large, {too_old} need a newer kernel",
        count(Fate::Refused(String::new())),
        count(Fate::Wrong(String::new())),
        count(Fate::Broken(String::new())),
    );
    if let Some((seed, fate)) = bad.first() {
        let whole = script(*seed, has_go(*seed));
        // A script taken for wrong becomes wrong for other reasons when lines are taken out.
        let small = match fate {
            Fate::Wrong(_) => whole,
            _ => shrink(&whole, |text| machine.fate(text, has_go(*seed)).is_like(fate)),
        };
        panic!("seed {seed}: {fate:#?}\n{small}\n{:#?}", machine.fate(&small, has_go(*seed)));
    }
    // Of few, one or two are more than a few in a hundred.
    let most = (tried * TOO_LARGE_PERCENT / 100).max(3);
    assert!(too_large <= most, "{too_large} of {tried} are too large");
    // A kernel that has everything must be taken for one.
    let whole = KernelFacts {
        version: machine.facts.version,
        possible_cpus: machine.facts.possible_cpus,
        pid_namespace: machine.facts.pid_namespace,
        ..KernelFacts::newest()
    };
    assert!(too_old == 0 || machine.facts != whole, "{too_old} need a kernel newer than {:?}", machine.facts);
    assert!(tried - too_old >= programs.min(FEWEST / 4), "{too_old} of {tried} need a newer kernel");
}
