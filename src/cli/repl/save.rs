//! `:save`: what is on, as a script that does the same.

use std::path::{Path, PathBuf};

use super::engine::{Engine, Flow, plain};
use super::input::{Kind, Typed};
use crate::cli::Failure;
use crate::session::State;

/// Writes what is on as a script.
pub(super) fn save(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let (name, over) = match text.strip_suffix('!') {
        Some(name) => (name.trim_end(), true),
        None => (text, false),
    };
    if name.is_empty() {
        return Err(Failure::Unreadable("write it as `:save FILE.gp`".to_owned()));
    }
    let path = PathBuf::from(name);
    let own = std::path::absolute(&path).map_err(Failure::Output)?;
    if path.exists() && !over && !engine.written.contains(&own) {
        let hint = format!("`:save {name}!` overwrites it");
        return Err(Failure::Hinted(format!("there is a file {name} already"), hint));
    }
    let on = |kind: Kind| match kind {
        Kind::Program(id) => {
            engine.session.program(id).is_some_and(|program| program.state == State::Attached)
        }
        Kind::Definition | Kind::Assignment => true,
    };
    let kept: Vec<&Typed> = engine.typed.iter().filter(|typed| on(typed.kind)).collect();
    let probes = kept.iter().filter(|typed| matches!(typed.kind, Kind::Program(_))).count();
    if probes == 0 {
        return Err(Failure::Unreadable("no probe is on: there is nothing to save".to_owned()));
    }
    let target = engine.session.executable().map(|program| plain(&program.name)).unwrap_or_default();
    let script = script(&kept, &target);
    write(&path, &script)
        .map_err(|error| Failure::Unreadable(format!("{name} can't be written: {error}")))?;
    engine.written.insert(own);
    let inputs = if kept.len() == 1 { "1 input".to_owned() } else { format!("{} inputs", kept.len()) };
    engine.say_dim(&format!("wrote {inputs} to {name}; `gprobe {name} -p PID` runs them"));
    Ok(Flow::Next { right: true })
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

/// Inputs as one script, in the usual style.
fn script(kept: &[&Typed], target: &str) -> String {
    let mut text = match target {
        "" => "// From a session at gprobe's prompt.\n".to_owned(),
        target => format!("// From a session at gprobe's prompt, on {target}.\n"),
    };
    for typed in kept {
        let body = typed.text.trim();
        text.push('\n');
        match typed.kind {
            Kind::Assignment => {
                text.push_str(&format!("begin {{ {} }}\n", body.trim_end_matches(';').to_owned() + ";"))
            }
            _ => text.push_str(&format!("{body}\n")),
        }
    }
    // What the formatter does not take is as it was typed.
    gprobe_lang::format(&text).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::ProgramId;

    #[test]
    fn inputs_make_a_script_in_their_order() {
        let typed = |text: &str, kind| Typed { text: text.to_owned(), kind };
        let inputs = [
            typed("let @x = hash(10);", Kind::Definition),
            typed("@limit = 5", Kind::Assignment),
            typed("go:main.f {@x[goid]=count()}", Kind::Program(ProgramId(1))),
        ];
        let text = script(&inputs.iter().collect::<Vec<_>>(), "/srv/shop");
        assert!(text.starts_with("// From a session at gprobe's prompt, on /srv/shop.\n"), "{text}");
        assert!(text.contains("let @x = hash(10);"), "{text}");
        assert!(text.contains("@limit = 5;") && text.contains("@x[goid] = count();"), "{text}");
        let parsed = gprobe_lang::parse(gprobe_lang::source::SourceId(0), &text);
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    }
}
