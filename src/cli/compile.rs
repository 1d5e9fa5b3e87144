//! `gprobe check` and `gprobe compile`: scripts without attaching anything.

use std::io::{self, Write};
use std::path::Path;

use gprobe_compiler::Compiled;
use gprobe_compiler::resolve::dump;
use gprobe_compiler::target::{KernelFacts, Options, Target};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_runtime::LiveWorld;

use super::args::{Emit, FileArgs};
use super::script::{Source, load};
use super::target::executable;
use super::{Failure, say, show};

/// `gprobe check`
pub(super) fn check(
    script: Option<&str>,
    program: Option<&str>,
    params: &[String],
    file: &FileArgs,
) -> Result<u8, Failure> {
    let source = load(script, program)?;
    let compiled = build(&source, params, file)?;
    let mut warnings = source.warnings.clone();
    warnings.extend(compiled.warnings);
    show(&warnings, &source.sources);
    let probes = compiled.artifact.programs.len();
    say(&format!(
        "{}: all right, {probes} {}",
        source.name,
        if probes == 1 { "program" } else { "programs" }
    ));
    Ok(0)
}

/// `gprobe compile`
pub(super) fn compile(
    script: Option<&str>,
    program: Option<&str>,
    params: &[String],
    file: &FileArgs,
    emit: Emit,
    output: Option<&Path>,
) -> Result<u8, Failure> {
    let source = load(script, program)?;
    let bytes = if emit == Emit::Ast {
        gprobe_lang::ast::dump(&source.script).into_bytes()
    } else {
        let compiled = build(&source, params, file)?;
        show(&compiled.warnings, &source.sources);
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

fn build(source: &Source, params: &[String], file: &FileArgs) -> Result<Compiled, Failure> {
    let executable = executable(file.pid, file.exe.as_deref())?;
    let world = LiveWorld::new(file.pid);
    let target = Target {
        process: file.pid,
        executable,
        kernel: &KernelFacts::newest(),
        world: &world,
        options: Options::default(),
        params: params.to_vec(),
    };
    gprobe_compiler::compile(&source.script, &target).map_err(|diagnostics| {
        let mut all: Vec<Diagnostic> = source.warnings.clone();
        all.extend(diagnostics);
        Failure::Script(all, source.sources.clone())
    })
}
