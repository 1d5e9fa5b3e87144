//! Builds bpftrace's test programs, in a folder laid out as its tests expect theirs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gprobe_testkit::go;

use super::run::SHELL;
use crate::Outcome;

/// A failure in words.
type Failed = String;

/// How bpftrace compiles its programs.
const FLAGS: &str = "-g -O0 -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer";

/// How it compiles the one that must be unwound without frame pointers.
const NO_FRAMES: &str = "-g -O1 -fomit-frame-pointer -fno-optimize-sibling-calls";

/// What is made of programs: what comes of it, of which source, and the line for the shell that
/// makes it, where `$SRC` is the folder of the sources.
const DERIVED: [(&str, &str, &str); 8] = [
    (
        "false.bin",
        "false.c",
        "$CC -c $SRC/false.c -o false.o && objcopy -S --only-section=.text --keep-symbol=main -O binary false.o \
         false.bin; rm -f false.o",
    ),
    ("archive.zip", "true.c", "rm -f archive.zip; zip -q -0 -j archive.zip true"),
    (
        "uprobe_test-stripped",
        "uprobe_test.c",
        "mkdir -p external_debug && objcopy --only-keep-debug uprobe_test external_debug/uprobe_test-stripped.debug \
         && objcopy --strip-debug uprobe_test uprobe_test-stripped",
    ),
    (
        "uprobe_separate_debug-stripped",
        "uprobe_separate_debug.c",
        "mkdir -p .debug && D=.debug/uprobe_separate_debug-stripped.debug && \
         objcopy --only-keep-debug uprobe_separate_debug $D && \
         objcopy --strip-debug --add-gnu-debuglink=$D uprobe_separate_debug uprobe_separate_debug-stripped",
    ),
    (
        "external_debug/dwo/uprobe_test-split",
        "uprobe_test.c",
        "D=external_debug/dwo && mkdir -p $D && $CC -g -O0 -gsplit-dwarf $SRC/uprobe_test.c -o $D/uprobe_test-split",
    ),
    (
        "external_debug/dwp/uprobe_test-split",
        "uprobe_test.c",
        "D=external_debug/dwp && mkdir -p $D && $CC -g -O0 -gsplit-dwarf $SRC/uprobe_test.c -o $D/uprobe_test-split \
         && (llvm-dwp -e $D/uprobe_test-split -o $D/uprobe_test-split.dwp || \
         dwp -e $D/uprobe_test-split -o $D/uprobe_test-split.dwp) && rm -f $D/*.dwo",
    ),
    ("hello_rust", "hello_rust.rs", "rustc -C symbol_mangling_version=v0 -o hello_rust $SRC/hello_rust.rs"),
    ("hello_go", "hello_go.go", "$GO build -o hello_go $SRC/hello_go.go"),
];

/// Where the tests run.
#[derive(Debug)]
pub(crate) struct Place {
    /// Their working folder, with `testprogs`, `testlibs` and `runtime`.
    pub(crate) folder: PathBuf,
    /// gprobe under the name of bpftrace: many a case looks for its own name.
    pub(crate) gprobe: PathBuf,
    /// The programs that could not be built, with the first line of why.
    pub(crate) unbuilt: Vec<(String, Failed)>,
}

/// Lays out a folder for the tests of `checkout` below `base` and builds what is not there yet.
pub(crate) fn place(
    base: &Path,
    checkout: &Path,
    gprobe: &Path,
) -> Result<Place, Box<dyn std::error::Error>> {
    let folder = base.join("tests");
    for name in ["testprogs", "testlibs"] {
        fs::create_dir_all(folder.join(name))?;
    }
    let tests = checkout.join("tests");
    link(&tests.join("runtime"), &folder.join("runtime"))?;
    fs::create_dir_all(base.join("bin"))?;
    let named = base.join("bin/bpftrace");
    link(gprobe, &named)?;
    let mut place = Place { folder, gprobe: named, unbuilt: Vec::new() };
    libraries(&tests, &mut place)?;
    programs(&tests, &mut place)?;
    derived(&tests, &mut place);
    Ok(place)
}

/// Makes `to` a link to `target`, whatever it was.
fn link(target: &Path, to: &Path) -> std::io::Result<()> {
    if to.symlink_metadata().is_ok() {
        fs::remove_file(to)?;
    }
    symlink(target, to)
}

/// Builds the libraries, which are not executable on purpose.
fn libraries(tests: &Path, place: &mut Place) -> Outcome {
    for source in sources(&tests.join("testlibs"))? {
        let out = place.folder.join(format!("testlibs/lib{}.so", stem(&source)));
        let arguments = format!("-g -O0 -shared -fPIC -I {0}/include", tests.display());
        compile(&source, &out, &arguments, "", tests, place);
        if out.exists() {
            fs::set_permissions(&out, fs::Permissions::from_mode(0o644))?;
        }
    }
    Ok(())
}

/// Builds each program twice, as one that is loaded anywhere (`-pie`) too.
fn programs(tests: &Path, place: &mut Place) -> Outcome {
    for source in sources(&tests.join("testprogs"))? {
        let stem = stem(&source);
        for pie in [false, true] {
            let name = if pie { format!("{stem}-pie") } else { stem.clone() };
            let out = place.folder.join("testprogs").join(name);
            let flags = if stem == "uprobe_nofp" { NO_FRAMES } else { FLAGS };
            let kind = if pie { "-fpie -pie" } else { "-no-pie" };
            let include = format!("-I {0}/include", tests.display());
            let mut arguments = format!("{flags} {kind} {include}");
            let mut libraries = String::new();
            if stem == "usdt_lib" {
                arguments.push_str(&format!(" -fPIC -I {}/testlibs", tests.display()));
                let folder = place.folder.join("testlibs");
                libraries = format!("-L {0} -Wl,-rpath,{0} -lusdt_tp", folder.display());
            }
            compile(&source, &out, &arguments, &libraries, tests, place);
        }
    }
    Ok(())
}

/// Makes what is not just compiled.
fn derived(tests: &Path, place: &mut Place) {
    let folder = place.folder.join("testprogs");
    let sources = tests.join("testprogs");
    for (name, source, line) in DERIVED {
        let source = sources.join(source);
        if !source.exists() || is_newer(&folder.join(name), &source) {
            continue;
        }
        let mut command = Command::new(SHELL);
        command.args(["-ec", line]).current_dir(&folder).env("SRC", &sources).env("CC", compiler(&source));
        if line.contains("$GO") {
            match go::installed("1.19").map_or_else(|| go::fetch("1.27"), Ok) {
                Ok(go) => command.env("GO", go.root().join("bin/go")),
                Err(error) => {
                    place.unbuilt.push((name.to_owned(), error.to_string()));
                    continue;
                }
            };
        }
        make(command, &folder.join(name), place);
    }
}

/// Compiles one file, unless what comes of it is there and newer.
fn compile(source: &Path, out: &Path, arguments: &str, after: &str, tests: &Path, place: &mut Place) {
    if is_newer(out, source) {
        return;
    }
    let mut command = Command::new(compiler(source));
    // Cases expect paths of sources without signs that a checkout's folder may have.
    command.arg(format!("-ffile-prefix-map={}=/tests", tests.display()));
    command.args(arguments.split(' ')).arg(source).arg("-o").arg(out);
    command.args(after.split_whitespace());
    make(command, out, place);
}

/// Runs a command that makes `out`, and notes when it does not.
fn make(mut command: Command, out: &Path, place: &mut Place) {
    let output = command.stdin(Stdio::null()).output();
    let problem = match output {
        Ok(output) if output.status.success() && out.exists() => return,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = said.lines().find(|line| line.contains("error")).or(said.lines().next());
            line.unwrap_or("it made nothing").to_owned()
        }
        Err(error) => error.to_string(),
    };
    let name = out.strip_prefix(&place.folder).unwrap_or(out).display().to_string();
    place.unbuilt.push((name, problem));
}

/// The compiler of a source.
fn compiler(source: &Path) -> &'static str {
    if source.extension().is_some_and(|e| e == "cpp") { "g++" } else { "gcc" }
}

/// The C and C++ sources of a folder, in order.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == "c" || e == "cpp"));
    found.sort();
    Ok(found)
}

/// The name of a source without what tells its language.
fn stem(source: &Path) -> String {
    source.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether `out` is there and was made after `source`.
fn is_newer(out: &Path, source: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    matches!((time(out), time(source)), (Some(out), Some(source)) if out >= source)
}
