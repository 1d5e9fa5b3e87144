//! Where the fields of the Go runtime's own structs lie.

use crate::binary::Binary;
use crate::error::{FieldError, Reason};
use crate::evidence::{Evidence, Evidenced};
use crate::go::layouts;
use crate::go::version::GoVersion;
use crate::layout::{Layout, TypeId};

macro_rules! offsets {
    ($(#[$doc:meta])* $name:ident of $of:literal { always { $($field:ident = $($part:literal).+;)* } optional { $($opt:ident = $($optpart:literal).+;)* } }) => {
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
            fn by_dwarf(layout: Layout<'_>) -> Result<Self, Reason> {
                // Not by `find_type`, which has known types where there is no debug information.
                let ty = layout.binary.dwarf()?.find_type(concat!("runtime.", $of))?;
                Ok(Self {
                    $($field: offset(layout, ty, &[$($part),+])?,)*
                    $($opt: optional(layout, ty, &[$($optpart),+])?,)*
                })
            }

            /// From what `known` says of each field, by its name.
            fn by_table(known: &impl Fn(&str) -> Option<Evidenced<u64>>) -> Option<Self> {
                Some(Self {
                    $($field: known(concat!($of, $(".", $part),+))?,)*
                    $($opt: known(concat!($of, $(".", $optpart),+)),)*
                })
            }

            fn each(&self, see: &mut impl FnMut(&'static str, Option<u64>)) {
                $(see(concat!($of, $(".", $part),+), Some(self.$field.value));)*
                $(see(concat!($of, $(".", $optpart),+), self.$opt.map(|it| it.value));)*
            }
        }
    };
}

offsets! {
    /// Fields of `runtime.g`, a goroutine: bytes from its start.
    GOffsets of "g" {
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
    MOffsets of "m" {
        always {
        g0 = "g0";
        procid = "procid";
        gsignal = "gsignal";
        curg = "curg";
        p = "p";
        nextp = "nextp";
        oldp = "oldp";
        id = "id";
        locks = "locks";
        spinning = "spinning";
        blocked = "blocked";
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
    POffsets of "p" {
        always {
        id = "id";
        status = "status";
        m = "m";
        schedtick = "schedtick";
        syscalltick = "syscalltick";
        runqhead = "runqhead";
        runqtail = "runqtail";
        runnext = "runnext";
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
    /// Where they are of gprobe's table: the release of Go that has them there, (major, minor, patch).
    pub release: Option<(u32, u32, u32)>,
}

impl RuntimeOffsets {
    /// By debug information, or else by the table of releases.
    pub(crate) fn read(binary: &Binary) -> Result<Self, Reason> {
        match Self::by_dwarf(binary.layout()) {
            // There may be some of C alone.
            Err(Reason::NoDwarf | Reason::NotFound { .. }) => layouts::choose(binary),
            read => read,
        }
    }

    fn by_dwarf(layout: Layout<'_>) -> Result<Self, Reason> {
        Ok(Self {
            g: GOffsets::by_dwarf(layout)?,
            m: MOffsets::by_dwarf(layout)?,
            p: POffsets::by_dwarf(layout)?,
            release: None,
        })
    }

    /// From what `known` says of each field, by its name; `None` where one is missing that all releases have.
    pub(crate) fn by_table(
        release: &GoVersion,
        known: &impl Fn(&str) -> Option<Evidenced<u64>>,
    ) -> Option<Self> {
        Some(Self {
            g: GOffsets::by_table(known)?,
            m: MOffsets::by_table(known)?,
            p: POffsets::by_table(known)?,
            release: Some((release.major, release.minor, release.patch)),
        })
    }

    /// Each field by its name (`g.stack.lo`), with its offset in bytes; `None` where this release has no such
    /// field.
    pub fn fields(&self) -> Vec<(&'static str, Option<u64>)> {
        let mut all = Vec::new();
        let mut see = |name, offset| all.push((name, offset));
        self.g.each(&mut see);
        self.m.each(&mut see);
        self.p.each(&mut see);
        all
    }

    /// What they rest on.
    pub fn evidence(&self) -> Evidence {
        self.g.goid.evidence
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
