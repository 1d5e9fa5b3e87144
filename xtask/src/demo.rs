//! Shows gprobe at work on a program that needs no explanation.

use std::path::PathBuf;
use std::process::Command;

use gprobe_testkit::{Go, Program, Target, go};

use crate::{Outcome, cargo, run};

/// Builds gprobe and the demo's Go program, and lets the one look into the other.
pub(crate) fn demo(arguments: &[String]) -> Outcome {
    let seconds: u32 = match arguments.first() {
        None => 5,
        Some(text) => text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?,
    };
    run(cargo().args(["build", "--release", "--package", "gprobe", "--bin", "gprobe"]))?;
    let program = Program::find("cgodemo")?.build_with(&toolchain()?, &[])?;
    let target = Target::start(&program, &[]);
    eprintln!("cgodemo runs as process {}: a Go service that leans on a C library\n", target.pid());
    run(&mut traced(gprobe()?, target.pid(), seconds))?;
    eprintln!("\nThe program: examples/targets/cgodemo. The script: stdlib/scripts/cgocalls.gp.");
    Ok(())
}

/// A Go that is installed, else one that is fetched.
fn toolchain() -> Result<Go, gprobe_testkit::ExecError> {
    match go::installed("1.19") {
        Some(go) => Ok(go),
        None => go::fetch("1.27"),
    }
}

/// The release binary, in the target folder that this task was built into.
fn gprobe() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| format!("cannot find the target folder: {error}"))?;
    let built = this.ancestors().nth(2).map(|target| target.join("release/gprobe"));
    built.filter(|path| path.is_file()).ok_or_else(|| format!("no release/gprobe beside {}", this.display()))
}

/// gprobe on the process for some seconds, by root.
fn traced(gprobe: PathBuf, pid: u32, seconds: u32) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new(gprobe)
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg(gprobe);
        sudo
    };
    command.args(["cgocalls", "-p", &pid.to_string(), "--time", &format!("{seconds}s")]);
    command
}
