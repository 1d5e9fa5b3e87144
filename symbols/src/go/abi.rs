//! Go's ABIInternal on x86-64: where arguments and results are (`cmd/compile/abi-internal.md`).

use crate::error::Error;
use crate::insn::x64::X64Reg;
use crate::layout::{Layout, TypeId, TypeKind};
use crate::location::Location;

/// DWARF numbers of the integer registers in the order of assignment: RAX, RBX, RCX, RDI, RSI, R8 to
/// R11.
const INTEGERS: [u16; 9] = [0, 3, 2, 5, 4, 8, 9, 10, 11];
/// DWARF number of X0; the floating-point registers are X0 to X14.
const FIRST_FLOAT: u16 = 17;
const FLOATS: usize = 15;
/// Structs nest no deeper in practice.
const MAX_DEPTH: usize = 32;
/// Parts of all values, with those that are empty: structs of two structs of two... can be any number.
const MAX_PARTS: usize = 4096;

/// Where values of these types are, in order; what does not fit the registers is on the stack and
/// given as [`Location::Unavailable`].
pub(crate) fn assign(layout: Layout<'_>, types: &[TypeId]) -> Result<Vec<Location>, Error> {
    let mut registers = Registers::default();
    types
        .iter()
        .map(|&ty| {
            let before = registers;
            let mut pieces = Vec::new();
            if registers.assign(layout, ty, &mut pieces, 0)? {
                return Ok(match pieces.as_slice() {
                    [(location, _)] => location.clone(),
                    _ => Location::Pieces(pieces),
                });
            }
            registers = Registers { parts: registers.parts, ..before };
            Ok(Location::Unavailable)
        })
        .collect()
}

/// Registers that are taken.
#[derive(Clone, Copy, Default)]
struct Registers {
    integers: usize,
    floats: usize,
    /// Parts that were looked at.
    parts: usize,
}

impl Registers {
    /// Assigns a value's parts; `false` where they do not all fit.
    fn assign(
        &mut self,
        layout: Layout<'_>,
        ty: TypeId,
        pieces: &mut Vec<(Location, u64)>,
        depth: usize,
    ) -> Result<bool, Error> {
        if depth > MAX_DEPTH || self.parts >= MAX_PARTS {
            return Ok(false);
        }
        self.parts = self.parts.saturating_add(1);
        let value = layout.ty(ty)?;
        let words = |count: usize| vec![8; count];
        let integers = match value.kind {
            TypeKind::Int { .. } | TypeKind::Bool => vec![value.size],
            TypeKind::Pointer(_)
            | TypeKind::UnsafePointer
            | TypeKind::Func
            | TypeKind::Chan { .. }
            | TypeKind::Map { .. } => words(1),
            TypeKind::String | TypeKind::Interface { .. } => words(2),
            TypeKind::Slice { .. } => words(3),
            TypeKind::Float => return Ok(self.float(value.size, pieces)),
            TypeKind::Complex => {
                let half = value.size >> 1;
                return Ok(self.float(half, pieces) && self.float(half, pieces));
            }
            TypeKind::Struct { fields } => {
                for field in fields {
                    if !self.assign(layout, field.ty, pieces, depth.saturating_add(1))? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            TypeKind::Array { elem, count } => {
                return match count {
                    0 => Ok(true),
                    1 => self.assign(layout, elem, pieces, depth.saturating_add(1)),
                    _ => Ok(false),
                };
            }
            TypeKind::Opaque => return Ok(false),
        };
        for size in integers {
            let Some(&register) = INTEGERS.get(self.integers) else { return Ok(false) };
            self.integers = self.integers.saturating_add(1);
            pieces.push((Location::Register(X64Reg(register)), size));
        }
        Ok(true)
    }

    fn float(&mut self, size: u64, pieces: &mut Vec<(Location, u64)>) -> bool {
        let number = u16::try_from(self.floats).unwrap_or(u16::MAX);
        if self.floats >= FLOATS {
            return false;
        }
        self.floats = self.floats.saturating_add(1);
        pieces.push((Location::Register(X64Reg(FIRST_FLOAT.saturating_add(number))), size));
        true
    }
}
