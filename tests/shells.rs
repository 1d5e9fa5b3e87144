//! What shells and readers of manuals are given.

use std::process::Command;

use gprobe_testkit::Gprobe;

fn said(args: &[&str]) -> String {
    Gprobe::at(env!("CARGO_BIN_EXE_gprobe")).args(args).run().success().stdout
}

/// What bash offers for words, of which the last is being typed.
fn offered(words: &[&str]) -> Vec<String> {
    let gprobe = env!("CARGO_BIN_EXE_gprobe");
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <({gprobe} completions bash); COMP_WORDS=({}); COMP_CWORD={}; \
         _gprobe_scripts gprobe \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len() - 1
    );
    let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_offers_commands_scripts_options_and_processes() {
    let first = offered(&["gprobe", "cgo"]);
    assert!(first.contains(&"cgocalls".to_owned()) && first.contains(&"cgostuck".to_owned()), "{first:?}");
    assert!(offered(&["gprobe", "com"]).contains(&"completions".to_owned()));
    let options = offered(&["gprobe", "--"]);
    for option in ["--pid", "--max-overhead", "--sample"] {
        assert!(options.contains(&option.to_owned()), "{option} in {options:?}");
    }
    let own = std::process::id().to_string();
    assert_eq!(offered(&["gprobe", "cgocalls", "-p", &own]).first(), Some(&own));
    let formats = offered(&["gprobe", "cgocalls", "--format", ""]);
    assert!(formats.contains(&"json".to_owned()), "{formats:?}");
}

#[test]
fn other_shells_have_every_option_and_command() {
    let help = said(&["--help"]);
    let options = regex::Regex::new(r"(?m)^ +(?:-[A-Za-z], )?--([a-z-]+)").expect("an expression");
    for shell in ["zsh", "fish", "bash"] {
        let text = said(&["completions", shell]);
        let mut seen = 0;
        for option in options.captures_iter(&help) {
            assert!(text.contains(&option[1]), "{} for {shell}", &option[1]);
            seen += 1;
        }
        assert!(seen > 20 && text.contains("doctor") && text.contains("explain"), "{shell}");
    }
    assert!(said(&["completions", "fish"]).contains("-a cgocalls -d "));
}

#[test]
fn the_manual_has_the_sections_that_one_looks_for() {
    let page = said(&["man"]);
    for section in
        [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", ".SH SUBCOMMANDS", ".SH \"EXIT CODES\"", ".SH EXAMPLES"]
    {
        let plain = section.replace('"', "");
        assert!(page.contains(section) || page.contains(&plain), "{section} in {page}");
    }
    assert!(page.contains("gprobe cgocalls \\-p 4242"), "{page}");
    assert!(said(&["man", "list"]).contains(".SH NAME"));
    let wrong = Gprobe::at(env!("CARGO_BIN_EXE_gprobe")).args(["man", "lisst"]).run();
    assert!(wrong.code == Some(1) && wrong.stderr.contains("did you mean `list`?"), "{wrong}");
}
