//! Programs at work on a target: compiled, attached, listened to, and taken away, while others go on.

mod builder;
mod enter;
mod error;
mod event;
mod events;
pub(crate) mod filter;
mod map;
mod maps;
mod measure;
mod program;
mod script;
#[cfg(feature = "tokio")]
mod stream;
mod target;
pub(crate) mod types;
mod watch;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gprobe_compiler::Compiled;
use gprobe_compiler::artifact::{Loss, MapInfo};
use gprobe_compiler::resolve::Earlier;
use gprobe_compiler::target::Target;
use gprobe_lang::ast;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::SourceMap;
use gprobe_runtime::cost::Spent;
use gprobe_runtime::{ScriptId, Traced, Tracer};

pub use self::builder::Builder;
pub use self::enter::Entered;
pub use self::error::{Error, ScriptError};
pub use self::event::Event;
pub use self::events::{Events, StopHandle};
pub use self::map::{Bucket, MapSnapshot};
pub use self::measure::Measured;
pub use self::program::{Attachment, Program, ProgramId, State};
pub use self::script::Script;
#[cfg(feature = "cli")]
pub(crate) use self::script::without_number;
#[cfg(feature = "tokio")]
pub use self::stream::EventStream;
#[cfg(feature = "cli")]
pub(crate) use self::world::{ScriptWorld, Texts};

use self::event::Meaning;
use self::program::Slot;
use self::target::Traces;
use self::watch::Watch;

/// How often losses are looked at.
const LOSSES_EVERY: Duration = Duration::from_millis(500);

/// Programs on one target, or on the whole machine, which share their maps.
///
/// Each script that is compiled is a program of the session; it can be attached, detached and attached again while
/// others go on. A map that one program has made, each later one can use under its name, and it can be read until the
/// session is dropped, also when the target has ended. What scripts define (macros, types, providers) later ones can
/// use too.
///
/// Dropping a session takes all of it away.
pub struct Session {
    traces: Traces,
    tracer: Option<Tracer>,
    programs: BTreeMap<ProgramId, Slot>,
    next: u32,
    /// The number of the last program that was run once and forgotten: they count down.
    last: u32,
    earlier: Earlier,
    /// What scripts have defined.
    definitions: Vec<ast::Item>,
    maps: Vec<Arc<MapInfo>>,
    sources: SourceMap,
    stop: StopHandle,
    watches: Vec<Watch>,
    /// What happened while something else was done.
    waiting: Vec<Event>,
    /// What was lost and told, and when losses are next looked at.
    told: Vec<(Loss, u64)>,
    look_at_losses: Instant,
}

impl Session {
    /// Begins to say what a session is of.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn open(builder: Builder) -> Result<Self, Error> {
        Ok(Self {
            traces: Traces::open(builder)?,
            tracer: None,
            programs: BTreeMap::new(),
            next: 1,
            last: u32::MAX,
            earlier: Earlier::default(),
            definitions: Vec::new(),
            maps: Vec::new(),
            sources: SourceMap::new(),
            stop: StopHandle::default(),
            watches: Vec::new(),
            waiting: Vec::new(),
            told: Vec::new(),
            look_at_losses: Instant::now(),
        })
    }

    /// Compiles a script as the next program; nothing is attached. It can use the maps and definitions of the programs
    /// before it.
    ///
    /// Where the target is a command that turns out to be no Go program, and the script wants one, the command runs until it
    /// or what it starts executes one, and that is the target.
    ///
    /// # Errors
    /// [`Error::Script`], with all that is wrong with it.
    pub fn compile(&mut self, script: impl Into<Script>) -> Result<ProgramId, Error> {
        let script = script.into();
        let stop = self.stop.flag();
        let made = match self.made(&script, &|_| {}) {
            Err(Error::Script(error))
                if self.programs.is_empty() && self.traces.wants_go(&error) && self.tracer.is_none() =>
            {
                // A script or a launcher: what it comes to is what is meant.
                self.traces.follow(&stop)?;
                self.made(&script, &|_| {})
            }
            made => made,
        };
        Ok(self.keep(script, made?))
    }

    /// Takes what was compiled as the next program.
    fn keep(&mut self, script: Script, made: Made) -> ProgramId {
        let id = ProgramId(self.next);
        self.next += 1;
        self.keep_as(id, script, made)
    }

    /// Takes what is run once and forgotten: it uses up none of the numbers that are shown.
    fn keep_for_once(&mut self, script: Script, made: Made) -> ProgramId {
        self.last -= 1;
        self.keep_as(ProgramId(self.last), script, made)
    }

    fn keep_as(&mut self, id: ProgramId, script: Script, made: Made) -> ProgramId {
        let Made { compiled, warnings, definitions } = made;
        self.earlier = compiled.for_later;
        self.maps = compiled.artifact.maps.iter().cloned().map(Arc::new).collect();
        definitions.into_iter().for_each(|item| self.define(item));
        let meaning = Meaning::new(id, &compiled.artifact, &self.sources);
        let artifact = compiled.artifact;
        let slot = Slot { script, artifact, warnings, meaning, state: State::Compiled, loaded: None };
        self.programs.insert(id, slot);
        id
    }

    /// What is worth knowing of a script, where nothing is wrong with it; nothing of the session changes.
    ///
    /// # Errors
    /// [`Error::Script`], with all that is wrong with it.
    pub fn check(&mut self, script: &Script) -> Result<Vec<Diagnostic>, Error> {
        self.made(script, &|_| {}).map(|made| made.warnings)
    }

    /// What each stage of the compiler makes of a script; nothing of the session changes.
    ///
    /// # Errors
    /// [`Error::Script`], with all that is wrong with it.
    pub fn stages(&mut self, script: &Script) -> Result<Compiled, Error> {
        let made = self.made(script, &|_| {})?;
        Ok(Compiled { warnings: made.warnings, ..made.compiled })
    }

    fn made(&mut self, script: &Script, set: &dyn Fn(&mut Target<'_>)) -> Result<Made, Error> {
        let parsed = script.parse(&mut self.sources)?;
        self.make(script, parsed, set)
    }

    fn make(
        &mut self,
        script: &Script,
        (mut tree, mut warnings): (ast::Script, Vec<Diagnostic>),
        set: &dyn Fn(&mut Target<'_>),
    ) -> Result<Made, Error> {
        let own: Vec<Defined> = tree.items.iter().filter_map(defined).collect();
        let others =
            self.definitions.iter().filter(|item| !defined(item).is_some_and(|it| own.contains(&it)));
        let mut items: Vec<ast::Item> = others.cloned().collect();
        crate::files::spell_out(&mut tree, self.traces.pids().first().copied());
        if let Some(wanted) = script.wanted()
            && !filter::before(&mut tree, &**wanted, script.params())
        {
            return Err(Error::NoProbes);
        }
        let mut definitions: Vec<ast::Item> =
            tree.items.iter().filter(|item| defined(item).is_some()).cloned().collect();
        items.append(&mut tree.items);
        let tree = ast::Script { items };
        let world = self.traces.world(script, self.sources.clone());
        let mut target = self.traces.target(script, &world, &self.earlier);
        set(&mut target);
        let compiled = gprobe_compiler::compile(&tree, &target);
        let (sources, imported) = world.into_parts();
        self.sources = sources;
        let mut compiled = compiled.map_err(|diagnostics| {
            let diagnostics = warnings.iter().cloned().chain(diagnostics).collect();
            Error::from(ScriptError { diagnostics, sources: self.sources.clone() })
        })?;
        if let Some(wanted) = script.wanted()
            && !filter::after(&mut compiled.artifact, &**wanted)
        {
            return Err(Error::NoProbes);
        }
        warnings.append(&mut compiled.warnings);
        let imported = imported.into_iter().flat_map(|script| script.items);
        definitions.extend(imported.filter(|item| defined(item).is_some()));
        Ok(Made { compiled, warnings, definitions })
    }

    /// Keeps a definition, in place of an earlier one of its name.
    fn define(&mut self, item: ast::Item) {
        let name = defined(&item);
        self.definitions.retain(|known| defined(known) != name);
        self.definitions.push(item);
    }

    fn tracer(&mut self) -> Result<&mut Tracer, Error> {
        if self.tracer.is_none() {
            self.tracer = Some(self.traces.tracer()?);
        }
        self.tracer.as_mut().ok_or(Error::Target(gprobe_runtime::Error::NoScript))
    }

    /// Puts a program in the kernel, where it is not yet; nothing of it runs. [`attach`](Self::attach) does this too.
    ///
    /// # Errors
    /// Where the kernel refuses it.
    pub fn load(&mut self, id: ProgramId) -> Result<(), Error> {
        let slot = self.programs.get(&id).ok_or(Error::NoProgram(id))?;
        if slot.loaded.is_none() {
            let artifact = slot.artifact.clone();
            let loaded = self.tracer()?.load(artifact)?;
            if let Some(slot) = self.programs.get_mut(&id) {
                slot.loaded = Some(loaded);
            }
        }
        Ok(())
    }

    /// Runs a program's `begin` and puts its probes in place; also again, when they were taken away.
    ///
    /// # Errors
    /// Where the target has ended or is not as it should be, or the kernel does not allow it; then nothing stays.
    pub fn attach(&mut self, id: ProgramId) -> Result<Attachment, Error> {
        self.load(id)?;
        let loaded = self.loaded(id)?;
        self.tracer()?.attach(loaded)?;
        let slot = self.programs.get_mut(&id).ok_or(Error::NoProgram(id))?;
        slot.state = State::Attached;
        let probes = slot.artifact.probe_count();
        let tracer = self.tracer()?;
        Ok(Attachment { probes, places: tracer.places(loaded), left_out: tracer.left_out(loaded).to_vec() })
    }

    /// Takes a program's probes away and runs its `end`. What it still printed comes with the next [`poll`](Self::poll); its
    /// maps stay.
    ///
    /// # Errors
    /// Where `end` can't be run; the probes are gone all the same.
    pub fn detach(&mut self, id: ProgramId) -> Result<(), Error> {
        let slot = self.programs.get_mut(&id).ok_or(Error::NoProgram(id))?;
        let Some(loaded) = slot.loaded.filter(|_| slot.state == State::Attached) else { return Ok(()) };
        slot.state = State::Detached;
        Ok(self.tracer()?.detach(loaded)?)
    }

    /// As [`detach`](Self::detach), and forgets the program.
    ///
    /// # Errors
    /// Where `end` can't be run; the program is gone all the same.
    pub fn remove(&mut self, id: ProgramId) -> Result<(), Error> {
        let detached = self.detach(id);
        // What it printed must be told while it is known what that means.
        let events = self.collect()?;
        self.waiting.extend(events);
        if let Some(loaded) = self.programs.remove(&id).and_then(|slot| slot.loaded) {
            self.tracer()?.remove(loaded);
        }
        detached
    }

    /// Runs what a script does at once: its `begin`, what it goes over once (`iter:goroutine { ... }`), its `end`; gives what
    /// that did. It is no program of the session, but its maps are.
    ///
    /// # Errors
    /// Where the script is wrong or can't be run.
    pub fn run(&mut self, script: impl Into<Script>) -> Result<Vec<Event>, Error> {
        let script = script.into();
        let made = self.made(&script, &|_| {})?;
        let id = self.keep_for_once(script, made);
        self.run_and_remove(id)
    }

    fn run_and_remove(&mut self, id: ProgramId) -> Result<Vec<Event>, Error> {
        let done = self.run_once(id);
        let before = std::mem::take(&mut self.waiting);
        let removed = self.remove(id);
        let rest = std::mem::replace(&mut self.waiting, before);
        let mut events = done?;
        events.extend(rest);
        removed?;
        // Others go on meanwhile.
        let (own, others) = events.into_iter().partition(|event| event.program() == Some(id));
        self.waiting.extend::<Vec<Event>>(others);
        Ok(own)
    }

    fn run_once(&mut self, id: ProgramId) -> Result<Vec<Event>, Error> {
        self.attach(id)?;
        let loaded = self.loaded(id)?;
        self.tracer()?.first_rounds(loaded)?;
        self.collect()
    }

    /// Runs a test or a benchmark of a program, by its index in [`Program::own`], and gives what it did.
    ///
    /// # Errors
    /// Where the kernel does not run it.
    pub fn run_own(&mut self, id: ProgramId, index: usize) -> Result<Vec<Event>, Error> {
        let loaded = self.loaded(id)?;
        let traced = self.tracer()?.run_now(loaded, index)?;
        Ok(self.tell(traced))
    }

    fn loaded(&self, id: ProgramId) -> Result<ScriptId, Error> {
        self.programs.get(&id).and_then(|slot| slot.loaded).ok_or(Error::NoProgram(id))
    }

    /// All programs, in the order of their numbers.
    pub fn programs(&self) -> impl Iterator<Item = Program<'_>> {
        self.programs.iter().map(|(id, slot)| slot.program(*id))
    }

    /// A program.
    pub fn program(&self, id: ProgramId) -> Option<Program<'_>> {
        self.programs.get(&id).map(|slot| slot.program(id))
    }

    /// Waits up to `timeout` for events, 100 ms at most, and gives those that came. A signal ends the wait.
    ///
    /// # Errors
    /// Where the kernel does not let us wait, or a program that gprobe itself runs can't be run.
    pub fn poll(&mut self, timeout: Duration) -> Result<Vec<Event>, Error> {
        let mut events = std::mem::take(&mut self.waiting);
        let wait = if events.is_empty() { timeout } else { Duration::ZERO };
        // A target's end is told also where nothing is attached. What a command comes to is not known yet.
        if self.traces.is_settled() {
            self.tracer()?;
        }
        let Some(tracer) = &mut self.tracer else {
            std::thread::sleep(wait.min(Duration::from_millis(100)));
            return Ok(events);
        };
        let traced = tracer.poll(wait)?;
        let departures = tracer.departures();
        events.extend(self.tell(traced));
        events.extend(self.look_at_watched()?);
        for id in self.exited() {
            self.detach(id)?;
            events.extend(self.collect()?);
            let code = self.exit_code(id).unwrap_or(0);
            if let Some(slot) = self.programs.get_mut(&id) {
                slot.state = State::Exited(code);
            }
            events.push(Event::Exit { program: id, code });
        }
        events.extend(self.new_losses());
        events.extend(departures.into_iter().map(Event::TargetExit));
        Ok(events)
    }

    /// Takes what is there, without waiting.
    fn collect(&mut self) -> Result<Vec<Event>, Error> {
        let Some(tracer) = &mut self.tracer else { return Ok(Vec::new()) };
        let traced = tracer.poll(Duration::ZERO)?;
        Ok(self.tell(traced))
    }

    fn tell(&self, traced: Vec<Traced>) -> Vec<Event> {
        let event = |traced: Traced| {
            let Some(action) = traced.action else { return Some(Event::Broken) };
            // What a program printed that is forgotten is of no use to anyone.
            let slot = self.programs.values().find(|slot| slot.meaning.has(action))?;
            Some(slot.meaning.event(traced, &self.maps))
        };
        traced.into_iter().filter_map(event).collect()
    }

    /// Programs that have called `exit()` and are attached still.
    fn exited(&self) -> Vec<ProgramId> {
        let attached = self.programs.iter().filter(|(_, slot)| slot.state == State::Attached);
        attached.map(|(id, _)| *id).filter(|id| self.exit_code(*id).is_some()).collect()
    }

    /// The code that a program gave to `exit()`, once it has called it.
    pub fn exit_code(&self, id: ProgramId) -> Option<u8> {
        self.tracer.as_ref()?.exit_code(self.loaded(id).ok()?)
    }

    fn new_losses(&mut self) -> Vec<Event> {
        let now = Instant::now();
        if now < self.look_at_losses {
            return Vec::new();
        }
        self.look_at_losses = now + LOSSES_EVERY;
        let losses = self.losses();
        let before = |what: Loss| self.told.iter().find(|(told, _)| *told == what).map_or(0, |(_, n)| *n);
        let new = losses.iter().map(|(what, count)| (*what, count.saturating_sub(before(*what))));
        let events =
            new.filter(|(_, new)| *new > 0).map(|(what, count)| Event::Loss { what, count }).collect();
        self.told = losses;
        events
    }

    /// Waits for each event in turn. It ends when it was [stopped](Self::stop_handle) or nothing can come any more: no
    /// program is attached that could do anything, or the target has ended. What comes then of `end` comes when the program is
    /// [detached](Self::detach).
    pub fn events(&mut self) -> Events<'_> {
        Events::new(self)
    }

    /// Whether anything can still come: a program is attached that waits for something, and the target is there.
    pub fn is_live(&self) -> bool {
        let Some(tracer) = &self.tracer else { return false };
        let attached = self.programs.values().filter_map(|slot| slot.loaded);
        attached.into_iter().any(|id| tracer.is_live(id)) && !tracer.target_ended()
    }

    /// What ends [`events`](Self::events), from any thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// What was lost in all, of each kind of which anything was.
    pub fn losses(&self) -> Vec<(Loss, u64)> {
        self.tracer.as_ref().map(Tracer::losses).unwrap_or_default()
    }

    /// What a program has been through, where [hits are counted](Builder::count_hits).
    pub fn spent(&self, id: ProgramId) -> Spent {
        let tracer = self.tracer.as_ref().zip(self.loaded(id).ok());
        tracer.map(|(tracer, id)| tracer.spent(id)).unwrap_or_default()
    }

    /// Takes some probes of a program away, by their indices in [`Program::artifact`]; the others stay.
    pub fn withdraw(&mut self, id: ProgramId, programs: &[usize]) {
        if let (Ok(loaded), Some(tracer)) = (self.loaded(id), &mut self.tracer) {
            tracer.withdraw(loaded, programs);
        }
    }

    /// All source texts so far: what spans of diagnostics are of.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }
}

/// What came of a compile.
struct Made {
    compiled: Compiled,
    warnings: Vec<Diagnostic>,
    definitions: Vec<ast::Item>,
}

/// What an item defines, for later scripts too: what it is, and its name.
type Defined = (&'static str, String);

fn defined(item: &ast::Item) -> Option<Defined> {
    match item {
        ast::Item::Macro(it) => Some(("macro", it.name.value.clone())),
        ast::Item::CType(it) => Some(("type", it.name.value.clone())),
        ast::Item::Provider(it) => Some(("moment", it.name.text.value.clone())),
        ast::Item::Function(it) => Some(("function", it.name.value.clone())),
        _ => None,
    }
}
