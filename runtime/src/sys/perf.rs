//! perf_event_open(2): tracepoints, samples, and uprobes of older kernels.

use std::ffi::CString;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::{fs, io};

use aya_obj::generated::perf_event_attr;

use super::result;

/// `PERF_TYPE_SOFTWARE`
const SOFTWARE: u32 = 1;
/// `PERF_TYPE_TRACEPOINT`
const TRACEPOINT: u32 = 2;
/// `PERF_EVENT_IOC_ENABLE`
const ENABLE: libc::c_ulong = 0x2400;
/// `PERF_EVENT_IOC_SET_BPF`
const SET_BPF: libc::c_ulong = 0x4004_2408;
/// `PERF_FLAG_FD_CLOEXEC`
const CLOEXEC: libc::c_ulong = 8;

fn attr(kind: u32) -> perf_event_attr {
    // SAFETY: a struct of plain integers and unions of them; all zeros is what the kernel wants of
    // fields that are not used.
    let mut attr: perf_event_attr = unsafe { zeroed() };
    attr.size = size_of::<perf_event_attr>() as u32;
    attr.type_ = kind;
    attr
}

fn open(attr: &perf_event_attr, pid: i32, cpu: i32) -> io::Result<OwnedFd> {
    // SAFETY: `attr` is a whole struct with its size in it; strings that it points to are held by
    // the caller.
    let fd =
        unsafe { libc::syscall(libc::SYS_perf_event_open, std::ptr::from_ref(attr), pid, cpu, -1, CLOEXEC) };
    let fd = result(fd)?;
    // SAFETY: the kernel has just given this descriptor to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Opens a kernel tracepoint by its id in tracefs. One CPU's event is enough: a program hangs on the
/// tracepoint itself.
pub(crate) fn tracepoint(id: u64) -> io::Result<OwnedFd> {
    let mut attr = attr(TRACEPOINT);
    attr.config = id;
    attr.__bindgen_anon_1.sample_period = 1;
    open(&attr, -1, 0)
}

/// Opens a clock that samples one CPU each `period_ns`.
pub(crate) fn sampler(cpu: u32, period_ns: u64) -> io::Result<OwnedFd> {
    // PERF_COUNT_SW_CPU_CLOCK is 0.
    let mut attr = attr(SOFTWARE);
    attr.__bindgen_anon_1.sample_period = period_ns;
    open(&attr, -1, cpu as i32)
}

/// Opens a counter of events that fires each `period` of them, on one CPU.
pub(crate) fn counter(kind: u32, config: u64, period: u64, cpu: u32) -> io::Result<OwnedFd> {
    let mut attr = attr(kind);
    attr.config = config;
    attr.__bindgen_anon_1.sample_period = period;
    open(&attr, -1, cpu as i32)
}

/// Bits of a uprobe's `config` that say where its semaphore is
/// (`/sys/bus/event_source/devices/uprobe/format/ref_ctr_offset`).
const SEMAPHORE_SHIFT: u32 = 32;

/// The kernel's number of a kind of event: `uprobe`, `kprobe`.
///
/// # Errors
/// Where the kernel has no such events.
pub(crate) fn kind(name: &str) -> io::Result<u32> {
    let path = format!("/sys/bus/event_source/devices/{name}/type");
    let text = fs::read_to_string(&path)?;
    text.trim().parse().map_err(|_| io::Error::other(format!("{path} holds no number")))
}

/// Opens a uprobe; `kind` is the number in `/sys/bus/event_source/devices/uprobe/type`. `semaphore` is
/// where in the file a counter is that the kernel counts up while the probe is there; 0: nowhere.
pub(crate) fn uprobe(
    kind: u32,
    path: &str,
    offset: u64,
    semaphore: u64,
    pid: Option<u32>,
    ret: bool,
) -> io::Result<OwnedFd> {
    let path = CString::new(path)?;
    let semaphore = u32::try_from(semaphore)
        .map_err(|_| io::Error::other("its semaphore is too far into the file for the kernel"))?;
    let mut attr = attr(kind);
    attr.config = u64::from(ret) | u64::from(semaphore) << SEMAPHORE_SHIFT;
    attr.__bindgen_anon_3.config1 = path.as_ptr() as u64;
    attr.__bindgen_anon_4.config2 = offset;
    match pid {
        Some(pid) => open(&attr, pid as i32, -1),
        None => open(&attr, -1, 0),
    }
}

/// Opens a kprobe `offset` bytes into a function of the kernel; `kind` is the number in
/// `/sys/bus/event_source/devices/kprobe/type`. One CPU's event is enough: a program hangs on the probe itself.
pub(crate) fn kprobe(kind: u32, function: &str, offset: u64, ret: bool) -> io::Result<OwnedFd> {
    let function = CString::new(function)?;
    let mut attr = attr(kind);
    attr.config = u64::from(ret);
    attr.__bindgen_anon_3.config1 = function.as_ptr() as u64;
    attr.__bindgen_anon_4.config2 = offset;
    open(&attr, -1, 0)
}

/// Hangs a program on an event and starts it.
pub(crate) fn set_program(event: BorrowedFd<'_>, program: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: both descriptors are open; the argument is a plain number.
    result(unsafe { libc::ioctl(event.as_raw_fd(), SET_BPF, program.as_raw_fd()) }.into())?;
    enable(event)
}

/// Starts an event.
pub(crate) fn enable(event: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open; this request takes no memory.
    result(unsafe { libc::ioctl(event.as_raw_fd(), ENABLE, 0) }.into()).map(drop)
}
