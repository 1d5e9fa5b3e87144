//! What the fuzz targets try with one input. A panic, an overflow or a hang is the finding.

mod generate;
mod world;

pub use generate::script;

use gprobe_compiler::compile;
use gprobe_compiler::target::{KernelFacts, Options, Target};
use gprobe_lang::source::{SourceId, SourceMap};
use gprobe_lang::{ast, diagnostic, parse};

/// The first byte of an input of which the rest chooses productions of [`script`]. No script starts with it.
pub const GENERATE: u8 = 0;

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

/// Compiles what parses of an input, for the newest kernel and the oldest.
///
/// # Panics
/// Where equal input gives unequal bytes.
pub fn try_check(data: &[u8]) {
    match data.split_first() {
        Some((&GENERATE, rest)) => check(&script(rest)),
        _ => check(&String::from_utf8_lossy(data)),
    }
}

fn check(text: &str) {
    let parsed = parse(SourceId(0), text);
    if parsed.diagnostics.iter().any(|diagnostic| diagnostic.is_error()) {
        return;
    }
    // Most that is wrong with a script is wrong for any kernel.
    let Ok(once) = compiled(&parsed.script, &KernelFacts::newest()) else { return };
    let twice = compiled(&parsed.script, &KernelFacts::newest());
    assert!(twice.is_ok_and(|twice| twice == once), "a compile that depends on chance");
    // That an old kernel cannot do it is an answer as well.
    _ = compiled(&parsed.script, &KernelFacts::oldest());
}

/// The BPF object of a script, without a target to trace.
fn compiled(script: &ast::Script, kernel: &KernelFacts) -> Result<Vec<u8>, Vec<diagnostic::Diagnostic>> {
    let target = Target {
        process: Some(42),
        executable: None,
        kernel,
        world: &world::Bare,
        options: Options { unsafe_allowed: true, report_errors: true, ..Options::default() },
        command: Some(43),
        params: vec!["7".into(), "word".into()],
        settings: Vec::new(),
        named: vec![("level".into(), Some("3".into())), ("all".into(), None)],
    };
    compile(script, &target).map(|compiled| compiled.artifact.elf)
}

#[cfg(test)]
mod tests {
    use gprobe_compiler::{builtins::BUILTINS, functions::FUNCTIONS};

    #[test]
    fn the_dictionary_knows_all_builtins_and_functions() {
        let dictionary = include_str!("../gprobe.dict");
        for name in BUILTINS.iter().map(|b| format!("\"{}\"", b.name)) {
            assert!(dictionary.contains(&name), "{name}");
        }
        for name in FUNCTIONS.iter().map(|f| format!("\"{}(\"", f.name)) {
            assert!(dictionary.contains(&name), "{name}");
        }
    }
}
