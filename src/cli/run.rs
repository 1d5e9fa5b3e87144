//! Runs a script on a target, to its end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gprobe_compiler::artifact::{Attach, Loss};
use gprobe_compiler::target::{Mode, Options, Processes, Target};
use gprobe_lang::source::SourceMap;
use gprobe_runtime::process::{Spawned, boot_ns};
use gprobe_runtime::{Attached, Departure, Event, Fate, Finished, LiveWorld, Loaded};

use super::args::{BufferArg, FormatArg, ModeArg, Run};
use super::script::{ScriptWorld, Source, load};
use super::target::{executable, scene};
use super::{Failure, SCRIPT_WRONG, say, show};
use super::{cost, filter, list, own};
use crate::output::{Clock, Format, Sink};

/// What is said of scripts that are for a Go program where there is none.
const NEEDS_GO: [&str; 2] = ["not-go", "no-layout"];

/// How long events are waited for at once.
const WAIT: Duration = Duration::from_millis(100);

/// `gprobe SCRIPT`
pub(super) fn run(args: &Run) -> Result<u8, Failure> {
    let (script, params) = script_and_params(args);
    let program = (!args.program.is_empty()).then(|| args.program.join("\n"));
    let source = load(script, program.as_deref())?;
    let stop = stop_flag()?;
    let mut command = match &args.target.command {
        Some(command) => Some(spawn(command)?),
        None => None,
    };
    let mut started = start(args, &source, &params, command.as_ref());
    if let (Some(command), Err(Failure::Script(diagnostics, _))) = (&mut command, &started)
        && args.target.exe.is_none()
        && diagnostics.iter().any(|d| NEEDS_GO.contains(&d.code))
        && !command.runs_go()
    {
        // A script or a launcher: what it comes to is what is meant.
        command.follow(&stop).map_err(|error| Failure::Target(error.to_string()))?;
        started = start(args, &source, &params, Some(command));
    }
    let started = started?;
    let pids = pids(args, command.as_ref());
    let (attached, sources) = match started {
        Started::Attached(attached, sources) => (*attached, sources),
        Started::Dry => return Ok(0),
        Started::NoProbes => {
            say("No probes to attach");
            return Ok(SCRIPT_WRONG);
        }
    };
    let out: Box<dyn Write> = match &args.output {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    let format = match args.format {
        FormatArg::Text => Format::Text,
        FormatArg::Json => Format::Json,
        FormatArg::Tsv => Format::Tsv,
    };
    let mut sink = Sink::new(out, format, Clock::new(boot_ns()), sources, !args.no_warnings).of(scene(
        &pids,
        args.target.exe.as_deref(),
        args.output.is_none(),
    ));
    announce(args, &attached, &mut sink)?;
    if let Some(command) = &mut command {
        command.release()?;
    }
    let begun = Instant::now();
    let mut attached = attached;
    let failed_tests = match mode(args) {
        Mode::Trace => 0,
        Mode::Test => own::tests(&mut attached, &mut sink)?,
        Mode::Bench => own::benchmarks(&mut attached, &mut sink)?,
    };
    let several = pids.len() > 1 || command.as_ref().is_some_and(|c| c.pid() != c.traced());
    let result = watch(attached, &mut sink, &stop, args, command.as_mut(), several);
    let (mut finished, broken, target_ended) = result?;
    let took = begun.elapsed();
    sink.end_of_events()?;
    let printed = if finished.artifact().print_maps_on_exit { finished.artifact().maps.len() } else { 0 };
    for map in 0..printed {
        if finished.artifact().maps.get(map).is_some_and(|info| info.tabled || !info.shown) {
            continue;
        }
        let entries = finished.snapshot(map)?;
        if !entries.is_empty() {
            sink.map(finished.artifact(), map, entries, None, 1)?;
        }
    }
    sink.flush()?;
    if !args.no_warnings {
        sink.repeated_troubles(finished.artifact()).iter().for_each(|line| say(line));
    }
    summarise(args, &finished, took, target_ended, &pids);
    cost::report(args, &finished, took);
    losses(&finished, broken);
    let code = finished.exit_code().unwrap_or(0);
    Ok(if failed_tests > 0 { code.max(1) } else { code })
}

/// The processes to trace, each once.
fn pids(args: &Run, command: Option<&Spawned>) -> Vec<u32> {
    let mut pids: Vec<u32> = Vec::new();
    // With an executable, all of its processes that the command starts are meant.
    let command = command.filter(|_| args.target.exe.is_none());
    for pid in args.target.pid.iter().copied().chain(command.map(Spawned::traced)) {
        if !pids.contains(&pid) {
            pids.push(pid);
        }
    }
    pids
}

/// Which probes run.
fn mode(args: &Run) -> Mode {
    match (args.test, args.bench, args.mode) {
        (true, ..) | (_, _, Some(ModeArg::Test)) => Mode::Test,
        (_, true, _) | (_, _, Some(ModeArg::Bench)) => Mode::Bench,
        _ => Mode::Trace,
    }
}

/// With `-e`, what would be the script is the first parameter.
pub(super) fn script_and_params(args: &Run) -> (Option<&str>, Vec<String>) {
    let mut params = args.params.clone();
    if !args.program.is_empty() {
        params.splice(0..0, args.script.clone());
        return (None, params);
    }
    (args.script.as_deref(), params)
}

/// Named parameters, name and value.
pub(super) type Named = Vec<(String, Option<String>)>;

/// `--name=value` among the parameters, and the others.
pub(super) fn split_params(all: &[String]) -> (Named, Vec<String>) {
    let mut named = Vec::new();
    let mut others = Vec::new();
    for param in all {
        match param.strip_prefix("--").filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())) {
            Some(option) => named.push(match option.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (option.to_owned(), None),
            }),
            None => others.push(param.clone()),
        }
    }
    (named, others)
}

/// Settings in the environment: `GPROBE_MAX_STRLEN`, or bpftrace's `BPFTRACE_MAX_STRLEN`.
pub(super) fn settings() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in gprobe_compiler::resolve::SETTINGS {
        let upper = name.to_ascii_uppercase();
        let value = ["GPROBE", "BPFTRACE"].iter().find_map(|p| std::env::var(format!("{p}_{upper}")).ok());
        found.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    found
}

/// Set by SIGINT and SIGTERM.
fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second one ends gprobe at once, should it hang.
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Starts the command of -c.
pub(super) fn spawn(command: &str) -> Result<Spawned, Failure> {
    let words = shlex::split(command).ok_or_else(|| {
        Failure::Target(format!("`{command}` can't be split in words: a quote is not closed"))
    })?;
    Spawned::start(&words).map_err(|error| Failure::Target(error.to_string()))
}

/// What came of starting a script.
enum Started {
    /// It runs; and the texts that it is made of.
    Attached(Box<Attached>, SourceMap),
    /// It could run.
    Dry,
    /// `--probe-filter` left nothing of it.
    NoProbes,
}

/// Compiles, loads and attaches; in a dry run nothing of the script is attached.
fn start(
    args: &Run,
    source: &Source,
    params: &[String],
    command: Option<&Spawned>,
) -> Result<Started, Failure> {
    let times = Times::new(args.verbose);
    let pids = &*pids(args, command);
    let command = command.map(Spawned::pid);
    let executable = executable(pids, args.target.exe.as_deref())?;
    let facts = gprobe_runtime::kernel::facts();
    let live = LiveWorld::new(pids);
    let world = ScriptWorld::new(&live, source);
    let (mut named, params) = split_params(params);
    named.splice(0..0, args.own.iter().cloned());
    let mut script = source.script.clone();
    list::spell_out(&mut script, pids.first().copied());
    if let Some(wanted) = &args.probe_filter
        && !filter::before(&mut script, wanted, &params)
    {
        return Ok(Started::NoProbes);
    }
    let processes = match (&executable, pids) {
        (None, []) => Processes::All,
        (Some(file), []) => {
            let running = LiveWorld::running(file, command);
            Processes::Running(running.map_err(|error| Failure::Target(error.to_string()))?)
        }
        (_, pids) => Processes::These(pids.to_vec()),
    };
    let mut target = Target {
        processes: processes.clone(),
        executable,
        kernel: &facts,
        world: &world,
        options: Options {
            unsafe_allowed: args.allow_unsafe,
            report_errors: args.report_errors,
            mode: mode(args),
            ..Options::default()
        },
        command,
        earlier: None,
        settings: settings(),
        named,
        params,
    };
    cost::set(&mut target.options, args);
    times.lap("open the target");
    let compiled = gprobe_compiler::compile(&script, &target);
    let counting = cost::dry::compile(args, &script, &mut target);
    let sources = world.into_sources();
    let mut compiled = compiled.map_err(|diagnostics| {
        let all = source.warnings.iter().cloned().chain(diagnostics).collect();
        Failure::Script(all, sources.clone())
    })?;
    if let Some(wanted) = &args.probe_filter
        && !filter::after(&mut compiled.artifact, wanted)
    {
        return Ok(Started::NoProbes);
    }
    times.lap("compile");
    if !args.quiet && !args.no_warnings {
        cost::quote(&mut compiled.warnings);
        let warnings: Vec<_> = source.warnings.iter().chain(&compiled.warnings).cloned().collect();
        show(&warnings, &sources);
    }
    let failed = |error: gprobe_runtime::Error| Failure::Target(error.to_string());
    let loaded = Loaded::load(compiled.artifact, &facts).map_err(failed)?;
    times.lap("load");
    if args.dry_run {
        drop(loaded);
        return match counting {
            Some(artifact) => cost::dry::run(artifact, &facts, &processes).map(|()| Started::Dry),
            None => Ok(Started::Dry),
        };
    }
    cost::can_be_kept(args)?;
    let attached = loaded.attach(&processes).map_err(failed)?;
    times.lap("attach");
    Ok(Started::Attached(Box::new(attached), sources))
}

/// Says, when asked to, how long each step took.
struct Times {
    verbose: bool,
    last: std::cell::Cell<Instant>,
}

impl Times {
    fn new(verbose: bool) -> Self {
        Self { verbose, last: std::cell::Cell::new(Instant::now()) }
    }

    fn lap(&self, what: &str) {
        let now = Instant::now();
        let took = now.duration_since(self.last.replace(now));
        if self.verbose {
            say(&format!("{what}: {:.1} ms", took.as_secs_f64() * 1e3));
        }
    }
}

fn announce(args: &Run, attached: &Attached, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let probes = attached.artifact().probe_count();
    sink.attached(attached.artifact())?;
    sink.flush()?;
    if args.quiet {
        return Ok(());
    }
    for left_out in attached.left_out() {
        say(&format!("left out: `{}`: {}", left_out.function, left_out.why));
    }
    let places = attached.places();
    let at = if places <= probes { String::new() } else { format!(" at {places} places") };
    say(&format!("Attached {probes} {}{at}", if probes == 1 { "probe" } else { "probes" }));
    if args.verbose {
        for program in &attached.artifact().programs {
            let sites = match &program.attach {
                Attach::Uprobe { sites, .. } => format!(": {} sites", sites.len()),
                _ => String::new(),
            };
            say(&format!("  {}{sites}", program.title));
        }
    }
    Ok(())
}

/// Shows events until something ends the script; then detaches.
fn watch(
    mut attached: Attached,
    sink: &mut Sink<'_>,
    stop: &AtomicBool,
    args: &Run,
    mut command: Option<&mut Spawned>,
    several: bool,
) -> Result<(Finished, u64, bool), Failure> {
    let begun = Instant::now();
    let full = args.buffer == BufferArg::Full;
    let mut broken = 0;
    let mut show = |sink: &mut Sink<'_>, attached: &gprobe_compiler::artifact::Artifact, events: &[Event]| {
        for event in events {
            if matches!(event, Event::Broken) {
                broken += 1;
            }
            sink.event(attached, event)?;
        }
        if full { Ok(()) } else { sink.flush() }
    };
    let mut target_ended = false;
    let mut keeper = cost::Keeper::new(args, &attached);
    loop {
        let left = args.time.map(|time| time.saturating_sub(begun.elapsed()));
        let wait = if attached.is_live() { WAIT.min(left.unwrap_or(WAIT)) } else { Duration::ZERO };
        let events = attached.poll(wait).map_err(|error| Failure::Target(error.to_string()))?;
        if let Err(error) = show(sink, attached.artifact(), &events) {
            // No one reads on: take the probes away, and be gone.
            attached.detach().map_err(|error| Failure::Target(error.to_string()))?;
            return Err(error.into());
        }
        let departures = if args.quiet { Vec::new() } else { attached.departures() };
        departures.iter().filter_map(|gone| farewell(gone, several)).for_each(|line| say(&line));
        let ended = match command.as_mut() {
            None => attached.target_ended(),
            // A command runs to its end, whatever becomes of the process that is traced, and that one to its own.
            Some(command) => {
                let other = command.traced() != command.pid();
                command.exit_status().is_some()
                    && attached.family_is_gone()
                    && (!other || attached.target_ended())
            }
        };
        target_ended |= ended;
        let all_gone = keeper.as_mut().is_some_and(|keeper| keeper.look(&mut attached));
        let over = left.is_some_and(|left| left.is_zero());
        if ended
            || over
            || all_gone
            || stop.load(Ordering::Relaxed)
            || attached.exit_code().is_some()
            || !attached.is_live()
        {
            break;
        }
    }
    cost::expect(args, &attached);
    sink.run_ended();
    let (events, finished) = attached.detach().map_err(|error| Failure::Target(error.to_string()))?;
    show(sink, finished.artifact(), &events)?;
    Ok((finished, broken, target_ended))
}

/// What is said of a process that has gone. That a single one has ended is said at the end.
fn farewell(gone: &Departure, several: bool) -> Option<String> {
    let pid = gone.pid;
    match &gone.fate {
        Fate::Ended => several.then(|| format!("process {pid} has ended")),
        Fate::Executed(now) => Some(format!("process {pid} now runs {now}: tracing it has ended")),
    }
}

fn summarise(args: &Run, finished: &Finished, took: Duration, target_ended: bool, pids: &[u32]) {
    if args.quiet {
        return;
    }
    let what = match (pids, &args.target.exe) {
        ([], Some(exe)) => {
            let of = if args.target.command.is_some() { "the command's processes" } else { "all processes" };
            format!("{of} of {}", exe.display())
        }
        ([], None) => "this machine".into(),
        ([pid], _) => format!("process {pid}"),
        (pids, _) => {
            let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
            format!("processes {}", pids.join(", "))
        }
    };
    let probes = finished.artifact().probe_count();
    let end = match (target_ended, pids.len()) {
        (false, _) => "",
        (true, 0 | 1) => "; the target has ended",
        (true, _) => "; all of them have ended",
    };
    say(&format!(
        "Traced {what} with {probes} {} for {:.1} s{end}",
        if probes == 1 { "probe" } else { "probes" },
        took.as_secs_f64()
    ));
}

fn losses(finished: &Finished, broken: u64) {
    for (loss, count) in finished.losses() {
        let what = match loss {
            Loss::RingFull => "records did not fit the ring buffer",
            Loss::MapFull => "keys found no room in a map (`config = { max_map_keys = N }` makes room)",
            Loss::ReadFailed => "reads of memory failed; 0 or \"\" was used in their place",
            Loss::StackFailed => "stacks could not be taken",
            Loss::LoopCutOff => "loops ran longer than the kernel lets them, and were left",
            Loss::Reentered => "runs of a probe were skipped, because it was interrupted too often",
        };
        say(&format!("lost: {count} {what}"));
    }
    if broken > 0 {
        say(&format!("lost: {broken} records could not be read, which is a bug of gprobe"));
    }
}
