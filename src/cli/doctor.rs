//! `gprobe doctor`

use std::io::{self, Write};

use gprobe_runtime::examine_program;
use gprobe_runtime::kernel::doctor::{State, examine};

use super::args::FileArgs;
use super::target::executable;
use super::{Failure, NOT_ALLOWED};

/// Says what works, what does not, and the remedy, of this machine or of a program. The exit code says whether all that
/// is needed works.
pub(super) fn doctor(file: &FileArgs) -> Result<u8, Failure> {
    let pids: Vec<u32> = file.pid.into_iter().collect();
    let checks = match executable(&pids, file.exe.as_deref())? {
        Some(program) => {
            examine_program(&program, file.pid).map_err(|error| Failure::Target(error.to_string()))?
        }
        None => examine(),
    };
    let mut out = io::stdout().lock();
    let mut code = 0;
    for check in checks {
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
