//! The files that the file of a probe stands for, in which `*` and `?` may be wild.

use std::path::PathBuf;

use gprobe_compiler::target::{TargetBinary, World};
use gprobe_lang::ast::{AttachPoint, Item, Script};
use gprobe_lang::source::Spanned;
use gprobe_runtime::process::mappings;
use gprobe_runtime::{LiveWorld, open_binary};
use gprobe_symbols::{Function, Functions, glob_matches};

use crate::cli::Failure;

/// Whether a file is a pattern. (A function's name may hold a `*` that is none, a file's may not.)
pub(super) fn is_wild(file: &str) -> bool {
    file.contains(['*', '?'])
}

/// The functions of a name or a pattern.
pub(super) fn functions(functions: Functions<'_>, pattern: &str) -> Vec<Function> {
    if gprobe_symbols::is_glob(pattern) { functions.matching(pattern) } else { functions.exact(pattern) }
}

/// The files that a pattern stands for: of those that a process runs, where there is one, or of those
/// that are there. What is no ELF file is left out.
pub(super) fn matching(file: &str, pid: Option<u32>) -> Vec<TargetBinary> {
    let found = match pid {
        Some(pid) if !file.starts_with('.') => mapped(file, pid),
        _ => on_disk(file),
    };
    let open = |(name, path): (String, String)| {
        let binary = open_binary(&path).ok()?;
        Some(TargetBinary { name, path, binary })
    };
    found.into_iter().filter_map(open).collect()
}

/// A file that is no pattern.
pub(super) fn exact(file: &str, pid: Option<u32>) -> Result<TargetBinary, Failure> {
    LiveWorld::new(pid).binary(file).map_err(|absent| Failure::Target(absent.reason))
}

/// Files with code that a process has mapped: as it calls them, and as they are opened from here.
fn mapped(file: &str, pid: u32) -> Vec<(String, String)> {
    let mut paths: Vec<String> = mappings(pid)
        .unwrap_or_default()
        .into_iter()
        .filter(|mapping| mapping.executable && mapping.inode != 0)
        .map(|mapping| mapping.path)
        .filter(|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            glob_matches(file, path) || !file.contains('/') && glob_matches(file, name)
        })
        .collect();
    paths.sort();
    paths.dedup();
    paths.into_iter().map(|path| (path.clone(), format!("/proc/{pid}/root{path}"))).collect()
}

/// Files that are there. Nothing is found without a folder: all of a search path would be too much.
fn on_disk(file: &str) -> Vec<(String, String)> {
    if !file.contains('/') {
        return Vec::new();
    }
    let mut found = vec![PathBuf::from(if file.starts_with('/') { "/" } else { "" })];
    for part in file.split('/').filter(|part| !part.is_empty()) {
        found = found.into_iter().flat_map(|folder| below(folder, part)).collect();
    }
    found.sort();
    let files = found.into_iter().filter(|path| path.is_file());
    // A path keeps the `./` that it was given.
    let shown = |path: PathBuf| {
        let shown = path.display().to_string();
        if file.starts_with("./") && !shown.starts_with("./") { format!("./{shown}") } else { shown }
    };
    files.map(shown).map(|path| (path.clone(), path)).collect()
}

/// What a part of a path stands for in a folder.
fn below(folder: PathBuf, part: &str) -> Vec<PathBuf> {
    if !is_wild(part) {
        return vec![folder.join(part)];
    }
    let here = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.clone() };
    let entries = std::fs::read_dir(here).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    // As in a shell, hidden files are meant only where they are named.
    let named = names.filter(|name| !name.starts_with('.') || part.starts_with('.'));
    named.filter(|name| glob_matches(part, name)).map(|name| folder.join(name)).collect()
}

/// Writes each uprobe whose file is a pattern out as one for each file that has such a function.
///
/// Where there is none it is left as it is, so that what is wrong with it is said at its place.
pub(in crate::cli) fn spell_out(script: &mut Script, pid: Option<u32>) {
    for item in &mut script.items {
        if let Item::Probe(probe) = item {
            probe.points = probe.points.drain(..).flat_map(|point| spelled_out(point, pid)).collect();
        }
    }
}

fn spelled_out(point: AttachPoint, pid: Option<u32>) -> Vec<AttachPoint> {
    let [kind, file, function] = point.parts.as_slice() else { return vec![point] };
    let kind_name = gprobe_compiler::probe_kinds::find(&kind.value).map_or("", |kind| kind.name);
    if !matches!(kind_name, "uprobe" | "uretprobe") || !is_wild(&file.value) {
        return vec![point];
    }
    let files = matching(&file.value, pid).into_iter();
    let found: Vec<AttachPoint> = files
        .filter(|file| !functions(file.binary.functions(), &function.value).is_empty())
        .map(|found| {
            let text = format!("{}:{}:{}", kind.value, found.name, function.value);
            let parts = vec![kind.clone(), Spanned::new(found.name, file.span), function.clone()];
            AttachPoint { parts, text: Spanned::new(text, point.text.span) }
        })
        .collect();
    if found.is_empty() { vec![point] } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_pattern_and_keep_how_they_were_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().display().to_string();
        for name in ["one.so", "two.so", ".three.so"] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        let names = |pattern: &str| -> Vec<String> {
            on_disk(&format!("{root}/{pattern}"))
                .into_iter()
                .map(|(name, _)| name.replace(&root, ""))
                .collect()
        };
        assert_eq!(names("*.so"), ["/one.so", "/two.so"]);
        assert_eq!(names(".*.so"), ["/.three.so"]);
        assert_eq!(names("tw?.so"), ["/two.so"]);
        assert!(names("four*").is_empty() && on_disk("*").is_empty());
        // Tests run in the package's folder.
        assert_eq!(on_disk("./Cargo.to*"), [("./Cargo.toml".to_owned(), "./Cargo.toml".to_owned())]);
    }
}
