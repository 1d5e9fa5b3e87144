//! The session in the guide to the prompt, recorded on a program that counts its own calls.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gprobe_testkit::{Target, require_bpf, workspace};

use super::kit::program;

/// Before the program works.
const BEFORE: &[&str] = &[
    "go:main.work { @calls = count(); }",
    "go:main.work:return /retval > 995/ {\n    @large[retval] = count();\n}",
    "sched.goidgen > 0",
];
/// When it has.
const AFTER: &[&str] = &[
    "@calls",
    "@calls * 2",
    "len(@large)",
    "go:main.wrok { }",
    ":type @large",
    ":maps",
    ":stop 1",
    ":probes",
    ":save session.gp",
    ":undo",
];

/// A prompt whose input and output are pipes.
struct Prompt {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    seen: u32,
}

impl Prompt {
    fn start(args: &[&str], folder: &std::path::Path) -> Self {
        require_bpf();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gprobe"))
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("gprobe starts");
        let stdin = child.stdin.take().expect("its input");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, stdin, stdout, seen: 0 }
    }

    /// What an input says.
    fn says(&mut self, input: &str) -> String {
        self.seen += 1;
        let mark = format!("said-{}", self.seen);
        writeln!(self.stdin, "{input}\n\"{mark}\"").expect("it reads");
        let mut text = String::new();
        loop {
            let before = text.len();
            assert_ne!(
                self.stdout.read_line(&mut text).expect("it writes"),
                0,
                "it ended after `{input}`: {text}"
            );
            if text[before..].trim_end() == mark {
                text.truncate(before);
                return text;
            }
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The guide with a part between its marks made anew.
fn with(text: &str, mark: &str, part: &str) -> String {
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->"));
    let from = text.find(&begin).expect("the mark") + begin.len();
    let to = text.find(&end).expect("the end");
    format!("{}{part}{}", &text[..from], &text[to..])
}

#[test]
fn the_guide_has_the_session_and_the_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = program("spin");
    let mut target = Target::start(&file, &["-n", "1000", "-quiet"]);
    let mut prompt = Prompt::start(&["-p", &target.pid().to_string()], folder.path());
    let mut session = String::from("```text\n$ gprobe -p 4242\n");
    let mut inputs = 0;
    let mut record = |prompt: &mut Prompt, input: &str| {
        let said = prompt.says(input);
        inputs += u32::from(!input.starts_with(':'));
        // The marks between the inputs are none of the session's.
        let number = regex::Regex::new(r"input \d+:").expect("an expression");
        let said = number.replace_all(&said, format!("input {inputs}:"));
        let said = said.replace(&file.display().to_string(), "/srv/spin");
        session.push_str(&format!("gprobe> {input}\n{}\n", said.trim_end()));
    };
    BEFORE.iter().for_each(|input| record(&mut prompt, input));
    target.go();
    target.wait_done();
    AFTER.iter().for_each(|input| record(&mut prompt, input));
    session.push_str("```\n");
    assert!(
        session.contains("@calls: 1000\n") && session.contains("\n2000\n") && session.contains("\n4\n"),
        "{session}"
    );

    let help = prompt.says(":help");
    let mut commands = String::from("| command | what it does |\n| --- | --- |\n");
    for line in help.lines().filter(|line| line.starts_with(':')) {
        let (usage, doc) = line.split_once("  ").expect("what it does");
        commands.push_str(&format!("| `{}` | {} |\n", usage.trim().replace('|', "\\|"), doc.trim()));
    }
    assert!(commands.lines().count() > 20, "{help}");

    let path = workspace().join("docs/repl.md");
    let there = std::fs::read_to_string(&path).expect("the guide");
    let made = with(&with(&there, "session", &session), "commands", &commands);
    if std::env::var_os("GPROBE_BLESS").is_some() {
        std::fs::write(&path, &made).expect("it is written");
    }
    assert!(
        made == there || std::env::var_os("GPROBE_BLESS").is_some(),
        "docs/repl.md is old: GPROBE_BLESS=1 cargo test --workspace --test live -- repl_guide\n{made}"
    );
}
