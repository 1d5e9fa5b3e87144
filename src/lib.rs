//! See inside running Go programs on Linux: a scripting language that knows goroutines, compiled to eBPF.
//!
//! This crate is what the command `gprobe` is made of, for other programs to use. A [`Session`] is on a target: it compiles
//! scripts, attaches them while the target runs on, and tells what happens as typed [events](Event).
//!
//! ```no_run
//! use gprobe::{Event, Session};
//!
//! # fn main() -> Result<(), gprobe::Error> {
//! let script = "go:main.handle { printf(\"%d\\n\", goid); @calls[goid] = count(); }";
//! let mut session = Session::builder().pid(4242).script(script).attach()?;
//! for event in session.events().take(10) {
//!     if let Event::Printf { args, .. } = event? {
//!         println!("goroutine {:?}", args.first());
//!     }
//! }
//! for entry in session.map("@calls")?.entries {
//!     println!("{:?}: {:?}", entry.key, entry.datum);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing of the target is changed: it is not stopped, and nothing is written to its memory. What a session holds in the kernel
//! hangs on file descriptors of this process, and goes with them, however the process ends. It needs the rights that the command
//! needs: root, or `CAP_BPF`, `CAP_PERFMON` and `CAP_SYS_PTRACE`.
//!
//! # Features
//!
//! - `cli` (on): the command itself, [`cli::main`]. Programs that embed gprobe want `default-features = false`, and of
//!   the features below what they use.
//! - `live`: [`Session`] and all that goes with it.
//! - `tokio`: events as a stream, `Session::stream`.
//!
//! Without any there are [`lang`], [`symbols`], [`compiler`] and [`stdlib`], which use no BPF and no system calls but to map
//! files: for editors, and to compile scripts on other machines.

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "live")]
pub mod complete;
#[cfg(feature = "live")]
mod files;
#[cfg(feature = "live")]
pub mod output;
#[cfg(feature = "live")]
mod session;
#[cfg(feature = "live")]
mod signature;

pub use gprobe_compiler as compiler;
pub use gprobe_lang as lang;
pub use gprobe_stdlib as stdlib;
pub use gprobe_symbols as symbols;

/// What probes cost on this machine, and what those of a session have cost.
#[cfg(feature = "live")]
pub use gprobe_runtime::cost;
/// Go values, and how they are written.
#[cfg(feature = "live")]
pub use gprobe_runtime::go;
#[cfg(feature = "live")]
pub use gprobe_runtime::{
    Departure, Error as TargetError, Fate, Frame, FrameKind, LeftOut, MapDatum, MapEntry, SeriesPoint,
    Symbolise, Value,
};
#[cfg(feature = "tokio")]
pub use session::EventStream;
#[cfg(feature = "live")]
pub use session::{
    Attachment, Bucket, Builder, Entered, Error, Event, Events, MapSnapshot, Measured, Program, ProgramId,
    Script, ScriptError, Session, State, StopHandle,
};
