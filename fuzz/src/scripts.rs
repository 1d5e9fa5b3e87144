//! The parser and the compiler, on texts and on scripts that are made up.

use gprobe_compiler::compile;
use gprobe_compiler::target::{KernelFacts, Options, Processes, Target};
use gprobe_lang::source::{SourceId, SourceMap};
use gprobe_lang::{ast, diagnostic, parse};
use gprobe_testkit::generate::{Source, script_of};

use crate::world;

/// The first byte of an input of which the rest chooses productions of a script that is well typed. No script
/// starts with it.
pub const GENERATE: u8 = 0;
/// One in so many scripts that are right is compiled.
const COMPILED: u32 = 16;

/// Parses an input, prints its tree and renders what is wrong with it.
///
/// # Panics
/// Where a diagnostic is about something that is not in the text.
pub fn try_parse(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut sources = SourceMap::new();
    let id = sources.add("fuzz.gp", text.as_ref());
    let parsed = parse(id, &text);
    for diagnostic in &parsed.diagnostics {
        for label in std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary) {
            let range = label.span.start as usize..label.span.end as usize;
            assert!(text.get(range).is_some(), "not a part of the text: {diagnostic:?}");
        }
        assert!(
            diagnostic::code::find(diagnostic.code).is_some(),
            "not in the registry: {}",
            diagnostic.code
        );
    }
    ast::dump(&parsed.script);
    diagnostic::render(&parsed.diagnostics, &sources, true);
}

/// Checks what parses of an input, and compiles a part of what is right, for the newest kernel and the oldest.
///
/// # Panics
/// Where equal input gives unequal bytes.
pub fn try_check(data: &[u8]) {
    match data.split_first() {
        Some((&GENERATE, rest)) => check(&script_of(Source::of_bytes(rest), false)),
        _ => check(&String::from_utf8_lossy(data)),
    }
}

fn check(text: &str) {
    let parsed = parse(SourceId(0), text);
    if parsed.diagnostics.iter().any(|diagnostic| diagnostic.is_error()) {
        return;
    }
    let newest = KernelFacts::newest();
    // Most that is wrong with a script is wrong for any kernel.
    if gprobe_compiler::check(&parsed.script, &target(&newest)).is_err() || !chosen(text) {
        return;
    }
    let compiled = |facts: &KernelFacts| compile(&parsed.script, &target(facts)).map(|c| c.artifact.elf);
    if let Ok(once) = compiled(&newest) {
        assert!(compiled(&newest).is_ok_and(|twice| twice == once), "a compile that depends on chance");
    }
    // That an old kernel cannot do it is an answer as well.
    _ = compiled(&KernelFacts::oldest());
}

/// Whether a script is one of the few that are compiled, which takes much longer than to check it.
fn chosen(text: &str) -> bool {
    let sum = text.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    sum.is_multiple_of(COMPILED)
}

/// What a script is compiled for, without a program to trace.
fn target(kernel: &KernelFacts) -> Target<'_> {
    Target {
        processes: Processes::These(vec![42]),
        executable: None,
        kernel,
        world: &world::Bare,
        options: Options { unsafe_allowed: true, report_errors: true, ..Options::default() },
        command: Some(43),
        earlier: None,
        params: vec!["7".into(), "word".into()],
        settings: Vec::new(),
        named: vec![("level".into(), Some("3".into())), ("all".into(), None)],
    }
}

#[cfg(test)]
mod tests {
    use gprobe_compiler::{builtins::BUILTINS, functions::FUNCTIONS};

    #[test]
    fn the_dictionary_knows_all_builtins_and_functions() {
        let dictionary = include_str!("../gprobe.dict");
        let names = BUILTINS.iter().map(|b| format!("\"{}\"", b.name));
        let names = names.chain(FUNCTIONS.iter().map(|f| format!("\"{}(\"", f.name)));
        let missing: Vec<String> = names.filter(|name| !dictionary.contains(name)).collect();
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }
}
