//! Scripts that are wrong, each by one mistake, and what the user is told of it.
//!
//! A case may say on its first line what it is compiled for: `// for: values`, another Go program than
//! `counts`; `// for: a stripped program`; `// for: a newer release`, stripped too; `// for: nothing`, no program; `// for: kernel 5.10`; `// for: all processes`;
//! `// for: a command`; `// for: $1 = word`; `// for: --depth=x`. Several are separated by commas.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use gprobe_compiler::compile;
use gprobe_compiler::target::{
    Absent, KernelFacts, Options, Processes, Target, TargetBinary, TracepointField, World,
};
use gprobe_lang::diagnostic::{Diagnostic, code, render};
use gprobe_lang::source::SourceMap;
use gprobe_symbols::Binary;
use gprobe_testkit::Program;
use gprobe_testkit::builds::forget_sections;

/// A Go program, built and opened once.
fn go(name: &'static str) -> TargetBinary {
    static COUNTS: OnceLock<Arc<Binary>> = OnceLock::new();
    static VALUES: OnceLock<Arc<Binary>> = OnceLock::new();
    let cell = if name == "values" { &VALUES } else { &COUNTS };
    let binary = cell.get_or_init(|| {
        let bytes = fs::read(Program::build(name, "1.27", &[])).expect("a binary");
        Arc::new(Binary::open(Arc::new(bytes)).expect("an ELF file"))
    });
    TargetBinary { name: name.to_owned(), path: format!("/srv/{name}"), binary: binary.clone() }
}

/// The program without symbols and debug information, as if built with a release of Go.
fn stripped(release: &str) -> TargetBinary {
    let own = b"\x08go1.27.3";
    let mut bytes = fs::read(Program::build("counts", "1.27", &[])).expect("a binary");
    forget_sections(&mut bytes);
    let at = bytes.windows(own.len()).position(|bytes| bytes == own).expect("the build information");
    bytes[at + 1..at + own.len()].copy_from_slice(release.as_bytes());
    let binary = Arc::new(Binary::open(Arc::new(bytes)).expect("an ELF file"));
    TargetBinary { name: "counts".to_owned(), path: "/srv/counts".to_owned(), binary }
}

/// A machine with two tracepoints, and the file `/srv/counts`.
struct Machine;

impl World for Machine {
    fn binary(&self, name: &str) -> Result<TargetBinary, Absent> {
        match name {
            "/srv/counts" => Ok(go("counts")),
            _ => Err(Absent {
                reason: format!("there is no file or library `{name}`"),
                candidates: vec!["libc".into(), "libpthread".into()],
            }),
        }
    }

    fn tracepoint(&self, category: &str, name: &str) -> Result<Vec<TracepointField>, Absent> {
        let number = |name: &str, offset| TracepointField {
            c_type: "pid_t".into(),
            name: name.into(),
            offset,
            size: 4,
            signed: true,
            array: None,
            data_loc: false,
        };
        let text = |name: &str, offset| TracepointField {
            c_type: "char".into(),
            size: 16,
            array: Some(16),
            ..number(name, offset)
        };
        match (category, name) {
            ("sched", "sched_switch") => Ok(vec![text("prev_comm", 8), number("prev_pid", 24)]),
            ("sched", "sched_wakeup") => Ok(vec![text("comm", 8), number("pid", 24)]),
            _ => Err(Absent {
                reason: format!("this kernel has no tracepoint {category}:{name}"),
                candidates: vec!["sched_switch".into(), "sched_wakeup".into()],
            }),
        }
    }

    fn tracepoints(&self, category: &str, name: &str) -> Result<Vec<(String, String)>, Absent> {
        let all = [("sched", "sched_switch"), ("sched", "sched_wakeup")];
        let wanted = |(c, n): &(&str, &str)| {
            gprobe_symbols::glob_matches(category, c) && gprobe_symbols::glob_matches(name, n)
        };
        Ok(all.into_iter().filter(wanted).map(|(c, n)| (c.to_owned(), n.to_owned())).collect())
    }

    fn task_fsbase_offset(&self) -> Result<u32, Absent> {
        Ok(3128)
    }

    fn task_stack_offset(&self) -> Result<u32, Absent> {
        Ok(32)
    }

    fn load_bias(&self, _: &TargetBinary) -> Result<u64, Absent> {
        Ok(0)
    }
}

/// What the user is told of a script.
fn told(text: &str) -> (Vec<Diagnostic>, String) {
    let mut kernel = KernelFacts::newest();
    let mut target = Target {
        processes: Processes::These(vec![42]),
        executable: Some(go("counts")),
        kernel: &KernelFacts::newest(),
        world: &Machine,
        options: Options::default(),
        command: None,
        earlier: None,
        params: Vec::new(),
        settings: Vec::new(),
        named: Vec::new(),
    };
    let wishes = text.lines().next().and_then(|line| line.strip_prefix("// for: ")).unwrap_or_default();
    for wish in wishes.split(", ").filter(|wish| !wish.is_empty()) {
        match wish {
            "values" => target.executable = Some(go("values")),
            "a stripped program" => target.executable = Some(stripped("go1.27.3")),
            "a newer release" => target.executable = Some(stripped("go1.97.3")),
            "nothing" => (target.executable, target.processes) = (None, Processes::All),
            "all processes" => target.processes = Processes::All,
            "a command" => target.command = Some(42),
            "kernel 5.10" => kernel = KernelFacts::oldest(),
            wish if wish.starts_with("$1 = ") => target.params.push(wish["$1 = ".len()..].to_owned()),
            wish => {
                let (name, value) = wish.trim_start_matches('-').split_once('=').expect("a known wish");
                target.named.push((name.to_owned(), Some(value.to_owned())));
            }
        }
    }
    target.kernel = &kernel;
    let mut sources = SourceMap::new();
    let id = sources.add("case.gp", text);
    let parsed = gprobe_lang::parse(id, text);
    let mut diagnostics = parsed.diagnostics;
    if !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(match compile(&parsed.script, &target) {
            Ok(compiled) => compiled.warnings,
            Err(wrong) => wrong,
        });
    }
    let shown = render(&diagnostics, &sources, false);
    (diagnostics, shown)
}

/// The message of a case, which is the only one.
fn only(path: &Path) -> (Diagnostic, String) {
    let text = fs::read_to_string(path).expect("a case is text");
    let (mut diagnostics, shown) = told(&text);
    assert_eq!(diagnostics.len(), 1, "one mistake, one message: {}\n{shown}", path.display());
    let diagnostic = diagnostics.remove(0);
    assert!(code::find(diagnostic.code).is_some(), "{} is not in the registry", diagnostic.code);
    (diagnostic, shown)
}

#[test]
fn one_mistake_gives_one_error() {
    insta::with_settings!({snapshot_path => "cases/wrong/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("cases/wrong/*.gp", |path| {
            let (diagnostic, shown) = only(path);
            assert!(diagnostic.is_error(), "{}\n{shown}", path.display());
            // The message of `fail` is the script's own.
            let says_what_to_do = diagnostic.code == "fail" || diagnostic.notes.iter().any(|n| n.starts_with("help: "));
            assert!(says_what_to_do, "what to write instead? {}\n{shown}", path.display());
            insta::assert_snapshot!("message", shown);
        });
    });
}

#[test]
fn what_is_doubtful_gives_one_warning() {
    insta::with_settings!({snapshot_path => "cases/doubtful/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("cases/doubtful/*.gp", |path| {
            let (diagnostic, shown) = only(path);
            assert!(!diagnostic.is_error(), "{}\n{shown}", path.display());
            insta::assert_snapshot!("message", shown);
        });
    });
}

#[test]
fn what_is_right_gives_none() {
    insta::glob!("cases/right/*.gp", |path| {
        let text = fs::read_to_string(path).expect("a case is text");
        let (_, shown) = told(&text);
        assert_eq!(shown, "", "{}", path.display());
    });
}
