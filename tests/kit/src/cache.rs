//! The folder for what is fetched and built: toolchains, Go programs, packages.
//!
//! Every entry is made in a scratch folder and renamed into place under a file lock, so tests
//! that run at once, in threads or in processes, share it, and an interrupted one leaves no
//! half-made entry behind.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::exec::ExecError;
use crate::program::workspace;

/// `$GPROBE_CACHE`, or `.cache` at the root of the workspace.
pub fn root() -> PathBuf {
    match std::env::var_os("GPROBE_CACHE") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => workspace().join(".cache"),
    }
}

/// Gives `entry` of the cache, made by `make` when it is not there yet.
///
/// `make` fills the empty folder it is given; that folder becomes the entry. Makers under one
/// `lock` run one after the other.
pub fn entry(
    entry: &str,
    lock: &str,
    make: impl FnOnce(&Path) -> Result<(), ExecError>,
) -> Result<PathBuf, ExecError> {
    entry_in(&root(), entry, lock, make)
}

/// The same in a cache at `root`.
fn entry_in(
    root: &Path,
    entry: &str,
    lock: &str,
    make: impl FnOnce(&Path) -> Result<(), ExecError>,
) -> Result<PathBuf, ExecError> {
    let path = root.join(entry);
    if path.is_dir() {
        return Ok(path);
    }
    let _guard = hold(root, lock)?;
    if path.is_dir() {
        return Ok(path);
    }
    // One scratch folder per entry: the lock allows one maker, and what an interrupted one
    // left behind goes with the next.
    let scratch = root.join("scratch").join(entry.replace('/', "_"));
    remove(&scratch)?;
    create(&scratch)?;
    make(&scratch)?;
    if let Some(parent) = path.parent() {
        create(parent)?;
    }
    fs::rename(&scratch, &path).map_err(|source| ExecError::file("move into place", &path, source))?;
    Ok(path)
}

/// Takes the lock `name`; it is released when the file is dropped.
fn hold(root: &Path, name: &str) -> Result<File, ExecError> {
    let locks = root.join("locks");
    create(&locks)?;
    let path = locks.join(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| ExecError::file("open", &path, source))?;
    file.lock().map_err(|source| ExecError::file("lock", &path, source))?;
    Ok(file)
}

/// A name for what something is made of.
pub(crate) fn hash(of: &impl std::hash::Hash) -> String {
    use std::hash::Hasher;
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    of.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Makes a folder and those above it.
pub(crate) fn create(path: &Path) -> Result<(), ExecError> {
    fs::create_dir_all(path).map_err(|source| ExecError::file("create", path, source))
}

/// Removes a folder, if there is one.
pub(crate) fn remove(path: &Path) -> Result<(), ExecError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(ExecError::file("remove", path, source))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn callers_at_once_get_one_whole_entry() {
        let root = tempfile::tempdir().expect("a folder");
        let made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let path = entry_in(root.path(), "things/one", "lock", |scratch| {
                        made.fetch_add(1, Ordering::Relaxed);
                        fs::write(scratch.join("half"), "").expect("written");
                        std::thread::sleep(Duration::from_millis(20));
                        fs::write(scratch.join("whole"), "").expect("written");
                        Ok(())
                    })
                    .expect("the entry is made");
                    assert!(path.join("whole").is_file());
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn what_failed_is_made_again_from_nothing() {
        let root = tempfile::tempdir().expect("a folder");
        let failed = entry_in(root.path(), "one", "lock", |scratch| {
            fs::write(scratch.join("rest"), "").expect("written");
            Err(ExecError::Missing("the network".to_owned()))
        });
        assert_eq!(failed.expect_err("it failed").to_string(), "the network");
        let path = entry_in(root.path(), "one", "lock", |_| Ok(())).expect("the entry is made");
        assert!(!path.join("rest").exists());
    }
}
