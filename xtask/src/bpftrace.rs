//! Fetches a bpftrace for benches.

use gprobe_testkit::bpftrace::Bpftrace;

use crate::Outcome;

/// Fetches bpftrace of the Debian release named, and shows how to run it.
pub(crate) fn bpftrace(arguments: &[String]) -> Outcome {
    let release = arguments.first().map_or("bookworm", String::as_str);
    let bpftrace = Bpftrace::fetch(release)?;
    eprintln!("{}", bpftrace.version()?);
    eprintln!("{:?}", bpftrace.command());
    Ok(())
}
