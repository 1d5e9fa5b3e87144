//! What a session is of: its targets, its options, and what it begins with.

use std::path::PathBuf;

use gprobe_compiler::target::{Counting, Mode, Options, Sample};
use gprobe_runtime::Symbolise;

use super::error::Error;
use super::script::Script;
use super::world::Texts;
use super::{ProgramId, Session};

/// Says what a [`Session`] is of.
///
/// Without a process, an executable or a command it is of the whole machine: then what is particular to a Go program
/// is not known.
#[derive(Default)]
#[must_use]
pub struct Builder {
    pub(super) pids: Vec<u32>,
    pub(super) executable: Option<PathBuf>,
    pub(super) command: Option<Vec<String>>,
    pub(super) scripts: Vec<Script>,
    pub(super) options: Options,
    pub(super) settings: Vec<(String, String)>,
    pub(super) providers: Texts,
    pub(super) imports: Texts,
    pub(super) symboliser: Option<Box<dyn Symbolise>>,
}

impl Builder {
    /// Traces a process, and those that were named before. All run one and the same build.
    pub fn pid(mut self, pid: u32) -> Self {
        if !self.pids.contains(&pid) {
            self.pids.push(pid);
        }
        self
    }

    /// Traces all processes that run this file, now and later; with a [`command`](Self::command), those that it starts.
    pub fn executable(mut self, path: impl Into<PathBuf>) -> Self {
        self.executable = Some(path.into());
        self
    }

    /// Starts a command, by the words of it, and traces it. It stands before its first instruction until
    /// [`Session::release`]. It is asked to end when the session is dropped.
    pub fn command<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.command = Some(words.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a script to begin with.
    pub fn script(mut self, script: impl Into<Script>) -> Self {
        self.scripts.push(script.into());
        self
    }

    /// Allows functions that do more than look: `system()`, `signal()`.
    pub fn allow_unsafe(mut self, allowed: bool) -> Self {
        self.options.unsafe_allowed = allowed;
        self
    }

    /// Tells each place where memory can't be read or a map has no such key, as [`Event::Trouble`](super::Event).
    pub fn report_errors(mut self, reported: bool) -> Self {
        self.options.report_errors = reported;
        self
    }

    /// A setting of scripts, `max_map_keys`, which wins over their own.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// A provider of one's own, in the language: `probe NAME:MOMENT = go:main.work { size = arg0 }`. It wins over one that
    /// ships.
    pub fn provider(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.providers.insert(name.into(), text.into());
        self
    }

    /// What `import "name"` brings, in place of a file.
    pub fn import(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.imports.insert(name.into(), text.into());
        self
    }

    /// Names addresses of the targets before gprobe does.
    pub fn symboliser(mut self, symboliser: impl Symbolise + 'static) -> Self {
        self.symboliser = Some(Box::new(symboliser));
        self
    }

    /// Counts the hits of probes, so that [`Session::spent`] tells what they cost.
    pub fn count_hits(mut self, counted: bool) -> Self {
        self.options.counting = if counted { Counting::Hits } else { Counting::Nothing };
        self
    }

    /// Looks at one event in `one_in`, drawn at random; of goroutines, where events belong together. 0 is as 1: all.
    pub fn sample(mut self, one_in: u32) -> Self {
        use std::hash::{BuildHasher, RandomState};
        let seed = RandomState::new().hash_one(std::process::id());
        self.options.sample = (one_in > 0).then_some(Sample { one_in, seed });
        self
    }

    /// Which probes of scripts run: those of all days, tests or benchmarks.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.options.mode = mode;
        self
    }

    /// Opens the targets and compiles the scripts; nothing is attached.
    ///
    /// # Errors
    /// Where a target can't be opened, a command can't be started, or a script is wrong.
    pub fn build(mut self) -> Result<Session, Error> {
        let scripts = std::mem::take(&mut self.scripts);
        let mut session = Session::open(self)?;
        for script in scripts {
            session.compile(script)?;
        }
        Ok(session)
    }

    /// As [`build`](Self::build); then all is attached, and a command may run.
    ///
    /// # Errors
    /// As for [`build`](Self::build), and where the kernel does not allow it.
    pub fn attach(self) -> Result<Session, Error> {
        let mut session = self.build()?;
        let all: Vec<ProgramId> = session.programs().map(|program| program.id).collect();
        for id in all {
            session.attach(id)?;
        }
        session.release()?;
        Ok(session)
    }
}
