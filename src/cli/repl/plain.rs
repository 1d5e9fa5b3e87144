//! Without an editor of lines: input from a pipe, and terminals that can do nothing.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gprobe_lang::wants_more;

use super::engine::{Engine, Flow};
use super::{Out, PROMPT, Shared, Working};
use crate::cli::args::Run;
use crate::cli::{Failure, SCRIPT_WRONG};

/// Does what comes from a pipe, in order; at its end all is taken away. 1 where anything was wrong.
pub(super) fn piped(args: &Run) -> Result<u8, Failure> {
    let shared = Shared::default();
    interrupts(&shared)?;
    let out = Out::stdout(Arc::clone(&shared.interrupted));
    let mut engine = Engine::open(args, out, shared, false)?;
    let mut wrong = false;
    let mut input = Input::default();
    for line in io::stdin().lock().lines() {
        let Some(text) = input.add(&line?) else { continue };
        match engine.line(&text) {
            Flow::Next { right } => wrong |= !right,
            Flow::Quit => return Ok(if wrong { SCRIPT_WRONG } else { 0 }),
        }
        engine.idle(std::time::Duration::ZERO);
    }
    if let Some(text) = input.rest() {
        wrong |= engine.line(&text) != Flow::Next { right: true };
    }
    engine.leave();
    Ok(if wrong { SCRIPT_WRONG } else { 0 })
}

/// A prompt on a terminal that can do nothing: what happens is shown when it does.
pub(super) fn dumb(args: &Run) -> Result<u8, Failure> {
    let shared = Shared::default();
    interrupts(&shared)?;
    // What appears while somebody types begins on a line of its own, and the prompt comes again.
    let prompting = Arc::new(AtomicBool::new(false));
    let at_prompt = Arc::clone(&prompting);
    let shown = Out::new(Arc::clone(&shared.interrupted), move |text| {
        let text = if at_prompt.load(Ordering::Relaxed) { format!("\n{text}{PROMPT}") } else { text };
        // Who reads no more is told nothing more.
        let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
    });
    let engine = Engine::open(args, shown, shared, false)?;
    let mut out = io::stdout();
    writeln!(out, "{}", engine.banner())?;
    let working = Working::start(engine)?;
    let mut input = Input::default();
    let mut lines = io::stdin().lock().lines();
    loop {
        write!(out, "{}", if input.is_empty() { PROMPT } else { "      > " })?;
        out.flush()?;
        prompting.store(true, Ordering::Relaxed);
        let Some(line) = lines.next() else { break };
        prompting.store(false, Ordering::Relaxed);
        let Some(text) = input.add(&line?) else { continue };
        if working.line(text) == Flow::Quit {
            return Ok(0);
        }
    }
    writeln!(out)?;
    working.leave();
    Ok(0)
}

/// Ctrl-C ends what is being done; a second one, where it does not end, all of it.
pub(super) fn interrupts(shared: &Shared) -> io::Result<()> {
    use signal_hook::consts::SIGINT;
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&shared.interrupted))?;
    signal_hook::flag::register(SIGINT, Arc::clone(&shared.interrupted))?;
    Ok(())
}

/// Lines that make an input together.
#[derive(Default)]
struct Input(String);

impl Input {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a line; gives the input where that is the last of it. An empty line ends it too.
    fn add(&mut self, line: &str) -> Option<String> {
        if self.0.is_empty() && line.trim_start().starts_with(':') {
            return Some(line.to_owned());
        }
        let ends = line.trim().is_empty() && !self.0.is_empty();
        self.0.push_str(line);
        self.0.push('\n');
        (ends || !wants_more(&self.0)).then(|| std::mem::take(&mut self.0))
    }

    /// What was begun and not ended.
    fn rest(self) -> Option<String> {
        (!self.0.trim().is_empty()).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_until_they_are_whole() {
        let mut input = Input::default();
        assert_eq!(input.add("go:main.f {"), None);
        assert_eq!(input.add("  @ = count();"), None);
        assert_eq!(input.add("}").as_deref(), Some("go:main.f {\n  @ = count();\n}\n"));
        assert_eq!(input.add(":probes").as_deref(), Some(":probes"));
        assert_eq!(input.add("begin {"), None);
        assert_eq!(input.add("").as_deref(), Some("begin {\n\n"));
        assert_eq!(input.add("@x").as_deref(), Some("@x\n"));
        assert_eq!(input.rest(), None);
    }
}
