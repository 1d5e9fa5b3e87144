//! Debug information (DWARF 4 and 5): types, parameters.
//!
//! Nothing is read before it is asked for. A name leads to the few units that mention
//! it, by a search through the raw bytes of `.debug_info`, where Go's names stand in full; only
//! those are read, once, into an index.

pub(crate) mod copies;
pub(crate) mod fields;
pub(crate) mod locations;
pub(crate) mod params;
pub(crate) mod runtime_types;
pub(crate) mod sections;
pub(crate) mod types;
pub(crate) mod units;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use gimli::{AttributeValue, DebugAddr, DebugStrOffsets, UnitOffset};

use self::sections::{Id, Sections, Slice};
use self::units::{AttributeValueKind, Entry, Unit, Units};
use crate::binary::Binary;
use crate::bytes::Bytes;
use crate::error::{Error, Reason};
use crate::layout::TypeId;

/// Places of one text among strings that are looked for.
const MOST_PLACES: usize = 16;

/// What was read so far.
#[derive(Default)]
pub(crate) struct DebugData {
    sections: Sections,
    units: OnceLock<Result<Units, Error>>,
    runtime_types: OnceLock<Result<runtime_types::RuntimeTypes, Error>>,
}

/// The debug information of a file.
#[derive(Clone, Copy)]
pub(crate) struct Dwarf<'a> {
    pub(crate) binary: &'a Binary,
    data: &'a DebugData,
}

impl<'a> Dwarf<'a> {
    pub(crate) fn new(binary: &'a Binary, data: &'a DebugData) -> Self {
        Self { binary, data }
    }

    pub(crate) fn section(&self, id: Id) -> Result<Slice<'a>, Error> {
        self.data.sections.get(self.binary, id)
    }

    pub(crate) fn units(&self) -> Result<&'a Units, Error> {
        self.data.units.get_or_init(|| Units::read(self)).as_ref().map_err(Clone::clone)
    }

    /// The type that the running program knows by an address, so many bytes behind `runtime.types`.
    pub(crate) fn runtime_type(&self, place: u64) -> Result<Option<TypeId>, Error> {
        let types = self.data.runtime_types.get_or_init(|| runtime_types::read(self));
        types.as_ref().map(|types| types.get(&place).copied()).map_err(Clone::clone)
    }

    /// The place of a type behind `runtime.types`.
    pub(crate) fn runtime_place(&self, id: TypeId) -> Result<Option<u64>, Error> {
        let types = self.data.runtime_types.get_or_init(|| runtime_types::read(self));
        let types = types.as_ref().map_err(Clone::clone)?;
        Ok(types.iter().find(|(_, known)| **known == id).map(|(place, _)| *place))
    }

    /// The type of that name.
    pub(crate) fn find_type(&self, name: &str) -> Result<TypeId, Reason> {
        let (bare, tag) = types::c_tag(name);
        let fits = |entry: &Entry<'_>| tag.is_none_or(|tag| entry.tag() == tag);
        let found = self.find(bare, |unit| {
            let offsets: Vec<UnitOffset> = self.units()?.index(unit, self)?.types(bare.as_bytes()).collect();
            for offset in offsets {
                if self.has_name(unit, offset, bare, fits)? {
                    return Ok(Some(offset));
                }
            }
            Ok(None)
        })?;
        found.ok_or_else(|| Reason::NotFound { what: "type", name: name.to_owned() })
    }

    /// The type of a variable of a package.
    pub(crate) fn variable_type(&self, name: &str) -> Result<TypeId, Reason> {
        let found = self.find(name, |unit| {
            let offsets: Vec<UnitOffset> =
                self.units()?.index(unit, self)?.variables(name.as_bytes()).collect();
            for offset in offsets {
                if self.has_name(unit, offset, name, |_| true)? {
                    return Ok(Some(offset));
                }
            }
            Ok(None)
        })?;
        let missing = || Reason::NotFound { what: "variable", name: name.to_owned() };
        let id = found.ok_or_else(missing)?;
        let (unit, offset) = self.locate(id)?;
        let entry = unit.entry(offset)?.ok_or_else(missing)?;
        self.type_of(&unit, &entry)?.ok_or_else(missing)
    }

    /// Asks unit after unit: first those that have the name in full, then those that may have it in
    /// a table of strings, as C's do.
    fn find(
        &self,
        name: &str,
        mut ask: impl FnMut(&Unit<'a>) -> Result<Option<UnitOffset>, Error>,
    ) -> Result<Option<TypeId>, Error> {
        let units = self.units()?;
        let mentioning = self.units_that_mention(name)?;
        for &number in &mentioning {
            let unit = units.unit(self, number)?;
            if let Some(offset) = ask(&unit)? {
                return type_id(&unit, offset).map(Some);
            }
        }
        for number in (0..units.len()).filter(|number| mentioning.binary_search(number).is_err()) {
            let unit = units.unit(self, number)?;
            if units.bases(&unit)?.is_go {
                continue;
            }
            if let Some(offset) = ask(&unit)? {
                return type_id(&unit, offset).map(Some);
            }
        }
        Ok(None)
    }

    /// Numbers of the units in whose bytes the name stands, in order.
    pub(crate) fn units_that_mention(&self, name: &str) -> Result<Vec<usize>, Error> {
        let units = self.units()?;
        let info = self.section(Id::Info)?.slice();
        let text = format!("{name}\0");
        let finder = memchr::memmem::Finder::new(text.as_bytes());
        let mut found = BTreeSet::new();
        let mut from = 0usize;
        while let Some(hit) = info.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from.saturating_add(hit);
            match units.containing(at).and_then(|number| Some((number, units.end(number)?))) {
                Some((number, end)) => {
                    found.insert(number);
                    from = end;
                }
                None => from = at.saturating_add(1),
            }
        }
        self.units_by_string(text.as_bytes(), &mut found)?;
        Ok(found.into_iter().collect())
    }

    /// The same where entries name texts by their place among all strings, as C compilers have it.
    fn units_by_string(&self, text: &[u8], found: &mut BTreeSet<usize>) -> Result<(), Error> {
        let units = self.units()?;
        let info = self.section(Id::Info)?.slice();
        let strings = self.section(Id::Str)?.slice();
        // One text may be the end of others.
        for at in memchr::memmem::find_iter(strings, text).take(MOST_PLACES) {
            let Ok(at) = u32::try_from(at) else { continue };
            for hit in memchr::memmem::find_iter(info, &at.to_le_bytes()) {
                found.extend(units.containing(hit));
            }
        }
        Ok(())
    }

    fn has_name(
        &self,
        unit: &Unit<'a>,
        offset: UnitOffset,
        name: &str,
        fits: impl Fn(&Entry<'a>) -> bool,
    ) -> Result<bool, Error> {
        let Some(entry) = unit.entry(offset)? else { return Ok(false) };
        let Some(value) = entry.attr_value(gimli::DW_AT_name) else { return Ok(false) };
        Ok(fits(&entry) && self.string_bytes(unit, value)? == Some(name.as_bytes()))
    }

    /// The unit of an entry, and the entry's offset in it.
    pub(crate) fn locate(&self, id: TypeId) -> Result<(Unit<'a>, UnitOffset), Error> {
        let offset = usize::try_from(id.0).unwrap_or(usize::MAX);
        let units = self.units()?;
        let outside = || units::broken("a reference leads outside the debug information", offset);
        let unit = units.unit(self, units.containing(offset).ok_or_else(outside)?)?;
        let within = UnitOffset(offset.checked_sub(unit.offset).ok_or_else(outside)?);
        Ok((unit, within))
    }

    /// A string, wherever the attribute says it is.
    pub(crate) fn string_bytes(
        &self,
        unit: &Unit<'a>,
        value: AttributeValue<Slice<'a>>,
    ) -> Result<Option<&'a [u8]>, Error> {
        let slice = match value {
            AttributeValue::String(text) => text,
            AttributeValue::DebugStrRef(offset) => return self.text(Id::Str, offset.0),
            AttributeValue::DebugLineStrRef(offset) => return self.text(Id::LineStr, offset.0),
            AttributeValue::DebugStrOffsetsIndex(index) => {
                let base = self.units()?.bases(unit)?.str_offsets;
                let offsets = DebugStrOffsets::from(self.section(Id::StrOffsets)?);
                let offset = offsets.get_str_offset(unit.header.format(), base, index)?;
                return self.text(Id::Str, offset.0);
            }
            _ => return Ok(None),
        };
        Ok(Some(slice.slice()))
    }

    /// A text among strings.
    fn text(&self, strings: Id, offset: usize) -> Result<Option<&'a [u8]>, Error> {
        let missing = || units::broken("a text lies outside the strings", offset);
        let at = u64::try_from(offset).ok().and_then(|at| Bytes::at(self.section(strings).ok()?.slice(), at));
        Ok(Some(at.ok_or_else(missing)?.cstr().ok_or_else(missing)?))
    }

    /// An address, looked up in `.debug_addr` where it is only a number.
    pub(crate) fn address(&self, unit: &Unit<'a>, value: AttributeValueKind) -> Result<u64, Error> {
        match value {
            AttributeValueKind::Addr(addr) => Ok(addr),
            AttributeValueKind::Index(index) => {
                let table = DebugAddr::from(self.section(Id::Addr)?);
                let base = self.units()?.bases(unit)?.addr;
                Ok(table.get_address(unit.header.address_size(), base, gimli::DebugAddrIndex(index))?)
            }
        }
    }

    /// What `DW_AT_type` leads to.
    pub(crate) fn type_of(&self, unit: &Unit<'a>, entry: &Entry<'a>) -> Result<Option<TypeId>, Error> {
        self.reference(unit, entry, gimli::DW_AT_type)
    }

    /// What an attribute leads to.
    pub(crate) fn reference(
        &self,
        unit: &Unit<'a>,
        entry: &Entry<'a>,
        name: gimli::DwAt,
    ) -> Result<Option<TypeId>, Error> {
        let Some(target) = entry.attr_value(name).and_then(|value| unit.target(&value)) else {
            return Ok(None);
        };
        let too_far = || units::broken("the debug information is larger than 4 GiB", target);
        u32::try_from(target).map(|target| Some(TypeId(target))).map_err(|_| too_far())
    }
}

fn type_id(unit: &Unit<'_>, offset: UnitOffset) -> Result<TypeId, Error> {
    let whole = unit.offset.checked_add(offset.0).and_then(|whole| u32::try_from(whole).ok());
    whole.map(TypeId).ok_or_else(|| units::broken("the debug information is larger than 4 GiB", unit.offset))
}
