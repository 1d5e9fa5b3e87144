//! Finds out what the kernel can do.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use gprobe_compiler::target::{KernelFacts, PidNamespace};

use crate::sys::bpf::{UPROBE_MULTI, UprobeSites, link_uprobes};
use crate::sys::process::kernel_release;

/// Inode of the first PID namespace (`PROC_PID_INIT_INO` of `linux/proc_ns.h`).
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// What this kernel can do. Cheap: it reads a few small files, and loads a program of two instructions.
pub fn facts() -> KernelFacts {
    let version = parse_release(&kernel_release());
    KernelFacts {
        version,
        uprobe_multi: uprobe_multi(version),
        attach_cookie: version >= (5, 15, 0),
        atomic_fetch: version >= (5, 12, 0),
        ring_buffer: version >= (5, 8, 0),
        may_goto: version >= (6, 9, 0),
        for_each_map: version >= (5, 13, 0),
        task_registers: version >= (5, 15, 0),
        lookup_percpu: version >= (5, 19, 0),
        large_keys: version >= (5, 11, 0),
        clock_tai: version >= (6, 1, 0),
        possible_cpus: possible_cpus(),
        pid_namespace: pid_namespace(),
    }
}

/// Whether one link can hold many uprobes of a process. At first, the kernel took the process for a thread, and
/// left out what happens in others: stable kernels have that mended or not, and say so by how they refuse a process
/// that can't be.
fn uprobe_multi(version: (u32, u32, u32)) -> bool {
    if version < (6, 6, 0) {
        return false;
    }
    match crate::load::trivial_program(UPROBE_MULTI) {
        Ok(program) => {
            let nowhere = UprobeSites { offsets: vec![0], cookies: vec![0], semaphores: vec![0] };
            let refused = link_uprobes(program.as_fd(), "/", &nowhere, u32::MAX, false).err();
            refused.and_then(|error| error.raw_os_error()) == Some(libc::EINVAL)
        }
        // Who may not load programs can compile them still.
        Err(_) => version >= (6, 10, 0),
    }
}

/// `6.1.0-18-amd64` is 6.1.0.
fn parse_release(release: &str) -> (u32, u32, u32) {
    let mut parts = release.split(['.', '-', '+']).map(|p| p.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

fn possible_cpus() -> u32 {
    let text = fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
    parse_cpus(&text).unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1))
    })
}

/// `0-3,8-11` is up to CPU 11, thus 12.
fn parse_cpus(text: &str) -> Option<u32> {
    let last = text.trim().rsplit(',').next()?.rsplit('-').next()?;
    last.parse::<u32>().ok()?.checked_add(1)
}

/// CPUs that are running now.
pub(crate) fn online_cpus() -> Vec<u32> {
    let text = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let mut cpus = Vec::new();
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        if let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) {
            cpus.extend(first..=last.min(first.saturating_add(8192)));
        }
    }
    if cpus.is_empty() { vec![0] } else { cpus }
}

fn pid_namespace() -> Option<PidNamespace> {
    let metadata = fs::metadata("/proc/self/ns/pid").ok()?;
    (metadata.ino() != FIRST_PID_NAMESPACE).then(|| PidNamespace { dev: metadata.dev(), ino: metadata.ino() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_distributions_are_read() {
        assert_eq!(parse_release("6.1.0-18-amd64"), (6, 1, 0));
        assert_eq!(parse_release("6.18.44-fc-v669"), (6, 18, 44));
        assert_eq!(parse_release("5.10"), (5, 10, 0));
    }

    #[test]
    fn ranges_of_cpus_are_read() {
        assert_eq!(parse_cpus("0-1\n"), Some(2));
        assert_eq!(parse_cpus("0\n"), Some(1));
        assert_eq!(parse_cpus("0-3,8-11\n"), Some(12));
        assert_eq!(parse_cpus(""), None);
    }
}
