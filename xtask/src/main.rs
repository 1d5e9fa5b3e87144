//! Tasks of the project that need more than a cargo alias: `cargo xtask TASK`.

mod bpftrace;
mod compat;
mod demo;
mod document;
mod fuzz;
mod layouts;
mod matrix;
mod overhead;
mod programs;
mod test;
mod toolchains;
mod verify;
mod vm;

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What a task comes to.
type Outcome = Result<(), Box<dyn Error>>;

/// What `cargo xtask` prints.
const USAGE: &str = "\
usage: cargo xtask TASK

  demo [SECONDS]           trace a Go program with cgo and show which C calls are slow
  test [ARGUMENT...]       build everything and run all tests, live ones too (as root);
                           arguments go to `cargo test`
  toolchains [VERSION...]  fetch the Go toolchains that the tests use
  bench [RELEASE...]       measure gprobe beside bpftrace of these Debian releases (as root)
  bpftrace RELEASE         fetch a bpftrace to measure against (bookworm or newer)
                           and print the command that runs it
  compat CHECKOUT          run bpftrace's own runtime tests, of a checkout of it, on gprobe (as root)
  fuzz TARGET [RUNS]       try RUNS inputs (100000) on `parse`, `check`, `elf`, `dwarf` or
                           `pclntab` (needs nightly and cargo-fuzz)
  layouts                  make the table of the Go runtime's layouts anew, from all toolchains
  matrix [RELEASE...]      run the live set on every build by each Go release, and write the table of
                           docs/support.md (as root; an hour where nothing is built yet)
  overhead                 measure what each script that ships costs services of Debian's, and write the
                           table of docs/overhead.md (as root; a quarter of an hour)
  programs [RELEASE...]    run gprobe on Go programs of these Debian releases (bookworm and sid), and write
                           the table of docs/support.md (as root; it fetches a gigabyte)
  verify [SCRIPTS [SEED]]  load random scripts (20000) in the kernel (as root)
  vm [KERNEL [FILTER]]     run live tests on another kernel, in a virtual machine (as root);
                           `vm --all` on all of them; `vm` lists them
";

/// A task by its name.
fn task(name: &str) -> Option<fn(&[String]) -> Outcome> {
    Some(match name {
        "demo" => demo::demo,
        "test" => test::test,
        "toolchains" => toolchains::toolchains,
        "bench" => bench,
        "bpftrace" => bpftrace::bpftrace,
        "compat" => compat::compat,
        "fuzz" => fuzz::fuzz,
        "layouts" => layouts::layouts,
        "matrix" => matrix::matrix,
        "overhead" => overhead::overhead,
        "programs" => programs::programs,
        "verify" => verify::verify,
        "vm" => vm::vm,
        _ => return None,
    })
}

/// Measures gprobe beside bpftrace.
fn bench(arguments: &[String]) -> Outcome {
    run(cargo().args(["bench", "--bench", "compile"]))?;
    run(cargo().args(["bench", "--bench", "goroutines"]))?;
    run(cargo().args(["bench", "--bench", "attach", "--"]).args(arguments))?;
    run(cargo().args(["bench", "--bench", "beside_bpftrace", "--"]).args(arguments))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen = arguments.split_first().and_then(|(name, rest)| Some((task(name)?, rest)));
    let Some((task, rest)) = chosen else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match task(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The cargo that runs this task, in the workspace.
fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(gprobe_testkit::workspace());
    cargo
}

/// Where cargo puts what it builds.
fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| gprobe_testkit::workspace().join("target"), PathBuf::from)
}

/// Shows a command, runs it with this task's input and output, and fails if it does.
fn run(command: &mut Command) -> Outcome {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let program = PathBuf::from(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    let line = format!("{program} {}", words.join(" "));
    eprintln!("$ {line}");
    let status = command.status().map_err(|error| format!("cannot run `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_of_the_usage_is_there() {
        let names: Vec<&str> = USAGE
            .lines()
            .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(names.len(), 13);
        for name in names {
            assert!(task(name).is_some(), "{name}");
        }
        assert!(task("tset").is_none());
    }
}
