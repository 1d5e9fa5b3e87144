//! Waiting for a descriptor in a program that runs on tokio.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Tells a task when there is something to read.
#[derive(Debug)]
pub struct Ready(AsyncFd<OwnedFd>);

impl Ready {
    /// For a descriptor that the kernel can wait for, of which this is a copy. In a task of tokio, whose IO must be enabled.
    ///
    /// # Errors
    /// Where there are no descriptors left, or the kernel can't wait for it.
    pub fn new(descriptor: BorrowedFd<'_>) -> io::Result<Self> {
        let own = descriptor.try_clone_to_owned()?;
        // SAFETY: an `OwnedFd` stays the same open descriptor until it is dropped, and nothing takes it out of here.
        let registered = unsafe { AsyncFd::register_with_interest(own, Interest::READABLE) };
        registered.map(Self).map_err(|error| error.into_parts().1)
    }

    /// Ready once there was something to read since this was last ready; else the task is woken up when there is. Whoever
    /// is told reads all there is.
    ///
    /// # Errors
    /// Where the runtime is shutting down.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Forgotten before it is read: what comes meanwhile wakes the task again.
        ready!(self.0.poll_read_ready(cx))?.clear_ready();
        Poll::Ready(Ok(()))
    }
}
