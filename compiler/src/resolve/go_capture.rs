//! Plans what is read of a Go value besides its own bytes, so that it can be shown whole.

use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;
use gprobe_symbols::{Binary, TypeId, TypeKind};

use super::body::Body;
use super::go_places::{Places, is_swiss};
use super::typed::{Expr, ExprKind, GoImage, Ty};
use crate::artifact::{Follow, GoCapture, GoType, MapSlots, Type, What};

/// Most bytes of a capture.
const MOST_BYTES: u32 = 10 << 10;
/// Most bytes of a value.
const MOST_VALUE: u64 = 4 << 10;
/// How deep types may be nested.
const MOST_NESTED: usize = 24;

/// How much is followed.
#[derive(Clone, Copy)]
struct Limits {
    /// Bytes of a string.
    text: u32,
    /// Elements of a slice that point to something.
    elements: u32,
    /// Bytes of elements that do not.
    flat: u32,
    /// Slices and maps in one another.
    depth: usize,
    /// Groups of a map's table, or buckets.
    groups: u32,
    /// Interfaces in an interface's value.
    deep: bool,
}

/// From most to least: the first that fits is taken.
const LIMITS: [Limits; 8] = [
    Limits { text: 128, elements: 16, flat: 1024, depth: 3, groups: 8, deep: true },
    Limits { text: 64, elements: 8, flat: 512, depth: 3, groups: 8, deep: true },
    Limits { text: 32, elements: 8, flat: 512, depth: 3, groups: 8, deep: true },
    Limits { text: 64, elements: 8, flat: 256, depth: 3, groups: 2, deep: true },
    Limits { text: 48, elements: 4, flat: 128, depth: 3, groups: 1, deep: false },
    Limits { text: 32, elements: 2, flat: 64, depth: 3, groups: 1, deep: false },
    Limits { text: 32, elements: 2, flat: 32, depth: 1, groups: 1, deep: false },
    Limits { text: 16, elements: 1, flat: 16, depth: 0, groups: 1, deep: false },
];

impl Body<'_, '_> {
    /// A Go value as one that can be shown whole.
    pub(super) fn captured(&mut self, ty: GoType, size: u64, image: GoImage, span: Span) -> Option<Expr> {
        let executable = self.cx.go_executable().cloned()?;
        if size > MOST_VALUE {
            self.error(
                Diagnostic::error(
                    "too-large",
                    span,
                    format!("this value has {size} bytes, more than is shown at once"),
                )
                .help("name one of its fields or elements"),
            );
            return None;
        }
        let found = self.cx.go_values.iter().position(|known| known.ty == ty);
        let index = match found {
            Some(index) => index,
            None => {
                let Some(capture) = plan(&executable.binary, ty, size as u32) else {
                    self.error(
                        Diagnostic::error(
                            "too-large",
                            span,
                            "this value points to more than is shown at once",
                        )
                        .help("name one of its fields or elements"),
                    );
                    return None;
                };
                self.cx.go_values.push(capture);
                self.cx.go_values.len() - 1
            }
        };
        let bytes = self.cx.go_values.get(index).map_or(0, |capture| capture.bytes);
        let capture = index as u32;
        let kind = ExprKind::GoValue { capture, image };
        Some(Expr { kind, ty: Ty::Value(Type::Go { capture, bytes }), span })
    }
}

/// The largest plan that fits.
fn plan(binary: &Binary, ty: GoType, size: u32) -> Option<GoCapture> {
    LIMITS.iter().find_map(|&limits| {
        let planner = Planner { binary, limits, swiss: is_swiss(binary) };
        let start = size.next_multiple_of(8).max(8);
        let mut area = start;
        let mut plan = Vec::new();
        match ty {
            GoType::Of(id) | GoType::Shape(id) => match binary.layout().ty(id).ok()?.kind {
                // Only the outermost pointer is followed, as fmt does.
                TypeKind::Pointer(Some(to)) => planner.pointer(to, 0, 0, &mut area, &mut plan)?,
                _ => planner.value(id, 0, 0, 0, &mut area, &mut plan)?,
            },
            GoType::PointerTo(id) => planner.pointer(id, 0, 0, &mut area, &mut plan)?,
        }
        (area <= MOST_BYTES).then_some(GoCapture { ty, size, plan, bytes: area.next_multiple_of(8) })
    })
}

struct Planner<'a> {
    binary: &'a Binary,
    limits: Limits,
    swiss: bool,
}

impl Planner<'_> {
    fn push(&self, at: u32, what: What, area: &mut u32, out: &mut Vec<Follow>) {
        let bytes = what.bytes();
        out.push(Follow { at, area: *area, what });
        *area = area.saturating_add(bytes);
    }

    /// Plans for a value `at` bytes into its image.
    fn value(
        &self,
        id: TypeId,
        at: u32,
        depth: usize,
        nested: usize,
        area: &mut u32,
        out: &mut Vec<Follow>,
    ) -> Option<()> {
        if nested > MOST_NESTED || *area > MOST_BYTES {
            return if *area > MOST_BYTES { None } else { Some(()) };
        }
        let ty = self.binary.layout().ty(id).ok()?;
        match ty.kind {
            TypeKind::Struct { fields } => {
                for field in fields {
                    let at = at + u32::try_from(field.offset).ok()?;
                    if ty.name == "time.Time" && field.name == "loc" {
                        // The zone's name stands at its start.
                        let each = vec![Follow { at: 0, area: 0, what: What::Text { max: 32 } }];
                        self.push(at, What::Pointer { size: 16, each }, area, out);
                        continue;
                    }
                    self.value(field.ty, at, depth, nested + 1, area, out)?;
                }
            }
            TypeKind::Array { elem, count } if !self.is_flat(elem, 0) => {
                let size = u32::try_from(self.binary.layout().size_of(elem).ok()?).ok()?;
                for index in 0..count.min(16) as u32 {
                    self.value(elem, at + index * size, depth, nested + 1, area, out)?;
                }
            }
            TypeKind::String => self.push(at, What::Text { max: self.limits.text }, area, out),
            TypeKind::Slice { elem } if depth < self.limits.depth => {
                let size = u32::try_from(self.binary.layout().size_of(elem).ok()?).ok()?;
                let flat = self.is_flat(elem, 0);
                let count = match (flat, size) {
                    (_, 0) => return Some(()),
                    (true, size) => ((self.limits.flat >> (3 * depth)).max(32) / size).clamp(1, 128),
                    (false, _) => (self.limits.elements >> (2 * depth)).max(2),
                };
                if size > 1024 {
                    return Some(());
                }
                let (mut each, mut each_bytes) = (Vec::new(), 0);
                self.value(elem, 0, depth + 1, nested + 1, &mut each_bytes, &mut each)?;
                self.push(at, What::Slice { stride: size, count, each, each_bytes }, area, out);
            }
            TypeKind::Interface { empty } => {
                self.push(at, What::Interface { empty, deep: self.limits.deep && depth == 0 }, area, out);
            }
            // A func value points to the address of its code.
            TypeKind::Func if ty.size == 8 => {
                self.push(at, What::Pointer { size: 8, each: Vec::new() }, area, out);
            }
            TypeKind::Map { key, elem } if depth < self.limits.depth => {
                if let Some(slots) = self.slots(key, elem, depth, nested) {
                    let what = if self.swiss { What::SwissMap(slots) } else { What::OldMap(slots) };
                    self.push(at, what, area, out);
                }
            }
            _ => {}
        }
        Some(())
    }

    /// Plans for what a pointer points to.
    fn pointer(
        &self,
        to: TypeId,
        at: u32,
        depth: usize,
        area: &mut u32,
        out: &mut Vec<Follow>,
    ) -> Option<()> {
        let size = self.binary.layout().size_of(to).ok()?;
        let Ok(size) = u32::try_from(size) else { return Some(()) };
        if size == 0 || u64::from(size) > MOST_VALUE {
            return Some(());
        }
        let mut inner = Vec::new();
        let mut inner_bytes = 0;
        self.value(to, 0, depth, 1, &mut inner_bytes, &mut inner)?;
        self.push(at, What::Pointer { size, each: inner }, area, out);
        Some(())
    }

    fn slots(&self, key: TypeId, elem: TypeId, depth: usize, nested: usize) -> Option<MapSlots> {
        let places = Places::of(self.binary, self.swiss, key, elem)?;
        if places.key_is_pointer || places.elem_is_pointer {
            return None;
        }
        let (mut each_key, mut key_bytes) = (Vec::new(), 0);
        self.value(key, 0, depth + 1, nested + 1, &mut key_bytes, &mut each_key)?;
        let (mut each_elem, mut elem_bytes) = (Vec::new(), 0);
        self.value(elem, 0, depth + 1, nested + 1, &mut elem_bytes, &mut each_elem)?;
        let each_bytes = key_bytes + elem_bytes;
        let tables = if each_bytes == 0 { 2 } else { 1 };
        let groups = (self.limits.groups >> (2 * depth)).max(1);
        Some(MapSlots {
            group: places.group,
            keys: places.keys,
            key_stride: places.key_stride,
            elems: places.elems,
            elem_stride: places.elem_stride,
            each_key,
            each_elem,
            each_bytes,
            key_bytes,
            tables,
            groups,
        })
    }

    /// Whether a value is shown by its own bytes alone.
    fn is_flat(&self, id: TypeId, nested: usize) -> bool {
        let Ok(ty) = self.binary.layout().ty(id) else { return true };
        if nested > MOST_NESTED {
            return true;
        }
        match ty.kind {
            TypeKind::Struct { fields } => fields.iter().all(|field| self.is_flat(field.ty, nested + 1)),
            TypeKind::Array { elem, .. } => self.is_flat(elem, nested + 1),
            TypeKind::String
            | TypeKind::Slice { .. }
            | TypeKind::Interface { .. }
            | TypeKind::Func
            | TypeKind::Map { .. } => false,
            _ => true,
        }
    }
}
