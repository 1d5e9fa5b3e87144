//! `:goroutines`

use super::commands::COMMANDS;
use super::engine::{Engine, Flow};
use crate::cli::Failure;
use crate::cli::run::builder;
use crate::session::{Event, Script};

/// Rows of a screen.
const ROWS: u32 = 20;

/// The goroutines, grouped by what they wait for and where; one by its id; or those whose stack has a name.
pub(super) fn goroutines(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    debug_assert!(COMMANDS.iter().any(|command| command.name == "goroutines"));
    let script = match text {
        "" => format!(
            "iter:goroutine {{ @count[gstatus, waitreason, gostack(3)] = count(); }}
             end {{ table(\"goroutines|status|waits for|where\", @count, {ROWS}); }}"
        ),
        text => match text.parse::<u64>() {
            Ok(goid) => format!(
                "iter:goroutine /goid == {goid}/ {{ @count[goid, gstatus, waitreason, gopc, goparent, gostack] = count(); }}
                 end {{ table(\"goroutine {goid}|id|status|waits for|made by|its parent|stack\", @count); }}"
            ),
            Err(_) => "iter:goroutine { @count[goid, gstatus, waitreason, gostack(8)] = count(); }
                       end { table(\"goroutines|id|status|waits for|where\", @count); }"
                .to_owned(),
        },
    };
    // Its maps are none of the session's.
    let mut args = engine.args.clone();
    args.target.command = None;
    args.target.pid = engine.session.targets().into_iter().map(|(pid, _)| pid).collect();
    let mut session = builder(&args)?.build()?;
    let events = session.run(Script::named(":goroutines", script))?;
    let pattern = text.parse::<u64>().is_err().then_some(text).filter(|text| !text.is_empty());
    let mut found = false;
    for event in events {
        let event = match (event, pattern) {
            (Event::Table { program, title, headings, mut maps, .. }, Some(pattern)) => {
                for map in &mut maps {
                    map.entries.retain(|entry| entry.key.iter().any(|part| mentions(part, pattern)));
                }
                Event::Table { program, title, headings, maps, top: Some(ROWS.into()) }
            }
            (event, _) => event,
        };
        if let Event::Table { maps, .. } = &event {
            found |= maps.iter().any(|map| !map.entries.is_empty());
        }
        if found {
            engine.sink.event(&event)?;
        }
    }
    engine.sink.flush()?;
    if !found {
        engine.say(&match text {
            "" => "there are no goroutines".to_owned(),
            text => format!("no goroutine is `{text}`, or has it in its stack"),
        });
    }
    Ok(Flow::Next { right: true })
}

/// Whether a value reads so that a pattern is in it.
fn mentions(value: &gprobe_runtime::Value, pattern: &str) -> bool {
    use gprobe_runtime::Value;
    match value {
        Value::Stack { frames, .. } => {
            frames.iter().any(|frame| frame.function.as_ref().is_some_and(|name| name.contains(pattern)))
        }
        Value::Enum { name: Some(name), .. } | Value::Name(name) => name.contains(pattern),
        Value::Str { bytes, .. } => String::from_utf8_lossy(bytes).contains(pattern),
        _ => false,
    }
}
