//! Whole scripts: run beside what was typed, or taken as if they were.

use std::time::{Duration, Instant};

use gprobe_compiler::parameters::ParameterKind;

use super::{NEXT, wanted};
use crate::cli::Failure;
use crate::cli::args::duration;
use crate::cli::parameters::of_script;
use crate::cli::repl::engine::{Engine, Flow};
use crate::cli::run::builder;
use crate::output::{Format, Sink};
use crate::session::{Event, Script};

/// `:load FILE`
pub(super) fn load(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    if text.is_empty() {
        return Err(wanted(":load FILE"));
    }
    let script = Script::file(text)?;
    let body = script.text().to_owned();
    let id = engine.session.compile(script)?;
    engine.attach(id, &body)?;
    Ok(NEXT)
}

/// `:run SCRIPT [ARGS]`
pub(super) fn run(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let words = shlex::split(text).ok_or_else(|| Failure::Unreadable("a quote is not closed".into()))?;
    let (name, args) = words.split_first().ok_or_else(|| wanted(":run SCRIPT [ARGS]"))?;
    let (time, args) = timed(args)?;
    let script = with_args(Script::find(name)?, &args)?;
    // Maps of its own: theirs may have the names of those that were typed.
    let mut args = engine.args.clone();
    args.target.command = None;
    if let Some((pid, _)) = engine.session.targets().first() {
        args.target.pid = vec![*pid];
    }
    let mut session = builder(&args)?.build()?;
    let id = session.compile(script)?;
    let attachment = session.attach(id)?;
    let pids: Vec<u32> = session.targets().into_iter().map(|(pid, _)| pid).collect();
    let scene = crate::cli::target::scene(&pids, args.target.exe.as_deref(), true);
    let mut sink = Sink::new(Box::new(engine.out.writer()), Format::Text)
        .with_messages(Box::new(engine.out.writer()))
        .of(scene);
    if let Some(program) = session.program(id) {
        sink.attached(id, program.show(), attachment.probes)?;
    }
    let end = if time.is_none() { "; Ctrl-C ends it" } else { "" };
    engine.say_dim(&format!("{name}: {} probes{end}", attachment.probes));
    let begun = Instant::now();
    let over = |time: Option<Duration>| time.is_some_and(|time| begun.elapsed() >= time);
    while session.is_live() && !engine.is_interrupted() && !over(time) {
        let events = session.poll(Duration::from_millis(50))?;
        let exited = events.iter().any(|event| matches!(event, Event::Exit { .. }));
        events.iter().try_for_each(|event| sink.event(event))?;
        sink.flush()?;
        // What was typed goes on meanwhile.
        engine.idle(Duration::ZERO);
        if exited {
            break;
        }
    }
    sink.run_ended();
    session.detach(id)?;
    loop {
        let events = session.poll(Duration::ZERO)?;
        if events.is_empty() {
            break;
        }
        events.iter().try_for_each(|event| sink.event(event))?;
    }
    let program = session.program(id);
    let maps: Vec<String> =
        program.map(|it| it.maps_at_end().map(|map| map.name.clone()).collect()).unwrap_or_default();
    for map in maps {
        let map = session.map(&map)?;
        if !map.entries.is_empty() {
            sink.map(&map, engine.limit, 1)?;
        }
    }
    sink.flush()?;
    Ok(NEXT)
}

/// `-t TIME` among arguments, and the others.
fn timed(args: &[String]) -> Result<(Option<Duration>, Vec<String>), Failure> {
    let mut others = args.to_vec();
    let Some(at) = others.iter().position(|word| word == "-t" || word == "--time") else {
        return Ok((None, others));
    };
    let time = others.get(at + 1).map(|text| duration(text)).ok_or_else(|| wanted(":run SCRIPT -t TIME"))?;
    others.drain(at..at + 2);
    Ok((Some(time.map_err(Failure::Unreadable)?), others))
}

/// The script with its options and parameters: `--min 10ms`, `--min=10ms`, and others in their order.
fn with_args(mut script: Script, args: &[String]) -> Result<Script, Failure> {
    let known = of_script(&script)?;
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix("--") else {
            script = script.param(word);
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        let is_flag = known.iter().any(|it| it.name == name && it.kind == ParameterKind::Flag);
        let value = if is_flag { value } else { value.or_else(|| words.next().cloned()) };
        script = script.option(name, value);
    }
    Ok(script)
}
