//! Waiting for events, and being told to stop.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Session;
use super::error::Error;
use super::event::Event;

/// How long events are waited for at once.
const WAIT: Duration = Duration::from_millis(100);

/// Ends the waiting for events, from any thread.
#[derive(Clone, Debug, Default)]
pub struct StopHandle(pub(super) Arc<AtomicBool>);

impl StopHandle {
    /// Lets [`Session::events`] end within 100 ms.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself: true means stop. A signal handler may set it.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

/// The events of a session, each when it comes: see [`Session::events`].
pub struct Events<'s> {
    session: &'s mut Session,
    come: VecDeque<Event>,
    over: bool,
}

impl<'s> Events<'s> {
    pub(super) fn new(session: &'s mut Session) -> Self {
        Self { session, come: VecDeque::new(), over: false }
    }

    /// The session, to read its maps between two events.
    pub fn session(&mut self) -> &mut Session {
        self.session
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.come.pop_front() {
                return Some(Ok(event));
            }
            if self.over {
                return None;
            }
            match self.session.next_batch(WAIT) {
                Ok((events, over)) => (self.come, self.over) = (events.into(), over),
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl Session {
    /// Waits for some events; gives also whether these were the last ones.
    pub(super) fn next_batch(&mut self, wait: Duration) -> Result<(Vec<Event>, bool), Error> {
        let over = self.stop.is_stopped() || !self.is_live();
        let mut events = self.poll(if over { Duration::ZERO } else { wait })?;
        if over {
            // What was on its way when it ended.
            while let more @ [_, ..] = self.poll(Duration::ZERO)?.as_slice() {
                events.extend_from_slice(more);
            }
        }
        Ok((events, over))
    }
}
