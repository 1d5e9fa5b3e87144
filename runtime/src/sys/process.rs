//! Other processes: their memory, their end, and new ones that wait before their first instruction.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use super::result;

/// Reads memory of a process; less than asked for is an error.
pub(crate) fn read_memory(pid: u32, addr: u64, buffer: &mut [u8]) -> io::Result<()> {
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: addr as *mut libc::c_void, iov_len: buffer.len() };
    // SAFETY: `local` is our own buffer with its length; the kernel checks `remote`.
    let read = unsafe { libc::process_vm_readv(pid as i32, &raw const local, 1, &raw const remote, 1, 0) };
    if read as usize == buffer.len() {
        Ok(())
    } else if read < 0 {
        Err(io::Error::last_os_error())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// A descriptor that becomes readable when the process ends.
pub(crate) fn pidfd(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes plain numbers.
    let fd = result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the kernel has just given this descriptor to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Sends a signal to the process of a descriptor, and to no other that has its number later.
pub(crate) fn signal_by(process: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    // SAFETY: the descriptor is open; no further information is given.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            process.as_raw_fd(),
            signal,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    result(sent).map(drop)
}

/// Waits until one of the descriptors is readable, a signal comes, or the time is over; says which
/// are.
pub(crate) fn wait(fds: &[BorrowedFd<'_>], timeout_ms: i32) -> io::Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> =
        fds.iter().map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 }).collect();
    // SAFETY: an array of so many entries.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, timeout_ms) };
    if ready < 0 {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::Interrupted {
            Ok(vec![false; fds.len()])
        } else {
            Err(error)
        };
    }
    Ok(polled.iter().map(|p| p.revents != 0).collect())
}

/// Starts a command and stops it before its first instruction.
pub(crate) fn spawn_stopped(command: &mut Command) -> io::Result<Child> {
    // SAFETY: between fork and exec only one async-signal-safe call is made.
    unsafe {
        command.pre_exec(|| result(libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0)).map(drop));
    }
    let child = command.spawn()?;
    let mut status = 0;
    // SAFETY: `status` is ours; the child is ours and not yet reaped.
    let waited = unsafe { libc::waitpid(child.id() as i32, &raw mut status, 0) };
    result(waited.into())?;
    if libc::WIFSTOPPED(status) {
        Ok(child)
    } else {
        Err(io::Error::other("it ended before its first instruction"))
    }
}

/// Lets a stopped command go.
pub(crate) fn release(pid: u32) -> io::Result<()> {
    // SAFETY: takes plain numbers; the process is our traced child.
    result(unsafe { libc::ptrace(libc::PTRACE_DETACH, pid as i32, 0, 0) }).map(drop)
}

/// Sends a signal.
pub(crate) fn signal(pid: u32, signal: i32) -> io::Result<()> {
    // SAFETY: takes plain numbers.
    result(unsafe { libc::kill(pid as i32, signal) }.into()).map(drop)
}

/// Raises the limit of locked memory, which kernels before 5.11 charge maps to. Later ones need
/// nothing, and a user without CAP_SYS_RESOURCE may not: so a failure is none.
pub(crate) fn raise_memlock() {
    let all = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: a whole struct.
    let _ = unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const all) };
}

/// Raises the limit of open files to what this user may have: as many as there are probes, on some kernels.
pub(crate) fn raise_open_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a whole struct, which is ours.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0 {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: a whole struct. Where it fails, the limit stays as it is.
        let _ = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
}

/// Nanoseconds of a clock: `CLOCK_BOOTTIME`, `CLOCK_MONOTONIC`, `CLOCK_TAI`.
pub(crate) fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is ours. These clocks exist since Linux 3.10.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The kernel's release as `uname -r` shows it.
pub(crate) fn kernel_release() -> String {
    // SAFETY: a struct of character arrays; all zeros is valid.
    let mut name: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: `name` is ours.
    unsafe { libc::uname(&raw mut name) };
    name.release.iter().take_while(|&&c| c != 0).map(|&c| char::from(c as u8)).collect()
}

/// The effective user.
pub(crate) fn effective_user() -> u32 {
    // SAFETY: takes nothing, never fails.
    unsafe { libc::geteuid() }
}
