//! Formatting changes how a script looks, and nothing else.

use std::path::{Path, PathBuf};

use gprobe_lang::source::{SourceId, SourceMap};
use gprobe_lang::{ast, comments, diagnostic::render, format, parse};

#[test]
fn scripts_come_out_in_the_usual_style() {
    insta::with_settings!({snapshot_path => "cases/format/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("cases/format/*.gp", |path| {
            let text = std::fs::read_to_string(path).expect("a case is text");
            insta::assert_snapshot!("formatted", formatted(path, &text));
        });
    });
}

#[test]
fn every_script_keeps_its_tree_and_its_comments() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["../stdlib", "../examples", "tests/cases/parse", "tests/cases/format"] {
        scripts(&root.join(folder), &mut paths);
    }
    assert!(paths.len() > 50, "{}", paths.len());
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a script is text");
        let once = formatted(&path, &text);
        let tree = |text| ast::dump(&parse(SourceId(0), text).script);
        assert_eq!(tree(&once), tree(&text), "{}", path.display());
        assert_eq!(comments(&once), comments(&text), "{}", path.display());
        assert_eq!(formatted(&path, &once), once, "{}", path.display());
    }
}

#[test]
fn the_standard_scripts_are_in_the_usual_style() {
    let mut paths = Vec::new();
    scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib"), &mut paths);
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a script is text");
        assert_eq!(formatted(&path, &text), text, "{}", path.display());
    }
}

#[test]
fn the_manual_is_in_the_usual_style() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md");
    let manual = std::fs::read_to_string(&path).expect("the manual is there");
    for example in manual.split("```gp\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        assert_eq!(formatted(&path, example), example);
    }
}

#[test]
fn what_does_not_parse_is_not_formatted() {
    let diagnostics = format("begin { f( }").expect_err("a bracket is open");
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.is_error()));
    assert!(format("// nothing but a comment\n").is_err());
}

#[test]
fn comments_are_told_from_what_looks_like_them() {
    let text = "#!/bin/gprobe\n/* a */ go:net//x { f(\"// no\"); // b \n}";
    assert_eq!(comments(text), ["#!/bin/gprobe", "/* a */", "// b"]);
}

fn formatted(path: &Path, text: &str) -> String {
    format(text).unwrap_or_else(|diagnostics| {
        let mut sources = SourceMap::new();
        sources.add(path.to_string_lossy(), text);
        panic!("{}", render(&diagnostics, &sources, false))
    })
}

fn scripts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the repository is there") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            scripts(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "gp") {
            found.push(path);
        }
    }
}
