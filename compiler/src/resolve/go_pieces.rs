//! The pieces of a value that is in several registers.

use gprobe_symbols::{Binary, Layout, Location, TypeId, TypeKind};

/// How deep types may be nested.
const MOST_NESTED: usize = 24;

/// A location as pieces of the value: the offset in it, the bytes, and where they are; `None` where there is
/// nothing to read.
pub(super) fn pieces(binary: &Binary, ty: TypeId, location: Location) -> Option<Vec<(u64, u64, Location)>> {
    let layout = binary.layout();
    let size = layout.size_of(ty).unwrap_or(8);
    let parts = match location {
        Location::Unavailable => return None,
        Location::Pieces(parts) => parts,
        whole => return Some(vec![(0, size, whole)]),
    };
    // Go names no piece for the gap between two fields, so what follows one is further than the sum.
    let mut words = Vec::new();
    let known = machine_words(layout, ty, 0, 0, &mut words).is_some()
        && words.iter().map(|(_, size)| size).eq(parts.iter().map(|(_, bytes)| bytes));
    let mut end = 0;
    let starts = parts.iter().enumerate().map(|(index, (_, bytes))| {
        let start = words.get(index).filter(|_| known).map_or(end, |(at, _)| *at);
        end = start + bytes;
        start
    });
    let starts: Vec<u64> = starts.collect();
    Some(starts.into_iter().zip(parts).map(|(at, (location, bytes))| (at, bytes, location)).collect())
}

/// The offsets and bytes of what a value's registers hold, in order (`cmd/compile/abi-internal.md`).
fn machine_words(
    layout: Layout<'_>,
    ty: TypeId,
    at: u64,
    nested: usize,
    words: &mut Vec<(u64, u64)>,
) -> Option<()> {
    let of = layout.ty(ty).ok()?;
    if nested > MOST_NESTED {
        return None;
    }
    let count = match of.kind {
        TypeKind::Struct { fields } => {
            return fields
                .iter()
                .try_for_each(|field| machine_words(layout, field.ty, at + field.offset, nested + 1, words));
        }
        TypeKind::Array { count: 0, .. } => return Some(()),
        TypeKind::Array { elem, count: 1 } => return machine_words(layout, elem, at, nested + 1, words),
        TypeKind::Array { .. } | TypeKind::Opaque => return None,
        TypeKind::Slice { .. } => 3,
        TypeKind::String | TypeKind::Interface { .. } | TypeKind::Complex => 2,
        _ => 1,
    };
    let size = of.size / count;
    words.extend((0..count).map(|n| (at + n * size, size)));
    Some(())
}
