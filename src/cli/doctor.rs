//! `gprobe doctor`

use std::io::{self, Write};

use gprobe_runtime::kernel::doctor::{State, examine};

use super::{Failure, NOT_ALLOWED};

/// Says what works, what does not, and the remedy. The exit code says whether all that is needed
/// works.
pub(super) fn doctor() -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    let mut code = 0;
    for check in examine() {
        let sign = match check.state {
            State::Works => "ok",
            State::Degraded => "less",
            State::Missing => "MISSING",
        };
        writeln!(out, "{sign:<8} {:<22} {}", check.name, check.detail)?;
        if !check.remedy.is_empty() {
            writeln!(out, "{:<31} -> {}", "", check.remedy)?;
        }
        if check.state == State::Missing {
            code = NOT_ALLOWED;
        }
    }
    Ok(code)
}
