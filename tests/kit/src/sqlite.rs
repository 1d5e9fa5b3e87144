//! A program that uses SQLite through Debian's Go package of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::cache;
use crate::debian;
use crate::exec::{ExecError, run};
use crate::go;
use crate::program::workspace;

/// Of whose packages SQLite and its Go package are: an old one, so that what they need of the C library is
/// there on all systems.
const DEBIAN: &str = "bookworm";

/// The program `sqlite` of `tests/programs`, built by a Go release with more flags of `go build`.
pub fn program(release: &str, flags: &[&str]) -> Result<PathBuf, ExecError> {
    let sources = debian::package(DEBIAN, "golang-github-mattn-go-sqlite3-dev")?;
    let library = debian::package(DEBIAN, "libsqlite3-dev")?;
    let own = workspace().join("tests/programs/sqlite");
    let go = go::fetch(release)?;
    let read = |name: &str| {
        let path = own.join(name);
        fs::read(&path).map_err(|source| ExecError::file("read", &path, source))
    };
    let files = [("main.go", read("main.go")?), ("go.mod", read("go.mod")?)];
    let hash = cache::hash(&(go.version(), flags, &files));
    let folder = cache::entry(&format!("programs/sqlite/{}-{hash}", go.version()), "build", |scratch| {
        let build = scratch.join("build");
        cache::create(&build)?;
        for (name, bytes) in &files {
            let path = build.join(name);
            fs::write(&path, bytes).map_err(|source| ExecError::file("write", &path, source))?;
        }
        let link = build.join("go-sqlite3");
        let found = sources.join("usr/share/gocode/src/github.com/mattn/go-sqlite3");
        symlink(found, &link).map_err(|source| ExecError::file("link", &link, source))?;
        let mut command = go.command();
        command.args(["build", "-buildvcs=false", "-tags=libsqlite3"]).args(flags);
        command.arg("-o").arg(scratch.join("sqlite")).arg(".").current_dir(&build);
        command.env("CGO_CFLAGS", format!("-I{}", library.join("usr/include").display()));
        // The archive itself: the shared library is another package's.
        let archive = library.join("usr/lib/x86_64-linux-gnu/libsqlite3.a");
        let own_library = scratch.join("lib");
        cache::create(&own_library)?;
        let to = own_library.join("libsqlite3.a");
        fs::copy(&archive, &to).map_err(|source| ExecError::file("copy", &archive, source))?;
        command.env("CGO_LDFLAGS", format!("-L{} -lm", own_library.display()));
        run(&mut command, "programs with C need gcc")?;
        cache::remove(&own_library)?;
        cache::remove(&build)
    })?;
    Ok(folder.join("sqlite"))
}
