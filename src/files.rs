//! The files that the file of a probe stands for, in which `*` and `?` may be wild.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use gprobe_compiler::target::TargetBinary;
use gprobe_lang::ast::{AttachPoint, Item, Script};
use gprobe_lang::source::Spanned;
use gprobe_runtime::open_binary;
use gprobe_runtime::process::{mapped_file, mappings};
use gprobe_symbols::{Binary, Function, Functions, Usdt, glob_matches};

/// Whether a file is a pattern. (A function's name may hold a `*` that is none, a file's may not.)
pub(crate) fn is_wild(file: &str) -> bool {
    file.contains(['*', '?'])
}

/// The functions of a name or a pattern.
pub(crate) fn functions(functions: Functions<'_>, pattern: &str) -> Vec<Function> {
    if gprobe_symbols::is_glob(pattern) { functions.matching(pattern) } else { functions.exact(pattern) }
}

/// The usdt probes that names mean: `[name]`, `[provider, name]`, or all; an empty provider is any.
pub(crate) fn usdt(binary: &Binary, names: &[&str]) -> Vec<Usdt> {
    let (provider, name) = match names {
        [] => ("*", "*"),
        [name] => ("*", *name),
        [provider, name] => (if provider.is_empty() { "*" } else { *provider }, *name),
        _ => return Vec::new(),
    };
    let mut found = binary.usdt();
    found.retain(|usdt| glob_matches(provider, &usdt.provider) && glob_matches(name, &usdt.name));
    found
}

/// The files that the file of a usdt probe stands for: without one, or as `*`, all that the process has
/// mapped or, where there is no process, all that any process has.
pub(crate) fn offering(file: &str, pid: Option<u32>) -> Vec<TargetBinary> {
    match (file, pid) {
        ("" | "*", Some(pid)) => matching("*", Some(pid)),
        ("" | "*", None) => running(),
        _ => matching(file, pid),
    }
}

/// Files with code that any process has mapped, each once.
fn running() -> Vec<TargetBinary> {
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for pid in pids {
        for (name, path) in mapped("*", pid) {
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            if !seen.insert((metadata.dev(), metadata.ino())) {
                continue;
            }
            // Processes may be gone before the probes are there: a file has a path of its own, mostly.
            let own = std::fs::metadata(&name)
                .is_ok_and(|own| (own.dev(), own.ino()) == (metadata.dev(), metadata.ino()));
            let path = if own { name.clone() } else { path };
            found.extend(open_binary(&path).ok().map(|binary| TargetBinary { name, path, binary }));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The files that a pattern stands for: of those that a process runs, where there is one, or of those
/// that are there. What is no ELF file is left out.
pub(crate) fn matching(file: &str, pid: Option<u32>) -> Vec<TargetBinary> {
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

/// Files with code that a process has mapped: as it calls them, and as they are opened from here.
fn mapped(file: &str, pid: u32) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = mappings(pid)
        .unwrap_or_default()
        .into_iter()
        .filter(|mapping| mapping.executable && mapping.inode != 0)
        .filter(|mapping| {
            let path = &mapping.path;
            let name = path.rsplit('/').next().unwrap_or(path);
            glob_matches(file, path) || !file.contains('/') && glob_matches(file, name)
        })
        .filter_map(|mapping| Some((mapping.path.clone(), mapped_file(pid, &mapping).ok()?)))
        .collect();
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
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

/// Writes each uprobe or usdt probe whose file is a pattern out as one for each file that has such a
/// function or such a probe.
///
/// Where there is none it is left as it is, so that what is wrong with it is said at its place.
pub(crate) fn spell_out(script: &mut Script, pid: Option<u32>) {
    for item in &mut script.items {
        if let Item::Probe(probe) = item {
            probe.points = probe.points.drain(..).flat_map(|point| spelled_out(point, pid)).collect();
        }
    }
}

fn spelled_out(point: AttachPoint, pid: Option<u32>) -> Vec<AttachPoint> {
    let [kind, file, names @ ..] = point.parts.as_slice() else { return vec![point] };
    let kind_name = gprobe_compiler::probe_kinds::find(&kind.value).map_or("", |kind| kind.name);
    let named: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
    let has_it = |binary: &Binary| match (kind_name, named.as_slice()) {
        ("uprobe" | "uretprobe", [function]) => !functions(binary.functions(), function).is_empty(),
        ("usdt", names) => !usdt(binary, names).is_empty(),
        _ => false,
    };
    let wild = is_wild(&file.value) || kind_name == "usdt" && file.value.is_empty();
    let known = matches!(kind_name, "uprobe" | "uretprobe" | "usdt");
    if !known || !wild {
        return vec![point];
    }
    let all = if kind_name == "usdt" { offering(&file.value, pid) } else { matching(&file.value, pid) };
    let found: Vec<AttachPoint> = all
        .into_iter()
        .filter(|file| has_it(&file.binary))
        .map(|found| {
            let mut parts = vec![kind.clone(), Spanned::new(found.name, file.span)];
            parts.extend(names.iter().cloned());
            if names.is_empty() {
                parts.push(Spanned::new("*".to_owned(), file.span));
            }
            let text: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
            AttachPoint { text: Spanned::new(text.join(":"), point.text.span), parts }
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
