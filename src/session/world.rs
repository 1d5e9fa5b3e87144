//! The world as a script sees it: this machine, and the files that it imports.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use gprobe_compiler::target::{Absent, ImportedFile, TargetBinary, TaskOffsets, TracepointField, World};
use gprobe_lang::ast;
use gprobe_lang::source::SourceMap;

use super::script::Script;

/// Texts that a program gives by name, in place of files.
pub(crate) type Texts = BTreeMap<String, String>;

/// The world, with the files that a script imports.
pub(crate) struct ScriptWorld<'w> {
    world: &'w dyn World,
    /// Where relative paths start: the script's folder.
    folder: PathBuf,
    /// Providers and files of a session's own, by name.
    providers: &'w Texts,
    imports: &'w Texts,
    sources: RefCell<SourceMap>,
    /// What was imported.
    imported: RefCell<Vec<ast::Script>>,
}

impl<'w> ScriptWorld<'w> {
    /// For a script whose text is in `sources`.
    pub(crate) fn new(
        world: &'w dyn World,
        script: &Script,
        sources: SourceMap,
        (providers, imports): (&'w Texts, &'w Texts),
    ) -> Self {
        let (sources, imported) = (RefCell::new(sources), RefCell::default());
        Self { world, folder: script.folder(), providers, imports, sources, imported }
    }

    /// All texts that were read, and the trees of those that were imported.
    pub(crate) fn into_parts(self) -> (SourceMap, Vec<ast::Script>) {
        (self.sources.into_inner(), self.imported.into_inner())
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
        let texts = match (self.imports.get(path), shipped) {
            (Some(text), _) => vec![(path.to_owned(), text.clone())],
            (None, Some(script)) if !self.folder.join(path).exists() => {
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
        let files: Vec<ImportedFile> =
            texts.into_iter().map(|(name, text)| self.parsed(name, &text)).collect();
        self.imported.borrow_mut().extend(files.iter().map(|file| file.script.clone()));
        Ok(files)
    }

    fn provider(&self, name: &str) -> Result<Vec<ImportedFile>, Absent> {
        let own = self.providers.get(name).map(String::as_str);
        match own.or_else(|| gprobe_stdlib::provider(name).map(|provider| provider.text)) {
            Some(text) => Ok(vec![self.parsed(format!("providers/{name}.gp"), text)]),
            None => {
                let shipped = gprobe_stdlib::PROVIDERS.iter().map(|provider| provider.name.to_owned());
                Err(Absent {
                    reason: format!("there is no provider `{name}`"),
                    candidates: self.providers.keys().cloned().chain(shipped).collect(),
                })
            }
        }
    }
}
