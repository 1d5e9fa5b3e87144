//! What can be looked up: probes, types, sources, names, commands.

use std::io::Write;

use gprobe_symbols::Function;

use super::{COMMANDS, NEXT, find, wanted};
use crate::cli::args::FileArgs;
use crate::cli::repl::engine::{Engine, Flow};
use crate::cli::{Failure, doc, list};
use crate::session::Script;
use crate::signature::signature;

/// Most lines of a list that are shown.
const MOST: usize = 200;
/// Lines of source around a function's first.
const SOURCE_LINES: usize = 40;

/// `:list PATTERN`
pub(super) fn list(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let (verbose, pattern) = match text.strip_prefix("-v") {
        Some(rest) => (true, rest.trim()),
        None => (false, text),
    };
    if pattern.is_empty() {
        return Err(wanted(":list PATTERN"));
    }
    let pid = engine.session.targets().first().map(|(pid, _)| *pid);
    let exe = engine.args.target.exe.clone().filter(|_| pid.is_none());
    let file = FileArgs { pid, exe };
    let mut found = Vec::new();
    list::write(&mut found, Some(pattern), engine.session.executable(), &file, verbose)?;
    let text = String::from_utf8_lossy(&found).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let mut shown = lines.get(..MOST).unwrap_or(&lines).join("\n");
    if let Some(more @ 1..) = lines.len().checked_sub(MOST) {
        shown.push_str(&format!("\n... and {more} lines more; a narrower pattern shows them"));
    }
    engine.out.say(&shown);
    Ok(NEXT)
}

/// `:type EXPR`
pub(super) fn type_of(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    if text.is_empty() {
        return Err(wanted(":type EXPR"));
    }
    let script = Script::named(engine.next_name(), text);
    match engine.session.type_of(script)? {
        Some(ty) => engine.say(&ty),
        None => engine.say("it gives no value"),
    }
    Ok(NEXT)
}

/// `:source FUNCTION`
pub(super) fn source(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let name = text.strip_prefix("go:").unwrap_or(text);
    if name.is_empty() {
        return Err(wanted(":source FUNCTION"));
    }
    let Some(program) = engine.session.executable().cloned() else {
        return Err(Failure::Target(
            "there is no program whose functions could be looked up: `:attach PID`".into(),
        ));
    };
    let functions = program.binary.functions();
    let Some(function) = functions.exact(name).into_iter().next() else {
        let hint = gprobe_lang::diagnostic::did_you_mean(name, functions.names().into_iter());
        let hint = hint.unwrap_or_else(|| "`:list PATTERN` finds functions".to_owned());
        return Err(Failure::Hinted(format!("no function is called `{name}`"), hint));
    };
    let mut out = Vec::new();
    writeln!(out, "{}{}", function.name, signature(&program.binary, &function))?;
    match program.binary.line(function.addr) {
        None => writeln!(out, "where its source is, is not known")?,
        Some(at) => {
            writeln!(out, "{}:{}", at.file, at.line)?;
            let root =
                engine.session.targets().first().map(|(pid, _)| format!("/proc/{pid}/root{}", at.file));
            let paths = [Some(at.file.clone()), root];
            let read = paths.into_iter().flatten().find_map(|path| std::fs::read_to_string(path).ok());
            if let Some(text) = read {
                let marked = lines_with_code(&program.binary, &function);
                excerpt(&mut out, &text, at.line as usize, &marked)?;
            }
        }
    }
    engine.say(&String::from_utf8_lossy(&out));
    Ok(NEXT)
}

/// Lines of a function that have code, and can carry a probe.
fn lines_with_code(
    binary: &gprobe_symbols::Binary,
    function: &Function,
) -> std::collections::BTreeSet<usize> {
    let addrs = function.addr.0..function.end().0;
    let first = binary.line(function.addr);
    let lines = addrs.filter_map(|addr| binary.line(gprobe_symbols::LinkAddr(addr)));
    let own = lines.filter(|line| first.as_ref().is_some_and(|first| first.file == line.file));
    own.map(|line| line.line as usize).collect()
}

/// The lines of a function: to where its closing brace stands in the first column. Those with code are marked.
fn excerpt(
    out: &mut dyn Write,
    text: &str,
    first: usize,
    marked: &std::collections::BTreeSet<usize>,
) -> std::io::Result<()> {
    for (number, line) in text.lines().enumerate().skip(first.saturating_sub(1)).take(SOURCE_LINES) {
        let number = number + 1;
        let mark = if marked.contains(&number) { '*' } else { ' ' };
        writeln!(out, "{number:>5} {mark} {}", line.replace('\t', "    "))?;
        if line.starts_with('}') {
            break;
        }
    }
    Ok(())
}

/// `:doc [NAME]`
pub(super) fn doc(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    if text.is_empty() {
        let mut all = Vec::new();
        doc::overview(&mut all)?;
        engine.out.say(&String::from_utf8_lossy(&all));
        return Ok(NEXT);
    }
    let about = doc::about(text);
    if about.is_empty() {
        let hint = "`:doc` lists all names".to_owned();
        return Err(Failure::Hinted(format!("there is no documentation of `{text}`"), hint));
    }
    engine.out.say(&about);
    Ok(NEXT)
}

/// `:help [COMMAND]`
pub(super) fn help(engine: &mut Engine, text: &str) -> Result<Flow, Failure> {
    let text = text.trim_start_matches(':');
    if !text.is_empty() {
        let command =
            find(text).ok_or_else(|| Failure::Unreadable(format!("there is no command `:{text}`")))?;
        engine.say(&format!(":{} {}\n  {}", command.name, command.args, command.doc));
        return Ok(NEXT);
    }
    let mut lines = vec![
        "go:main.work { @[goid] = count(); }   attaches at once, and goes on in the background".to_owned(),
        "@    sched.nmidle    main.config.Name  are evaluated and printed".to_owned(),
        String::new(),
    ];
    let usage = |it: &super::Command| format!(":{} {}", it.name, it.args);
    let width = COMMANDS.iter().map(|it| usage(it).len()).max().unwrap_or(0);
    lines.extend(COMMANDS.iter().map(|it| format!("{:<width$}  {}", usage(it), it.doc)));
    engine.say(&lines.join("\n"));
    Ok(NEXT)
}
