//! `gprobe` without a script: a prompt on a live process.
//!
//! The [engine](engine) knows no terminal: lines come in, text goes out. It runs in a thread of its own and tells what
//! happens in the background while somebody types.

mod commands;
mod engine;
mod goroutines;
mod input;
mod out;
mod plain;
mod save;
mod terminal;

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use self::engine::{Engine, Flow};
use self::out::Out;
use super::Failure;
use super::args::Run;
use crate::complete::{Known, Names};

/// What stands before what is typed.
const PROMPT: &str = "gprobe> ";

/// How long events are waited for while nobody has typed anything: what is typed waits as long.
const WAIT: Duration = Duration::from_millis(20);

/// `gprobe [-p PID]`
pub(super) fn repl(args: &Run) -> Result<u8, Failure> {
    if !io::stdin().is_terminal() {
        return plain::piped(args);
    }
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if dumb || !io::stdout().is_terminal() {
        return plain::dumb(args);
    }
    terminal::run(args)
}

/// What terminal and engine share.
#[derive(Clone, Default)]
struct Shared {
    known: Arc<RwLock<Known>>,
    /// Set by Ctrl-C while something runs.
    interrupted: Arc<std::sync::atomic::AtomicBool>,
}

/// An engine at work in a thread of its own.
struct Working {
    lines: Sender<String>,
    flows: Receiver<Flow>,
    thread: std::thread::JoinHandle<()>,
}

impl Working {
    /// Lets an engine work.
    fn start(mut engine: Engine) -> io::Result<Self> {
        let (lines, typed) = channel::<String>();
        let (done, flows) = channel();
        let thread = std::thread::Builder::new().name("engine".into()).spawn(move || {
            loop {
                match typed.recv_timeout(if engine.is_live() { Duration::ZERO } else { WAIT }) {
                    Ok(line) => {
                        let flow = engine.line(&line);
                        if done.send(flow).is_err() || flow == Flow::Quit {
                            return;
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        engine.rest();
                        engine.idle(WAIT);
                    }
                    Err(RecvTimeoutError::Disconnected) => return engine.leave(),
                }
            }
        })?;
        Ok(Self { lines, flows, thread })
    }

    /// Has a line done, and waits until it is.
    fn line(&self, line: String) -> Flow {
        match self.lines.send(line) {
            Ok(()) => self.flows.recv().unwrap_or(Flow::Quit),
            Err(_) => Flow::Quit,
        }
    }

    /// Takes all away.
    fn leave(self) {
        drop(self.lines);
        // What it had to say of a panic, the thread has said.
        let _ = self.thread.join();
    }
}

/// Prepares names beside what else is done: the prompt is there at once.
fn prepare_names(shared: &Shared) {
    let known = Arc::clone(&shared.known);
    let _ = std::thread::Builder::new().name("names".into()).spawn(move || {
        let program = known.read().ok().and_then(|known| known.program.clone());
        if let Some(program) = program {
            let names = program.binary.functions().names().into_iter().map(str::to_owned);
            let names = Arc::new(Names::of(names));
            known.write().into_iter().for_each(|mut known| known.functions = Arc::clone(&names));
        }
        let tracepoints =
            gprobe_compiler::target::World::tracepoints(&gprobe_runtime::LiveWorld::new(&[]), "*", "*");
        let names = tracepoints.into_iter().flatten().map(|(category, name)| format!("{category}:{name}"));
        let names = Arc::new(Names::of(names));
        known.write().into_iter().for_each(|mut known| known.tracepoints = Arc::clone(&names));
    });
}
