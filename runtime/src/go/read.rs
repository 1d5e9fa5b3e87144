//! Captures become values: pointers are followed through the areas that were read.

use std::sync::Arc;

use gprobe_compiler::artifact::{
    AREA_HEADER, DYNAMIC_BYTES, DYNAMIC_TEXT, Follow, GoCapture, GoType, MAP_HEADER, MAP_TABLES, MapSlots,
    TABLE_BYTES, What,
};
use gprobe_symbols::{Binary, TypeId, TypeKind};

use super::value::{GoKind, GoValue};
use crate::process::Places;

/// How deep values may be nested: a list that points to itself ends.
const MOST_NESTED: usize = 32;
/// Groups of a map's table that are looked for.
const MOST_GROUPS: u64 = 64;
/// Most elements of an array that are shown.
const MOST_ELEMENTS: u64 = 4096;

/// Reads one capture.
pub(crate) struct Reader<'a> {
    binary: &'a Arc<Binary>,
    /// Where the file is in memory.
    places: &'a Places,
    /// Address and bytes.
    areas: Vec<(u64, &'a [u8])>,
    /// Maps are those of Go 1.24 and later.
    swiss: bool,
}

impl<'a> Reader<'a> {
    /// The value of a capture; `None` where its bytes are too few.
    pub(crate) fn read(places: &'a Places, capture: &GoCapture, bytes: &'a [u8]) -> Option<GoValue> {
        let mut areas = Vec::new();
        gather(&capture.plan, bytes, 0, &mut areas);
        let binary = &places.file.binary;
        let swiss = binary.layout().find_type("internal/runtime/maps.Map").is_ok();
        let reader = Self { binary, places, areas, swiss };
        let image = bytes.get(..capture.size as usize)?;
        Some(match capture.ty {
            GoType::Of(ty) => reader.value(ty, image, 0),
            GoType::Shape(shape) => reader.value(reader.exact(shape, image), image, 0),
            GoType::PointerTo(to) => {
                let name = reader.binary.layout().ty(to).map(|ty| ty.name).unwrap_or_default();
                reader.pointer(format!("*{name}"), to, image, 0)
            }
        })
    }

    /// Bytes of the target that were read.
    fn memory(&self, addr: u64, len: usize) -> Option<&'a [u8]> {
        self.areas.iter().find_map(|(start, bytes)| {
            let at = usize::try_from(addr.checked_sub(*start)?).ok()?;
            bytes.get(at..at.checked_add(len)?)
        })
    }

    /// Up to `len` bytes of the target, as many as were read.
    fn some_memory(&self, addr: u64, len: usize) -> &'a [u8] {
        let found = self.areas.iter().filter_map(|(start, bytes)| {
            let at = usize::try_from(addr.checked_sub(*start)?).ok()?;
            let rest = bytes.get(at..)?;
            Some(rest.get(..len).unwrap_or(rest))
        });
        found.max_by_key(|bytes| bytes.len()).unwrap_or_default()
    }

    fn unread(ty: String) -> GoValue {
        GoValue { ty, kind: GoKind::Unread }
    }

    fn value(&self, id: TypeId, image: &[u8], nested: usize) -> GoValue {
        let Ok(ty) = self.binary.layout().ty(id) else { return Self::unread("?".into()) };
        let name = ty.name.clone();
        if nested > MOST_NESTED {
            return Self::unread(name);
        }
        let kind = self.kind(&ty, image, nested).unwrap_or(GoKind::Unread);
        GoValue { ty: name, kind }
    }

    fn kind(&self, ty: &gprobe_symbols::Type, image: &[u8], nested: usize) -> Option<GoKind> {
        let size = usize::try_from(ty.size).ok()?;
        Some(match &ty.kind {
            TypeKind::Int { signed: true } => GoKind::Int(signed(image.get(..size)?)),
            TypeKind::Int { signed: false } => GoKind::Uint(unsigned(image.get(..size)?)),
            TypeKind::Bool => GoKind::Bool(*image.first()? != 0),
            TypeKind::Float => GoKind::Float { bits: float(image.get(..size)?)?, bytes: ty.size as u8 },
            TypeKind::Complex => {
                let (re, im) = image.get(..size)?.split_at(size / 2);
                GoKind::Complex { re: float(re)?, im: float(im)?, bytes: (ty.size / 2) as u8 }
            }
            TypeKind::Pointer(Some(to)) => {
                return Some(self.pointer(ty.name.clone(), *to, image, nested).kind);
            }
            TypeKind::Pointer(None) | TypeKind::UnsafePointer => {
                GoKind::Pointer { addr: word(image, 0)?, to: None }
            }
            TypeKind::Struct { fields } => {
                let fields = fields.iter().map(|field| {
                    let at = usize::try_from(field.offset).unwrap_or(usize::MAX);
                    let value = match image.get(at..) {
                        Some(image) => self.value(field.ty, image, nested + 1),
                        None => Self::unread(String::new()),
                    };
                    (field.name.clone(), value)
                });
                GoKind::Struct(fields.collect())
            }
            TypeKind::Array { elem, count } => {
                let elements = self.elements(*elem, image, *count, nested);
                GoKind::List { elements, len: *count, cap: None }
            }
            TypeKind::String => {
                let (addr, len) = (word(image, 0)?, word(image, 8)?);
                let kept = self.some_memory(addr, usize::try_from(len).unwrap_or(usize::MAX));
                GoKind::Str { bytes: kept.to_vec(), truncated: (kept.len() as u64) < len }
            }
            TypeKind::Slice { elem } => {
                let (addr, len, cap) = (word(image, 0)?, word(image, 8)?, word(image, 16)?);
                let stride = self.binary.layout().size_of(*elem).ok()?;
                let bytes = usize::try_from(len.checked_mul(stride)?).unwrap_or(usize::MAX);
                let kept = self.some_memory(addr, bytes);
                let count = (kept.len() as u64).checked_div(stride).unwrap_or(len).min(len);
                let elements = self.elements(*elem, kept, count, nested);
                GoKind::List { elements, len, cap: Some(cap) }
            }
            TypeKind::Interface { empty } => self.interface(*empty, image, nested),
            TypeKind::Func => {
                let closure = word(image, 0)?;
                let code = match closure {
                    0 => 0,
                    closure => self.memory(closure, 8).and_then(|bytes| word(bytes, 0))?,
                };
                GoKind::Func { code, name: self.function(code) }
            }
            TypeKind::Chan { .. } => GoKind::Chan { addr: word(image, 0)? },
            TypeKind::Map { key, elem } => self.map(*key, *elem, word(image, 0)?, nested)?,
            _ => return None,
        })
    }

    fn function(&self, code: u64) -> Option<String> {
        let link = self.places.link_addr(code)?;
        self.binary.functions().containing(link).map(|function| function.name)
    }

    fn elements(&self, elem: TypeId, image: &[u8], count: u64, nested: usize) -> Vec<GoValue> {
        let Ok(stride) = self.binary.layout().size_of(elem) else { return Vec::new() };
        let stride = usize::try_from(stride).unwrap_or(usize::MAX);
        let count = usize::try_from(count.min(MOST_ELEMENTS)).unwrap_or(0);
        let images = (0..count).map_while(|i| image.get(i.checked_mul(stride)?..));
        images.map(|image| self.value(elem, image, nested + 1)).collect()
    }

    fn pointer(&self, ty: String, to: TypeId, image: &[u8], nested: usize) -> GoValue {
        let Some(addr) = word(image, 0) else { return Self::unread(ty) };
        let size = self.binary.layout().size_of(to).ok().and_then(|size| usize::try_from(size).ok());
        let bytes = match size {
            Some(0) if addr != 0 => Some(&[][..]),
            // Also where only its start was read.
            Some(size) if addr != 0 => Some(self.some_memory(addr, size)).filter(|bytes| !bytes.is_empty()),
            _ => None,
        };
        let to = bytes.map(|bytes| Box::new(self.value(to, bytes, nested + 1)));
        GoValue { ty, kind: GoKind::Pointer { addr, to } }
    }

    /// The type that a shape stands for: the image's last word is its address.
    fn exact(&self, shape: TypeId, image: &[u8]) -> TypeId {
        let ty = image.len().checked_sub(8).and_then(|last| word(image, last)).unwrap_or(0);
        let layout = self.binary.layout();
        let link = self.places.link_addr(ty);
        let found = link.and_then(|link| layout.runtime_type(link).ok().flatten());
        found.filter(|&exact| layout.size_of(exact).ok() == layout.size_of(shape).ok()).unwrap_or(shape)
    }

    fn interface(&self, empty: bool, image: &[u8], nested: usize) -> GoKind {
        let (Some(head), Some(data)) = (word(image, 0), word(image, 8)) else { return GoKind::Unread };
        if head == 0 {
            return GoKind::Interface(None);
        }
        let ty = if empty { Some(head) } else { self.memory(head + 8, 8).and_then(|bytes| word(bytes, 0)) };
        let Some(ty) = ty else { return GoKind::Unread };
        let link = self.places.link_addr(ty);
        let found = link.and_then(|link| self.binary.layout().runtime_type(link).ok().flatten());
        let Some(id) = found else {
            let name = type_name(self.places, ty).unwrap_or_default();
            return GoKind::Interface(Some((ty, Box::new(Self::unread(name)))));
        };
        let Ok(size) = self.binary.layout().size_of(id) else { return GoKind::Unread };
        let value = if self.is_direct(id, 0) {
            self.value(id, &data.to_le_bytes(), nested + 1)
        } else {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            // Where it is larger than what was read, the rest reads as such.
            self.value(id, self.some_memory(data, size), nested + 1)
        };
        GoKind::Interface(Some((ty, Box::new(value))))
    }

    /// Whether an interface holds the value itself, and not a pointer to it: pointers, and what is
    /// made of a single one.
    fn is_direct(&self, id: TypeId, nested: usize) -> bool {
        let Ok(ty) = self.binary.layout().ty(id) else { return false };
        match ty.kind {
            TypeKind::Pointer(_)
            | TypeKind::UnsafePointer
            | TypeKind::Func
            | TypeKind::Chan { .. }
            | TypeKind::Map { .. } => true,
            TypeKind::Struct { fields } if nested < MOST_NESTED => {
                matches!(fields.as_slice(), [one] if self.is_direct(one.ty, nested + 1))
            }
            TypeKind::Array { elem, count: 1 } if nested < MOST_NESTED => self.is_direct(elem, nested + 1),
            _ => false,
        }
    }

    fn map(&self, key: TypeId, elem: TypeId, addr: u64, nested: usize) -> Option<GoKind> {
        if addr == 0 {
            return Some(GoKind::Map { entries: Vec::new(), len: 0 });
        }
        let header = self.memory(addr, MAP_HEADER as usize)?;
        let len = word(header, 0)?;
        let mut entries = Vec::new();
        let (key_size, elem_size) =
            (self.binary.layout().size_of(key).ok()?, self.binary.layout().size_of(elem).ok()?);
        let shape = super::read::Shape::of(self, key, elem, key_size, elem_size);
        if self.swiss {
            self.swiss_groups(header, shape.group, |group| {
                self.swiss_group(group, &shape, key, elem, nested, &mut entries)
            });
        } else {
            self.old_buckets(header, shape.group, |bucket| {
                self.old_bucket(bucket, &shape, key, elem, nested, &mut entries);
            });
        }
        Some(GoKind::Map { entries, len })
    }

    /// Calls `f` with each group that was read.
    fn swiss_groups(&self, header: &[u8], group: usize, mut f: impl FnMut(&[u8])) {
        let (Some(dir), Some(dir_len)) = (word(header, 16), word(header, 24)) else { return };
        if dir_len == 0 {
            if let Some(bytes) = self.memory(dir, group) {
                f(bytes);
            }
            return;
        }
        let mut seen = Vec::new();
        for number in 0..dir_len.min(u64::from(MAP_TABLES)) {
            let table = self.memory(dir + 8 * number, 8).and_then(|bytes| word(bytes, 0));
            let Some(table) = table.filter(|table| !seen.contains(table)) else { continue };
            seen.push(table);
            let Some(fields) = self.memory(table, TABLE_BYTES as usize) else { continue };
            let (Some(data), Some(mask)) = (word(fields, 16), word(fields, 24)) else { continue };
            for index in 0..mask.saturating_add(1).min(MOST_GROUPS) {
                if let Some(bytes) = self.memory(data + index * group as u64, group) {
                    f(bytes);
                }
            }
        }
    }

    fn swiss_group(
        &self,
        group: &[u8],
        shape: &Shape,
        key: TypeId,
        elem: TypeId,
        nested: usize,
        entries: &mut Vec<(GoValue, GoValue)>,
    ) {
        for slot in 0..8 {
            // The highest bit says that a slot is empty or deleted.
            if group.get(slot).is_none_or(|control| control & 0x80 != 0) {
                continue;
            }
            let key_at = shape.keys + slot * shape.key_stride;
            let elem_at = shape.elems + slot * shape.elem_stride;
            if let (Some(k), Some(e)) = (group.get(key_at..), group.get(elem_at..)) {
                entries.push((self.value(key, k, nested + 1), self.value(elem, e, nested + 1)));
            }
        }
    }

    /// Calls `f` with each bucket that was read.
    fn old_buckets(&self, header: &[u8], group: usize, mut f: impl FnMut(&[u8])) {
        let (Some(log), Some(data)) = (header.get(9), word(header, 16)) else { return };
        let count = 1u64.checked_shl(u32::from(*log)).unwrap_or(0);
        for index in 0..count.min(MOST_GROUPS) {
            let Some(bucket) = self.memory(data + index * group as u64, group) else { continue };
            f(bucket);
            let next = group.checked_sub(8).and_then(|at| word(bucket, at)).unwrap_or(0);
            if let Some(bucket) = self.memory(next, group).filter(|_| next != 0) {
                f(bucket);
            }
        }
    }

    fn old_bucket(
        &self,
        bucket: &[u8],
        shape: &Shape,
        key: TypeId,
        elem: TypeId,
        nested: usize,
        entries: &mut Vec<(GoValue, GoValue)>,
    ) {
        // Below it a slot is empty or was moved (`minTopHash` of `runtime/map.go`).
        const LEAST: u8 = 5;
        for slot in 0..8 {
            if bucket.get(slot).is_none_or(|hash| *hash < LEAST) {
                continue;
            }
            let key_at = shape.keys + slot * shape.key_stride;
            let elem_at = shape.elems + slot * shape.elem_stride;
            if let (Some(k), Some(e)) = (bucket.get(key_at..), bucket.get(elem_at..)) {
                entries.push((self.value(key, k, nested + 1), self.value(elem, e, nested + 1)));
            }
        }
    }

    fn align(&self, id: TypeId, nested: usize) -> usize {
        let Ok(ty) = self.binary.layout().ty(id) else { return 8 };
        if nested > MOST_NESTED {
            return 8;
        }
        match ty.kind {
            TypeKind::Struct { fields } => {
                fields.iter().map(|field| self.align(field.ty, nested + 1)).max().unwrap_or(1)
            }
            TypeKind::Array { elem, .. } => self.align(elem, nested + 1),
            TypeKind::Complex => usize::try_from(ty.size / 2).unwrap_or(8).clamp(1, 8),
            TypeKind::Int { .. } | TypeKind::Bool | TypeKind::Float => {
                usize::try_from(ty.size).unwrap_or(8).clamp(1, 8)
            }
            _ => 8,
        }
    }
}

/// How a map's entries lie in a group or a bucket.
pub(crate) struct Shape {
    group: usize,
    keys: usize,
    key_stride: usize,
    elems: usize,
    elem_stride: usize,
}

impl Shape {
    fn of(reader: &Reader<'_>, key: TypeId, elem: TypeId, key_size: u64, elem_size: u64) -> Self {
        let (key_size, elem_size) = (key_size as usize, elem_size as usize);
        if !reader.swiss {
            let elems = 8 + 8 * key_size;
            let group = (elems + 8 * elem_size).next_multiple_of(8) + 8;
            return Self { group, keys: 8, key_stride: key_size, elems, elem_stride: elem_size };
        }
        let (key_align, elem_align) = (reader.align(key, 0), reader.align(elem, 0));
        let elem_at = key_size.next_multiple_of(elem_align);
        let stride = (elem_at + elem_size.max(1)).next_multiple_of(key_align.max(elem_align));
        let group = (8 + 8 * stride).next_multiple_of(8);
        Self { group, keys: 8, key_stride: stride, elems: 8 + elem_at, elem_stride: stride }
    }
}

/// The name of a type by the place of its `abi.Type` in memory (`internal/abi/type.go`).
pub(crate) fn type_name(places: &Places, addr: u64) -> Option<String> {
    let layout = places.file.binary.layout();
    let id = layout.runtime_type(places.link_addr(addr)?).ok().flatten()?;
    layout.ty(id).ok().map(|ty| ty.name)
}

/// Collects the areas that a plan says were read, `base` bytes into the capture.
fn gather<'a>(plan: &[Follow], bytes: &'a [u8], base: usize, areas: &mut Vec<(u64, &'a [u8])>) {
    for follow in plan {
        gather_one(&follow.what, bytes, base + follow.area as usize, areas);
    }
}

fn area<'a>(bytes: &'a [u8], at: usize, areas: &mut Vec<(u64, &'a [u8])>) {
    let Some(head) = bytes.get(at..) else { return };
    if let (Some(addr), Some(len)) = (word(head, 0), word(head, 8))
        && let Some(kept) = usize::try_from(len).ok().and_then(|len| head.get(16..16usize.checked_add(len)?))
        && !kept.is_empty()
    {
        areas.push((addr, kept));
    }
}

fn gather_one<'a>(what: &What, bytes: &'a [u8], at: usize, areas: &mut Vec<(u64, &'a [u8])>) {
    let header = AREA_HEADER as usize;
    area(bytes, at, areas);
    match what {
        What::Text { .. } => {}
        What::Slice { stride, count, each, each_bytes } => {
            let nested = at + header + ((stride * count) as usize).next_multiple_of(8);
            for index in 0..*count as usize {
                gather(each, bytes, nested + index * *each_bytes as usize, areas);
            }
        }
        What::Pointer { size, each } => {
            gather(each, bytes, at + header + (*size as usize).next_multiple_of(8), areas);
        }
        What::Interface { deep, .. } => {
            let value = at + header + 8;
            let first = value + header + DYNAMIC_BYTES as usize;
            let second = first + header + DYNAMIC_TEXT as usize;
            let nested = second + header + DYNAMIC_TEXT as usize;
            for place in [value, first, second] {
                area(bytes, place, areas);
            }
            if *deep {
                let inner = What::Interface { empty: false, deep: false };
                for number in 0..2 {
                    gather_one(&inner, bytes, nested + number * inner.bytes() as usize, areas);
                }
            }
        }
        What::SwissMap(slots) => {
            let directory = at + header + MAP_HEADER as usize;
            area(bytes, directory, areas);
            let room = slots.group.max(8 * MAP_TABLES).next_multiple_of(8) as usize;
            let entries = directory + header + room;
            gather_entries(slots, bytes, entries, 8, areas);
            let mut table = entries + 8 * slots.each_bytes as usize;
            for _ in 0..slots.tables {
                area(bytes, table, areas);
                let groups = table + header + TABLE_BYTES as usize;
                gather_groups(slots, bytes, groups, areas);
                table = groups + slots.groups_bytes() as usize;
            }
        }
        What::OldMap(slots) => {
            let buckets = at + header + MAP_HEADER as usize;
            gather_groups(slots, bytes, buckets, areas);
            let over = buckets + slots.groups_bytes() as usize;
            let one = header + slots.group.next_multiple_of(8) as usize;
            let entries = over + one * slots.groups as usize;
            for bucket in 0..slots.groups as usize {
                area(bytes, over + bucket * one, areas);
                gather_entries(slots, bytes, entries + bucket * 8 * slots.each_bytes as usize, 8, areas);
            }
        }
    }
}

fn gather_groups<'a>(slots: &MapSlots, bytes: &'a [u8], at: usize, areas: &mut Vec<(u64, &'a [u8])>) {
    area(bytes, at, areas);
    let room = (slots.group * slots.groups).next_multiple_of(8) as usize;
    gather_entries(slots, bytes, at + AREA_HEADER as usize + room, 8 * slots.groups as usize, areas);
}

fn gather_entries<'a>(
    slots: &MapSlots,
    bytes: &'a [u8],
    at: usize,
    count: usize,
    areas: &mut Vec<(u64, &'a [u8])>,
) {
    if slots.each_bytes == 0 {
        return;
    }
    for index in 0..count {
        let entry = at + index * slots.each_bytes as usize;
        gather(&slots.each_key, bytes, entry, areas);
        gather(&slots.each_elem, bytes, entry + slots.key_bytes as usize, areas);
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len().clamp(1, 8) as u32;
    (unsigned(bytes) << unused) as i64 >> unused
}

/// The bits of a number as an `f64`.
fn float(bytes: &[u8]) -> Option<u64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_le_bytes(bytes.try_into().ok()?)).to_bits()),
        8 => Some(unsigned(bytes)),
        _ => None,
    }
}
