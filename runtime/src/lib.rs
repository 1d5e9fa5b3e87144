//! Loads, attaches and reads compiled gprobe scripts. Internal to gprobe.
//!
//! The life of a script: [`Tracer::load`] puts an [`Artifact`](gprobe_compiler::artifact::Artifact) in the kernel;
//! [`Tracer::attach`] runs `begin` and puts the probes in place; [`Tracer::poll`] gives what scripts print, [`Event`] by
//! event; [`Tracer::detach`] takes the probes away and runs `end`; the maps can be read ([`Tracer::snapshot`]) until the
//! tracer is dropped. Everything the kernel holds hangs on file descriptors of this process: when it dies, however it
//! dies, all of it is gone.
//!
//! This crate never prints and never parses a script.

pub mod cost;
mod decode;
mod error;
mod event;
mod examine;
pub mod go;
mod gostack;
mod iterate;
pub mod kernel;
mod load;
mod names;
mod own_stack;
pub mod process;
mod read;
mod store;
mod symbolise;
#[allow(unsafe_code, reason = "the one place that talks to the kernel")]
mod sys;
mod targets;
mod tracer;
mod verify;
mod world;

pub use error::Error;
pub use event::{Event, Frame, FrameKind, MapDatum, MapEntry, SeriesPoint, Value};
pub use examine::examine_program;
pub use kernel::uprobes::LeftOut;
pub use symbolise::Symbolise;
#[cfg(feature = "tokio")]
pub use sys::ready::Ready;
pub use targets::{Departure, Fate};
pub use tracer::{ScriptId, Traced, Tracer};
pub use world::{LiveWorld, open_binary};
