//! Packages of another Debian release than this machine's own: fetched and unpacked, never installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::exec::{ExecError, run};

/// What every command of apt needs.
pub(crate) const REMEDY: &str = "it needs Debian or Ubuntu with apt-get and a way to Debian's packages";

/// An apt that believes that nothing is installed and knows only one release.
#[derive(Clone, Debug)]
pub struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    /// The apt of a suite (`bookworm`, `bookworm-security`, `sid`), which keeps its state below `folder`, with a
    /// fresh list of packages.
    pub fn of(suite: &str, folder: &Path) -> Result<Apt, ExecError> {
        cache::create(&folder.join("state/lists/partial"))?;
        cache::create(&folder.join("cache/archives/partial"))?;
        cache::create(&folder.join("parts"))?;
        let registry = registry(suite.ends_with("-security"))?;
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|source| ExecError::file("write", &path, source))
        };
        write("sources.list", format!("deb {registry} {suite} main\n"))?;
        write("status", String::new())?;
        let apt = Apt::at(folder);
        apt.update()?;
        Ok(apt)
    }

    /// The apt of a suite whose list of packages is kept in the cache.
    pub(crate) fn kept(suite: &str) -> Result<Apt, ExecError> {
        let fresh = |scratch: &Path| Apt::of(suite, scratch).map(drop);
        let folder = cache::entry(&format!("debian/lists/{suite}"), &format!("debian-lists-{suite}"), fresh)?;
        Ok(Apt::at(&folder))
    }

    /// The apt that keeps its state below `folder`.
    fn at(folder: &Path) -> Apt {
        let mut options: Vec<String> = [
            ("Dir::State", "state"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::Etc::sourceparts", "parts"),
            ("Dir::Etc::preferencesparts", "parts"),
        ]
        .map(|(name, value)| format!("-o{name}={}", folder.join(value).display()))
        .to_vec();
        // The cache may lie where apt's own user cannot write.
        options.extend(["-oAPT::Sandbox::User=root".to_owned(), "-oDebug::NoLocking=1".to_owned()]);
        Apt { folder: folder.to_owned(), options }
    }

    fn update(&self) -> Result<(), ExecError> {
        run(self.command("apt-get").arg("update"), REMEDY).map(drop)
    }

    /// `apt-get` or `apt-cache` that knows only this release.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.arg("--quiet").args(&self.options);
        command
    }

    /// What a package depends on, by name.
    pub fn dependencies(&self, package: &str) -> Result<Vec<String>, ExecError> {
        let said = run(self.command("apt-cache").args(["depends", package]), REMEDY)?;
        let names = said.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(names.map(str::to_owned).collect())
    }

    /// Whether the release has a package.
    pub fn has(&self, package: &str) -> bool {
        run(self.command("apt-cache").args(["show", package]), REMEDY).is_ok()
    }

    /// Downloads packages, and no other, into a folder, and gives their files.
    pub fn download(&self, packages: &[String], to: &Path) -> Result<Vec<PathBuf>, ExecError> {
        let fetch = || run(self.command("apt-get").arg("download").args(packages).current_dir(to), REMEDY);
        if fetch().is_err() {
            // The usual reason is a list older than the archive.
            self.update()?;
            fetch()?;
        }
        packages_in(to)
    }

    /// Downloads a package with all that it depends on, and gives their files.
    pub fn download_whole(&self, package: &str) -> Result<Vec<PathBuf>, ExecError> {
        run(
            self.command("apt-get").args([
                "install",
                "--yes",
                "--download-only",
                "--no-install-recommends",
                package,
            ]),
            "the release may not have it",
        )?;
        packages_in(&self.folder.join("cache/archives"))
    }
}

/// Unpacks a package's files below `to`.
pub fn unpack(package: &Path, to: &Path) -> Result<(), ExecError> {
    run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(to), REMEDY).map(drop)
}

/// The registry that this machine is set up to use.
fn registry(security: bool) -> Result<String, ExecError> {
    let said = run(
        Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]),
        REMEDY,
    )?;
    let end = if security { "debian-security" } else { "debian" };
    let found = said.lines().find(|uri| uri.trim_end_matches('/').ends_with(end));
    found.map(str::to_owned).ok_or_else(|| {
        ExecError::Missing(format!("apt is set up for no registry of Debian whose address ends in `{end}`"))
    })
}

/// The packages that lie in a folder.
fn packages_in(folder: &Path) -> Result<Vec<PathBuf>, ExecError> {
    let entries = fs::read_dir(folder).map_err(|source| ExecError::file("read", folder, source))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).collect())
}
