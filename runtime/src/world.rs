//! The outside, as the compiler asks for it: files, tracepoints, the kernel's types.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gprobe_compiler::target::{Absent, Running, TargetBinary, TaskOffsets, TracepointField, World};
use gprobe_symbols::{Binary, glob_matches as wild};

use crate::error::Error;
use crate::kernel::btf::{Btf, VMLINUX};
use crate::kernel::functions;
use crate::kernel::symbols::KernelSymbols;
use crate::kernel::tracefs;
use crate::process::{Mapping, below, is_mapped_as, load_bias, mapped_file, mappings, own_root};
use crate::sys::map_file::map_file;
use crate::sys::process::read_memory;

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
    pids: Vec<u32>,
}

impl LiveWorld {
    /// The world as these processes see it, containers included; they all run the same executable. Without
    /// any, as gprobe does.
    pub fn new(pids: &[u32]) -> Self {
        Self { pids: pids.to_vec() }
    }

    /// The Go program that all of these processes run, be it one file or copies of it: see
    /// [`program`](Self::program).
    ///
    /// # Errors
    /// Where one is not there, may not be looked into, or runs another one.
    pub fn common_program(pids: &[u32]) -> Result<Option<TargetBinary>, Error> {
        let [first, others @ ..] = pids else { return Ok(None) };
        let file = Self::program(*first)?;
        for &pid in others {
            crate::process::check(pid)?;
            if !same_file(&file.path, &format!("/proc/{pid}/exe")) {
                let other = Self::program(pid)?;
                let copy = other.path.ends_with("/exe") && same_build(&file.binary, &other.binary);
                if !copy && !same_file(&file.path, &other.path) {
                    return Err(Error::NotTheSame {
                        processes: (*first, pid),
                        files: (file.name, other.name),
                    });
                }
            }
        }
        Ok(Some(file))
    }

    /// The Go program of a process: its executable or, where that is none, the first library of Go's that it has
    /// loaded (`-buildmode=c-shared`). Without either, the executable.
    ///
    /// # Errors
    /// Where there is no such process, or it may not be looked into.
    pub fn program(pid: u32) -> Result<TargetBinary, Error> {
        let executable = Self::executable(pid)?;
        if executable.binary.go_version().is_some() {
            return Ok(executable);
        }
        Ok(go_files(pid)?.next().unwrap_or(executable))
    }

    /// The executable of a process.
    ///
    /// # Errors
    /// Where there is no such process, or it may not be looked into.
    pub fn executable(pid: u32) -> Result<TargetBinary, Error> {
        crate::process::check(pid)?;
        let path = format!("/proc/{pid}/exe");
        let name = fs::read_link(&path).map_err(|error| crate::process::unreadable(pid, error))?;
        // Where the file was replaced since the process started, the process has the old one still.
        let name = name.display().to_string();
        let name = name.strip_suffix(" (deleted)").unwrap_or(&name);
        let name = below(own_root(pid).as_deref(), name).to_owned();
        let binary = open_binary(&path).map_err(|error| match error {
            Error::Binary { error, .. } => Error::Binary { path: name.clone(), error },
            other => other,
        })?;
        Ok(TargetBinary { name, binary, path })
    }

    /// A file by its path.
    ///
    /// # Errors
    /// Where it can't be read or is no ELF file.
    pub fn file(path: &Path) -> Result<TargetBinary, Error> {
        let shown = path.display().to_string();
        Ok(TargetBinary { binary: open_binary(&shown)?, name: shown.clone(), path: shown })
    }

    /// The processes that run a file, of which `command` and what descends from it are meant alone, where it is
    /// given.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn running(file: &TargetBinary, command: Option<u32>) -> Result<Running, Error> {
        let unreadable = |error| Error::File { path: file.path.clone(), error };
        let metadata = fs::metadata(&file.path).map_err(unreadable)?;
        // The file is mapped here, to be read: so the kernel itself says what device it counts it to.
        let mapped = mappings(std::process::id()).unwrap_or_default();
        let own = mapped.iter().find(|m| is_mapped_as(&file.path, m)).map(|m| m.device);
        let (major, minor) =
            own.unwrap_or_else(|| (libc::major(metadata.dev()), libc::minor(metadata.dev())));
        Ok(Running { file: file.clone(), device: major << 20 | minor, inode: metadata.ino(), command })
    }

    /// Where a file or library is, as this process opens it.
    fn find(&self, name: &str) -> Result<Option<String>, Error> {
        let Some(pid) = self.first() else { return Ok(Self::find_here(name)) };
        let Some(found) = find_in(pid, name)? else {
            return Ok(Path::new(name).is_file().then(|| name.to_owned()));
        };
        for &other in self.pids.iter().skip(1) {
            let same = find_in(other, name)?.is_some_and(|path| same_file(&path, &found));
            if !same {
                return Err(Error::OtherFile { name: name.to_owned(), processes: (pid, other) });
            }
        }
        Ok(Some(found))
    }

    /// Where a file or library is, where no process says.
    fn find_here(name: &str) -> Option<String> {
        match name.contains('/') {
            true => Path::new(name).is_file().then(|| name.to_owned()),
            false => {
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

    /// How messages call a library that was named without its folder.
    fn shown(&self, name: &str, path: &str) -> String {
        let mapped = self.first().and_then(|pid| mappings(pid).ok()).unwrap_or_default();
        let names = mapped.iter().filter(|m| m.inode != 0).map(|m| file_name(&m.path));
        let library = names.into_iter().find(|file| is_library(file, name));
        library.unwrap_or_else(|| file_name(path)).to_owned()
    }

    /// The process that stands for all.
    fn first(&self) -> Option<u32> {
        self.pids.first().copied()
    }

    /// Names of what the process has mapped, to suggest.
    fn mapped_names(&self) -> Vec<String> {
        let mapped = self.first().and_then(|pid| mappings(pid).ok()).unwrap_or_default();
        let mut names: Vec<String> =
            mapped.iter().filter(|m| m.inode != 0).map(|m| file_name(&m.path).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Go programs and libraries of Go's that a process has mapped.
fn go_files(pid: u32) -> Result<impl Iterator<Item = TargetBinary>, Error> {
    let code = mappings(pid)?.into_iter().filter(|m| m.executable && m.inode != 0);
    Ok(code.filter_map(move |mapping| {
        let path = mapped_file(pid, &mapping).ok()?;
        let binary = open_binary(&path).ok().filter(|binary| binary.go_version().is_some())?;
        Some(TargetBinary { name: mapping.path, path, binary })
    }))
}

/// Where a file or library is that a process has mapped or, named by its whole path, may open.
fn find_in(pid: u32, name: &str) -> Result<Option<String>, Error> {
    let mapped = mappings(pid)?;
    let files = || mapped.iter().filter(|m| m.inode != 0);
    if !name.contains('/') {
        let library = files().find(|m| is_library(file_name(&m.path), name));
        return library.map(|mapping| mapped_file(pid, mapping)).transpose();
    }
    if !name.starts_with('/') {
        return Ok(None);
    }
    let seen = format!("/proc/{pid}/root{name}");
    if files().any(|mapping| is_mapped_as(&seen, mapping)) {
        return Ok(Some(seen));
    }
    // What the process has mapped from this path may be another file than the one that is there now.
    let real = fs::canonicalize(&seen).ok();
    let named =
        |m: &&Mapping| m.path == name || real.as_deref().is_some_and(|real| real == Path::new(&m.path));
    if let Some(mapping) = files().find(named) {
        return mapped_file(pid, mapping).map(Some);
    }
    Ok(Path::new(&seen).is_file().then_some(seen))
}

/// Whether two paths lead to one file.
fn same_file(one: &str, other: &str) -> bool {
    let id = |path: &str| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    id(one).is_some_and(|one| id(other) == Some(one))
}

/// Whether two files are copies of one build.
fn same_build(one: &Binary, other: &Binary) -> bool {
    one.build_id().is_some_and(|id| other.build_id() == Some(id)) && one.segments() == other.segments()
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
        let found = self.find(name);
        let found = found.map_err(|error| Absent { reason: error.to_string(), candidates: Vec::new() })?;
        let Some(path) = found else {
            let what = match (name.contains('/'), self.first()) {
                (true, _) => format!("there is no file `{name}`"),
                (false, Some(pid)) => format!("process {pid} has no library `{name}` loaded"),
                (false, None) => format!("there is no library `{name}` in the usual folders"),
            };
            return Err(Absent { reason: what, candidates: self.mapped_names() });
        };
        match open_binary(&path) {
            Ok(binary) => {
                // The process's executable is opened through the process, by whatever name.
                let name = if name.contains('/') { name.to_owned() } else { self.shown(name, &path) };
                Ok(TargetBinary { name, path, binary })
            }
            Err(error) => Err(Absent { reason: error.to_string(), candidates: Vec::new() }),
        }
    }

    fn go_libraries(&self) -> Vec<TargetBinary> {
        let Some(pid) = self.first() else { return Vec::new() };
        let Ok(program) = Self::program(pid) else { return Vec::new() };
        let files = go_files(pid).into_iter().flatten();
        files.filter(|file| !same_file(&file.path, &program.path)).collect()
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

    fn g_tls_offset(&self, file: &TargetBinary) -> Result<i64, Absent> {
        let absent = |reason: String| Absent { reason, candidates: Vec::new() };
        let Some(word) = file.binary.g_tls_word() else {
            let offset = file.binary.g_tls_offset();
            return offset.map(|offset| offset.value).map_err(|reason| absent(reason.to_string()));
        };
        let mut common = None;
        for &pid in &self.pids {
            let bias = load_bias(pid, file).ok().flatten();
            let at = word.0.wrapping_add(bias.unwrap_or(0));
            let mut bytes = [0; 8];
            read_memory(pid, at, &mut bytes).map_err(|error| {
                absent(format!(
                    "where {} finds its goroutines in process {pid} can't be read: {error}",
                    file.name
                ))
            })?;
            let offset = i64::from_le_bytes(bytes);
            if common.is_some_and(|common| common != offset) {
                return Err(absent(format!(
                    "{} finds its goroutines elsewhere in each process: name a single one",
                    file.name
                )));
            }
            common = Some(offset);
        }
        common.ok_or_else(|| {
            absent(format!(
                "{} is a library, which finds its goroutines elsewhere in each process: name one with -p PID",
                file.name
            ))
        })
    }

    fn load_bias(&self, file: &TargetBinary) -> Result<u64, Absent> {
        if !file.binary.is_pie() {
            return Ok(0);
        }
        let absent = |reason: String| Absent { reason, candidates: Vec::new() };
        let elsewhere =
            || absent(format!("{} lies elsewhere in each process: name a single one with -p PID", file.name));
        let mut common = None;
        for &pid in &self.pids {
            let found = load_bias(pid, file).map_err(|error| absent(error.to_string()))?;
            let bias = found
                .ok_or_else(|| absent(format!("process {pid} has {} nowhere in its memory", file.name)))?;
            if common.is_some_and(|common| common != bias) {
                return Err(elsewhere());
            }
            common = Some(bias);
        }
        common.ok_or_else(elsewhere)
    }

    fn kernel_symbol(&self, name: &str) -> Result<u64, Absent> {
        KernelSymbols::address(name).ok_or_else(|| Absent {
            reason: format!("Failed to resolve kernel symbol: {name}"),
            candidates: Vec::new(),
        })
    }

    fn cgroup_id(&self, path: &str) -> Result<u64, Absent> {
        // The inode of a cgroup's folder is its id.
        fs::metadata(path).map(|metadata| metadata.ino()).map_err(|error| Absent {
            reason: format!("there is no cgroup at {path}: {error}"),
            candidates: Vec::new(),
        })
    }

    fn task_offsets(&self) -> Result<TaskOffsets, Absent> {
        let absent = |reason: String| Absent { reason, candidates: Vec::new() };
        let bytes = fs::read(VMLINUX).map_err(|error| {
            absent(format!("it needs the kernel's types, and {VMLINUX} can't be read: {error}"))
        })?;
        let btf = Btf::parse(&bytes).ok_or_else(|| absent(format!("{VMLINUX} is damaged")))?;
        let offset = |name: &str, member: &str| {
            let unknown = || absent(format!("the kernel's types do not say where `{name}.{member}` is"));
            btf.member_offset(name, member).ok_or_else(unknown)
        };
        Ok(TaskOffsets {
            task_mm: offset("task_struct", "mm")?,
            task_pid: offset("task_struct", "pid")?,
            task_tgid: offset("task_struct", "tgid")?,
            mm_exe_file: offset("mm_struct", "exe_file")?,
            file_inode: offset("file", "f_inode")?,
            inode_number: offset("inode", "i_ino")?,
            inode_super: offset("inode", "i_sb")?,
            super_device: offset("super_block", "s_dev")?,
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
