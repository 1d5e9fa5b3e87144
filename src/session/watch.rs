//! Maps that are looked at now and then: what has changed is an event.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use gprobe_runtime::{MapDatum, MapEntry, Value};

use super::Session;
use super::error::Error;
use super::event::Event;
use super::map::MapSnapshot;

/// A map that is watched.
#[derive(Debug)]
pub(super) struct Watch {
    map: usize,
    every: Duration,
    next: Instant,
    seen: HashMap<Vec<Value>, MapDatum>,
}

impl Watch {
    /// What is new since the last look, if anything is.
    fn look(&mut self, now: MapSnapshot) -> Option<Event> {
        let mut before = std::mem::take(&mut self.seen);
        let mut changed: Vec<MapEntry> = Vec::new();
        for entry in now.entries {
            if before.remove(&entry.key).as_ref() != Some(&entry.datum) {
                changed.push(entry.clone());
            }
            self.seen.insert(entry.key, entry.datum);
        }
        let mut removed: Vec<Vec<Value>> = Vec::new();
        before.into_keys().for_each(|key| removed.push(key));
        let any = !changed.is_empty() || !removed.is_empty();
        any.then_some(Event::MapUpdate { changed: MapSnapshot { info: now.info, entries: changed }, removed })
    }
}

impl Session {
    /// From here on, [`Event::MapUpdate`] tells what has changed in a map, each `every` in which something has. The first one
    /// has all there is.
    ///
    /// # Errors
    /// Where no program uses such a map.
    pub fn watch(&mut self, name: &str, every: Duration) -> Result<(), Error> {
        let map = self.map_index(name)?;
        self.watches.retain(|watch| watch.map != map);
        self.watches.push(Watch { map, every, next: Instant::now(), seen: HashMap::new() });
        Ok(())
    }

    /// Watches a map no longer.
    pub fn unwatch(&mut self, name: &str) {
        if let Ok(map) = self.map_index(name) {
            self.watches.retain(|watch| watch.map != map);
        }
    }

    /// Looks at the maps whose time has come.
    pub(super) fn look_at_watched(&mut self) -> Result<Vec<Event>, Error> {
        let now = Instant::now();
        let mut events = Vec::new();
        let mut watches = std::mem::take(&mut self.watches);
        for watch in watches.iter_mut().filter(|watch| watch.next <= now) {
            watch.next = now + watch.every;
            events.extend(watch.look(self.snapshot(watch.map)?));
        }
        self.watches = watches;
        Ok(events)
    }
}
