//! What a script would cost: its probes only count, for a moment.

use std::time::{Duration, Instant};

use gprobe_compiler::artifact::Artifact;
use gprobe_compiler::target::Counting;
use gprobe_runtime::Tracer;
use gprobe_runtime::cost::Spent;

use super::Session;
use super::error::Error;
use super::script::Script;

/// What was counted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Measured {
    /// The programs that counted, and where they were.
    pub artifact: Artifact,
    /// What they counted.
    pub spent: Spent,
    /// For how long.
    pub took: Duration,
}

impl Session {
    /// Attaches the probes of a script for a moment, in which they count their hits and do nothing else. Nothing of the
    /// session changes. `None` where nothing of it can be counted.
    ///
    /// # Errors
    /// Where the script is wrong, or the kernel does not allow it.
    pub fn measure(&mut self, script: &Script, moment: Duration) -> Result<Option<Measured>, Error> {
        let made = self.made(script, &|target| target.options.counting = Counting::HitsOnly)?;
        let mut artifact = made.compiled.artifact;
        artifact.programs.retain(|program| program.hits.is_some());
        if artifact.programs.is_empty() {
            return Ok(None);
        }
        let mut tracer = Tracer::new(self.processes().clone(), self.kernel(), None)?;
        let id = tracer.load(artifact.clone())?;
        tracer.attach(id)?;
        let (begun, before) = (Instant::now(), tracer.spent(id));
        std::thread::sleep(moment);
        let (spent, took) = (tracer.spent(id).since(&before), begun.elapsed());
        tracer.detach(id)?;
        Ok(Some(Measured { artifact, spent, took }))
    }
}
