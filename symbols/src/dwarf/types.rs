//! Types: what an entry of DWARF says of one.

#![allow(non_upper_case_globals, reason = "DWARF's own names, as gimli spells them")]

use gimli::{
    AttributeValue, DW_AT_byte_size, DW_AT_count, DW_AT_data_bit_offset, DW_AT_data_member_location,
    DW_AT_encoding, DW_AT_name, DW_AT_upper_bound, DW_TAG_array_type, DW_TAG_atomic_type, DW_TAG_base_type,
    DW_TAG_class_type, DW_TAG_const_type, DW_TAG_enumeration_type, DW_TAG_member, DW_TAG_pointer_type,
    DW_TAG_reference_type, DW_TAG_restrict_type, DW_TAG_structure_type, DW_TAG_subrange_type,
    DW_TAG_subroutine_type, DW_TAG_typedef, DW_TAG_union_type, DW_TAG_volatile_type, DwAt, DwTag,
};

use super::Dwarf;
use super::units::{Entry, Unit, broken};
use crate::error::Error;
use crate::go::names;
use crate::layout::{Field, Type, TypeId, TypeKind};

/// Go's own attributes (`src/cmd/internal/dwarf/dwarf.go`): a type's kind as in package reflect,
/// a map's key, the elements of a slice, channel or map, whether a field is embedded.
const DW_AT_GO_KIND: DwAt = DwAt(0x2900);
const DW_AT_GO_KEY: DwAt = DwAt(0x2901);
const DW_AT_GO_ELEM: DwAt = DwAt(0x2902);
const DW_AT_GO_EMBEDDED_FIELD: DwAt = DwAt(0x2903);

/// `reflect.Kind` of kinds that DWARF has no word for.
mod go_kind {
    pub(super) const CHAN: u64 = 18;
    pub(super) const INTERFACE: u64 = 20;
    pub(super) const MAP: u64 = 21;
    pub(super) const SLICE: u64 = 23;
    pub(super) const STRING: u64 = 24;
    pub(super) const UNSAFE_POINTER: u64 = 26;
}

/// Names of names: enough for any program, few enough for a damaged file that goes in circles.
const MAX_CHAIN: usize = 64;

/// Of an array: each is an entry below it.
const MAX_DIMENSIONS: usize = 64;

/// Bytes of all names of one struct's fields: many could have the same long one.
const MAX_FIELDS_TEXT: usize = 16 << 20;

/// Pointers to pointers to..., when a name is made up for a C type.
const MAX_NAME_DEPTH: usize = 6;

/// C's `struct tm`: the bare name and the tag that it must have.
pub(crate) fn c_tag(name: &str) -> (&str, Option<DwTag>) {
    let tags = [
        ("struct ", DW_TAG_structure_type),
        ("union ", DW_TAG_union_type),
        ("enum ", DW_TAG_enumeration_type),
    ];
    // Go's `struct { F int }` is a name as a whole.
    let found = tags.iter().find_map(|(word, tag)| Some((name.strip_prefix(word)?, Some(*tag))));
    found.filter(|(bare, _)| !bare.starts_with('{')).unwrap_or((name, None))
}

impl<'a> Dwarf<'a> {
    /// What a type is.
    pub(crate) fn ty(&self, id: TypeId) -> Result<Type, Error> {
        let mut name = None;
        let mut at = id;
        for _ in 0..MAX_CHAIN {
            let (unit, offset) = self.locate(at)?;
            let Some(mut entry) = unit.entry(offset)? else { break };
            let mut children = Vec::new();
            if has_parts(entry.tag())
                && let Some(whole) = unit.entry_with_children(offset)?
            {
                (entry, children) = whole;
            }
            if name.is_none() {
                name = self.name(&unit, &entry)?.and_then(names::of_instance);
            }
            match self.kind(&unit, &entry, &children)? {
                Step::Done(kind, size) => {
                    let name = match name {
                        Some(name) => name,
                        None => self.made_up_name(at, MAX_NAME_DEPTH)?,
                    };
                    return Ok(Type { name, size, kind });
                }
                Step::Next(next) => at = next,
            }
        }
        Err(broken("a type is defined by itself", usize::try_from(id.0).unwrap_or(usize::MAX)))
    }

    /// A type's size, without reading its fields.
    pub(crate) fn size_of(&self, id: TypeId) -> Result<u64, Error> {
        let mut at = id;
        let mut factor = 1u64;
        for _ in 0..MAX_CHAIN {
            let (unit, offset) = self.locate(at)?;
            let Some(entry) = unit.entry(offset)? else { break };
            match self.kind(&unit, &entry, &[])? {
                Step::Next(next) => at = next,
                Step::Done(TypeKind::Array { elem, .. }, 0) if number(&entry, DW_AT_byte_size).is_none() => {
                    factor = factor.saturating_mul(self.array_count(&unit, offset)?);
                    at = elem;
                }
                Step::Done(_, size) => return Ok(size.saturating_mul(factor)),
            }
        }
        Err(broken("a type is defined by itself", usize::try_from(id.0).unwrap_or(usize::MAX)))
    }

    pub(crate) fn name(&self, unit: &Unit<'a>, entry: &Entry<'a>) -> Result<Option<String>, Error> {
        let Some(value) = entry.attr_value(DW_AT_name) else { return Ok(None) };
        let bytes = self.string_bytes(unit, value)?;
        Ok(bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    }

    /// What one entry says: a kind with its size, or that it is another name of something.
    fn kind(&self, unit: &Unit<'a>, entry: &Entry<'a>, children: &[Entry<'a>]) -> Result<Step, Error> {
        let go_kind = number(entry, DW_AT_GO_KIND);
        let size = number(entry, DW_AT_byte_size);
        let next = self.type_of(unit, entry)?;
        let elem = || self.reference(unit, entry, DW_AT_GO_ELEM);
        Ok(match entry.tag() {
            DW_TAG_typedef => match go_kind {
                Some(go_kind::CHAN) if let Some(elem) = elem()? => Step::Done(TypeKind::Chan { elem }, 8),
                Some(go_kind::MAP)
                    if let (Some(key), Some(elem)) =
                        (self.reference(unit, entry, DW_AT_GO_KEY)?, elem()?) =>
                {
                    Step::Done(TypeKind::Map { key, elem }, 8)
                }
                Some(go_kind::INTERFACE) => {
                    let empty = match next {
                        Some(next) => self.is_eface(next)?,
                        None => false,
                    };
                    Step::Done(TypeKind::Interface { empty }, 16)
                }
                _ => next.map_or(Step::Done(TypeKind::Opaque, 0), Step::Next),
            },
            DW_TAG_const_type | DW_TAG_volatile_type | DW_TAG_restrict_type | DW_TAG_atomic_type => {
                next.map_or(Step::Done(TypeKind::Opaque, 0), Step::Next)
            }
            DW_TAG_base_type => Step::Done(base_kind(entry), size.unwrap_or(0)),
            DW_TAG_enumeration_type => {
                let signed = match next {
                    Some(next) => self.is_signed(next)?,
                    None => false,
                };
                Step::Done(TypeKind::Int { signed }, size.unwrap_or(4))
            }
            DW_TAG_pointer_type | DW_TAG_reference_type => {
                let is_unsafe = go_kind == Some(go_kind::UNSAFE_POINTER)
                    || self.name(unit, entry)?.is_some_and(|name| name == "unsafe.Pointer");
                let kind = if is_unsafe { TypeKind::UnsafePointer } else { TypeKind::Pointer(next) };
                Step::Done(kind, size.unwrap_or(8))
            }
            DW_TAG_subroutine_type => {
                // A value of Go's func type is a pointer; C's function type has no values.
                Step::Done(TypeKind::Func, if go_kind.is_some() { 8 } else { 0 })
            }
            DW_TAG_structure_type | DW_TAG_union_type | DW_TAG_class_type => {
                let kind = match go_kind {
                    Some(go_kind::STRING) => TypeKind::String,
                    Some(go_kind::SLICE) if let Some(elem) = elem()? => TypeKind::Slice { elem },
                    _ => TypeKind::Struct { fields: self.fields(unit, children)? },
                };
                Step::Done(kind, size.unwrap_or(0))
            }
            DW_TAG_array_type => match next {
                Some(elem) => {
                    let count = count(children);
                    let size = match size {
                        Some(size) => size,
                        // Only asked for with all children there.
                        None if children.is_empty() => 0,
                        None => self.size_of(elem)?.saturating_mul(count),
                    };
                    Step::Done(TypeKind::Array { elem, count }, size)
                }
                None => Step::Done(TypeKind::Opaque, size.unwrap_or(0)),
            },
            _ => Step::Done(TypeKind::Opaque, size.unwrap_or(0)),
        })
    }

    fn fields(&self, unit: &Unit<'a>, children: &[Entry<'a>]) -> Result<Vec<Field>, Error> {
        let mut fields = Vec::new();
        let mut text = 0usize;
        for member in children.iter().filter(|child| child.tag() == DW_TAG_member) {
            let Some(ty) = self.type_of(unit, member)? else { continue };
            let offset = match member.attr_value(DW_AT_data_member_location) {
                Some(AttributeValue::Exprloc(expression)) => plus_constant(expression, unit),
                Some(value) => value.udata_value(),
                None => number(member, DW_AT_data_bit_offset).map(|bits| bits >> 3),
            };
            let embedded = match member.attr_value(DW_AT_GO_EMBEDDED_FIELD) {
                Some(AttributeValue::Flag(flag)) => flag,
                Some(value) => value.udata_value().is_some_and(|value| value != 0),
                None => false,
            };
            let name = self.name(unit, member)?.unwrap_or_default();
            text = text.saturating_add(name.len());
            if text > MAX_FIELDS_TEXT {
                return Err(broken("the names of a type's fields are too long", unit.offset));
            }
            fields.push(Field { name, ty, offset: offset.unwrap_or(0), embedded });
        }
        Ok(fields)
    }

    /// Whether the integers that an enumeration is made of have a sign.
    fn is_signed(&self, id: TypeId) -> Result<bool, Error> {
        let mut at = id;
        for _ in 0..MAX_CHAIN {
            let (unit, offset) = self.locate(at)?;
            let Some(entry) = unit.entry(offset)? else { break };
            if entry.tag() == DW_TAG_base_type {
                return Ok(matches!(base_kind(&entry), TypeKind::Int { signed: true }));
            }
            match self.type_of(&unit, &entry)? {
                Some(next) => at = next,
                None => break,
            }
        }
        Ok(false)
    }

    /// Whether a Go interface is represented by `runtime.eface`, that of `any`.
    fn is_eface(&self, id: TypeId) -> Result<bool, Error> {
        let mut at = id;
        for _ in 0..MAX_CHAIN {
            let (unit, offset) = self.locate(at)?;
            let Some(entry) = unit.entry(offset)? else { break };
            match self.name(&unit, &entry)?.as_deref() {
                Some("runtime.eface") => return Ok(true),
                Some("runtime.iface") => return Ok(false),
                _ => {}
            }
            match self.type_of(&unit, &entry)? {
                Some(next) => at = next,
                None => break,
            }
        }
        Ok(false)
    }

    fn array_count(&self, unit: &Unit<'a>, offset: gimli::UnitOffset) -> Result<u64, Error> {
        Ok(unit.entry_with_first(offset, MAX_DIMENSIONS)?.map_or(0, |(_, children)| count(&children)))
    }

    /// A name for C's types that have none of their own.
    fn made_up_name(&self, id: TypeId, depth: usize) -> Result<String, Error> {
        let (unit, offset) = self.locate(id)?;
        let Some(entry) = unit.entry(offset)? else { return Ok("?".to_owned()) };
        if let Some(name) = self.name(&unit, &entry)? {
            // Go's have no word before the name, and are told by an attribute of theirs.
            let word = match entry.tag() {
                _ if number(&entry, DW_AT_GO_KIND).is_some() => "",
                DW_TAG_structure_type => "struct ",
                DW_TAG_union_type => "union ",
                DW_TAG_enumeration_type => "enum ",
                _ => "",
            };
            return Ok(format!("{word}{name}"));
        }
        let inner = match (self.type_of(&unit, &entry)?, depth.checked_sub(1)) {
            (Some(next), Some(depth)) => self.made_up_name(next, depth)?,
            (Some(_), None) => "...".to_owned(),
            (None, _) => "void".to_owned(),
        };
        Ok(match entry.tag() {
            DW_TAG_pointer_type => format!("{inner} *"),
            DW_TAG_const_type => format!("const {inner}"),
            DW_TAG_array_type => format!("{inner}[{}]", self.array_count(&unit, offset)?),
            DW_TAG_structure_type => "struct {...}".to_owned(),
            DW_TAG_union_type => "union {...}".to_owned(),
            DW_TAG_enumeration_type => "enum {...}".to_owned(),
            DW_TAG_subroutine_type => format!("{inner} ()"),
            _ => inner,
        })
    }
}

/// What one entry says of a type.
enum Step {
    /// All: kind and size.
    Done(TypeKind, u64),
    /// That it is another name of this.
    Next(TypeId),
}

/// Whether entries below one say what the type is.
fn has_parts(tag: DwTag) -> bool {
    matches!(tag, DW_TAG_structure_type | DW_TAG_union_type | DW_TAG_class_type | DW_TAG_array_type)
}

fn number(entry: &Entry<'_>, name: DwAt) -> Option<u64> {
    entry.attr(name).and_then(|attr| attr.udata_value())
}

fn base_kind(entry: &Entry<'_>) -> TypeKind {
    match entry.attr_value(DW_AT_encoding) {
        Some(AttributeValue::Encoding(encoding)) => match encoding {
            gimli::DW_ATE_boolean => TypeKind::Bool,
            gimli::DW_ATE_float => TypeKind::Float,
            gimli::DW_ATE_complex_float => TypeKind::Complex,
            gimli::DW_ATE_signed | gimli::DW_ATE_signed_char => TypeKind::Int { signed: true },
            _ => TypeKind::Int { signed: false },
        },
        _ => TypeKind::Opaque,
    }
}

/// Elements of an array; of one of several dimensions all of them.
fn count(children: &[Entry<'_>]) -> u64 {
    let dimensions = children.iter().filter(|child| child.tag() == DW_TAG_subrange_type).map(|child| {
        number(child, DW_AT_count)
            .or_else(|| number(child, DW_AT_upper_bound).map(|last| last.saturating_add(1)))
            .unwrap_or(0)
    });
    dimensions.reduce(u64::saturating_mul).unwrap_or(0)
}

/// The N of an expression `DW_OP_plus_uconst N`.
fn plus_constant(expression: gimli::Expression<super::sections::Slice<'_>>, unit: &Unit<'_>) -> Option<u64> {
    match expression.operations(unit.header.encoding()).next() {
        Ok(Some(gimli::Operation::PlusConstant { value })) => Some(value),
        _ => None,
    }
}
