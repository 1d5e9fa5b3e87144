//! Programs and sources of Debian's packages, unpacked into the cache beside whatever the system has.

use std::path::PathBuf;

use crate::apt::{self, Apt};
use crate::cache;
use crate::exec::ExecError;

/// The folder into which a package of a release (`bookworm`, `sid`) is unpacked: fetched without what it depends on,
/// and not installed.
pub fn package(release: &str, package: &str) -> Result<PathBuf, ExecError> {
    cache::entry(&format!("debian/{release}/{package}"), &format!("debian-{release}"), |scratch| {
        eprintln!("fetching {package} of Debian {release}");
        let archives = scratch.join("archives");
        cache::create(&archives)?;
        for archive in Apt::kept(release)?.download(&[package.to_owned()], &archives)? {
            apt::unpack(&archive, scratch)?;
        }
        cache::remove(&archives)
    })
}
