//! A script's own options among those of gprobe: `gprobe SCRIPT --min 10ms`, and `gprobe SCRIPT --help`.
//!
//! What a script asks for by `getopt` stands in its text. So the script is looked for on the command line before
//! the command line is read, and its options are given to the reader beside gprobe's own.

use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command};
use gprobe_compiler::parameters::{Parameter, ParameterKind, parameters};
use gprobe_lang::source::SourceMap;
use gprobe_runtime::LiveWorld;

use super::Failure;
use super::run::{Named, named};
use crate::session::{Script, ScriptWorld, Texts};

/// What a glance at the command line tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Glance {
    /// The script and its parameters, or values of its options.
    words: Vec<String>,
    program: Vec<String>,
    /// There is an option that is none of gprobe's.
    unknown: bool,
    help: bool,
}

/// A script's options.
pub(super) struct Options {
    /// The comment at the script's head.
    about: String,
    options: Vec<(Parameter, String)>,
    /// Whether its help was asked for.
    help: bool,
}

/// The options of the script that the command line names, where they matter.
pub(super) fn of(command: &Command, args: &[OsString]) -> Result<Option<Options>, Failure> {
    let Some(glance) = glance(command, args) else { return Ok(None) };
    let program = (!glance.program.is_empty()).then(|| glance.program.join("\n"));
    let script = glance.script().filter(|script| program.is_none() && script != "-");
    let help = glance.help && script.is_some();
    if !(help || glance.unknown) || script.is_none() && program.is_none() {
        return Ok(None);
    }
    let script = match named(script.as_deref(), program.as_deref()) {
        Ok(script) => script,
        // The option that there is not is worth more words.
        Err(Failure::Unreadable(_) | Failure::Hinted(..)) if !help => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let (found, sources) = asked_for(&script)?;
    let options = found.into_iter().map(|parameter| {
        let default = parameter.default.map(|span| sources.text(span).trim_matches('"').to_owned());
        (parameter, default.unwrap_or_default())
    });
    let options = options.collect();
    let about = sources.get(gprobe_lang::source::SourceId(0)).map(|source| source.text.clone());
    let about = about.map(|text| gprobe_stdlib::head_comment(&text)).unwrap_or_default();
    Ok(Some(Options { about, options, help }))
}

/// The options that a script asks for.
pub(super) fn of_script(script: &Script) -> Result<Vec<Parameter>, Failure> {
    asked_for(script).map(|(found, _)| found)
}

fn asked_for(script: &Script) -> Result<(Vec<Parameter>, SourceMap), Failure> {
    let mut sources = SourceMap::new();
    let (tree, _) = script.parse(&mut sources)?;
    let (live, none) = (LiveWorld::new(&[]), Texts::new());
    let world = ScriptWorld::new(&live, script, sources, (&none, &none));
    let found = parameters(&tree, &world);
    Ok((found, world.into_parts().0))
}

impl Glance {
    /// The first word that can be a script: what stands behind an option may be its value.
    fn script(&self) -> Option<String> {
        let is_there = |word: &&String| gprobe_stdlib::find(word).is_some() || Path::new(word).is_file();
        self.words.iter().find(is_there).or(self.words.first()).cloned()
    }
}

/// Looks for the script, for options that gprobe does not have, and for `--help`; `None` where the command line is
/// of another command, or lists probes.
fn glance(command: &Command, args: &[OsString]) -> Option<Glance> {
    let mut seen = Glance::default();
    let mut words = args.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(option) = word.strip_prefix("--") {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            match (name, own(command, name)) {
                ("help", _) => seen.help = true,
                ("version", _) => return None,
                ("list", _) => return None,
                (_, None) => seen.unknown = true,
                (_, Some(arg)) if takes_value(arg) => {
                    let value = value.or_else(|| words.next().map(|word| word.into_owned()));
                    if name == "program" {
                        seen.program.extend(value);
                    }
                }
                _ => {}
            }
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            for (at, letter) in letters.char_indices() {
                match letter {
                    'h' => seen.help = true,
                    'V' | 'l' => return None,
                    _ => {}
                }
                let arg = command.get_arguments().find(|arg| arg.get_short() == Some(letter));
                if arg.is_some_and(takes_value) {
                    let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
                    let rest = rest.strip_prefix('=').unwrap_or(rest);
                    let value = if rest.is_empty() {
                        words.next().map(|word| word.into_owned())
                    } else {
                        Some(rest.to_owned())
                    };
                    if letter == 'e' {
                        seen.program.extend(value);
                    }
                    break;
                }
            }
        } else {
            let first = seen.words.is_empty();
            if first && (word == "help" || command.find_subcommand(word.as_ref()).is_some()) {
                return None;
            }
            seen.words.push(word.into_owned());
        }
    }
    Some(seen)
}

/// gprobe's own option of a name.
fn own<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|arg| {
        arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    })
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// Whether gprobe has an option of this name itself: then the script's is only seen behind `--`.
fn is_taken(command: &Command, name: &str) -> bool {
    ["help", "version"].contains(&name) || own(command, name).is_some()
}

fn id(name: &str) -> String {
    format!("script:{name}")
}

impl Options {
    /// gprobe's command line with the script's options beside its own.
    pub(super) fn beside(&self, command: Command) -> Command {
        let mut extended = command.clone();
        for (option, _) in &self.options {
            let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if is_taken(&command, &option.name) || !option.name.chars().all(letters) || option.name.is_empty()
            {
                continue;
            }
            // They live as long as gprobe runs.
            let (id, name): (&'static str, &'static str) =
                (id(&option.name).leak(), option.name.clone().leak());
            let arg = Arg::new(id).long(name).action(ArgAction::Append);
            extended = extended.arg(match option.kind {
                ParameterKind::Flag => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
                kind => arg.num_args(1).allow_hyphen_values(true).value_name(value_name(kind)),
            });
        }
        extended
    }

    /// What the command line gives the script.
    pub(super) fn given(&self, matches: &ArgMatches) -> Named {
        let values = |(option, _): &(Parameter, String)| {
            let values = matches.try_get_many::<String>(&id(&option.name)).ok().flatten();
            let values = values.unwrap_or_default();
            values.map(|value| (option.name.clone(), Some(value.clone()))).collect::<Named>()
        };
        self.options.iter().flat_map(values).collect()
    }

    /// The script's help, where that was asked for.
    pub(super) fn help(&self, command: &Command) -> Option<String> {
        if !self.help {
            return None;
        }
        let mut out = String::new();
        if !self.about.is_empty() {
            out.push_str(&format!("{}\n\n", self.about));
        }
        let shown: Vec<(String, String)> = self
            .options
            .iter()
            .map(|(option, default)| {
                let value = match (option.kind, value_name(option.kind)) {
                    (ParameterKind::Flag, _) => String::new(),
                    (_, value) => format!(" {value}"),
                };
                // gprobe's own option of that name comes first.
                let behind = if is_taken(command, &option.name) { "-- " } else { "" };
                let default = match (option.kind, default.as_str()) {
                    (_, "") | (ParameterKind::Flag, "false") => String::new(),
                    (_, default) => format!("(default: {default})"),
                };
                let words = [option.help.as_str(), default.as_str()];
                let text =
                    words.iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(" ");
                (format!("{behind}--{}{value}", option.name), text)
            })
            .collect();
        if !shown.is_empty() {
            out.push_str("Options of the script:\n");
            let width = shown.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
            for (left, text) in &shown {
                out.push_str(format!("  {left:<width$}  {text}").trim_end());
                out.push('\n');
            }
            out.push('\n');
        }
        out.push_str("`gprobe --help` has gprobe's own options.\n");
        Some(out)
    }
}

fn value_name(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Flag => "",
        ParameterKind::Number => "N",
        ParameterKind::Duration => "DURATION",
        ParameterKind::Text => "TEXT",
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::args::Cli;
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn seen(line: &str) -> Option<Glance> {
        glance(&Cli::command(), &words(line))
    }

    #[test]
    fn the_script_is_the_first_word_that_is_no_option_or_its_value() {
        let script = |line: &str| seen(line).and_then(|seen| seen.script());
        assert_eq!(script("gprobe -p 42 cgoslow --min 10ms").as_deref(), Some("cgoslow"));
        assert_eq!(script("gprobe -p42 --format json a.gp 7").as_deref(), Some("a.gp"));
        assert_eq!(script("gprobe -qp 42 --cmd ./server a.gp").as_deref(), Some("a.gp"));
        assert_eq!(script("gprobe --min 10ms gostates").as_deref(), Some("gostates"));
        assert_eq!(script("gprobe -- a.gp"), None);
        for other in ["gprobe stdlib", "gprobe check a.gp", "gprobe -l a", "gprobe a --list", "gprobe help"] {
            assert_eq!(seen(other), None, "{other}");
        }
    }

    #[test]
    fn only_options_that_gprobe_does_not_have_make_it_read_the_script() {
        let unknown = |line: &str| seen(line).is_some_and(|seen| seen.unknown);
        assert!(unknown("gprobe a.gp --min 10ms") && unknown("gprobe a.gp --min=10ms"));
        assert!(!unknown("gprobe a.gp --exe ./x --dry-run -- --min=10ms"));
        assert!(seen("gprobe a.gp -h").is_some_and(|seen| seen.help));
        assert_eq!(seen("gprobe -e a -eb -q").map(|seen| seen.program), Some(vec!["a".into(), "b".into()]));
    }

    /// What a script is given by a command line, or what is wrong with that.
    fn given(script: &str, line: &str) -> Result<Named, String> {
        let mut args = words(line);
        args.extend(["-e".into(), script.into()]);
        let command = Cli::command();
        let options = of(&command, &args).map_err(|failure| format!("{failure:?}"))?;
        let options = options.ok_or("no options matter")?;
        let matches =
            options.beside(command).try_get_matches_from(&args).map_err(|error| error.to_string())?;
        Ok(options.given(&matches))
    }

    const SCRIPT: &str = "macro m() { getopt(\"top\", 20) }
        begin /getopt(\"all\")/ { print(getopt(\"min\", 10ms, \"least\")); print(getopt(\"by\", \"\")); m(); }";

    #[test]
    fn options_have_values_and_flags_do_not() {
        let pair = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let named = given(SCRIPT, "gprobe --all --min 20ms --by=x --top -5").map(|mut named| {
            named.sort();
            named
        });
        let all = vec![pair("all", "true"), pair("by", "x"), pair("min", "20ms"), pair("top", "-5")];
        assert_eq!(named, Ok(all));
        assert_eq!(given(SCRIPT, "gprobe --all=false -q"), Ok(vec![pair("all", "false")]));
    }

    #[test]
    fn near_names_of_both_are_named() {
        let script = given(SCRIPT, "gprobe --mim=1").expect_err("a slip");
        assert!(
            script.contains("unexpected argument '--mim' found") && script.contains("'--min'"),
            "{script}"
        );
        let own = given(SCRIPT, "gprobe --dry-rum").expect_err("a slip");
        assert!(own.contains("'--dry-run'"), "{own}");
    }

    #[test]
    fn help_shows_kinds_and_defaults() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("slow.gp");
        let text =
            format!("#!/usr/bin/env gprobe\n// slow: what is slow?\n//\n//     an example\n\n{SCRIPT}");
        std::fs::write(&path, format!("{text} end {{ print(getopt(\"verbose\", false)); }}"))
            .expect("written");
        let command = Cli::command();
        let args = words(&format!("gprobe {} --help", path.display()));
        let options = of(&command, &args).expect("a script").expect("options");
        insta::assert_snapshot!(options.help(&command).expect("help"));
    }
}
