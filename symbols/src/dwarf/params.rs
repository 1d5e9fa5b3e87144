//! Parameters and results.

use gimli::{AttributeValue, DwAt, LocationLists, Operation, UnitOffset};

use super::Dwarf;
use super::locations::Locations;
use super::sections::{Id, Slice};
use super::units::{AttributeValueKind, Entry, Unit, broken};
use crate::address::LinkAddr;
use crate::error::{Error, Reason};
use crate::functions::Function;
use crate::insn::x64::X64Reg;
use crate::location::{Captured, Location, Param};

/// Go's own attribute (`src/cmd/internal/dwarf/dwarf.go`, since Go 1.23): where in a closure's struct a
/// variable that it has captured lies.
const DW_AT_GO_CLOSURE_OFFSET: DwAt = DwAt(0x2907);

/// Go's own attribute (the same file, since Go 1.18): on a type that stands for several, the index of the exact
/// one in the function's dictionary.
const DW_AT_GO_DICT_INDEX: DwAt = DwAt(0x2906);

/// Parameters and results of one function.
const MOST_PARAMS: usize = 1024;
/// Ranges of addresses in which they have places.
const MOST_PLACES: usize = 1 << 15;
/// Parts that one variable is in.
const MOST_PIECES: usize = 1024;

impl<'a> Dwarf<'a> {
    /// The parameters and results of a function, in order.
    pub(crate) fn params(&self, function: &Function) -> Result<Vec<Param>, Reason> {
        let missing =
            || Reason::NotFound { what: "debug information of the function", name: function.name.clone() };
        let (unit, offset) = self.function(function)?.ok_or_else(missing)?;
        let (_, children) = unit.entry_with_children(offset).map_err(Reason::from)?.ok_or_else(missing)?;
        let mut params = Vec::new();
        let mut places = 0usize;
        for child in children.iter().filter(|c| c.tag() == gimli::DW_TAG_formal_parameter) {
            if let Some(param) = self.param(&unit, child)? {
                if let Locations::Ranges(ranges) = &param.locations {
                    places = places.saturating_add(ranges.len());
                }
                // All could have one long list of places.
                if places > MOST_PLACES || params.len() >= MOST_PARAMS {
                    return Err(broken("a function has too many parameters", offset.0).into());
                }
                params.push(param);
            }
        }
        Ok(params)
    }

    /// The variables that a closure has captured.
    pub(crate) fn captured(&self, function: &Function) -> Result<Vec<Captured>, Reason> {
        let missing =
            || Reason::NotFound { what: "debug information of the function", name: function.name.clone() };
        let (unit, offset) = self.function(function)?.ok_or_else(missing)?;
        let (_, children) = unit.entry_with_children(offset).map_err(Reason::from)?.ok_or_else(missing)?;
        let mut found = Vec::new();
        for child in &children {
            let Some(offset) = child.attr_value(DW_AT_GO_CLOSURE_OFFSET).and_then(|v| v.udata_value()) else {
                continue;
            };
            let (Some(ty), Some(name)) = (self.type_of(&unit, child)?, self.name(&unit, child)?) else {
                continue;
            };
            let reference = name.strip_prefix('&').map(str::to_owned);
            let by_reference = reference.is_some();
            found.push(Captured { name: reference.unwrap_or(name), ty, by_reference, offset });
        }
        Ok(found)
    }

    /// The entry of a function: with its name, or, where it was inlined too, with an origin that has.
    pub(super) fn function(&self, function: &Function) -> Result<Option<(Unit<'a>, UnitOffset)>, Error> {
        let units = self.units()?;
        let name = function.name.strip_suffix(".abi0").unwrap_or(&function.name);
        for number in self.units_that_mention(name)? {
            let unit = units.unit(self, number)?;
            for (low_pc, offset) in units.index(&unit, self)?.functions() {
                if self.address(&unit, low_pc)? == function.addr.0 {
                    return Ok(Some((unit, offset)));
                }
            }
        }
        Ok(None)
    }

    pub(super) fn param(&self, unit: &Unit<'a>, entry: &Entry<'a>) -> Result<Option<Param>, Error> {
        let origin = match self.reference(unit, entry, gimli::DW_AT_abstract_origin)? {
            Some(origin) => {
                let (unit, offset) = self.locate(origin)?;
                unit.entry(offset)?.map(|entry| (unit, entry))
            }
            None => None,
        };
        let (described, description) = match &origin {
            Some((unit, entry)) => (unit, entry),
            None => (unit, entry),
        };
        let Some(ty) = self.type_of(described, description)? else { return Ok(None) };
        let name = self.name(described, description)?.unwrap_or_default();
        let is_result = [entry, description].iter().any(|entry| {
            matches!(entry.attr_value(gimli::DW_AT_variable_parameter), Some(AttributeValue::Flag(true)))
        });
        let locations = self.locations(unit, entry)?;
        let dictionary = self.dictionary_index(described, description)?;
        Ok(Some(Param { name, ty, is_result, dictionary, locations }))
    }

    fn dictionary_index(&self, unit: &Unit<'a>, entry: &Entry<'a>) -> Result<Option<u32>, Error> {
        let Some(ty) = self.reference(unit, entry, gimli::DW_AT_type)? else { return Ok(None) };
        let (unit, offset) = self.locate(ty)?;
        let Some(ty) = unit.entry(offset)? else { return Ok(None) };
        let index = ty.attr_value(DW_AT_GO_DICT_INDEX).and_then(|value| value.udata_value());
        Ok(index.and_then(|index| u32::try_from(index).ok()))
    }

    fn locations(&self, unit: &Unit<'a>, entry: &Entry<'a>) -> Result<Locations, Error> {
        let encoding = unit.header.encoding();
        let offset = match entry.attr_value(gimli::DW_AT_location) {
            Some(AttributeValue::Exprloc(expression)) => {
                return Ok(Locations::Fixed(location(expression, unit)));
            }
            Some(AttributeValue::LocationListsRef(offset)) => offset,
            Some(AttributeValue::SecOffset(offset)) => gimli::LocationListsOffset(offset),
            Some(AttributeValue::DebugLocListsIndex(index)) => {
                let base = self.units()?.bases(unit)?.loclists;
                self.lists()?.get_offset(encoding, base, index)?
            }
            _ => return Ok(Locations::Fixed(Location::Unavailable)),
        };
        let bases = self.units()?.bases(unit)?;
        let low_pc = match bases.low_pc {
            Some(AttributeValueKind::Addr(addr)) => addr,
            Some(index) => self.address(unit, index)?,
            None => 0,
        };
        let addresses = gimli::DebugAddr::from(self.section(Id::Addr)?);
        let mut list = self.lists()?.locations(offset, encoding, low_pc, &addresses, bases.addr)?;
        let mut ranges = Vec::new();
        while let Some(part) = list.next()? {
            let (start, end) = (LinkAddr(part.range.begin), LinkAddr(part.range.end));
            if ranges.len() >= MOST_PLACES {
                return Err(broken("a variable is in too many places", offset.0));
            }
            ranges.push((start, end, location(part.data, unit)));
        }
        Ok(Locations::Ranges(ranges))
    }

    fn lists(&self) -> Result<LocationLists<Slice<'a>>, Error> {
        Ok(LocationLists::new(self.section(Id::Loc)?.into(), self.section(Id::LocLists)?.into()))
    }
}

/// What an expression says, as far as values in registers and frames go.
fn location(expression: gimli::Expression<Slice<'_>>, unit: &Unit<'_>) -> Location {
    let mut operations = expression.operations(unit.header.encoding());
    let mut pieces = Vec::new();
    let mut current: Option<Location> = None;
    let mut on_frame = false;
    loop {
        match operations.next() {
            Ok(Some(Operation::Register { register })) => {
                current = Some(Location::Register(X64Reg(register.0)));
            }
            Ok(Some(Operation::FrameOffset { offset })) => current = Some(Location::FrameOffset(offset)),
            Ok(Some(Operation::CallFrameCFA)) => {
                on_frame = true;
                current = Some(Location::FrameOffset(0));
            }
            Ok(Some(Operation::PlusConstant { value })) if on_frame => {
                current = i64::try_from(value).ok().map(Location::FrameOffset);
            }
            Ok(Some(Operation::UnsignedConstant { .. } | Operation::SignedConstant { .. })) => {
                // Go writes `DW_OP_call_frame_cfa; DW_OP_consts N; DW_OP_plus` for slots.
                let Ok(value) = constant(&expression, unit) else { return Location::Unavailable };
                current = Some(Location::FrameOffset(value));
            }
            Ok(Some(Operation::Plus)) if on_frame => {}
            Ok(Some(Operation::Piece { size_in_bits, .. })) => {
                on_frame = false;
                if pieces.len() >= MOST_PIECES {
                    return Location::Unavailable;
                }
                pieces.push((current.take().unwrap_or(Location::Unavailable), size_in_bits >> 3));
            }
            Ok(None) => break,
            _ => return Location::Unavailable,
        }
    }
    match (pieces.is_empty(), current) {
        (true, Some(location)) => location,
        (false, _) => Location::Pieces(pieces),
        (true, None) => Location::Unavailable,
    }
}

/// The constant of an expression of the form `cfa + N`, whole.
fn constant(expression: &gimli::Expression<Slice<'_>>, unit: &Unit<'_>) -> Result<i64, ()> {
    let mut operations = expression.operations(unit.header.encoding());
    let first = operations.next();
    let (Ok(Some(Operation::CallFrameCFA)), Ok(Some(second)), Ok(Some(Operation::Plus)), Ok(None)) =
        (first, operations.next(), operations.next(), operations.next())
    else {
        return Err(());
    };
    match second {
        Operation::UnsignedConstant { value } => i64::try_from(value).map_err(|_| ()),
        Operation::SignedConstant { value } => Ok(value),
        _ => Err(()),
    }
}
