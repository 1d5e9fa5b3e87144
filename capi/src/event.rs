//! What happens.

use std::ffi::{CString, c_char};
use std::ptr::null;

use gprobe_rust as gprobe;

use crate::error::guarded;
use crate::map::Map;
use crate::text::{c_string, shared};
use crate::value::Value;

/// What an event is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// printf(): gprobe_event_text(), gprobe_event_args(), gprobe_event_arg().
    Printf = 0,
    /// print() of a value: gprobe_event_arg() 0.
    Value = 1,
    /// print() of a map, a part of it, or a table's first map: gprobe_event_map().
    Map = 2,
    /// errorf() or warnf(), or something that went wrong in a script: gprobe_event_text().
    Message = 3,
    /// Something was lost: gprobe_event_number() says how much.
    Loss = 4,
    /// A process is traced no longer: gprobe_event_number() is its id.
    TargetExit = 5,
    /// A program called exit(): gprobe_event_number() is the code.
    Exit = 6,
    /// Something that C can't look into.
    Other = 7,
}

/// Something that happened.
pub struct Event {
    kind: EventKind,
    program: u32,
    text: Option<CString>,
    args: Vec<Value>,
    map: Option<Map>,
    number: i64,
}

impl Event {
    pub(crate) fn new(event: gprobe::Event) -> Self {
        use gprobe::Event as E;
        let program = event.program().map_or(0, |program| program.0);
        let text = event.text().map(|text| c_string(&text));
        let of = |kind| Self { kind, program, text: text.clone(), args: Vec::new(), map: None, number: 0 };
        let values = |values: &[gprobe::Value]| values.iter().map(Value::new).collect();
        match event {
            E::Printf { args, .. } => Self { args: values(&args), ..of(EventKind::Printf) },
            E::Value { value, .. } => Self { args: values(&[value]), ..of(EventKind::Value) },
            E::Map { map, .. } | E::Element { map, .. } => {
                Self { map: Some(Map::new(map)), ..of(EventKind::Map) }
            }
            E::Table { maps, .. } => {
                Self { map: maps.into_iter().next().map(Map::new), ..of(EventKind::Map) }
            }
            E::Message { args, .. } => Self { args: values(&args), ..of(EventKind::Message) },
            E::Trouble { what, .. } => {
                Self { text: Some(c_string(&format!("{what:?}"))), ..of(EventKind::Message) }
            }
            E::Loss { count, .. } => {
                Self { number: i64::try_from(count).unwrap_or(i64::MAX), ..of(EventKind::Loss) }
            }
            E::TargetExit(gone) => Self { number: gone.pid.into(), ..of(EventKind::TargetExit) },
            E::Exit { code, .. } => Self { number: code.into(), ..of(EventKind::Exit) },
            _ => of(EventKind::Other),
        }
    }
}

/// What an event is; GPROBE_EVENT_TYPE_OTHER for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_event_kind(event: *const Event) -> EventKind {
    guarded(EventKind::Other, || Ok(shared(event, "event")?.kind))
}

/// The number of the program that did it; 0 where none did.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_event_program(event: *const Event) -> u32 {
    guarded(0, || Ok(shared(event, "event")?.program))
}

/// What it reads as; NULL for what is no text. Control characters of the target may be in it.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_event_text(event: *const Event) -> *const c_char {
    guarded(null(), || Ok(shared(event, "event")?.text.as_ref().map_or(null(), |text| text.as_ptr())))
}

/// How many arguments it has.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_event_args(event: *const Event) -> usize {
    guarded(0, || Ok(shared(event, "event")?.args.len()))
}

/// An argument; it belongs to the event. NULL where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_event_arg(event: *const Event, index: usize) -> *const Value {
    guarded(null(), || Ok(shared(event, "event")?.args.get(index).map_or(null(), std::ptr::from_ref)))
}

/// Its map; it belongs to the event. NULL where it has none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_event_map(event: *const Event) -> *const Map {
    guarded(null(), || Ok(shared(event, "event")?.map.as_ref().map_or(null(), std::ptr::from_ref)))
}

/// A loss's count, a process's id, an exit code; 0 for others.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_event_number(event: *const Event) -> i64 {
    guarded(0, || Ok(shared(event, "event")?.number))
}
