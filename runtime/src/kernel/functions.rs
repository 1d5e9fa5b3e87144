//! The kernel's functions, and probes on them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use gprobe_compiler::target::Absent;
use gprobe_symbols::{glob_matches, is_glob};

use super::tracefs;
use crate::sys::perf;

/// The kind of event.
const KIND: &str = "kprobe";
/// In tracefs: lines `name` and `name [module]`.
const LIST: &str = "available_filter_functions";

/// The functions of a module, or of any, that match a pattern, in the kernel's order.
pub(crate) fn matching(module: Option<&str>, pattern: &str) -> Result<Vec<String>, Absent> {
    let absent = |reason: String, candidates| Err(Absent { reason, candidates });
    if perf::kind(KIND).is_err() {
        return absent(
            "this kernel has no kprobes (it was built without CONFIG_KPROBE_EVENTS)".into(),
            Vec::new(),
        );
    }
    let Some(list) = tracefs::read(LIST) else {
        // A function may be there all the same; its attaching tells.
        return match is_glob(pattern) {
            true => absent(format!("{pattern}: {}", tracefs::NOT_MOUNTED), Vec::new()),
            false => Ok(vec![pattern.to_owned()]),
        };
    };
    let all = list.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let name = words.next()?;
        let of = words.next().map_or("vmlinux", |word| word.trim_matches(['[', ']']));
        module.is_none_or(|module| glob_matches(module, of)).then_some(name)
    });
    let mut found: Vec<String> =
        all.clone().filter(|name| glob_matches(pattern, name)).map(str::to_owned).collect();
    found.dedup();
    if found.is_empty() {
        let reason =
            format!("No matches for kprobe {pattern}: the kernel has no function of that name to probe");
        return absent(reason, all.map(str::to_owned).collect());
    }
    Ok(found)
}

/// Hangs a program on a function, `offset` bytes from its start, or on its return.
pub(crate) fn attach(program: BorrowedFd<'_>, function: &str, offset: u64, ret: bool) -> io::Result<OwnedFd> {
    let event = perf::kprobe(perf::kind(KIND)?, function, offset, ret)?;
    perf::set_program(event.as_fd(), program)?;
    Ok(event)
}
