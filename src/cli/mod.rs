//! The command: what each of its forms does.

mod args;
mod compile;
mod cost;
mod doc;
mod doctor;
mod fmt;
mod list;
mod options;
mod own;
mod parameters;
mod repl;
mod run;
mod shell;
mod stdlib;
mod target;
mod usage;

use std::io::{self, Write};
use std::process::ExitCode;

use gprobe_lang::diagnostic::{Diagnostic, render, render_terse};
use gprobe_lang::source::SourceMap;

use self::args::Command;
use crate::session::{Error, ScriptError};

/// The script is wrong.
const SCRIPT_WRONG: u8 = 1;
/// The target or the kernel does not allow it.
const NOT_ALLOWED: u8 = 3;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The script is wrong, and why.
    Script(Vec<Diagnostic>, SourceMap),
    /// The script can't be read, or is none; one sentence.
    Unreadable(String),
    /// As [`Unreadable`](Self::Unreadable), and a sentence that may help.
    Hinted(String, String),
    /// The target or the kernel; one sentence, and what to do.
    Target(String),
    /// The output can't be written.
    Output(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Script(error) => {
                let ScriptError { diagnostics, sources } = *error;
                Self::Script(diagnostics, sources)
            }
            Error::Unreadable { message, hint: None } => Self::Unreadable(message),
            Error::Unreadable { message, hint: Some(hint) } => Self::Hinted(message, hint),
            other => Self::Target(other.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs the command line and gives its exit code.
pub fn main() -> ExitCode {
    let cli = match usage::parse() {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    let done = match cli.command {
        None if cli.run.list => list::probes(&cli.run),
        None if cli.run.script.is_none() && cli.run.program.is_empty() => repl::repl(&cli.run),
        None => run::run(&cli.run),
        Some(Command::List { pattern, file, verbose }) => list::list(pattern.as_deref(), &file, verbose),
        Some(Command::Check(looked)) => compile::check(&looked),
        Some(Command::Compile { looked, emit, output }) => compile::compile(&looked, emit, output.as_deref()),
        Some(Command::Doctor { file }) => doctor::doctor(&file),
        Some(Command::Stdlib { name, format }) => stdlib::stdlib(name.as_deref(), format),
        Some(Command::Fmt { files, check }) => fmt::fmt(&files, check),
        Some(Command::Doc { name }) => doc::doc(name.as_deref()),
        Some(Command::Completions { shell }) => shell::completions(shell),
        Some(Command::Man { command }) => shell::man(command.as_deref()),
        Some(Command::Explain { code }) => doc::explain(code.as_deref()),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => ExitCode::from(report(&failure)),
    }
}

/// Says what went wrong, and gives the exit code for it.
fn report(failure: &Failure) -> u8 {
    match failure {
        Failure::Script(diagnostics, sources) => {
            show(&options::show(diagnostics), sources);
            SCRIPT_WRONG
        }
        Failure::Unreadable(message) => {
            say(&format!("ERROR: {message}"));
            SCRIPT_WRONG
        }
        Failure::Hinted(message, hint) => {
            say(&format!("ERROR: {message}"));
            say(&format!("HINT: {hint}"));
            SCRIPT_WRONG
        }
        Failure::Target(message) => {
            say(&format!("ERROR: {message}"));
            NOT_ALLOWED
        }
        // Whoever read the output has had enough.
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Failure::Output(error) => {
            say(&format!("ERROR: the output can't be written: {error}"));
            NOT_ALLOWED
        }
    }
}

/// Shows diagnostics on standard error.
fn show(diagnostics: &[Diagnostic], sources: &SourceMap) {
    if diagnostics.is_empty() {
        return;
    }
    let text = match called_bpftrace() {
        true => render_terse(diagnostics, sources),
        false => render(diagnostics, sources, colour()),
    };
    // Where standard error is closed there is no one to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Whether gprobe runs under the name of bpftrace, by a symbolic link: then what reads bpftrace's messages
/// shall be able to read these.
fn called_bpftrace() -> bool {
    let name = std::env::args_os().next();
    name.is_some_and(|name| std::path::Path::new(&name).file_name().is_some_and(|name| name == "bpftrace"))
}

/// A line on standard error; what a target may have put in it can't steer the terminal.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", crate::output::escape(line));
}

/// Whether diagnostics are coloured: on a terminal, unless `NO_COLOR` is set.
fn colour() -> bool {
    use std::io::IsTerminal;
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}
