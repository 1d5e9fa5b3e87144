//! What can go wrong, told to the user: what happened, where, and what to do.

use std::io;

use thiserror::Error;

/// Why a script can't be loaded, attached or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no process of that id.
    #[error("there is no process {pid}")]
    NoProcess {
        /// The id that was asked for.
        pid: u32,
    },
    /// There is no process of that id here, but in other PID namespaces.
    #[error(
        "there is no process {pid} here; in a PID namespace of its own it is {}: use -p with its number here",
        one_of(here)
    )]
    InNamespace {
        /// The id that was asked for.
        pid: u32,
        /// The processes that have it there, and their names: at least one.
        here: Vec<(u32, String)>,
    },
    /// Processes that are named together run different programs.
    #[error(
        "process {} runs {} and process {} runs {}: processes that are traced together run one and the same \
         build; trace these with a gprobe each",
        processes.0, files.0, processes.1, files.1
    )]
    NotTheSame {
        /// Two of them.
        processes: (u32, u32),
        /// What they run.
        files: (String, String),
    },
    /// Processes that are traced together have different files under one name.
    #[error("process {} and process {} have different files as `{name}`: trace them with a gprobe each", processes.0, processes.1)]
    OtherFile {
        /// The name.
        name: String,
        /// Two of them.
        processes: (u32, u32),
    },
    /// A file that a process has mapped was replaced.
    #[error(
        "process {pid} has the file mapped that was at {path} when it started; there is another one now. \
         To read the old one run gprobe as root, or with CAP_CHECKPOINT_RESTORE"
    )]
    Replaced {
        /// The process.
        pid: u32,
        /// The path as the process sees it.
        path: String,
    },
    /// A process may not be looked into.
    #[error("process {pid} may not be looked into: run gprobe as root, or as its user with CAP_SYS_PTRACE")]
    NoPermission {
        /// The process.
        pid: u32,
    },
    /// A file can't be read.
    #[error("{path} can't be read: {error}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A file is none that code can be read from.
    #[error("{path}: {error}")]
    Binary {
        /// Which file.
        path: String,
        /// Why.
        error: gprobe_symbols::Error,
    },
    /// The compiler's object can't be taken apart: a bug of gprobe.
    #[error("gprobe made an object that it can't read itself, which is a bug of gprobe: {0}")]
    Object(String),
    /// A map can't be made.
    #[error("the kernel made no map `{name}`: {why}")]
    Map {
        /// The map.
        name: String,
        /// The errno, explained.
        why: String,
    },
    /// A program was refused.
    #[error("the kernel refused the program of `{title}`: {why}")]
    Program {
        /// The probe as written.
        title: String,
        /// The errno, explained, and the end of the verifier's log.
        why: String,
    },
    /// The kernel gave up on a program.
    #[error(
        "`{title}` has too many ways through it for this kernel to follow them all (newer kernels follow more): \
         split the probe in several, take away nested conditions and searches in strings, or lower max_strlen"
    )]
    TooManyPaths {
        /// The probe as written.
        title: String,
    },
    /// A probe can't be attached.
    #[error("`{title}` can't be attached: {why}")]
    Attach {
        /// The probe as written.
        title: String,
        /// The errno, explained.
        why: String,
    },
    /// The runtime's structs are not where they should be.
    #[error(
        "the Go runtime of process {pid} is not as its debug information says: {why}; nothing was attached"
    )]
    Layout {
        /// The process.
        pid: u32,
        /// What does not hold.
        why: String,
    },
    /// A command can't be started.
    #[error("`{command}` can't be started: {error}")]
    Spawn {
        /// The command.
        command: String,
        /// Why.
        error: io::Error,
    },
    /// A command ended without what it was started for.
    #[error(
        "the command ended, and neither it nor what it started was a Go program: there is nothing to trace"
    )]
    NoGo,
    /// gprobe was ended while it waited for a Go program.
    #[error("the command had not come to a Go program yet")]
    BrokenOff,
    /// There is nothing left to attach to.
    #[error("the target has ended: there is nothing to attach to")]
    Gone,
    /// A script that was forgotten, or is another tracer's.
    #[error("there is no such script any more")]
    NoScript,
    /// A program can't be run.
    #[error("`{title}` can't be run: {why}")]
    Run {
        /// The probe as written.
        title: String,
        /// The errno, explained.
        why: String,
    },
    /// Waiting for events failed.
    #[error("waiting for events failed: {0}")]
    Wait(io::Error),
}

/// `process 4242 (server)`, or several with "or" between them.
fn one_of(processes: &[(u32, String)]) -> String {
    let shown: Vec<String> = processes.iter().map(|(pid, name)| format!("process {pid} ({name})")).collect();
    shown.join(" or ")
}

/// An errno of bpf(2) and perf_event_open(2), in words.
pub(crate) fn explain(error: &io::Error) -> String {
    let hint = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "this user may not use BPF: run gprobe as root, or give it CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE \
             (`gprobe doctor` says what is missing)"
        }
        Some(libc::ESRCH) => "the process has ended",
        Some(libc::ENOENT) => "the file or the tracepoint is not there any more",
        Some(libc::ENOMEM) => "the kernel has no memory for it: lower max_map_keys",
        Some(libc::EMFILE | libc::ENFILE) => "too many open files: raise `ulimit -n`",
        // ENOTSUPP of the kernel, which has no name in libc.
        Some(crate::kernel::uprobes::ENOTSUPP) => "an instruction there can't carry a probe",
        Some(libc::EILSEQ) => "no instruction starts there",
        Some(libc::EINVAL) => {
            "this kernel does not know what was asked of it (`gprobe doctor` says what it can)"
        }
        _ => return error.to_string(),
    };
    format!("{hint} ({error})")
}
