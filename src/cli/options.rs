//! What is wrong with a script's named parameters: it is about the command line, not about a place in
//! the script, and is said like that.

use gprobe_lang::diagnostic::Diagnostic;

use super::say;

/// What the compiler says of a parameter that no `getopt` asks for.
const UNKNOWN: &str = "unknown-option";
/// What it says of a value that does not fit.
const BAD: &str = "bad-option";
/// Before the parameters that the script asks for.
const EXPECTED: &str = "help: expected program options: ";

/// Says what there is about parameters, and gives the other diagnostics.
///
/// With `-- --help` the parameters are what was asked for, so the rest is left out.
pub(super) fn show(diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
    let (about, mut others): (Vec<_>, Vec<_>) =
        diagnostics.iter().cloned().partition(|diagnostic| [UNKNOWN, BAD].contains(&diagnostic.code));
    for diagnostic in &about {
        let help = diagnostic.code == UNKNOWN && wants_help(&diagnostic.message);
        if help {
            others.clear();
        } else {
            say(&format!("ERROR: {}", diagnostic.message));
        }
        if diagnostic.code == UNKNOWN {
            hint(diagnostic, help);
        }
    }
    others
}

/// Whether `--help` is among the parameters.
fn wants_help(message: &str) -> bool {
    message.rsplit(": ").next().is_some_and(|names| names.split(", ").any(|name| name == "--help"))
}

/// Names the parameters that the script asks for: each on its line when that was the question.
fn hint(diagnostic: &Diagnostic, help: bool) {
    match diagnostic.notes.iter().find_map(|note| note.strip_prefix(EXPECTED)) {
        None => say("HINT: no custom program options defined."),
        Some(known) if !help => say(&format!("HINT: expected program options: {known}")),
        Some(known) => {
            say("HINT: expected program options:");
            // Descriptions may have commas of their own.
            let known = known.strip_prefix("--").unwrap_or(known);
            known.split(", --").for_each(|option| say(&format!("    --{option}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_a_parameter_of_its_own() {
        assert!(wants_help("unexpected program command line options: --a, --help"));
        assert!(!wants_help("unexpected program command line options: --helpful"));
    }
}
