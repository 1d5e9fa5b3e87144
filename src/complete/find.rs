//! Looks things up in the program.

use gprobe_symbols::Function;

use super::{Candidate, Known};

/// A function by its whole name.
pub(super) fn function(known: &Known, name: &str) -> Option<Function> {
    known.program.as_ref()?.binary.functions().exact(name).into_iter().next()
}

/// So many functions are looked up for one list: each look goes over all names.
const LOOKED_UP: usize = 8;

/// Functions as candidates, the first with their arguments and results.
pub(super) fn described(known: &Known, names: Vec<&str>, before: &str) -> Vec<Candidate> {
    let each = names.into_iter().enumerate().map(|(at, name)| {
        let what = if at < LOOKED_UP { signature(known, name) } else { String::new() };
        Candidate { text: format!("{before}{}", crate::output::escape(name)), what }
    });
    each.collect()
}

/// A function's arguments and results, as its source has them; empty where that is not known.
pub(super) fn signature(known: &Known, name: &str) -> String {
    if !known.program.as_ref().is_some_and(|program| program.binary.has_go_dwarf()) {
        return String::new();
    }
    let found = known.program.as_ref().zip(function(known, name));
    found
        .map(|(program, function)| crate::signature::signature(&program.binary, &function))
        .unwrap_or_default()
}
