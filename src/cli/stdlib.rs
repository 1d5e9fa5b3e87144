//! `gprobe stdlib`: the scripts and providers that ship.

use std::io::{self, Write};

use super::Failure;
use super::args::FormatArg;
use crate::session::Script;

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
        Script::find(name)?;
        return Ok(0);
    };
    out.write_all(text.as_bytes())?;
    Ok(0)
}
