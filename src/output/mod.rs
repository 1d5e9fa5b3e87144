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

use std::collections::HashMap;
use std::io::{self, Write};

use gprobe_compiler::artifact::{Action, Artifact, Count, MapValue, Piece, Show, SourcePlace, Trouble, Type};
use gprobe_lang::source::SourceMap;
use gprobe_runtime::{Event, MapDatum, MapEntry, Value};

pub use clock::Clock;
pub use scene::Scene;
pub(crate) use text::escape;

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

/// Writes what a script prints.
pub struct Sink<'a> {
    out: Box<dyn Write + 'a>,
    format: Format,
    look: Look,
    /// What tables say of the run.
    scene: Scene,
    /// The script's text, for places in it.
    sources: SourceMap,
    /// Whether warnings are shown.
    warnings: bool,
    /// How often something went wrong at each place; it is said once.
    troubles: HashMap<usize, u64>,
    /// Whether something was written that no blank line follows.
    wrote: bool,
}

impl<'a> Sink<'a> {
    /// A sink that writes to `out`.
    pub fn new(
        out: Box<dyn Write + 'a>,
        format: Format,
        clock: Clock,
        sources: SourceMap,
        warnings: bool,
    ) -> Self {
        let look = Look { clock, show: Show::default() };
        let scene = Scene::new(String::new());
        Self { out, format, look, scene, sources, warnings, troubles: HashMap::new(), wrote: false }
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

    /// Says how values are shown, and, in the JSON form, how many probes are attached.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn attached(&mut self, artifact: &Artifact) -> io::Result<()> {
        self.look.show = artifact.show.clone();
        let probes = artifact.probe_count();
        match self.format {
            Format::Json => {
                let data = serde_json::json!({ "type": "attached_probes", "count": probes, "data": { "probes": probes } });
                self.line(&json::spaced(&data))
            }
            _ => Ok(()),
        }
    }

    /// Writes an event. Map events come with the map's entries.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn event(&mut self, artifact: &Artifact, event: &Event) -> io::Result<()> {
        let action = |index: usize| artifact.actions.get(index);
        match event {
            Event::Printf { action: index, args } => {
                let Some(Action::Printf { format, .. }) = action(*index) else { return Ok(()) };
                let text = self.printf(format, args);
                self.text("printf", &text)
            }
            Event::Message { action: index, args } => {
                let Some(Action::Message { error, place, format, .. }) = action(*index) else {
                    return Ok(());
                };
                let text = self.printf(format, args);
                self.message(*error, *place, &text)
            }
            Event::Trouble { action: index, code } => {
                let Some(Action::Trouble { what, place, .. }) = action(*index) else { return Ok(()) };
                self.trouble(*index, *what, *place, *code)
            }
            Event::System { action: index, args } => {
                let Some(Action::System { format, .. }) = action(*index) else { return Ok(()) };
                let command = self.printf(format, args);
                self.out.flush()?;
                let output = std::process::Command::new("/bin/sh").arg("-c").arg(&command).output()?;
                io::stderr().write_all(&output.stderr)?;
                self.text("syscall", &String::from_utf8_lossy(&output.stdout))
            }
            Event::Cat { action: index, args } => {
                let Some(Action::Cat { format, limit, .. }) = action(*index) else { return Ok(()) };
                let path = self.printf(format, args);
                self.cat(&path, *limit)
            }
            Event::Join { action: index, args } => {
                let Some(Action::Join { separator, .. }) = action(*index) else { return Ok(()) };
                let words = args.iter().map(|arg| text::value(arg, &self.look));
                let words: Vec<String> = words.take_while(|word| !word.is_empty()).collect();
                let text = words.join(separator);
                match self.format {
                    Format::Text | Format::Tsv => self.text("join", &format!("{text}\n")),
                    Format::Json => self.text("join", &text),
                }
            }
            Event::Value(value) => match self.format {
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
            Event::Map { map, top, div, entries } => {
                let mut entries = entries.clone();
                // A scalar map always has its element.
                if entries.is_empty()
                    && let Some(info) = artifact.maps.get(*map)
                    && info.scalar
                {
                    entries.extend(nothing(&info.value).map(|datum| MapEntry { key: Vec::new(), datum }));
                }
                self.map(artifact, *map, entries, *top, *div)
            }
            Event::Table { action: index, entries } => {
                let Some(Action::Table { title, headings, maps, top }) = action(*index) else {
                    return Ok(());
                };
                let infos = maps.iter().filter_map(|map| artifact.maps.get(*map));
                let maps: Vec<_> = infos.zip(entries.iter().map(Vec::as_slice)).collect();
                self.table(&Table::new(&Wanted { title, headings, top: *top }, &maps, &self.look))
            }
            Event::Element { map, entry } => {
                let entries = entry.iter().cloned().collect();
                self.map(artifact, *map, entries, None, 1)
            }
            Event::Time { format } => {
                let text = self.look.clock.format_now(format);
                self.text("time", &text)
            }
            _ => Ok(()),
        }
    }

    /// Writes a map: entries by their value, the largest last; with `top` only the largest.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn map(
        &mut self,
        artifact: &Artifact,
        map: usize,
        mut entries: Vec<MapEntry>,
        top: Option<u64>,
        div: u64,
    ) -> io::Result<()> {
        let Some(info) = artifact.maps.get(map) else { return Ok(()) };
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
    pub fn repeated_troubles(&self, artifact: &Artifact) -> Vec<String> {
        let mut lines: Vec<String> = self
            .troubles
            .iter()
            .filter(|(_, count)| **count > 1)
            .filter_map(|(index, count)| {
                let Some(Action::Trouble { place, .. }) = artifact.actions.get(*index) else { return None };
                Some(format!("{}: {count} times in all", self.place(*place)))
            })
            .collect();
        lines.sort();
        lines
    }

    /// Makes sure that all is written.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn flush(&mut self) -> io::Result<()> {
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
                writeln!(io::stderr(), "ERROR: failed to open file '{}' ({reason})", text::escape(path))
            }
        }
    }

    /// `file:line:column-column`
    fn place(&self, SourcePlace(span): SourcePlace) -> String {
        let Some(found) = self.sources.place(span) else { return String::new() };
        format!("{}:{}:{}-{}", found.name, found.line, found.column, found.end_column)
    }

    fn message(&mut self, error: bool, place: SourcePlace, text: &str) -> io::Result<()> {
        if !error && !self.warnings {
            return Ok(());
        }
        let level = if error { "ERROR" } else { "WARNING" };
        match self.format {
            Format::Text | Format::Tsv => {
                let place = self.place(place);
                writeln!(io::stderr(), "{place}: {level}: {}", text::escape(text))
            }
            Format::Json => {
                let mut object = self.place_json(place);
                object.insert("type".into(), if error { "errorf" } else { "warnf" }.into());
                object.insert("msg".into(), text.into());
                self.line(&json::spaced(&serde_json::Value::Object(object)))
            }
        }
    }

    fn place_json(&self, SourcePlace(span): SourcePlace) -> serde_json::Map<String, serde_json::Value> {
        let mut object = serde_json::Map::new();
        if let Some(found) = self.sources.place(span) {
            object.insert("filename".into(), found.name.into());
            object.insert("line".into(), found.line.into());
            object.insert("col".into(), found.column.into());
        }
        object
    }

    fn trouble(&mut self, index: usize, what: Trouble, at: SourcePlace, code: Option<i64>) -> io::Result<()> {
        let count = self.troubles.entry(index).or_insert(0);
        *count += 1;
        if *count > 1 || !self.warnings {
            return Ok(());
        }
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
        match self.format {
            Format::Text | Format::Tsv => {
                let mut lines = format!("{}: WARNING: {message}\n", self.place(at));
                if let Some(shown) = self.sources.excerpt(at.0) {
                    lines.push_str(&shown);
                }
                if let (Trouble::Unreadable { helper }, Some(code)) = (what, code) {
                    let reason = error_text(code);
                    lines.push_str(&format!(
                        "Additional Info - helper: {helper}, retcode: {code} ({reason})\n"
                    ));
                }
                io::stderr().write_all(text::escape(&lines).as_bytes())
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
                object.extend(self.place_json(at));
                self.line(&json::spaced(&serde_json::Value::Object(object)))
            }
        }
    }

    fn printf(&self, format: &[Piece], args: &[Value]) -> String {
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
                        out.push_str(&text::conversion(spec, width, precision, value, &self.look));
                    }
                }
            }
        }
        out
    }
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
