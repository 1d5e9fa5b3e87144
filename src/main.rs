//! The command `gprobe`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gprobe::cli::main()
}
