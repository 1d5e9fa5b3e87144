//! `gprobe check` and `gprobe compile`: scripts without attaching anything.

use std::io::{self, Write};
use std::path::Path;

use gprobe_compiler::Compiled;
use gprobe_compiler::resolve::dump;
use gprobe_lang::source::SourceMap;

use super::args::{Emit, Looked};
use super::run::{named, settings, split_params};
use super::{Failure, say, show};
use crate::session::{Builder, Script, Session};

/// `gprobe check`
pub(super) fn check(looked: &Looked) -> Result<u8, Failure> {
    let (script, compiled, sources) = build(looked)?;
    show(&compiled.warnings, &sources);
    let probes = compiled.artifact.programs.len();
    say(&format!(
        "{}: all right, {probes} {}",
        script.name(),
        if probes == 1 { "program" } else { "programs" }
    ));
    Ok(0)
}

/// `gprobe compile`
pub(super) fn compile(looked: &Looked, emit: Emit, output: Option<&Path>) -> Result<u8, Failure> {
    let bytes = if emit == Emit::Ast {
        let script = named(looked.script.as_deref(), looked.program.as_deref())?;
        gprobe_lang::ast::dump(&script.parse(&mut SourceMap::new())?.0).into_bytes()
    } else {
        let (_, compiled, sources) = build(looked)?;
        show(&compiled.warnings, &sources);
        match emit {
            Emit::Typed => dump::dump(&compiled.typed).into_bytes(),
            Emit::Ir => gprobe_compiler::ir::print(&compiled.ir).into_bytes(),
            Emit::Elf => compiled.artifact.elf,
            _ => gprobe_compiler::emit::disassemble(&compiled.code).into_bytes(),
        }
    };
    match output {
        Some(path) => std::fs::write(path, bytes)?,
        None => io::stdout().lock().write_all(&bytes)?,
    }
    Ok(0)
}

/// A script as it was named, and what the compiler makes of it for a target.
fn build(looked: &Looked) -> Result<(Script, Compiled, SourceMap), Failure> {
    let script = named(looked.script.as_deref(), looked.program.as_deref())?;
    let (options, params) = split_params(&looked.params);
    let script = options.into_iter().fold(script, |script, (name, value)| script.option(name, value));
    let script = params.into_iter().fold(script, Script::param);
    let mut builder = Session::builder().allow_unsafe(true);
    builder = looked.file.pid.iter().fold(builder, |builder, pid| builder.pid(*pid));
    builder = looked.file.exe.iter().fold(builder, Builder::executable);
    let mut session = settings()
        .into_iter()
        .fold(builder, |builder, (name, value)| builder.setting(name, value))
        .build()?;
    let compiled = session.stages(&script)?;
    Ok((script, compiled, session.sources().clone()))
}
