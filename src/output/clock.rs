//! Wall-clock times: of now, and of time stamps in nanoseconds since boot.

use jiff::{SignedDuration, Timestamp, ZonedDateTime, tz::TimeZone};

/// Turns time stamps into wall-clock times.
#[derive(Clone, Debug)]
pub struct Clock {
    /// When the machine booted.
    boot: Timestamp,
    zone: TimeZone,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock for time stamps of this machine's boot clock.
    pub fn new() -> Self {
        let now = Timestamp::now();
        let since =
            SignedDuration::from_nanos(i64::try_from(gprobe_runtime::process::boot_ns()).unwrap_or(0));
        let boot = now.checked_sub(since).unwrap_or(now);
        Self { boot, zone: TimeZone::system() }
    }

    /// Now, by a strftime format.
    pub fn format_now(&self, format: &str) -> String {
        self.format(Timestamp::now(), format)
    }

    /// A time stamp in nanoseconds since boot, by a strftime format.
    pub fn format_boot(&self, nsecs: u64, format: &str) -> String {
        let since = SignedDuration::from_nanos(i64::try_from(nsecs).unwrap_or(i64::MAX));
        self.format(self.boot.checked_add(since).unwrap_or(Timestamp::MAX), format)
    }

    fn format(&self, time: Timestamp, format: &str) -> String {
        let zoned: ZonedDateTime = time.to_zoned_datetime(self.zone.clone());
        // Microseconds, as bpftrace has it. What follows a doubled `%` is text.
        let format = &format.split("%%").map(|part| part.replace("%f", "%6f")).collect::<Vec<_>>().join("%%");
        // A format that strftime does not know is shown as it is, rather than nothing.
        jiff::fmt::strtime::format(format, &zoned).unwrap_or_else(|_| format.to_owned())
    }
}
