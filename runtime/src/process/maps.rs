//! `/proc/PID/maps`

use std::fs;

use super::unreadable;
use crate::error::Error;

/// A mapped range of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// Whether code in it can run.
    pub executable: bool,
    /// Where in the file it starts.
    pub offset: u64,
    /// The file's device: major, minor.
    pub device: (u32, u32),
    /// The file's inode; 0 where there is no file.
    pub inode: u64,
    /// The file as the process sees it; empty where there is none.
    pub path: String,
}

/// What a process has mapped, by address.
///
/// # Errors
/// Where the process has ended or may not be looked into.
pub fn mappings(pid: u32) -> Result<Vec<Mapping>, Error> {
    let text = fs::read_to_string(format!("/proc/{pid}/maps")).map_err(|error| unreadable(pid, error))?;
    let root = own_root(pid);
    let own =
        |mapping: Mapping| Mapping { path: below(root.as_deref(), &mapping.path).to_owned(), ..mapping };
    Ok(text.lines().filter_map(parse).map(own).collect())
}

/// Where a process has its root, as gprobe sees it, if that is elsewhere than gprobe's own. What has another
/// file system as its root has it at `/` here too.
pub(crate) fn own_root(pid: u32) -> Option<String> {
    let root = fs::read_link(format!("/proc/{pid}/root")).ok()?.display().to_string();
    (root != "/").then_some(root)
}

/// A path as a process with this root sees it.
pub(crate) fn below<'p>(root: Option<&str>, path: &'p str) -> &'p str {
    let inside = root.and_then(|root| path.strip_prefix(root));
    inside.filter(|inside| inside.starts_with('/')).unwrap_or(path)
}

/// `00400000-00452000 r-xp 00001000 08:02 173521  /usr/bin/dbus-daemon`
fn parse(line: &str) -> Option<Mapping> {
    let mut rest = line;
    let mut word = || {
        let text = rest.trim_start();
        let (word, tail) = text.split_once(' ').unwrap_or((text, ""));
        rest = tail;
        word
    };
    let (start, end) = word().split_once('-')?;
    let flags = word();
    let offset = word();
    let (major, minor) = word().split_once(':')?;
    let inode = word();
    let path = rest.trim_start();
    Some(Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        executable: flags.contains('x'),
        offset: u64::from_str_radix(offset, 16).ok()?,
        device: (u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?),
        inode: inode.parse().ok()?,
        path: path.trim_end_matches(" (deleted)").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_and_without_files_are_read() {
        let code = parse("00401000-00452000 r-xp 00001000 fe:00 173521     /usr/bin/a b").unwrap();
        assert_eq!((code.start, code.end, code.offset), (0x401000, 0x452000, 0x1000));
        assert!(code.executable);
        assert_eq!(code.path, "/usr/bin/a b");
        let heap = parse("c000000000-c000400000 rw-p 00000000 00:00 0 ").unwrap();
        assert_eq!((heap.inode, heap.path.as_str()), (0, ""));
        assert_eq!(parse("nonsense"), None);
    }
}
