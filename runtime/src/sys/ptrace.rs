//! ptrace(2), as far as it takes to follow a command of gprobe's own to the program that is meant.

use std::io;

use super::result;

/// Why a traced process or thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It has executed a program, and not run one instruction of it.
    Exec,
    /// It has made a process or a thread.
    Child(u32),
    /// It is about to get a signal.
    Signal(i32),
    /// It is gone, and this is how, as wait(2) says it.
    Gone(i32),
}

/// Has a stopped child report what it executes and the processes that it makes, which are traced in their turn.
pub(crate) fn follow(pid: u32) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE;
    // SAFETY: takes plain numbers.
    result(unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, pid as i32, 0, options as libc::c_long) }).map(drop)
}

/// Lets a stopped one go on, with a signal or without (0).
pub(crate) fn go_on(pid: u32, signal: i32) -> io::Result<()> {
    // SAFETY: takes plain numbers.
    result(unsafe { libc::ptrace(libc::PTRACE_CONT, pid as i32, 0, libc::c_long::from(signal)) }).map(drop)
}

/// Lets a stopped one go for good, with a signal or without (0).
pub(crate) fn detach(pid: u32, signal: i32) -> io::Result<()> {
    // SAFETY: takes plain numbers.
    result(unsafe { libc::ptrace(libc::PTRACE_DETACH, pid as i32, 0, libc::c_long::from(signal)) }).map(drop)
}

/// Asks a running one to stop.
pub(crate) fn stop(pid: u32) {
    // SAFETY: takes plain numbers. One that is gone has stopped too.
    unsafe { libc::syscall(libc::SYS_tkill, pid as i32, libc::SIGSTOP) };
}

/// Which of the traced ones stands now, and why; `None`: none does. An error: none is left.
pub(crate) fn next_stop() -> io::Result<Option<(u32, Stop)>> {
    let mut status = 0;
    // SAFETY: `status` is ours.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL | libc::WNOHANG) };
    let pid = result(pid.into())? as u32;
    if pid == 0 {
        return Ok(None);
    }
    if !libc::WIFSTOPPED(status) {
        return Ok(Some((pid, Stop::Gone(status))));
    }
    let stop = match status >> 16 {
        libc::PTRACE_EVENT_EXEC => Stop::Exec,
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
            let mut child: libc::c_ulong = 0;
            // SAFETY: the kernel writes one word to `child`.
            let asked = unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, pid as i32, 0, &raw mut child) };
            result(asked)?;
            Stop::Child(child as u32)
        }
        _ => Stop::Signal(libc::WSTOPSIG(status)),
    };
    Ok(Some((pid, stop)))
}
