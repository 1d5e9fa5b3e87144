//! Measures how long a script of 1,000 lines takes to compile, beside the same script's parse alone:
//! `cargo bench --bench compile`. Nothing is loaded; root is not needed.

#![allow(clippy::print_stdout, reason = "a report is what a benchmark is for")]

use std::fmt::Write;
use std::time::Instant;

use gprobe_compiler::compile;
use gprobe_compiler::target::{KernelFacts, Options, Processes, Target};
use gprobe_lang::source::SourceId;
use gprobe_runtime::LiveWorld;
use gprobe_testkit::Program;

/// Repetitions, of which the median is shown.
const REPEATS: usize = 21;
/// Probes of ten lines each.
const PROBES: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let script = script();
    let lines = script.lines().count();
    let world = LiveWorld::new(&[]);
    let executable = LiveWorld::file(&Program::build("many", "1.27", &[]))?;
    let kernel = KernelFacts::newest();
    let (mut parses, mut compiles) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    // The first compile reads the program's debug information.
    for round in 0..=REPEATS {
        let begun = Instant::now();
        let parsed = gprobe_lang::parse(SourceId(0), &script);
        let parse = begun.elapsed().as_secs_f64() * 1e3;
        let target = Target {
            processes: Processes::All,
            executable: Some(executable.clone()),
            kernel: &kernel,
            world: &world,
            options: Options::default(),
            command: None,
            earlier: None,
            params: Vec::new(),
            settings: Vec::new(),
            named: Vec::new(),
        };
        let compiled = compile(&parsed.script, &target).map_err(|found| format!("{found:?}"))?;
        let all = begun.elapsed().as_secs_f64() * 1e3;
        bytes = compiled.artifact.elf.len();
        if round > 0 {
            parses.push(parse);
            compiles.push(all);
        } else {
            println!("\nthe first time, with the target's debug information to read: {all:.1} ms");
        }
    }
    let (parse, all) = (median(parses), median(compiles));
    println!("{lines} lines in {PROBES} probes, an object of {} KB, median of {REPEATS}:", bytes / 1024);
    println!("  parsing alone        {parse:6.2} ms");
    println!("  the whole compile    {all:6.2} ms: {:.1} times that", all / parse);
    Ok(())
}

/// What engineers write: conditions, maps, histograms, formatted text, a loop.
fn script() -> String {
    let mut out = String::new();
    for probe in 0..PROBES {
        let _ = write!(
            out,
            "go:main.f{probe:03}\n{{\n    @calls{0}[goid, comm] = count();\n    $took = nsecs - @start{0}[goid];\n    \
             if ($took > 1000 && cur_m > 0) {{ @slow{0} = hist($took); }}\n    @start{0}[goid] = nsecs;\n    \
             $key = (pid, cpu, $took % 7);\n    @by{0}[$key] = sum($took);\n    \
             if (@calls{0}[goid, comm] > 100) {{ printf(\"%d %s %x\\n\", goid, comm, $took); }}\n}}\n",
            probe % 10
        );
    }
    out
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
