//! Files that a process has mapped, found again also where they have been replaced since.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::Mapping;
use crate::error::Error;

/// The path by which gprobe and the kernel open a file that a process has mapped: that by which the process
/// opened it, where the same file is there still, or the mapping's own.
///
/// # Errors
/// [`Error::Replaced`], where the path leads to another file now and this user may not go by the mapping.
pub fn mapped_file(pid: u32, mapping: &Mapping) -> Result<String, Error> {
    let by_name = format!("/proc/{pid}/root{}", mapping.path);
    if is_mapped_as(&by_name, mapping) {
        return Ok(by_name);
    }
    let by_mapping = format!("/proc/{pid}/map_files/{:x}-{:x}", mapping.start, mapping.end);
    match fs::metadata(&by_mapping) {
        Ok(_) => Ok(by_mapping),
        Err(_) => Err(Error::Replaced { pid, path: mapping.path.clone() }),
    }
}

/// Whether a path leads to the file that is mapped.
pub(crate) fn is_mapped_as(path: &str, mapping: &Mapping) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return false };
    let device = (libc::major(metadata.dev()), libc::minor(metadata.dev()));
    // Some file systems have devices without hardware, and give files another one than the kernel's own.
    let same_device = device == mapping.device || device.0 == 0 && mapping.device.0 == 0;
    metadata.ino() == mapping.inode && same_device
}
