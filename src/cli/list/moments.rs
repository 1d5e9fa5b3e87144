//! `gprobe list 'goroutine:*'`: the moments of the providers that ship, and where they are in a program.

use std::io::{self, Write};

use gprobe_compiler::artifact::Attach;
use gprobe_compiler::target::{KernelFacts, Options, Processes, Target, TargetBinary};
use gprobe_lang::source::SourceMap;
use gprobe_runtime::{LiveWorld, kernel};
use gprobe_stdlib::{Moment, Provider};
use gprobe_symbols::glob_matches;

use super::super::script::{ScriptWorld, Source};
use super::{Failure, cost};

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
    found: &[(&Provider, Vec<Moment>)],
    program: Option<&TargetBinary>,
    pid: Option<u32>,
    verbose: bool,
) -> Result<u8, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (facts, live) = (kernel::facts(), LiveWorld::new(pid.as_slice()));
    for moment in found.iter().flat_map(|(_, moments)| moments) {
        writeln!(out, "{}", moment.name)?;
        if !verbose {
            continue;
        }
        writeln!(out, "    {}", moment.what)?;
        for (word, said) in &moment.more {
            writeln!(out, "    {word:<8} {said}")?;
        }
        if let Some(program) = program {
            for line in places(&moment.name, program, pid, &facts, &live) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    out.flush()?;
    Ok(0)
}

/// Where a moment is in a program, a line each, or why it is nowhere.
fn places(
    moment: &str,
    program: &TargetBinary,
    pid: Option<u32>,
    facts: &KernelFacts,
    live: &LiveWorld,
) -> Vec<String> {
    let mut sources = SourceMap::new();
    let text = format!("{moment} {{ }}");
    let id = sources.add(moment.to_owned(), text.as_str());
    let parsed = gprobe_lang::parse(id, &text);
    let source = Source { script: parsed.script, sources, warnings: Vec::new(), name: moment.to_owned() };
    let world = ScriptWorld::new(live, &source);
    let target = Target {
        processes: Processes::one(pid),
        executable: Some(program.clone()),
        kernel: facts,
        world: &world,
        options: Options::default(),
        command: None,
        settings: Vec::new(),
        named: Vec::new(),
        params: Vec::new(),
    };
    let compiled = match gprobe_compiler::compile(&source.script, &target) {
        Ok(compiled) => compiled,
        Err(found) => {
            let why = found.iter().find(|diagnostic| diagnostic.is_error());
            return why
                .map(|why| format!("nowhere  {}", crate::output::escape(&why.message)))
                .into_iter()
                .collect();
        }
    };
    let mut lines = Vec::new();
    for program_info in &compiled.artifact.programs {
        let Attach::Uprobe { sites, .. } = &program_info.attach else { continue };
        for site in sites {
            let cost = cost(program.binary.cost_at(site.addr));
            let function = crate::output::escape(&site.function);
            lines.push(format!("at       {function} {:#x}  {cost}", site.addr.0));
        }
    }
    lines
}
