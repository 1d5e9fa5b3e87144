//! The house rules that a machine can check; `docs/architecture.md` states them.

use std::fs;
use std::path::{Path, PathBuf};

use gprobe_testkit::workspace;

/// Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["src", "lang/src", "symbols/src", "compiler/src", "runtime/src", "stdlib/src"] {
        sources(&workspace().join(folder), &mut found);
    }
    found.sort();
    found
}

#[test]
fn crates_import_only_downwards() {
    let allowed: [(&str, &[&str]); 5] = [
        ("lang", &[]),
        ("symbols", &[]),
        ("compiler", &["gprobe-lang", "gprobe-symbols"]),
        ("runtime", &["gprobe-compiler", "gprobe-symbols"]),
        ("stdlib", &[]),
    ];
    for (folder, may) in allowed {
        let manifest = fs::read_to_string(workspace().join(folder).join("Cargo.toml")).expect("a manifest");
        let dependencies = manifest.split("[dependencies]").nth(1).expect("dependencies");
        let own = dependencies.split("\n[").next().unwrap_or_default();
        for line in own.lines().filter(|l| l.starts_with("gprobe-")) {
            let name = line.split(['.', ' ']).next().unwrap_or_default();
            assert!(may.contains(&name), "{folder} may not import {name}");
        }
    }
}

#[test]
fn the_runtime_sees_only_the_contracts_of_the_compiler() {
    for path in all_sources().iter().filter(|p| p.starts_with(workspace().join("runtime"))) {
        for line in fs::read_to_string(path).expect("a file").lines() {
            if let Some(at) = line.find("gprobe_compiler::") {
                let rest = &line[at + "gprobe_compiler::".len()..];
                // What gprobe runs itself, it runs with the compiler's own evaluation.
                let evaluates = path.starts_with(workspace().join("runtime/src/iterate"));
                let seen = rest.starts_with("artifact")
                    || rest.starts_with("target")
                    || evaluates && rest.starts_with("ir");
                assert!(seen, "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn unsafe_code_is_only_where_the_kernel_or_c_is_talked_to() {
    let allowed = [workspace().join("runtime/src/sys"), workspace().join("capi/src")];
    for path in all_sources().iter().filter(|p| !allowed.iter().any(|allowed| p.starts_with(allowed))) {
        let text = fs::read_to_string(path).expect("a file");
        let bad = text.lines().find(|l| {
            let code = l.split("//").next().unwrap_or_default();
            [" unsafe {", " unsafe fn", " unsafe impl", "(unsafe {"].iter().any(|word| code.contains(word))
        });
        assert_eq!(bad, None, "{}", path.display());
    }
}

#[test]
fn every_code_of_a_diagnostic_can_be_explained() {
    let is_code = |text: &str| {
        !text.is_empty()
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit())
    };
    let mut used = std::collections::BTreeSet::new();
    for path in all_sources() {
        let text = fs::read_to_string(&path).expect("a file");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let starts = [
            "Diagnostic::error(",
            "Diagnostic::warning(",
            ".missing(",
            ".absent(",
            "error(place, ",
            "at_before(",
        ];
        for start in starts {
            for call in text.split(start).skip(1) {
                // The first argument that is a string, where it is the code.
                if let Some(code) =
                    call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
                    && is_code(code)
                {
                    used.insert(code.to_owned());
                }
            }
        }
    }
    assert!(used.len() > 60, "{used:?}");
    let unknown: Vec<&String> =
        used.iter().filter(|code| gprobe_lang::diagnostic::code::find(code).is_none()).collect();
    assert!(unknown.is_empty(), "without a row in lang/src/diagnostic/code.rs: {unknown:?}");
}

#[test]
fn files_are_one_idea_long() {
    // Larger ones, each with the reason why it is one idea all the same.
    let known = [
        // One state machine; most of it tells casts and conversions from parentheses.
        ("lang/src/lexer/action.rs", 650),
        // The whole intermediate representation.
        ("compiler/src/ir/mod.rs", 600),
        // A table.
        ("compiler/src/functions.rs", 560),
        // The whole typed tree.
        ("compiler/src/resolve/typed.rs", 720),
        // One function for each form of a Go value that expressions read.
        ("compiler/src/resolve/go_value.rs", 885),
        // One match over all functions of the language.
        ("compiler/src/resolve/call.rs", 680),
        // One match over all kinds of expressions.
        ("compiler/src/resolve/expr.rs", 530),
        // What all of lowering writes instructions with.
        ("compiler/src/lower/builder.rs", 560),
    ];
    for path in all_sources() {
        let name = path.strip_prefix(workspace()).expect("a path of ours").display().to_string();
        let most = known.iter().find(|(n, _)| *n == name).map_or(500, |(_, most)| *most);
        let lines = fs::read_to_string(&path).expect("a file").lines().count();
        assert!(lines <= most, "{name} has {lines} lines: split it, or say here why it is one idea");
    }
}
