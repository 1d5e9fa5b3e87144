//! Compilation units: where they are, their abbreviations, and an index of each made when it is
//! first looked into.
#![allow(non_upper_case_globals, reason = "DWARF's own names, as gimli spells them")]

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::sync::{Arc, OnceLock};

use gimli::{
    Abbreviations, AttributeValue, DW_TAG_array_type, DW_TAG_base_type, DW_TAG_class_type,
    DW_TAG_enumeration_type, DW_TAG_formal_parameter, DW_TAG_member, DW_TAG_pointer_type,
    DW_TAG_structure_type, DW_TAG_subprogram, DW_TAG_subrange_type, DW_TAG_subroutine_type, DW_TAG_typedef,
    DW_TAG_union_type, DW_TAG_variable, DebugAbbrev, DebugAddrBase, DebugInfo, DebugInfoOffset,
    DebugLocListsBase, DebugRngListsBase, DebugStrOffsetsBase, DebuggingInformationEntry, DwTag,
    LittleEndian, UnitHeader, UnitOffset,
};

use super::Dwarf;
use super::sections::{Id, Slice};
use crate::bytes::Bytes;
use crate::error::Error;

/// Attributes of one entry; compilers give up to 20.
const MOST_ATTRIBUTES: usize = 128;
/// Attributes of all entries right below one: far more than a struct or a function has.
const MOST_ATTRIBUTES_BELOW: usize = 1 << 19;
/// Bytes of a name that make its hash.
const HASHED: usize = 256;

/// An entry of debug information.
pub(crate) type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// All units of a file.
pub(crate) struct Units {
    /// In order of offset.
    list: Vec<UnitData>,
    /// Where tables of abbreviations begin: one ends where the next begins.
    abbreviations: Vec<(usize, Lazy<Arc<Abbreviations>>)>,
}

/// Read when first used.
type Lazy<T> = OnceLock<Result<T, Error>>;

struct UnitData {
    offset: usize,
    end: usize,
    abbreviations: usize,
    bases: OnceLock<Result<Bases, Error>>,
    index: OnceLock<Result<Index, Error>>,
}

/// What a unit's first entry says of the whole unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bases {
    pub(crate) addr: DebugAddrBase,
    pub(crate) loclists: DebugLocListsBase,
    pub(crate) rnglists: DebugRngListsBase,
    pub(crate) str_offsets: DebugStrOffsetsBase,
    pub(crate) low_pc: Option<AttributeValueKind>,
    pub(crate) is_go: bool,
}

/// An address: itself, or its number in `.debug_addr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttributeValueKind {
    Addr(u64),
    Index(usize),
}

/// What is in a unit, by name (hashed) and by address. Offsets are within the unit.
#[derive(Debug, Default)]
pub(crate) struct Index {
    types: Vec<(u64, u32)>,
    variables: Vec<(u64, u32)>,
    /// Functions with code.
    functions: Vec<(AttributeValueKind, u32)>,
}

/// One unit, ready to be read.
#[derive(Clone)]
pub(crate) struct Unit<'a> {
    pub(crate) header: UnitHeader<Slice<'a>>,
    pub(crate) abbreviations: Arc<Abbreviations>,
    pub(crate) offset: usize,
    number: usize,
}

impl Units {
    pub(crate) fn read(dwarf: &Dwarf<'_>) -> Result<Self, Error> {
        let info = dwarf.section(Id::Info)?;
        let mut headers = DebugInfo::from(info).units();
        let mut list = Vec::new();
        let mut starts = BTreeSet::new();
        while let Some(header) = headers.next()? {
            let Some(DebugInfoOffset(offset)) = header.debug_info_offset() else { continue };
            let abbreviations = header.debug_abbrev_offset().0;
            starts.insert(abbreviations);
            list.push(UnitData {
                offset,
                end: offset.saturating_add(header.length_including_self()),
                abbreviations,
                bases: OnceLock::new(),
                index: OnceLock::new(),
            });
        }
        let abbreviations = starts.into_iter().map(|start| (start, OnceLock::new())).collect();
        Ok(Self { list, abbreviations })
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The number of the unit that the offset of `.debug_info` is in.
    pub(crate) fn containing(&self, offset: usize) -> Option<usize> {
        let number = self.list.partition_point(|unit| unit.offset <= offset).checked_sub(1)?;
        (offset < self.list.get(number)?.end).then_some(number)
    }

    /// Where the unit with that number ends.
    pub(crate) fn end(&self, number: usize) -> Option<usize> {
        self.list.get(number).map(|unit| unit.end)
    }

    pub(crate) fn unit<'a>(&self, dwarf: &Dwarf<'a>, number: usize) -> Result<Unit<'a>, Error> {
        let data = self.list.get(number).ok_or_else(|| broken("no such unit", number))?;
        let info = DebugInfo::from(dwarf.section(Id::Info)?);
        let header = info.header_from_offset(DebugInfoOffset(data.offset))?;
        let abbreviations = self.abbreviations(dwarf, data.abbreviations)?;
        Ok(Unit { header, abbreviations, offset: data.offset, number })
    }

    pub(crate) fn bases(&self, unit: &Unit<'_>) -> Result<Bases, Error> {
        let data = self.list.get(unit.number).ok_or_else(|| broken("no such unit", unit.number))?;
        data.bases.get_or_init(|| Bases::read(unit)).clone()
    }

    pub(crate) fn index<'a>(&self, unit: &Unit<'a>, dwarf: &Dwarf<'a>) -> Result<&Index, Error> {
        let data = self.list.get(unit.number).ok_or_else(|| broken("no such unit", unit.number))?;
        data.index.get_or_init(|| Index::read(unit, dwarf)).as_ref().map_err(Clone::clone)
    }

    /// Tables are cut where the next one begins, so that reading all of them reads no byte twice,
    /// whatever the units claim.
    fn abbreviations(&self, dwarf: &Dwarf<'_>, start: usize) -> Result<Arc<Abbreviations>, Error> {
        let missing = || broken("a unit has no table of abbreviations", start);
        let place = self.abbreviations.partition_point(|(other, _)| *other < start);
        let (_, cell) = self.abbreviations.get(place).ok_or_else(missing)?;
        let parse = || {
            let section = dwarf.section(Id::Abbrev)?;
            let next = self.abbreviations.get(place.saturating_add(1)).map(|(next, _)| *next);
            let end = next.unwrap_or(usize::MAX).min(section.len());
            let bytes = section.slice().get(start..end).ok_or_else(missing)?;
            if has_long_abbreviation(bytes) {
                return Err(broken("an abbreviation has too many attributes", start));
            }
            let table = DebugAbbrev::new(bytes, LittleEndian).abbreviations(gimli::DebugAbbrevOffset(0))?;
            Ok(Arc::new(table))
        };
        cell.get_or_init(parse).clone()
    }
}

impl Bases {
    fn read(unit: &Unit<'_>) -> Result<Self, Error> {
        let encoding = unit.header.encoding();
        let file = gimli::DwarfFileType::Main;
        let mut bases = Self {
            addr: DebugAddrBase(if encoding.version >= 5 { 8 } else { 0 }),
            loclists: DebugLocListsBase::default_for_encoding_and_file(encoding, file),
            rnglists: DebugRngListsBase::default_for_encoding_and_file(encoding, file),
            str_offsets: DebugStrOffsetsBase::default_for_encoding_and_file(encoding, file),
            low_pc: None,
            is_go: false,
        };
        let Some(root) = unit.entry(unit.header.root_offset())? else { return Ok(bases) };
        for attr in root.attrs() {
            match (attr.name(), attr.value()) {
                (gimli::DW_AT_addr_base, AttributeValue::DebugAddrBase(base)) => bases.addr = base,
                (gimli::DW_AT_loclists_base, AttributeValue::DebugLocListsBase(base)) => {
                    bases.loclists = base
                }
                (gimli::DW_AT_rnglists_base, AttributeValue::DebugRngListsBase(base)) => {
                    bases.rnglists = base
                }
                (gimli::DW_AT_str_offsets_base, AttributeValue::DebugStrOffsetsBase(base)) => {
                    bases.str_offsets = base;
                }
                (gimli::DW_AT_low_pc, value) => bases.low_pc = address(&value),
                (gimli::DW_AT_language, AttributeValue::Language(language)) => {
                    bases.is_go = language == gimli::DW_LANG_Go;
                }
                _ => {}
            }
        }
        Ok(bases)
    }
}

impl<'a> Unit<'a> {
    /// The entry at an offset of the unit; `None` if there is the end of a list.
    pub(crate) fn entry(&self, offset: UnitOffset) -> Result<Option<Entry<'a>>, Error> {
        let mut raw = self.header.entries_raw(&self.abbreviations, Some(offset))?;
        let mut entry = Entry::null();
        Ok(raw.read_entry(&mut entry)?.then_some(entry))
    }

    /// The entry at an offset of the unit, and the fields, parameters and the like right below it.
    pub(crate) fn entry_with_children(
        &self,
        offset: UnitOffset,
    ) -> Result<Option<(Entry<'a>, Vec<Entry<'a>>)>, Error> {
        self.entry_with_first(offset, usize::MAX)
    }

    /// The same, with no more than the first entries below it looked at.
    pub(crate) fn entry_with_first(
        &self,
        offset: UnitOffset,
        most: usize,
    ) -> Result<Option<(Entry<'a>, Vec<Entry<'a>>)>, Error> {
        let mut raw = self.header.entries_raw(&self.abbreviations, Some(offset))?;
        let mut entry = Entry::null();
        if !raw.read_entry(&mut entry)? {
            return Ok(None);
        }
        let mut children = Vec::new();
        if !entry.has_children() {
            return Ok(Some((entry, children)));
        }
        let (mut seen, mut attributes) = (0usize, 0usize);
        while raw.next_depth() > 0 && !raw.is_empty() && seen < most {
            seen = seen.saturating_add(1);
            let depth = raw.next_depth();
            if depth > 1 {
                if let Some(abbreviation) = raw.read_abbreviation()? {
                    raw.skip_attributes(abbreviation.attributes())?;
                }
                continue;
            }
            let mut child = Entry::null();
            if raw.read_entry(&mut child)? && is_part(child.tag()) {
                attributes = attributes.saturating_add(child.attrs().len());
                if attributes > MOST_ATTRIBUTES_BELOW {
                    return Err(broken("an entry has too much below it", offset.0));
                }
                children.push(child);
            }
        }
        Ok(Some((entry, children)))
    }

    /// Where in `.debug_info` a reference to another entry leads.
    pub(crate) fn target(&self, value: &AttributeValue<Slice<'a>>) -> Option<usize> {
        match value {
            AttributeValue::UnitRef(offset) => self.offset.checked_add(offset.0),
            AttributeValue::DebugInfoRef(offset) => Some(offset.0),
            _ => None,
        }
    }
}

impl Index {
    /// Reads all entries of the unit, of each no more than its name and address.
    fn read<'a>(unit: &Unit<'a>, dwarf: &Dwarf<'a>) -> Result<Self, Error> {
        let mut index = Self::default();
        let mut raw = unit.header.entries_raw(&unit.abbreviations, None)?;
        while !raw.is_empty() {
            let offset = raw.next_offset();
            let Some(abbreviation) = raw.read_abbreviation()? else { continue };
            let tag = abbreviation.tag();
            let (is_type, is_function) = (is_type(tag), tag == DW_TAG_subprogram);
            if !is_type && !is_function && tag != DW_TAG_variable {
                raw.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let Ok(short_offset) = u32::try_from(offset.0) else {
                return Err(broken("a unit is too large", 0));
            };
            // Only variables of packages and files: those of functions lie deeper.
            let depth = raw.next_depth().saturating_sub(isize::from(abbreviation.has_children()));
            let mut name = None;
            let mut low_pc = None;
            for spec in abbreviation.attributes() {
                match spec.name() {
                    gimli::DW_AT_name if !is_function && depth <= 1 => {
                        let attr = raw.read_attribute(*spec)?;
                        name = dwarf.string_bytes(unit, attr.value())?;
                    }
                    gimli::DW_AT_low_pc if is_function => {
                        low_pc = address(&raw.read_attribute(*spec)?.value());
                    }
                    _ => raw.skip_attributes(std::slice::from_ref(spec))?,
                }
            }
            if let Some(low_pc) = low_pc {
                index.functions.push((low_pc, short_offset));
            }
            if let Some(name) = name {
                let list = if is_type { &mut index.types } else { &mut index.variables };
                list.push((hash(name), short_offset));
            }
        }
        // Stable: of equal names the first one comes first.
        index.types.sort_by_key(|(hash, _)| *hash);
        index.variables.sort_by_key(|(hash, _)| *hash);
        Ok(index)
    }

    /// Offsets of the entries of types with that name, or with another of equal hash.
    pub(crate) fn types(&self, name: &[u8]) -> impl Iterator<Item = UnitOffset> {
        by_hash(&self.types, hash(name))
    }

    /// The same for variables.
    pub(crate) fn variables(&self, name: &[u8]) -> impl Iterator<Item = UnitOffset> {
        by_hash(&self.variables, hash(name))
    }

    /// Addresses and offsets of functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (AttributeValueKind, UnitOffset)> {
        self.functions.iter().map(|(low_pc, offset)| (*low_pc, unit_offset(*offset)))
    }
}

fn by_hash(list: &[(u64, u32)], hash: u64) -> impl Iterator<Item = UnitOffset> {
    let first = list.partition_point(|(other, _)| *other < hash);
    let rest = list.get(first..).unwrap_or_default();
    rest.iter().take_while(move |(other, _)| *other == hash).map(|(_, offset)| unit_offset(*offset))
}

fn unit_offset(offset: u32) -> UnitOffset {
    UnitOffset(usize::try_from(offset).unwrap_or(usize::MAX))
}

/// Of a name's first bytes: thousands could be one long one.
fn hash(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(name.get(..HASHED).unwrap_or(name));
    hasher.finish()
}

/// An address, if the value is one.
pub(crate) fn address(value: &AttributeValue<Slice<'_>>) -> Option<AttributeValueKind> {
    match value {
        AttributeValue::Addr(addr) => Some(AttributeValueKind::Addr(*addr)),
        AttributeValue::DebugAddrIndex(index) => Some(AttributeValueKind::Index(index.0)),
        _ => None,
    }
}

/// Whether an entry of these is asked for with what it is below.
fn is_part(tag: DwTag) -> bool {
    matches!(tag, DW_TAG_member | DW_TAG_subrange_type | DW_TAG_formal_parameter | DW_TAG_variable)
}

/// Whether an abbreviation has more attributes than any compiler gives one. Some need no bytes in the entries
/// that have them, so that small ones could take as long as one likes.
fn has_long_abbreviation(table: &[u8]) -> bool {
    let mut bytes = Bytes::new(table);
    let mut longest = 0usize;
    let mut next = || {
        if bytes.uvarint()? == 0 {
            return None;
        }
        let (_tag, _children) = (bytes.uvarint()?, bytes.u8()?);
        let mut count = 0usize;
        loop {
            let (name, form) = (bytes.uvarint()?, bytes.uvarint()?);
            if (name, form) == (0, 0) {
                return Some(());
            }
            count = count.saturating_add(1);
            longest = longest.max(count);
            if form == u64::from(gimli::DW_FORM_implicit_const.0) {
                while bytes.u8()? & 0x80 != 0 {}
            }
        }
    };
    while next().is_some() {}
    longest > MOST_ATTRIBUTES
}

fn is_type(tag: DwTag) -> bool {
    matches!(
        tag,
        DW_TAG_structure_type
            | DW_TAG_typedef
            | DW_TAG_base_type
            | DW_TAG_pointer_type
            | DW_TAG_array_type
            | DW_TAG_subroutine_type
            | DW_TAG_union_type
            | DW_TAG_enumeration_type
            | DW_TAG_class_type
    )
}

/// Damage with no better description.
pub(crate) fn broken(what: &'static str, at: usize) -> Error {
    Error::Malformed { what, at: u64::try_from(at).unwrap_or(u64::MAX) }
}
