//! Debug information.

pub(crate) mod fields;
pub(crate) mod locations;

use std::collections::HashMap;

use crate::error::{Error, Reason};
use crate::functions::Function;
use crate::layout::{Type, TypeId};
use crate::location::Param;

pub(crate) struct Dwarf;

impl Dwarf {
    pub(crate) fn find_type(&self, name: &str) -> Result<TypeId, Reason> {
        Err(Reason::NotFound { what: "type", name: name.to_owned() })
    }
    pub(crate) fn ty(&self, _id: TypeId) -> Result<Type, Error> {
        Err(Error::NoSections)
    }
    pub(crate) fn variable_types(&self, _names: &[&str]) -> Result<HashMap<String, TypeId>, Reason> {
        Err(Reason::NoDwarf)
    }
    pub(crate) fn params(&self, _function: &Function) -> Result<Vec<Param>, Reason> {
        Err(Reason::NoDwarf)
    }
}
