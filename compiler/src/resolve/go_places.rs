//! How the entries of a Go map lie in memory: in groups since Go 1.24 (`internal/runtime/maps/group.go`), before
//! that in buckets (`runtime/map.go`). Both have eight places with a byte about each at the start.

use gprobe_symbols::{Binary, TypeId, TypeKind};

/// Bytes of keys and values up to which maps hold them in place (`internal/abi/map.go`).
const IN_PLACE: u64 = 128;
/// How deep types may be nested.
const MOST_NESTED: usize = 24;

/// Whether maps are those of Go 1.24 and later.
pub(super) fn is_swiss(binary: &Binary) -> bool {
    binary.layout().find_type("internal/runtime/maps.Map").is_ok()
}

/// Offsets within a group or a bucket, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Bytes of a group or a bucket.
    pub(super) group: u32,
    /// From its start to the first key.
    pub(super) keys: u32,
    /// From a key to the next.
    pub(super) key_stride: u32,
    /// From the start to the first value.
    pub(super) elems: u32,
    /// From a value to the next.
    pub(super) elem_stride: u32,
    /// Keys are elsewhere, and their address is here.
    pub(super) key_is_pointer: bool,
    /// So are values.
    pub(super) elem_is_pointer: bool,
}

impl Places {
    /// Those of a map of these types; `None` where their sizes are not known.
    pub(super) fn of(binary: &Binary, swiss: bool, key: TypeId, elem: TypeId) -> Option<Self> {
        let layout = binary.layout();
        let (key_size, elem_size) = (layout.size_of(key).ok()?, layout.size_of(elem).ok()?);
        let (key_is_pointer, elem_is_pointer) = (key_size > IN_PLACE, elem_size > IN_PLACE);
        let size = |bytes: u64, pointer: bool| if pointer { 8 } else { bytes as u32 };
        let (key_size, elem_size) = (size(key_size, key_is_pointer), size(elem_size, elem_is_pointer));
        if !swiss {
            let elems = 8 + 8 * key_size;
            return Some(Self {
                // Behind it, the address of a bucket with more.
                group: (elems + 8 * elem_size).next_multiple_of(8) + 8,
                keys: 8,
                key_stride: key_size,
                elems,
                elem_stride: elem_size,
                key_is_pointer,
                elem_is_pointer,
            });
        }
        let of = |id, pointer: bool| if pointer { 8 } else { align(binary, id, 0) };
        let (key_align, elem_align) = (of(key, key_is_pointer), of(elem, elem_is_pointer));
        let elem_at = key_size.next_multiple_of(elem_align);
        // A last field of no size gets a byte, so that its address is within the slot.
        let end = elem_at + if elem_size == 0 { 1 } else { elem_size };
        let stride = end.next_multiple_of(key_align.max(elem_align));
        Some(Self {
            group: (8 + 8 * stride).next_multiple_of(8),
            keys: 8,
            key_stride: stride,
            elems: 8 + elem_at,
            elem_stride: stride,
            key_is_pointer,
            elem_is_pointer,
        })
    }
}

/// What a value's address is a multiple of.
fn align(binary: &Binary, id: TypeId, nested: usize) -> u32 {
    let Ok(ty) = binary.layout().ty(id) else { return 8 };
    if nested > MOST_NESTED {
        return 8;
    }
    match ty.kind {
        TypeKind::Struct { fields } => {
            fields.iter().map(|field| align(binary, field.ty, nested + 1)).max().unwrap_or(1)
        }
        TypeKind::Array { elem, .. } => align(binary, elem, nested + 1),
        TypeKind::Complex => (ty.size as u32 / 2).clamp(1, 8),
        TypeKind::Int { .. } | TypeKind::Bool | TypeKind::Float => (ty.size as u32).clamp(1, 8),
        _ => 8,
    }
}
