//! What a session traces: processes, an executable, a command; and what the compiler is told of it.

use std::sync::atomic::AtomicBool;

use gprobe_compiler::resolve::Earlier;
use gprobe_compiler::target::{KernelFacts, Options, Processes, Target, TargetBinary};
use gprobe_lang::source::SourceMap;
use gprobe_runtime::process::Spawned;
use gprobe_runtime::{LiveWorld, Symbolise, Tracer, kernel};
use gprobe_symbols::Binary;

use super::Session;
use super::builder::Builder;
use super::error::{Error, ScriptError};
use super::script::Script;
use super::world::{ScriptWorld, Texts};

/// What is said of scripts that are for a Go program where there is none.
const NEEDS_GO: [&str; 2] = ["not-go", "no-layout"];

/// What is traced.
pub(super) struct Traces {
    facts: KernelFacts,
    live: LiveWorld,
    pids: Vec<u32>,
    processes: Processes,
    executable: Option<TargetBinary>,
    /// Whether the executable was named, and is not that of a process.
    by_file: bool,
    command: Option<Spawned>,
    options: Options,
    settings: Vec<(String, String)>,
    providers: Texts,
    imports: Texts,
    symboliser: Option<Box<dyn Symbolise>>,
}

impl Traces {
    pub(super) fn open(builder: Builder) -> Result<Self, Error> {
        let command = builder.command.as_deref().map(Spawned::start).transpose()?;
        let by_file = builder.executable.is_some();
        // With an executable, all of its processes that the command starts are meant.
        let mut pids = builder.pids;
        pids.extend(command.as_ref().filter(|_| !by_file).map(Spawned::traced));
        let executable = match (pids.as_slice(), &builder.executable) {
            ([], Some(path)) => Some(LiveWorld::file(path)?),
            (pids, _) => LiveWorld::common_program(pids)?,
        };
        let processes = match (&executable, pids.as_slice()) {
            (None, []) => Processes::All,
            (Some(file), []) => {
                Processes::Running(LiveWorld::running(file, command.as_ref().map(Spawned::pid))?)
            }
            (_, pids) => Processes::These(pids.to_vec()),
        };
        Ok(Self {
            facts: kernel::facts(),
            live: LiveWorld::new(&pids),
            pids,
            processes,
            executable,
            by_file,
            command,
            options: builder.options,
            settings: builder.settings,
            providers: builder.providers,
            imports: builder.imports,
            symboliser: builder.symboliser,
        })
    }

    /// The program that names and types are of.
    pub(super) fn binary(&self) -> Option<&Binary> {
        self.executable.as_ref().map(|file| &*file.binary)
    }

    /// Whether processes are named, and stay the ones that are meant.
    pub(super) fn is_settled(&self) -> bool {
        !self.pids.is_empty() && self.command.is_none()
    }

    pub(super) fn pids(&self) -> &[u32] {
        &self.pids
    }

    /// Whether a script is wrong because the command that was started is no Go program.
    pub(super) fn wants_go(&self, error: &ScriptError) -> bool {
        let wanted = error.diagnostics.iter().any(|diagnostic| NEEDS_GO.contains(&diagnostic.code));
        wanted && !self.by_file && self.command.as_ref().is_some_and(|command| !command.runs_go())
    }

    /// Lets the command run until it has come to a Go program, which is the target from here on.
    pub(super) fn follow(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        let Some(command) = &mut self.command else { return Ok(()) };
        command.follow(stop)?;
        self.pids = vec![command.traced()];
        self.live = LiveWorld::new(&self.pids);
        self.executable = LiveWorld::common_program(&self.pids)?;
        self.processes = Processes::These(self.pids.clone());
        Ok(())
    }

    /// The world, as a script sees it.
    pub(super) fn world(&self, script: &Script, sources: SourceMap) -> ScriptWorld<'_> {
        ScriptWorld::new(&self.live, script, sources, (&self.providers, &self.imports))
    }

    /// What the compiler is told.
    pub(super) fn target<'t>(
        &'t self,
        script: &Script,
        world: &'t ScriptWorld<'t>,
        earlier: &'t Earlier,
    ) -> Target<'t> {
        Target {
            processes: self.processes.clone(),
            executable: self.executable.clone(),
            kernel: &self.facts,
            world,
            options: self.options.clone(),
            command: self.command.as_ref().map(Spawned::pid),
            earlier: Some(earlier),
            params: script.params().to_vec(),
            settings: self.settings.clone(),
            named: script.options().to_vec(),
        }
    }

    pub(super) fn tracer(&mut self) -> Result<Tracer, Error> {
        Ok(Tracer::new(self.processes.clone(), &self.facts, self.symboliser.take())?)
    }
}

impl Session {
    /// Lets a command run that was started.
    ///
    /// # Errors
    /// Where it was killed meanwhile.
    pub fn release(&mut self) -> Result<(), Error> {
        if let Some(command) = &mut self.traces.command {
            command.release()?;
        }
        Ok(())
    }

    /// The process of the command that was started.
    pub fn command(&self) -> Option<u32> {
        self.traces.command.as_ref().map(Spawned::pid)
    }

    /// Whether the target has ended: all processes that were named or, of a command, it and all that is traced of what
    /// it has started.
    pub fn target_ended(&mut self) -> bool {
        let all_gone = self.tracer.as_ref().is_some_and(Tracer::target_ended);
        let Some(command) = &mut self.traces.command else { return all_gone };
        // A command runs to its end, whatever becomes of the process that is traced, and that one to its own.
        let other = command.traced() != command.pid();
        let family_gone = self.tracer.as_ref().is_none_or(Tracer::family_is_gone);
        command.exit_status().is_some() && family_gone && (!other || all_gone)
    }

    /// The executable that names and types are of.
    pub fn executable(&self) -> Option<&TargetBinary> {
        self.traces.executable.as_ref()
    }

    /// The processes that were named, and whether each is still traced.
    pub fn targets(&self) -> Vec<(u32, bool)> {
        let there = self.tracer.as_ref().map(Tracer::there);
        let is_there = |pid: &u32| there.as_ref().is_none_or(|there| there.contains(pid));
        self.traces.pids.iter().map(|pid| (*pid, is_there(pid))).collect()
    }

    /// What the kernel can do.
    pub fn kernel(&self) -> &KernelFacts {
        &self.traces.facts
    }

    /// The processes that are traced.
    pub fn processes(&self) -> &Processes {
        &self.traces.processes
    }

    /// Allows functions that do more than look, from the next script on; see [`Builder::allow_unsafe`].
    pub fn allow_unsafe(&mut self, allowed: bool) {
        self.traces.options.unsafe_allowed = allowed;
    }

    /// Sets a setting of scripts, from the next one on; see [`Builder::setting`].
    pub fn set(&mut self, name: &str, value: &str) {
        self.traces.settings.retain(|(known, _)| known != name);
        self.traces.settings.push((name.to_owned(), value.to_owned()));
    }

    /// The settings that were set.
    pub fn settings(&self) -> &[(String, String)] {
        &self.traces.settings
    }
}
