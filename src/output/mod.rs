//! Where what a script prints goes: text or JSON lines, to standard output or a file.

mod clock;
mod json;
mod text;

use std::io::{self, Write};

use gprobe_compiler::artifact::{Action, Artifact, Count, Piece};
use gprobe_runtime::{Event, MapEntry, Value};

pub use clock::Clock;
pub(crate) use text::escape;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Writes what a script prints.
pub struct Sink<'a> {
    out: Box<dyn Write + 'a>,
    format: Format,
    clock: Clock,
}

impl<'a> Sink<'a> {
    /// A sink that writes to `out`.
    pub fn new(out: Box<dyn Write + 'a>, format: Format, clock: Clock) -> Self {
        Self { out, format, clock }
    }

    /// Says how many probes are attached; only the JSON form does so in the output itself.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn attached(&mut self, probes: usize) -> io::Result<()> {
        match self.format {
            Format::Text => Ok(()),
            Format::Json => {
                self.line(&json::line("attached_probes", serde_json::json!({ "probes": probes })))
            }
        }
    }

    /// Writes an event. Map events come with the map's entries.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn event(&mut self, artifact: &Artifact, event: &Event) -> io::Result<()> {
        match event {
            Event::Printf { action, args } => {
                let Some(Action::Printf { format, .. }) = artifact.actions.get(*action) else {
                    return Ok(());
                };
                let text = self.printf(format, args);
                self.text("printf", &text)
            }
            Event::Value(value) => match self.format {
                Format::Text => {
                    let text = text::value(value, &self.clock);
                    self.line(&text::escape(&text))
                }
                Format::Json => {
                    let value = json::value(value, &self.clock);
                    self.line(&json::line("value", value))
                }
            },
            Event::Map { map, top, div, entries } => self.map(artifact, *map, entries.clone(), *top, *div),
            Event::Time { format } => {
                let text = self.clock.format_now(format);
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
        entries.sort_by_cached_key(|e| (text::rank(&e.datum), text::map_key(info, &e.key, &self.clock)));
        if let Some(top) = top {
            let skip = entries.len().saturating_sub(usize::try_from(top).unwrap_or(usize::MAX));
            entries.drain(..skip);
        }
        match self.format {
            Format::Text => {
                let text = text::map(info, &entries, div, &self.clock);
                writeln!(self.out, "{}", text::escape(&text))
            }
            Format::Json => self.line(&json::map(info, &entries, div, &self.clock)),
        }
    }

    /// Makes sure that all is written.
    ///
    /// # Errors
    /// Where the output can't be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn text(&mut self, kind: &str, text: &str) -> io::Result<()> {
        match self.format {
            Format::Text => self.out.write_all(text::escape(text).as_bytes()),
            Format::Json => self.line(&json::line(kind, serde_json::Value::from(text))),
        }
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")
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
                        out.push_str(&text::conversion(spec, width, precision, value, &self.clock));
                    }
                }
            }
        }
        out
    }
}
