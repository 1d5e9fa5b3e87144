//! Reads a child's output line by line in the background, so that a wait can have a limit and
//! a child never blocks on a full pipe.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a child has printed so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    shared: Arc<(Mutex<State>, Condvar)>,
}

/// The text, and whether more can come.
#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    /// The same to the letter, with or without a newline at its end.
    text: String,
    closed: bool,
}

/// How a wait for a line ended.
pub(crate) enum Waited {
    /// The line came.
    Line(String),
    /// The output was closed before.
    Closed,
    /// The limit passed before.
    TimedOut,
}

impl Lines {
    /// Starts to read.
    pub(crate) fn read(source: impl Read + Send + 'static) -> Lines {
        let lines = Lines::default();
        let writer = lines.clone();
        thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut bytes = Vec::new();
            while source.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                bytes.clear();
                let mut state = writer.lock();
                state.lines.push(text.trim_end_matches(['\n', '\r']).to_owned());
                state.text.push_str(&text);
                drop(state);
                writer.shared.1.notify_all();
            }
            writer.lock().closed = true;
            writer.shared.1.notify_all();
        });
        lines
    }

    /// Waits for a line that `wanted` accepts, from the first line on.
    pub(crate) fn wait(&self, limit: Duration, wanted: impl Fn(&str) -> bool) -> Waited {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        let mut seen = 0;
        loop {
            if let Some(line) = state.lines.iter().skip(seen).find(|line| wanted(line)) {
                return Waited::Line(line.clone());
            }
            seen = state.lines.len();
            if state.closed {
                return Waited::Closed;
            }
            let now = Instant::now();
            if now >= deadline {
                return Waited::TimedOut;
            }
            state =
                self.shared.1.wait_timeout(state, deadline - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the output is closed; `false` when the limit passes before.
    pub(crate) fn wait_closed(&self, limit: Duration) -> bool {
        !matches!(self.wait(limit, |_| false), Waited::TimedOut)
    }

    /// All lines so far.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    /// All of it so far, as one text.
    pub(crate) fn text(&self) -> String {
        self.lock().text.clone()
    }

    /// The state stays whole if a reader panics: lines are only ever added.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
