//! bpftrace, to measure against: fetched into the cache beside whatever the system has.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::debian::{self, Suite};
use crate::exec::{ExecError, run};

/// What running it needs.
const REMEDY: &str = "what was fetched does not run here";

/// A bpftrace in a folder of its own, with the libraries that it was built against.
#[derive(Clone, Debug)]
pub struct Bpftrace {
    root: PathBuf,
}

impl Bpftrace {
    /// The bpftrace of a Debian release (`bookworm`: 0.17, `trixie`: 0.23), from the cache or
    /// fetched with all that it links to. Nothing of it is installed.
    pub fn fetch(release: &str) -> Result<Bpftrace, ExecError> {
        let root = cache::entry(&format!("bpftrace/{release}"), "bpftrace", |scratch| {
            let packages = Suite::named(release)?.download_with_all(scratch, "bpftrace")?;
            for package in packages {
                // The C library is kept apart: on a system with the same or a newer one, the
                // system's own must be used.
                let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let to = scratch.join(if name.starts_with("libc6_") { "libc" } else { "root" });
                debian::unpack(&package, &to)?;
            }
            cache::remove(&scratch.join("archives"))
        })?;
        Ok(Bpftrace { root })
    }

    /// A command that runs it, to which arguments can be added.
    ///
    /// Where the system's C library is too old for it, it runs under the loader of its own; a
    /// bpftrace before 0.22 then cannot have `BEGIN` and `END`, as it looks for itself in
    /// `/proc/self/exe`.
    pub fn command(&self) -> Command {
        let binary = self.root.join("root/usr/bin/bpftrace");
        let mut direct = Command::new(&binary);
        direct.env("LD_LIBRARY_PATH", path_list(&libraries(&self.root.join("root"))));
        if run(direct.arg("--version"), REMEDY).is_ok() {
            let mut command = Command::new(&binary);
            command.env("LD_LIBRARY_PATH", path_list(&libraries(&self.root.join("root"))));
            return command;
        }
        let libc = self.root.join("libc");
        let loader = ["lib64", "usr/lib64", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]
            .map(|place| libc.join(place).join("ld-linux-x86-64.so.2"))
            .into_iter()
            .find(|path| path.is_file())
            .unwrap_or_default();
        let mut folders = libraries(&libc);
        folders.extend(libraries(&self.root.join("root")));
        let mut command = Command::new(loader);
        command.arg("--library-path").arg(path_list(&folders)).arg(binary);
        command
    }

    /// What `bpftrace --version` says.
    pub fn version(&self) -> Result<String, ExecError> {
        Ok(run(self.command().arg("--version"), REMEDY)?.trim().to_owned())
    }
}

/// The folders of shared libraries below an unpacked root.
fn libraries(root: &Path) -> Vec<PathBuf> {
    let mut folders = vec![root.join("lib/x86_64-linux-gnu"), root.join("usr/lib/x86_64-linux-gnu")];
    if let Ok(entries) = fs::read_dir(root.join("usr/lib")) {
        folders.extend(entries.flatten().map(|entry| entry.path().join("lib")));
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

/// Folders as the loader takes them.
fn path_list(folders: &[PathBuf]) -> OsString {
    std::env::join_paths(folders).unwrap_or_default()
}
