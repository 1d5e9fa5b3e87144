//! Fetches the Go toolchains of the tests ahead of time.

use gprobe_testkit::go;

use crate::Outcome;

/// Fetches the releases named, or all that the tests use.
pub(crate) fn toolchains(versions: &[String]) -> Outcome {
    let all = go::RELEASES.map(|(release, _)| release.to_owned());
    for version in if versions.is_empty() { all.as_slice() } else { versions } {
        let toolchain = go::fetch(version)?;
        eprintln!("Go {} in {}", toolchain.version(), toolchain.root().display());
    }
    Ok(())
}
