//! The pipeline: each stage's one function, in order; the types spell the order.

use std::sync::Arc;

use gprobe_lang::ast::Script;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::{SourceId, Span};

use crate::artifact::{Action, Artifact, Attach, Hosted, ProgramInfo, ProgramKind, SourcePlace};
use crate::resolve::typed;
use crate::target::Target;
use crate::{allocate, emit, expand, ir, lower, optimise, resolve};

/// A compiled script, with what each stage made of it.
#[derive(Debug)]
pub struct Compiled {
    /// What the runtime loads and attaches.
    pub artifact: Artifact,
    /// What is worth knowing, though nothing is wrong.
    pub warnings: Vec<Diagnostic>,
    /// After `resolve`.
    pub typed: typed::Program,
    /// After `optimise`.
    pub ir: ir::Unit,
    /// After `allocate`: registers and stack slots.
    pub code: allocate::Unit,
    /// What later programs of the same session are to know: [`Target::earlier`].
    pub for_later: resolve::Earlier,
}

/// Finds out what is wrong with a script for a target; gives what is worth knowing where nothing is.
///
/// # Errors
/// All that is wrong with the script, with warnings among it. What is more than a BPF program can do shows
/// only when it is compiled.
pub fn check(script: &Script, target: &Target<'_>) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let script = expand::expand(script, target.world)?;
    resolve::resolve(&script, target).map(|(_, _, warnings)| warnings)
}

/// Compiles a script for a target.
///
/// # Errors
/// All that is wrong with the script, with warnings among it.
pub fn compile(script: &Script, target: &Target<'_>) -> Result<Compiled, Vec<Diagnostic>> {
    let script = expand::expand(script, target.world)?;
    let (mut typed, options, warnings) = resolve::resolve(&script, target)?;
    let mut for_later = std::mem::take(&mut typed.for_later);
    let first_action = target.earlier.map_or(0, |earlier| earlier.actions.len());
    let (lowered, actions) = lower::lower(&typed, target.kernel, &options, &target.processes, first_action);
    for_later.actions.clone_from(&actions);
    let ir = optimise::optimise(lowered);
    let hosted_from = ir.programs.iter().position(|program| program.kind == ProgramKind::Iterate);
    let mut native = ir.clone();
    native.programs.truncate(hosted_from.unwrap_or(native.programs.len()));
    let code = allocate::allocate(native, target.kernel)
        .map_err(|e| vec![too_large(&typed, Some(e.program()), &e.to_string())])?;
    let (elf, callbacks) =
        emit::emit(&code).map_err(|e| vec![too_large(&typed, e.program(), &e.to_string())])?;
    let hosted = hosted_from.map(|_| Hosted { unit: Arc::new(ir.clone()), lists: typed.go_lists });
    let program = target.executable.as_ref().map(|executable| executable.path.as_str());
    let mut artifact = artifact(&typed, program, elf, actions, callbacks, hosted);
    artifact.sampled = lower::sampled(&typed, &options);
    let own = artifact.programs.len() - typed.probes.len();
    let hits = lower::hits(&typed, target.kernel, &options);
    artifact.programs.iter_mut().skip(own).zip(hits).for_each(|(program, hits)| program.hits = hits);
    artifact.first_action = first_action;
    Ok(Compiled { artifact, warnings, typed, ir, code, for_later })
}

fn artifact(
    typed: &typed::Program,
    program: Option<&str>,
    elf: Vec<u8>,
    actions: Vec<Action>,
    callbacks: Vec<Vec<u32>>,
    hosted: Option<Hosted>,
) -> Artifact {
    let mut programs: Vec<ProgramInfo> = Vec::new();
    let mut callbacks = callbacks.into_iter();
    if lower::has_start_clock(typed) {
        programs.push(ProgramInfo {
            symbol: "gp_prog0".into(),
            kind: ProgramKind::TestRun,
            attach: Attach::Begin,
            title: "the clock of `elapsed`".into(),
            place: SourcePlace(Span::new(SourceId(0), 0, 0)),
            callbacks: callbacks.next().unwrap_or_default(),
            hits: None,
        });
    }
    for name in lower::family_tracepoints(typed) {
        programs.push(ProgramInfo {
            symbol: format!("gp_prog{}", programs.len()),
            kind: ProgramKind::RawTracepoint,
            attach: Attach::RawTracepoint { name: (*name).to_owned() },
            title: "what tells a command's descendants".into(),
            place: SourcePlace(Span::new(SourceId(0), 0, 0)),
            callbacks: callbacks.next().unwrap_or_default(),
            hits: None,
        });
    }
    for probe in &typed.probes {
        programs.push(ProgramInfo {
            symbol: format!("gp_prog{}", programs.len()),
            kind: probe.kind,
            attach: probe.attach.clone(),
            title: probe.title.clone(),
            place: SourcePlace(probe.span),
            callbacks: callbacks.next().unwrap_or_default(),
            hits: None,
        });
    }
    Artifact {
        elf,
        programs,
        binaries: typed.binaries.clone(),
        maps: typed.maps.clone(),
        actions,
        probes: typed.probe_names.clone(),
        enums: typed.enums.clone(),
        go_values: typed.go_values.clone(),
        go_program: typed.go_program.clone(),
        bound: typed.runtime.is_some()
            || typed.go_program.is_some()
            || hosted.is_some()
            || typed.binaries.iter().any(|binary| Some(binary.path.as_str()) == program),
        hosted,
        print_maps_on_exit: typed.print_maps_on_exit,
        show: typed.show.clone(),
        reads_go_runtime: typed.runtime.is_some(),
        sampled: None,
        first_action: 0,
        keeps_state: typed.keeps_state,
    }
}

/// The back end's limits: a probe that needs more than a BPF program can have.
fn too_large(typed: &typed::Program, symbol: Option<&str>, what: &str) -> Diagnostic {
    let number = symbol.and_then(|symbol| {
        let number = symbol.strip_prefix("gp_prog")?;
        number.split('_').next()?.parse::<usize>().ok()
    });
    let own = usize::from(lower::has_start_clock(typed)) + lower::family_tracepoints(typed).len();
    let index = number.and_then(|n| n.checked_sub(own));
    let found = index.and_then(|index| typed.probes.get(index));
    let (span, name) = match found {
        Some(probe) => (probe.span, format!("`{}`", probe.title)),
        None => (Span::new(SourceId(0), 0, 0), "this".to_owned()),
    };
    Diagnostic::error("too-large", span, format!("{name} is more than one BPF program can do"))
        .note(what.to_owned())
        .help("split the probe in several, or lower max_strlen")
}
