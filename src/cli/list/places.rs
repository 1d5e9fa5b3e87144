//! Places of Go code that are no functions: source lines, and functions that were put into others.

use std::collections::BTreeMap;
use std::io::{self, Write};

use gprobe_compiler::target::TargetBinary;
use gprobe_symbols::{Place, Places};

use super::site;
use crate::output::escape;

/// The line that a pattern names, `main.go:42`, and where it has code.
pub(super) fn of_line(file: &TargetBinary, pattern: &str) -> Option<Places> {
    let (path, line) = pattern.rsplit_once(':')?;
    let line = line.parse().ok().filter(|_| path.ends_with(".go"))?;
    let all = file.binary.go_files();
    let is_meant = |name: &&&str| {
        let before = name.strip_suffix(path);
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let files: Vec<&str> = all.iter().filter(is_meant).copied().collect();
    Some(file.binary.line_places(&files, line))
}

/// The places of a line: which function's code it is, where that is, and what a hit costs.
pub(super) fn show_line(
    out: &mut dyn Write,
    pattern: &str,
    places: &Places,
    verbose: bool,
) -> io::Result<()> {
    writeln!(out, "go:{}", escape(pattern))?;
    if !verbose {
        return Ok(());
    }
    for place in &places.found {
        let inlined = match &place.call {
            Some(call) => {
                let (caller, file) = (escape(&place.function.name), escape(&call.file));
                format!(", inlined in {caller}, called at {file}:{}", call.line)
            }
            None => String::new(),
        };
        writeln!(out, "    in {}{inlined}", escape(&place.source))?;
        writeln!(out, "           {}", site(&place.site))?;
    }
    refused(out, places)
}

/// The copies of functions whose names match, by name; none where they are not `asked` for.
pub(super) fn copies(file: &TargetBinary, pattern: &str, asked: bool) -> BTreeMap<String, Vec<Place>> {
    let mut copies: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    if asked {
        for place in file.binary.inlined_copies(pattern).found {
            copies.entry(place.source.clone()).or_default().push(place);
        }
    }
    copies
}

/// The copies of a function: in which functions, called where.
pub(super) fn show_copies(out: &mut dyn Write, copies: &[Place]) -> io::Result<()> {
    for place in copies {
        let (caller, call) = (escape(&place.function.name), place.call.as_ref());
        let line = call.map(|line| format!(", called at {}:{}", escape(&line.file), line.line));
        writeln!(out, "    inline {}", site(&place.site))?;
        writeln!(out, "           in {caller}{}", line.unwrap_or_default())?;
    }
    Ok(())
}

fn refused(out: &mut dyn Write, places: &Places) -> io::Result<()> {
    for (_, reason) in &places.refused {
        writeln!(out, "    can't be probed: {}", escape(&reason.to_string()))?;
    }
    Ok(())
}
