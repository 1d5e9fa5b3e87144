//! How many instructions each script that ships compiles to, by probe: a change that makes them slower shows.

use gprobe_compiler::compile;
use gprobe_compiler::emit::disassemble;
use gprobe_compiler::target::{KernelFacts, Options, Processes, Target};
use gprobe_lang::source::SourceId;
use gprobe_runtime::LiveWorld;
use gprobe_testkit::Program;

#[test]
fn scripts_that_ship_stay_as_small_as_they_are() {
    let file = |program: &str| LiveWorld::file(&Program::build(program, "1.27", &[])).expect("the program");
    let (cgodemo, locks) = (file("cgodemo"), file("locks"));
    let world = LiveWorld::new(&[]);
    let kernel = KernelFacts::newest();
    let mut counts = String::new();
    for script in gprobe_stdlib::SCRIPTS {
        // It goes over the goroutines of a process, and nothing runs here.
        if script.text.contains("\niter:") {
            continue;
        }
        // Providers may stand in the script.
        let providers: String = gprobe_stdlib::PROVIDERS.iter().map(|provider| provider.text).collect();
        let parsed = gprobe_lang::parse(SourceId(0), &format!("{}{providers}", script.text));
        let target = Target {
            processes: Processes::All,
            // Most find in this program what they look for.
            executable: Some(if script.name == "rwmutex" { locks.clone() } else { cgodemo.clone() }),
            kernel: &kernel,
            world: &world,
            options: Options { unsafe_allowed: true, ..Options::default() },
            command: None,
            params: Vec::new(),
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
            counts.push_str(&format!("{:<11} {title:<40} {size:>5}\n", script.name));
        }
    }
    insta::assert_snapshot!("instructions", counts);
}

/// Instructions are numbered.
fn is_instruction(line: &str) -> bool {
    line.trim_start().split(':').next().is_some_and(|number| number.parse::<u32>().is_ok())
}
