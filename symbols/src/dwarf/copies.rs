//! Functions that were put into others: where their parameters are there.

use std::borrow::Cow;

use gimli::{AttributeValue, DebugRanges, DebugRngLists, RangeLists, UnitOffset};

use super::Dwarf;
use super::sections::Id;
use super::units::{AttributeValueKind, Entry, Unit, address};
use crate::address::LinkAddr;
use crate::error::{Error, Reason};
use crate::functions::Function;
use crate::location::Param;

impl<'a> Dwarf<'a> {
    /// The parameters of the innermost copy of `source` that the address is in.
    pub(crate) fn params_of_copy(
        &self,
        function: &Function,
        addr: LinkAddr,
        source: &str,
    ) -> Result<Vec<Param>, Reason> {
        let missing =
            || Reason::NotFound { what: "debug information of the inlined copy of", name: source.to_owned() };
        let (unit, start) = self.function(function)?.ok_or_else(missing)?;
        let copy = self.copy_at(&unit, start, addr, source)?.ok_or_else(missing)?;
        let (_, children) = unit.entry_with_children(copy).map_err(Reason::from)?.ok_or_else(missing)?;
        let mut params = Vec::new();
        for child in children.iter().filter(|c| c.tag() == gimli::DW_TAG_formal_parameter) {
            params.extend(self.param(&unit, child)?);
        }
        Ok(params)
    }

    /// The entry of the innermost copy, below that of the function that it was put into.
    fn copy_at(
        &self,
        unit: &Unit<'a>,
        function: UnitOffset,
        addr: LinkAddr,
        source: &str,
    ) -> Result<Option<UnitOffset>, Error> {
        let mut raw = unit.header.entries_raw(&unit.abbreviations, Some(function))?;
        let mut entry = Entry::null();
        let mut found = None;
        raw.read_entry(&mut entry)?;
        while raw.next_depth() > 0 && !raw.is_empty() {
            let offset = raw.next_offset();
            if raw.read_entry(&mut entry)?
                && entry.tag() == gimli::DW_TAG_inlined_subroutine
                && self.covers(unit, &entry, addr)?
                && self.origin_name(unit, &entry)?.is_some_and(|name| bare(&name) == bare(source))
            {
                found = Some(offset);
            }
        }
        Ok(found)
    }

    fn origin_name(&self, unit: &Unit<'a>, entry: &Entry<'a>) -> Result<Option<String>, Error> {
        let Some(origin) = self.reference(unit, entry, gimli::DW_AT_abstract_origin)? else {
            return Ok(None);
        };
        let (unit, offset) = self.locate(origin)?;
        let Some(origin) = unit.entry(offset)? else { return Ok(None) };
        self.name(&unit, &origin)
    }

    /// Whether an entry's code has an instruction at the address.
    fn covers(&self, unit: &Unit<'a>, entry: &Entry<'a>, addr: LinkAddr) -> Result<bool, Error> {
        let low = entry.attr_value(gimli::DW_AT_low_pc).and_then(|value| address(&value));
        if let Some(low) = low {
            let low = self.address(unit, low)?;
            let end = match entry.attr_value(gimli::DW_AT_high_pc) {
                Some(AttributeValue::Addr(end)) => end,
                Some(value) => low.saturating_add(value.udata_value().unwrap_or(0)),
                None => low,
            };
            return Ok((low..end).contains(&addr.0));
        }
        let encoding = unit.header.encoding();
        let bases = self.units()?.bases(unit)?;
        let lists = RangeLists::new(
            DebugRanges::from(self.section(Id::Ranges)?),
            DebugRngLists::from(self.section(Id::RngLists)?),
        );
        let offset = match entry.attr_value(gimli::DW_AT_ranges) {
            Some(AttributeValue::RangeListsRef(offset)) => gimli::RangeListsOffset(offset.0),
            Some(AttributeValue::SecOffset(offset)) => gimli::RangeListsOffset(offset),
            Some(AttributeValue::DebugRngListsIndex(index)) => {
                lists.get_offset(encoding, bases.rnglists, index)?
            }
            _ => return Ok(false),
        };
        let low_pc = match bases.low_pc {
            Some(AttributeValueKind::Addr(addr)) => addr,
            Some(index) => self.address(unit, index)?,
            None => 0,
        };
        let addresses = gimli::DebugAddr::from(self.section(Id::Addr)?);
        let mut ranges = lists.ranges(offset, encoding, low_pc, &addresses, bases.addr)?;
        while let Some(range) = ranges.next()? {
            if (range.begin..range.end).contains(&addr.0) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The name without the types that a copy is for, which pclntab does not have.
fn bare(name: &str) -> Cow<'_, str> {
    match (name.split_once('['), name.rsplit_once(']')) {
        (Some((start, _)), Some((_, end))) => Cow::Owned(format!("{start}[...]{end}")),
        _ => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn instances_are_one() {
        assert_eq!(bare("main.largest[go.shape.int]"), bare("main.largest[...]"));
        assert_eq!(bare("main.(*Set[go.shape.[]int]).Add"), "main.(*Set[...]).Add");
        assert_eq!(bare("main.small"), "main.small");
    }
}
