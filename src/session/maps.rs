//! The maps of a session: looked at, and emptied.

use std::sync::Arc;

use gprobe_compiler::artifact::MapInfo;
use gprobe_lang::diagnostic::did_you_mean;

use super::Session;
use super::error::Error;
use super::map::MapSnapshot;

impl Session {
    /// The maps of all programs, in the order in which they were first used; those without a name in any script are left
    /// out.
    pub fn maps(&self) -> Vec<Arc<MapInfo>> {
        self.maps.iter().filter(|map| map.shown).cloned().collect()
    }

    /// A map as it is now, by its name: `@x`, or `x`.
    ///
    /// # Errors
    /// Where no program uses such a map, or the kernel does not let us read it.
    pub fn map(&mut self, name: &str) -> Result<MapSnapshot, Error> {
        let index = self.map_index(name)?;
        self.snapshot(index)
    }

    pub(super) fn snapshot(&mut self, index: usize) -> Result<MapSnapshot, Error> {
        let info = self.maps.get(index).cloned();
        let info = info.ok_or_else(|| Error::NoMap { name: index.to_string(), hint: None })?;
        // A map that is in no kernel yet has nothing.
        let made = self.tracer.as_mut().filter(|tracer| tracer.has_map(index));
        let entries = made.map_or_else(|| Ok(Vec::new()), |tracer| tracer.snapshot(index))?;
        Ok(MapSnapshot { info, entries })
    }

    /// Removes all entries of a map.
    ///
    /// # Errors
    /// As for [`map`](Self::map).
    pub fn clear(&mut self, name: &str) -> Result<(), Error> {
        let index = self.map_index(name)?;
        match self.tracer.as_mut().filter(|tracer| tracer.has_map(index)) {
            Some(tracer) => Ok(tracer.clear(index)?),
            None => Ok(()),
        }
    }

    /// Sets all values of a map to 0.
    ///
    /// # Errors
    /// As for [`map`](Self::map).
    pub fn zero(&mut self, name: &str) -> Result<(), Error> {
        let index = self.map_index(name)?;
        match self.tracer.as_mut().filter(|tracer| tracer.has_map(index)) {
            Some(tracer) => Ok(tracer.zero(index)?),
            None => Ok(()),
        }
    }

    pub(super) fn map_index(&self, name: &str) -> Result<usize, Error> {
        let name = if name.starts_with('@') { name.to_owned() } else { format!("@{name}") };
        let found = self.maps.iter().position(|map| map.shown && map.name == name);
        found.ok_or_else(|| {
            let known = self.maps.iter().filter(|map| map.shown).map(|map| map.name.as_str());
            Error::NoMap { hint: did_you_mean(&name, known), name }
        })
    }
}
