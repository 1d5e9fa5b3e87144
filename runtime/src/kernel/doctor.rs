//! What this kernel and this user can and cannot do, and the remedy.

use std::fs;

use super::{btf, facts, tracefs};
use crate::sys;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It works.
    Works,
    /// gprobe works without it, less well.
    Degraded,
    /// What needs it does not work.
    Missing,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is.
    pub name: &'static str,
    /// How it came out.
    pub state: State,
    /// What was seen.
    pub detail: String,
    /// What to do; empty where nothing is to be done.
    pub remedy: String,
}

/// Looks at everything that gprobe rests on.
pub fn examine() -> Vec<Check> {
    let facts = facts();
    let (major, minor, patch) = facts.version;
    let root = sys::process::effective_user() == 0;
    let works = |name, detail: String| Check { name, state: State::Works, detail, remedy: String::new() };
    let check = |name, ok: bool, bad: State, detail: &str, remedy: &str| Check {
        name,
        state: if ok { State::Works } else { bad },
        detail: detail.to_owned(),
        remedy: if ok { String::new() } else { remedy.to_owned() },
    };
    let loads = crate::load::trivial_program();
    let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    let confidential = lockdown.contains("[confidentiality]");
    let mut checks = vec![check(
        "kernel",
        facts.ring_buffer,
        State::Missing,
        &format!("Linux {major}.{minor}.{patch}"),
        "gprobe needs Linux 5.10 or later",
    )];
    checks.push(check(
        "user",
        root,
        State::Degraded,
        if root { "root" } else { "not root" },
        "run gprobe as root, or give it CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE",
    ));
    checks.push(match &loads {
        Ok(()) => works("BPF programs", "load".into()),
        Err(error) => Check {
            name: "BPF programs",
            state: State::Missing,
            detail: format!("do not load: {error}"),
            remedy: crate::error::explain(error),
        },
    });
    checks.push(check(
        "uprobes",
        fs::metadata("/sys/bus/event_source/devices/uprobe/type").is_ok() || facts.uprobe_multi,
        State::Missing,
        if facts.uprobe_multi {
            "by one link for all sites of a probe (uprobe_multi)"
        } else {
            "one perf event a site: detaching takes about 0.1 s for each"
        },
        "the kernel was built without CONFIG_UPROBE_EVENTS",
    ));
    checks.push(check(
        "attach cookies",
        facts.attach_cookie,
        State::Degraded,
        if facts.attach_cookie {
            "yes"
        } else {
            "no: a program for each site where `probe` or `func` is used"
        },
        "Linux 5.15 and later have them",
    ));
    checks.push(check(
        "kernel types (BTF)",
        fs::metadata(btf::VMLINUX).is_ok(),
        State::Degraded,
        btf::VMLINUX,
        "goid and the like do not work in C code and tracepoints: the kernel was built without CONFIG_DEBUG_INFO_BTF",
    ));
    checks.push(check(
        "tracepoints (tracefs)",
        tracefs::events().is_some_and(|e| fs::read_dir(e).is_ok()),
        State::Degraded,
        "/sys/kernel/tracing",
        tracefs::NOT_MOUNTED,
    ));
    checks.push(check(
        "lockdown",
        !confidential,
        State::Missing,
        if confidential { "confidentiality: programs can't read memory" } else { "does not get in the way" },
        "boot without lockdown=confidentiality",
    ));
    let restricted = fs::read_to_string("/proc/sys/kernel/kptr_restrict").unwrap_or_default();
    let hidden = restricted.trim() == "2" || (restricted.trim() == "1" && !root);
    checks.push(check(
        "kernel symbols",
        !hidden,
        State::Degraded,
        if hidden { "hidden" } else { "/proc/kallsyms" },
        "kstack shows addresses only: as root, `sysctl kernel.kptr_restrict=0`",
    ));
    checks.push(works(
        "PID namespace",
        match facts.pid_namespace {
            None => "the first one".into(),
            Some(_) => "one of its own: pid and tid are as seen from it".into(),
        },
    ));
    checks
}
