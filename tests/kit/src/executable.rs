//! Files that tests write and then run as programs.
//!
//! Another process writes each: were it open here, a program that another thread starts at this moment would
//! have it open too for as long as it takes to begin, and what is open for writing can't be run.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes an executable script for the shell.
pub fn executable(path: &Path, text: &str) {
    let written = script(path, &format!("#!/bin/sh\n{text}\n"));
    written.unwrap_or_else(|error| panic!("{} can't be written: {error}", path.display()));
}

fn script(path: &Path, text: &str) -> io::Result<()> {
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "cat > \"$1\" && chmod +x \"$1\"", "sh"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = shell.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    succeeded(shell.wait()?)
}

/// Copies a program, with its permissions.
///
/// # Errors
/// Where it can't be read, or the copy can't be written.
pub fn copy_program(from: &Path, to: &Path) -> io::Result<()> {
    succeeded(Command::new("cp").arg("-T").args([from, to]).status()?)
}

fn succeeded(status: std::process::ExitStatus) -> io::Result<()> {
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}
