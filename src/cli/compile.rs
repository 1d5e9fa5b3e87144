//! `gprobe check` and `gprobe compile`: scripts without attaching anything.

use std::io::{self, Write};
use std::path::Path;

use gprobe_compiler::Compiled;
use gprobe_compiler::resolve::dump;
use gprobe_compiler::target::{Options, Processes, Target};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_runtime::{LiveWorld, kernel};

use super::args::{Emit, Looked};
use super::run::{settings, split_params};
use super::script::{ScriptWorld, Source, load};
use super::target::executable;
use super::{Failure, say, show};

/// `gprobe check`
pub(super) fn check(looked: &Looked) -> Result<u8, Failure> {
    let source = load(looked.script.as_deref(), looked.program.as_deref())?;
    let compiled = build(&source, looked)?;
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
pub(super) fn compile(looked: &Looked, emit: Emit, output: Option<&Path>) -> Result<u8, Failure> {
    let source = load(looked.script.as_deref(), looked.program.as_deref())?;
    let bytes = if emit == Emit::Ast {
        gprobe_lang::ast::dump(&source.script).into_bytes()
    } else {
        let compiled = build(&source, looked)?;
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

fn build(source: &Source, looked: &Looked) -> Result<Compiled, Failure> {
    let file = &looked.file;
    let executable = executable(file.pid.as_slice(), file.exe.as_deref())?;
    let live = LiveWorld::new(file.pid.as_slice());
    let world = ScriptWorld::new(&live, source);
    let (named, params) = split_params(&looked.params);
    let target = Target {
        processes: Processes::one(file.pid),
        executable,
        kernel: &kernel::facts(),
        world: &world,
        options: Options { unsafe_allowed: true, ..Options::default() },
        command: None,
        earlier: None,
        settings: settings(),
        named,
        params,
    };
    let compiled = gprobe_compiler::compile(&source.script, &target);
    compiled.map_err(|diagnostics| {
        let mut all: Vec<Diagnostic> = source.warnings.clone();
        all.extend(diagnostics);
        Failure::Script(all, world.into_sources())
    })
}
