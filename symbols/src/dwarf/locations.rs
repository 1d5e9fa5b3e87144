//! Where variables are, by address.

use crate::address::LinkAddr;
use crate::location::Location;

/// Where one variable is, by address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Locations {
    /// The same place everywhere in the function.
    Fixed(Location),
    /// By range of addresses, start to end (exclusive).
    Ranges(Vec<(LinkAddr, LinkAddr, Location)>),
}

impl Locations {
    pub(crate) fn at(&self, addr: LinkAddr) -> Location {
        match self {
            Self::Fixed(location) => location.clone(),
            Self::Ranges(ranges) => ranges
                .iter()
                .find(|(start, end, _)| *start <= addr && addr < *end)
                .map_or(Location::Unavailable, |(_, _, location)| location.clone()),
        }
    }
}
