//! What is known of a Go program, and what that rests on: for `gprobe doctor`.

use gprobe_compiler::target::TargetBinary;
use gprobe_symbols::{Evidence, Evidenced, Reason, RuntimeVariable};

use crate::error::Error;
use crate::kernel::doctor::{Check, State};
use crate::process::load_bias;
use crate::verify;

/// Remedy for what only debug information has.
const BUILD: &str = "build it without `-ldflags=-w` (or `-s`), and do not strip it";

/// Looks at all that probes of a Go program rest on; and, of a process, whether it holds there.
///
/// # Errors
/// Where the process has ended or may not be looked into.
pub fn examine_program(file: &TargetBinary, pid: Option<u32>) -> Result<Vec<Check>, Error> {
    let binary = &file.binary;
    let mut checks = vec![works("file", file.name.clone())];
    let Some(version) = binary.go_version() else {
        checks.push(missing("Go", &Reason::NotGo, "probe it with `uprobe:FILE:FUNCTION`"));
        return Ok(checks);
    };
    checks.push(works("Go", version.text.clone()));
    checks.push(match binary.has_go_dwarf() {
        true => works("debug information", "there".to_owned()),
        false => less(
            "debug information",
            "none: the program's own types, and its arguments by name, are not known",
            BUILD,
        ),
    });
    checks.push(match binary.has_symbols() {
        true => works("symbols", format!("a table of {}", binary.functions().len())),
        false => less("symbols", "none: functions are those of Go alone, from its own table", ""),
    });
    checks.push(match binary.runtime_offsets() {
        Ok(offsets) => {
            let release = match (offsets.evidence(), offsets.release) {
                (Evidence::NearTable, Some((major, minor, patch))) => format!(": Go {major}.{minor}.{patch}"),
                _ => String::new(),
            };
            works("g, m and p", format!("{}{release}", offsets.evidence()))
        }
        Err(reason) => missing("g, m and p", &reason, ""),
    });
    let slot = match binary.g_tls_word() {
        Some(word) => Ok(format!("a word at {word}, which the dynamic linker fills in")),
        None => binary.g_tls_offset().map(|it| format!("{} bytes from fsbase, {}", it.value, it.evidence)),
    };
    checks.push(found("goid outside Go code", slot));
    let variable = |variable| {
        let place = binary.runtime_variable(variable);
        place.map(|Evidenced { value, evidence }| format!("at {value}, {evidence}"))
    };
    checks.push(found("list of goroutines", variable(RuntimeVariable::Allgs)));
    checks.push(found("list of threads", variable(RuntimeVariable::Allm)));
    checks.push(found("wait reasons", binary.wait_reasons().map(|texts| format!("{} texts", texts.len()))));
    if let Some(pid) = pid {
        let bias = load_bias(pid, file)?.unwrap_or(0);
        checks.push(match verify::verify(pid, binary, bias) {
            Ok(()) => works("process", format!("{pid}: its runtime is as believed")),
            Err(Error::Layout { why, .. }) => Check {
                name: "process",
                state: State::Missing,
                detail: format!("{pid}: {why}"),
                remedy: "builtins of the Go runtime are refused; entries and returns can be probed"
                    .to_owned(),
            },
            Err(error) => return Err(error),
        });
    }
    Ok(checks)
}

fn works(name: &'static str, detail: String) -> Check {
    Check { name, state: State::Works, detail, remedy: String::new() }
}

fn less(name: &'static str, detail: &str, remedy: &str) -> Check {
    Check { name, state: State::Degraded, detail: detail.to_owned(), remedy: remedy.to_owned() }
}

fn missing(name: &'static str, reason: &Reason, remedy: &str) -> Check {
    Check { name, state: State::Missing, detail: reason.to_string(), remedy: remedy.to_owned() }
}

fn found(name: &'static str, detail: Result<String, Reason>) -> Check {
    detail.map_or_else(|reason| missing(name, &reason, ""), |detail| works(name, detail))
}
