//! Ways through structs.

use crate::error::FieldError;
use crate::layout::{Field, Layout, Scalar, Type, TypeId, TypeKind};

/// Embedded structs nest as deep as programmers bear; damaged files nest for ever.
const MAX_DEPTH: usize = 16;

pub(crate) fn field_path(layout: Layout<'_>, id: TypeId, path: &[&str]) -> Result<(u64, TypeId), FieldError> {
    let mut offset = 0u64;
    let mut at = id;
    for name in path {
        let ty = layout.ty(at)?;
        let TypeKind::Struct { fields } = &ty.kind else {
            return Err(FieldError::NotAStruct { ty: ty.name, field: (*name).to_owned() });
        };
        let Some((within, next)) = find_field(layout, fields, name, MAX_DEPTH)? else {
            let known = fields.iter().map(|field| field.name.clone()).collect();
            return Err(FieldError::Unknown { ty: ty.name.clone(), field: (*name).to_owned(), known });
        };
        offset = offset.saturating_add(within);
        at = next;
    }
    Ok((offset, at))
}

/// The field itself, else the one that is promoted from the shallowest embedded struct.
fn find_field(
    layout: Layout<'_>,
    fields: &[Field],
    name: &str,
    depth: usize,
) -> Result<Option<(u64, TypeId)>, FieldError> {
    if let Some(field) = fields.iter().find(|field| field.name == name) {
        return Ok(Some((field.offset, field.ty)));
    }
    if depth == 0 {
        return Ok(None);
    }
    for field in fields.iter().filter(|field| field.embedded || field.name.is_empty()) {
        let Type { kind: TypeKind::Struct { fields: inner }, .. } = layout.ty(field.ty)? else {
            continue;
        };
        if let Some((offset, ty)) = find_field(layout, &inner, name, depth.saturating_sub(1))? {
            return Ok(Some((field.offset.saturating_add(offset), ty)));
        }
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
            TypeKind::Struct { fields } => {
                // Wrappers carry markers of size 0 beside the number (`noCopy`, `align64`).
                let mut inner = None;
                for field in fields {
                    let field_ty = layout.ty(field.ty)?;
                    if field_ty.size != 0 && inner.replace((field.offset, field_ty)).is_some() {
                        return Err(FieldError::NotAScalar { ty: name });
                    }
                }
                match inner {
                    Some((at, field_ty)) => {
                        offset = offset.saturating_add(at);
                        ty = field_ty;
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
