//! Where the fields of the Go runtime's own structs lie.

use crate::binary::Binary;
use crate::error::{FieldError, Reason};
use crate::evidence::{Evidence, Evidenced};
use crate::layout::{Layout, TypeId};

macro_rules! offsets {
    ($(#[$doc:meta])* $name:ident { always { $($field:ident = $($part:literal).+;)* } optional { $($opt:ident = $($optpart:literal).+;)* } }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $(
                #[doc = concat!("`", $($part, " ",)+ "`")]
                pub $field: Evidenced<u64>,
            )*
            $(
                #[doc = concat!("`", $($optpart, " ",)+ "`; not in every Go release.")]
                pub $opt: Option<Evidenced<u64>>,
            )*
        }

        impl $name {
            fn read(layout: Layout<'_>, ty: TypeId) -> Result<Self, Reason> {
                Ok(Self {
                    $($field: offset(layout, ty, &[$($part),+])?,)*
                    $($opt: optional(layout, ty, &[$($optpart),+])?,)*
                })
            }
        }
    };
}

offsets! {
    /// Fields of `runtime.g`, a goroutine: bytes from its start.
    GOffsets {
        always {
        stack_lo = "stack"."lo";
        stack_hi = "stack"."hi";
        m = "m";
        sched_sp = "sched"."sp";
        sched_pc = "sched"."pc";
        sched_bp = "sched"."bp";
        atomicstatus = "atomicstatus";
        goid = "goid";
        waitreason = "waitreason";
        waitsince = "waitsince";
        gopc = "gopc";
        startpc = "startpc";
        syscallpc = "syscallpc";
        syscallsp = "syscallsp";
        lockedm = "lockedm";
        labels = "labels";
        }
        optional {
            parent_goid = "parentGoid";
            syscallbp = "syscallbp";
        }
    }
}

offsets! {
    /// Fields of `runtime.m`, a thread: bytes from its start.
    MOffsets {
        always {
        g0 = "g0";
        procid = "procid";
        gsignal = "gsignal";
        curg = "curg";
        p = "p";
        oldp = "oldp";
        id = "id";
        ncgo = "ncgo";
        incgo = "incgo";
        ncgocall = "ncgocall";
        lockedg = "lockedg";
        alllink = "alllink";
        }
        optional {}
    }
}

offsets! {
    /// Fields of `runtime.p`, a processor: bytes from its start.
    POffsets {
        always {
        id = "id";
        status = "status";
        }
        optional {}
    }
}

/// Where the fields of the Go runtime's own structs lie in one binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeOffsets {
    /// `runtime.g`
    pub g: GOffsets,
    /// `runtime.m`
    pub m: MOffsets,
    /// `runtime.p`
    pub p: POffsets,
}

impl RuntimeOffsets {
    pub(crate) fn read(binary: &Binary) -> Result<Self, Reason> {
        let layout = binary.layout();
        Ok(Self {
            g: GOffsets::read(layout, layout.find_type("runtime.g")?)?,
            m: MOffsets::read(layout, layout.find_type("runtime.m")?)?,
            p: POffsets::read(layout, layout.find_type("runtime.p")?)?,
        })
    }
}

/// A field's offset; for atomics and the like that of the number within.
fn offset(layout: Layout<'_>, ty: TypeId, path: &[&str]) -> Result<Evidenced<u64>, Reason> {
    let (offset, field) = layout.field_path(ty, path)?;
    let inner = layout.scalar(field).map_or(0, |scalar| scalar.offset);
    Ok(Evidenced::new(offset.saturating_add(inner), Evidence::Dwarf))
}

/// As [`offset`], for a field that some releases don't have.
fn optional(layout: Layout<'_>, ty: TypeId, path: &[&str]) -> Result<Option<Evidenced<u64>>, Reason> {
    match offset(layout, ty, path) {
        Ok(found) => Ok(Some(found)),
        Err(Reason::Field(FieldError::Unknown { .. })) => Ok(None),
        Err(other) => Err(other),
    }
}
