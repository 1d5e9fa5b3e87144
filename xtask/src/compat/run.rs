//! Runs one case: what it wants before, gprobe, what it wants once the probes are attached.

use std::io::{BufRead, BufReader, PipeReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::group::{Group, wait_for};
use super::judge::is_attached;
use super::parse::{Case, Program};
use super::programs::Place;

/// The shell, by its path: a search for it would show in cases that watch what is executed, and some
/// of those want a path that is longer than `/bin/sh`.
pub(crate) const SHELL: &str = "/usr/bin/sh";

/// How long attaching may take.
const ATTACHING: Duration = Duration::from_secs(10);

/// What a case gets on top of its own time: this machine may be busy.
const GRACE: Duration = Duration::from_secs(1);

/// How long gprobe has to end once it is asked to.
const ASKED: Duration = Duration::from_secs(2);

/// How often a wait for output looks after other things.
const TICK: Duration = Duration::from_millis(50);

/// After how long a gprobe that was told to be quiet counts as attached.
const QUIET: Duration = Duration::from_millis(1500);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this exit code, or the negative number of a signal.
    Code(i32),
    /// Its time was over.
    TimedOut,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// All that was said on standard output and standard error.
    pub(crate) output: Vec<u8>,
    /// How it ended.
    pub(crate) ended: Ended,
    /// The line for the shell.
    pub(crate) command: String,
}

/// Runs a case to its end; an error is about what it runs beside gprobe.
pub(crate) fn run(case: &Case, place: &Place) -> Result<Ran, String> {
    if let Some(line) = &case.setup {
        shell(line, &place.folder)?;
    }
    let ran = run_within(case, place);
    if let Some(line) = &case.cleanup {
        shell(line, &place.folder)?;
    }
    ran
}

/// Runs a line for the shell that must end well.
fn shell(line: &str, folder: &Path) -> Result<(), String> {
    let mut command = Command::new(SHELL);
    command.args(["-c", line]).current_dir(folder).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("{line}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`{line}` ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}

/// Runs a case between its setup and its cleanup.
fn run_within(case: &Case, place: &Place) -> Result<Ran, String> {
    let mut befores = Vec::new();
    // The words that bring a command into the namespace of the case.
    let mut enter = String::new();
    for line in &case.befores {
        let words: Vec<&str> = line.split_whitespace().collect();
        let first = case.new_pidns && befores.is_empty();
        let mut command = if first {
            let mut command = Command::new("unshare");
            command.args(["--fork", "--pid", "--mount-proc", "-r", "--kill-child", "--"]);
            command.arg(path(&words, place));
            command
        } else if case.new_pidns {
            let mut command = Command::new(SHELL);
            command.args(["-c", &format!("{enter}\"$@\""), "sh"]).arg(path(&words, place));
            command
        } else {
            Command::new(path(&words, place))
        };
        command.args(words.iter().skip(1)).current_dir(&place.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let group = Group::start(&mut command).map_err(|error| format!("BEFORE {line}: {error}"))?;
        let name = words.last().map_or("", |word| file_name(word));
        if wait_for(case.timeout, || group.named(name).last().copied()).is_none() {
            return Err(format!("BEFORE {line}: no process `{name}` came up"));
        }
        if first {
            let inner = group.members().into_iter().find(|member| member.parent == group.id());
            let inner = inner.ok_or_else(|| format!("BEFORE {line}: no namespace came up"))?;
            enter = format!("nsenter -p -m -t {} ", inner.pid);
        }
        befores.push((name.to_owned(), group));
    }
    let line = format!("{enter}{}", fill(&command_line(case, place), &befores));
    let (reader, writer) = std::io::pipe().map_err(|error| error.to_string())?;
    let mut command = Command::new(SHELL);
    command.args(["-c", &line]).current_dir(&place.folder).stdin(Stdio::null());
    command.stdout(writer.try_clone().map_err(|error| error.to_string())?).stderr(writer);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("test", &case.name).env("__BPFTRACE_NOTIFY_PROBES_ATTACHED", "1");
    command.envs(case.env.iter().map(|(name, value)| (name, value)));
    let group = Group::start(&mut command).map_err(|error| format!("sh: {error}"))?;
    // Its writing ends would keep the pipe open.
    drop(command);
    let (output, ended) = follow(case, place, group, lines(reader), &enter);
    Ok(Ran { output, ended, command: line })
}

/// The line for the shell that runs gprobe, as far as it is known before anything runs.
fn command_line(case: &Case, place: &Place) -> String {
    let gprobe = place.gprobe.display().to_string();
    match &case.program {
        Program::Run(line) => line.replace("{{BPFTRACE}}", &gprobe),
        Program::Prog(script) => {
            let json = if case.is_json() { " -q -f json" } else { "" };
            format!("{gprobe}{json} -e '{}'", script.replace('\'', r"'\''"))
        }
    }
}

/// Names processes that were started for the case: `{{BEFORE_PID}}`, and `$(pidof NAME)` as far
/// as they are meant, so that others of that name on this machine are not.
fn fill(line: &str, groups: &[(String, Group)]) -> String {
    let mut line = line.to_owned();
    for (at, (name, group)) in groups.iter().enumerate() {
        let Some(pid) = group.named(name).last().copied() else { continue };
        if at == 0 {
            line = line.replace("{{BEFORE_PID}}", &pid.to_string());
        }
        line = line.replace(&format!("$(pidof {name})"), &pid.to_string());
    }
    line
}

/// A word of a command as a path: those of the tests are relative to their folder.
fn path(words: &[&str], place: &Place) -> PathBuf {
    let word = words.first().copied().unwrap_or_default();
    if word.contains('/') { place.folder.join(word) } else { PathBuf::from(word) }
}

/// The last part of a path.
fn file_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Reads lines in the background; the channel closes with the pipe.
fn lines(reader: PipeReader) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if sender.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Follows gprobe to its end, or to the end of its time, and starts what comes after attaching.
fn follow(
    case: &Case,
    place: &Place,
    mut group: Group,
    lines: Receiver<Vec<u8>>,
    enter: &str,
) -> (Vec<u8>, Ended) {
    let started = Instant::now();
    let mut end = started + ATTACHING;
    let quiet = case.is_json() || case.program.text().contains(" -q ");
    let (mut output, mut attached, mut closed) = (Vec::new(), false, false);
    let mut after: Option<Group> = None;
    let status = loop {
        let mut now_attached = quiet && started.elapsed() > QUIET;
        match if closed { Err(RecvTimeoutError::Disconnected) } else { lines.recv_timeout(TICK) } {
            Ok(line) => {
                now_attached |= std::str::from_utf8(&line).is_ok_and(is_attached);
                output.extend(line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                closed = true;
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        if now_attached && !attached {
            attached = true;
            end = Instant::now() + case.timeout + GRACE;
            after = case.after.as_ref().and_then(|line| start_after(line, place, &group, enter));
        }
        if let Some(status) = group.ended() {
            break Some(status);
        }
        if Instant::now() >= end {
            break None;
        }
    };
    let ended = match status {
        Some(status) => {
            use std::os::unix::process::ExitStatusExt;
            Ended::Code(status.code().unwrap_or_else(|| -status.signal().unwrap_or(1)))
        }
        None => {
            // It may end in order, and print what it has, when it is asked to.
            group.signal(Signal::TERM);
            wait_for(ASKED, || group.members().is_empty().then_some(()));
            Ended::TimedOut
        }
    };
    // What a shell left in the background may still write, in the time of the case.
    if status.is_some() {
        let left = end.saturating_duration_since(Instant::now());
        wait_for(left, || group.members().is_empty().then_some(()));
    }
    drop(group);
    drop(after);
    while let Ok(line) = lines.recv_timeout(Duration::from_millis(500)) {
        output.extend(line);
    }
    (output, ended)
}

/// Starts what a case wants once the probes are attached.
fn start_after(line: &str, place: &Place, gprobe: &Group, enter: &str) -> Option<Group> {
    // Cases speak of bpftrace by its name; only the one under test is meant.
    let pids = gprobe.named("bpftrace").iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let line = line
        .replace("pkill -SIGINT bpftrace", &format!("kill -INT {pids}"))
        .replace("$(pidof bpftrace)", &pids);
    let mut command = Command::new(SHELL);
    command.args(["-c", &format!("{enter}{line}")]).current_dir(&place.folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Group::start(&mut command).ok()
}

#[cfg(test)]
mod tests {
    use gprobe_testkit::executable;

    use super::super::parse::parse;
    use super::*;

    /// Runs a case whose gprobe is a script; another, `before`, does nothing.
    fn ran(gprobe: &str, lines: &str) -> Ran {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bpftrace");
        executable(&path, gprobe);
        // A command would have the script's name too, until it is executed.
        executable(&folder.path().join("before"), "kill -STOP $$");
        let place = Place { folder: folder.path().to_owned(), gprobe: path, unbuilt: Vec::new() };
        let cases = parse("mine", &format!("NAME n\n{lines}\nEXPECT a\n")).expect("a case");
        run(&cases[0], &place).expect("it runs")
    }

    #[test]
    fn a_script_is_quoted_and_its_end_is_told() {
        let ran = ran("echo \"$2\"; echo two >&2; exit 3", "PROG print 'a'\n     b");
        assert_eq!(String::from_utf8_lossy(&ran.output), "print 'a'\nb\ntwo\n");
        assert_eq!(ran.ended, Ended::Code(3));
    }

    #[test]
    fn what_comes_after_waits_for_attaching() {
        let gprobe = "echo Attached 1 probe; while [ ! -e made ]; do sleep 0.01; done; echo seen";
        let ran = ran(gprobe, "RUN {{BPFTRACE}} | cat\nAFTER touch made");
        assert_eq!(String::from_utf8_lossy(&ran.output), "Attached 1 probe\nseen\n");
        assert_eq!(ran.ended, Ended::Code(0));
    }

    #[test]
    fn what_runs_too_long_is_asked_to_end() {
        let gprobe = "trap 'echo asked; exit 0' TERM; echo Attached 2 probes; while :; do :; done";
        let ran = ran(gprobe, "PROG p\nTIMEOUT 0");
        assert_eq!(String::from_utf8_lossy(&ran.output), "Attached 2 probes\nasked\n");
        assert_eq!(ran.ended, Ended::TimedOut);
    }

    #[test]
    fn the_pid_of_what_runs_before_is_filled_in() {
        let lines = "RUN {{BPFTRACE}} {{BEFORE_PID}} $(pidof before)\nBEFORE ./before";
        let ran = ran("cat /proc/$1/comm /proc/$2/comm", lines);
        assert_eq!(String::from_utf8_lossy(&ran.output), "before\nbefore\n");
    }
}
