//! Events as a stream, for programs that run on tokio.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use gprobe_runtime::Ready;
use tokio::time::{Instant, Sleep};

use super::error::Error;
use super::event::Event;
use super::{Session, Tracer};

/// The events of a session, each when it comes: see [`Session::stream`].
pub struct EventStream<'s> {
    session: &'s mut Session,
    come: VecDeque<Event>,
    over: bool,
    /// Becomes readable when there is something in the ring buffer.
    ready: Option<Ready>,
    sleep: Pin<Box<Sleep>>,
}

impl Session {
    /// As [`events`](Self::events), for programs that run on tokio, with its IO and its time enabled. Nothing blocks but reading
    /// what has come.
    pub fn stream(&mut self) -> EventStream<'_> {
        let sleep = Box::pin(tokio::time::sleep(Duration::ZERO));
        EventStream { session: self, come: VecDeque::new(), over: false, ready: None, sleep }
    }
}

impl EventStream<'_> {
    /// The session, to read its maps between two events.
    pub fn session(&mut self) -> &mut Session {
        self.session
    }

    /// Waits until there may be something: gives whether to look now.
    fn wait(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        if self.ready.is_none()
            && let Some(ring) = self.session.tracer.as_ref().and_then(Tracer::descriptor)
        {
            self.ready = Some(Ready::new(ring)?);
        }
        if let Some(ready) = &self.ready
            && let Poll::Ready(ready) = ready.poll(cx)
        {
            return ready.map(|()| true);
        }
        Ok(self.sleep.as_mut().poll(cx).is_ready())
    }
}

impl Stream for EventStream<'_> {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.come.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if this.over {
                return Poll::Ready(None);
            }
            match this.session.next_batch(Duration::ZERO) {
                Ok((events, over)) => (this.come, this.over) = (events.into(), over),
                Err(error) => {
                    this.over = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
            if !this.come.is_empty() || this.over {
                continue;
            }
            // Not everything that is due wakes us up.
            let quiet = this.session.tracer.as_ref().map_or(Duration::from_millis(100), Tracer::quiet);
            this.sleep.as_mut().reset(Instant::now() + quiet.max(Duration::from_millis(1)));
            match this.wait(cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(error) => {
                    this.over = true;
                    return Poll::Ready(Some(Err(error.into())));
                }
            }
        }
    }
}
