//! What probes have cost so far, and how single ones are taken away.

use super::put::close_all;
use super::script::Link;
use super::{ScriptId, Tracer};
use crate::cost::{Spent, read};

impl Tracer {
    /// What a script's programs have been through up to now.
    pub fn spent(&self, id: ScriptId) -> Spent {
        self.scripts.get(&id).map(|script| read(&script.loaded)).unwrap_or_default()
    }

    /// Takes the probes of some programs of a script away, by the programs' indices; the others stay.
    pub fn withdraw(&mut self, id: ScriptId, programs: &[usize]) {
        let Some(script) = self.scripts.get_mut(&id) else { return };
        let all: Vec<Link> = std::mem::take(&mut script.links);
        let (gone, kept) = all.into_iter().partition(|(program, _)| programs.contains(program));
        script.links = kept;
        close_all(gone);
    }
}
