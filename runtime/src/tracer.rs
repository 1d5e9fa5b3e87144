//! Scripts at work on one target: puts their probes in place, listens to them, and takes them away.
//!
//! Scripts share what their records and values mean: each is compiled behind the earlier ones
//! ([`Target::earlier`](gprobe_compiler::target::Target::earlier)), so that maps of one name are one map. They share
//! a ring buffer too: what they print comes in the order in which it happened.

mod put;
mod script;
mod spent;
mod unchanged;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use aya::maps::{MapData, RingBuf};
use gprobe_compiler::artifact::{Artifact, Attach, Loss, MapInfo, ProgramInfo};
use gprobe_compiler::target::{KernelFacts, Processes, Running, TargetBinary};

use self::script::Script;
use crate::decode::Decoder;
use crate::error::Error;
use crate::event::{Event, MapEntry};
use crate::kernel::uprobes::LeftOut;
use crate::load::Loaded;
use crate::process::load_bias;
use crate::read;
use crate::store::Store;
use crate::symbolise::{Symbolise, Symboliser};
use crate::sys::process;
use crate::targets::{Departure, Targets};
use crate::verify;
use crate::world::LiveWorld;

/// How often `exit()` and the target's end are looked for where nothing wakes us up.
const LOOK: Duration = Duration::from_millis(100);

/// Records that are taken out of the ring buffer at once: a probe in a tight loop makes them as fast as
/// they are taken, and there is more to look at.
const BATCH: usize = 1 << 14;

/// How soon what the target has mapped is read again, at first and later on.
const FIRST_REFRESH: Duration = Duration::from_millis(20);
const LAST_REFRESH: Duration = Duration::from_secs(5);

/// A script of a tracer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScriptId(usize);

/// An event, and the action that it is of by its index in [`Artifact::actions`]: it tells the script.
#[derive(Clone, Debug)]
pub struct Traced {
    /// `None` where the record could not be read.
    pub action: Option<usize>,
    /// What it is.
    pub event: Event,
}

/// Scripts on one target.
pub struct Tracer {
    processes: Processes,
    store: Store,
    ring: Option<RingBuf<MapData>>,
    scripts: BTreeMap<ScriptId, Script>,
    next: usize,
    /// Records of programs that gprobe runs itself, not yet decoded.
    seen: Vec<Vec<u8>>,
    /// What was decoded while something else was done.
    waiting: Vec<Traced>,
    targets: Targets,
    /// Whether where the executable lies in its processes has been looked up, and its Go runtime verified.
    is_bound: bool,
    is_verified: bool,
    decoder: Decoder,
    /// When what the target has mapped is next read, and how long after that again.
    refresh: (Instant, Duration),
}

impl Tracer {
    /// Takes hold of processes or, where none is named, of the whole machine; nothing is loaded. `symboliser` names
    /// addresses before gprobe does.
    ///
    /// # Errors
    /// Where one has ended or may not be looked into.
    pub fn new(
        processes: Processes,
        facts: &KernelFacts,
        symboliser: Option<Box<dyn Symbolise>>,
    ) -> Result<Self, Error> {
        let targets = Targets::new(processes.ids())?;
        let symboliser = Symboliser::new(processes.ids().to_vec(), symboliser);
        Ok(Self {
            processes,
            store: Store::new(facts.clone()),
            ring: None,
            scripts: BTreeMap::new(),
            next: 0,
            seen: Vec::new(),
            waiting: Vec::new(),
            targets,
            is_bound: false,
            is_verified: false,
            decoder: Decoder::new(symboliser),
            refresh: (Instant::now(), FIRST_REFRESH),
        })
    }

    /// Loads a script's maps, those that others have made excepted, and its programs. Nothing is attached.
    ///
    /// # Errors
    /// Where the kernel refuses one; the message says why.
    pub fn load(&mut self, artifact: Artifact) -> Result<ScriptId, Error> {
        self.store.learn(&artifact);
        let loaded = Loaded::load(artifact, &mut self.store)?;
        if self.ring.is_none() {
            self.ring = Some(self.store.ring()?);
        }
        self.decoder.learn(&loaded.artifact, &self.store)?;
        let id = ScriptId(self.next);
        self.next += 1;
        self.scripts.insert(id, Script::new(loaded));
        Ok(id)
    }

    /// Runs a script's `begin`, then puts its probes in place. Events of `begin` wait in the ring buffer. A script
    /// that was detached can be attached again.
    ///
    /// # Errors
    /// Where the target has ended, the Go runtime of a process is not as it should be, or a probe can't be put in place;
    /// then none stays.
    pub fn attach(&mut self, id: ScriptId) -> Result<(), Error> {
        let script = self.scripts.get(&id).ok_or(Error::NoScript)?;
        let artifact = script.artifact();
        let of_target = |program: &ProgramInfo| !matches!(program.attach, Attach::Begin | Attach::End);
        if self.targets.are_gone() && artifact.programs.iter().any(of_target) {
            return Err(Error::Gone);
        }
        let (bound, reads_runtime) = (artifact.bound, artifact.reads_go_runtime);
        self.bind(bound, reads_runtime)?;
        self.decoder.place(&self.targets.there());
        let script = self.scripts.get_mut(&id).ok_or(Error::NoScript)?;
        script.attach(&self.targets)
    }

    /// Finds where the executable lies in the processes, and makes sure that their Go runtime is as it should be.
    fn bind(&mut self, bound: bool, reads_runtime: bool) -> Result<(), Error> {
        let verified = self.is_verified || !reads_runtime;
        if let (Processes::Running(running), false) = (&self.processes, verified) {
            verify_running(running)?;
        }
        if bound && (!self.is_bound || !verified) {
            // All run the same.
            let first = self.processes.ids().first();
            if let Some(file) = first.map(|&pid| LiveWorld::program(pid)).transpose()? {
                self.targets.bind(|pid| {
                    let bias = load_bias(pid, &own_copy(pid, &file))?.unwrap_or(0);
                    if !verified {
                        verify::verify(pid, &file.binary, bias)?;
                    }
                    Ok(bias)
                })?;
            }
            self.is_bound = true;
        }
        self.is_verified |= reads_runtime;
        Ok(())
    }

    /// Takes a script's probes away and runs its `end`. What was still on its way comes with the next poll.
    ///
    /// # Errors
    /// Where `end` can't be run; the probes are gone all the same.
    pub fn detach(&mut self, id: ScriptId) -> Result<(), Error> {
        let script = self.scripts.get_mut(&id).ok_or(Error::NoScript)?;
        if !script.take_away() {
            return Ok(());
        }
        // What `end` prints must find room, however full the ring buffer is.
        let mut events = self.drain(usize::MAX);
        let script = self.scripts.get_mut(&id).ok_or(Error::NoScript)?;
        let ended = script.run(|attach| matches!(attach, Attach::End));
        script.look_for_exit();
        events.extend(self.drain(usize::MAX));
        self.waiting.extend(events);
        ended
    }

    /// Forgets a script whose probes were taken away; its maps stay.
    pub fn remove(&mut self, id: ScriptId) {
        if let Some(script) = self.scripts.remove(&id) {
            self.store.forget(&script.loaded);
        }
    }

    /// Runs what a script goes over once, goroutines or threads, right now.
    ///
    /// # Errors
    /// Where that can't be done.
    pub fn first_rounds(&mut self, id: ScriptId) -> Result<(), Error> {
        let script = self.scripts.get_mut(&id).ok_or(Error::NoScript)?;
        self.seen.extend(script.first_rounds(&self.targets)?);
        Ok(())
    }

    /// Waits up to `timeout` for events, and gives those that came. A signal ends the wait.
    ///
    /// # Errors
    /// Where the kernel does not let us wait, or a program can't be run.
    pub fn poll(&mut self, timeout: Duration) -> Result<Vec<Traced>, Error> {
        let now = Instant::now();
        let due = self.scripts.values().filter_map(Script::due).min();
        let due = due.map_or(LOOK, |at| at.saturating_duration_since(now));
        let wait = if self.waiting.is_empty() { timeout.min(LOOK).min(due) } else { Duration::ZERO };
        // Up, so that a wait is never over just before what is waited for.
        let wait = i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        let fds: Vec<_> = self.ring.iter().map(AsFd::as_fd).chain(self.targets.ends()).collect();
        process::wait(&fds, wait).map_err(Error::Wait)?;
        self.targets.look();
        for script in self.scripts.values_mut() {
            self.seen.extend(script.tick(&self.targets)?);
        }
        self.refresh_names();
        self.scripts.values_mut().for_each(Script::look_for_exit);
        let mut events = std::mem::take(&mut self.waiting);
        events.extend(self.drain(BATCH));
        Ok(events)
    }

    /// What is to be read once: the ring buffer's descriptor becomes readable when there is something.
    pub fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.ring.as_ref().map(AsFd::as_fd)
    }

    /// How long nothing need be done where the ring buffer has nothing: 100 ms at most.
    pub fn quiet(&self) -> Duration {
        let now = Instant::now();
        let due = self.scripts.values().filter_map(Script::due).min();
        due.map_or(LOOK, |at| at.saturating_duration_since(now)).min(LOOK)
    }

    /// Names are mostly asked for at the end, when the target may be gone: so what it has mapped is read
    /// while it runs, often at first, when a new program loads its libraries.
    fn refresh_names(&mut self) {
        let (at, wait) = self.refresh;
        if !self.targets.are_gone() && Instant::now() >= at {
            // What runs the file lies elsewhere in each process.
            if let Processes::Running(running) = &self.processes
                && running.file.binary.is_pie()
            {
                self.decoder.found(&running.file);
            }
            self.decoder.refresh();
            self.refresh = (Instant::now() + wait, (wait * 2).min(LAST_REFRESH));
        }
    }

    /// Takes records out of the ring buffer, `most` of them.
    fn drain(&mut self, most: usize) -> Vec<Traced> {
        let mut events = Vec::new();
        let mut decode = |record: &[u8]| match self.decoder.event(&self.store, record) {
            Ok(Some(traced)) => events.push(traced),
            Ok(None) => {}
            Err(()) => events.push(Traced { action: None, event: Event::Broken }),
        };
        for _ in 0..most {
            let Some(record) = self.ring.as_mut().and_then(RingBuf::next) else { break };
            decode(&record);
        }
        std::mem::take(&mut self.seen).iter().for_each(|record| decode(record));
        events
    }

    /// Runs a program that nothing attaches, by its index in the artifact, and gives the events that it made.
    ///
    /// # Errors
    /// Where the kernel does not run it.
    pub fn run_now(&mut self, id: ScriptId, program: usize) -> Result<Vec<Traced>, Error> {
        self.scripts.get(&id).ok_or(Error::NoScript)?.run_one(program)?;
        Ok(self.drain(usize::MAX))
    }

    /// What was loaded.
    pub fn artifact(&self, id: ScriptId) -> Option<&Artifact> {
        Some(self.scripts.get(&id)?.artifact())
    }

    /// Functions of a glob at which a script has no probe.
    pub fn left_out(&self, id: ScriptId) -> &[LeftOut] {
        self.scripts.get(&id).map_or(&[], |script| &script.left_out)
    }

    /// How many places of a script are probed: sites of functions, tracepoints, timers.
    pub fn places(&self, id: ScriptId) -> usize {
        self.scripts.get(&id).map_or(0, Script::places)
    }

    /// The code of `exit()`, once a script called it.
    pub fn exit_code(&self, id: ScriptId) -> Option<u8> {
        self.scripts.get(&id)?.exit
    }

    /// Whether a script is attached and anything can still happen in it: `false` where there are only `begin` and
    /// `end`.
    pub fn is_live(&self, id: ScriptId) -> bool {
        self.scripts.get(&id).is_some_and(Script::is_live)
    }

    /// Whether no descendant of the command is left, where descendants are traced.
    pub fn family_is_gone(&self) -> bool {
        self.scripts.values().all(Script::family_is_gone)
    }

    /// Whether all targets have gone, where there were any.
    pub fn target_ended(&self) -> bool {
        self.targets.are_gone()
    }

    /// The processes that were named and are still traced.
    pub fn there(&self) -> Vec<u32> {
        self.targets.there().into_iter().map(|(pid, _)| pid).collect()
    }

    /// Targets that have gone since this was last asked.
    pub fn departures(&mut self) -> Vec<Departure> {
        self.targets.departures()
    }

    /// The maps of all scripts, in the order in which they were first used, gprobe's own among them.
    pub fn maps(&self) -> &[MapInfo] {
        &self.store.infos
    }

    /// Whether a map is in the kernel, by its index in [`maps`](Self::maps).
    pub fn has_map(&self, map: usize) -> bool {
        self.store.infos.get(map).is_some_and(|info| self.store.map(&info.symbol).is_some())
    }

    /// A map's entries, in no order, by its index in [`maps`](Self::maps).
    ///
    /// # Errors
    /// Where the kernel does not let us read it.
    pub fn snapshot(&mut self, map: usize) -> io::Result<Vec<MapEntry>> {
        read::snapshot(&self.store, &mut self.decoder, map)
    }

    /// Removes all entries of a map.
    ///
    /// # Errors
    /// Where the kernel does not let us.
    pub fn clear(&mut self, map: usize) -> io::Result<()> {
        read::clear(&self.store, map)
    }

    /// Sets all values of a map to 0.
    ///
    /// # Errors
    /// Where the kernel does not let us.
    pub fn zero(&mut self, map: usize) -> io::Result<()> {
        read::zero(&self.store, map)
    }

    /// What was lost, of each kind of which anything was.
    pub fn losses(&self) -> Vec<(Loss, u64)> {
        read::losses(&self.store, self.scripts.values().map(|script| &script.loaded))
    }
}

/// What a process itself has of the program that several run: copies of one executable are files of their own.
fn own_copy(pid: u32, file: &TargetBinary) -> TargetBinary {
    let path = if is_executable(&file.path) { format!("/proc/{pid}/exe") } else { file.path.clone() };
    TargetBinary { path, ..file.clone() }
}

/// Makes sure that the layout holds in each process that runs a file, where there is any.
fn verify_running(running: &Running) -> Result<(), Error> {
    let binary = &running.file.binary;
    for pid in crate::process::running(&running.file.path) {
        let file = TargetBinary { path: format!("/proc/{pid}/exe"), ..running.file.clone() };
        // One may end meanwhile, and one that has just begun is not all there.
        let checked = match load_bias(pid, &file) {
            Ok(Some(bias)) => verify::verify(pid, binary, bias),
            _ => Ok(()),
        };
        match checked {
            Err(error) if fs::exists(format!("/proc/{pid}/exe")).unwrap_or(false) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the path is that of what a process runs.
fn is_executable(path: &str) -> bool {
    path.starts_with("/proc/") && path.ends_with("/exe")
}
