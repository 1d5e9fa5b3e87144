//! What is attached: listed, stopped, started, taken back.

use super::{NEXT, wanted};
use crate::cli::Failure;
use crate::cli::repl::engine::{Engine, Flow, cut};
use crate::cli::repl::input::Kind;
use crate::output::units::thousands;
use crate::session::{ProgramId, State};

/// `:probes`
pub(super) fn probes(engine: &mut Engine, _: &str) -> Result<Flow, Failure> {
    let mut rows = Vec::new();
    for program in engine.session.programs() {
        let state = match program.state {
            State::Attached => "on".to_owned(),
            State::Exited(code) => format!("exit({code})"),
            _ => "off".to_owned(),
        };
        let hits = engine.session.spent(program.id);
        let hits = if hits.programs.is_empty() { "-".to_owned() } else { thousands(hits.hits().into()) };
        rows.push((program.id.to_string(), state, hits, cut(program.script.text(), 80)));
    }
    if rows.is_empty() {
        engine.say("nothing is attached; type a probe: `go:main.work { @[goid] = count(); }`");
        return Ok(NEXT);
    }
    let width = |of: fn(&(String, String, String, String)) -> &String, head: &str| {
        rows.iter().map(|row| of(row).chars().count()).chain([head.len()]).max().unwrap_or(0)
    };
    let (n, s, h) = (width(|r| &r.0, "N"), width(|r| &r.1, "state"), width(|r| &r.2, "hits"));
    let mut lines = vec![format!("{:>n$}  {:<s$}  {:>h$}  what", "N", "state", "hits")];
    lines.extend(
        rows.iter().map(|(id, state, hits, text)| format!("{id:>n$}  {state:<s$}  {hits:>h$}  {text}")),
    );
    engine.say(&lines.join("\n"));
    Ok(NEXT)
}

/// The programs that an argument means: numbers, or all.
fn meant(engine: &Engine, text: &str, usage: &str) -> Result<Vec<ProgramId>, Failure> {
    match text {
        "" => Err(wanted(usage)),
        "all" => Ok(engine.session.programs().map(|program| program.id).collect()),
        text => {
            text.split([' ', ',']).filter(|word| !word.is_empty()).map(|word| engine.program(word)).collect()
        }
    }
}

/// `:stop N...`
pub(super) fn stop(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    for id in meant(engine, text, ":stop N, or :stop all")? {
        let on = engine.session.program(id).is_some_and(|program| program.state == State::Attached);
        engine.session.detach(id)?;
        engine.idle(std::time::Duration::ZERO);
        engine.say_dim(&format!("[{id}] {}", if on { "stopped" } else { "is off already" }));
    }
    Ok(NEXT)
}

/// `:start N...`
pub(super) fn start(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    for id in meant(engine, text, ":start N, or :start all")? {
        if engine.session.program(id).is_some_and(|program| program.state == State::Attached) {
            engine.say_dim(&format!("[{id}] is on already"));
        } else {
            engine.put(id)?;
        }
    }
    Ok(NEXT)
}

/// `:undo`
pub(super) fn undo(engine: &mut Engine, _: &str) -> Result<Flow, Failure> {
    let Some(last) = engine.typed.pop() else {
        return Err(Failure::Unreadable("there is nothing to take back".to_owned()));
    };
    match last.kind {
        Kind::Program(id) => {
            let names = |engine: &Engine, id| -> Vec<String> {
                let program = engine.session.program(id);
                program.map(|program| program.used_maps().map(str::to_owned).collect()).unwrap_or_default()
            };
            let own = names(engine, id);
            engine.session.remove(id)?;
            let others: Vec<ProgramId> = engine.session.programs().map(|program| program.id).collect();
            let others: Vec<String> = others.into_iter().flat_map(|id| names(engine, id)).collect();
            for map in own.iter().filter(|map| !others.contains(map)) {
                engine.session.clear(map)?;
            }
            engine.say_dim(&format!("[{id}] taken back: {}", cut(&last.text, 60)));
        }
        Kind::Definition | Kind::Assignment => {
            engine.say_dim(&format!("will not be saved: {}", cut(&last.text, 60)));
        }
    }
    Ok(NEXT)
}
