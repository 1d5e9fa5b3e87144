//! The commands: one table, which the help, the completion and the guide read.

mod maps;
mod probes;
mod scripts;
mod session;
mod show;

use super::engine::{Engine, Flow};
use super::goroutines;
use super::save;
use crate::cli::Failure;
use crate::complete::{CommandHelp, Takes};

/// What a command does; its arguments are text.
type Does = fn(&mut Engine, &str) -> Result<Flow, Failure>;

/// A command.
pub(crate) struct Command {
    /// Without the colon.
    pub(crate) name: &'static str,
    /// With the colon, for completion.
    typed: &'static str,
    /// Its arguments.
    pub(crate) args: &'static str,
    /// What it does, in a line.
    pub(crate) doc: &'static str,
    takes: Takes,
    pub(super) run: Does,
}

macro_rules! commands {
    ($($name:literal $args:literal $takes:ident $doc:literal $run:expr;)*) => {
        /// All of them, in the order of the help.
        pub(crate) const COMMANDS: &[Command] = &[$(Command {
            name: $name,
            typed: concat!(":", $name),
            args: $args,
            doc: $doc,
            takes: Takes::$takes,
            run: $run,
        }),*];
    };
}

commands! {
    "probes" "" Nothing "what was typed and attached: number, state, hits" probes::probes;
    "stop" "N... | all" Nothing "take the probes of an input away; its maps stay" probes::stop;
    "start" "N... | all" Nothing "put them in place again" probes::start;
    "undo" "" Nothing "take the last input back" probes::undo;
    "maps" "" Nothing "all maps, their types, and how many entries they have" maps::maps;
    "print" "@MAP [N]" Map "a map, or its N largest entries" maps::print;
    "clear" "[@MAP...]" Map "empty maps; without a name all of them" maps::clear;
    "list" "PATTERN" Function "what can be probed: `main.*`, `goroutine:*`, `tracepoint:sched:*`" show::list;
    "type" "EXPR" Expression "the type of an expression, with its fields" show::type_of;
    "source" "FUNCTION" Function "where a function is, and its source where it can be read" show::source;
    "doc" "[NAME]" Name "what a name of the language stands for" show::doc;
    "goroutines" "[GOID | PATTERN]" Nothing "the goroutines, grouped; or one of them, or those that a pattern finds" goroutines::goroutines;
    "run" "SCRIPT [-t TIME] [ARGS]" Script "run a script until Ctrl-C, with maps of its own" scripts::run;
    "load" "FILE" File "attach a file's probes as if they were typed" scripts::load;
    "save" "FILE.gp[!]" File "write what is on as a script; `!` overwrites" save::save;
    "wait" "[TIME]" Nothing "show what happens, for a while or until Ctrl-C" session::wait;
    "attach" "PID" Nothing "go on with another process: the probes that are on are put there, maps begin empty" session::attach;
    "detach" "" Nothing "take all probes away; maps can still be read" session::detach;
    "set" "[NAME [VALUE]]" Setting "settings of scripts and of the prompt" session::set;
    "help" "[COMMAND]" Nothing "this list, or more of one command" show::help;
    "quit" "" Nothing "take all away and leave; so does Ctrl-D" session::quit;
}

/// A command by its name, or by a beginning that only it has.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name).or_else(|| {
        let mut found = COMMANDS.iter().filter(|command| !name.is_empty() && command.name.starts_with(name));
        found.next().filter(|_| found.next().is_none())
    })
}

/// As completion wants them.
pub(super) fn help() -> Vec<CommandHelp> {
    let help = |it: &Command| CommandHelp { name: it.typed, args: it.args, doc: it.doc, takes: it.takes };
    COMMANDS.iter().map(help).collect()
}

/// The line was right.
const NEXT: Flow = Flow::Next { right: true };

/// An argument that is missing.
fn wanted(usage: &str) -> Failure {
    Failure::Unreadable(format!("write it as `{usage}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_that_only_one_has_is_enough() {
        assert_eq!(find("probes").map(|it| it.name), Some("probes"));
        assert_eq!(find("prob").map(|it| it.name), Some("probes"));
        assert!(find("s").is_none() && find("").is_none() && find("nothing").is_none());
    }

    #[test]
    fn names_are_said_once() {
        let mut names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
