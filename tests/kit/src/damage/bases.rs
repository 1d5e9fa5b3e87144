//! The binaries that are damaged.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::edits::{Edit, Script};
use super::image::Image;
use super::places::{Finder, Place};
use super::questions::Hints;
use crate::cache;
use crate::exec::{ExecError, run};
use crate::program::Program;

/// Which of the readers is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Headers, sections, symbols, relocations, notes, machine code.
    Elf,
    /// Types, parameters, variables.
    Dwarf,
    /// Go's own table of functions, and what it leads to.
    Pclntab,
}

/// A binary, in memory.
pub(super) struct Base {
    pub(super) name: String,
    /// Of the scripts: small where questions take long.
    pub(super) share: u8,
    /// Whether they take a hundred times as long as to others.
    pub(super) slow: bool,
    pub(super) image: Arc<Image>,
    pub(super) hints: Hints,
    places: Vec<Place>,
}

/// Symbols that get places of their own.
const SYMBOLS: [&str; 14] = [
    "main.main",
    "main.mixed",
    "main.(*outer).step",
    "main.closure.func1",
    "main.swap[go.shape.string,go.shape.int]",
    "runtime.types",
    "runtime.waitReasonStrings",
    "runtime.tlsg",
    "runtime.firstmoduledata",
    "go:func.*",
    "go.func.*",
    "visit",
    "busy",
    "counter",
];
/// Names whose entries of debug information do.
const NAMES: [&str; 22] = [
    "main.inner",
    "main.outer",
    "main.walker",
    "main.state",
    "main.mixed",
    "main.(*outer).step",
    "main.closure.func1",
    "main.small",
    "main.swap[go.shape.string,go.shape.int]",
    "runtime.g",
    "runtime.stack",
    "runtime.eface",
    "internal/runtime/atomic.Uint32",
    "string",
    "[]uint8",
    "map[string]int",
    "chan *main.outer",
    "visit",
    "busy",
    "tree",
    "point",
    "number",
];
/// What the names of functions begin with that do.
const FUNCTIONS: [&str; 4] = ["main.", "runtime.gopark", "runtime.rt0_go", "runtime.mallocgc"];

const PLAIN: &[&str] = &["CGO_ENABLED=0", "-ldflags=-compressdwarf=false"];
const COMPRESSED: &[&str] = &["CGO_ENABLED=0"];
const STRIPPED: &[&str] = &["CGO_ENABLED=0", "-ldflags=-s -w"];
const PIE: &[&str] = &["CGO_ENABLED=0", "-buildmode=pie", "-ldflags=-compressdwarf=false"];
const STRIPPED_PIE: &[&str] = &["CGO_ENABLED=0", "-buildmode=pie", "-ldflags=-s -w"];
const EXTERNAL: &[&str] = &["-buildmode=pie", "-ldflags=-linkmode=external -s -w"];

/// All of a kind.
pub(super) fn all(kind: Kind) -> Vec<Base> {
    let go = |(share, version, flags): (u8, &str, &[&str])| {
        let name = format!("Go {version} {}", flags.join(" "));
        let base = Base::new(kind, name, share, &Program::build("bare", version, flags));
        Base { slow: kind == Kind::Dwarf && flags == COMPRESSED, ..base }
    };
    let c = |share: u8, flags: &[&str]| {
        let path = library(flags).unwrap_or_else(|error| panic!("{error}"));
        Base::new(kind, format!("C {}", flags.join(" ")), share, &path)
    };
    let bases: Vec<Base> = match kind {
        Kind::Elf => [
            (4, "1.19", PLAIN),
            (4, "1.27", PLAIN),
            (4, "1.27", STRIPPED),
            (1, "1.23", PIE),
            (1, "1.27", STRIPPED_PIE),
            (1, "1.27", EXTERNAL),
        ]
        .map(go)
        .into(),
        Kind::Dwarf => {
            [(12, "1.19", PLAIN), (12, "1.23", PLAIN), (12, "1.27", PLAIN), (1, "1.27", COMPRESSED)]
                .map(go)
                .into()
        }
        Kind::Pclntab => [
            (4, "1.19", PLAIN),
            (4, "1.19", STRIPPED),
            (4, "1.23", STRIPPED),
            (4, "1.27", PLAIN),
            (4, "1.27", STRIPPED),
            (1, "1.23", STRIPPED_PIE),
            (1, "1.27", STRIPPED_PIE),
        ]
        .map(go)
        .into(),
    };
    let libraries: &[(u8, &[&str])] = match kind {
        Kind::Elf => &[(16, &["-g"])],
        Kind::Dwarf => &[(50, &["-gdwarf-4"]), (50, &["-gdwarf-5"]), (30, &["-gdwarf-5", "-gz=zlib"])],
        Kind::Pclntab => &[],
    };
    bases.into_iter().chain(libraries.iter().map(|(share, flags)| c(*share, flags))).collect()
}

/// Builds the C library.
fn library(flags: &[&str]) -> Result<PathBuf, ExecError> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/damage/library.c");
    let text = fs::read(&source).map_err(|error| ExecError::file("read", &source, error))?;
    let mut hasher = DefaultHasher::new();
    (flags, text).hash(&mut hasher);
    let entry = format!("programs/library/{:016x}", hasher.finish());
    let folder = cache::entry(&entry, "build", |scratch| {
        let mut command = Command::new("gcc");
        command.args(["-O2", "-shared", "-fPIC"]).args(flags).arg("-o").arg(scratch.join("library.so"));
        run(command.arg(&source), "programs with C need gcc").map(drop)
    })?;
    Ok(folder.join("library.so"))
}

impl Base {
    fn new(kind: Kind, name: String, share: u8, path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut finder = Finder::new(&bytes);
        let debug = |name: &str| name.contains("debug_");
        match kind {
            Kind::Elf => {
                finder.headers(|name| !debug(name));
                finder.sections(|name| !debug(name));
                finder.symbols(&SYMBOLS);
                finder.pclntab(&["main.m"]);
            }
            Kind::Dwarf => {
                let read =
                    |name: &str| debug(name) && !["line", "frame", "gdb"].iter().any(|n| name.contains(n));
                finder.headers(read);
                finder.sections(read);
                finder.debug_information(&NAMES);
                finder.symbols(&SYMBOLS);
            }
            Kind::Pclntab => {
                finder.headers(|name| {
                    name.contains("pclntab") || name.contains("module") || name.contains("data")
                });
                finder.sections(|name| name.contains("module"));
                finder.pclntab(&FUNCTIONS);
                finder.symbols(&SYMBOLS);
            }
        }
        let places = finder.finish();
        let hints = Hints::of(kind, &bytes);
        Self { name, share, slow: false, image: Arc::new(Image::new(bytes)), hints, places }
    }

    pub(super) fn len(&self) -> usize {
        self.image.len()
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Makes the script's edits.
    pub(super) fn damage(&mut self, script: &Script) {
        let image = self.image();
        // What the places are is not edited.
        let (image, places) = image;
        for edit in &script.edits {
            edit.apply(image, places);
        }
    }

    /// Undoes them.
    pub(super) fn repair(&mut self) {
        self.image().0.repair();
    }

    fn image(&mut self) -> (&mut Image, &[Place]) {
        let image = Arc::get_mut(&mut self.image).expect("nobody reads the file any more");
        (image, &self.places)
    }

    pub(super) fn describe(&self, edit: &Edit) -> String {
        let at = edit.at(&self.places).map(|(place, at)| {
            let within = at - place.start;
            format!("{} + {within:#x} ({at:#x})", place.name)
        });
        format!("{} {edit:?}", at.unwrap_or_default())
    }
}
