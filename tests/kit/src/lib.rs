//! Internal: what the tests, the benches and `xtask` share. It fetches Go toolchains, builds Go
//! programs that know the truth about themselves, runs them, and runs gprobe beside them.
//!
//! ```no_run
//! use gprobe_testkit::{Gprobe, Program, Target, require_bpf};
//!
//! require_bpf();
//! let program = Program::build("counts", "1.27", &[]);
//! let mut target = Target::start(&program, &["-n", "1000"]);
//! let mut gprobe = Gprobe::new()
//!     .args(["-f", "json", "-p", &target.pid().to_string()])
//!     .args(["-e", "go:main.plain { @ = count(); }"])
//!     .run_until_attached();
//! target.go();
//! let truth = target.truth("entry.main.plain");
//! let output = gprobe.interrupt();
//! assert_eq!(output.maps()["@"], truth);
//! target.finish();
//! ```
//!
//! Functions panic with the whole story rather than return errors, because a test has nothing
//! better to do with an error; what `xtask` needs as well has a form that returns it.

mod bpf;

pub mod apt;
pub mod bpftrace;
pub mod builds;
pub mod cache;
pub mod damage;
pub mod debian;
mod exec;
mod executable;
pub mod generate;
pub mod go;
mod gprobe;
mod library;
mod lines;
mod patience;
mod program;
pub mod sqlite;
mod tables;
mod target;
mod tmux;

pub use bpf::{bpf_problem, require_bpf};
pub use builds::Build;
pub use exec::ExecError;
pub use executable::{copy_program, executable};
pub use go::{Go, go};
pub use gprobe::{Gprobe, Output, Running};
pub use library::library;
pub use patience::patience;
pub use program::{Program, workspace};
pub use target::Target;
pub use tmux::Tmux;
