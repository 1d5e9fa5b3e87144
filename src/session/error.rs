//! Why something did not work.

use std::io;

use gprobe_lang::diagnostic::{Diagnostic, render};
use gprobe_lang::source::SourceMap;

use super::ProgramId;

/// Why something did not work. Its text is for the user: what happened, where, and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The script is wrong.
    Script(Box<ScriptError>),
    /// A script can't be read, or there is none of its name.
    Unreadable {
        /// What happened, in a sentence.
        message: String,
        /// What may help.
        hint: Option<String>,
    },
    /// Of a script's probes none is wanted: see [`Script::only`](super::Script::only).
    NoProbes,
    /// The target or the kernel does not allow it.
    Target(gprobe_runtime::Error),
    /// No program has used a map of this name.
    NoMap {
        /// With the `@`.
        name: String,
        /// A near name.
        hint: Option<String>,
    },
    /// The session has no program of this number, or not any more.
    NoProgram(ProgramId),
    /// Something of the system.
    Io(io::Error),
}

/// All that is wrong with a script.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScriptError {
    /// At least one error; warnings may be among them.
    pub diagnostics: Vec<Diagnostic>,
    /// What their spans are of.
    pub sources: SourceMap,
}

impl ScriptError {
    /// As the command shows it: each with its line of the script and marks under what is wrong.
    pub fn render(&self, colour: bool) -> String {
        render(&self.diagnostics, &self.sources, colour)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Script(error) => f.write_str(error.render(false).trim_end()),
            Self::Unreadable { message, hint: None } => f.write_str(message),
            Self::Unreadable { message, hint: Some(hint) } => write!(f, "{message}; {hint}"),
            Self::NoProbes => f.write_str("no probe of the script is wanted"),
            Self::Target(error) => error.fmt(f),
            Self::NoMap { name, hint: None } => write!(f, "there is no map {name}"),
            Self::NoMap { name, hint: Some(hint) } => write!(f, "there is no map {name}; {hint}"),
            Self::NoProgram(ProgramId(id)) => write!(f, "there is no program {id}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Target(error) => Some(error),
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ScriptError> for Error {
    fn from(error: ScriptError) -> Self {
        Self::Script(Box::new(error))
    }
}

impl From<gprobe_runtime::Error> for Error {
    fn from(error: gprobe_runtime::Error) -> Self {
        Self::Target(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
