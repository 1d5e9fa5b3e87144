//! Commands that gprobe starts itself.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::AtomicBool;

use super::follow::{Found, follow, runs_go};
use crate::error::Error;
use crate::sys::process::{pidfd, release, signal, signal_by, spawn_stopped};

/// A command that was started, stopped before its first instruction until it is released. Dropped
/// before it has ended, it is asked to end.
#[derive(Debug)]
pub struct Spawned {
    child: Child,
    /// The process that is traced: the command's own, or a descendant that runs a Go program.
    traced: u32,
    /// That descendant.
    descendant: Option<OwnedFd>,
    stopped: bool,
    ended: Option<ExitStatus>,
}

impl Spawned {
    /// Starts a program with its arguments; standard input, output and error are gprobe's own.
    ///
    /// # Errors
    /// Where there is no such program, or no words at all.
    pub fn start(words: &[String]) -> Result<Self, Error> {
        let shown = words.join(" ");
        let failed = |error| Error::Spawn { command: shown.clone(), error };
        let (program, args) =
            words.split_first().ok_or_else(|| failed(io::Error::other("there is no command")))?;
        let child = spawn_stopped(Command::new(program).args(args)).map_err(failed)?;
        let traced = child.id();
        Ok(Self { child, traced, descendant: None, stopped: true, ended: None })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process that is traced: the command's own, or one that it has started.
    pub fn traced(&self) -> u32 {
        self.traced
    }

    /// Whether a Go program is traced.
    pub fn runs_go(&self) -> bool {
        runs_go(self.traced)
    }

    /// Lets it run until it, or a process that it starts, executes a Go program: that one is traced, and stands
    /// before its first instruction. `stop` breaks the search off.
    ///
    /// # Errors
    /// Where none was executed.
    pub fn follow(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        self.stopped = false;
        let search = follow(self.pid(), stop);
        self.ended = search.ended.map(ExitStatus::from_raw);
        match search.found {
            Found::Go(pid) => {
                (self.traced, self.stopped) = (pid, true);
                if pid != self.pid() {
                    self.descendant = pidfd(pid).ok();
                }
                Ok(())
            }
            Found::Nothing => Err(Error::NoGo),
            Found::Stopped => Err(Error::BrokenOff),
        }
    }

    /// Lets it run.
    ///
    /// # Errors
    /// Where it was killed meanwhile.
    pub fn release(&mut self) -> io::Result<()> {
        self.stopped = false;
        release(self.traced)
    }

    /// How the command ended, once it has.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.ended = self.ended.or_else(|| self.child.try_wait().ok().flatten());
        self.ended
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // Where another process stands, its end is not known, but it can't have been waited for.
        let there = self.traced != self.pid() || self.exit_status().is_none();
        if self.stopped && there {
            // It has not run one instruction: nothing is lost.
            let _ = signal(self.traced, libc::SIGKILL);
            let _ = release(self.traced);
        }
        if let Some(descendant) = &self.descendant {
            let _ = signal_by(descendant.as_fd(), libc::SIGTERM);
        }
        if self.exit_status().is_some() {
            return;
        }
        let _ = signal(self.pid(), libc::SIGTERM);
        let _ = self.child.wait();
    }
}
