//! What probes cost the target: how often they are hit ([`Spent`]), what a hit takes on this machine ([`Price`]), and
//! whether that is more than it may be ([`Budget`]).
//!
//! A hit costs the trap that leads to its program, and the program's run. Programs count their hits themselves; what
//! a trap costs is measured on functions of gprobe's own; how long a run takes the kernel can tell, but to take the
//! time slows all programs of the machine a little, so that is done for a short while now and then.

mod budget;
mod meter;
mod price;
mod spent;

pub use budget::{Budget, Load, Passed};
pub(crate) use meter::Meter;
pub use price::{Price, price};
pub(crate) use spent::read;
pub use spent::{ProgramSpent, Spent, Took, Way};
