//! Types by the address of what the running program knows of them.

use std::collections::HashMap;

use gimli::{AttributeValue, DwAt};

use super::{Dwarf, type_id};
use crate::error::Error;
use crate::layout::TypeId;

/// Go's own attribute (`src/cmd/internal/dwarf/dwarf.go`): bytes from `runtime.types` to the type's
/// `abi.Type`.
const DW_AT_GO_RUNTIME_TYPE: DwAt = DwAt(0x2904);

/// Types by their place behind `runtime.types`.
pub(crate) type RuntimeTypes = HashMap<u64, TypeId>;

/// Reads all of them.
pub(crate) fn read(dwarf: &Dwarf<'_>) -> Result<RuntimeTypes, Error> {
    let mut found = RuntimeTypes::new();
    let units = dwarf.units()?;
    for number in 0..units.len() {
        let unit = units.unit(dwarf, number)?;
        if !units.bases(&unit)?.is_go {
            continue;
        }
        let mut raw = unit.header.entries_raw(&unit.abbreviations, None)?;
        while !raw.is_empty() {
            let offset = raw.next_offset();
            let Some(abbreviation) = raw.read_abbreviation()? else { continue };
            let specs = abbreviation.attributes();
            if !specs.iter().any(|spec| spec.name() == DW_AT_GO_RUNTIME_TYPE) {
                raw.skip_attributes(specs)?;
                continue;
            }
            for spec in specs {
                if spec.name() != DW_AT_GO_RUNTIME_TYPE {
                    raw.skip_attributes(std::slice::from_ref(spec))?;
                    continue;
                }
                let value = match raw.read_attribute(*spec)?.value() {
                    AttributeValue::Addr(addr) => Some(addr),
                    value => value.udata_value(),
                };
                // 0: the program itself has no use for the type.
                if let Some(value) = value.filter(|value| *value != 0) {
                    found.insert(value, type_id(&unit, offset)?);
                }
            }
        }
    }
    Ok(found)
}
