//! A Go program under test, and the protocol that it speaks.
//!
//! It prints `ready pid=N` and waits for a line on its standard input (`go`); then it does its
//! counted work, prints `truth NAME VALUE` lines and `done`, and stays alive until its standard
//! input is closed. So a probe can be attached before the first call that counts, and maps and
//! stacks can be read after the last one.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::lines::{Lines, Waited};
use crate::patience::patience;

/// How long a program may take for each step. Work under many probes is slow.
const LIMIT: Duration = Duration::from_secs(120);

/// A running Go program; dropping it kills it and all that it started.
#[derive(Debug)]
pub struct Target {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
    limit: Duration,
}

impl Target {
    /// Starts `program` and waits until it is ready.
    pub fn start(program: &Path, args: &[&str]) -> Target {
        Target::start_command(Command::new(program).args(args))
    }

    /// Starts a command, with the environment and the folder that it has, and waits until the
    /// program is ready.
    pub fn start_command(command: &mut Command) -> Target {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(Lines::read).unwrap_or_default();
        let stderr = child.stderr.take().map(Lines::read).unwrap_or_default();
        let target = Target { child, stdin, stdout, stderr, limit: patience(LIMIT) };
        target.wait_line(|line| line.starts_with("ready pid="), "`ready`");
        target
    }

    /// Lets each later step take up to `limit` rather than two minutes.
    pub fn limit(&mut self, limit: Duration) -> &mut Target {
        self.limit = patience(limit);
        self
    }

    /// The process id, as the program itself sees it in this pid namespace.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets the program begin its work.
    pub fn go(&mut self) {
        self.send("go");
    }

    /// Writes a line to the program.
    pub fn send(&mut self, line: &str) {
        let written = self.stdin.as_mut().map(|stdin| stdin.write_all(format!("{line}\n").as_bytes()));
        if !matches!(written, Some(Ok(()))) {
            self.fail(&format!("does not read `{line}`"));
        }
    }

    /// Waits until the work is done.
    pub fn wait_done(&self) {
        self.wait_line(|line| line == "done", "`done`");
    }

    /// What the program counted under `name`; waits until the work is done.
    pub fn truth(&self, name: &str) -> u64 {
        match self.truths().get(name) {
            Some(value) => *value,
            None => self.fail(&format!("says no truth `{name}`")),
        }
    }

    /// All that the program counted; waits until the work is done.
    pub fn truths(&self) -> BTreeMap<String, u64> {
        self.wait_done();
        let mut truths = BTreeMap::new();
        for line in self.stdout.all() {
            if let Some((name, value)) = line.strip_prefix("truth ").and_then(|rest| rest.rsplit_once(' ')) {
                match value.parse() {
                    Ok(value) => truths.insert(name.to_owned(), value),
                    Err(_) => self.fail(&format!("says a truth that is no count: {line}")),
                };
            }
        }
        truths
    }

    /// The lines printed so far.
    pub fn lines(&self) -> Vec<String> {
        self.stdout.all()
    }

    /// Waits for a line with this beginning and gives it.
    pub fn wait_for(&self, beginning: &str) -> String {
        self.wait_line(|line| line.starts_with(beginning), &format!("`{beginning}`"))
    }

    /// Whether the program still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Closes the program's input and waits for its good end: a probe that harmed it shows here.
    pub fn finish(mut self) {
        let status = self.end();
        if !status.success() {
            self.fail(&format!("ended with {status}"));
        }
    }

    /// Closes the program's input and waits for its end, good or bad.
    pub fn end(&mut self) -> ExitStatus {
        drop(self.stdin.take());
        let deadline = Instant::now() + self.limit;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    // What it said last is read by another thread.
                    self.stdout.wait_closed(patience(Duration::from_secs(5)));
                    return status;
                }
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
                Ok(None) => self.fail("does not end"),
                Err(error) => self.fail(&format!("cannot be waited for: {error}")),
            }
        }
    }

    /// Waits for a line of standard output.
    fn wait_line(&self, wanted: impl Fn(&str) -> bool, what: &str) -> String {
        match self.stdout.wait(self.limit, wanted) {
            Waited::Line(line) => line,
            Waited::Closed => {
                // What killed it stands on standard error, which another thread reads.
                self.stderr.wait_closed(patience(Duration::from_secs(5)));
                self.fail(&format!("ended before it said {what}"))
            }
            Waited::TimedOut => self.fail(&format!("did not say {what} within {:?}", self.limit)),
        }
    }

    /// Panics with all that the program said.
    fn fail(&self, what: &str) -> ! {
        panic!(
            "the target {} {what}\n--- its stdout\n{}--- its stderr\n{}",
            self.pid(),
            self.stdout.text(),
            self.stderr.text()
        )
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        kill_group(&mut self.child, Signal::KILL);
        // A child that has gone already leaves nothing to wait for.
        let _ = self.child.wait();
    }
}

/// Sends a signal to a child that leads its process group, and to all in it.
pub(crate) fn kill_group(child: &mut Child, signal: Signal) {
    // Once a child has been waited for, its number may belong to another process.
    if matches!(child.try_wait(), Ok(None))
        && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
    {
        let _ = kill_process_group(pid, signal);
    }
}
