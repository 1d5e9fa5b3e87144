//! The processes that are traced, and what becomes of them.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use crate::error::Error;
use crate::process::unreadable;
use crate::sys::process;

/// The field `startcode` of `/proc/PID/stat`, counted from the one behind the name.
const START_CODE: usize = 23;

/// Why a process is traced no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has ended.
    Ended,
    /// It has executed another program, whose name is given, or its own at another address: the probes went
    /// with the old one's memory, or what they know of it is right no more.
    Executed(String),
}

/// A process that is traced no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Which process.
    pub pid: u32,
    /// Why.
    pub fate: Fate,
}

/// A traced process.
struct Target {
    pid: u32,
    /// Becomes readable when it ends.
    end: OwnedFd,
    runs: Option<Image>,
    /// Where its executable's file lies in its memory.
    bias: u64,
    gone: bool,
}

/// The processes that a script traces; none where it traces all of the machine.
pub(crate) struct Targets {
    all: Vec<Target>,
    /// Whether the script is bound to the executable of its targets.
    bound: bool,
    departures: Vec<Departure>,
}

impl Targets {
    /// Takes hold of processes.
    pub(crate) fn new(pids: &[u32]) -> Result<Self, Error> {
        let target = |&pid: &u32| {
            let end = process::pidfd(pid).map_err(|error| unreadable(pid, error))?;
            Ok::<Target, Error>(Target { pid, end, runs: image(pid), bias: 0, gone: false })
        };
        let all = pids.iter().map(target).collect::<Result<_, _>>()?;
        Ok(Self { all, bound: false, departures: Vec::new() })
    }

    /// A script has to do with the executable. `bias_of` gives what is added to its addresses in each process that is
    /// still there.
    pub(crate) fn bind(&mut self, bias_of: impl Fn(u32) -> Result<u64, Error>) -> Result<(), Error> {
        self.bound = true;
        for target in self.all.iter_mut().filter(|target| !target.gone) {
            target.bias = match bias_of(target.pid) {
                // One that has just ended is nobody's fault.
                Err(_) if has_ended(target.end.as_fd()) => continue,
                bias => bias?,
            };
        }
        Ok(())
    }

    /// Descriptors that become readable when one that is still there ends.
    pub(crate) fn ends(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.all.iter().filter(|target| !target.gone).map(|target| target.end.as_fd())
    }

    /// Those that are still there, and where their executable lies in their memory.
    pub(crate) fn there(&self) -> Vec<(u32, u64)> {
        self.all.iter().filter(|target| !target.gone).map(|target| (target.pid, target.bias)).collect()
    }

    /// Looks whether they are still there; gives whether any has gone now.
    pub(crate) fn look(&mut self) -> bool {
        let before = self.departures.len();
        for target in self.all.iter_mut().filter(|target| !target.gone) {
            let fate = if has_ended(target.end.as_fd()) {
                Some(Fate::Ended)
            } else if self.bound {
                executed(target.pid, target.runs).map(Fate::Executed)
            } else {
                None
            };
            if let Some(fate) = fate {
                target.gone = true;
                self.departures.push(Departure { pid: target.pid, fate });
            }
        }
        self.departures.len() > before
    }

    /// Whether there were any, and all have gone.
    pub(crate) fn are_gone(&self) -> bool {
        !self.all.is_empty() && self.all.iter().all(|target| target.gone)
    }

    /// Those that have gone since this was last asked.
    pub(crate) fn departures(&mut self) -> Vec<Departure> {
        std::mem::take(&mut self.departures)
    }

    /// Whether a process has ended, looked at now.
    pub(crate) fn has_ended(&self, pid: u32) -> bool {
        self.all.iter().filter(|target| target.pid == pid).any(|target| has_ended(target.end.as_fd()))
    }
}

fn has_ended(end: BorrowedFd<'_>) -> bool {
    matches!(process::wait(&[end], 0), Ok(ready) if ready.first() == Some(&true))
}

/// What a process runs: device and inode, also where the file is there no more; and where its code starts,
/// which is elsewhere when a position-independent program executes itself.
type Image = (u64, u64, u64);

fn image(pid: u32) -> Option<Image> {
    let metadata = fs::metadata(format!("/proc/{pid}/exe")).ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let code = fields.split_ascii_whitespace().nth(START_CODE)?.parse().ok()?;
    Some((metadata.dev(), metadata.ino(), code))
}

/// What a process runs now, where that is not what it ran.
fn executed(pid: u32, before: Option<Image>) -> Option<String> {
    let now = image(pid)?;
    if before.is_none_or(|before| before == now) {
        return None;
    }
    let name = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    Some(name.display().to_string())
}
