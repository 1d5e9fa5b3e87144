//! One script: its programs in the kernel, where they are attached, and those that gprobe runs itself.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gprobe_compiler::artifact::{Artifact, Attach, CONTROL, FAMILY, ProgramInfo};

use super::put::close_all;
use crate::cost::Meter;
use crate::error::{Error, explain};
use crate::iterate;
use crate::kernel::uprobes::LeftOut;
use crate::load::Loaded;
use crate::sys::bpf;
use crate::targets::Targets;

/// A program's index, and a descriptor whose closing takes probes of it away.
pub(super) type Link = (usize, OwnedFd);

/// A script in the kernel.
pub(super) struct Script {
    pub(super) loaded: Loaded,
    is_attached: bool,
    pub(super) links: Vec<Link>,
    /// Programs that user space runs: index, period, and when it is next due.
    pub(super) intervals: Vec<(usize, Duration, Instant)>,
    /// Programs that a signal runs, and whether it came.
    pub(super) signals: Vec<(usize, Arc<AtomicBool>)>,
    /// Programs that go over goroutines or threads once, and have not yet.
    pub(super) first_rounds: Vec<usize>,
    pub(super) exit: Option<u8>,
    pub(super) left_out: Vec<LeftOut>,
    meter: Option<Meter>,
}

impl Script {
    pub(super) fn new(loaded: Loaded) -> Self {
        Self {
            loaded,
            is_attached: false,
            links: Vec::new(),
            intervals: Vec::new(),
            signals: Vec::new(),
            first_rounds: Vec::new(),
            exit: None,
            left_out: Vec::new(),
            meter: None,
        }
    }

    pub(super) fn artifact(&self) -> &Artifact {
        &self.loaded.artifact
    }

    pub(super) fn program(&self, index: usize) -> Result<BorrowedFd<'_>, Error> {
        let program = self.loaded.programs.get(index);
        program.map(AsFd::as_fd).ok_or_else(|| Error::Object("no such program".into()))
    }

    /// Runs `begin` and puts all in place.
    pub(super) fn attach(&mut self, targets: &Targets) -> Result<(), Error> {
        if self.is_attached {
            return Ok(());
        }
        self.exit = None;
        self.left_out.clear();
        if let Some(control) = self.loaded.map(CONTROL) {
            // An earlier `exit()` is over.
            bpf::update(control, &[0; 4], &[0; 8]).map_err(Error::Wait)?;
        }
        let counted = self.loaded.artifact.programs.iter().any(|program| program.hits.is_some());
        self.meter = Some(Meter::start(counted));
        self.run(|attach| matches!(attach, Attach::Begin))?;
        match self.put(targets) {
            Ok(()) => {
                self.is_attached = true;
                Ok(())
            }
            Err(error) => {
                self.take_away();
                Err(error)
            }
        }
    }

    /// Takes all away; gives whether the script was attached.
    pub(super) fn take_away(&mut self) -> bool {
        close_all(std::mem::take(&mut self.links));
        self.intervals.clear();
        self.signals.clear();
        self.first_rounds.clear();
        self.meter = None;
        std::mem::take(&mut self.is_attached)
    }

    /// When the next program is due that user space runs.
    pub(super) fn due(&self) -> Option<Instant> {
        self.intervals.iter().map(|(_, _, at)| *at).min()
    }

    /// Runs what is due; gives the records of what gprobe runs itself.
    pub(super) fn tick(&mut self, targets: &Targets) -> Result<Vec<Vec<u8>>, Error> {
        self.meter.iter_mut().for_each(Meter::tick);
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
        if !targets.are_gone() {
            due.append(&mut self.first_rounds);
        }
        self.run_all(due, targets)
    }

    /// Goes over what it goes over once.
    pub(super) fn first_rounds(&mut self, targets: &Targets) -> Result<Vec<Vec<u8>>, Error> {
        let due = std::mem::take(&mut self.first_rounds);
        self.run_all(due, targets)
    }

    fn run_all(&mut self, due: Vec<usize>, targets: &Targets) -> Result<Vec<Vec<u8>>, Error> {
        let mut seen = Vec::new();
        due.into_iter().try_for_each(|index| self.run_due(index, targets, &mut seen))?;
        Ok(seen)
    }

    /// Runs a program in the kernel, or goes over goroutines or threads with it.
    fn run_due(&mut self, index: usize, targets: &Targets, seen: &mut Vec<Vec<u8>>) -> Result<(), Error> {
        let info = self.loaded.artifact.programs.get(index);
        let Some(ProgramInfo { attach: Attach::Iterate { over, .. }, symbol, title, .. }) = info else {
            return self.run_one(index);
        };
        let Some(hosted) = &self.loaded.artifact.hosted else { return Ok(()) };
        for (pid, bias) in targets.there() {
            match iterate::round(&self.loaded, hosted, symbol, *over, (pid, bias)) {
                Ok(round) => {
                    self.loaded.lost.iter_mut().zip(round.lost).for_each(|(sum, lost)| *sum += lost);
                    seen.extend(round.records);
                }
                // A target that ends while it is read is nobody's fault.
                Err(_) if targets.has_ended(pid) => {}
                Err(why) => return Err(Error::Run { title: title.clone(), why: why.to_string() }),
            }
        }
        Ok(())
    }

    pub(super) fn run(&self, which: impl Fn(&Attach) -> bool) -> Result<(), Error> {
        let programs = self.loaded.artifact.programs.iter().enumerate();
        programs.filter(|(_, p)| which(&p.attach)).try_for_each(|(index, _)| self.run_one(index))
    }

    pub(super) fn run_one(&self, index: usize) -> Result<(), Error> {
        let title = || self.loaded.artifact.programs.get(index).map(|p| p.title.clone()).unwrap_or_default();
        bpf::test_run(self.program(index)?).map_err(|e| Error::Run { title: title(), why: explain(&e) })
    }

    pub(super) fn look_for_exit(&mut self) {
        if self.exit.is_none() {
            let mut value = [0; 8];
            let map = self.loaded.map(CONTROL);
            if map.is_some_and(|m| bpf::lookup(m, &[0; 4], &mut value).unwrap_or(false)) {
                self.exit = u64::from_le_bytes(value).checked_sub(1).and_then(|code| u8::try_from(code).ok());
            }
        }
    }

    /// How many places are probed.
    pub(super) fn places(&self) -> usize {
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

    /// Whether anything can still happen.
    pub(super) fn is_live(&self) -> bool {
        let mut programs = self.loaded.artifact.programs.iter().filter(|program| !program.is_own());
        self.is_attached
            && programs.any(|p| {
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

    pub(super) fn family_is_gone(&self) -> bool {
        self.loaded.map(FAMILY).is_none_or(|map| bpf::keys(map, 8).is_ok_and(|keys| keys.is_empty()))
    }
}
