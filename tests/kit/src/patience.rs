//! How long a test waits.

use std::sync::LazyLock;
use std::time::Duration;

/// A limit of time, as many times as long as `GPROBE_SLOWER` says: for machines that are slower by so much, such as
/// an emulated one.
///
/// It is for limits that say that something hangs, and for the time that passes between two readings of a clock.
pub fn patience(limit: Duration) -> Duration {
    static TIMES: LazyLock<u32> = LazyLock::new(|| match std::env::var("GPROBE_SLOWER") {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("GPROBE_SLOWER={text} is no number")),
        Err(_) => 1,
    });
    limit * *TIMES
}
