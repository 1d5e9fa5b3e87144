//! Go values in records: their bytes, and the bytes of what they point to.
//!
//! A capture is the value's own bytes as they lay in memory, padded to a multiple of 8, and areas behind
//! them. An area is the address that it was read from (`u64`), how many bytes were read (`u64`, 0: none),
//! and room for the most bytes that it can have. Whoever reads a capture follows pointers by looking for
//! an area that holds the address.

use gprobe_symbols::TypeId;

/// Bytes of an area before what was read.
pub const AREA_HEADER: u32 = 16;
/// Bytes that are kept of the value in an interface, whose type is not known before.
pub const DYNAMIC_BYTES: u32 = 64;
/// Bytes that are kept of text in an interface's value.
pub const DYNAMIC_TEXT: u32 = 128;
/// Tables that are kept of a large map.
pub const MAP_TABLES: u32 = 2;
/// Bytes of `internal/runtime/maps.Map` and of `runtime.hmap` that are kept.
pub const MAP_HEADER: u32 = 48;
/// Bytes of `internal/runtime/maps.table` that are kept.
pub const TABLE_BYTES: u32 = 40;

/// How a Go value is captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoCapture {
    /// The value's type.
    pub ty: GoType,
    /// Bytes of the value.
    pub size: u32,
    /// What is read besides it.
    pub plan: Vec<Follow>,
    /// Bytes of the whole capture, a multiple of 8.
    pub bytes: u32,
}

/// A type of the target, or a pointer to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoType {
    /// The type.
    Of(TypeId),
    /// A pointer to it.
    PointerTo(TypeId),
    /// One of the types that it stands for in a generic function: the last word of the value's bytes is the
    /// address of the exact one.
    Shape(TypeId),
}

/// Something that is read besides a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Follow {
    /// Where in the value's bytes the words are that say what.
    pub at: u32,
    /// Where its first area is: bytes from the start of the capture, or of the element's part of it.
    pub area: u32,
    /// What is read.
    pub what: What,
}

/// Kinds of what is read besides a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A string's bytes: by pointer and length.
    Text {
        /// Most bytes.
        max: u32,
    },
    /// A slice's elements: by pointer and length.
    Slice {
        /// Bytes of an element.
        stride: u32,
        /// Most elements.
        count: u32,
        /// What is read besides each element.
        each: Vec<Follow>,
        /// Bytes of the areas of one element; those of all stand behind the elements.
        each_bytes: u32,
    },
    /// What a pointer points to.
    Pointer {
        /// Bytes.
        size: u32,
        /// What is read besides it.
        each: Vec<Follow>,
    },
    /// An interface's type and value, as far as they go without knowing the type.
    Interface {
        /// `any`: the first word is the type and not an itab.
        empty: bool,
        /// Interfaces in the value are followed too.
        deep: bool,
    },
    /// A map of Go 1.24 and later (`internal/runtime/maps`).
    SwissMap(MapSlots),
    /// A map of Go up to 1.23 (`runtime.hmap`).
    OldMap(MapSlots),
}

/// How a map's entries lie in a group or a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MapSlots {
    /// Bytes of a group or a bucket.
    pub group: u32,
    /// From its start to the first key.
    pub keys: u32,
    /// From a key to the next.
    pub key_stride: u32,
    /// From the start to the first value.
    pub elems: u32,
    /// From a value to the next.
    pub elem_stride: u32,
    /// What is read besides each key.
    pub each_key: Vec<Follow>,
    /// What is read besides each value.
    pub each_elem: Vec<Follow>,
    /// Bytes of the areas of one entry: first the key's, then the value's.
    pub each_bytes: u32,
    /// Bytes of the areas of the key.
    pub key_bytes: u32,
    /// Tables that are followed.
    pub tables: u32,
    /// Groups of a table, or buckets, that are followed.
    pub groups: u32,
}

impl What {
    /// Bytes of its areas.
    pub fn bytes(&self) -> u32 {
        let area = |bytes: u32| AREA_HEADER + bytes.next_multiple_of(8);
        match self {
            Self::Text { max } => area(*max),
            Self::Slice { stride, count, each_bytes, .. } => area(stride * count) + each_bytes * count,
            Self::Pointer { size, each } => area(*size) + each.iter().map(|f| f.what.bytes()).sum::<u32>(),
            Self::Interface { deep, .. } => {
                let shallow = area(8) + area(DYNAMIC_BYTES) + 2 * area(DYNAMIC_TEXT);
                if *deep {
                    shallow + 2 * Self::Interface { empty: false, deep: false }.bytes()
                } else {
                    shallow
                }
            }
            Self::SwissMap(slots) => {
                let directory = area(slots.group.max(8 * MAP_TABLES));
                let table = area(TABLE_BYTES) + slots.groups_bytes();
                area(MAP_HEADER) + directory + 8 * slots.each_bytes + slots.tables * table
            }
            // The buckets, and one more behind each that has run over.
            Self::OldMap(slots) => area(MAP_HEADER) + slots.groups_bytes() + slots.overflow_bytes(),
        }
    }
}

impl MapSlots {
    /// Bytes of the areas of the buckets that others have run over to, and of their entries.
    pub fn overflow_bytes(&self) -> u32 {
        (AREA_HEADER + self.group.next_multiple_of(8)) * self.groups + self.each_bytes * 8 * self.groups
    }

    /// Bytes of the areas of all groups that are followed, and of their entries.
    pub fn groups_bytes(&self) -> u32 {
        let groups = AREA_HEADER + (self.group * self.groups).next_multiple_of(8);
        groups + self.each_bytes * 8 * self.groups
    }
}
