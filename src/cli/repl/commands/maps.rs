//! Maps: listed, shown, emptied.

use super::{NEXT, wanted};
use crate::cli::Failure;
use crate::cli::repl::engine::{Engine, Flow};
use crate::output::units::thousands;
use crate::session::types::map_type;

/// `:maps`
pub(super) fn maps(engine: &mut Engine, _: &str) -> Result<Flow, Failure> {
    let maps = engine.session.maps();
    if maps.is_empty() {
        engine.say("there are no maps yet; a probe makes them: `go:main.work { @calls = count(); }`");
        return Ok(NEXT);
    }
    let mut lines = Vec::new();
    for map in maps {
        let entries = engine.session.map(&map.name)?.entries.len();
        let entries = match entries {
            1 => "1 entry".to_owned(),
            n => format!("{} entries", thousands(n as i128)),
        };
        lines.push((map_type(&map), entries));
    }
    let width = lines.iter().map(|(ty, _)| ty.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = lines.iter().map(|(ty, entries)| format!("{ty:<width$}  {entries}")).collect();
    engine.say(&lines.join("\n"));
    Ok(NEXT)
}

/// `:print @x [N]`
pub(super) fn print(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let mut words = text.split_whitespace();
    let name = words.next().ok_or_else(|| wanted(":print @MAP [N]"))?;
    let top = words.next().map(|n| n.parse::<u64>().map_err(|_| wanted(":print @MAP [N]"))).transpose()?;
    let map = engine.session.map(name)?;
    engine.sink.map(&map, top.or(engine.limit), 1)?;
    engine.sink.flush()?;
    Ok(NEXT)
}

/// `:clear [@x...]`
pub(super) fn clear(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let mut names: Vec<String> =
        text.split([' ', ',']).filter(|it| !it.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        names = engine.session.maps().iter().map(|map| map.name.clone()).collect();
    }
    for name in &names {
        engine.session.clear(name)?;
    }
    engine.say_dim(&match names.len() {
        0 => "there are no maps".to_owned(),
        _ => format!("emptied {}", names.join(", ")),
    });
    Ok(NEXT)
}
