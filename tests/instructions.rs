//! How many instructions each script that ships compiles to, by probe: a change that makes them slower shows.

use gprobe_compiler::compile;
use gprobe_compiler::emit::disassemble;
use gprobe_compiler::target::{
    Absent, ImportedFile, KernelFacts, Options, Processes, Target, TargetBinary, TaskOffsets,
    TracepointField, World,
};
use gprobe_lang::source::SourceId;
use gprobe_runtime::LiveWorld;
use gprobe_testkit::Program;

#[test]
fn scripts_that_ship_stay_as_small_as_they_are() {
    let executable = |name| LiveWorld::file(&Program::build(name, "1.27", &[])).expect("the program");
    let (cgodemo, storefront, locks) = (executable("cgodemo"), executable("storefront"), executable("locks"));
    let world = Shipped(LiveWorld::new(&[]));
    let kernel = KernelFacts::newest();
    let mut counts = String::new();
    for script in gprobe_stdlib::SCRIPTS {
        // It goes over the goroutines of a process, and nothing runs here.
        if script.text.contains("\niter:") {
            continue;
        }
        let parsed = gprobe_lang::parse(SourceId(0), script.text);
        let on_functions = ["funccount", "funclatency", "functrace"].contains(&script.name);
        // Each on a program that has what it looks for.
        let executable = match script.name {
            "httplat" | "netwait" => &storefront,
            "rwmutex" => &locks,
            _ => &cgodemo,
        };
        let target = Target {
            processes: Processes::All,
            executable: Some(executable.clone()),
            kernel: &kernel,
            world: &world,
            options: Options { unsafe_allowed: true, ..Options::default() },
            command: None,
            earlier: None,
            params: if on_functions { vec!["main.*".to_owned()] } else { Vec::new() },
            settings: Vec::new(),
            named: Vec::new(),
        };
        let compiled = compile(&parsed.script, &target).expect("it compiles");
        let mut sizes: Vec<(String, usize)> = Vec::new();
        for line in disassemble(&compiled.code).lines() {
            match (line.strip_suffix(':'), sizes.last_mut()) {
                (Some(symbol), _) => sizes.push((symbol.to_owned(), 0)),
                (None, Some((_, size))) if is_instruction(line) => *size += 1,
                _ => {}
            }
        }
        for (symbol, size) in sizes {
            let info = compiled.artifact.programs.iter().find(|info| info.symbol == symbol);
            let title = info.map_or(symbol.as_str(), |info| info.title.as_str());
            counts.push_str(&format!("{:<12} {title:<40} {size:>5}\n", script.name));
        }
    }
    insta::assert_snapshot!("instructions", counts);
}

/// This machine, with the providers that ship.
struct Shipped(LiveWorld);

impl World for Shipped {
    fn binary(&self, name: &str) -> Result<TargetBinary, Absent> {
        self.0.binary(name)
    }

    fn tracepoint(&self, category: &str, name: &str) -> Result<Vec<TracepointField>, Absent> {
        self.0.tracepoint(category, name)
    }

    fn tracepoints(&self, category: &str, name: &str) -> Result<Vec<(String, String)>, Absent> {
        self.0.tracepoints(category, name)
    }

    fn task_fsbase_offset(&self) -> Result<u32, Absent> {
        self.0.task_fsbase_offset()
    }

    fn task_offsets(&self) -> Result<TaskOffsets, Absent> {
        self.0.task_offsets()
    }

    fn task_stack_offset(&self) -> Result<u32, Absent> {
        self.0.task_stack_offset()
    }

    fn provider(&self, name: &str) -> Result<Vec<ImportedFile>, Absent> {
        let absent = || Absent { reason: format!("there is no provider `{name}`"), candidates: Vec::new() };
        let parsed = gprobe_lang::parse(SourceId(1), gprobe_stdlib::provider(name).ok_or_else(absent)?.text);
        let (script, diagnostics) = (parsed.script, parsed.diagnostics);
        Ok(vec![ImportedFile { name: name.to_owned(), script, diagnostics }])
    }
}

/// Instructions are numbered.
fn is_instruction(line: &str) -> bool {
    line.trim_start().split(':').next().is_some_and(|number| number.parse::<u32>().is_ok())
}
