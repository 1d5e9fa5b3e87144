//! `gprobe completions` and `gprobe man`: what shells and readers of manuals want, made from the definitions of the arguments.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_complete::generate;

use super::Failure;
use super::args::{AFTER_HELP, Cli};

/// Scripts that ship, which bash offers as the first word.
const BASH_SCRIPTS: &str = "@SCRIPTS@";

/// What bash does beside what the arguments tell: the scripts that ship, and files, are the first word.
const BASH: &str = r#"
_gprobe_scripts() {
    _gprobe "$@"
    local word="${COMP_WORDS[COMP_CWORD]}"
    if [[ $COMP_CWORD -eq 1 && $word != -* ]]; then
        COMPREPLY+=($(compgen -W "@SCRIPTS@" -- "$word") $(compgen -f -X '!*.gp' -- "$word"))
    elif [[ ${COMP_WORDS[COMP_CWORD-1]} == -p || ${COMP_WORDS[COMP_CWORD-1]} == --pid ]]; then
        COMPREPLY=($(compgen -W "$(cd /proc && echo [0-9]*)" -- "$word"))
    fi
}
complete -F _gprobe_scripts -o nosort -o bashdefault -o default gprobe
"#;

/// `gprobe completions SHELL`
pub(super) fn completions(shell: Shell) -> Result<u8, Failure> {
    let mut text = Vec::new();
    generate(shell, &mut Cli::command(), "gprobe", &mut text);
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if shell == Shell::Bash {
        let names: Vec<&str> = gprobe_stdlib::SCRIPTS.iter().map(|script| script.name).collect();
        text.push_str(&BASH.replace(BASH_SCRIPTS, &names.join(" ")));
    }
    if shell == Shell::Fish {
        for script in gprobe_stdlib::SCRIPTS {
            let answers = script.answers().replace('\'', "\\'");
            let name = script.name;
            text.push_str(&format!("complete -c gprobe -n __fish_use_subcommand -a {name} -d '{answers}'\n"));
        }
    }
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(0)
}

/// `gprobe man [COMMAND]`
pub(super) fn man(name: Option<&str>) -> Result<u8, Failure> {
    let mut all = Cli::command();
    all.build();
    let page: Command = match name {
        // What stands behind the help has sections of its own here.
        None => all.after_help(""),
        Some(name) => all.find_subcommand(name).cloned().ok_or_else(|| {
            let names = all.get_subcommands().map(Command::get_name);
            let hint = gprobe_lang::diagnostic::did_you_mean(name, names);
            let hint = hint.unwrap_or_else(|| "`gprobe --help` lists the commands".to_owned());
            Failure::Hinted(format!("there is no command `{name}`"), hint)
        })?,
    };
    let mut out = Vec::new();
    let man = clap_mangen::Man::new(page);
    man.render(&mut out)?;
    if name.is_none() {
        sections(&mut out)?;
    }
    io::stdout().lock().write_all(&out)?;
    Ok(0)
}

/// The exit codes and the examples of the help, each as a section.
fn sections(out: &mut dyn Write) -> io::Result<()> {
    for part in AFTER_HELP.split("\n\n") {
        let Some((title, lines)) = part.split_once(":\n") else { continue };
        writeln!(out, ".SH {}\n.nf", title.to_uppercase())?;
        for line in lines.lines() {
            // A quote or a dot that begins a line would be a request.
            writeln!(out, "\\&{}", line.trim_start().replace('\\', "\\e").replace('-', "\\-"))?;
        }
        writeln!(out, ".fi")?;
    }
    Ok(())
}
