//! Packages of Debian's releases, unpacked into the cache beside whatever the system has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::exec::{ExecError, run};

/// What every command of apt needs.
const REMEDY: &str = "it needs Debian or Ubuntu with apt-get and a way to Debian's packages";

/// A release of Debian (`bookworm`, `trixie`, `sid`), with its lists of packages in the cache.
#[derive(Clone, Debug)]
pub struct Suite {
    name: String,
    apt: PathBuf,
}

/// The folder into which a package of a release is unpacked: fetched without what it depends on, and
/// not installed.
pub fn package(release: &str, package: &str) -> Result<PathBuf, ExecError> {
    cache::entry(&format!("debian/{release}/{package}"), &format!("debian-{release}"), |scratch| {
        eprintln!("fetching {package} of Debian {release}");
        let suite = Suite::named(release)?;
        let archives = scratch.join("archives");
        cache::create(&archives)?;
        let fetch = || run(suite.apt_get().args(["download", package]).current_dir(&archives), REMEDY);
        if fetch().is_err() {
            // The usual reason is a list older than the archive.
            suite.update()?;
            fetch()?;
        }
        for archive in debs(&archives)? {
            unpack(&archive, scratch)?;
        }
        cache::remove(&archives)
    })
}

/// Unpacks a package below `to`.
pub(crate) fn unpack(archive: &Path, to: &Path) -> Result<(), ExecError> {
    run(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(to), REMEDY).map(drop)
}

impl Suite {
    /// The release of this name; its lists are fetched where they are not there yet.
    pub(crate) fn named(name: &str) -> Result<Suite, ExecError> {
        let apt =
            cache::entry(&format!("debian/lists/{name}"), &format!("debian-lists-{name}"), |scratch| {
                let suite = Suite { name: name.to_owned(), apt: scratch.to_owned() };
                suite.set_up()?;
                suite.update()
            })?;
        Ok(Suite { name: name.to_owned(), apt })
    }

    /// Downloads a package with all that it depends on into a folder, and gives the archives.
    pub(crate) fn download_with_all(&self, folder: &Path, package: &str) -> Result<Vec<PathBuf>, ExecError> {
        let archives = folder.join("archives");
        cache::create(&archives.join("partial"))?;
        let fetch = || {
            let mut command = self.apt_get();
            command.arg(format!("-oDir::Cache::archives={}", archives.display()));
            command.args(["install", "--yes", "--download-only", "--no-install-recommends", package]);
            run(&mut command, "the release may not have it")
        };
        if fetch().is_err() {
            self.update()?;
            fetch()?;
        }
        debs(&archives)
    }

    /// What an apt needs that believes that nothing is installed and knows only this release.
    fn set_up(&self) -> Result<(), ExecError> {
        for folder in ["state/lists/partial", "cache/archives/partial", "parts"] {
            cache::create(&self.apt.join(folder))?;
        }
        // The registry that this machine is set up to use.
        let said = run(
            Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]),
            REMEDY,
        )?;
        let Some(registry) = said.lines().find(|uri| uri.trim_end_matches('/').ends_with("debian")) else {
            return Err(ExecError::Missing("apt is set up for no Debian registry".to_owned()));
        };
        let write = |name: &str, text: String| {
            let path = self.apt.join(name);
            fs::write(&path, text).map_err(|source| ExecError::file("write", &path, source))
        };
        write("sources.list", format!("deb {registry} {} main\n", self.name))?;
        write("status", String::new())
    }

    fn update(&self) -> Result<(), ExecError> {
        run(self.apt_get().arg("update"), REMEDY).map(drop)
    }

    fn apt_get(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("--quiet");
        for (name, value) in [
            ("Dir::State", "state"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::Etc::sourceparts", "parts"),
            ("Dir::Etc::preferencesparts", "parts"),
        ] {
            command.arg(format!("-o{name}={}", self.apt.join(value).display()));
        }
        // The cache may lie where apt's own user cannot write.
        command.args(["-oAPT::Sandbox::User=root", "-oDebug::NoLocking=1"]);
        command
    }
}

/// The archives in a folder.
fn debs(folder: &Path) -> Result<Vec<PathBuf>, ExecError> {
    let entries = fs::read_dir(folder).map_err(|source| ExecError::file("read", folder, source))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).collect())
}
