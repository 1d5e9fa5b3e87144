//! What the fuzz targets try with one input. A panic, an overflow or a hang is the finding.

mod binaries;
#[cfg(feature = "scripts")]
mod scripts;
#[cfg(feature = "scripts")]
mod world;

pub use binaries::try_damage;
pub use gprobe_testkit::damage::Kind;
#[cfg(feature = "scripts")]
pub use scripts::{GENERATE, try_check, try_parse};
