//! The session in the guide to the prompt, recorded on a program that counts its own calls.

use gprobe_testkit::{Target, workspace};

use super::kit::program;
use super::prompt::Prompt;

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
