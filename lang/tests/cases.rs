//! The case files: what parses shows its tree, what does not shows its messages.

use gprobe_lang::diagnostic::{code, render};
use gprobe_lang::source::SourceMap;
use gprobe_lang::{Parsed, ast, parse};

fn parsed(text: &str) -> (Parsed, String) {
    let mut sources = SourceMap::new();
    let id = sources.add("case.gp", text);
    let parsed = parse(id, text);
    let messages = render(&parsed.diagnostics, &sources, false);
    (parsed, messages)
}

#[test]
fn what_is_right_gives_its_tree() {
    insta::with_settings!({snapshot_path => "cases/parse/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("cases/parse/*.gp", |path| {
            let text = std::fs::read_to_string(path).expect("a case is text");
            let (parsed, messages) = parsed(&text);
            assert_eq!(messages, "", "{}", path.display());
            insta::assert_snapshot!("tree", ast::dump(&parsed.script));
        });
    });
}

#[test]
fn what_is_wrong_gives_its_messages() {
    insta::with_settings!({snapshot_path => "cases/errors/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("cases/errors/*.gp", |path| {
            let text = std::fs::read_to_string(path).expect("a case is text");
            let (parsed, messages) = parsed(&text);
            assert!(parsed.diagnostics.iter().any(|d| d.is_error()), "{}", path.display());
            for diagnostic in &parsed.diagnostics {
                assert!(code::find(diagnostic.code).is_some(), "{} is not in the registry", diagnostic.code);
            }
            insta::assert_snapshot!("messages", messages);
        });
    });
}

#[test]
fn codes_are_sorted_and_unique() {
    assert!(code::CODES.windows(2).all(|pair| pair[0].name < pair[1].name));
}
