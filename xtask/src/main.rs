//! Tasks of the project that need more than a cargo alias: `cargo xtask TASK`.

mod toolchains;

use std::process::ExitCode;

/// What `cargo xtask` prints.
const USAGE: &str = "\
usage: cargo xtask TASK

  toolchains [VERSION...]  fetch the Go toolchains that the tests use
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("", [].as_slice()),
    };
    let outcome = match task {
        "toolchains" => toolchains::toolchains(rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
