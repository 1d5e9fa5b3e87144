//! Lines become effects on a session; what happens meanwhile is shown.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gprobe_lang::diagnostic::{Diagnostic, did_you_mean, render};

use super::commands::{self, COMMANDS};
use super::input::{Kind, Typed, assigns};
use super::{Out, Shared};
use crate::cli::Failure;
use crate::cli::args::Run;
use crate::cli::run::{builder, lost};
use crate::cli::target::scene;
use crate::output::{Format, Sink};
use crate::session::types::map_type;
use crate::session::{Entered, Event, ProgramId, Script, Session};

/// What comes after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// The next one; whether this one was right.
    Next { right: bool },
    /// The end.
    Quit,
}

/// A session and what was typed in it.
pub(super) struct Engine {
    pub(super) args: Run,
    pub(super) session: Session,
    pub(super) sink: Sink<'static>,
    pub(super) out: Out,
    pub(super) shared: Shared,
    pub(super) colour: bool,
    /// Most rows of a map; `None`: all.
    pub(super) limit: Option<u64>,
    pub(super) typed: Vec<Typed>,
    /// Files that this session has written: they may be written again.
    pub(super) written: BTreeSet<PathBuf>,
    inputs: u32,
}

impl Engine {
    /// On the target that the command line names.
    pub(super) fn open(args: &Run, out: Out, shared: Shared, colour: bool) -> Result<Self, Failure> {
        let session = builder(args)?.build()?;
        let mut engine = Self {
            sink: sink(args, &session, &out),
            args: args.clone(),
            session,
            out,
            shared,
            colour,
            limit: None,
            typed: Vec::new(),
            written: BTreeSet::new(),
            inputs: 0,
        };
        engine.tell_known();
        Ok(engine)
    }

    /// Goes on with another session.
    pub(super) fn renew(&mut self, session: Session) {
        self.sink = sink(&self.args, &session, &self.out);
        self.session = session;
        self.tell_known();
    }

    /// What the target is, in a line.
    pub(super) fn banner(&self) -> String {
        let version = concat!("gprobe v", env!("CARGO_PKG_VERSION"));
        let pids: Vec<u32> = self.session.targets().into_iter().map(|(pid, _)| pid).collect();
        let target = match (self.session.executable(), pids.as_slice()) {
            (None, _) => "no target (`:attach PID`); tracepoints and timers can be probed".to_owned(),
            (Some(program), pids) => {
                let name = program.name.rsplit('/').next().unwrap_or(&program.name);
                let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
                let pids = if pids.is_empty() { "all processes".to_owned() } else { pids.join(", ") };
                let go = program.binary.go_version().map_or("no Go program".to_owned(), |go| {
                    format!("Go {}", plain(go.text.trim_start_matches("go")))
                });
                format!("{name} ({pids}), {go}, {} functions", program.binary.functions().len())
            }
        };
        let held = match self.session.command() {
            Some(_) => "\nThe command stands before its first instruction until the first probe is attached.",
            None => "",
        };
        format!("{version} on {target}. :help says what can be done.{held}")
    }

    pub(super) fn is_live(&self) -> bool {
        self.session.is_live()
    }

    /// Does what a line says.
    pub(super) fn line(&mut self, line: &str) -> Flow {
        self.shared.interrupted.store(false, Ordering::Relaxed);
        let text = line.trim();
        if text.is_empty() {
            return Flow::Next { right: true };
        }
        let done = match text.strip_prefix(':') {
            Some(command) => self.command(command),
            None => self.enter(text).map(|()| Flow::Next { right: true }),
        };
        let flow = done.unwrap_or_else(|failure| {
            self.say_failure(&failure);
            Flow::Next { right: false }
        });
        if flow == Flow::Quit {
            self.leave();
        }
        self.tell_known();
        // What was ended is over: what happens from here on is shown.
        self.shared.interrupted.store(false, Ordering::Relaxed);
        flow
    }

    /// Hears Ctrl-C while nothing is being done.
    pub(super) fn rest(&mut self) {
        if self.shared.interrupted.swap(false, Ordering::Relaxed) {
            self.say("nothing is being done; Ctrl-D leaves");
        }
    }

    fn command(&mut self, text: &str) -> Result<Flow, Failure> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let Some(command) = commands::find(name) else {
            let names = COMMANDS.iter().map(|command| command.name);
            let hint = did_you_mean(name, names).unwrap_or_else(|| "`:help` lists all commands".to_owned());
            return Err(Failure::Hinted(format!("there is no command `:{name}`"), hint));
        };
        (command.run)(self, rest.trim())
    }

    /// Takes probes, or evaluates.
    pub(super) fn enter(&mut self, text: &str) -> Result<(), Failure> {
        let script = Script::named(self.next_name(), text);
        match self.session.enter(script)? {
            Entered::Program(id) => self.attach(id, text),
            Entered::Done(events) => {
                self.show_all(&events);
                if assigns(text) {
                    self.typed.push(Typed { text: text.to_owned(), kind: Kind::Assignment });
                }
                Ok(())
            }
            Entered::Defined => {
                self.typed.push(Typed { text: text.to_owned(), kind: Kind::Definition });
                Ok(())
            }
        }
    }

    /// How messages call the next input.
    pub(super) fn next_name(&mut self) -> String {
        self.inputs += 1;
        format!("input {}", self.inputs)
    }

    /// Attaches a new program, and says so.
    pub(super) fn attach(&mut self, id: ProgramId, text: &str) -> Result<(), Failure> {
        if let Some(program) = self.session.program(id) {
            let warnings = program.warnings.to_vec();
            self.say_diagnostics(&warnings);
        }
        if let Err(error) = self.put(id) {
            self.session.remove(id)?;
            return Err(error);
        }
        self.typed.push(Typed { text: text.to_owned(), kind: Kind::Program(id) });
        Ok(())
    }

    /// Puts a program's probes in place, and says so.
    pub(super) fn put(&mut self, id: ProgramId) -> Result<(), Failure> {
        let attachment = self.session.attach(id)?;
        self.session.release()?;
        for left_out in attachment.left_out.iter().take(10) {
            self.say(&format!("left out: `{}`: {}", left_out.function, left_out.why));
        }
        let Some(program) = self.session.program(id) else { return Ok(()) };
        self.sink.attached(id, program.show(), attachment.probes)?;
        let (probes, places) = (attachment.probes, attachment.places);
        let what = program.probes().join(", ");
        let count = if probes == 1 { "1 probe".to_owned() } else { format!("{probes} probes") };
        let at = if places <= probes { String::new() } else { format!(" at {places} places") };
        let line = format!("[{id}] {}: {count}{at}", cut(&plain(&what), 60));
        self.say_dim(&line);
        Ok(())
    }

    /// Shows what has happened, waiting a little for it.
    pub(super) fn idle(&mut self, wait: Duration) {
        match self.session.poll(wait) {
            Ok(events) => self.show_all(&events),
            Err(error) => self.say_failure(&error.into()),
        }
    }

    /// Shows what happens for a while; Ctrl-C ends it.
    pub(super) fn watch(&mut self, time: Option<Duration>) {
        let begun = Instant::now();
        loop {
            let left = time.map(|time| time.saturating_sub(begun.elapsed()));
            if left.is_some_and(|left| left.is_zero()) || self.is_interrupted() {
                return;
            }
            self.idle(left.unwrap_or(Duration::from_millis(50)).min(Duration::from_millis(50)));
            if time.is_none() && !self.session.is_live() {
                return;
            }
        }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.shared.interrupted.load(Ordering::Relaxed)
    }

    /// Shows events; Ctrl-C leaves out the rest.
    pub(super) fn show_all(&mut self, events: &[Event]) {
        for event in events {
            if self.is_interrupted() {
                break;
            }
            if let Err(error) = self.show(event) {
                self.say(&format!("the output can't be written: {error}"));
            }
        }
        if let Err(error) = self.sink.flush() {
            self.say(&format!("the output can't be written: {error}"));
        }
    }

    fn show(&mut self, event: &Event) -> std::io::Result<()> {
        match event {
            Event::Map { map, top: None, div, .. } => self.sink.map(map, self.limit, *div),
            Event::Broken => {
                self.sink.flush()?;
                self.say("a record could not be read, which is a bug of gprobe");
                Ok(())
            }
            Event::Loss { what, count } => {
                self.sink.flush()?;
                self.say(&lost(*what, *count));
                Ok(())
            }
            Event::Exit { program, code } => {
                self.sink.flush()?;
                self.say_dim(&format!("[{program}] called exit({code}): its probes were taken away"));
                Ok(())
            }
            Event::TargetExit(gone) => {
                self.sink.flush()?;
                let fate = match &gone.fate {
                    gprobe_runtime::Fate::Executed(now) => format!("now runs {}", plain(now)),
                    _ => "has ended".to_owned(),
                };
                self.say(&format!(
                    "process {} {fate}: its probes are gone; maps can still be read",
                    gone.pid
                ));
                Ok(())
            }
            other => self.sink.event(other),
        }
    }

    /// Takes all away, and shows what is still said.
    pub(super) fn leave(&mut self) {
        let all: Vec<ProgramId> = self.session.programs().map(|program| program.id).collect();
        for id in all {
            if let Err(error) = self.session.detach(id) {
                self.say_failure(&error.into());
            }
        }
        self.idle(Duration::ZERO);
    }

    /// Lets completion know what is there now.
    fn tell_known(&mut self) {
        let maps = self.session.maps();
        let maps = maps.iter().map(|map| {
            let ty = map_type(map);
            (map.name.clone(), ty.strip_prefix(&map.name).unwrap_or(&ty).trim_start_matches(": ").to_owned())
        });
        if let Ok(mut known) = self.shared.known.write() {
            known.maps = maps.collect();
            known.program = self.session.executable().cloned();
            if known.commands.is_empty() {
                known.commands = commands::help();
            }
        }
    }

    /// A line; what a target may have put in it can't steer the terminal.
    pub(super) fn say(&self, text: &str) {
        self.out.say(&plain(text));
    }

    pub(super) fn say_dim(&self, text: &str) {
        match self.colour {
            true => self.out.say(&format!("\x1b[2m{}\x1b[0m", plain(text))),
            false => self.say(text),
        }
    }

    pub(super) fn say_diagnostics(&self, diagnostics: &[Diagnostic]) {
        if !diagnostics.is_empty() {
            self.out.say(render(diagnostics, self.session.sources(), self.colour).trim_end());
        }
    }

    pub(super) fn say_failure(&self, failure: &Failure) {
        match failure {
            Failure::Script(diagnostics, sources) => {
                self.out.say(render(diagnostics, sources, self.colour).trim_end());
            }
            Failure::Hinted(message, hint) => self.say(&format!("{message}; {hint}")),
            Failure::Unreadable(message) | Failure::Target(message) => self.say(message),
            Failure::Output(error) => self.say(&error.to_string()),
        }
    }

    /// A program by the number that was typed.
    pub(super) fn program(&self, text: &str) -> Result<ProgramId, Failure> {
        let id = text.trim_matches(['[', ']']).parse().ok().map(ProgramId);
        let found = id.filter(|id| self.session.program(*id).is_some());
        found.ok_or_else(|| {
            let message = format!("there is no program {text}");
            Failure::Hinted(message, "`:probes` lists them".to_owned())
        })
    }
}

/// Where a session's output goes.
fn sink(args: &Run, session: &Session, out: &Out) -> Sink<'static> {
    let pids: Vec<u32> = session.targets().into_iter().map(|(pid, _)| pid).collect();
    Sink::new(Box::new(out.writer()), Format::Text).with_messages(Box::new(out.writer())).of(scene(
        &pids,
        args.target.exe.as_deref(),
        true,
    ))
}

pub(super) fn plain(text: &str) -> String {
    crate::output::escape(text).into_owned()
}

/// A text of at most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() > most {
        true => line.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        false => line,
    }
}
