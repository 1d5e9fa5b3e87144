//! The tokens of `tests/cases/lex`.

use std::fmt::Write;

use super::lex;
use crate::source::SourceId;

#[test]
fn tokens_are_as_recorded() {
    insta::with_settings!({snapshot_path => "../../tests/cases/lex/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("../../tests/cases/lex", "*.gp", |path| {
            let text = std::fs::read_to_string(path).expect("a case is text");
            let lexed = lex(SourceId(0), &text);
            let mut out = String::new();
            for item in &lexed.items {
                writeln!(out, "item").expect("a string takes all");
                for (start, token, end) in &item.tokens {
                    writeln!(out, "  {start:>3}..{end:<3} {token:?}").expect("a string takes all");
                }
            }
            for diagnostic in &lexed.diagnostics {
                writeln!(out, "{}: {}", diagnostic.code, diagnostic.message).expect("a string takes all");
            }
            insta::assert_snapshot!("tokens", out);
        });
    });
}

#[test]
fn a_line_is_searched_once_for_the_bracket_that_closes_nothing() {
    let line = "go:main.( ".repeat(100);
    assert_eq!(lex(SourceId(0), &line).diagnostics.len(), 1);
    let next = lex(SourceId(0), "go:main.( {}\ngo:main.(*T[a b]).f {}\ngo:main.( {}");
    assert_eq!(next.diagnostics.len(), 2);
    assert_eq!(next.items.len(), 3);
}
