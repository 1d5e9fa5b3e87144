//! Processes: whether they are there, what they have mapped, and new ones.

mod follow;
mod mapped;
mod maps;
mod places;
mod spawn;

use std::fs;
use std::io;

use crate::error::Error;

pub(crate) use mapped::is_mapped_as;
pub use mapped::mapped_file;
pub use maps::{Mapping, mappings};
pub(crate) use maps::{below, own_root};
pub(crate) use places::{Places, load_bias};
pub use spawn::Spawned;

/// Makes sure that a process is there and may be looked into.
///
/// # Errors
/// [`Error::NoProcess`], [`Error::NoPermission`].
pub fn check(pid: u32) -> Result<(), Error> {
    if !fs::exists(format!("/proc/{pid}")).unwrap_or(false) {
        let here = in_namespaces(pid);
        return Err(match here.is_empty() {
            true => Error::NoProcess { pid },
            false => Error::InNamespace { pid, here },
        });
    }
    // Threads have folders too; a process is the leader of its threads.
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let leader =
        status.lines().find_map(|l| l.strip_prefix("Tgid:")).and_then(|l| l.trim().parse::<u32>().ok());
    if leader.is_some_and(|leader| leader != pid) {
        return Err(Error::NoProcess { pid });
    }
    match fs::File::open(format!("/proc/{pid}/maps")) {
        Ok(_) => Ok(()),
        Err(error) => Err(unreadable(pid, error)),
    }
}

/// Processes that have an id in a PID namespace of their own, and their names.
fn in_namespaces(pid: u32) -> Vec<(u32, String)> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found = pids.filter_map(|outer| {
        let status = fs::read_to_string(format!("/proc/{outer}/status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        // The ids from this namespace down to the process's own.
        let mut ids = field("NSpid:")?.split_ascii_whitespace().skip(1);
        ids.any(|id| id.parse() == Ok(pid)).then(|| (outer, field("Name:").unwrap_or_default().to_owned()))
    });
    let mut found: Vec<(u32, String)> = found.collect();
    found.sort();
    found
}

/// The processes that run a file, be it by another path.
pub(crate) fn running(path: &str) -> Vec<u32> {
    use std::os::unix::fs::MetadataExt;
    let id = |path: &str| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let Some(wanted) = id(path) else { return Vec::new() };
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| id(&format!("/proc/{pid}/exe")) == Some(wanted)).collect()
}

/// Why something below `/proc/PID` can't be read.
pub(crate) fn unreadable(pid: u32, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::NoProcess { pid },
        io::ErrorKind::PermissionDenied => Error::NoPermission { pid },
        _ => Error::File { path: format!("/proc/{pid}"), error },
    }
}

/// Nanoseconds since boot, by the clock of `nsecs`.
pub fn boot_ns() -> u64 {
    crate::sys::process::clock_ns(libc::CLOCK_BOOTTIME)
}
