//! Runs a script on a target, to its end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use gprobe_compiler::artifact::{Attach, Loss};
use gprobe_compiler::target::Mode;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_runtime::{Departure, Fate};

use super::args::{BufferArg, FormatArg, ModeArg, Run};
use super::target::scene;
use super::{Failure, SCRIPT_WRONG, say, show};
use super::{cost, own};
use crate::output::{Format, Sink};
use crate::session::{Attachment, Builder, Error, Event, ProgramId, Script, Session};

/// How long events are waited for at once.
const WAIT: Duration = Duration::from_millis(100);

/// `gprobe SCRIPT`
pub(super) fn run(args: &Run) -> Result<u8, Failure> {
    let script = script(args)?;
    let times = Times::new(args.verbose);
    let mut session = builder(args)?.build()?;
    stop_on_signals(&session)?;
    times.lap("open the target");
    let Some(id) = compile(args, &mut session, &script, &times)? else {
        say("No probes to attach");
        return Ok(SCRIPT_WRONG);
    };
    session.load(id)?;
    times.lap("load");
    if args.dry_run {
        return cost::dry::run(args, &mut session, &script).map(|()| 0);
    }
    cost::can_be_kept(args)?;
    let attachment = session.attach(id)?;
    times.lap("attach");
    let out: Box<dyn Write + Send> = match &args.output {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let format = match args.format {
        FormatArg::Text => Format::Text,
        FormatArg::Json => Format::Json,
        FormatArg::Tsv => Format::Tsv,
    };
    let pids: Vec<u32> = session.targets().into_iter().map(|(pid, _)| pid).collect();
    let mut sink = Sink::new(out, format).of(scene(&pids, args.target.exe.as_deref(), args.output.is_none()));
    if args.no_warnings {
        sink = sink.without_warnings();
    }
    announce(args, &session, id, &attachment, &mut sink)?;
    session.release()?;
    let begun = Instant::now();
    let failed_tests = match mode(args) {
        Mode::Trace => 0,
        Mode::Test => own::tests(&mut session, id, &mut sink)?,
        Mode::Bench => own::benchmarks(&mut session, id, &mut sink)?,
    };
    let watched = watch(args, &mut session, id, &mut sink)?;
    let took = begun.elapsed();
    sink.end_of_events()?;
    let maps = session
        .program(id)
        .map(|program| program.maps_at_end().map(|map| map.name.clone()).collect::<Vec<_>>());
    for map in maps.unwrap_or_default() {
        let map = session.map(&map)?;
        if !map.entries.is_empty() {
            sink.map(&map, None, 1)?;
        }
    }
    sink.flush()?;
    if !args.no_warnings {
        sink.repeated_troubles().iter().for_each(|line| say(line));
    }
    summarise(args, &session, id, took, watched.target_ended);
    cost::report(args, &session, id, took);
    losses(&session, watched.broken);
    let code = session.exit_code(id).unwrap_or(0);
    Ok(if failed_tests > 0 { code.max(1) } else { code })
}

/// The script that the command line names, with its parameters.
fn script(args: &Run) -> Result<Script, Failure> {
    let (name, params) = script_and_params(args);
    let program = (!args.program.is_empty()).then(|| args.program.join("\n"));
    let mut script = named(name, program.as_deref())?;
    let (named, params) = split_params(&params);
    for (name, value) in args.own.iter().cloned().chain(named) {
        script = script.option(name, value);
    }
    script = params.into_iter().fold(script, Script::param);
    if let Some(wanted) = args.probe_filter.clone() {
        script = script.only(move |name| wanted.is_match(name));
    }
    Ok(script)
}

/// A script by its name on the command line, or a program that is given there.
pub(super) fn named(script: Option<&str>, program: Option<&str>) -> Result<Script, Failure> {
    Ok(match (program, script) {
        (Some(program), _) => Script::named("stdin", program),
        (None, Some("-")) => Script::named("stdin", io::read_to_string(io::stdin())?),
        (None, Some(name)) => Script::find(name)?,
        (None, None) => {
            return Err(Failure::Unreadable(
                "no script: name a file, a script that ships, or give a program with -e".into(),
            ));
        }
    })
}

/// What the command line says of the target, and of how scripts run.
pub(crate) fn builder(args: &Run) -> Result<Builder, Failure> {
    let target = &args.target;
    let mut builder = Session::builder()
        .allow_unsafe(args.allow_unsafe)
        .report_errors(args.report_errors)
        .mode(mode(args))
        .count_hits(!args.quiet || args.max_overhead.is_some())
        .sample(args.sample.unwrap_or(0));
    builder = target.pid.iter().fold(builder, |builder, pid| builder.pid(*pid));
    if let Some(exe) = &target.exe {
        builder = builder.executable(exe);
    }
    if let Some(command) = &target.command {
        builder = builder.command(words(command)?);
    }
    Ok(settings().into_iter().fold(builder, |builder, (name, value)| builder.setting(name, value)))
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

/// Lets SIGINT and SIGTERM stop a session.
fn stop_on_signals(session: &Session) -> Result<(), Failure> {
    let stop: Arc<AtomicBool> = session.stop_handle().flag();
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second one ends gprobe at once, should it hang.
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(())
}

/// The words of the command of -c.
pub(super) fn words(command: &str) -> Result<Vec<String>, Failure> {
    shlex::split(command)
        .ok_or_else(|| Failure::Target(format!("`{command}` can't be split in words: a quote is not closed")))
}

/// Compiles the script and shows what is worth knowing of it; `None` where nothing of it is wanted.
fn compile(
    args: &Run,
    session: &mut Session,
    script: &Script,
    times: &Times,
) -> Result<Option<ProgramId>, Failure> {
    let id = match session.compile(script.clone()) {
        Err(Error::NoProbes) => return Ok(None),
        compiled => compiled?,
    };
    times.lap("compile");
    if let Some(program) = session.program(id)
        && !args.quiet
        && !args.no_warnings
    {
        let mut warnings: Vec<Diagnostic> = program.warnings.to_vec();
        cost::quote(&mut warnings);
        show(&warnings, session.sources());
    }
    Ok(Some(id))
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

fn announce(
    args: &Run,
    session: &Session,
    id: ProgramId,
    attachment: &Attachment,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    let Some(program) = session.program(id) else { return Ok(()) };
    let probes = attachment.probes;
    sink.attached(id, program.show(), probes)?;
    sink.flush()?;
    if args.quiet {
        return Ok(());
    }
    for left_out in &attachment.left_out {
        say(&format!("left out: `{}`: {}", left_out.function, left_out.why));
    }
    let places = attachment.places;
    let at = if places <= probes { String::new() } else { format!(" at {places} places") };
    say(&format!("Attached {probes} {}{at}", if probes == 1 { "probe" } else { "probes" }));
    if args.verbose {
        for program in &program.artifact.programs {
            let sites = match &program.attach {
                Attach::Uprobe { sites, .. } => format!(": {} sites", sites.len()),
                _ => String::new(),
            };
            say(&format!("  {}{sites}", program.title));
        }
    }
    Ok(())
}

/// What came of watching.
struct Watched {
    /// Records that could not be read.
    broken: u64,
    target_ended: bool,
}

/// Shows events until something ends the script; then detaches.
fn watch(args: &Run, session: &mut Session, id: ProgramId, sink: &mut Sink<'_>) -> Result<Watched, Failure> {
    let begun = Instant::now();
    let mut watched = Watched { broken: 0, target_ended: false };
    let mut keeper = cost::Keeper::new(args, session, id);
    let command = args.target.command.is_some();
    let several = session.targets().len() > 1
        || session.targets().first().map(|(pid, _)| *pid) != session.command() && command;
    loop {
        let left = args.time.map(|time| time.saturating_sub(begun.elapsed()));
        // That the target has ended does not mean that nothing is on its way.
        let live = session.is_live() || session.target_ended();
        let wait = if live { WAIT.min(left.unwrap_or(WAIT)) } else { Duration::ZERO };
        let events = session.poll(wait)?;
        let exited = events.iter().any(|event| matches!(event, Event::Exit { .. }));
        if let Err(error) = watched.show(args, sink, &events, several) {
            // No one reads on: take the probes away, and be gone.
            session.detach(id)?;
            return Err(error.into());
        }
        watched.target_ended |= session.target_ended();
        let all_gone = keeper.as_mut().is_some_and(|keeper| keeper.look(session, id));
        let over = left.is_some_and(|left| left.is_zero());
        let stopped = session.stop_handle().is_stopped();
        if watched.target_ended || over || all_gone || stopped || exited || !live {
            break;
        }
    }
    cost::expect(args, session, id);
    sink.run_ended();
    session.detach(id)?;
    loop {
        let events = session.poll(Duration::ZERO)?;
        if events.is_empty() {
            return Ok(watched);
        }
        watched.show(args, sink, &events, several)?;
    }
}

impl Watched {
    fn show(&mut self, args: &Run, sink: &mut Sink<'_>, events: &[Event], several: bool) -> io::Result<()> {
        for event in events {
            match event {
                Event::Broken => self.broken += 1,
                Event::TargetExit(gone) if !args.quiet => {
                    farewell(gone, several).into_iter().for_each(|line| say(&line));
                }
                _ => sink.event(event)?,
            }
        }
        if args.buffer == BufferArg::Full { Ok(()) } else { sink.flush() }
    }
}

/// What is said of a process that has gone. That a single one has ended is said at the end.
fn farewell(gone: &Departure, several: bool) -> Option<String> {
    let pid = gone.pid;
    match &gone.fate {
        Fate::Ended => several.then(|| format!("process {pid} has ended")),
        Fate::Executed(now) => Some(format!("process {pid} now runs {now}: tracing it has ended")),
    }
}

fn summarise(args: &Run, session: &Session, id: ProgramId, took: Duration, target_ended: bool) {
    if args.quiet {
        return;
    }
    let pids: Vec<u32> = session.targets().into_iter().map(|(pid, _)| pid).collect();
    let what = match (pids.as_slice(), &args.target.exe) {
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
    let probes = session.program(id).map_or(0, |program| program.probe_count());
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

fn losses(session: &Session, broken: u64) {
    for (loss, count) in session.losses() {
        say(&lost(loss, count));
    }
    if broken > 0 {
        say(&format!("lost: {broken} records could not be read, which is a bug of gprobe"));
    }
}

/// What is said of a loss.
pub(crate) fn lost(loss: Loss, count: u64) -> String {
    let what = match loss {
        Loss::RingFull => "records did not fit the ring buffer",
        Loss::MapFull => "keys found no room in a map (`config = { max_map_keys = N }` makes room)",
        Loss::ReadFailed => "reads of memory failed; 0 or \"\" was used in their place",
        Loss::StackFailed => "stacks could not be taken",
        Loss::LoopCutOff => "loops ran longer than the kernel lets them, and were left",
        Loss::Reentered => "runs of a probe were skipped, because it was interrupted too often",
    };
    format!("lost: {count} {what}")
}
