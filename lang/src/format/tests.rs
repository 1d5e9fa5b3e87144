//! That texts are laid out faithfully, and not only given back as they were.

use std::path::Path;

use super::{WIDTH, format, is_faithful, lay_out};
use crate::parser::parse;
use crate::source::SourceId;

fn check(name: &str, text: &str) {
    let parsed = parse(SourceId(0), text);
    if parsed.diagnostics.iter().any(|diagnostic| diagnostic.is_error()) {
        assert!(format(text).is_err(), "{name}");
        return;
    }
    // The narrower, the more lines have to be broken.
    for width in [WIDTH, 30] {
        let laid_out = lay_out(text, width);
        let twice = lay_out(&laid_out, width);
        assert!(
            is_faithful(text, &parsed.script, &laid_out, width),
            "{name}:\n{text}\n--\n{laid_out}\n--\n{twice}"
        );
    }
}

fn scripts(folder: &str, found: &mut dyn FnMut(&str, &str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for entry in std::fs::read_dir(&folder).expect("the repository is there") {
        let path = entry.expect("a folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "gp") {
            found(&path.to_string_lossy(), &std::fs::read_to_string(&path).expect("a script is text"));
        }
    }
}

const FOLDERS: &[&str] = &[
    "../stdlib/scripts",
    "tests/cases/errors",
    "tests/cases/format",
    "tests/cases/lex",
    "tests/cases/parse",
];

#[test]
fn every_script_is_laid_out_faithfully() {
    for folder in FOLDERS {
        scripts(folder, &mut check);
    }
}

const TRIVIA: &[&str] =
    &["\n", "\n\n\n", " /* c */ ", "\n/* c */\n", " // c\n", "\n\n// c\n\n// d\n", "/* a\n b */"];

/// Every place between two tokens, with what may be written there.
#[test]
fn whatever_stands_between_two_tokens_is_kept() {
    for folder in &FOLDERS[1..] {
        scripts(folder, &mut |name, text| {
            let lexed = crate::lexer::lex(SourceId(0), text);
            let edges =
                lexed.items.iter().flat_map(|item| &item.tokens).flat_map(|(start, _, end)| [*start, *end]);
            // Each trivia at every few places, and other places in other scripts, as all take too long.
            let from = text.len();
            for (turn, at) in edges.chain([0, text.len()]).enumerate() {
                let mut changed = text.to_owned();
                changed.insert_str(at, TRIVIA[(from + turn) % TRIVIA.len()]);
                check(name, &changed);
            }
        });
    }
}

/// Scripts that nobody would write, those of them that parse.
#[test]
fn without_any_one_token_a_script_is_laid_out_faithfully() {
    for folder in &FOLDERS[1..] {
        scripts(folder, &mut |name, text| {
            for (start, _, end) in
                crate::lexer::lex(SourceId(0), text).items.iter().flat_map(|item| &item.tokens)
            {
                let mut changed = text.to_owned();
                changed.replace_range(*start..*end, "");
                check(name, &changed);
            }
        });
    }
}

/// As above, but everywhere at once.
#[test]
fn what_stands_between_all_tokens_is_kept() {
    for folder in FOLDERS {
        scripts(folder, &mut |name, text| {
            let lexed = crate::lexer::lex(SourceId(0), text);
            let tokens: Vec<_> = lexed.items.iter().flat_map(|item| &item.tokens).collect();
            for trivia in ["\n", " ", " /* c */ ", "\n// c\n\n"] {
                let mut changed = text.to_owned();
                for (_, _, end) in tokens.iter().rev() {
                    changed.insert_str(*end, trivia);
                }
                check(name, &changed);
            }
        });
    }
}
