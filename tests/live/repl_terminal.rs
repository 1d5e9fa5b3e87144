//! The prompt on a terminal, as a person sees it.

use gprobe_testkit::{Target, Tmux, require_bpf};

use super::kit::program;

/// A prompt on a process, in a terminal.
fn prompt(target: &Target, columns: u32, environment: &str) -> (Tmux, tempfile::TempDir) {
    require_bpf();
    let state = tempfile::tempdir().expect("a folder");
    let gprobe = env!("CARGO_BIN_EXE_gprobe");
    let command =
        format!("XDG_STATE_HOME={} {environment} {gprobe} -p {}", state.path().display(), target.pid());
    let tmux = Tmux::start(&command, columns, 40);
    tmux.wait_for("\ngprobe>");
    (tmux, state)
}

fn idle() -> Target {
    Target::start(&program("spin"), &["-idle"])
}

/// Calls ten times a second.
fn ticking() -> Target {
    let mut target = Target::start(&program("spin"), &["-batch", "1", "-pause", "100ms", "-quiet"]);
    target.go();
    target
}

#[test]
fn functions_are_completed_and_explained() {
    let target = idle();
    let (tmux, _state) = prompt(&target, 120, "");
    tmux.wait_for("functions. :help");
    // Names are prepared beside the prompt.
    tmux.wait_until("the completion", |screen| {
        tmux.key("C-u").text("go:main.wor").key("Tab");
        screen.contains("gprobe> go:main.work")
    });
    tmux.wait_for("go:main.work   (i int) (int) main.go:");
    tmux.key("C-u").text("go:main.work { @[args.").key("Tab");
    tmux.wait_for("{ @[args.i");
    tmux.key("C-u").text("gstat").key("Tab");
    tmux.wait_for("gprobe> gstatus   ");
    tmux.key("C-u").text(":prob").key("Tab");
    tmux.wait_for("gprobe> :probes");
}

#[test]
fn an_input_of_several_lines_is_one() {
    let target = idle();
    let (tmux, state) = prompt(&target, 100, "");
    tmux.line("go:main.work {").line("  @calls = count();").line("}");
    tmux.wait_for("[1] go:main.work: 1 probe");
    tmux.line("@calls + 1");
    tmux.wait_for("\n1\n");
    // It is kept as one, for this user alone.
    tmux.key("C-d");
    tmux.wait_for("ended 0");
    let history = state.path().join("gprobe/history");
    let text = std::fs::read_to_string(&history).expect("the history");
    assert!(text.contains("go:main.work {\\n  @calls = count();\\n}"), "{text}");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(history).expect("it is there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn output_appears_above_the_line_that_is_typed() {
    let target = ticking();
    let (tmux, _state) = prompt(&target, 100, "");
    tmux.line(r#"go:main.work { printf("called by %d\n", goid); }"#);
    tmux.wait_for("\ncalled by ");
    tmux.text("sched.nmid");
    let count = |screen: &str| screen.matches("called by").count();
    let before = count(&tmux.screen());
    let screen = tmux.wait_until("more output", |screen| count(screen) > before + 3);
    assert!(screen.ends_with("gprobe> sched.nmid"), "{screen}");
    let whole = |screen: &str| {
        screen
            .lines()
            .filter(|line| line.contains("called by") && !line.contains("printf"))
            .all(|line| line.strip_prefix("called by ").is_some_and(|id| id.parse::<u64>().is_ok()))
    };
    assert!(whole(&screen), "no line is broken: {screen}");
    tmux.text("le >= 0").key("Enter");
    tmux.wait_for("\ntrue\n");
    tmux.line(":stop 1");
    tmux.wait_for("[1] stopped");
}

#[test]
fn a_mistake_has_its_caret_under_the_typed_text() {
    let target = idle();
    let (tmux, _state) = prompt(&target, 100, "");
    tmux.line("go:main.wrok { }");
    let screen = tmux.wait_for("did you mean `main.work`?");
    let at = |wanted: &str| {
        let line = screen
            .lines()
            .find(|line| line.starts_with("1 │") || line.starts_with("  │ ") && line.contains('^'));
        screen
            .lines()
            .find(|line| line.contains(wanted) && !line.contains("error") && line.contains('│'))
            .or(line)
            .and_then(|line| {
                line.chars().collect::<String>().find(wanted).map(|at| line[..at].chars().count())
            })
    };
    assert_eq!(at("main.wrok"), at("^^^^^^^^^"), "{screen}");
}

#[test]
fn ctrl_c_ends_what_runs_clears_the_line_and_twice_leaves() {
    let target = ticking();
    let (tmux, _state) = prompt(&target, 100, "");
    // What is typed in the same breath as Ctrl-C would go with the line.
    let prompts = |screen: &str| screen.matches("gprobe>").count();
    tmux.text("never").key("C-c");
    tmux.wait_until("a new prompt", |screen| prompts(screen) == 2);
    tmux.line("1 + 1");
    tmux.wait_for("\n2\n");
    tmux.line("go:main.work { @calls = count(); }").wait_for("1 probe");
    tmux.line(":wait");
    std::thread::sleep(std::time::Duration::from_millis(500));
    tmux.key("C-c");
    tmux.wait_until("the prompt", |screen| screen.ends_with("gprobe>"));
    tmux.text("not to be done").key("C-c");
    tmux.wait_until("the prompt", |screen| screen.ends_with("done\ngprobe>"));
    tmux.line("40 + 2");
    tmux.wait_for("\n42\n");
    assert!(!tmux.screen().contains("error"), "{}", tmux.screen());
    tmux.key("C-c").key("C-c");
    tmux.wait_for("ended 0");
}

#[test]
fn a_targets_end_is_announced_while_somebody_types() {
    let target = ticking();
    let (tmux, _state) = prompt(&target, 100, "");
    tmux.line("go:main.work { @calls = count(); }");
    tmux.wait_for("1 probe");
    tmux.text("@cal");
    let pid = target.pid();
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(target);
    let screen = tmux.wait_for(&format!("process {pid} has ended"));
    assert!(screen.ends_with("gprobe> @cal"), "{screen}");
    tmux.line("ls");
    tmux.wait_for("\n@calls: ");
    drop(tmux);
    // Also where nothing was typed at all.
    let target = idle();
    let (tmux, _state) = prompt(&target, 100, "");
    let pid = target.pid();
    drop(target);
    tmux.wait_for(&format!("process {pid} has ended"));
}

#[test]
fn it_works_without_colour_on_narrow_and_on_dumb_terminals() {
    let target = ticking();
    let (tmux, _state) = prompt(&target, 100, "");
    tmux.text("@x");
    tmux.wait_until("the colour of a map", |_| tmux.coloured().contains("\x1b[33m"));
    drop(tmux);
    let (tmux, _state) = prompt(&target, 100, "NO_COLOR=1");
    tmux.line("go:main.work { @calls = count(); }").line("go:nothing { }");
    tmux.wait_for("error[unknown-function]");
    assert!(!tmux.coloured().contains("\x1b["), "{}", tmux.coloured());
    drop(tmux);
    let (tmux, _state) = prompt(&target, 40, "");
    tmux.line(r#"go:main.work { printf("x\n"); @calls = count(); }"#)
        .text("1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1");
    tmux.wait_for("\nx\n");
    tmux.key("Enter");
    tmux.wait_for("\n10\n");
    drop(tmux);
    let (tmux, _state) = prompt(&target, 100, "TERM=dumb");
    tmux.line("go:main.work {").wait_for("\n      >");
    tmux.line(r#"printf("one line\n"); exit(); }"#).wait_for("\none line\n");
    tmux.line("40 + 2").wait_for("\n42\n");
    tmux.key("C-d").wait_for("ended 0");
}

#[test]
fn ctrl_c_ends_a_long_print_and_what_happens_later_is_shown() {
    let target = ticking();
    let (tmux, _state) = prompt(&target, 100, "");
    tmux.line("for ($i : 0..4000) { @many[$i] = 1; }").line("len(@many)");
    tmux.wait_for("\n4000\n");
    tmux.line("@many").wait_for("@many[");
    tmux.key("C-c");
    tmux.wait_until("the prompt", |screen| screen.ends_with("gprobe>"));
    tmux.line(r#"go:main.work { printf("seen\n"); exit(); }"#);
    tmux.wait_for("\nseen\n");
}
