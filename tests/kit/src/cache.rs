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
    let root = root();
    let path = root.join(entry);
    if path.is_dir() {
        return Ok(path);
    }
    let _guard = hold(&root, lock)?;
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
