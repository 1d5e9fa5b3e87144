//! Finds a script's text: given on the command line, in a file, or shipped.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use gprobe_compiler::target::{Absent, ImportedFile, TargetBinary, TaskOffsets, TracepointField, World};
use gprobe_lang::ast::Script;
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::SourceMap;

use super::Failure;
use super::args::FormatArg;

/// A parsed script.
pub(super) struct Source {
    pub(super) script: Script,
    pub(super) sources: SourceMap,
    /// Warnings so far.
    pub(super) warnings: Vec<Diagnostic>,
    /// How messages call it.
    pub(super) name: String,
}

/// Reads and parses the script that the command line names.
pub(super) fn load(script: Option<&str>, program: Option<&str>) -> Result<Source, Failure> {
    let (name, text) = match (program, script) {
        (Some(program), _) => ("stdin".to_owned(), program.to_owned()),
        (None, Some("-")) => ("stdin".to_owned(), io::read_to_string(io::stdin())?),
        (None, Some(name)) => find(name)?,
        (None, None) => {
            return Err(Failure::Unreadable(
                "no script: name a file, a script that ships, or give a program with -e".into(),
            ));
        }
    };
    let mut sources = SourceMap::new();
    let id = sources.add(name.clone(), text.as_str());
    let parsed = gprobe_lang::parse(id, &text);
    if parsed.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Failure::Script(parsed.diagnostics, sources));
    }
    Ok(Source { script: parsed.script, sources, warnings: parsed.diagnostics, name })
}

fn find(name: &str) -> Result<(String, String), Failure> {
    let path = Path::new(name);
    if !path.exists() {
        if let Some(shipped) = gprobe_stdlib::find(name) {
            return Ok((format!("{name}.gp"), shipped.text.to_owned()));
        }
        if !name.contains('/') && path.extension().is_none() {
            let names = gprobe_stdlib::SCRIPTS.iter().map(|s| s.name);
            let hint = did_you_mean(name, names.clone())
                .unwrap_or_else(|| format!("scripts that ship: {}", names.collect::<Vec<_>>().join(", ")));
            return Err(Failure::Hinted(format!("{}, nor does such a script ship", not_there(name)), hint));
        }
        return Err(Failure::Unreadable(not_there(name)));
    }
    let unread =
        |error| Failure::Unreadable(format!("failed to open file '{name}': {}", without_number(&error)));
    let bytes = std::fs::read(path).map_err(unread)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name.to_owned(), text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes().iter().take(at).filter(|&&b| b == b'\n').count() + 1;
            Err(Failure::Unreadable(format!(
                "{name} is not UTF-8: the byte at offset {at}, on line {line}, is no character; save the script as UTF-8 text"
            )))
        }
    }
}

/// Says that there is no such file, as `open` would.
fn not_there(name: &str) -> String {
    format!("failed to open file '{name}': No such file or directory")
}

/// An error of the system in its own words alone, without `(os error 2)`.
pub(super) fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or(&text).to_owned()
}

/// The world, with the files that scripts import.
pub(super) struct ScriptWorld<'w> {
    world: &'w dyn World,
    /// Where relative paths start: the script's folder.
    folder: PathBuf,
    sources: RefCell<SourceMap>,
}

impl<'w> ScriptWorld<'w> {
    /// For a script, by the name that it was found under.
    pub(super) fn new(world: &'w dyn World, source: &Source) -> Self {
        let folder = Path::new(&source.name).parent().map(Path::to_path_buf).unwrap_or_default();
        Self { world, folder, sources: RefCell::new(source.sources.clone()) }
    }

    /// All texts that were read.
    pub(super) fn into_sources(self) -> SourceMap {
        self.sources.into_inner()
    }

    /// A text as a file that is taken in.
    fn parsed(&self, name: String, text: &str) -> ImportedFile {
        let id = self.sources.borrow_mut().add(name.clone(), text);
        let parsed = gprobe_lang::parse(id, text);
        ImportedFile { name, script: parsed.script, diagnostics: parsed.diagnostics }
    }

    /// The files that a path means: itself, or the scripts in a folder.
    fn files(&self, path: &str) -> io::Result<Vec<PathBuf>> {
        let joined = self.folder.join(path);
        if !joined.is_dir() {
            return Ok(vec![joined]);
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&joined)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "gp" || extension == "bt") {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }
}

impl World for ScriptWorld<'_> {
    fn binary(&self, name: &str) -> Result<TargetBinary, Absent> {
        self.world.binary(name)
    }

    fn go_libraries(&self) -> Vec<TargetBinary> {
        self.world.go_libraries()
    }

    fn tracepoint(&self, category: &str, name: &str) -> Result<Vec<TracepointField>, Absent> {
        self.world.tracepoint(category, name)
    }

    fn kernel_functions(&self, module: Option<&str>, pattern: &str) -> Result<Vec<String>, Absent> {
        self.world.kernel_functions(module, pattern)
    }

    fn tracepoints(&self, category: &str, name: &str) -> Result<Vec<(String, String)>, Absent> {
        self.world.tracepoints(category, name)
    }

    fn task_fsbase_offset(&self) -> Result<u32, Absent> {
        self.world.task_fsbase_offset()
    }

    fn g_tls_offset(&self, file: &TargetBinary) -> Result<i64, Absent> {
        self.world.g_tls_offset(file)
    }

    fn task_offsets(&self) -> Result<TaskOffsets, Absent> {
        self.world.task_offsets()
    }

    fn task_stack_offset(&self) -> Result<u32, Absent> {
        self.world.task_stack_offset()
    }

    fn load_bias(&self, file: &TargetBinary) -> Result<u64, Absent> {
        self.world.load_bias(file)
    }

    fn kernel_symbol(&self, name: &str) -> Result<u64, Absent> {
        self.world.kernel_symbol(name)
    }

    fn cgroup_id(&self, path: &str) -> Result<u64, Absent> {
        self.world.cgroup_id(path)
    }

    fn import(&self, path: &str) -> Result<Vec<ImportedFile>, Absent> {
        let shipped = gprobe_stdlib::find(path);
        let absent = |error: io::Error| Absent {
            reason: format!("{path} can't be imported: {error}"),
            candidates: gprobe_stdlib::SCRIPTS.iter().map(|s| s.name.to_owned()).collect(),
        };
        let texts = match shipped {
            Some(script) if !self.folder.join(path).exists() => {
                vec![(format!("{path}.gp"), script.text.to_owned())]
            }
            _ => {
                let mut texts = Vec::new();
                for file in self.files(path).map_err(absent)? {
                    let text = std::fs::read_to_string(&file).map_err(absent)?;
                    texts.push((file.display().to_string(), text));
                }
                texts
            }
        };
        Ok(texts.into_iter().map(|(name, text)| self.parsed(name, &text)).collect())
    }

    fn provider(&self, name: &str) -> Result<Vec<ImportedFile>, Absent> {
        match gprobe_stdlib::provider(name) {
            Some(found) => Ok(vec![self.parsed(format!("providers/{name}.gp"), found.text)]),
            None => Err(Absent {
                reason: format!("there is no provider `{name}`"),
                candidates: gprobe_stdlib::PROVIDERS.iter().map(|p| p.name.to_owned()).collect(),
            }),
        }
    }
}

/// `gprobe stdlib`: the scripts that ship, a line each, or one of them whole.
pub(super) fn stdlib(name: Option<&str>, format: FormatArg) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    let Some(name) = name else {
        let width = gprobe_stdlib::SCRIPTS.iter().map(|script| script.name.len()).max().unwrap_or(0);
        for script in gprobe_stdlib::SCRIPTS {
            let (name, text) = (script.name, script.answers());
            match format {
                FormatArg::Text => writeln!(out, "{name:<width$}  {text}")?,
                FormatArg::Tsv => writeln!(out, "{name}\t{text}")?,
                FormatArg::Json => writeln!(out, "{}", serde_json::json!({ "name": name, "answers": text }))?,
            }
        }
        return Ok(0);
    };
    let script = gprobe_stdlib::find(name).map(|script| script.text);
    let Some(text) = script.or_else(|| gprobe_stdlib::provider(name).map(|provider| provider.text)) else {
        return find(name).map(|_| 0);
    };
    out.write_all(text.as_bytes())?;
    Ok(0)
}
