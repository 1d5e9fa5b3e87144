//! The target that the command line names.

use std::io::{self, IsTerminal};
use std::path::Path;

use gprobe_compiler::target::TargetBinary;
use gprobe_runtime::LiveWorld;

use super::Failure;
use crate::output::Scene;

/// Most process ids that a table's first line names.
const MOST_NAMED: usize = 4;

/// The program of `-p` or `-x`.
pub(super) fn executable(pids: &[u32], exe: Option<&Path>) -> Result<Option<TargetBinary>, Failure> {
    let found = match (pids, exe) {
        ([], Some(path)) => LiveWorld::file(path).map(Some),
        (pids, _) => LiveWorld::common_program(pids),
    };
    found.map_err(|error| Failure::Target(error.to_string()))
}

/// What tables say is traced, and the terminal that they are shown on, if it is one.
pub(super) fn scene(pids: &[u32], exe: Option<&Path>, to_stdout: bool) -> Scene {
    let scene = Scene::new(traced(pids, exe));
    if !to_stdout || !io::stdout().is_terminal() {
        return scene;
    }
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    // Where the terminal does not say how wide it is, nothing is cut.
    scene.on_terminal(columns.filter(|&columns| columns > 0).unwrap_or(usize::MAX), !plain)
}

/// The target's name and its processes, the executable, or this machine.
fn traced(pids: &[u32], exe: Option<&Path>) -> String {
    let name = |pid: u32| {
        let exe = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        let name = exe.file_name()?.to_string_lossy().into_owned();
        Some(name.strip_suffix(" (deleted)").map(str::to_owned).unwrap_or(name))
    };
    match (pids, exe) {
        ([], None) => "this machine".to_owned(),
        ([], Some(exe)) => exe.display().to_string(),
        ([first, ..], _) => {
            let ids = match pids.len() {
                n if n > MOST_NAMED => format!("{n} processes"),
                _ => pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
            };
            match name(*first) {
                Some(name) => format!("{name} ({ids})"),
                None => ids,
            }
        }
    }
}
