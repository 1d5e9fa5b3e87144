//! `gprobe fmt`: scripts in the usual style.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use gprobe_lang::source::SourceMap;

use super::{Failure, SCRIPT_WRONG, say, show};
use crate::session::without_number;

/// Formats files in place, or standard input to standard output. The exit code says whether a script
/// could not be read, or, with `check`, would change.
pub(super) fn fmt(files: &[impl AsRef<Path>], check: bool) -> Result<u8, Failure> {
    if files.is_empty() {
        return one(Path::new("-"), check);
    }
    // One that is wrong does not keep the others from being formatted.
    files.iter().try_fold(0, |code, file| Ok(code.max(one(file.as_ref(), check)?)))
}

fn one(path: &Path, check: bool) -> Result<u8, Failure> {
    let piped = path == Path::new("-");
    let name = if piped { "stdin".to_owned() } else { path.display().to_string() };
    let read = if piped { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
    let text = match read {
        Ok(text) => text,
        Err(error) => {
            say(&format!("ERROR: failed to open file '{name}': {}", without_number(&error)));
            return Ok(SCRIPT_WRONG);
        }
    };
    let formatted = match gprobe_lang::format(&text) {
        Ok(formatted) => formatted,
        Err(diagnostics) => {
            let mut sources = SourceMap::new();
            sources.add(name, text.as_str());
            show(&diagnostics, &sources);
            return Ok(SCRIPT_WRONG);
        }
    };
    let changed = formatted != text;
    if check {
        if changed {
            writeln!(io::stdout(), "{}", crate::output::escape(&name))?;
        }
        return Ok(if changed { SCRIPT_WRONG } else { 0 });
    }
    if piped {
        io::stdout().lock().write_all(formatted.as_bytes())?;
    } else if changed {
        // A file that is right keeps its time, so that nothing is built anew for it.
        fs::write(path, formatted)?;
    }
    Ok(0)
}
