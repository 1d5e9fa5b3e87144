//! `gprobe doc` and `gprobe explain`: what the tables of the language say.

use std::io::{self, Write};

use gprobe_compiler::builtins::BUILTINS;
use gprobe_compiler::functions::FUNCTIONS;
use gprobe_compiler::probe_kinds::KINDS;
use gprobe_compiler::reference::{self, Entry};
use gprobe_lang::diagnostic::code::{self, CODES};
use gprobe_lang::diagnostic::did_you_mean;

use super::Failure;

/// How wide text is written.
const WIDTH: usize = 80;

/// Settings: name, values, what they do.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("license", "GPL, ...", "The license that the kernel is told the programs are under."),
    ("max_cat_bytes", "number", "Most bytes that `cat` shows of a file."),
    ("max_map_keys", "1 to 67108864", "Most keys that a map may have."),
    ("max_probes", "number", "Most probes that a script may attach."),
    ("max_strlen", "1 to 16384", "Most bytes of a string that are kept."),
    ("missing_probes", "error, warn, ignore", "What it is when a probe matches nothing."),
    ("print_maps_on_exit", "true, false", "Whether maps are printed when the script ends."),
    ("show_debug_info", "true, false", "Whether stacks show source lines."),
    ("stack_mode", "bpftrace, perf, raw", "How stacks are written."),
    ("str_trunc_trailer", "text", "What is written behind a string that was cut off."),
];

/// All documented names, in the order of the overview.
fn names() -> impl Iterator<Item = &'static str> {
    let kinds = KINDS.iter().map(|kind| kind.name);
    kinds
        .chain(BUILTINS.iter().map(|builtin| builtin.name))
        .chain(FUNCTIONS.iter().map(|function| function.name))
        .chain(SETTINGS.iter().map(|(name, ..)| *name))
        .chain(gprobe_stdlib::SCRIPTS.iter().map(|script| script.name))
        .chain(gprobe_stdlib::PROVIDERS.iter().map(|provider| provider.name))
}

/// `gprobe doc [NAME]`
pub(super) fn doc(name: Option<&str>) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    let Some(name) = name else {
        overview(&mut out)?;
        return Ok(0);
    };
    let text = about(name);
    if text.is_empty() {
        let moments = gprobe_stdlib::PROVIDERS.iter().flat_map(|provider| provider.moments());
        let moments: Vec<String> = moments.map(|moment| moment.name).collect();
        let mut known: Vec<&str> = moments.iter().map(String::as_str).collect();
        names().for_each(|name| known.push(name));
        let hint = did_you_mean(name, known.iter().copied())
            .unwrap_or_else(|| "`gprobe doc` lists all names".to_owned());
        return Err(Failure::Hinted(format!("there is no documentation of `{name}`"), hint));
    }
    out.write_all(text.as_bytes())?;
    Ok(0)
}

/// All that the tables say of a name: `pid` is a builtin and a function.
pub(crate) fn about(name: &str) -> String {
    let mut parts = Vec::new();
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == name || kind.short == name && !name.is_empty())
    {
        let short = if kind.short.is_empty() { String::new() } else { format!(", short `{}`", kind.short) };
        let rest = if kind.supported {
            format!("  written  {}\n  example  {}\n", kind.syntax, kind.example)
        } else {
            "  gprobe can't do this yet.\n".to_owned()
        };
        parts.push(format!("{} (a kind of probe{short})\n{}{rest}", kind.name, wrapped(kind.doc, 2)));
    }
    // `arg1` and on are documented with `arg0`.
    let plain = match name.strip_prefix("arg").map(str::parse::<u32>) {
        Some(Ok(_)) => "arg0",
        _ => name,
    };
    let builtins = BUILTINS.iter().filter(|builtin| builtin.name == plain);
    parts.extend(builtins.map(|b| {
        let more = reference::of_builtin(b.name).map(more).unwrap_or_default();
        format!("{} (a builtin: {})\n{}{more}", b.name, b.shown_type, wrapped(b.doc, 2))
    }));
    let functions = FUNCTIONS.iter().filter(|function| function.name == name);
    parts.extend(functions.map(|f| {
        let more = reference::of_function(f.name).map(more).unwrap_or_default();
        format!("{} (a function)\n{}{more}", f.signature, wrapped(f.doc, 2))
    }));
    let settings = SETTINGS.iter().filter(|(setting, ..)| *setting == name);
    parts.extend(settings.map(|(setting, values, text)| {
        let upper = setting.to_ascii_uppercase();
        format!(
            "{setting} (a setting: {values})\n{}  in a script        config = {{ {setting} = ... }}\n  in the environment GPROBE_{upper}\n",
            wrapped(text, 2)
        )
    }));
    if let Some(script) = gprobe_stdlib::find(name) {
        parts.push(format!("{name} (a script that ships)\n{}\n", indented(&script.help(), 2)));
    }
    for provider in gprobe_stdlib::PROVIDERS {
        if provider.name == name {
            let moments: String =
                provider.moments().iter().map(|m| format!("  {:<24} {}\n", m.name, m.what)).collect();
            parts.push(format!("{name} (a provider)\n{}\n\n{moments}", indented(&provider.about(), 2)));
        }
        parts.extend(provider.moments().iter().filter(|moment| moment.name == name).map(|moment| {
            let more: String =
                moment.more.iter().map(|(word, said)| format!("  {word:<8} {said}\n")).collect();
            format!("{name} (a moment)\n{}{more}", wrapped(&moment.what, 2))
        }));
    }
    parts.join("\n")
}

/// What the reference adds, a line for each thing that there is.
fn more(entry: &Entry) -> String {
    let lines =
        [("gives", entry.gives), ("unit", entry.unit), ("needs", entry.needs), ("example", entry.example)];
    let said = lines.iter().filter(|(_, text)| !text.is_empty());
    said.map(|(what, text)| format!("  {what:<8} {text}\n")).collect()
}

pub(crate) fn overview(out: &mut dyn Write) -> io::Result<()> {
    let line = |name: &str, text: &str| format!("  {name:<20} {text}\n");
    let mut text = String::from("Kinds of probes\n");
    for kind in KINDS.iter().filter(|kind| kind.supported) {
        text += &line(kind.name, kind.doc);
    }
    text += "\nBuiltins\n";
    for builtin in BUILTINS {
        text += &line(builtin.name, builtin.doc);
    }
    text += "\nFunctions\n";
    for function in FUNCTIONS {
        text += &line(function.name, function.doc);
    }
    text += "\nProviders\n";
    for provider in gprobe_stdlib::PROVIDERS {
        let about = provider.about();
        let what = about.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, what)| what);
        text += &line(provider.name, what);
    }
    text += "\nSettings\n";
    for (name, _, doc) in SETTINGS {
        text += &line(name, doc);
    }
    text += "\nScripts that ship\n";
    for script in gprobe_stdlib::SCRIPTS {
        let summary = script.summary();
        let what = summary.strip_prefix(script.name).unwrap_or(&summary);
        text += &line(script.name, what.trim_start_matches(':').trim());
    }
    text += "\n`gprobe doc NAME` says more.\n";
    out.write_all(text.as_bytes())
}

/// `gprobe explain [CODE]`
pub(super) fn explain(name: Option<&str>) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    let Some(name) = name else {
        CODES.iter().try_for_each(|code| writeln!(out, "{}", code.name))?;
        return Ok(0);
    };
    let Some(code) = code::find(name) else {
        let hint = did_you_mean(name, CODES.iter().map(|code| code.name));
        let hint = hint.unwrap_or_else(|| "`gprobe explain` lists all codes".to_owned());
        return Err(Failure::Hinted(format!("no message has the code `{name}`"), hint));
    };
    write!(out, "{}\n{}", code.name, wrapped(code.explain, 2))?;
    Ok(0)
}

/// Text in lines that stand in, broken between words.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if indent + line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    indented(&lines.join("\n"), indent) + "\n"
}

/// Text whose lines stand in.
fn indented(text: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_settings_are_documented() {
        let known: Vec<&str> = SETTINGS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(known, gprobe_compiler::resolve::SETTINGS);
    }

    #[test]
    fn a_name_is_found_in_every_table() {
        assert!(about("interval").contains("interval:1s {"));
        assert!(about("pid").contains("a builtin") && about("pid").contains("a function"));
        assert!(about("arg3").starts_with("arg0 "));
        assert!(about("elapsed").contains("unit     ns") && about("count").contains("gives    aggregation"));
        assert!(about("max_strlen").contains("GPROBE_MAX_STRLEN"));
        assert!(about("cgocalls").contains("a script that ships"));
        assert!(about("goroutine").contains("goroutine:park") && about("goroutine:park").contains("reason"));
        assert_eq!(about("nothing"), "");
    }

    #[test]
    fn lines_end_between_words() {
        let text = wrapped(&"word ".repeat(40), 4);
        assert!(text.lines().all(|line| line.len() <= WIDTH && line.starts_with("    word")), "{text}");
    }
}
