//! Where a value is when a probe hits.

use crate::address::LinkAddr;
use crate::dwarf::locations::Locations;
use crate::insn::x64::X64Reg;
use crate::layout::TypeId;

/// Where a value is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// In a register, in its low bytes.
    Register(X64Reg),
    /// In memory, this many bytes from the CFA, the stack pointer before the call pushed the
    /// return address. At the entry and return sites of [`Sites`](crate::Sites) the CFA is rsp + 8.
    FrameOffset(i64),
    /// In pieces, in order, each with its size in bytes.
    Pieces(Vec<(Location, u64)>),
    /// Nowhere: optimised away at this instruction, or computed in a way that is not known here.
    Unavailable,
}

/// A variable that a closure has captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Its name in the source.
    pub name: String,
    /// Its type; where it is captured by reference, that of a pointer to it.
    pub ty: TypeId,
    /// Whether the closure has its address, as the function around it goes on to change it.
    pub by_reference: bool,
    /// Bytes from the start of the closure's struct, whose address the closure is called with.
    pub offset: u64,
}

/// A parameter or a result of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name in the source; results without one are `~r0`, `~r1`..., parameters `_`.
    pub name: String,
    /// Its type.
    pub ty: TypeId,
    /// Whether it is a result.
    pub is_result: bool,
    /// In a function that several types share: which word of its dictionary, the parameter `.dict`, is the
    /// address of the exact type (`abi.Type`).
    pub dictionary: Option<u32>,
    pub(crate) locations: Locations,
}

impl Param {
    /// Where it is just before the instruction at `addr` is executed.
    pub fn location_at(&self, addr: LinkAddr) -> Location {
        self.locations.at(addr)
    }
}
