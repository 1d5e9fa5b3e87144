//! Puts probes in place, listens to them, and takes them away.

mod put;
mod spent;
mod unchanged;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io};

use aya::maps::{Map, MapData, RingBuf};
use gprobe_compiler::artifact::{Attach, CONTROL, FAMILY, Loss, ProgramInfo, RING};
use gprobe_compiler::target::{Processes, Running, TargetBinary};

use self::put::close_all;
use crate::cost::Meter;
use crate::decode::Decoder;
use crate::error::{Error, explain};
use crate::event::{Event, MapEntry};
use crate::kernel::uprobes::LeftOut;
use crate::load::Loaded;
use crate::process::load_bias;
use crate::read;
use crate::symbolise::Symboliser;
use crate::sys::{bpf, process};
use crate::targets::{Departure, Targets};
use crate::world::LiveWorld;
use crate::{iterate, verify};

/// How often `exit()` and the target's end are looked for where nothing wakes us up.
const LOOK: Duration = Duration::from_millis(100);

/// Records that are taken out of the ring buffer at once: a probe in a tight loop makes them as fast as
/// they are taken, and there is more to look at.
const BATCH: usize = 1 << 14;

/// How soon what the target has mapped is read again, at first and later on.
const FIRST_REFRESH: Duration = Duration::from_millis(20);
const LAST_REFRESH: Duration = Duration::from_secs(5);

/// A program's index, and a descriptor whose closing takes probes of it away.
type Link = (usize, OwnedFd);

/// A script at work.
pub struct Attached {
    loaded: Loaded,
    links: Vec<Link>,
    /// Programs that user space runs: index, period, and when it is next due.
    intervals: Vec<(usize, Duration, Instant)>,
    /// Programs that a signal runs, and whether it came.
    signals: Vec<(usize, Arc<AtomicBool>)>,
    ring: RingBuf<MapData>,
    /// Programs that go over goroutines or threads once, and have not yet.
    first_rounds: Vec<usize>,
    /// Records of programs that gprobe runs itself, not yet decoded.
    seen: Vec<Vec<u8>>,
    targets: Targets,
    decoder: Decoder,
    exit: Option<u8>,
    left_out: Vec<LeftOut>,
    /// What processes run that are found while they are there, to name their addresses.
    running: Option<Running>,
    /// When what the target has mapped is next read, and how long after that again.
    refresh: (Instant, Duration),
    meter: Meter,
}

/// A script whose probes are gone; its maps can still be read.
pub struct Finished {
    loaded: Loaded,
    decoder: Decoder,
    exit: Option<u8>,
}

impl Loaded {
    /// Runs `begin`, then puts the probes in place, in these processes or, where none is named, in all. Events
    /// of `begin` wait in the ring buffer.
    ///
    /// # Errors
    /// Where the Go runtime of a process is not as it should be, or a probe can't be put in place; then none
    /// stays.
    pub fn attach(mut self, processes: &Processes) -> Result<Attached, Error> {
        let pids = processes.ids();
        let bound = self.artifact.bound;
        let running = match processes {
            Processes::Running(running) => Some(running.clone()),
            _ => None,
        };
        if let Some(running) = running.as_ref().filter(|_| self.artifact.reads_go_runtime) {
            verify_running(running)?;
        }
        // All run the same.
        let file = pids.first().filter(|_| bound).map(|&pid| LiveWorld::program(pid)).transpose()?;
        let bias_of = |pid| {
            let Some(file) = &file else { return Ok(0) };
            let bias = load_bias(pid, &own_copy(pid, file))?.unwrap_or(0);
            if self.artifact.reads_go_runtime {
                verify::verify(pid, &file.binary, bias)?;
            }
            Ok(bias)
        };
        let targets = Targets::new(pids, bound, bias_of)?;
        let ring = self.maps.remove(RING).ok_or_else(|| Error::Object("no ring buffer".into()))?;
        let ring = RingBuf::try_from(Map::RingBuf(ring)).map_err(|e| Error::Object(e.to_string()))?;
        let files: Vec<String> = self.artifact.binaries.iter().map(|b| b.path.clone()).collect();
        let biases: Vec<u64> = targets.there().into_iter().map(|(_, bias)| bias).collect();
        let decoder = Decoder::new(&self, Symboliser::new(pids.to_vec(), &files), &biases)?;
        // What runs the file lies elsewhere in each process.
        let running = running.filter(|running| running.file.binary.is_pie());
        let counted = self.artifact.programs.iter().any(|program| program.hits.is_some());
        let mut attached = Attached {
            loaded: self,
            links: Vec::new(),
            intervals: Vec::new(),
            signals: Vec::new(),
            ring,
            first_rounds: Vec::new(),
            seen: Vec::new(),
            targets,
            decoder,
            exit: None,
            left_out: Vec::new(),
            running,
            refresh: (Instant::now(), FIRST_REFRESH),
            meter: Meter::start(counted),
        };
        attached.run(|attach| matches!(attach, Attach::Begin))?;
        match attached.put() {
            Ok(()) => Ok(attached),
            Err(error) => {
                close_all(std::mem::take(&mut attached.links));
                Err(error)
            }
        }
    }
}

impl Attached {
    fn program(&self, index: usize) -> Result<BorrowedFd<'_>, Error> {
        let program = self.loaded.programs.get(index);
        program.map(AsFd::as_fd).ok_or_else(|| Error::Object("no such program".into()))
    }

    /// Functions of a glob at which there is no probe.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// How many places are probed: sites of functions, tracepoints, timers.
    pub fn places(&self) -> usize {
        let programs = self.loaded.artifact.programs.iter();
        let all: usize = programs
            .filter(|program| !program.is_own())
            .map(|program| match &program.attach {
                Attach::Uprobe { sites, .. } => sites.len(),
                Attach::Begin | Attach::End | Attach::Test { .. } | Attach::Bench { .. } => 0,
                Attach::Interval { .. }
                | Attach::Iterate { .. }
                | Attach::Profile { .. }
                | Attach::Signal { .. }
                | Attach::RawTracepoint { .. }
                | Attach::Kprobe { .. }
                | Attach::Counter { .. }
                | Attach::Tracepoint { .. } => 1,
            })
            .sum();
        all.saturating_sub(self.left_out.len())
    }

    /// What was loaded.
    pub fn artifact(&self) -> &gprobe_compiler::artifact::Artifact {
        self.loaded.artifact()
    }

    /// Waits up to `timeout` for events, and gives those that came. A signal ends the wait.
    ///
    /// # Errors
    /// Where the kernel does not let us wait, or a program can't be run.
    pub fn poll(&mut self, timeout: Duration) -> Result<Vec<Event>, Error> {
        let now = Instant::now();
        let due = self.intervals.iter().map(|(_, _, at)| at.saturating_duration_since(now)).min();
        let wait = timeout.min(LOOK).min(due.unwrap_or(LOOK));
        // Up, so that a wait is never over just before what is waited for.
        let wait = i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        let mut fds = vec![self.ring.as_fd()];
        fds.extend(self.targets.ends());
        process::wait(&fds, wait).map_err(Error::Wait)?;
        self.targets.look();
        self.meter.tick();
        self.tick()?;
        self.refresh_names();
        self.look_for_exit();
        Ok(self.drain(BATCH))
    }

    /// Names are mostly asked for at the end, when the target may be gone: so what it has mapped is read
    /// while it runs, often at first, when a new program loads its libraries.
    fn refresh_names(&mut self) {
        let (at, wait) = self.refresh;
        if !self.targets.are_gone() && Instant::now() >= at {
            if let Some(running) = &self.running {
                self.decoder.found(&running.file);
            }
            self.decoder.refresh();
            self.refresh = (Instant::now() + wait, (wait * 2).min(LAST_REFRESH));
        }
    }

    /// Runs what is due.
    fn tick(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        let mut due = Vec::new();
        for (index, period, at) in &mut self.intervals {
            if *at <= now {
                due.push(*index);
                // Ticks that were missed are left out, not made up for in a burst.
                while *at <= now {
                    *at += *period;
                }
            }
        }
        for (index, flag) in &self.signals {
            if flag.swap(false, Ordering::Relaxed) {
                due.push(*index);
            }
        }
        if !self.targets.are_gone() {
            due.append(&mut self.first_rounds);
        }
        due.into_iter().try_for_each(|index| self.run_due(index))
    }

    /// Runs a program in the kernel, or goes over goroutines or threads with it.
    fn run_due(&mut self, index: usize) -> Result<(), Error> {
        let info = self.loaded.artifact.programs.get(index);
        let Some(ProgramInfo { attach: Attach::Iterate { over, .. }, symbol, title, .. }) = info else {
            return self.run_one(index);
        };
        let Some(hosted) = &self.loaded.artifact.hosted else { return Ok(()) };
        for (pid, bias) in self.targets.there() {
            match iterate::round(&self.loaded, hosted, symbol, *over, (pid, bias)) {
                Ok(seen) => {
                    self.loaded.lost.iter_mut().zip(seen.lost).for_each(|(sum, lost)| *sum += lost);
                    self.seen.extend(seen.records);
                }
                // A target that ends while it is read is nobody's fault.
                Err(_) if self.targets.has_ended(pid) => {}
                Err(why) => return Err(Error::Run { title: title.clone(), why: why.to_string() }),
            }
        }
        Ok(())
    }

    /// Tests and benchmarks: the index of each program.
    pub fn own_runs(&self) -> Vec<usize> {
        let programs = self.loaded.artifact.programs.iter().enumerate();
        let own = programs.filter(|(_, p)| matches!(p.attach, Attach::Test { .. } | Attach::Bench { .. }));
        own.map(|(index, _)| index).collect()
    }

    /// Runs a program that nothing attaches, and gives the events that it made.
    ///
    /// # Errors
    /// Where the kernel does not run it.
    pub fn run_now(&mut self, index: usize) -> Result<Vec<Event>, Error> {
        self.run_one(index)?;
        Ok(self.drain(usize::MAX))
    }

    fn run(&self, which: impl Fn(&Attach) -> bool) -> Result<(), Error> {
        let programs = self.loaded.artifact.programs.iter().enumerate();
        programs.filter(|(_, p)| which(&p.attach)).try_for_each(|(index, _)| self.run_one(index))
    }

    fn run_one(&self, index: usize) -> Result<(), Error> {
        let title = || self.loaded.artifact.programs.get(index).map(|p| p.title.clone()).unwrap_or_default();
        bpf::test_run(self.program(index)?).map_err(|e| Error::Run { title: title(), why: explain(&e) })
    }

    fn look_for_exit(&mut self) {
        if self.exit.is_none() {
            let mut value = [0; 8];
            let map = self.loaded.map(CONTROL);
            if map.is_some_and(|m| bpf::lookup(m, &[0; 4], &mut value).unwrap_or(false)) {
                self.exit = u64::from_le_bytes(value).checked_sub(1).and_then(|code| u8::try_from(code).ok());
            }
        }
    }

    /// Takes records out of the ring buffer, `most` of them.
    fn drain(&mut self, most: usize) -> Vec<Event> {
        let mut events = Vec::new();
        let mut decode = |record: &[u8]| match self.decoder.event(&self.loaded, record) {
            Ok(Some(event)) => events.push(event),
            Ok(None) => {}
            Err(()) => events.push(Event::Broken),
        };
        for _ in 0..most {
            let Some(record) = self.ring.next() else { break };
            decode(&record);
        }
        std::mem::take(&mut self.seen).iter().for_each(|record| decode(record));
        events
    }

    /// The code of `exit()`, once the script called it.
    pub fn exit_code(&self) -> Option<u8> {
        self.exit
    }

    /// Whether anything can still happen: `false` where there are only `begin` and `end`.
    pub fn is_live(&self) -> bool {
        let mut programs = self.loaded.artifact.programs.iter().filter(|program| !program.is_own());
        programs.any(|p| {
            !matches!(
                p.attach,
                Attach::Begin
                    | Attach::End
                    | Attach::Test { .. }
                    | Attach::Bench { .. }
                    | Attach::Iterate { period_ns: None, .. }
            )
        })
    }

    /// Whether no descendant of the command is left, where descendants are traced.
    pub fn family_is_gone(&self) -> bool {
        self.loaded.map(FAMILY).is_none_or(|map| bpf::keys(map, 8).is_ok_and(|keys| keys.is_empty()))
    }

    /// Whether all targets have gone, where there were any.
    pub fn target_ended(&self) -> bool {
        self.targets.are_gone()
    }

    /// Targets that have gone since this was last asked.
    pub fn departures(&mut self) -> Vec<Departure> {
        self.targets.departures()
    }

    /// Takes all probes away, runs `end`, and gives the events that were still on their way.
    ///
    /// # Errors
    /// Where `end` can't be run; the probes are gone all the same.
    pub fn detach(mut self) -> Result<(Vec<Event>, Finished), Error> {
        close_all(std::mem::take(&mut self.links));
        // What `end` prints must find room, however full the ring buffer is.
        let mut events = self.drain(usize::MAX);
        self.run(|attach| matches!(attach, Attach::End))?;
        events.extend(self.drain(usize::MAX));
        self.look_for_exit();
        Ok((events, Finished { loaded: self.loaded, decoder: self.decoder, exit: self.exit }))
    }
}

impl Finished {
    /// A map's entries, in no order.
    ///
    /// # Errors
    /// Where the kernel does not let us read it.
    pub fn snapshot(&mut self, map: usize) -> io::Result<Vec<MapEntry>> {
        read::snapshot(&self.loaded, &mut self.decoder, map)
    }

    /// What was lost, of each kind of which anything was.
    pub fn losses(&self) -> Vec<(Loss, u64)> {
        read::losses(&self.loaded)
    }

    /// What was loaded.
    pub fn artifact(&self) -> &gprobe_compiler::artifact::Artifact {
        self.loaded.artifact()
    }

    /// The code of `exit()`, where the script called it.
    pub fn exit_code(&self) -> Option<u8> {
        self.exit
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
