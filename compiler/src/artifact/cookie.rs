//! What the cookie of a site says, which is one word: the parts and where they are.

use super::SiteInfo;

/// From bit 0 on: the index of the probe's name in [`Artifact::probes`](super::Artifact::probes).
pub const COOKIE_NAME_BITS: u32 = 22;

/// The site is the conditional jump of a stack check, and counts as an entry only where the jump is not about to be
/// taken.
pub const COOKIE_CHECK_FLAGS: u64 = 1 << COOKIE_NAME_BITS;

/// From this bit on, two of them: the index in [`Hits::CLASSES`](super::Hits::CLASSES) of what the site costs.
pub const COOKIE_COST: u32 = COOKIE_NAME_BITS + 1;

/// From this bit on, 16 of them, signed: bytes from what is in a register to the operand of the atomic instruction before
/// the site.
pub const COOKIE_DISPLACEMENT: u32 = COOKIE_COST + 2;

/// From this bit on: the function's number, by which `func` is compared and named. The entry and the returns of a
/// function have the same.
pub const COOKIE_FUNCTION: u32 = COOKIE_DISPLACEMENT + 16;

impl SiteInfo {
    /// The index of the probe's name in [`Artifact::probes`](super::Artifact::probes).
    pub fn probe(&self) -> usize {
        (self.cookie & ((1 << COOKIE_NAME_BITS) - 1)) as usize
    }
}
