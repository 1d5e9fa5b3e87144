//! `gprobe list 'goroutine:*'`: the moments of the providers that ship, and where they are in a program.

use std::io::{self, Write};

use gprobe_compiler::artifact::Attach;
use gprobe_compiler::target::{KernelFacts, Options, Processes, Target, TargetBinary};
use gprobe_runtime::{LiveWorld, kernel};
use gprobe_stdlib::{Moment, Provider};
use gprobe_symbols::glob_matches;

use super::super::script::{ScriptWorld, load};
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
    let looked_at = program.filter(|_| verbose).map(|program| LookedAt {
        program,
        pid,
        facts: kernel::facts(),
        live: LiveWorld::new(pid.as_slice()),
    });
    for moment in found.iter().flat_map(|(_, moments)| moments) {
        writeln!(out, "{}", moment.name)?;
        if !verbose {
            continue;
        }
        writeln!(out, "    {}", moment.what)?;
        for (word, said) in &moment.more {
            writeln!(out, "    {word:<8} {said}")?;
        }
        if let Some(looked_at) = &looked_at {
            for line in looked_at.places(&moment.name)? {
                writeln!(out, "    {line}")?;
            }
        }
    }
    out.flush()?;
    Ok(0)
}

/// A program that moments are looked for in.
struct LookedAt<'p> {
    program: &'p TargetBinary,
    pid: Option<u32>,
    facts: KernelFacts,
    live: LiveWorld,
}

impl LookedAt<'_> {
    /// Where a moment is, a line each, or why it is nowhere.
    fn places(&self, moment: &str) -> Result<Vec<String>, Failure> {
        let source = load(None, Some(&format!("{moment} {{ }}")))?;
        let world = ScriptWorld::new(&self.live, &source);
        let target = Target {
            processes: Processes::one(self.pid),
            executable: Some(self.program.clone()),
            kernel: &self.facts,
            world: &world,
            options: Options::default(),
            command: None,
            earlier: None,
            settings: Vec::new(),
            named: Vec::new(),
            params: Vec::new(),
        };
        let programs = match gprobe_compiler::compile(&source.script, &target) {
            Ok(compiled) => compiled.artifact.programs,
            Err(found) => {
                let why = found.iter().find(|diagnostic| diagnostic.is_error());
                let why = why.map(|why| format!("nowhere  {}", crate::output::escape(&why.message)));
                return Ok(why.into_iter().collect());
            }
        };
        let mut lines = Vec::new();
        for program in &programs {
            let Attach::Uprobe { sites, .. } = &program.attach else { continue };
            for site in sites {
                let cost = cost(self.program.binary.cost_at(site.addr));
                let function = crate::output::escape(&site.function);
                lines.push(format!("at       {function} {:#x}  {cost}", site.addr.0));
            }
        }
        Ok(lines)
    }
}
