//! Says which cases are not for gprobe here, each with its reason: what is about the kernel's types
//! and functions, about clang, or about bpftrace alone. A case that is only hard is not among them.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;

use super::parse::Case;
use super::run::SHELL;

/// Why a case is not applicable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It reads types or variables of the kernel, which come from its BTF or headers.
    KernelTypes,
    /// It attaches to functions of the kernel by BTF, or calls what only those may.
    KernelFunctions,
    /// It attaches to functions of the kernel by kprobes.
    Kprobes,
    /// It counts events of the hardware or of the kernel by perf.
    PerfEvents,
    /// It watches an address.
    Watchpoints,
    /// It walks objects of the kernel.
    Iterators,
    /// It writes packets to a capture file.
    PacketCapture,
    /// It needs clang for C headers or `#define`.
    Preprocessor,
    /// It imports C or BPF code.
    Imports,
    /// It is about a switch of bpftrace's command line that shows its inner workings.
    OwnSwitch,
    /// It sets the clock inside bpftrace by a hook that is there for its tests.
    OwnClock,
    /// It is about a setting of bpftrace's inner workings.
    OwnSetting,
    /// It names a C++ function as its source does.
    CppNames,
    /// It tests the runner of the tests.
    Runner,
    /// bpftrace has switched it off.
    SwitchedOff,
    /// It is for other architectures.
    Architecture,
    /// It is for other kernels.
    KernelVersion,
    /// What it needs of this machine is not there.
    Requirement(String),
    /// A program that it traces could not be built.
    Unbuilt(String),
}

impl Reason {
    /// The kind of reason, under which a report counts.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Reason::KernelTypes => "types or variables of the kernel, from its BTF",
            Reason::KernelFunctions => "functions of the kernel by BTF (fentry, fexit)",
            Reason::Kprobes => "functions of the kernel by kprobes",
            Reason::PerfEvents => "perf events (hardware, software)",
            Reason::Watchpoints => "watchpoints",
            Reason::Iterators => "iterators of the kernel",
            Reason::PacketCapture => "packet capture",
            Reason::Preprocessor => "C headers and `#define`, by clang",
            Reason::Imports => "import of C or BPF code",
            Reason::OwnSwitch => "switches that show the inner workings of bpftrace",
            Reason::OwnClock => "a clock inside bpftrace that its tests set",
            Reason::OwnSetting => "settings of the inner workings of bpftrace",
            Reason::CppNames => "C++ names as the source has them",
            Reason::Runner => "about the test runner itself",
            Reason::SwitchedOff => "switched off by bpftrace",
            Reason::Architecture => "another architecture",
            Reason::KernelVersion => "another version of the kernel",
            Reason::Requirement(_) => "needs what this machine does not have",
            Reason::Unbuilt(_) => "its test program could not be built",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Reason::Requirement(what) | Reason::Unbuilt(what) => write!(f, ": {what}"),
            _ => Ok(()),
        }
    }
}

/// What the text of a case shows: its program, the scripts that it runs, and its expectations.
const SIGNS: [(&str, Reason); 13] = [
    (r"(^|\s)(-d\s|--emit-llvm|--emit-elf|--aot|--info|--no-feature|--verify-llvm-ir)", Reason::OwnSwitch),
    (r#"\bimport\s+""#, Reason::Imports),
    (r"#include|#define|(^|\s)(--include|-I)\s", Reason::Preprocessor),
    (r"\biter:", Reason::Iterators),
    (r"\b(async)?watchpoint:", Reason::Watchpoints),
    (r"\bskboutput\b", Reason::PacketCapture),
    (r"\b(fentry|fexit|kfunc|kretfunc)\b", Reason::KernelFunctions),
    (r#"\bk(ret)?probes?\b|(^|[\s'"{};,/])kr?:[\w*]"#, Reason::Kprobes),
    (r"\b(hardware|software)\b|\*ware:", Reason::PerfEvents),
    // Fields of the current task, in the open and in macros of the standard library.
    (r"\bcurtask\s*(\.|->)|\b(ppid|pcomm|leader_comm)\b|\bpercpu_kaddr\b", Reason::KernelTypes),
    (r"\bstruct (task_struct|sk_buff|rq|file|fd|irqaction|timer_list|thread_info)\b", Reason::KernelTypes),
    (r"\b(rawtracepoint|rt):[^{]*\{[^}]*\bargs\b", Reason::KernelTypes),
    (r":cpp:", Reason::CppNames),
];

/// A tracepoint's argument that points to a structure, of which a field is read.
const TRACEPOINT: &str = r"\b(tracepoint|t):";
/// See [`TRACEPOINT`].
const FIELD_BEHIND: &str = r"\(\*args(\.|->)\w+\)(\.|->)|\bargs(\.|->)\w+(\.|->)\w";

/// Cases that only their name tells.
const NAMED: [(&str, Reason); 3] = [
    // The kernel's log of a program that did not load.
    ("builtin.log size too small", Reason::OwnSetting),
    // The kernel's enum of a tracepoint's field.
    ("call.printf_enum_symbolize_tracepoint", Reason::KernelTypes),
    ("probe.kprobe_hide_ftrace_invalid_address", Reason::Kprobes),
];

/// Cases that are for gprobe although their text says otherwise: a word in passing, or a feature
/// that bpftrace needs for what others need not.
const ALL_THE_SAME: [&str; 7] = [
    "probe.probe_filter no match will fail",
    "probe.probe_filter invalid regex",
    "probe.rawtracepoint_missing",
    "probe.rawtracepoint_module_missing",
    "builtin.sizeof_btf_int",
    "btf.vmlinux integer types",
    "btf.void pointer types",
];

/// Tells cases that are for gprobe from others, on this machine.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    /// Where the tests run: `testprogs`, `testlibs` and `runtime` are here.
    folder: &'a Path,
    signs: Vec<(Regex, Reason)>,
    tracepoint: Regex,
    field_behind: Regex,
    script: Regex,
    program: Regex,
    command: Regex,
    kernel: String,
}

impl<'a> Rules<'a> {
    /// Rules for tests that run in `folder`.
    pub(crate) fn new(folder: &'a Path) -> Result<Rules<'a>, regex::Error> {
        let signs = SIGNS.iter().map(|(text, reason)| Ok((Regex::new(text)?, reason.clone())));
        Ok(Rules {
            folder,
            signs: signs.collect::<Result<_, regex::Error>>()?,
            tracepoint: Regex::new(TRACEPOINT)?,
            field_behind: Regex::new(FIELD_BEHIND)?,
            script: Regex::new(r"runtime/scripts/[\w.]+")?,
            program: Regex::new(r"\b(testprogs|testlibs)/[\w./-]+\*?")?,
            command: Regex::new(r"(?:^|&&\s*|\|\s*)([a-z][\w-]*)(?:\s|$)")?,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default(),
        })
    }

    /// Why a case is not for gprobe here, if it is not.
    pub(crate) fn reason(&self, case: &Case) -> Option<Reason> {
        if !arch_fits(&case.arch, std::env::consts::ARCH, cfg!(target_endian = "big")) {
            return Some(Reason::Architecture);
        }
        if case.suite == "selftest" {
            return Some(Reason::Runner);
        }
        if case.env.iter().any(|(name, _)| name == "BPFTRACE_DUMMY_TS_MAP") {
            return Some(Reason::OwnClock);
        }
        let id = case.id();
        if let Some((_, reason)) = NAMED.iter().find(|(name, _)| *name == id) {
            return Some(reason.clone());
        }
        if !ALL_THE_SAME.contains(&id.as_str())
            && let Some(reason) = self.content(case).or_else(|| feature(&case.features))
        {
            return Some(reason);
        }
        self.machine(case)
    }

    /// What the case's text says.
    fn content(&self, case: &Case) -> Option<Reason> {
        let mut text = case.program.text().to_owned();
        for script in self.script.find_iter(case.program.text()) {
            text.push('\n');
            text.push_str(&std::fs::read_to_string(self.folder.join(script.as_str())).unwrap_or_default());
        }
        if self.tracepoint.is_match(&text) && self.field_behind.is_match(&text) {
            return Some(Reason::KernelTypes);
        }
        for expect in &case.expects {
            text.push('\n');
            text.push_str(&expect.wanted);
        }
        self.signs.iter().find(|(sign, _)| sign.is_match(&text)).map(|(_, reason)| reason.clone())
    }

    /// What this machine does not have.
    fn machine(&self, case: &Case) -> Option<Reason> {
        let older = |bound: &str| version(&self.kernel) < version(bound);
        let newer = |bound: &str| version(&self.kernel) > version(bound);
        if case.min_kernel.as_deref().is_some_and(older) || case.max_kernel.as_deref().is_some_and(newer) {
            return Some(Reason::KernelVersion);
        }
        if let Some((name, value)) = &case.skip_if_env
            && std::env::var(name).is_ok_and(|is| is == *value)
        {
            return Some(Reason::SwitchedOff);
        }
        for require in &case.requires {
            if require == "bash -c \"exit 1\"" {
                return Some(Reason::SwitchedOff);
            }
            if !self.succeeds(require) {
                return Some(Reason::Requirement(require.clone()));
            }
        }
        let shell = [&case.after, &case.setup, &case.cleanup].into_iter().flatten();
        let commands = shell.chain(&case.befores).map(String::as_str);
        for line in commands.clone() {
            for found in self.command.captures_iter(line) {
                if !self.succeeds(&format!("command -v {}", &found[1])) {
                    return Some(Reason::Requirement(format!("the command {}", &found[1])));
                }
            }
        }
        self.unbuilt(commands.chain([case.program.text()]))
    }

    /// A program that is not there.
    fn unbuilt<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Option<Reason> {
        for text in texts {
            for found in self.program.find_iter(text) {
                let name = found.as_str();
                if !name.ends_with('*') && !self.folder.join(name).exists() {
                    return Some(Reason::Unbuilt(name.to_owned()));
                }
            }
        }
        None
    }

    /// Whether a line for the shell ends well.
    fn succeeds(&self, line: &str) -> bool {
        let mut command = Command::new(SHELL);
        command.args(["-c", line]).current_dir(self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

/// The first feature of bpftrace that is about the kernel, or about bpftrace alone; gprobe has, or
/// should have, what the others stand for.
fn feature(features: &[String]) -> Option<Reason> {
    features.iter().find_map(|feature| match feature.as_str() {
        "btf" => Some(Reason::KernelTypes),
        "fentry" | "dpath" => Some(Reason::KernelFunctions),
        "kprobe_multi" | "kprobe_session" => Some(Reason::Kprobes),
        "skboutput" => Some(Reason::PacketCapture),
        "iter" => Some(Reason::Iterators),
        "aot" => Some(Reason::OwnSwitch),
        _ => None,
    })
}

/// Whether a case's architectures have the one of this machine.
fn arch_fits(wanted: &[String], arch: &str, big: bool) -> bool {
    let here = |name: &str| name == arch || name == if big { "be" } else { "le" };
    let excluded = wanted.iter().filter_map(|name| name.strip_prefix('!')).any(here);
    let mut only = wanted.iter().filter(|name| !name.starts_with('!')).peekable();
    !excluded && (only.peek().is_none() || only.any(|name| here(name)))
}

/// The leading numbers of a version.
fn version(text: &str) -> Vec<u32> {
    let numbers = text.trim().split(['.', '-']).map_while(|part| part.parse().ok());
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    /// The reason of a case with these lines.
    fn reason(lines: &str) -> Option<Reason> {
        let folder = tempfile::tempdir().expect("a folder");
        let scripts = folder.path().join("runtime/scripts");
        std::fs::create_dir_all(&scripts).expect("a folder");
        std::fs::write(scripts.join("a.bt"), "#include <a.h>").expect("written");
        let cases = parse("mine", &format!("NAME n\n{lines}\nEXPECT a\n")).expect("a case");
        Rules::new(folder.path()).expect("rules").reason(&cases[0])
    }

    #[test]
    fn what_is_generic_applies() {
        for prog in [
            "begin { printf(\"link: %d %s\", $x.args, \"k: 1\") }",
            "i:s:1 { @ = curtask; if (curtask) { exit() } }",
            "uprobe:/bin/a:b { print(args.a.b) }",
            "tracepoint:a:b { print(args.c) }",
            "rawtracepoint:a { print(arg0) }",
            "struct T { int filed; } begin { print(kstack) }",
        ] {
            assert_eq!(reason(&format!("PROG {prog}")), None, "{prog}");
        }
    }

    #[test]
    fn what_is_of_the_kernel_does_not() {
        for (prog, expected) in [
            ("PROG begin { print(curtask.pid) }", Reason::KernelTypes),
            ("PROG t:a:b { print((*args.c).d) }", Reason::KernelTypes),
            ("PROG rt:a { print(args.b) }", Reason::KernelTypes),
            ("PROG begin { } k:a { }", Reason::Kprobes),
            ("RUN {{BPFTRACE}} -l 'kprobe*'", Reason::Kprobes),
            ("PROG fentry:a { }", Reason::KernelFunctions),
            ("PROG hardware:a:1 { }", Reason::PerfEvents),
            ("PROG begin { }\nREQUIRES_FEATURE dwarf btf", Reason::KernelTypes),
            ("PROG begin { }\nARCH be", Reason::Architecture),
            ("RUN {{BPFTRACE}} runtime/scripts/a.bt", Reason::Preprocessor),
            ("PROG begin { }\nMIN_KERNEL 999.1", Reason::KernelVersion),
        ] {
            assert_eq!(reason(prog), Some(expected), "{prog}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let missing = |text: &str| Some(Reason::Requirement(text.to_owned()));
        assert_eq!(reason("PROG begin { }\nREQUIRES true\nREQUIRES false"), missing("false"));
        assert_eq!(
            reason("PROG begin { }\nAFTER no-such-command -x"),
            missing("the command no-such-command")
        );
        let unbuilt = Reason::Unbuilt("testprogs/a-b".to_owned());
        assert_eq!(reason("PROG uprobe:./testprogs/a-b:c { }"), Some(unbuilt));
        assert_eq!(reason("PROG uprobe:./testprogs/a*:c { }"), None);
    }

    #[test]
    fn architectures_are_asked_for_and_excluded() {
        let fits = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|&w| w.to_owned()).collect();
            arch_fits(&wanted, "x86_64", false)
        };
        assert!(fits(&[]) && fits(&["aarch64", "x86_64"]) && fits(&["le"]) && fits(&["!be"]));
        assert!(!fits(&["aarch64"]) && !fits(&["!x86_64"]) && !fits(&["x86_64", "!le"]));
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(version("6.9.1-a") < version("6.10"));
        assert!(version("6.10") < version("6.10.2"));
    }
}
