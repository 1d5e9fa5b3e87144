//! Runs a helper command to its end; a failure carries all that the command said.

use std::path::Path;
use std::process::Command;

/// Why a toolchain, a program or a package is not there.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The command could not be started.
    #[error("cannot run `{command}`: {source}; {remedy}")]
    Start {
        /// The command line.
        command: String,
        /// The operating system's reason.
        source: std::io::Error,
        /// What to install.
        remedy: &'static str,
    },
    /// The command ended with a failure.
    #[error("`{command}` failed with {status}; {remedy}\n{output}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What to try.
        remedy: &'static str,
        /// Its standard output and standard error.
        output: String,
    },
    /// A file of the cache could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Something that should be there is not.
    #[error("{0}")]
    Missing(String),
}

impl ExecError {
    /// An error of `action` on `path`.
    pub(crate) fn file(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { action, path: path.display().to_string(), source }
    }
}

/// Runs `command` and gives its standard output.
pub(crate) fn run(command: &mut Command, remedy: &'static str) -> Result<String, ExecError> {
    let line = command_line(command);
    let output = command.stdin(std::process::Stdio::null()).output().map_err(|source| ExecError::Start {
        command: line.clone(),
        source,
        remedy,
    })?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(ExecError::Failed {
        command: line,
        status: output.status,
        remedy,
        output: format!("{stdout}{stderr}"),
    })
}

/// The command as one would type it, for messages.
pub(crate) fn command_line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
