//! A script's text: given as it is, in a file, or shipped.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gprobe_lang::ast;
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::SourceMap;

use super::error::{Error, ScriptError};

/// Says which probes are wanted, by their whole names.
pub(crate) type Wanted = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A script: its text, what messages call it, and its parameters.
#[derive(Clone)]
pub struct Script {
    name: String,
    text: Arc<str>,
    params: Vec<String>,
    named: Vec<(String, Option<String>)>,
    only: Option<Wanted>,
}

impl Script {
    /// A script given as text; messages call it `script`.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self::named("script", text)
    }

    /// As [`new`](Self::new), under a name that messages show. Relative paths of imports start at its folder, where it
    /// is a path.
    pub fn named(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into(), params: Vec::new(), named: Vec::new(), only: None }
    }

    /// A script that ships, by its name: `cgocalls`.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub fn shipped(name: &str) -> Result<Self, Error> {
        match gprobe_stdlib::find(name) {
            Some(script) => Ok(Self::named(format!("{name}.gp"), script.text)),
            None => Err(Error::Unreadable {
                message: format!("no script `{name}` ships"),
                hint: Some(near_shipped(name)),
            }),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where it can't be read or is no text.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let name = path.as_ref().display().to_string();
        let unreadable = |message| Error::Unreadable { message, hint: None };
        let bytes = std::fs::read(&path).map_err(|error| {
            unreadable(format!("failed to open file '{name}': {}", without_number(&error)))
        })?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::named(name, text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let line = error.as_bytes().iter().take(at).filter(|&&b| b == b'\n').count() + 1;
                Err(unreadable(format!(
                    "{name} is not UTF-8: the byte at offset {at}, on line {line}, is no character; save the script as UTF-8 text"
                )))
            }
        }
    }

    /// The file of this name or, where there is none, the script that ships.
    ///
    /// # Errors
    /// Where there is neither, or the file can't be read.
    pub fn find(name: &str) -> Result<Self, Error> {
        let path = Path::new(name);
        if path.exists() {
            return Self::file(path);
        }
        if let Ok(shipped) = Self::shipped(name) {
            return Ok(shipped);
        }
        let not_there = format!("failed to open file '{name}': No such file or directory");
        if name.contains('/') || path.extension().is_some() {
            return Err(Error::Unreadable { message: not_there, hint: None });
        }
        Err(Error::Unreadable {
            message: format!("{not_there}, nor does such a script ship"),
            hint: Some(near_shipped(name)),
        })
    }

    /// Adds a positional parameter: the first is `$1`.
    #[must_use]
    pub fn param(mut self, value: impl Into<String>) -> Self {
        self.params.push(value.into());
        self
    }

    /// Adds a named parameter, which the script reads by `getopt`: `--name=value` or, without a value, `--name`.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: Option<String>) -> Self {
        self.named.push((name.into(), value));
        self
    }

    /// Leaves out probes of whose whole names (`go:main.work`, `interval:s:1`) `wanted` says no; `begin` and `end` stay.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.only = Some(Arc::new(wanted));
        self
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its positional parameters.
    pub fn params(&self) -> &[String] {
        &self.params
    }

    /// Its named parameters.
    pub fn options(&self) -> &[(String, Option<String>)] {
        &self.named
    }

    pub(crate) fn wanted(&self) -> Option<&Wanted> {
        self.only.as_ref()
    }

    /// The folder that relative paths of imports start at.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::new(&self.name).parent().map(Path::to_path_buf).unwrap_or_default()
    }

    /// Its tree, and what is worth knowing; the text is added to `sources`.
    pub(crate) fn parse(&self, sources: &mut SourceMap) -> Result<(ast::Script, Vec<Diagnostic>), Error> {
        let id = sources.add(self.name.clone(), Arc::clone(&self.text));
        let parsed = gprobe_lang::parse(id, &self.text);
        if parsed.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(ScriptError { diagnostics: parsed.diagnostics, sources: sources.clone() }.into());
        }
        Ok((parsed.script, parsed.diagnostics))
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script")
            .field("name", &self.name)
            .field("text", &self.text)
            .field("params", &self.params)
            .field("named", &self.named)
            .finish_non_exhaustive()
    }
}

impl From<&str> for Script {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Script {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

fn near_shipped(name: &str) -> String {
    let names = gprobe_stdlib::SCRIPTS.iter().map(|script| script.name);
    did_you_mean(name, names.clone())
        .unwrap_or_else(|| format!("scripts that ship: {}", names.collect::<Vec<_>>().join(", ")))
}

/// An error of the system in its own words alone, without `(os error 2)`.
pub(crate) fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or(&text).to_owned()
}
