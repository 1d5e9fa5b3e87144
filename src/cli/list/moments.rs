//! `gprobe list 'goroutine:*'`: the moments of the providers that ship, and where they are in a program.

use std::io::Write;

use gprobe_compiler::artifact::Attach;
use gprobe_compiler::target::TargetBinary;
use gprobe_stdlib::{Moment, Provider};
use gprobe_symbols::glob_matches;

use super::{Failure, FileArgs, cost};
use crate::session::{Builder, Error, Script, Session};

/// The providers that a pattern means: those that ship, by the word before its colon.
pub(super) fn of(pattern: &str) -> Vec<(&'static Provider, Vec<Moment>)> {
    let Some((word, rest)) = pattern.split_once(':') else { return Vec::new() };
    let named = gprobe_stdlib::PROVIDERS.iter().filter(|provider| glob_matches(word, provider.name));
    named
        .map(|provider| {
            let own = |moment: &Moment| {
                moment.name.split_once(':').is_some_and(|(_, name)| glob_matches(rest, name))
            };
            (provider, provider.moments().into_iter().filter(own).collect::<Vec<_>>())
        })
        .filter(|(_, moments)| !moments.is_empty())
        .collect()
}

/// Lists moments, a line each; `verbose` with what they are and, of a program, where.
pub(super) fn show(
    out: &mut dyn Write,
    found: &[(&Provider, Vec<Moment>)],
    file: &FileArgs,
    program: Option<&TargetBinary>,
    verbose: bool,
) -> Result<(), Failure> {
    let mut looked_at = match program.filter(|_| verbose) {
        Some(program) => Some((program, session(file)?)),
        None => None,
    };
    for moment in found.iter().flat_map(|(_, moments)| moments) {
        writeln!(out, "{}", moment.name)?;
        if !verbose {
            continue;
        }
        writeln!(out, "    {}", moment.what)?;
        for (word, said) in &moment.more {
            writeln!(out, "    {word:<8} {said}")?;
        }
        if let Some((program, session)) = &mut looked_at {
            for line in places(program, session, &moment.name)? {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(())
}

/// A session on the program that moments are looked for in.
fn session(file: &FileArgs) -> Result<Session, Failure> {
    let builder = file.pid.iter().fold(Session::builder(), |builder, pid| builder.pid(*pid));
    Ok(file.exe.iter().fold(builder, Builder::executable).build()?)
}

/// Where a moment is, a line each, or why it is nowhere.
fn places(program: &TargetBinary, session: &mut Session, moment: &str) -> Result<Vec<String>, Failure> {
    let programs = match session.stages(&Script::new(format!("{moment} {{ }}"))) {
        Ok(compiled) => compiled.artifact.programs,
        Err(Error::Script(error)) => {
            let why = error.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
            let why = why.map(|why| format!("nowhere  {}", crate::output::escape(&why.message)));
            return Ok(why.into_iter().collect());
        }
        Err(error) => return Err(error.into()),
    };
    let mut lines = Vec::new();
    for found in &programs {
        let Attach::Uprobe { sites, .. } = &found.attach else { continue };
        for site in sites {
            let cost = cost(program.binary.cost_at(site.addr));
            let function = crate::output::escape(&site.function);
            lines.push(format!("at       {function} {:#x}  {cost}", site.addr.0));
        }
    }
    Ok(lines)
}
