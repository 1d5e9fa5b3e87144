//! System calls. Every `unsafe` block of the project is below this module.

pub(crate) mod bpf;
pub(crate) mod map_file;
pub(crate) mod perf;
pub(crate) mod probed;
pub(crate) mod process;
pub(crate) mod ptrace;
#[cfg(feature = "tokio")]
pub(crate) mod ready;

use std::io;

/// -1 is an error, anything else a result.
fn result(value: libc::c_long) -> io::Result<libc::c_long> {
    if value == -1 { Err(io::Error::last_os_error()) } else { Ok(value) }
}
