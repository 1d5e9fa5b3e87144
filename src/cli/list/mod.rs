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
    let program = match pattern {
        // These need none.
        Some(pattern) if of_kernel(pattern).is_some() => None,
        _ => executable(file.pid.as_slice(), file.exe.as_deref())?,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(&mut out, pattern, program.as_ref(), file, verbose)?;
    out.flush()?;
    Ok(0)
}

/// Whether a pattern is one of the kernel's own probes: the kind, and the rest.
fn of_kernel(pattern: &str) -> Option<(&str, &str)> {
    let (kind, rest) = pattern.split_once(':')?;
    matches!(kind, "tracepoint" | "t" | "kprobe" | "k").then_some((kind, rest))
}

/// Writes what a pattern means: of a program, where there is one.
pub(crate) fn write(
    out: &mut dyn Write,
    pattern: Option<&str>,
    program: Option<&TargetBinary>,
    file: &FileArgs,
    verbose: bool,
) -> Result<(), Failure> {
    match pattern.and_then(of_kernel) {
        Some(("tracepoint" | "t", rest)) => return tracepoints(out, rest, verbose),
        Some((_, rest)) => return kernel_functions(out, rest),
        None => {}
    }
    let moments = pattern.map(moments::of).unwrap_or_default();
    if !moments.is_empty() {
        return moments::show(out, &moments, file, program, verbose);
    }
    let Some(program) = program else {
        if pattern.is_none() {
            return tracepoints(out, "*", verbose);
        }
        return Err(Failure::Target(
            "functions are listed of a program: name a process with -p PID or a file with -x BINARY; \
             the kernel's own are listed by `gprobe list 'tracepoint:*'` and `gprobe list 'kprobe:*'`"
                .into(),
        ));
    };
    functions(out, pattern.unwrap_or("*"), program, verbose)
}

fn functions(out: &mut dyn Write, pattern: &str, file: &TargetBinary, verbose: bool) -> Result<(), Failure> {
    let pattern = pattern.strip_prefix("go:").unwrap_or(pattern);
    if let Some(places) = places::of_line(file, pattern) {
        if places.found.is_empty() && places.refused.is_empty() {
            return Err(Failure::Target(format!("no code of {} is of `{pattern}`", file.name)));
        }
        places::show_line(out, pattern, &places, verbose)?;
        return Ok(());
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
            detail(out, file, function)?;
            places::show_copies(out, &copies.remove(&function.name).unwrap_or_default())?;
        } else {
            writeln!(out, "{}", probe_name(file, function))?;
        }
    }
    // What is left has no code of its own.
    for (name, copies) in &copies {
        writeln!(out, "go:{}:inline", crate::output::escape(name))?;
        if verbose {
            places::show_copies(out, copies)?;
        }
    }
    Ok(())
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

fn kernel_functions(out: &mut dyn Write, pattern: &str) -> Result<(), Failure> {
    let found = kernel_functions_of(&LiveWorld::new(&[]), pattern)
        .map_err(|absent| Failure::Target(absent.reason))?;
    for function in found {
        writeln!(out, "kprobe:{function}")?;
    }
    Ok(())
}

fn tracepoints(out: &mut dyn Write, pattern: &str, verbose: bool) -> Result<(), Failure> {
    let world = LiveWorld::new(&[]);
    let (category, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
    let mut found = world.tracepoints(category, name).map_err(|absent| Failure::Target(absent.reason))?;
    if found.is_empty() {
        return Err(Failure::Target(format!("no tracepoint matches `{pattern}`")));
    }
    found.sort();
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
    Ok(())
}
