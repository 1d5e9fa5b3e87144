//! Reads the command line, and says what is wrong with it.

use std::error::Error as _;
use std::io::{self, Write};

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use super::args::Cli;
use super::{parameters, say};

/// The command line is wrong.
const USAGE_WRONG: u8 = 2;

/// Help, with the heading that bpftrace's users know.
const HELP: &str = "\
{about-with-newline}
USAGE:
       {usage}

{all-args}{after-help}";

/// The command line, or the exit code where there is nothing to do: it is wrong, or asks for help.
pub(super) fn parse() -> Result<Cli, u8> {
    let command = Cli::command().help_template(HELP).mut_subcommands(|command| command.help_template(HELP));
    let args: Vec<_> = std::env::args_os().collect();
    let Some(script) = parameters::of(&command, &args).map_err(|failure| super::report(&failure))? else {
        let parsed = command.try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
        return parsed.map_err(|error| report(&error));
    };
    if let Some(help) = script.help(&command) {
        // Whoever asked for help and does not read it has had enough.
        let _ = io::stdout().write_all(help.as_bytes());
        return Err(0);
    }
    let parsed = script.beside(command).try_get_matches_from(args).and_then(|matches| {
        let mut cli = Cli::from_arg_matches(&matches)?;
        cli.run.own = script.given(&matches);
        Ok(cli)
    });
    parsed.map_err(|error| report(&error))
}

fn report(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        // Whoever asked for help and does not read it has had enough.
        let _ = error.print();
        return 0;
    }
    // What our own readers of values say is a whole sentence.
    if let (ErrorKind::ValueValidation, Some(why)) = (error.kind(), error.source()) {
        why.to_string().lines().enumerate().for_each(|(at, line)| match at {
            0 => say(&format!("ERROR: {line}")),
            _ => say(line),
        });
        return USAGE_WRONG;
    }
    let text = error.render().to_string();
    let text = text.replacen("error: ", "ERROR: ", 1).replacen("Usage: ", "USAGE:\n       ", 1);
    // Where standard error is closed there is no one to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    USAGE_WRONG
}
