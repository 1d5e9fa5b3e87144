//! Builds the Go programs of `tests/programs` and `examples/targets`.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::cache;
use crate::exec::{ExecError, run};
use crate::go::{self, Go};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    // This crate lies two folders below it.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("/")).to_owned()
}

/// A Go program of this repository.
#[derive(Clone, Debug)]
pub struct Program {
    name: String,
    folder: PathBuf,
}

impl Program {
    /// Builds the program `name` with Go `version` and gives the path of the binary; panics
    /// with the compiler's words if it does not build.
    ///
    /// A `flags` entry is a flag of `go build` (`-buildmode=pie`, `-ldflags=-s -w`) or a
    /// variable of its environment (`CGO_ENABLED=0`). The binary is kept in the cache under
    /// all that it is made of.
    pub fn build(name: &str, version: &str, flags: &[&str]) -> PathBuf {
        Program::find(name)
            .and_then(|program| program.build_with(&go::fetch(version)?, flags))
            .unwrap_or_else(|error| panic!("cannot build {name} with Go {version}: {error}"))
    }

    /// The program `name` of `tests/programs` or `examples/targets`.
    pub fn find(name: &str) -> Result<Program, ExecError> {
        for place in ["tests/programs", "examples/targets"] {
            let folder = workspace().join(place).join(name);
            if folder.join("main.go").is_file() {
                return Ok(Program { name: name.to_owned(), folder });
            }
        }
        Err(ExecError::Missing(format!("tests/programs and examples/targets hold no program `{name}`")))
    }

    /// Builds it with the given toolchain.
    pub fn build_with(&self, go: &Go, flags: &[&str]) -> Result<PathBuf, ExecError> {
        let mut hasher = DefaultHasher::new();
        (go.version(), flags).hash(&mut hasher);
        for file in self.sources()? {
            file.hash(&mut hasher);
            fs::read(&file).map_err(|source| ExecError::file("read", &file, source))?.hash(&mut hasher);
        }
        let entry = format!("programs/{}/{}-{:016x}", self.name, go.version(), hasher.finish());
        // One build at a time: one of them already uses all cores, and two with the same
        // toolchain would both compile the standard library.
        let folder = cache::entry(&entry, "build", |scratch| {
            let (variables, flags): (Vec<&str>, Vec<&str>) =
                flags.iter().partition(|flag| !flag.starts_with('-') && flag.contains('='));
            let mut command = go.command();
            command.args(["build", "-buildvcs=false"]).args(flags);
            command.arg("-o").arg(scratch.join(&self.name)).arg(".").current_dir(&self.folder);
            command.envs(variables.iter().filter_map(|variable| variable.split_once('=')));
            run(&mut command, "programs with C need gcc").map(drop)
        })?;
        Ok(folder.join(&self.name))
    }

    /// Every file that the binary is made of, in a fixed order: the program's own, and for one
    /// without a module of its own those that it shares with its neighbours.
    fn sources(&self) -> Result<Vec<PathBuf>, ExecError> {
        let mut files = Vec::new();
        collect(&self.folder, &mut files)?;
        if !self.folder.join("go.mod").is_file()
            && let Some(module) = self.folder.parent()
        {
            files.push(module.join("go.mod"));
            collect(&module.join("truth"), &mut files)?;
        }
        files.sort();
        Ok(files)
    }
}

/// Adds the files below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ExecError> {
    let failed = |source| ExecError::file("read", folder, source);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
