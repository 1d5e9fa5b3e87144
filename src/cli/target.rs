//! The target that the command line names.

use std::path::Path;

use gprobe_compiler::target::TargetBinary;
use gprobe_runtime::LiveWorld;

use super::Failure;

/// The program of `-p` or `-x`.
pub(super) fn executable(pids: &[u32], exe: Option<&Path>) -> Result<Option<TargetBinary>, Failure> {
    let found = match (pids, exe) {
        ([], Some(path)) => LiveWorld::file(path).map(Some),
        (pids, _) => LiveWorld::common_program(pids),
    };
    found.map_err(|error| Failure::Target(error.to_string()))
}
