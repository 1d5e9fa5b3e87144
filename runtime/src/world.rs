//! The outside, as the compiler asks for it: files, tracepoints, the kernel's types.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gprobe_compiler::target::{Absent, TargetBinary, TracepointField, World};
use gprobe_symbols::{Binary, glob_matches as wild};

use crate::error::Error;
use crate::kernel::btf::{Btf, VMLINUX};
use crate::kernel::functions;
use crate::kernel::symbols::KernelSymbols;
use crate::kernel::tracefs;
use crate::process::mappings;
use crate::sys::map_file::map_file;

/// Folders that hold libraries, where no process says which it uses.
const LIBRARY_FOLDERS: [&str; 7] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/usr/local/lib",
];

/// Opens a file for its symbols.
///
/// # Errors
/// Where it can't be read or is no ELF file that gprobe understands.
pub fn open_binary(path: &str) -> Result<Arc<Binary>, Error> {
    let unreadable = |error| Error::File { path: path.to_owned(), error };
    let file = File::open(path).map_err(unreadable)?;
    let bytes = map_file(&file).map_err(unreadable)?;
    let binary = Binary::open(bytes).map_err(|error| Error::Binary { path: path.to_owned(), error })?;
    Ok(Arc::new(binary))
}

/// This machine, seen by a process or by itself.
#[derive(Clone, Debug)]
pub struct LiveWorld {
    pid: Option<u32>,
}

impl LiveWorld {
    /// The world as the process sees it, containers included.
    pub fn new(pid: Option<u32>) -> Self {
        Self { pid }
    }

    /// The executable of a process.
    ///
    /// # Errors
    /// Where there is no such process, or it may not be looked into.
    pub fn executable(pid: u32) -> Result<TargetBinary, Error> {
        crate::process::check(pid)?;
        let path = format!("/proc/{pid}/exe");
        let name = fs::read_link(&path).map_err(|error| crate::process::unreadable(pid, error))?;
        Ok(TargetBinary { name: name.display().to_string(), binary: open_binary(&path)?, path })
    }

    /// A file by its path.
    ///
    /// # Errors
    /// Where it can't be read or is no ELF file.
    pub fn file(path: &Path) -> Result<TargetBinary, Error> {
        let shown = path.display().to_string();
        Ok(TargetBinary { binary: open_binary(&shown)?, name: shown.clone(), path: shown })
    }

    /// Where a file or library is, as this process opens it.
    fn find(&self, name: &str) -> Option<String> {
        if name.contains('/') {
            let seen =
                self.pid.filter(|_| name.starts_with('/')).map(|pid| format!("/proc/{pid}/root{name}"));
            return seen.into_iter().chain([name.to_owned()]).find(|p| Path::new(p).is_file());
        }
        match self.pid {
            Some(pid) => {
                let mapped = mappings(pid).ok()?;
                let file = mapped.iter().find(|m| m.inode != 0 && is_library(file_name(&m.path), name))?;
                Some(format!("/proc/{pid}/root{}", file.path))
            }
            None => {
                let folders = LIBRARY_FOLDERS.iter().filter_map(|f| fs::read_dir(f).ok());
                let mut found: Vec<PathBuf> = folders
                    .flat_map(|folder| folder.flatten().map(|e| e.path()))
                    .filter(|p| p.file_name().is_some_and(|n| is_library(&n.to_string_lossy(), name)))
                    // A linker script is no library.
                    .filter(|p| open_binary(&p.to_string_lossy()).is_ok())
                    .collect();
                found.sort();
                found.first().map(|p| p.to_string_lossy().into_owned())
            }
        }
    }

    /// Names of what the process has mapped, to suggest.
    fn mapped_names(&self) -> Vec<String> {
        let mapped = self.pid.and_then(|pid| mappings(pid).ok()).unwrap_or_default();
        let mut names: Vec<String> =
            mapped.iter().filter(|m| m.inode != 0).map(|m| file_name(&m.path).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `libc` and `libc.so.6` both mean `libc.so.6`; `c` does not.
fn is_library(file: &str, name: &str) -> bool {
    file == name
        || file
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(".so") || rest.starts_with('-') && rest.contains(".so"))
}

impl World for LiveWorld {
    fn binary(&self, name: &str) -> Result<TargetBinary, Absent> {
        let Some(path) = self.find(name) else {
            let what = match (name.contains('/'), self.pid) {
                (true, _) => format!("there is no file `{name}`"),
                (false, Some(pid)) => format!("process {pid} has no library `{name}` loaded"),
                (false, None) => format!("there is no library `{name}` in the usual folders"),
            };
            return Err(Absent { reason: what, candidates: self.mapped_names() });
        };
        match open_binary(&path) {
            Ok(binary) => {
                // The process's executable is opened through the process, by whatever name.
                let name = if name.contains('/') { name.to_owned() } else { file_name(&path).to_owned() };
                Ok(TargetBinary { name, path, binary })
            }
            Err(error) => Err(Absent { reason: error.to_string(), candidates: Vec::new() }),
        }
    }

    fn tracepoint(&self, category: &str, name: &str) -> Result<Vec<TracepointField>, Absent> {
        tracefs::format(category, name).ok_or_else(|| match tracefs::all() {
            Err(error) => Absent { reason: error.to_string(), candidates: Vec::new() },
            Ok(all) => Absent {
                reason: format!(
                    "No matches for tracepoint {category}:{name}: the kernel has none of that name"
                ),
                candidates: all.into_iter().filter(|(c, _)| c == category).map(|(_, n)| n).collect(),
            },
        })
    }

    fn tracepoints(&self, category: &str, name: &str) -> Result<Vec<(String, String)>, Absent> {
        let all =
            tracefs::all().map_err(|error| Absent { reason: error.to_string(), candidates: Vec::new() })?;
        let mut found: Vec<(String, String)> =
            all.into_iter().filter(|(c, n)| wild(category, c) && wild(name, n)).collect();
        found.sort();
        Ok(found)
    }

    fn kernel_functions(&self, module: Option<&str>, pattern: &str) -> Result<Vec<String>, Absent> {
        functions::matching(module, pattern)
    }

    fn load_bias(&self, file: &TargetBinary) -> Result<u64, Absent> {
        if !file.binary.is_pie() {
            return Ok(0);
        }
        let absent = |reason: String| Absent { reason, candidates: Vec::new() };
        let Some(pid) = self.pid else {
            return Err(absent(format!(
                "{} lies elsewhere in each process: name one with -p PID",
                file.name
            )));
        };
        let mapped = mappings(pid).map_err(|error| absent(error.to_string()))?;
        let is_it =
            |path: &str| path == file.name || Path::new(&file.name).ends_with(path.trim_start_matches('/'));
        let found = mapped.iter().filter(|m| m.inode != 0 && is_it(&m.path)).find_map(|m| {
            let link = file.binary.link_addr(gprobe_symbols::FileOffset(m.offset))?;
            Some(m.start.wrapping_sub(link.0))
        });
        found.ok_or_else(|| absent(format!("process {pid} has {} nowhere in its memory", file.name)))
    }

    fn kernel_symbol(&self, name: &str) -> Result<u64, Absent> {
        KernelSymbols::address(name).ok_or_else(|| Absent {
            reason: format!("Failed to resolve kernel symbol: {name}"),
            candidates: Vec::new(),
        })
    }

    fn cgroup_id(&self, path: &str) -> Result<u64, Absent> {
        use std::os::unix::fs::MetadataExt;
        // The inode of a cgroup's folder is its id.
        fs::metadata(path).map(|metadata| metadata.ino()).map_err(|error| Absent {
            reason: format!("there is no cgroup at {path}: {error}"),
            candidates: Vec::new(),
        })
    }

    fn task_fsbase_offset(&self) -> Result<u32, Absent> {
        kernel_types("a thread's fsbase", |btf| {
            let (thread, fsbase) =
                (btf.member_offset("task_struct", "thread")?, btf.member_offset("thread_struct", "fsbase")?);
            Some(thread + fsbase)
        })
    }

    fn task_stack_offset(&self) -> Result<u32, Absent> {
        kernel_types("a thread's stack in the kernel", |btf| btf.member_offset("task_struct", "stack"))
    }
}

/// Looks for `what` in the kernel's types.
fn kernel_types(what: &str, find: impl FnOnce(&Btf<'_>) -> Option<u32>) -> Result<u32, Absent> {
    let absent = |reason: String| Absent { reason, candidates: Vec::new() };
    let bytes = fs::read(VMLINUX).map_err(|error| {
        absent(format!("outside Go code it needs the kernel's types, and {VMLINUX} can't be read: {error}"))
    })?;
    let btf = Btf::parse(&bytes).ok_or_else(|| absent(format!("{VMLINUX} is damaged")))?;
    find(&btf).ok_or_else(|| absent(format!("the kernel's types do not say where {what} is")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_found_by_its_bare_name() {
        assert!(is_library("libc.so.6", "libc"));
        assert!(is_library("libc-2.31.so", "libc"));
        assert!(is_library("libc.so.6", "libc.so.6"));
        assert!(!is_library("libcrypto.so.3", "libc"));
    }
}
