//! The programs of a session.

use std::fmt;

use gprobe_compiler::artifact::{Artifact, Attach, MapInfo, Show};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_runtime::{LeftOut, ScriptId};

use super::event::Meaning;
use super::script::Script;

/// Which program of a session: they are numbered from 1 on, and no number is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProgramId(pub u32);

impl fmt::Display for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It was compiled, and never attached.
    Compiled,
    /// Its probes are in place.
    Attached,
    /// Its probes were taken away.
    Detached,
    /// It called `exit()` with this code, and its probes were taken away.
    Exited(u8),
}

/// A program of a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Program<'s> {
    /// Its number.
    pub id: ProgramId,
    /// What it was compiled from.
    pub script: &'s Script,
    /// How far it is.
    pub state: State,
    /// What is worth knowing of it, though nothing is wrong; spans are of [`Session::sources`](super::Session::sources).
    pub warnings: &'s [Diagnostic],
    /// What was compiled: its programs and where each attaches.
    pub artifact: &'s Artifact,
}

impl Program<'_> {
    /// Its probes, as written; each once.
    pub fn probes(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for program in self.artifact.programs.iter().filter(|program| !program.is_own()) {
            if !found.contains(&program.title.as_str()) {
                found.push(&program.title);
            }
        }
        found
    }

    /// How many probes it has: one for each name that a probe of the script stands for.
    pub fn probe_count(&self) -> usize {
        self.artifact.probe_count()
    }

    /// Whether it says that its maps are to be printed when it ends.
    pub fn prints_maps_at_end(&self) -> bool {
        self.artifact.print_maps_on_exit
    }

    /// The maps that are shown then: those that it uses, without those that a `table` has shown.
    pub fn maps_at_end(&self) -> impl Iterator<Item = &MapInfo> {
        let maps = self.artifact.maps.iter().filter(|map| map.used);
        maps.filter(|map| self.artifact.print_maps_on_exit && map.shown && !map.tabled)
    }

    /// The names of the maps that it uses.
    pub fn used_maps(&self) -> impl Iterator<Item = &str> {
        self.artifact.maps.iter().filter(|map| map.used && map.shown).map(|map| map.name.as_str())
    }

    /// How it wants values shown.
    pub fn show(&self) -> &Show {
        &self.artifact.show
    }

    /// Its tests and benchmarks, by the index that [`Session::run_own`](super::Session::run_own) takes, and the name.
    pub fn own(&self) -> Vec<(usize, &str)> {
        let programs = self.artifact.programs.iter().enumerate();
        let own = programs.filter_map(|(index, program)| match &program.attach {
            Attach::Test { name } | Attach::Bench { name } => Some((index, name.as_str())),
            _ => None,
        });
        own.collect()
    }
}

/// What attaching came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attachment {
    /// How many probes there are, as [`Program::probe_count`] counts them.
    pub probes: usize,
    /// How many places they are at: sites of functions, tracepoints, timers.
    pub places: usize,
    /// Functions of a pattern at which there is no probe, and why.
    pub left_out: Vec<LeftOut>,
}

/// What a session keeps of a program.
pub(super) struct Slot {
    pub(super) script: Script,
    pub(super) artifact: Artifact,
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) meaning: Meaning,
    pub(super) state: State,
    /// Once it is in the kernel.
    pub(super) loaded: Option<ScriptId>,
}

impl Slot {
    pub(super) fn program(&self, id: ProgramId) -> Program<'_> {
        Program {
            id,
            script: &self.script,
            state: self.state,
            warnings: &self.warnings,
            artifact: &self.artifact,
        }
    }
}
