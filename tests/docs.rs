//! The documents are true: their examples compile, and their tables are those of the code.
//!
//! `GPROBE_BLESS=1 cargo test --test docs` writes the tables anew.

use std::fs;
use std::path::{Path, PathBuf};

use gprobe_compiler::builtins::Scope;
use gprobe_compiler::reference;
use gprobe_testkit::{Gprobe, Program, Target, require_bpf, workspace};

fn read(name: &str) -> (PathBuf, String) {
    let path = workspace().join(name);
    let text = fs::read_to_string(&path).expect("the document");
    (path, text)
}

/// Puts `rows` between a document's marks, or says that they are not there.
fn table(name: &str, mark: &str, rows: &[String]) {
    let (path, text) = read(name);
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let start = text.find(&open).expect("the opening mark") + open.len();
    let end = text.find(&close).expect("the closing mark");
    let head: String = text[start..end].lines().take(2).map(|l| format!("{l}\n")).collect();
    let new = format!("{}{head}{}\n{}", &text[..start], rows.join("\n"), &text[end..]);
    if std::env::var_os("GPROBE_BLESS").is_some() {
        fs::write(path, new).expect("written");
    } else {
        assert!(text == new, "{name} is out of date: GPROBE_BLESS=1 cargo test --test docs");
    }
}

/// A row of a table, with what would end a cell escaped.
fn row(name: &str, cells: &[&str], example: &str) -> String {
    let escaped = |text: &str| text.replace('|', "\\|");
    let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
    format!("| `{}` | {} | `{}` |", escaped(name), cells.join(" | "), escaped(example))
}

#[test]
fn the_tables_of_the_reference_are_those_of_the_compiler() {
    let builtins: Vec<String> = gprobe_compiler::builtins::BUILTINS
        .iter()
        .map(|b| {
            let entry = reference::of_builtin(b.name).expect("an entry");
            let place = match b.scope {
                Scope::Everywhere => "",
                Scope::Goroutine => "of Go programs",
                Scope::Function => "on functions",
                Scope::Stack => "with a stack",
            };
            let cells = [b.shown_type, entry.unit, place, entry.needs, b.doc];
            row(b.name, &cells, entry.example)
        })
        .collect();
    table("docs/language.md", "builtins", &builtins);
    let functions: Vec<String> = gprobe_compiler::functions::FUNCTIONS
        .iter()
        .map(|f| {
            let entry = reference::of_function(f.name).expect("an entry");
            row(f.signature, &[entry.gives, entry.unit, entry.needs, f.doc], entry.example)
        })
        .collect();
    table("docs/language.md", "functions", &functions);
}

/// Puts a text between a document's marks, or says that it is not there.
fn between(name: &str, mark: &str, wanted: &str) {
    let (path, text) = read(name);
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let start = text.find(&open).expect("the opening mark") + open.len();
    let end = text.find(&close).expect("the closing mark");
    let new = format!("{}{wanted}{}", &text[..start], &text[end..]);
    if std::env::var_os("GPROBE_BLESS").is_some() {
        fs::write(path, new).expect("written");
    } else {
        assert!(text == new, "{name} is out of date: GPROBE_BLESS=1 cargo test --test docs");
    }
}

#[test]
fn all_moments_are_documented_as_their_files_do() {
    let mut text = String::new();
    for provider in gprobe_stdlib::PROVIDERS {
        let about = provider.about();
        let (_, about) = about.split_once(": ").expect("what it is about");
        text += &format!("## {}\n\n{about}\n\n", provider.name);
        for moment in provider.moments() {
            text += &format!("### {}\n\n{}\n\n", moment.name, moment.what);
            text.extend(moment.more.iter().map(|(word, said)| format!("- *{word}*: {said}\n")));
            text.push('\n');
        }
    }
    between("docs/providers.md", "moments", &text);
}

#[test]
fn all_scripts_are_documented_as_their_files_do() {
    let mut text = String::new();
    for script in gprobe_stdlib::SCRIPTS {
        text += &format!("## {}\n\n```text\n{}\n```\n\n", script.name, script.help());
    }
    between("docs/scripts.md", "scripts", &text);
}

#[test]
fn the_examples_of_the_reference_compile() {
    let program = Program::build("counts", "1.27", &[]).display().to_string();
    let (_, text) = read("docs/language.md");
    let mut checked = 0;
    for part in text.split("```gp\n").skip(1) {
        let script = part.split("```").next().expect("a block");
        let output =
            Gprobe::at(env!("CARGO_BIN_EXE_gprobe")).args(["check", "-x", &program, "-e", script]).run();
        assert_eq!(output.code, Some(0), "{script}\n{}", output.stderr);
        checked += 1;
    }
    assert!(checked >= 12, "{checked} examples");
    let target = Target::start(Path::new(&program), &[]);
    let pid = target.pid().to_string();
    for part in text.split("```gp live\n").skip(1) {
        let script = part.split("```").next().expect("a block");
        let output = Gprobe::at(env!("CARGO_BIN_EXE_gprobe"))
            .args(["--dry-run", "-q", "-p", &pid, "-e", script])
            .run();
        assert_eq!(output.code, Some(0), "{script}\n{}", output.stderr);
    }
    target.finish();
}

#[test]
fn the_examples_of_builtins_and_functions_are_taken_by_the_kernel() {
    require_bpf();
    let program = Program::build("counts", "1.27", &[]);
    let target = Target::start(&program, &[]);
    let pid = target.pid().to_string();
    let mut bad = Vec::new();
    for entry in reference::BUILTINS.iter().chain(reference::FUNCTIONS) {
        let output = Gprobe::at(env!("CARGO_BIN_EXE_gprobe"))
            .args(["--dry-run", "-q", "--unsafe", "-p", &pid, "-e", &entry.script("main.plain")])
            .run();
        if output.code != Some(0) {
            bad.push(format!("{}\n{}", entry.example, output.stderr));
        }
    }
    target.finish();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn the_scripts_that_ship_stand_in_the_readme() {
    let (_, text) = read("README.md");
    for script in gprobe_stdlib::SCRIPTS {
        let summary = script.summary();
        let what = summary.strip_prefix(script.name).expect("its name").trim_start_matches(':').trim();
        assert!(text.contains(&format!("| `{}` | {what} |", script.name)), "{what}");
    }
}

#[test]
fn every_command_stands_in_the_reference_of_the_command_line() {
    let help = Gprobe::at(env!("CARGO_BIN_EXE_gprobe")).args(["--help"]).run();
    let commands = help.stdout.split("Commands:\n").nth(1).expect("the commands");
    let (_, text) = read("docs/cli.md");
    let mut seen = 0;
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().expect("a name");
        if name != "help" {
            assert!(
                text.contains(&format!("    gprobe {name} "))
                    || text.contains(&format!("    gprobe {name}\n")),
                "{name}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 8, "{}", help.stdout);
}

#[test]
fn every_option_stands_in_the_reference_of_the_command_line() {
    let help = Gprobe::at(env!("CARGO_BIN_EXE_gprobe")).args(["--help"]).run();
    let options = regex::Regex::new(r"(?m)^ +(?:-[A-Za-z], )?(--[a-z-]+)").expect("an expression");
    let (_, text) = read("docs/cli.md");
    let mut seen = 0;
    for option in options.captures_iter(&help.stdout) {
        assert!(text.contains(&option[1]), "{}", &option[1]);
        seen += 1;
    }
    assert!(seen >= 15, "{}", help.stdout);
}

#[test]
fn every_code_of_a_message_is_explained() {
    let codes = regex::Regex::new(r#"(?:Diagnostic::(?:error|warning)|\.missing|\.absent)\(\s*"([a-z-]+)""#);
    let codes = codes.expect("an expression");
    let (mut folders, mut seen) = (vec![workspace().join("compiler/src"), workspace().join("src")], 0);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a file");
            for code in codes.captures_iter(&text) {
                let known = gprobe_lang::diagnostic::code::find(&code[1]).is_some();
                assert!(known, "{}: `{}` is not in lang/src/diagnostic/code.rs", path.display(), &code[1]);
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen} codes found");
}

#[test]
fn the_examples_of_probe_kinds_are_scripts() {
    for kind in gprobe_compiler::probe_kinds::KINDS.iter().filter(|kind| kind.supported) {
        let parsed = gprobe_lang::parse(gprobe_lang::source::SourceId(0), kind.example);
        assert!(parsed.diagnostics.is_empty(), "{}: {:?}", kind.example, parsed.diagnostics);
    }
}

#[test]
fn the_guide_to_embedding_has_the_programs_that_are_run() {
    let (path, there) = read("docs/embedding.md");
    let mut made = there.clone();
    for name in ["count", "share", "stream", "names"] {
        let source = workspace().join(format!("examples/embed/src/bin/{name}.rs"));
        let source = std::fs::read_to_string(source).expect("the example");
        let (begin, end) = (format!("<!-- {name}.rs -->\n"), format!("<!-- end of {name}.rs -->"));
        let from = made.find(&begin).expect("the mark") + begin.len();
        let to = made.find(&end).expect("the end");
        made = format!("{}```rust\n{source}```\n{}", &made[..from], &made[to..]);
    }
    if std::env::var_os("GPROBE_BLESS").is_some() {
        std::fs::write(&path, &made).expect("it is written");
        return;
    }
    assert!(made == there, "docs/embedding.md is old: GPROBE_BLESS=1 cargo test --workspace --test docs");
}
