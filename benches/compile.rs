//! Measures compiling long scripts, from text to BPF, stage by stage: `cargo bench --bench compile`.
//! An argument is the number of lines.

#![allow(clippy::print_stdout, reason = "a report is what a benchmark is for")]

use std::time::{Duration, Instant};

use gprobe_compiler::compile;
use gprobe_compiler::target::{KernelFacts, Options, Target};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::SourceId;
use gprobe_runtime::LiveWorld;

/// Lines of a script where it is not said.
const LINES: usize = 1000;
/// Repetitions, of which the median is shown.
const REPEATS: usize = 5;

fn main() {
    let lines = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(LINES);
    println!("\n{lines} lines; median of {REPEATS}:");
    println!("  {:<28} {:>10} {:>12} {:>14}", "script", "parse ms", "compile ms", "instructions");
    for (name, text) in scripts(lines) {
        let mut parsing = Vec::new();
        let mut compiling = Vec::new();
        let mut instructions = 0;
        for _ in 0..REPEATS {
            let start = Instant::now();
            let parsed = gprobe_lang::parse(SourceId(0), &text);
            parsing.push(start.elapsed());
            assert!(!parsed.diagnostics.iter().any(Diagnostic::is_error), "{:?}", parsed.diagnostics);
            let (kernel, world) = (KernelFacts::newest(), LiveWorld::new(None));
            let target = Target {
                process: None,
                executable: None,
                kernel: &kernel,
                world: &world,
                options: Options::default(),
                command: None,
                params: Vec::new(),
                settings: Vec::new(),
                named: Vec::new(),
            };
            let start = Instant::now();
            let compiled = compile(&parsed.script, &target);
            compiling.push(start.elapsed());
            let compiled = compiled.unwrap_or_else(|found| panic!("{name}: {found:?}"));
            instructions =
                compiled.code.programs.iter().flat_map(|p| &p.blocks).map(|b| b.insts.len() + 1).sum();
        }
        println!("  {name:<28} {:>10.2} {:>12.2} {instructions:>14}", median(parsing), median(compiling));
    }
}

/// Scripts of so many lines, and what they are made of.
fn scripts(lines: usize) -> Vec<(&'static str, String)> {
    let probes = |one: &str| {
        let count = lines.div_ceil(one.lines().count());
        (0..count).map(|n| one.replace('#', &n.to_string())).collect::<Vec<_>>().join("\n")
    };
    let one_probe = |line: &str| {
        let body: Vec<String> = (2..lines).map(|n| line.replace('#', &n.to_string())).collect();
        format!("begin {{\n{}\n}}\n", body.join("\n"))
    };
    vec![
        (
            "many small probes",
            probes(
                "interval:s:1 {\n  $t = nsecs / 1000;\n  if ($t % 2 == 0) {\n    @last[pid, comm] = $t;\n  }\n  \
                 @seen[comm] = count();\n  @h = hist($t);\n  printf(\"%d %s\\n\", #, comm);\n}\n",
            ),
        ),
        ("one probe of printf", one_probe("printf(\"%d %d\\n\", #, nsecs);")),
        ("one probe of sums", one_probe("@a[#] = sum(nsecs & #);")),
        ("one probe of variables", one_probe("$x# = nsecs + #; @x = $x#;")),
    ]
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}
