//! Numbers of the system that have names: users, errors, signals, cgroups.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How deep folders of cgroups are searched.
const MOST_NESTED: usize = 12;

/// The name of a user; the number where there is none.
pub(crate) fn user(id: u64) -> String {
    let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = text.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, number) = (parts.next()?, parts.nth(1)?);
        (number.parse() == Ok(id)).then(|| name.to_owned())
    });
    found.unwrap_or_else(|| id.to_string())
}

/// The text of an error number, whether it is negated or not.
pub(crate) fn error(number: i64) -> String {
    let number = i32::try_from(number.unsigned_abs()).unwrap_or(i32::MAX);
    let text = std::io::Error::from_raw_os_error(number).to_string();
    // The library adds the number, which is known.
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// The name of a signal.
pub(crate) fn signal(number: i64) -> String {
    let name = i32::try_from(number).ok().and_then(signal_hook::low_level::signal_name);
    name.map_or_else(|| number.to_string(), str::to_owned)
}

/// The name of a system call.
pub(crate) fn syscall(number: u64) -> String {
    let name = usize::try_from(number).ok().and_then(syscalls::Sysno::new).map(|call| call.name());
    name.map_or_else(|| number.to_string(), str::to_owned)
}

/// The path of a cgroup by its id, in the form `unified:/path`; more than one hierarchy may know it.
pub(crate) fn cgroup(id: u64) -> String {
    let root = Path::new("/sys/fs/cgroup");
    let mut found = Vec::new();
    search(root, root, id, "unified", 0, &mut found);
    if let Ok(entries) = fs::read_dir(root) {
        for entry in entries.flatten().filter(|e| e.path().join("tasks").exists()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            search(&entry.path(), &entry.path(), id, &name, 0, &mut found);
        }
    }
    if found.is_empty() { format!("unified:/{id}") } else { found.join(";") }
}

fn search(root: &Path, folder: &Path, id: u64, hierarchy: &str, depth: usize, found: &mut Vec<String>) {
    if depth > MOST_NESTED || !found.is_empty() {
        return;
    }
    if fs::metadata(folder).is_ok_and(|metadata| metadata.ino() == id) {
        let path = folder.strip_prefix(root).unwrap_or(folder);
        found.push(format!("{hierarchy}:/{}", path.display()));
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            search(root, &entry.path(), id, hierarchy, depth + 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_system_have_names() {
        assert_eq!(user(0), "root");
        assert_eq!(error(7), "Argument list too long");
        assert_eq!(error(-14), "Bad address");
        assert_eq!(signal(9), "SIGKILL");
    }
}
