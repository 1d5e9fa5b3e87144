//! The target that the command line names.

use std::path::Path;

use gprobe_compiler::target::TargetBinary;
use gprobe_runtime::LiveWorld;

use super::Failure;

/// The executable of `-p` or `-x`.
pub(super) fn executable(pid: Option<u32>, exe: Option<&Path>) -> Result<Option<TargetBinary>, Failure> {
    let found = match (pid, exe) {
        (Some(pid), _) => LiveWorld::executable(pid).map(Some),
        (None, Some(path)) => LiveWorld::file(path).map(Some),
        (None, None) => Ok(None),
    };
    found.map_err(|error| Failure::Target(error.to_string()))
}
