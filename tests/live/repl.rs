//! The prompt, with its input from a pipe.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use gprobe_testkit::{Program, Target, require_bpf};

use super::kit::{GO, STRIPPED, program};
use super::prompt::Prompt;

/// What a session prints on both outputs, and its exit code.
fn session(args: &[&str], input: &str) -> (String, Option<i32>) {
    require_bpf();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gprobe"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gprobe starts");
    let stdin = child.stdin.take().expect("its input");
    { stdin }.write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (said.concat(), output.status.code())
}

/// A session on a program.
fn on(target: &Target, input: &str) -> String {
    session(&["-p", &target.pid().to_string()], input).0
}

fn idle() -> Target {
    Target::start(&program("spin"), &["-idle"])
}

#[test]
fn expressions_are_evaluated_on_the_target() {
    let target = Target::start(&program("values"), &[]);
    let said = on(
        &target,
        "main.pkgCounter\nmain.pkgName\nmain.pkgConfig.Inner.Name\nmain.pkgMap\n1 + 2 * 3\n$x = 5; print($x * 2)\n\
         comm\n(pid, 1)\n@x = 7\n@x\n@x + 1\n@by[\"a\"] = 1\nlen(@by)\n",
    );
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines[..6], ["4711", "package level", "deep", "map[one:1 two:2]", "7", "10"], "{said}");
    assert_eq!(lines[6..], ["values", &format!("({}, 1)", target.pid()), "@x: 7", "8", "1"], "{said}");
}

#[test]
fn addresses_are_converted_and_stripped_programs_have_the_runtimes_own() {
    let target = Target::start(&program("values"), &[]);
    let mut prompt = Prompt::start(&["-p", &target.pid().to_string()], Path::new("/"));
    let address = prompt.says("(uint64)main.pkgConfig.Point");
    assert_eq!(prompt.says(&format!("(*main.Point)({}).Y", address.trim())), "6\n");
    assert_eq!(prompt.says(":type main.pkgConfig.Point"), "*main.Point\n    X  int\n    Y  int\n");
    assert_eq!(prompt.says(":type main.pkgCounter"), "int64\n");
    let stripped = Target::start(&Program::build("values", GO, &[STRIPPED]), &[]);
    let said = on(&stripped, "sched.nmidle >= 0\nmain.pkgConfig\n");
    assert!(said.starts_with("true\n") && said.contains("error["), "{said}");
}

#[test]
fn probes_go_on_in_the_background_and_share_their_maps() {
    let mut target = Target::start(&program("spin"), &["-n", "1000", "-quiet"]);
    let mut prompt = Prompt::start(&["-p", &target.pid().to_string()], Path::new("/"));
    let said = prompt.says("go:main.work {\n  @calls = count();\n}");
    assert_eq!(said, "[1] go:main.work: 1 probe\n");
    let said = prompt.says("go:main.work:return { @calls = count(); @back = count() }");
    assert_eq!(said, "[2] go:main.work:return: 1 probe\n");
    prompt.says("@ready = 1");
    target.go();
    target.wait_done();
    let (said, code) = prompt.last("@calls\n@back\n:stop 1\n:probes\n:undo\n:undo\n:probes\n@calls\n:quit\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("@calls: 2000\n") && said.contains("@back: 1000\n"), "{said}");
    assert!(said.contains("1  off    1,000  go:main.work {"), "{said}");
    assert!(said.contains("2  on     1,000  go:main.work:return"), "{said}");
    assert!(said.contains("will not be saved: @ready = 1") && said.contains("[2] taken back"), "{said}");
    // The other input uses it still.
    assert!(said.ends_with("@calls: 2000\n\n"), "{said}");
}

#[test]
fn a_mistake_is_shown_under_what_was_typed_and_the_rest_goes_on() {
    let target = idle();
    let (said, code) = session(
        &["-p", &target.pid().to_string()],
        "go:main.wrok { }\n1 +\n  nope\n:nothing\n:stpo 1\n40 + 2\n",
    );
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("1 │ go:main.wrok { }\n  │    ^^^^^^^^^\n")
            && said.contains("did you mean `main.work`?"),
        "{said}"
    );
    assert!(said.contains("  ┌─ input 2:2:3\n"), "{said}");
    assert!(
        said.contains("there is no command `:nothing`") && said.contains("did you mean `stop`?"),
        "{said}"
    );
    assert!(said.ends_with("42\n"), "{said}");
}

#[test]
fn what_is_saved_gives_the_same_when_it_is_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session.gp").display().to_string();
    let target = idle();
    let input = format!(
        "macro twice(n) {{ n * 2 }}\n@limit = 3\ngo:main.work /@calls < 100/ {{ @calls++; }}\n\
         go:main.work:return {{ @twice = sum(twice(@limit)) }}\n:save {file}\n:save {file}\n:stop 2\n:save {file}\n"
    );
    let said = on(&target, &input);
    assert_eq!(said.matches(": 1 probe\n").count(), 2, "{said}");
    assert!(said.contains("wrote 4 inputs") && said.contains("wrote 3 inputs"), "{said}");
    drop(target);
    let other = idle();
    let said =
        on(&other, &format!("{}\n:save {file}!\n", &input.lines().take(4).collect::<Vec<_>>().join("\n")));
    assert!(said.contains("wrote 4 inputs"), "{said}");
    // The same probes, from the file.
    let (output, _) = super::kit::trace(&program("spin"), &["-n", "1000", "-quiet"], &[&file]);
    assert_eq!(output.map("@calls"), 100);
    assert_eq!(output.map("@twice"), 6000);
    assert_eq!(output.map("@limit"), 3);
}

#[test]
fn a_target_that_ends_leaves_its_maps() {
    let mut target = Target::start(&program("spin"), &["-n", "300", "-quiet"]);
    let pid = target.pid();
    let mut prompt = Prompt::start(&["-p", &pid.to_string()], Path::new("/"));
    prompt.says("go:main.work { @calls = count(); }");
    target.go();
    target.wait_done();
    drop(target);
    let (said, code) = prompt.last(":wait\n@calls\ngo:main.work { }\nsched.nmidle\n");
    assert_eq!(code, Some(1), "{said}");
    let gone = format!("process {pid} has ended: its probes are gone; maps can still be read");
    assert!(said.contains(&gone), "{said}");
    assert!(said.contains("@calls: 300\n") && said.contains("the target has ended"), "{said}");
}

#[test]
fn commands_say_what_there_is() {
    let target = Target::start(&program("parks"), &[]);
    let said = on(
        &target,
        ":help\n:help save\n:goroutines\n:source main.main\n:doc goroutine:park\n:list goroutine:p*\n:set limit 3\n:set\n:maps\n:probes\n\
         :type curg.goid\n:run gostates -t 200ms\n:detach\n",
    );
    for part in [
        ":undo",
        "write what is on as a script",
        "chan receive",
        "main.go:",
        "a goroutine is about to wait",
        "goroutine:park\n",
        "limit   3",
        "there are no maps yet",
        "nothing is attached",
        "uint64",
        "gostates: ",
        "no probe was on",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn a_session_goes_on_with_another_process() {
    let (first, second) = (idle(), idle());
    let said = on(
        &first,
        &format!(
            "go:main.work {{ @calls = count(); }}\n@kept = 5\n:attach {}\n:probes\n@kept\npid\n",
            second.pid()
        ),
    );
    assert_eq!(said.matches("go:main.work: 1 probe\n").count(), 2, "{said}");
    assert!(said.ends_with(&format!("@kept: 5\n\n{}\n", second.pid())), "{said}");
}

#[test]
fn without_a_target_there_is_arithmetic_and_the_machine() {
    let (said, code) =
        session(&[], "1 + 1\ninterval:100ms { @ticks = count(); exit(); }\n:wait 1s\n@ticks\n:goroutines\n");
    assert!(
        said.starts_with(
            "2\n[1] interval:100ms: 1 probe\n[1] called exit(0): its probes were taken away\n@ticks: 1\n"
        ),
        "{said}"
    );
    assert_eq!(code, Some(1));
}
