//! Looks things up in the program.

use gprobe_symbols::Function;

use super::Known;

/// A function by its whole name.
pub(super) fn function(known: &Known, name: &str) -> Option<Function> {
    known.program.as_ref()?.binary.functions().exact(name).into_iter().next()
}

/// A function's arguments and results, as its source has them; empty where that is not known.
pub(super) fn signature(known: &Known, name: &str) -> String {
    let found = known.program.as_ref().zip(function(known, name));
    found
        .map(|(program, function)| crate::signature::signature(&program.binary, &function))
        .unwrap_or_default()
}
