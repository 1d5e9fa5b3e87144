//! Ways through structs.

use std::collections::BTreeSet;

use crate::error::FieldError;
use crate::layout::{Field, Layout, Scalar, Type, TypeId, TypeKind};

/// Wrappers nest as deep as programmers bear; damaged files nest for ever.
const MAX_DEPTH: usize = 16;

/// Fields of all embedded structs together.
const MAX_FIELDS: usize = 1 << 16;

/// Fields of a struct that can be a wrapper of one number.
const MAX_MARKERS: usize = 64;

/// Embedded structs that are looked through for one field.
const MAX_EMBEDDED: usize = 256;

pub(crate) fn field_path(layout: Layout<'_>, id: TypeId, path: &[&str]) -> Result<(u64, TypeId), FieldError> {
    let mut offset = 0u64;
    let mut at = id;
    for name in path {
        let ty = layout.ty(at)?;
        let TypeKind::Struct { fields } = &ty.kind else {
            return Err(FieldError::NotAStruct { ty: ty.name, field: (*name).to_owned() });
        };
        let Some((within, next)) = find_field(layout, fields, name)? else {
            let known = fields.iter().map(|field| field.name.clone()).collect();
            return Err(FieldError::Unknown { ty: ty.name.clone(), field: (*name).to_owned(), known });
        };
        offset = offset.saturating_add(within);
        at = next;
    }
    Ok((offset, at))
}

/// The field itself, else the one that is promoted from the shallowest embedded struct.
fn find_field(layout: Layout<'_>, fields: &[Field], name: &str) -> Result<Option<(u64, TypeId)>, FieldError> {
    let mut level: Vec<(u64, Field)> = fields.iter().map(|field| (0, field.clone())).collect();
    let mut seen = BTreeSet::new();
    while !level.is_empty() {
        if let Some((base, field)) = level.iter().find(|(_, field)| field.name == name) {
            return Ok(Some((base.saturating_add(field.offset), field.ty)));
        }
        let mut next = Vec::new();
        for (base, field) in level.iter().filter(|(_, field)| field.embedded || field.name.is_empty()) {
            if seen.len() >= MAX_EMBEDDED || !seen.insert(field.ty) {
                continue;
            }
            if next.len() >= MAX_FIELDS {
                break;
            }
            if let Type { kind: TypeKind::Struct { fields: inner }, .. } = layout.ty(field.ty)? {
                let base = base.saturating_add(field.offset);
                next.extend(inner.into_iter().map(|field| (base, field)));
            }
        }
        level = next;
    }
    Ok(None)
}

pub(crate) fn scalar(layout: Layout<'_>, id: TypeId) -> Result<Scalar, FieldError> {
    let outer = layout.ty(id)?;
    let name = outer.name.clone();
    let mut offset = 0u64;
    let mut ty = outer;
    for _ in 0..MAX_DEPTH {
        let signed = match &ty.kind {
            TypeKind::Int { signed } => *signed,
            TypeKind::Bool
            | TypeKind::Float
            | TypeKind::Pointer(_)
            | TypeKind::UnsafePointer
            | TypeKind::Func
            | TypeKind::Chan { .. }
            | TypeKind::Map { .. } => false,
            TypeKind::Struct { fields } if fields.len() <= MAX_MARKERS => {
                // Wrappers carry markers of size 0 beside the number (`noCopy`, `align64`).
                let mut inner = None;
                for field in fields {
                    if layout.size_of(field.ty)? != 0 && inner.replace((field.offset, field.ty)).is_some() {
                        return Err(FieldError::NotAScalar { ty: name });
                    }
                }
                match inner {
                    Some((at, field)) => {
                        offset = offset.saturating_add(at);
                        ty = layout.ty(field)?;
                        continue;
                    }
                    None => break,
                }
            }
            _ => break,
        };
        return match ty.size {
            1 | 2 | 4 | 8 => Ok(Scalar { offset, size: ty.size, signed, name }),
            _ => break,
        };
    }
    Err(FieldError::NotAScalar { ty: name })
}
