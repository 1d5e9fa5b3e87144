//! The ways in which Go programs are built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::exec::{ExecError, run};
use crate::go;
use crate::program::{Program, workspace};

/// A way to build a Go program.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// As the table of `docs/support.md` has it.
    pub name: &'static str,
    /// Flags of `go build`, and variables of its environment (`CGO_ENABLED=0`).
    pub flags: &'static [&'static str],
    /// What is done to the file afterwards.
    pub after: After,
    /// Whether C is linked in.
    pub cgo: bool,
    /// Whether there is a symbol table.
    pub symbols: bool,
    /// Whether there is debug information.
    pub dwarf: bool,
}

/// What is done to a file when it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// `strip`, as packagers of distributions do.
    Strip,
    /// A program of C is made that runs it: it is a library.
    Host,
    /// Its section headers are cut off, as `sstrip` and `llvm-strip --strip-sections` do.
    CutSections,
}

/// Of each kind that there is in the field.
pub const BUILDS: [Build; 18] = {
    const PLAIN: Build = Build {
        name: "`go build`",
        flags: &[],
        after: After::Nothing,
        cgo: true,
        symbols: true,
        dwarf: true,
    };
    const STRIPPED: Build = Build {
        name: "`-ldflags='-s -w'`",
        flags: &["-ldflags=-s -w"],
        symbols: false,
        dwarf: false,
        ..PLAIN
    };
    [
        PLAIN,
        Build { name: "`-ldflags=-w`", flags: &["-ldflags=-w"], dwarf: false, ..PLAIN },
        STRIPPED,
        Build { name: "`strip`", flags: &[], after: After::Strip, ..STRIPPED },
        Build { name: "`-buildmode=pie`", flags: &["-buildmode=pie"], ..PLAIN },
        Build {
            name: "`-buildmode=pie -ldflags='-s -w'`",
            flags: &["-buildmode=pie", "-ldflags=-s -w"],
            ..STRIPPED
        },
        Build { name: "`CGO_ENABLED=0`", flags: &["CGO_ENABLED=0"], cgo: false, ..PLAIN },
        Build {
            name: "`CGO_ENABLED=0 -ldflags='-s -w'`",
            flags: &["CGO_ENABLED=0", "-ldflags=-s -w"],
            cgo: false,
            ..STRIPPED
        },
        Build {
            name: "`CGO_ENABLED=0 -buildmode=pie -ldflags='-s -w'`",
            flags: &["CGO_ENABLED=0", "-buildmode=pie", "-ldflags=-s -w"],
            cgo: false,
            ..STRIPPED
        },
        Build {
            name: "linked statically with C",
            flags: &["-ldflags=-linkmode=external -extldflags=-static"],
            ..PLAIN
        },
        Build {
            name: "linked statically with C, `-s -w`",
            flags: &["-ldflags=-s -w -linkmode=external -extldflags=-static"],
            ..STRIPPED
        },
        Build { name: "`-race`", flags: &["-race"], ..PLAIN },
        Build { name: "`-gcflags='all=-N -l'`", flags: &["-gcflags=all=-N -l"], ..PLAIN },
        Build { name: "`-trimpath`", flags: &["-trimpath"], ..PLAIN },
        Build {
            name: "`-buildmode=c-shared`, in a program of C",
            flags: &["-buildmode=c-shared"],
            after: After::Host,
            ..PLAIN
        },
        Build {
            name: "`-buildmode=c-shared -ldflags='-s -w'`, in a program of C",
            flags: &["-buildmode=c-shared", "-ldflags=-s -w"],
            after: After::Host,
            ..STRIPPED
        },
        Build { name: "`-s -w`, no section headers", after: After::CutSections, ..STRIPPED },
        Build {
            name: "`CGO_ENABLED=0`, `-s -w`, no section headers",
            flags: &["CGO_ENABLED=0", "-ldflags=-s -w"],
            after: After::CutSections,
            cgo: false,
            ..STRIPPED
        },
    ]
};

impl Build {
    /// The build of this name.
    pub fn named(name: &str) -> Option<&'static Build> {
        BUILDS.iter().find(|build| build.name == name)
    }

    /// The binary of a program of this repository, from the cache or built; of a library the program of C
    /// that runs it, with the library beside it, which [`code`](Self::code) names.
    pub fn program(&self, name: &str, release: &str) -> Result<PathBuf, ExecError> {
        let built = Program::find(name)?.build_with(&go::fetch(release)?, self.flags)?;
        let what = match self.after {
            After::Nothing => return Ok(built),
            After::Strip => "stripped",
            After::CutSections => "cut",
            After::Host => "hosted",
        };
        // The folder that it was built into is named after all that it is made of.
        let of = built.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let folder = cache::entry(&format!("programs/{name}/{what}-{of}"), "build", |scratch| {
            let to = match self.after {
                After::Host => scratch.join(format!("lib{name}.so")),
                _ => scratch.join(name),
            };
            crate::copy_program(&built, &to).map_err(|source| ExecError::file("copy", &built, source))?;
            match self.after {
                After::CutSections => cut_sections(&to),
                After::Host => {
                    let source = workspace().join("tests/programs").join(name).join("host/host.c");
                    let mut gcc = Command::new("gcc");
                    gcc.arg("-O1").arg("-o").arg(scratch.join(name)).arg(source).arg("-Wl,-rpath,$ORIGIN");
                    gcc.arg("-L").arg(scratch).arg(format!("-l{name}"));
                    run(&mut gcc, "programs with C need gcc").map(drop)
                }
                _ => run(Command::new("strip").arg(&to), "it needs binutils").map(drop),
            }
        })?;
        Ok(folder.join(name))
    }

    /// The file with the Go code of what [`program`](Self::program) gave.
    pub fn code(&self, program: &Path) -> PathBuf {
        match (self.after, program.file_name()) {
            (After::Host, Some(name)) => program.with_file_name(format!("lib{}.so", name.to_string_lossy())),
            _ => program.to_owned(),
        }
    }
}

/// Has the header of an ELF file of x86-64 say that there are no section headers, and with them no symbols and no debug
/// information; everything else stays where it is.
pub fn forget_sections(bytes: &mut [u8]) {
    // e_shoff; e_shentsize, e_shnum and e_shstrndx.
    bytes[0x28..0x30].fill(0);
    bytes[0x3a..0x40].fill(0);
}

/// Cuts the section headers off an ELF file of x86-64, and what no segment holds.
fn cut_sections(path: &Path) -> Result<(), ExecError> {
    let mut bytes = fs::read(path).map_err(|source| ExecError::file("read", path, source))?;
    let end = end_of_segments(&bytes)
        .ok_or_else(|| ExecError::Missing(format!("{} is no ELF file with segments", path.display())))?;
    bytes.truncate(end);
    forget_sections(&mut bytes);
    fs::write(path, bytes).map_err(|source| ExecError::file("write", path, source))
}

/// Where in a file the last byte is that a program header or a segment has.
fn end_of_segments(bytes: &[u8]) -> Option<usize> {
    let number = |at: usize, size: usize| -> Option<usize> {
        let field = bytes.get(at..at.checked_add(size)?)?;
        let mut value = [0; 8];
        value.get_mut(..size)?.copy_from_slice(field);
        usize::try_from(u64::from_le_bytes(value)).ok()
    };
    let (start, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    let mut end = start.checked_add(size.checked_mul(count)?)?;
    for header in (0..count).map(|index| start + index * size) {
        end = end.max(number(header + 8, 8)?.checked_add(number(header + 0x20, 8)?)?);
    }
    (end <= bytes.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_one_build_each() {
        for (index, build) in BUILDS.iter().enumerate() {
            let same = BUILDS.iter().position(|other| other.name == build.name);
            assert_eq!(same, Some(index), "{}", build.name);
            assert!(!build.dwarf || build.symbols, "{}", build.name);
        }
    }

    #[test]
    fn a_file_without_sections_runs_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("true");
        fs::copy("/bin/true", &copy).expect("copied");
        cut_sections(&copy).expect("cut");
        assert!(Command::new(&copy).status().expect("started").success());
        let before = fs::metadata("/bin/true").expect("a file").len();
        assert!(fs::metadata(&copy).expect("a file").len() < before);
    }
}
