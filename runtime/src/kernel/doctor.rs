//! What this kernel and this user can and cannot do, and the remedy.

use std::fs;

use gprobe_compiler::target::KernelFacts;

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

/// What kernels learnt only after 5.10, each with what it is like without.
fn abilities(facts: &KernelFacts) -> Vec<Check> {
    let able = |name, has: bool, without: &str, since: &str| Check {
        name,
        state: if has { State::Works } else { State::Degraded },
        detail: if has { "yes".to_owned() } else { format!("no: {without}") },
        remedy: if has { String::new() } else { format!("Linux {since} and later have it") },
    };
    vec![
        able(
            "attach cookies",
            facts.attach_cookie,
            "a program for each site where `probe` or `func` is used",
            "5.15",
        ),
        able("loops over maps", facts.for_each_map, "`for` over a map and `len` of one are refused", "5.13"),
        able(
            "read aggregations",
            facts.lookup_percpu,
            "`count()` and the like are printed, but not read in a probe",
            "5.19",
        ),
        able("large keys", facts.large_keys, "keys of maps have at most 512 bytes", "5.11"),
        able("clock tai", facts.clock_tai, "`nsecs(tai)` is refused", "6.1"),
        able(
            "open-ended loops",
            facts.may_goto,
            "`while`, and `for` to an end that is no number in the script, are refused",
            "6.9",
        ),
    ]
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
    let loads = crate::load::trivial_program(0).map(drop);
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
    let events = fs::metadata("/sys/bus/event_source/devices/uprobe/type").is_ok();
    checks.push(if events || facts.uprobe_multi {
        check(
            "uprobes",
            facts.uprobe_multi,
            State::Degraded,
            if facts.uprobe_multi {
                "by one link for all sites of a probe (uprobe_multi)"
            } else {
                "one perf event a site: detaching takes about 0.1 s for each"
            },
            "Linux 6.6 and later have uprobe_multi, 6.10 and later without the mistake that it began with",
        )
    } else {
        check("uprobes", false, State::Missing, "none", "the kernel was built without CONFIG_UPROBE_EVENTS")
    });
    checks.extend(abilities(&facts));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_old_kernel_lacks_is_said_with_the_version_that_has_it() {
        assert!(abilities(&KernelFacts::newest()).iter().all(|check| check.state == State::Works));
        let old = abilities(&KernelFacts::oldest());
        assert!(!old.is_empty());
        for check in old {
            assert_eq!(check.state, State::Degraded, "{}", check.name);
            assert!(check.detail.starts_with("no: "), "{}", check.detail);
            assert!(check.remedy.starts_with("Linux "), "{}", check.remedy);
        }
    }
}
