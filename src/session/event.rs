//! What happens in a session, typed.

use std::sync::Arc;

use gprobe_compiler::artifact::{Action, Artifact, Loss, MapInfo, Piece, SourcePlace, Trouble};
use gprobe_lang::source::{Place, SourceMap};
use gprobe_runtime::{self as runtime, Departure, Traced, Value};

use super::ProgramId;
use super::map::MapSnapshot;
use crate::output::{Look, formatted, shown};

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// `printf(format, args...)`
    Printf {
        /// Which program did it.
        program: ProgramId,
        /// The format, in its parts.
        format: Arc<[Piece]>,
        /// The arguments.
        args: Vec<Value>,
    },
    /// `print(value)`
    Value {
        /// Which program did it.
        program: ProgramId,
        /// The value.
        value: Value,
    },
    /// `print(@map, top, div)`: the map as it was when the request arrived.
    Map {
        /// Which program did it.
        program: ProgramId,
        /// All its entries.
        map: MapSnapshot,
        /// How many of the largest are asked for; `None`: all.
        top: Option<u64>,
        /// What values are to be divided by; not 0.
        div: u64,
    },
    /// `print(@map[key])` of an aggregation.
    Element {
        /// Which program did it.
        program: ProgramId,
        /// The map with the one entry, or none where there is none.
        map: MapSnapshot,
    },
    /// `table("title|heading", @a, @b, top)`
    Table {
        /// Which program did it.
        program: ProgramId,
        /// Above it.
        title: Arc<str>,
        /// Of the key's parts: one for each, or none at all.
        headings: Arc<[String]>,
        /// All entries of each map.
        maps: Vec<MapSnapshot>,
        /// How many rows are asked for; `None`: all.
        top: Option<u64>,
    },
    /// `errorf(format, args...)` and `warnf`
    Message {
        /// Which program did it.
        program: ProgramId,
        /// `errorf`, not `warnf`.
        error: bool,
        /// Where in the script.
        place: Option<Place>,
        /// The format, in its parts.
        format: Arc<[Piece]>,
        /// The arguments.
        args: Vec<Value>,
    },
    /// Something went wrong at a place in the script.
    Trouble {
        /// Which program did it.
        program: ProgramId,
        /// What.
        what: Trouble,
        /// Where in the script.
        place: Option<Place>,
        /// That line of the script, and marks under the place.
        excerpt: Option<Arc<str>>,
        /// What the kernel's helper gave: below 0, an errno.
        code: Option<i64>,
    },
    /// `system(format, args...)`: a command that is to be run.
    System {
        /// Which program did it.
        program: ProgramId,
        /// The format, in its parts.
        format: Arc<[Piece]>,
        /// The arguments.
        args: Vec<Value>,
    },
    /// `cat(format, args...)`: a file that is to be shown.
    Cat {
        /// Which program did it.
        program: ProgramId,
        /// The format of its path, in its parts.
        format: Arc<[Piece]>,
        /// The arguments.
        args: Vec<Value>,
        /// Most bytes that are to be shown.
        limit: u64,
    },
    /// `join(words, separator)`
    Join {
        /// Which program did it.
        program: ProgramId,
        /// Between two.
        separator: Arc<str>,
        /// The words; the first empty one ends them.
        words: Vec<Value>,
    },
    /// `time(format)`: the time is to be shown.
    Time {
        /// Which program did it.
        program: ProgramId,
        /// By strftime.
        format: String,
    },
    /// What a test of the script returned.
    Tested {
        /// Which program did it.
        program: ProgramId,
        /// 0: all is well.
        value: Value,
    },
    /// Entries of a watched map that are new or have changed, and keys that are gone.
    MapUpdate {
        /// The new and the changed ones.
        changed: MapSnapshot,
        /// Keys that the map had before.
        removed: Vec<Vec<Value>>,
    },
    /// Something was lost since this was last told.
    Loss {
        /// What.
        what: Loss,
        /// How many.
        count: u64,
    },
    /// A process that is traced no longer.
    TargetExit(Departure),
    /// A program called `exit(code)`: its probes are taken away. What it did before came before.
    Exit {
        /// Which program.
        program: ProgramId,
        /// 0 to 255.
        code: u8,
    },
    /// A record that can't be read: a bug of gprobe.
    Broken,
}

impl Event {
    /// The program that did it, where one did.
    pub fn program(&self) -> Option<ProgramId> {
        match self {
            Self::Printf { program, .. }
            | Self::Value { program, .. }
            | Self::Map { program, .. }
            | Self::Element { program, .. }
            | Self::Table { program, .. }
            | Self::Message { program, .. }
            | Self::Trouble { program, .. }
            | Self::System { program, .. }
            | Self::Cat { program, .. }
            | Self::Join { program, .. }
            | Self::Time { program, .. }
            | Self::Tested { program, .. }
            | Self::Exit { program, .. } => Some(*program),
            Self::MapUpdate { .. } | Self::Loss { .. } | Self::TargetExit(_) | Self::Broken => None,
        }
    }

    /// What a `printf`, `print(value)`, `errorf` or `warnf` reads as; `None` for what is no text. Bytes of the target
    /// are in it as they are: [`escape`](crate::output::escape) it before it goes to a terminal.
    pub fn text(&self) -> Option<String> {
        let look = Look::usual();
        match self {
            Self::Printf { format, args, .. } | Self::Message { format, args, .. } => {
                Some(formatted(format, args, look))
            }
            Self::Value { value, .. } => Some(shown(value, look)),
            _ => None,
        }
    }
}

/// What an action of a program is, as its events say it.
#[derive(Clone, Debug)]
enum Told {
    Printf(Arc<[Piece]>),
    Message { error: bool, place: Option<Place>, format: Arc<[Piece]> },
    Trouble { what: Trouble, place: Option<Place>, excerpt: Option<Arc<str>> },
    System(Arc<[Piece]>),
    Cat { format: Arc<[Piece]>, limit: u64 },
    Join(Arc<str>),
    Table { title: Arc<str>, headings: Arc<[String]>, maps: Vec<usize>, top: Option<u64> },
    Other,
}

/// What the actions of a program are.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    program: ProgramId,
    /// Of the first, among those of all programs.
    first: usize,
    told: Vec<Told>,
}

impl Meaning {
    pub(crate) fn new(program: ProgramId, artifact: &Artifact, sources: &SourceMap) -> Self {
        let place = |SourcePlace(span): &SourcePlace| sources.place(*span);
        let told = |action: &Action| match action {
            Action::Printf { format, .. } => Told::Printf(format.as_slice().into()),
            Action::Message { error, place: at, format, .. } => {
                Told::Message { error: *error, place: place(at), format: format.as_slice().into() }
            }
            Action::Trouble { what, place: at, .. } => {
                let excerpt = sources.excerpt(at.0).map(Arc::from);
                Told::Trouble { what: *what, place: place(at), excerpt }
            }
            Action::System { format, .. } => Told::System(format.as_slice().into()),
            Action::Cat { format, limit, .. } => {
                Told::Cat { format: format.as_slice().into(), limit: *limit }
            }
            Action::Join { separator, .. } => Told::Join(separator.as_str().into()),
            Action::Table { title, headings, maps, top } => Told::Table {
                title: title.as_str().into(),
                headings: headings.as_slice().into(),
                maps: maps.clone(),
                top: *top,
            },
            _ => Told::Other,
        };
        let first = artifact.first_action;
        Self { program, first, told: artifact.actions.iter().skip(first).map(told).collect() }
    }

    /// Whether an action is of this program.
    pub(crate) fn has(&self, action: usize) -> bool {
        (self.first..self.first + self.told.len()).contains(&action)
    }

    /// The event, as the session tells it.
    pub(crate) fn event(&self, traced: Traced, maps: &[Arc<MapInfo>]) -> Event {
        let program = self.program;
        let told = traced.action.and_then(|action| self.told.get(action.checked_sub(self.first)?));
        let snapshot = |map: usize, entries| Some(MapSnapshot { info: Arc::clone(maps.get(map)?), entries });
        let event = match (traced.event, told) {
            (runtime::Event::Printf { args, .. }, Some(Told::Printf(format))) => {
                Some(Event::Printf { program, format: Arc::clone(format), args })
            }
            (runtime::Event::Value(value), _) => Some(Event::Value { program, value }),
            (runtime::Event::Result(value), _) => Some(Event::Tested { program, value }),
            (runtime::Event::Time { format }, _) => Some(Event::Time { program, format }),
            (runtime::Event::Map { map, top, div, entries }, _) => {
                snapshot(map, entries).map(|map| Event::Map { program, map, top, div })
            }
            (runtime::Event::Element { map, entry }, _) => {
                snapshot(map, entry.into_iter().collect()).map(|map| Event::Element { program, map })
            }
            (runtime::Event::Table { entries, .. }, Some(Told::Table { title, headings, maps, top })) => {
                let maps = maps.iter().zip(entries).filter_map(|(map, entries)| snapshot(*map, entries));
                let (title, headings) = (Arc::clone(title), Arc::clone(headings));
                Some(Event::Table { program, title, headings, maps: maps.collect(), top: *top })
            }
            (runtime::Event::Message { args, .. }, Some(Told::Message { error, place, format })) => {
                let (place, format) = (place.clone(), Arc::clone(format));
                Some(Event::Message { program, error: *error, place, format, args })
            }
            (runtime::Event::Trouble { code, .. }, Some(Told::Trouble { what, place, excerpt })) => {
                let (place, excerpt) = (place.clone(), excerpt.clone());
                Some(Event::Trouble { program, what: *what, place, excerpt, code })
            }
            (runtime::Event::System { args, .. }, Some(Told::System(format))) => {
                Some(Event::System { program, format: Arc::clone(format), args })
            }
            (runtime::Event::Cat { args, .. }, Some(Told::Cat { format, limit })) => {
                Some(Event::Cat { program, format: Arc::clone(format), args, limit: *limit })
            }
            (runtime::Event::Join { args, .. }, Some(Told::Join(separator))) => {
                Some(Event::Join { program, separator: Arc::clone(separator), words: args })
            }
            _ => None,
        };
        event.unwrap_or(Event::Broken)
    }
}
