//! Live tests never skip: where the kernel does not let them run, they fail and say why.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use aya::programs::ProgramType;

/// Where the kernel keeps its tracepoints and events.
const TRACEFS: &str = "/sys/kernel/tracing";

/// Panics with the reason and the remedy where this kernel or this user cannot run BPF.
///
/// As root it mounts tracefs where that is missing.
pub fn require_bpf() {
    // One outcome for the process: the tests of a binary run at once.
    static PROBLEM: LazyLock<Option<String>> = LazyLock::new(bpf_problem);
    if let Some(problem) = &*PROBLEM {
        panic!("live tests need BPF: {problem}");
    }
}

/// Why BPF does not work here, with the remedy; `None` where it works.
pub fn bpf_problem() -> Option<String> {
    let root = rustix::process::geteuid().is_root();
    if let Some(problem) = tracefs_problem(root) {
        return Some(problem);
    }
    match aya::sys::is_program_supported(ProgramType::KProbe) {
        Ok(true) => None,
        Ok(false) => Some(
            "this kernel knows no kprobe programs; it needs CONFIG_BPF_EVENTS and CONFIG_UPROBE_EVENTS"
                .to_owned(),
        ),
        Err(error) if root => Some(format!(
            "the kernel refused to load a BPF program ({error}); in a container run it with \
             --privileged, and see that `bpf` is allowed by seccomp and kernel lockdown"
        )),
        Err(error) => Some(format!(
            "the kernel refused to load a BPF program ({error}); run the tests as root, or with \
             CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE"
        )),
    }
}

/// Mounts tracefs if it can; gives what is left to say.
fn tracefs_problem(root: bool) -> Option<String> {
    if Path::new(TRACEFS).join("events").exists() {
        return None;
    }
    if !root {
        return Some(format!(
            "tracefs is not readable; run the tests as root, or `sudo mount -t tracefs tracefs {TRACEFS}`"
        ));
    }
    match Command::new("mount").args(["-t", "tracefs", "tracefs", TRACEFS]).output() {
        // A test in another process may have mounted it in between.
        _ if Path::new(TRACEFS).join("events").exists() => None,
        Ok(output) => Some(format!(
            "cannot mount tracefs on {TRACEFS}: {}; the kernel needs CONFIG_FTRACE",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Some(format!("cannot run `mount` to mount tracefs on {TRACEFS}: {error}")),
    }
}
