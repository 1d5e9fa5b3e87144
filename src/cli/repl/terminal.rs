//! The prompt on a terminal: lines are edited, completed, coloured and kept, and text appears above them.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use gprobe_lang::wants_more;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, ExternalPrinter, Helper};

use super::engine::{Engine, Flow};
use super::plain::interrupts;
use super::{Out, PROMPT, Shared, Working, prepare_names};
use crate::cli::Failure;
use crate::cli::args::Run;
use crate::complete;

/// Lines that are kept.
const HISTORY: usize = 10_000;

/// A prompt until the user leaves.
pub(super) fn run(args: &Run) -> Result<u8, Failure> {
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let shared = Shared::default();
    let mut editor = editor(&shared, colour).map_err(|error| Failure::Target(error.to_string()))?;
    let mut printer = editor.create_external_printer().map_err(|error| Failure::Target(error.to_string()))?;
    let out = Out::new(Arc::clone(&shared.interrupted), move |text| {
        // A terminal that is gone is told nothing more.
        let _ = printer.print(text);
    });
    let engine = Engine::open(args, out, shared.clone(), colour)?;
    interrupts(&shared)?;
    let history = history_file();
    if let Some(file) = &history {
        // There is none yet, the first time.
        let _ = editor.load_history(file);
    }
    engine.say(&engine.banner());
    prepare_names(&shared);
    let working = Working::start(engine)?;
    let mut interrupted = 0;
    loop {
        match editor.readline(PROMPT) {
            Ok(line) => {
                interrupted = 0;
                if line.trim().is_empty() {
                    continue;
                }
                // What can't be kept is typed again.
                let _ = editor.add_history_entry(line.trim_end());
                if let Some(file) = &history {
                    keep(&mut editor, file);
                }
                if working.line(line) == Flow::Quit {
                    return Ok(0);
                }
            }
            // The first clears the line, which the editor has done.
            Err(ReadlineError::Interrupted) if interrupted == 0 => interrupted += 1,
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => break,
            Err(error) => {
                working.leave();
                return Err(Failure::Output(io::Error::other(error.to_string())));
            }
        }
    }
    working.leave();
    Ok(0)
}

fn editor(shared: &Shared, colour: bool) -> rustyline::Result<Editor<Typing, DefaultHistory>> {
    let config = Config::builder()
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .completion_type(CompletionType::List)
        .completion_prompt_limit(complete::MOST)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Typing { shared: shared.clone(), colour }));
    Ok(editor)
}

/// `$XDG_STATE_HOME/gprobe/history`, whose folder is made where it is not there.
fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state"));
    let folder = state.or_else(home)?.join("gprobe");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Writes the history, for nobody else to read; failing that, it is not kept.
fn keep(editor: &mut Editor<Typing, DefaultHistory>, file: &std::path::Path) {
    use std::os::unix::fs::OpenOptionsExt;
    let _ = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file);
    let _ = editor.save_history(file);
}

/// What helps while somebody types.
struct Typing {
    shared: Shared,
    colour: bool,
}

impl Helper for Typing {}

impl Completer for Typing {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Ok(known) = self.shared.known.read() else { return Ok((at, Vec::new())) };
        let found = complete::complete(&known, line, at);
        let width = found.candidates.iter().map(|it| it.text.chars().count()).max().unwrap_or(0).min(40);
        let one = found.candidates.len() == 1;
        let pairs = found.candidates.into_iter().map(|it| {
            let display = match it.what.is_empty() || one {
                true => it.text.clone(),
                false => format!(
                    "{:<width$}  {}",
                    it.text,
                    super::engine::cut(&super::engine::plain(&it.what), 60)
                ),
            };
            Pair { display, replacement: it.text }
        });
        Ok((found.start, pairs.collect()))
    }
}

/// Text behind the cursor that is no part of the line.
struct Said(String);

impl Hint for Said {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Typing {
    type Hint = Said;

    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<Said> {
        if at < line.len() || line.contains('\n') {
            return None;
        }
        let hint = complete::hint(&*self.shared.known.read().ok()?, line, at)?;
        let columns = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        let room = columns.saturating_sub(PROMPT.len() + line.chars().count() + 4);
        (room > 10 && !hint.is_empty()).then(|| Said(format!("   {}", super::engine::cut(&hint, room))))
    }
}

impl Highlighter for Typing {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        match self.colour {
            true => Cow::Owned(complete::highlight(line)),
            false => Cow::Borrowed(line),
        }
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        match self.colour {
            true => Cow::Owned(format!("\x1b[1m{prompt}\x1b[0m")),
            false => Cow::Borrowed(prompt),
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        match self.colour {
            true => Cow::Owned(format!("\x1b[2m{hint}\x1b[0m")),
            false => Cow::Borrowed(hint),
        }
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.colour && kind != CmdKind::MoveCursor
    }
}

impl Validator for Typing {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        // An empty line ends what would go on.
        let more = !text.trim_start().starts_with(':') && !text.ends_with("\n") && wants_more(text);
        Ok(if more { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}
