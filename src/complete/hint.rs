//! What is under the cursor, in a line.

use gprobe_compiler::builtins::BUILTINS;
use gprobe_compiler::functions::FUNCTIONS;
use gprobe_compiler::probe_kinds;

use super::context::Context;
use super::{Known, fields, find};
use crate::signature::type_name;

/// Its type and what it is; `None` where that is not known, or nothing has been typed whole.
pub fn hint(known: &Known, text: &str, cursor: usize) -> Option<String> {
    let before = text.get(..cursor)?;
    match Context::of(before) {
        Context::Command { word } => {
            let command = known.commands.iter().find(|command| command.name == word)?;
            Some(format!("{} - {}", command.args, command.doc).trim_start().to_owned())
        }
        Context::Point { parts } => point(known, &parts),
        Context::Map { word } => Some(known.maps.iter().find(|(name, _)| name == word)?.1.clone()),
        Context::Field { path, word, point } => {
            let field = fields::of(known, path, point).find(|field| field.text == word)?;
            Some(field.what)
        }
        Context::Start { word } | Context::Word { word } => name(known, word),
        _ => None,
    }
    .map(|hint| crate::output::escape(&hint).replace('\n', " "))
}

fn point(known: &Known, parts: &[&str]) -> Option<String> {
    if let Some(moment) = fields::moment(&parts.join(":")) {
        return Some(moment.what);
    }
    match parts {
        [kind, function, ..] if probe_kinds::find(kind).is_some_and(|kind| kind.name == "go") => {
            let found = find::function(known, function)?;
            let line = known.program.as_ref()?.binary.line(found.addr);
            let line = line.map(|at| format!("  {}:{}", file_name(&at.file), at.line)).unwrap_or_default();
            Some(format!("{}{line}", find::signature(known, function)))
        }
        _ => None,
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn name(known: &Known, word: &str) -> Option<String> {
    if let Some(builtin) = BUILTINS.iter().find(|builtin| builtin.name == word) {
        return Some(format!("{}: {}", builtin.shown_type, builtin.doc));
    }
    if let Some(function) = FUNCTIONS.iter().find(|function| function.name == word) {
        return Some(format!("{} - {}", function.signature, function.doc));
    }
    let program = known.program.as_ref()?;
    program.binary.layout().variable_type(word).ok().map(|ty| type_name(&program.binary, ty))
}
