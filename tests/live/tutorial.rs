//! The tutorial's one-liners run, and print what it shows, but for the numbers.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use gprobe_testkit::{Program, require_bpf, workspace};

/// A line without what differs from run to run; none where nothing stays.
fn masked(line: &str) -> Option<String> {
    let line =
        line.split('@').next().filter(|name| line.starts_with("    ") && !name.is_empty()).unwrap_or(line);
    // Histograms are numbers all over.
    if line.contains('|') || line.trim().is_empty() || line == "..." {
        return None;
    }
    let mut out = String::new();
    for c in line.chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            c => out.push(c),
        }
    }
    let mut words: Vec<&str> = Vec::new();
    for word in out.split_whitespace() {
        // Tables have times and counts, in units that differ, in columns of any width.
        let number = |word: &str| word.contains('#') && word.chars().all(|c| matches!(c, '#' | '.' | ','));
        match word {
            "ns" | "us" | "ms" | "s" if words.last() == Some(&"#") => {}
            word if number(word) => words.push("#"),
            // Places of files differ from machine to machine.
            word => words.push(word.split("@/").next().unwrap_or(word)),
        }
    }
    Some(words.join(" "))
}

#[test]
fn the_one_liners_print_what_the_tutorial_shows() {
    require_bpf();
    let text = fs::read_to_string(workspace().join("docs/tutorial.md")).expect("the tutorial");
    let demo = Program::build("cgodemo", "1.27", &[]);
    let folder = demo.parent().expect("its folder").to_owned();
    let mut child = Command::new(&demo).stdout(Stdio::null()).spawn().expect("the demo");
    std::thread::sleep(Duration::from_millis(500));
    let gprobe = std::path::Path::new(env!("CARGO_BIN_EXE_gprobe"));
    let path = format!(
        "{}:{}",
        gprobe.parent().expect("its folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let (mut seen, mut bad) = (0, Vec::new());
    for part in text.split("```sh\n").filter(|part| part.starts_with("gprobe ")) {
        let (command, rest) = part.split_once("\n```").expect("the block's end");
        let shown = rest.split("```text\n").nth(1).and_then(|rest| rest.split("\n```").next());
        let output = Command::new("bash")
            .args(["-c", command])
            .env("PATH", &path)
            .env("PID", child.id().to_string())
            .current_dir(&folder)
            .output()
            .expect("bash");
        let printed = String::from_utf8_lossy(&output.stdout);
        let found: BTreeSet<String> = printed.lines().filter_map(masked).collect();
        let wanted: BTreeSet<String> = shown.expect("its output").lines().filter_map(masked).collect();
        let there = wanted.iter().filter(|line| found.contains(*line)).count();
        // What happens seldom may not happen in a second.
        if !output.status.success() || there * 2 < wanted.len() || wanted.is_empty() {
            let told = String::from_utf8_lossy(&output.stderr);
            bad.push(format!("{command}\n{there} of {}\n{printed}{told}", wanted.len()));
        }
        seen += 1;
    }
    child.kill().expect("killed");
    child.wait().expect("it ends");
    assert_eq!(seen, 12);
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}
