//! `gprobe list` and `gprobe -l`: what can be probed.

mod moments;
mod places;
mod probes;

use std::io::{self, Write};

use gprobe_compiler::target::{Absent, TargetBinary, World};
use gprobe_runtime::LiveWorld;
use gprobe_symbols::{Cost, Function, Language, Site};

pub(super) use self::probes::probes;
use super::Failure;
use super::args::FileArgs;
use super::target::executable;
use crate::files;
use crate::signature::signature;

/// `gprobe list [PATTERN]`
pub(super) fn list(pattern: Option<&str>, file: &FileArgs, verbose: bool) -> Result<u8, Failure> {
    if let Some(rest) = pattern.and_then(|p| p.strip_prefix("tracepoint:").or_else(|| p.strip_prefix("t:"))) {
        return tracepoints(rest, verbose);
    }
    if let Some(rest) = pattern.and_then(|p| p.strip_prefix("kprobe:").or_else(|| p.strip_prefix("k:"))) {
        return kernel_functions(rest);
    }
    let program = executable(file.pid.as_slice(), file.exe.as_deref())?;
    let moments = pattern.map(moments::of).unwrap_or_default();
    if !moments.is_empty() {
        return moments::show(&moments, file, program.as_ref(), verbose);
    }
    let Some(program) = program else {
        if pattern.is_none() {
            return tracepoints("*", verbose);
        }
        return Err(Failure::Target(
            "functions are listed of a program: name a process with -p PID or a file with -x BINARY; \
             the kernel's own are listed by `gprobe list 'tracepoint:*'` and `gprobe list 'kprobe:*'`"
                .into(),
        ));
    };
    functions(pattern.unwrap_or("*"), &program, verbose)
}

fn functions(pattern: &str, file: &TargetBinary, verbose: bool) -> Result<u8, Failure> {
    let pattern = pattern.strip_prefix("go:").unwrap_or(pattern);
    let mut out = io::BufWriter::new(io::stdout().lock());
    if let Some(places) = places::of_line(file, pattern) {
        if places.found.is_empty() && places.refused.is_empty() {
            return Err(Failure::Target(format!("no code of {} is of `{pattern}`", file.name)));
        }
        places::show_line(&mut out, pattern, &places, verbose)?;
        out.flush()?;
        return Ok(0);
    }
    let pattern = pattern.strip_suffix(":inline").unwrap_or(pattern);
    let functions = file.binary.functions();
    let mut found = files::functions(functions, pattern);
    let mut copies = places::copies(file, pattern, found.is_empty() || verbose);
    if found.is_empty() && copies.is_empty() && !gprobe_symbols::is_glob(pattern) {
        let wanted = format!("*{pattern}*");
        found = functions.matching(&wanted);
        copies = places::copies(file, &wanted, found.is_empty() || verbose);
    }
    if found.is_empty() && copies.is_empty() {
        return Err(Failure::Target(format!("no function of {} matches `{pattern}`", file.name)));
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    for function in &found {
        if verbose {
            detail(&mut out, file, function)?;
            places::show_copies(&mut out, &copies.remove(&function.name).unwrap_or_default())?;
        } else {
            writeln!(out, "{}", probe_name(file, function))?;
        }
    }
    // What is left has no code of its own.
    for (name, copies) in &copies {
        writeln!(out, "go:{}:inline", crate::output::escape(name))?;
        if verbose {
            places::show_copies(&mut out, copies)?;
        }
    }
    out.flush()?;
    Ok(0)
}

fn probe_name(file: &TargetBinary, function: &Function) -> String {
    let name = crate::output::escape(&function.name);
    match function.language {
        Language::C => format!("uprobe:{}:{name}", file.name),
        _ => format!("go:{name}"),
    }
}

fn detail(out: &mut dyn Write, file: &TargetBinary, function: &Function) -> io::Result<()> {
    writeln!(out, "{}{}", probe_name(file, function), signature(&file.binary, function))?;
    if let Some(line) = file.binary.line(function.addr) {
        writeln!(out, "    at {}:{}", crate::output::escape(&line.file), line.line)?;
    }
    let sites = match file.binary.sites(function) {
        Ok(sites) => sites,
        Err(reason) => return writeln!(out, "    can't be probed: {reason}"),
    };
    writeln!(out, "    entry  {}", site(&sites.entry))?;
    for exit in &sites.returns {
        writeln!(out, "    return {}", site(exit))?;
    }
    for jump in &sites.tail_jumps {
        writeln!(out, "    return {} (a jump to another function, which returns in its place)", site(jump))?;
    }
    if sites.returns.is_empty() && sites.tail_jumps.is_empty() {
        writeln!(out, "    never returns")?;
    }
    Ok(())
}

/// An address and what a hit costs there.
fn site(site: &Site) -> String {
    format!("{:#x}  {}", site.addr.0, cost(site.cost))
}

/// What a hit costs at an instruction, in words.
fn cost(cost: Cost) -> &'static str {
    match cost {
        Cost::Optimised => "optimised: no trap on newer kernels",
        Cost::Emulated => "emulated: one trap",
        Cost::SingleStep => "single-stepped: the dearest",
    }
}

/// Those that `FUNCTION` or `MODULE:FUNCTION` matches.
fn kernel_functions_of(world: &LiveWorld, pattern: &str) -> Result<Vec<String>, Absent> {
    match pattern.split_once(':') {
        Some((module, pattern)) => world.kernel_functions(Some(module), pattern),
        None => world.kernel_functions(None, pattern),
    }
}

fn kernel_functions(pattern: &str) -> Result<u8, Failure> {
    let found = kernel_functions_of(&LiveWorld::new(&[]), pattern)
        .map_err(|absent| Failure::Target(absent.reason))?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    for function in found {
        writeln!(out, "kprobe:{function}")?;
    }
    out.flush()?;
    Ok(0)
}

fn tracepoints(pattern: &str, verbose: bool) -> Result<u8, Failure> {
    let world = LiveWorld::new(&[]);
    let (category, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    let mut found = world.tracepoints(category, name).map_err(|absent| Failure::Target(absent.reason))?;
    if found.is_empty() {
        return Err(Failure::Target(format!("no tracepoint matches `{pattern}`")));
    }
    found.sort();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (category, name) in found {
        writeln!(out, "tracepoint:{category}:{name}")?;
        if !verbose {
            continue;
        }
        let fields = world.tracepoint(&category, &name).map_err(|absent| Failure::Target(absent.reason))?;
        for field in fields {
            let array = field.array.map(|n| format!("[{n}]")).unwrap_or_default();
            writeln!(out, "    {} args.{}{array}", field.c_type, field.name)?;
        }
    }
    out.flush()?;
    Ok(0)
}
