//! `gprobe -l`: probes of all kinds, as bpftrace lists them.

use std::collections::HashSet;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::Path;

use gprobe_compiler::probe_kinds::{self, Counter, HARDWARE, KINDS, ProbeKind, SOFTWARE};
use gprobe_compiler::target::{TargetBinary, World};
use gprobe_lang::ast::Item;
use gprobe_lang::source::SourceMap;
use gprobe_runtime::LiveWorld;
use gprobe_runtime::process::Spawned;
use gprobe_symbols::{Function, Language, Usdt, glob_matches};

use super::{detail, places};
use crate::cli::args::Run;
use crate::cli::target::executable;
use crate::cli::{Failure, run, say};
use crate::files;
use crate::output::escape;
use crate::session::filter;

/// Units of `interval` and `profile`.
const UNITS: [&str; 4] = ["us", "ms", "s", "hz"];

/// `gprobe -l [PATTERN | SCRIPT | -e PROGRAM]`
pub(in crate::cli) fn probes(args: &Run) -> Result<u8, Failure> {
    // It is never released, and gone without one instruction when the list is done.
    let command = args.target.command.as_deref().map(spawn).transpose()?;
    let pid = args.target.pid.first().copied().or(command.as_ref().map(Spawned::pid));
    let mut list = List {
        world: LiveWorld::new(pid.as_slice()),
        pid,
        executable: executable(pid.as_slice(), args.target.exe.as_deref())?,
        verbose: args.verbose,
        whole: None,
        listed: HashSet::new(),
        out: BufWriter::new(io::stdout().lock()),
    };
    match (patterns_of_script(args)?, &args.script) {
        (Some(patterns), _) => patterns.iter().try_for_each(|pattern| list.pattern(pattern, args))?,
        (None, Some(text)) => {
            if text.contains('.') && !text.contains([':', '*']) {
                say(&format!(
                    "WARNING: It appears that '{text}' is a filename but the file does not exist. Treating '{text}' as a search pattern."
                ));
            }
            split(text).into_iter().try_for_each(|pattern| list.pattern(pattern, args))?;
        }
        (None, None) => list.pattern("*", args)?,
    }
    list.out.flush()?;
    Ok(0)
}

/// Starts the command of -c.
fn spawn(command: &str) -> Result<Spawned, Failure> {
    Spawned::start(&run::words(command)?).map_err(|error| Failure::Target(error.to_string()))
}

/// A file that is no pattern.
fn exact(file: &str, pid: Option<u32>) -> Result<TargetBinary, Failure> {
    LiveWorld::new(pid.as_slice()).binary(file).map_err(|absent| Failure::Target(absent.reason))
}

/// The attach points of the script that is meant, if one is.
fn patterns_of_script(args: &Run) -> Result<Option<Vec<String>>, Failure> {
    let (script, params) = run::script_and_params(args);
    let program = (!args.program.is_empty()).then(|| args.program.join("\n"));
    let is_script =
        |name: &str| name == "-" || Path::new(name).is_file() || gprobe_stdlib::find(name).is_some();
    if program.is_none() && !script.is_some_and(is_script) {
        return Ok(None);
    }
    let (script, _) = run::named(script, program.as_deref())?.parse(&mut SourceMap::new())?;
    let (_, params) = run::split_params(&params);
    let probes = script.items.iter().filter_map(|item| match item {
        Item::Probe(probe) => Some(&probe.points),
        _ => None,
    });
    Ok(Some(probes.flatten().map(|point| filter::name(point, &params)).collect()))
}

/// Patterns with commas between them; a comma in brackets is one of a function's name.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0i32;
    let parts = text.split(|c| {
        depth += match c {
            '(' | '[' => 1,
            ')' | ']' => -1,
            _ => 0,
        };
        c == ',' && depth <= 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// What is being listed.
struct List<'a> {
    world: LiveWorld,
    pid: Option<u32>,
    executable: Option<TargetBinary>,
    verbose: bool,
    /// A pattern for whole names, where one without a kind was given.
    whole: Option<String>,
    listed: HashSet<String>,
    out: BufWriter<StdoutLock<'a>>,
}

impl List<'_> {
    /// Lists what matches a pattern; says so where nothing does.
    fn pattern(&mut self, pattern: &str, args: &Run) -> Result<(), Failure> {
        let before = self.listed.len();
        match pattern.split_once(':') {
            Some((word, rest)) => match probe_kinds::find(word) {
                Some(kind) => self.kind(kind, rest, true)?,
                None => self.kinds(word, rest)?,
            },
            None => match probe_kinds::find(pattern) {
                Some(kind) => self.kind(kind, "*", true)?,
                None => {
                    self.whole = Some(pattern.to_owned());
                    let done = self.kinds("*", "*");
                    self.whole = None;
                    done?;
                }
            },
        }
        if self.listed.len() == before && !args.no_warnings {
            say(&format!("WARNING: no probe that gprobe knows matches '{pattern}'"));
        }
        Ok(())
    }

    /// All kinds whose names match.
    fn kinds(&mut self, word: &str, rest: &str) -> Result<(), Failure> {
        let kinds = KINDS.iter().filter(|kind| glob_matches(word, kind.name));
        kinds.into_iter().try_for_each(|kind| self.kind(kind, rest, false))
    }

    /// One kind; `named` where it was meant by its name, so that what is wrong is worth an error.
    fn kind(&mut self, kind: &'static ProbeKind, rest: &str, named: bool) -> Result<(), Failure> {
        // Kinds that a wildcard meant have as many parts as the pattern: `*:./server:*` means no function
        // of Go code, whose pattern would be `./server:*`.
        let one_part = matches!(kind.name, "interval" | "profile" | "software" | "hardware" | "go");
        if !kind.supported || !named && one_part && rest.contains(':') {
            return Ok(());
        }
        match kind.name {
            "begin" | "end" if named => self.plain(kind.name),
            "test" | "bench" if named => self.plain(&format!("{}:{rest}", kind.name)),
            "begin" | "end" | "test" | "bench" => Ok(()),
            "self" => self.names(kind, ["signal:SIGUSR1"].into_iter(), rest),
            "interval" | "profile" => self.units(kind, rest),
            "software" => self.counters(kind, SOFTWARE, rest),
            "hardware" => self.counters(kind, HARDWARE, rest),
            "tracepoint" => self.tracepoints(rest, named),
            "rawtracepoint" => self.raw_tracepoints(rest, named),
            "kprobe" | "kretprobe" => self.kernel_functions(kind, rest, named),
            "go" => self.go(rest, named),
            "usdt" => self.usdt(rest, named),
            "uprobe" | "uretprobe" => self.uprobes(kind, rest, named),
            _ => Ok(()),
        }
    }

    /// Writes a name, unless it is listed already or not meant. Gives whether it was written.
    fn name(&mut self, name: &str) -> io::Result<bool> {
        if self.whole.as_ref().is_some_and(|whole| !glob_matches(whole, name)) || self.listed.contains(name) {
            return Ok(false);
        }
        writeln!(self.out, "{}", escape(name))?;
        self.listed.insert(name.to_owned());
        Ok(true)
    }

    fn plain(&mut self, name: &str) -> Result<(), Failure> {
        self.name(name)?;
        Ok(())
    }

    /// Names of a kind that match.
    fn names<'n>(
        &mut self,
        kind: &ProbeKind,
        names: impl Iterator<Item = &'n str>,
        pattern: &str,
    ) -> Result<(), Failure> {
        for name in names.filter(|name| glob_matches(pattern, name)) {
            self.name(&format!("{}:{name}", kind.name))?;
        }
        Ok(())
    }

    /// `interval:hz:`; a count behind it says nothing about which probes there are.
    fn units(&mut self, kind: &ProbeKind, rest: &str) -> Result<(), Failure> {
        // Of `10ms` the unit is what is behind the number.
        let unit =
            rest.split(':').next().unwrap_or_default().trim_start_matches(|c: char| c.is_ascii_digit());
        for name in UNITS.iter().filter(|name| glob_matches(unit, name)) {
            self.name(&format!("{}:{name}:", kind.name))?;
        }
        Ok(())
    }

    /// `software:cpu:`
    fn counters(&mut self, kind: &ProbeKind, table: &[Counter], rest: &str) -> Result<(), Failure> {
        let event = rest.split(':').next().unwrap_or_default();
        for name in table.iter().flat_map(|(names, ..)| names.iter()).filter(|name| glob_matches(event, name))
        {
            self.name(&format!("{}:{name}:", kind.name))?;
        }
        Ok(())
    }

    /// The kernel's tracepoints, none where they can't be read and were not asked for by name.
    fn kernel(&self, category: &str, name: &str, named: bool) -> Result<Vec<(String, String)>, Failure> {
        match self.world.tracepoints(category, name) {
            Err(absent) if named => Err(Failure::Target(absent.reason)),
            found => Ok(found.unwrap_or_default()),
        }
    }

    fn tracepoints(&mut self, rest: &str, named: bool) -> Result<(), Failure> {
        let (category, name) = rest.split_once(':').unwrap_or((rest, "*"));
        for (category, name) in self.kernel(category, name, named)? {
            if !self.name(&format!("tracepoint:{category}:{name}"))? || !self.verbose {
                continue;
            }
            let Ok(fields) = self.world.tracepoint(&category, &name) else { continue };
            // The first ones are the same everywhere.
            for field in fields.iter().filter(|field| !field.name.starts_with("common_")) {
                let array =
                    field.array.filter(|_| !field.data_loc).map(|n| format!("[{n}]")).unwrap_or_default();
                writeln!(self.out, "    {} {}{array}", field.c_type, field.name)?;
            }
        }
        Ok(())
    }

    fn raw_tracepoints(&mut self, rest: &str, named: bool) -> Result<(), Failure> {
        // A module may stand before the name; tracefs does not tell modules apart.
        let name = rest.rsplit(':').next().unwrap_or(rest);
        let found = self.kernel("*", name, named)?;
        // Those of single system calls are made from `sys_enter` and `sys_exit`, and ftrace's are records
        // of its own.
        let found = found.into_iter().filter(|(category, _)| category != "syscalls" && category != "ftrace");
        let mut names: Vec<String> = found.map(|(_, name)| name).collect();
        names.sort();
        names.into_iter().try_for_each(|name| self.plain(&format!("rawtracepoint:{name}")))
    }

    fn kernel_functions(&mut self, kind: &ProbeKind, rest: &str, named: bool) -> Result<(), Failure> {
        match super::kernel_functions_of(&self.world, rest) {
            // That nothing matches is said of any kind.
            Err(absent) if named && absent.candidates.is_empty() => Err(Failure::Target(absent.reason)),
            found => found
                .unwrap_or_default()
                .into_iter()
                .try_for_each(|function| self.plain(&format!("{}:{function}", kind.name))),
        }
    }

    fn go(&mut self, rest: &str, named: bool) -> Result<(), Failure> {
        let Some(file) = self.executable.clone().filter(|file| file.binary.go_version().is_some()) else {
            return if named { Err(no_target("go:main.*")) } else { Ok(()) };
        };
        if let Some(found) = places::of_line(&file, rest) {
            if !found.found.is_empty() && self.listed.insert(format!("go:{rest}")) {
                places::show_line(&mut self.out, rest, &found, self.verbose)?;
            }
            return Ok(());
        }
        let (pattern, how) = rest.split_once(':').unwrap_or((rest, ""));
        let mut found = files::functions(file.binary.functions(), pattern);
        if how == "inline" {
            let mut copies = places::copies(&file, pattern, true);
            for function in found.iter().filter(|function| function.language != Language::C) {
                copies.entry(function.name.clone()).or_default();
            }
            for (name, copies) in copies {
                if self.name(&format!("go:{name}:inline"))? && self.verbose {
                    places::show_copies(&mut self.out, &copies)?;
                }
            }
            return Ok(());
        }
        found.retain(|function| function.language != Language::C);
        found.sort_by(|a, b| a.name.cmp(&b.name));
        for function in &found {
            let name = format!("go:{}", function.name);
            if !self.verbose {
                self.name(&name)?;
            } else if self.whole.as_ref().is_none_or(|whole| glob_matches(whole, &name))
                && self.listed.insert(name)
            {
                detail(&mut self.out, &file, function)?;
            }
        }
        Ok(())
    }

    /// The files that the file of a probe stands for.
    fn files(&self, file: &str, kind: &str, named: bool) -> Result<Vec<TargetBinary>, Failure> {
        match (&self.executable, self.pid) {
            (Some(executable), None) if file == "*" => Ok(vec![executable.clone()]),
            (_, None) if file == "*" && named => Err(no_target(&format!("{kind}:libc:*"))),
            _ if files::is_wild(file) => Ok(files::matching(file, self.pid)),
            (_, pid) => match exact(file, pid) {
                Err(failure) if named => Err(failure),
                found => Ok(found.into_iter().collect()),
            },
        }
    }

    fn uprobes(&mut self, kind: &ProbeKind, rest: &str, named: bool) -> Result<(), Failure> {
        let (file, pattern) = rest.split_once(':').unwrap_or((rest, "*"));
        for file in self.files(file, kind.name, named)? {
            let mut found = files::functions(file.binary.functions(), pattern);
            found.sort_by(|a, b| a.name.cmp(&b.name));
            for function in &found {
                let name = format!("{}:{}:{}", kind.name, file.name, function.name);
                if self.name(&name)? && self.verbose {
                    self.params(&file, function, kind.name == "uretprobe")?;
                }
            }
        }
        Ok(())
    }

    fn usdt(&mut self, rest: &str, named: bool) -> Result<(), Failure> {
        let (file, names) = rest.split_once(':').unwrap_or((rest, "*"));
        let files = match (file, self.pid) {
            ("" | "*", None) if !named => Vec::new(),
            ("" | "*", _) => files::offering(file, self.pid),
            _ => self.files(file, "usdt", named)?,
        };
        let names: Vec<&str> = names.split(':').collect();
        for file in files {
            for usdt in files::usdt(&file.binary, &names) {
                let name = format!("usdt:{}:{}:{}", file.name, usdt.provider, usdt.name);
                if self.name(&name)? && self.verbose {
                    self.usdt_arguments(&usdt)?;
                }
            }
        }
        Ok(())
    }

    /// The arguments of a usdt probe, a line each.
    fn usdt_arguments(&mut self, usdt: &Usdt) -> io::Result<()> {
        for (index, arg) in usdt.args.iter().enumerate() {
            match arg {
                Ok(arg) => {
                    let sign = if arg.signed { "" } else { "u" };
                    writeln!(self.out, "    {sign}int{} arg{index}", u32::from(arg.bytes) * 8)?;
                }
                Err(reason) => writeln!(self.out, "    arg{index}: {}", escape(&reason.to_string()))?,
            }
        }
        Ok(())
    }

    /// The arguments of a function, or what it gives, a line each, as C has them.
    fn params(&mut self, file: &TargetBinary, function: &Function, results: bool) -> io::Result<()> {
        let Ok(params) = file.binary.params(function) else { return Ok(()) };
        for param in params.iter().filter(|param| param.is_result == results) {
            let ty = crate::signature::type_name(&file.binary, param.ty).replace(" *", "*");
            writeln!(self.out, "    {ty} {}", escape(&param.name))?;
        }
        Ok(())
    }
}

fn no_target(example: &str) -> Failure {
    Failure::Target(format!(
        "functions are listed of a program: name a process with -p, a command with -c, a file with -x, or the file of a pattern: '{example}'"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_part_patterns_but_not_names() {
        assert_eq!(split("a:b, c:d"), ["a:b", "c:d"]);
        assert_eq!(split("go:main.F[int,string],go:main.g,"), ["go:main.F[int,string]", "go:main.g"]);
    }
}
