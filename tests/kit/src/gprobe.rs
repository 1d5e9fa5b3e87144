//! Runs the gprobe binary, with a limit of time, and reads what it says.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Map, Value};

use crate::lines::{Lines, Waited};
use crate::patience::patience;
use crate::target::kill_group;

/// How long gprobe may run unless the test says otherwise.
const LIMIT: Duration = Duration::from_secs(60);

/// What gprobe says on standard error once its last probe is in place.
const ATTACHED: &str = "Attached ";

/// A gprobe command to run.
#[derive(Debug)]
pub struct Gprobe {
    command: Command,
    limit: Duration,
}

impl Gprobe {
    /// The gprobe built with the running test: `$GPROBE_BIN`, or the binary beside the test in
    /// the target folder.
    pub fn new() -> Gprobe {
        if let Some(path) = std::env::var_os("GPROBE_BIN") {
            return Gprobe::at(path);
        }
        let test = std::env::current_exe().unwrap_or_default();
        // A test lies in `target/PROFILE/deps`, an example or xtask a folder above or beside.
        let found =
            test.ancestors().skip(1).take(2).map(|folder| folder.join("gprobe")).find(|path| path.is_file());
        match found {
            Some(path) => Gprobe::at(path),
            None => panic!("no gprobe beside {}: `cargo build`, or set GPROBE_BIN", test.display()),
        }
    }

    /// The gprobe at `path`, such as `env!("CARGO_BIN_EXE_gprobe")`.
    pub fn at(path: impl AsRef<OsStr>) -> Gprobe {
        let mut command = Command::new(path);
        // What a developer has set up must not show in the output that tests compare.
        command.env_remove("GPROBE_CONFIG").env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8");
        Gprobe { command, limit: patience(LIMIT) }
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Gprobe {
        self.command.args(args);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Gprobe {
        self.command.env(name, value);
        self
    }

    /// Runs it in another folder.
    pub fn current_dir(mut self, folder: &Path) -> Gprobe {
        self.command.current_dir(folder);
        self
    }

    /// Kills it and fails the test after `limit` rather than after a minute.
    pub fn limit(mut self, limit: Duration) -> Gprobe {
        self.limit = patience(limit);
        self
    }

    /// The path of the binary.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(self.command.get_program())
    }

    /// Runs it to its end.
    pub fn run(self) -> Output {
        self.start().wait()
    }

    /// Starts it and waits until all probes are attached.
    pub fn run_until_attached(self) -> Running {
        let mut running = self.start();
        match running.stderr.wait(running.limit, |line| line.starts_with(ATTACHED)) {
            Waited::Line(_) => running,
            Waited::Closed => running.fail("ended before it had attached"),
            Waited::TimedOut => running.fail("did not attach in time"),
        }
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let words: Vec<OsString> = self.command.get_args().map(OsStr::to_owned).collect();
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {:?}: {error}", self.command));
        let stdout = child.stdout.take().map(Lines::read).unwrap_or_default();
        let stderr = child.stderr.take().map(Lines::read).unwrap_or_default();
        Running { words, child, stdout, stderr, limit: self.limit, started: Instant::now() }
    }
}

impl Default for Gprobe {
    fn default() -> Self {
        Gprobe::new()
    }
}

/// A gprobe that runs; dropping it kills it.
#[derive(Debug)]
pub struct Running {
    words: Vec<OsString>,
    child: Child,
    stdout: Lines,
    stderr: Lines,
    limit: Duration,
    started: Instant,
}

impl Running {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of standard output with this beginning and gives it.
    pub fn wait_for(&mut self, beginning: &str) -> String {
        match self.stdout.wait(self.left(), |line| line.starts_with(beginning)) {
            Waited::Line(line) => line,
            Waited::Closed => self.fail(&format!("ended before it printed `{beginning}`")),
            Waited::TimedOut => self.fail(&format!("did not print `{beginning}` in time")),
        }
    }

    /// Sends SIGINT, as Ctrl-C does, and waits for the end.
    pub fn interrupt(&mut self) -> Output {
        self.signal(Signal::INT);
        self.wait()
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) {
        kill_group(&mut self.child, signal);
    }

    /// Waits for the end; kills it and panics when its limit passes.
    pub fn wait(&mut self) -> Output {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    let limit = patience(Duration::from_secs(10));
                    if !self.stdout.wait_closed(limit) || !self.stderr.wait_closed(limit) {
                        self.fail("ended, but something that it started holds its output open");
                    }
                    return Output {
                        code: status.code(),
                        stdout: self.stdout.text(),
                        stderr: self.stderr.text(),
                    };
                }
                Ok(None) if self.left().is_zero() => self.fail("did not end in time"),
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                Err(error) => self.fail(&format!("cannot be waited for: {error}")),
            }
        }
    }

    /// What is left of the limit.
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }

    /// Panics with all that gprobe said.
    fn fail(&mut self, what: &str) -> ! {
        kill_group(&mut self.child, Signal::KILL);
        self.stderr.wait_closed(patience(Duration::from_secs(5)));
        panic!(
            "gprobe {what} after {:?}: gprobe {:?}\n--- its stdout\n{}--- its stderr\n{}",
            self.started.elapsed(),
            self.words,
            self.stdout.text(),
            self.stderr.text()
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_group(&mut self.child, Signal::KILL);
        let _ = self.child.wait();
    }
}

/// All that a gprobe said.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Panics with all output unless the exit code is 0.
    pub fn success(self) -> Output {
        assert!(self.code == Some(0), "gprobe ended with {:?}\n{self}", self.code);
        self
    }

    /// The values that `-f json` printed, one a line.
    pub fn json_lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("not JSON ({error}): {line}\n{self}"))
            })
            .collect()
    }

    /// The maps that `-f json` printed by name (`@`, `@calls`), whatever they hold; of a map
    /// printed twice the later one.
    pub fn maps(&self) -> Map<String, Value> {
        let mut maps = Map::new();
        for mut line in self.json_lines() {
            if let Some(Value::Object(data)) = line.get_mut("data").map(Value::take) {
                maps.extend(data.into_iter().filter(|(name, _)| name.starts_with('@')));
            }
        }
        maps
    }

    /// The map `name`; panics with all output where there is none.
    pub fn map(&self, name: &str) -> Value {
        match self.maps().remove(name) {
            Some(value) => value,
            None => panic!("gprobe printed no map `{name}`\n{self}"),
        }
    }

    /// The texts that `printf` and `print` wrote under `-f json`, joined.
    pub fn printed(&self) -> String {
        let texts = self.json_lines().into_iter().filter(|line| line["type"] == "printf");
        texts.filter_map(|line| line["data"].as_str().map(str::to_owned)).collect()
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--- gprobe's stdout\n{}--- gprobe's stderr\n{}", self.stdout, self.stderr)
    }
}
