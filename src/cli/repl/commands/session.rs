//! The session itself: other targets, settings, waiting, the end.

use gprobe_compiler::resolve::SETTINGS;
use gprobe_lang::diagnostic::did_you_mean;

use super::{NEXT, wanted};
use crate::cli::Failure;
use crate::cli::args::{TargetArgs, duration};
use crate::cli::repl::engine::{Engine, Flow};
use crate::cli::repl::input::Kind;
use crate::cli::repl::prepare_names;
use crate::cli::run::builder;
use crate::session::{ProgramId, State};

/// `:wait [TIME]`
pub(super) fn wait(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let time = if text.is_empty() { None } else { Some(duration(text).map_err(Failure::Unreadable)?) };
    engine.watch(time);
    Ok(NEXT)
}

/// `:detach`
pub(super) fn detach(engine: &mut Engine, _: &str) -> Result<Flow, Failure> {
    let on = engine.session.programs().filter(|program| program.state == State::Attached).count();
    engine.leave();
    engine.say_dim(&match on {
        0 => "no probe was on".to_owned(),
        1 => "1 input stopped; maps can still be read".to_owned(),
        n => format!("{n} inputs stopped; maps can still be read"),
    });
    Ok(NEXT)
}

/// `:attach PID`
pub(super) fn attach(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let pid = text.parse().map_err(|_| wanted(":attach PID"))?;
    let mut args = engine.args.clone();
    args.target = TargetArgs { pid: vec![pid], ..TargetArgs::default() };
    let mut session = builder(&args)?.build()?;
    session.allow_unsafe(args.allow_unsafe);
    for (name, value) in engine.session.settings().to_vec() {
        session.set(&name, &value);
    }
    let on: Vec<ProgramId> = engine
        .session
        .programs()
        .filter(|program| program.state == State::Attached)
        .map(|program| program.id)
        .collect();
    engine.leave();
    engine.args = args;
    engine.renew(session);
    engine.say(&engine.banner());
    prepare_names(&engine.shared);
    // What was on is put there too; what was off is forgotten.
    let typed = std::mem::take(&mut engine.typed);
    for input in typed {
        let again = match input.kind {
            Kind::Program(id) => on.contains(&id),
            Kind::Definition | Kind::Assignment => true,
        };
        if again && let Err(failure) = engine.enter(&input.text) {
            engine.say_failure(&failure);
        }
    }
    Ok(NEXT)
}

/// `:set [NAME [VALUE]]`
pub(super) fn set(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (name, value) = (name.trim_end_matches('='), value.trim_start_matches('=').trim());
    let on_off = |value: &str| match value {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err(Failure::Unreadable(format!("{name} is on or off"))),
    };
    match (name, value) {
        ("", _) => {
            let mut lines = vec![
                format!("colour  {}", if engine.colour { "on" } else { "off" }),
                format!("limit   {}", engine.limit.map_or("none".to_owned(), |limit| limit.to_string())),
                format!("unsafe  {}", if engine.args.allow_unsafe { "on" } else { "off" }),
            ];
            lines.extend(engine.session.settings().iter().map(|(name, value)| format!("{name}  {value}")));
            lines.push(format!("settings of scripts: {}", SETTINGS.join(", ")));
            engine.say(&lines.join("\n"));
        }
        ("colour" | "color", value) => engine.colour = on_off(value)?,
        ("unsafe", value) => {
            engine.args.allow_unsafe = on_off(value)?;
            engine.session.allow_unsafe(engine.args.allow_unsafe);
        }
        ("limit", "none" | "off") => engine.limit = None,
        ("limit", value) => {
            let limit = value
                .parse()
                .map_err(|_| Failure::Unreadable("limit is a number of rows, or none".into()))?;
            engine.limit = Some(limit);
        }
        (name, "") if SETTINGS.contains(&name) => {
            let value = engine.session.settings().iter().find(|(known, _)| known == name);
            let value = value.map_or("as scripts say it", |(_, value)| value).to_owned();
            engine.say(&format!("{name}  {value}"));
        }
        (name, value) if SETTINGS.contains(&name) => engine.session.set(name, value),
        (name, _) => {
            let own = ["colour", "limit", "unsafe"];
            let hint = did_you_mean(name, SETTINGS.iter().copied().chain(own));
            let hint = hint.unwrap_or_else(|| "`:set` lists all".to_owned());
            return Err(Failure::Hinted(format!("there is no setting `{name}`"), hint));
        }
    }
    Ok(NEXT)
}

/// `:quit`
pub(super) fn quit(_: &mut Engine, _: &str) -> Result<Flow, Failure> {
    Ok(Flow::Quit)
}
