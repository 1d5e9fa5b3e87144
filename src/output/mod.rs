//! Where what a script prints goes: text, JSON lines or fields with tabs between, to standard output or a file.

mod clock;
mod json;
mod percentile;
mod scene;
mod series;
mod table;
mod text;
mod tsv;
pub(crate) mod units;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::sync::OnceLock;

use gprobe_compiler::artifact::{Count, MapValue, Piece, Show, Trouble, Type};
use gprobe_lang::source::Place;
use gprobe_runtime::{MapDatum, MapEntry, Value};

use crate::session::{Event, MapSnapshot, ProgramId};

pub use clock::Clock;
pub use scene::Scene;
pub use text::escape;
pub(crate) use text::{bounds, filled};

use table::{Table, Wanted};

/// Characters for the names of benchmarks.
const BENCHMARK_COLUMN: usize = 40;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// Fields with tabs between.
    Tsv,
}

/// What values look like.
pub(crate) struct Look {
    pub(crate) clock: Clock,
    pub(crate) show: Show,
}

impl Look {
    /// As it is where no script says otherwise.
    pub(crate) fn usual() -> &'static Self {
        static USUAL: OnceLock<Look> = OnceLock::new();
        USUAL.get_or_init(|| Self { clock: Clock::new(), show: Show::default() })
    }
}

/// Writes what a script prints.
pub struct Sink<'a> {
    out: Box<dyn Write + Send + 'a>,
    /// Where warnings and errors go.
    messages: Box<dyn Write + Send + 'a>,
    format: Format,
    look: Look,
    /// What tables say of the run.
    scene: Scene,
    /// How programs want values shown.
    shows: HashMap<ProgramId, Show>,
    /// Whether warnings are shown.
    warnings: bool,
    /// How often something went wrong at each place; it is said once.
    troubles: BTreeMap<(ProgramId, String, &'static str), u64>,
    /// Whether something was written that no blank line follows.
    wrote: bool,
}

impl<'a> Sink<'a> {
    /// A sink that writes to `out`, and warnings to standard error.
    pub fn new(out: Box<dyn Write + Send + 'a>, format: Format) -> Self {
        Self {
            out,
            messages: Box::new(io::stderr()),
            format,
            look: Look { clock: Clock::new(), show: Show::default() },
            scene: Scene::new(String::new()),
            shows: HashMap::new(),
            warnings: true,
            troubles: BTreeMap::new(),
            wrote: false,
        }
    }

    /// Writes warnings and errors elsewhere.
    #[must_use]
    pub fn with_messages(self, messages: Box<dyn Write + Send + 'a>) -> Self {
        Self { messages, ..self }
    }

    /// Shows no warnings.
    #[must_use]
    pub fn without_warnings(self) -> Self {
        Self { warnings: false, ..self }
    }

    /// Says what tables are of.
    #[must_use]
    pub fn of(self, scene: Scene) -> Self {
        Self { scene, ..self }
    }

    /// The probes are taken away: what tables call the time of the run ends here.
    pub fn run_ended(&mut self) {
        self.scene.end();
    }

    /// A program was attached, with so many probes; it says how values are shown.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn attached(&mut self, program: ProgramId, show: &Show, probes: usize) -> io::Result<()> {
        self.shows.insert(program, show.clone());
        self.look.show = show.clone();
        match self.format {
            Format::Json => {
                let data = serde_json::json!({ "type": "attached_probes", "count": probes, "data": { "probes": probes } });
                self.line(&json::spaced(&data))
            }
            _ => Ok(()),
        }
    }

    /// Writes an event; what is no output of a script is passed over.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Some(show) = event.program().and_then(|program| self.shows.get(&program)) {
            self.look.show = show.clone();
        }
        match event {
            Event::Printf { format, args, .. } => {
                let text = self.printf(format, args);
                self.text("printf", &text)
            }
            Event::Message { error, place, format, args, .. } => {
                let text = self.printf(format, args);
                self.message(*error, place.as_ref(), &text)
            }
            Event::Trouble { program, what, place, excerpt, code } => {
                self.trouble(*program, *what, (place.as_ref(), excerpt.as_deref()), *code)
            }
            Event::System { format, args, .. } => {
                let command = self.printf(format, args);
                self.out.flush()?;
                let output = std::process::Command::new("/bin/sh").arg("-c").arg(&command).output()?;
                self.messages.write_all(&output.stderr)?;
                self.text("syscall", &String::from_utf8_lossy(&output.stdout))
            }
            Event::Cat { format, args, limit, .. } => {
                let path = self.printf(format, args);
                self.cat(&path, *limit)
            }
            Event::Join { separator, words, .. } => {
                let words = words.iter().map(|word| text::value(word, &self.look));
                let words: Vec<String> = words.take_while(|word| !word.is_empty()).collect();
                let text = words.join(separator);
                match self.format {
                    Format::Text | Format::Tsv => self.text("join", &format!("{text}\n")),
                    Format::Json => self.text("join", &text),
                }
            }
            Event::Value { value, .. } => match self.format {
                Format::Text => {
                    let text = text::value(value, &self.look);
                    self.line(&text::escape(&text))
                }
                Format::Json => {
                    let value = json::value(value, &self.look);
                    self.line(&json::line("value", value))
                }
                Format::Tsv => {
                    let text = tsv::value(value, &self.look);
                    self.line(&text)
                }
            },
            Event::Map { map, top, div, .. } if map.entries.is_empty() && map.info.scalar => {
                // A scalar map always has its element.
                let datum = nothing(&map.info.value).map(|datum| MapEntry { key: Vec::new(), datum });
                self.map(&MapSnapshot { entries: datum.into_iter().collect(), ..map.clone() }, *top, *div)
            }
            Event::Map { map, top, div, .. } => self.map(map, *top, *div),
            Event::Table { title, headings, maps, top, .. } => {
                let maps: Vec<_> = maps.iter().map(|map| (&*map.info, map.entries.as_slice())).collect();
                self.table(&Table::new(&Wanted { title, headings, top: *top }, &maps, &self.look))
            }
            Event::Element { map, .. } => self.map(map, None, 1),
            Event::Time { format, .. } => {
                let text = self.look.clock.format_now(format);
                self.text("time", &text)
            }
            _ => Ok(()),
        }
    }

    /// Writes a map: entries by their value, the largest last; with `top` only the largest. Values are divided by
    /// `div`, which is not 0.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn map(&mut self, map: &MapSnapshot, top: Option<u64>, div: u64) -> io::Result<()> {
        let info = &map.info;
        let mut entries = map.entries.clone();
        entries.sort_by_cached_key(|e| (text::rank(&e.datum), text::map_key(info, &e.key, &self.look)));
        if let Some(top) = top {
            let skip = entries.len().saturating_sub(usize::try_from(top).unwrap_or(usize::MAX));
            entries.drain(..skip);
        }
        match self.format {
            Format::Text => {
                let text = text::map(info, &entries, div, &self.look);
                self.line(&text::escape(&text))
            }
            Format::Json => self.line(&json::map(info, &entries, div, &self.look)),
            Format::Tsv => {
                self.wrote = true;
                let text = tsv::map(info, &entries, div, &self.look);
                self.out.write_all(text.as_bytes())
            }
        }
    }

    /// Writes a table; people see a blank line behind it.
    fn table(&mut self, table: &Table) -> io::Result<()> {
        self.wrote = false;
        match self.format {
            Format::Text => writeln!(self.out, "{}", table::text(table, &self.scene, &self.look)),
            Format::Json => {
                writeln!(self.out, "{}", json::spaced(&table::json(table, &self.scene, &self.look)))
            }
            Format::Tsv => self.out.write_all(table::tsv(table, &self.scene, &self.look).as_bytes()),
        }
    }

    /// What a test came to.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn test(&mut self, name: &str, passed: bool) -> io::Result<()> {
        match self.format {
            Format::Text | Format::Tsv => {
                self.line(&format!("{}  {name}", if passed { "pass" } else { "FAIL" }))
            }
            Format::Json => self.line(&json::line("test_result", serde_json::json!({ name: passed }))),
        }
    }

    /// What benchmarks came to: name, ns on average, and how many rounds.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn benchmarks(&mut self, results: &[(String, u64, u64)]) -> io::Result<()> {
        match self.format {
            Format::Text | Format::Tsv => {
                let width =
                    results.iter().map(|(name, ..)| name.len()).max().unwrap_or(0).max(BENCHMARK_COLUMN);
                let head = format!("{:<width$} {:<14} Iterations", "Benchmark", "Time(ns)");
                self.line(&head)?;
                self.line(&"-".repeat(width + 26))?;
                for (name, average, rounds) in results {
                    self.line(&format!("{name:<width$} {average:<14} {rounds}"))?;
                }
                Ok(())
            }
            Format::Json => results.iter().try_for_each(|(name, average, rounds)| {
                let data = serde_json::json!({ name: { "average": average, "iters": rounds } });
                self.line(&json::line("benchmark_result", data))
            }),
        }
    }

    /// Sets what the script printed apart from its maps.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn end_of_events(&mut self) -> io::Result<()> {
        if self.wrote && self.format == Format::Text { writeln!(self.out) } else { Ok(()) }
    }

    /// How often something went wrong, where it was more than once.
    pub fn repeated_troubles(&self) -> Vec<String> {
        let often = self.troubles.iter().filter(|(_, count)| **count > 1);
        let mut lines: Vec<String> =
            often.map(|((_, place, _), count)| format!("{place}: {count} times in all")).collect();
        lines.sort();
        lines
    }

    /// Makes sure that all is written.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.messages.flush()?;
        self.out.flush()
    }

    fn text(&mut self, kind: &str, text: &str) -> io::Result<()> {
        self.wrote = true;
        match self.format {
            Format::Text | Format::Tsv => self.out.write_all(text::escape(text).as_bytes()),
            Format::Json => self.line(&json::line(kind, serde_json::Value::from(text))),
        }
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        self.wrote = true;
        writeln!(self.out, "{line}")
    }

    fn cat(&mut self, path: &str, limit: u64) -> io::Result<()> {
        use std::io::Read;
        let mut text = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut text));
        match read {
            Ok(_) => self.text("cat", &String::from_utf8_lossy(&text)),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.split(" (os error").next().unwrap_or_default().to_owned();
                writeln!(self.messages, "ERROR: failed to open file '{}' ({reason})", text::escape(path))
            }
        }
    }

    fn message(&mut self, error: bool, place: Option<&Place>, text: &str) -> io::Result<()> {
        if !error && !self.warnings {
            return Ok(());
        }
        let level = if error { "ERROR" } else { "WARNING" };
        match self.format {
            Format::Text | Format::Tsv => {
                writeln!(self.messages, "{}: {level}: {}", shown_place(place), text::escape(text))
            }
            Format::Json => {
                let mut object = place_json(place);
                object.insert("type".into(), if error { "errorf" } else { "warnf" }.into());
                object.insert("msg".into(), text.into());
                self.line(&json::spaced(&serde_json::Value::Object(object)))
            }
        }
    }

    fn trouble(
        &mut self,
        program: ProgramId,
        what: Trouble,
        (place, excerpt): (Option<&Place>, Option<&str>),
        code: Option<i64>,
    ) -> io::Result<()> {
        let message = match what {
            Trouble::DivisionByZero => {
                "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result."
            }
            Trouble::OutOfBounds => {
                "Array access out of bounds. This can lead to unexpected results. 0 is being used as the result."
            }
            Trouble::NoElement => "Can't lookup map element because it does not exist.",
            Trouble::MapFull => "Map full; can't update element. Try increasing max_map_keys config.",
            Trouble::Unreadable { .. } => "Memory could not be read; 0 is being used in its place.",
            Trouble::LoopCutOff => "The loop ran longer than the kernel lets it, and was left.",
        };
        let count = self.troubles.entry((program, shown_place(place), message)).or_insert(0);
        *count += 1;
        if *count > 1 || !self.warnings {
            return Ok(());
        }
        match self.format {
            Format::Text | Format::Tsv => {
                let mut lines = format!("{}: WARNING: {message}\n", shown_place(place));
                lines.push_str(excerpt.unwrap_or_default());
                if let (Trouble::Unreadable { helper }, Some(code)) = (what, code) {
                    let reason = error_text(code);
                    lines.push_str(&format!(
                        "Additional Info - helper: {helper}, retcode: {code} ({reason})\n"
                    ));
                }
                self.messages.write_all(text::escape(&lines).as_bytes())
            }
            Format::Json => {
                let mut object = serde_json::Map::new();
                match (what, code) {
                    (Trouble::Unreadable { helper }, Some(code)) => {
                        object.insert("type".into(), "helper_error".into());
                        object.insert("msg".into(), error_text(code).into());
                        object.insert("helper".into(), helper.into());
                        object.insert("retcode".into(), code.into());
                    }
                    _ => {
                        object.insert("type".into(), "runtime_error".into());
                        object.insert("msg".into(), message.into());
                    }
                }
                object.extend(place_json(place));
                self.line(&json::spaced(&serde_json::Value::Object(object)))
            }
        }
    }

    fn printf(&self, format: &[Piece], args: &[Value]) -> String {
        formatted(format, args, &self.look)
    }
}

/// A format with its arguments put in.
pub(crate) fn formatted(format: &[Piece], args: &[Value], look: &Look) -> String {
    let mut args = args.iter();
    let mut out = String::new();
    for piece in format {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Spec(spec) => {
                let mut count = |count: Option<Count>| match count {
                    None => None,
                    Some(Count::Fixed(n)) => Some(n as usize),
                    Some(Count::Argument) => args
                        .next()
                        .and_then(text::number)
                        .map(|n| usize::try_from(n.unsigned_abs()).unwrap_or(0).min(1024)),
                };
                let (width, precision) = (count(spec.width).unwrap_or(0), count(spec.precision));
                if let Some(value) = args.next() {
                    out.push_str(&text::conversion(spec, width, precision, value, look));
                }
            }
        }
    }
    out
}

/// A value as `print` shows it, where no script says otherwise. Bytes of the target are in it as they are.
pub fn value_text(value: &Value) -> String {
    shown(value, Look::usual())
}

/// A value as `print` shows it.
pub(crate) fn shown(value: &Value, look: &Look) -> String {
    text::value(value, look)
}

/// `file:line:column-column`
fn shown_place(place: Option<&Place>) -> String {
    place.map(|at| format!("{}:{}:{}-{}", at.name, at.line, at.column, at.end_column)).unwrap_or_default()
}

fn place_json(place: Option<&Place>) -> serde_json::Map<String, serde_json::Value> {
    let mut object = serde_json::Map::new();
    if let Some(found) = place {
        object.insert("filename".into(), found.name.clone().into());
        object.insert("line".into(), found.line.into());
        object.insert("col".into(), found.column.into());
    }
    object
}

/// What a scalar map holds before anything was put into it.
fn nothing(held: &MapValue) -> Option<MapDatum> {
    Some(match held {
        MapValue::Plain(ty) => MapDatum::Value(zero(ty)),
        MapValue::Stats { .. } => MapDatum::Stats { count: 0, total: 0 },
        MapValue::Hist { .. } | MapValue::LHist { .. } | MapValue::TSeries(_) => return None,
        _ => MapDatum::Number(0),
    })
}

/// The value of a type that is all zeros.
fn zero(ty: &Type) -> Value {
    match ty {
        Type::None => Value::None,
        Type::Bool => Value::Bool(false),
        Type::Int { .. } => Value::Int(0),
        Type::Tuple(parts) => Value::Tuple(parts.iter().map(zero).collect()),
        Type::Record(parts) => {
            Value::Record(parts.iter().map(|(name, part)| (name.clone(), zero(part))).collect())
        }
        Type::Str { .. } => Value::Str { bytes: Vec::new(), truncated: false },
        Type::Buf { .. } => Value::Bytes { bytes: Vec::new() },
        Type::Duration => Value::Duration(0),
        Type::Size => Value::Size(0),
        _ => Value::Int(0),
    }
}

/// The text of a negated error number.
fn error_text(code: i64) -> String {
    let number = i32::try_from(code.unsigned_abs()).unwrap_or(i32::MAX);
    let text = io::Error::from_raw_os_error(number).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
