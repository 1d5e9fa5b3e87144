//! Completion, hints and colours for scripts that are being typed.

mod context;
mod fields;
mod find;
mod highlight;
mod hint;
mod names;

use std::sync::Arc;

use gprobe_compiler::builtins::BUILTINS;
use gprobe_compiler::functions::FUNCTIONS;
use gprobe_compiler::probe_kinds::KINDS;
use gprobe_compiler::target::TargetBinary;

use self::context::Context;
pub use self::highlight::highlight;
pub use self::hint::hint;
pub use self::names::Names;

/// Most candidates that are offered at once.
pub const MOST: usize = 50;

/// What is known of the target and of what was typed before.
#[derive(Clone, Default)]
pub struct Known {
    /// The program whose functions and types are meant.
    pub program: Option<TargetBinary>,
    /// Names of its functions: prepared once, see [`Names::of`].
    pub functions: Arc<Names>,
    /// Names of tracepoints, `sched:sched_switch`.
    pub tracepoints: Arc<Names>,
    /// The maps, with the `@`, and their types.
    pub maps: Vec<(String, String)>,
    /// Commands, with the colon.
    pub commands: Vec<CommandHelp>,
}

/// A command of a prompt.
#[derive(Clone, Debug)]
pub struct CommandHelp {
    /// With the colon: `:stop`.
    pub name: &'static str,
    /// Its arguments: `N...`.
    pub args: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// What its argument is.
    pub takes: Takes,
}

/// What the argument of a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing that could be completed.
    Nothing,
    /// A file.
    File,
    /// A script that ships, or a file.
    Script,
    /// A function of the target.
    Function,
    /// A map.
    Map,
    /// Anything that is documented.
    Name,
    /// An expression.
    Expression,
    /// A setting.
    Setting,
}

/// What could stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The text.
    pub text: String,
    /// What it is: its type, its arguments, or a word.
    pub what: String,
}

/// What could stand in place of a part of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Where that part begins, in bytes; it ends at the cursor.
    pub start: usize,
    /// Best first, at most [`MOST`].
    pub candidates: Vec<Candidate>,
}

/// What could stand at the cursor, a byte position in the text.
pub fn complete(known: &Known, text: &str, cursor: usize) -> Completion {
    let before = text.get(..cursor).unwrap_or(text);
    let context = Context::of(before);
    let start = context.start(before);
    let mut candidates = match &context {
        Context::Nothing => Vec::new(),
        Context::Command { word } => {
            let names = known.commands.iter().map(|it| candidate(it.name, it.args));
            beginning(names, word)
        }
        Context::Argument { command, word } => argument(known, command, word),
        Context::Start { word } => {
            let mut found = kinds(word);
            found.extend(expressions(known, word));
            found
        }
        Context::Point { parts } => point(known, parts),
        Context::Map { word } => {
            let maps = known.maps.iter().map(|(name, ty)| candidate(name, ty));
            beginning(maps, word)
        }
        Context::Variable { word, seen } => beginning(seen.iter().map(|name| candidate(name, "")), word),
        Context::Field { path, word, point } => beginning(fields::of(known, path, point.as_deref()), word),
        Context::Text { of, word } => beginning(texts(known, of), word),
        Context::Word { word } => expressions(known, word),
    };
    candidates.truncate(MOST);
    Completion { start, candidates }
}

fn candidate(text: &str, what: &str) -> Candidate {
    Candidate { text: text.to_owned(), what: what.to_owned() }
}

/// Those that begin with a word; without any, those that have it somewhere.
fn beginning(all: impl Iterator<Item = Candidate>, word: &str) -> Vec<Candidate> {
    let (mut first, mut rest): (Vec<Candidate>, Vec<Candidate>) =
        all.partition(|candidate| candidate.text.starts_with(word));
    if first.is_empty() && word.len() > 1 {
        let word = word.to_lowercase();
        rest.retain(|candidate| candidate.text.to_lowercase().contains(&word));
        return rest;
    }
    first.dedup();
    first
}

/// Kinds of probes and providers, with the colon that follows.
fn kinds(word: &str) -> Vec<Candidate> {
    let kinds = KINDS.iter().filter(|kind| kind.supported).map(|kind| {
        let alone = matches!(kind.name, "begin" | "end");
        candidate(&format!("{}{}", kind.name, if alone { "" } else { ":" }), "probe")
    });
    let providers = gprobe_stdlib::PROVIDERS.iter().map(|it| candidate(&format!("{}:", it.name), "provider"));
    let mut found: Vec<Candidate> = kinds.chain(providers).filter(|it| it.text.starts_with(word)).collect();
    found.sort_by(|a, b| a.text.cmp(&b.text));
    found
}

/// Builtins, functions, variables of the program, and maps where nothing is typed yet.
fn expressions(known: &Known, word: &str) -> Vec<Candidate> {
    let builtins = BUILTINS.iter().map(|it| candidate(it.name, it.shown_type));
    let functions = FUNCTIONS.iter().map(|it| candidate(&format!("{}(", it.name), it.signature));
    let keywords = ["if", "else", "for", "while", "unroll", "let", "return", "break", "continue"];
    let keywords = keywords.iter().map(|word| candidate(word, "keyword"));
    let maps = known.maps.iter().map(|(name, ty)| candidate(name, ty)).filter(|_| word.is_empty());
    let mut found = beginning(builtins.chain(functions).chain(keywords).chain(maps), word);
    found.sort_by(|a, b| a.text.cmp(&b.text));
    found
}

/// What could stand in an attach point, of which the last part is being typed.
fn point(known: &Known, parts: &[&str]) -> Vec<Candidate> {
    let [kind, others @ ..] = parts else { return Vec::new() };
    let name = gprobe_compiler::probe_kinds::find(kind).map_or(*kind, |kind| kind.name);
    let whole = |rest: &str, what: &str| candidate(&format!("{kind}:{rest}"), what);
    match (name, others) {
        ("go", [word]) => find::described(known, known.functions.search(word, MOST), &format!("{kind}:")),
        ("go", [function, word]) => {
            let ends = [("return", "each way out"), ("inline", "also where it was inlined")];
            let ends = ends.iter().map(|(end, what)| whole(&format!("{function}:{end}"), what));
            beginning(ends, &format!("{kind}:{function}:{word}"))
        }
        ("tracepoint", words) => {
            let found = known.tracepoints.search(&words.join(":"), MOST);
            found.into_iter().map(|name| whole(name, "tracepoint")).collect()
        }
        ("iter", [word]) => {
            let all = [("goroutine", "each goroutine"), ("thread", "each M"), ("process", "once")];
            beginning(all.iter().map(|(it, what)| whole(it, what)), &format!("{kind}:{word}"))
        }
        ("interval" | "profile", [word]) => {
            let all = ["1s", "100ms", "hz:99", "s:1", "ms:100"];
            let all = all.iter().filter(|it| name == "profile" || !it.starts_with("hz"));
            beginning(all.map(|it| whole(it, "")), &format!("{kind}:{word}"))
        }
        (_, [word]) => {
            let provider = gprobe_stdlib::provider(kind);
            let moments = provider.map(|provider| provider.moments()).unwrap_or_default();
            let all = moments.iter().map(|moment| candidate(&moment.name, &moment.what));
            beginning(all, &format!("{kind}:{word}"))
        }
        _ => Vec::new(),
    }
}

/// What could be the argument of a command.
fn argument(known: &Known, command: &str, word: &str) -> Vec<Candidate> {
    let takes = known.commands.iter().find(|it| it.name == command).map_or(Takes::Nothing, |it| it.takes);
    let scripts = || gprobe_stdlib::SCRIPTS.iter().map(|it| candidate(it.name, &it.answers()));
    match takes {
        Takes::Nothing => Vec::new(),
        Takes::File => files(word),
        Takes::Script => {
            let mut found = beginning(scripts(), word);
            found.extend(files(word));
            found
        }
        Takes::Function => find::described(known, known.functions.search(word, MOST), ""),
        Takes::Map => beginning(known.maps.iter().map(|(name, ty)| candidate(name, ty)), word),
        Takes::Name => {
            let builtins = BUILTINS.iter().map(|it| candidate(it.name, it.shown_type));
            let functions = FUNCTIONS.iter().map(|it| candidate(it.name, "function"));
            let kinds = KINDS.iter().map(|it| candidate(it.name, "probe"));
            let providers = gprobe_stdlib::PROVIDERS.iter();
            let moments = providers.flat_map(|it| it.moments()).map(|it| candidate(&it.name, &it.what));
            beginning(builtins.chain(functions).chain(kinds).chain(moments).chain(scripts()), word)
        }
        Takes::Expression => complete(known, word, word.len()).candidates,
        Takes::Setting => {
            let settings = gprobe_compiler::resolve::SETTINGS.iter().map(|it| candidate(it, "setting"));
            let own = ["colour", "limit", "unsafe"].iter().map(|it| candidate(it, "of the prompt"));
            beginning(settings.chain(own), word)
        }
    }
}

/// Files of a folder that begin with a word.
fn files(word: &str) -> Vec<Candidate> {
    let (folder, name) = word.rsplit_once('/').map_or(("", word), |(folder, name)| (folder, name));
    let shown =
        if folder.is_empty() && !word.starts_with('/') { String::new() } else { format!("{folder}/") };
    let read = std::fs::read_dir(if shown.is_empty() { "." } else { &shown });
    let entries = read.into_iter().flatten().flatten();
    let mut found: Vec<Candidate> = entries
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let wanted =
                file.starts_with(name) && (is_folder || file.ends_with(".gp") || file.ends_with(".bt"));
            let hidden = file.starts_with('.') && !name.starts_with('.');
            let end = if is_folder { "/" } else { "" };
            (wanted && !hidden).then(|| candidate(&escaped(&format!("{shown}{file}{end}")), "file"))
        })
        .collect();
    found.sort_by(|a, b| a.text.cmp(&b.text));
    found
}

/// Strings that a builtin is compared with, in their quotes.
fn texts(known: &Known, of: &str) -> impl Iterator<Item = Candidate> + use<> {
    let reasons = known.program.as_ref().filter(|_| of == "waitreason");
    let reasons = reasons.and_then(|program| program.binary.wait_reasons().ok()).unwrap_or_default();
    reasons
        .into_iter()
        .filter(|reason| !reason.is_empty())
        .map(|reason| candidate(&format!("\"{}\"", escaped(&reason)), "wait reason"))
}

fn escaped(text: &str) -> String {
    crate::output::escape(text).into_owned()
}
