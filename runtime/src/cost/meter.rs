//! When the kernel takes the time of programs' runs.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use crate::sys::bpf;

/// How long it does at once.
const ON: Duration = Duration::from_millis(100);
/// How long it does not, in between: to take the time costs each run of any program of the machine two looks
/// at the clock, 20 to 100 ns.
const OFF: Duration = Duration::from_millis(1900);

/// Asks the kernel to take the time of runs for a short while now and then, from the start on.
pub(crate) struct Meter {
    /// Open while it does.
    asked: Option<OwnedFd>,
    /// When that changes; never, where the kernel refuses.
    due: Option<Instant>,
}

impl Meter {
    /// A meter that is running, where anything is to be measured.
    pub(crate) fn start(wanted: bool) -> Self {
        let mut meter = Self { asked: None, due: wanted.then(Instant::now) };
        meter.tick();
        meter
    }

    /// Starts or stops where it is time to.
    pub(crate) fn tick(&mut self) {
        let now = Instant::now();
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.due = match self.asked.take() {
            Some(_) => Some(now + OFF),
            None => {
                self.asked = bpf::time_runs().ok();
                self.asked.is_some().then(|| now + ON)
            }
        };
    }
}
