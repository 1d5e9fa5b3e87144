//! Commands that gprobe starts itself.

use std::io;
use std::process::{Child, Command, ExitStatus};

use crate::error::Error;
use crate::sys::process::{release, signal, spawn_stopped};

/// A command that was started, stopped before its first instruction until it is released. Dropped
/// before it has ended, it is asked to end.
#[derive(Debug)]
pub struct Spawned {
    child: Child,
    stopped: bool,
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
        Ok(Self { child, stopped: true })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it run.
    ///
    /// # Errors
    /// Where it was killed meanwhile.
    pub fn release(&mut self) -> io::Result<()> {
        self.stopped = false;
        release(self.pid())
    }

    /// How it ended, once it has.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        if self.exit_status().is_some() {
            return;
        }
        if self.stopped {
            // It has not run one instruction: nothing is lost.
            let _ = self.child.kill();
            let _ = release(self.pid());
        } else {
            let _ = signal(self.pid(), libc::SIGTERM);
        }
        let _ = self.child.wait();
    }
}
