//! Types of the runtime that gprobe knows of its own, for binaries without debug information: `runtime.g`,
//! `runtime.m` and `runtime.p`, with those fields that the table of layouts has, and what functions of the runtime
//! take that its scripts probe.

use crate::binary::Binary;
use crate::dwarf::locations::Locations;
use crate::error::Reason;
use crate::functions::Function;
use crate::layout::{Field, Type, TypeId, TypeKind};
use crate::location::{Location, Param};

/// Above all offsets in debug information that can be read.
const FIRST: u32 = 0xffff_ff00;

macro_rules! known {
    ($($name:ident = $text:literal, $size:literal, $kind:expr;)*) => {
        /// A known type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        enum Known {
            $(#[doc = $text] $name,)*
        }

        const ALL: &[(Known, &str, u64, Kind)] = &[$((Known::$name, $text, $size, $kind),)*];
    };
}

/// What a known type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Signed,
    Unsigned,
    Bool,
    Func,
    UnsafePointer,
    To(Known),
    /// With the fields that the table has below this name.
    Struct(&'static str),
}

known! {
    G = "runtime.g", 0, Kind::Struct("g");
    M = "runtime.m", 0, Kind::Struct("m");
    P = "runtime.p", 0, Kind::Struct("p");
    Stack = "runtime.stack", 16, Kind::Struct("g.stack");
    Gobuf = "runtime.gobuf", 0, Kind::Struct("g.sched");
    ToG = "*runtime.g", 8, Kind::To(Known::G);
    ToM = "*runtime.m", 8, Kind::To(Known::M);
    ToP = "*runtime.p", 8, Kind::To(Known::P);
    Guintptr = "runtime.guintptr", 8, Kind::Unsigned;
    Muintptr = "runtime.muintptr", 8, Kind::Unsigned;
    Puintptr = "runtime.puintptr", 8, Kind::Unsigned;
    WaitReason = "runtime.waitReason", 1, Kind::Unsigned;
    Uintptr = "uintptr", 8, Kind::Unsigned;
    Uint64 = "uint64", 8, Kind::Unsigned;
    Uint32 = "uint32", 4, Kind::Unsigned;
    Uint8 = "uint8", 1, Kind::Unsigned;
    Int = "int", 8, Kind::Signed;
    Int64 = "int64", 8, Kind::Signed;
    Int32 = "int32", 4, Kind::Signed;
    Bool = "bool", 1, Kind::Bool;
    Func = "func()", 8, Kind::Func;
    UnsafePointer = "unsafe.Pointer", 8, Kind::UnsafePointer;
}

/// The types of fields (`runtime/runtime2.go`); atomics are what they hold.
const FIELDS: [(&str, Known); 44] = [
    ("g.stack", Known::Stack),
    ("g.stack.lo", Known::Uintptr),
    ("g.stack.hi", Known::Uintptr),
    ("g.m", Known::ToM),
    ("g.sched", Known::Gobuf),
    ("g.sched.sp", Known::Uintptr),
    ("g.sched.pc", Known::Uintptr),
    ("g.sched.bp", Known::Uintptr),
    ("g.atomicstatus", Known::Uint32),
    ("g.goid", Known::Uint64),
    ("g.waitreason", Known::WaitReason),
    ("g.waitsince", Known::Int64),
    ("g.gopc", Known::Uintptr),
    ("g.startpc", Known::Uintptr),
    ("g.syscallpc", Known::Uintptr),
    ("g.syscallsp", Known::Uintptr),
    ("g.syscallbp", Known::Uintptr),
    ("g.lockedm", Known::Muintptr),
    ("g.labels", Known::UnsafePointer),
    ("g.parentGoid", Known::Uint64),
    ("m.g0", Known::ToG),
    ("m.procid", Known::Uint64),
    ("m.gsignal", Known::ToG),
    ("m.curg", Known::ToG),
    ("m.p", Known::Puintptr),
    ("m.nextp", Known::Puintptr),
    ("m.oldp", Known::Puintptr),
    ("m.id", Known::Int64),
    ("m.locks", Known::Int32),
    ("m.spinning", Known::Bool),
    ("m.blocked", Known::Bool),
    ("m.ncgo", Known::Int32),
    ("m.incgo", Known::Bool),
    ("m.ncgocall", Known::Uint64),
    ("m.lockedg", Known::Guintptr),
    ("m.alllink", Known::ToM),
    ("p.id", Known::Int32),
    ("p.status", Known::Uint32),
    ("p.m", Known::Muintptr),
    ("p.schedtick", Known::Uint32),
    ("p.syscalltick", Known::Uint32),
    ("p.runqhead", Known::Uint32),
    ("p.runqtail", Known::Uint32),
    ("p.runnext", Known::Guintptr),
];

/// Parameters, by function (`runtime/proc.go`, `runtime/cgocall.go`; the same from Go 1.19 to 1.27 but for names
/// of what is left out here, which comes behind).
const PARAMS: [(&str, &[(&str, Known)]); 8] = [
    (
        "runtime.gopark",
        &[("unlockf", Known::Func), ("lock", Known::UnsafePointer), ("reason", Known::WaitReason)],
    ),
    ("runtime.casgstatus", &[("gp", Known::ToG), ("oldval", Known::Uint32), ("newval", Known::Uint32)]),
    ("runtime.execute", &[("gp", Known::ToG), ("inheritTime", Known::Bool)]),
    ("runtime.ready", &[("gp", Known::ToG), ("traceskip", Known::Int), ("next", Known::Bool)]),
    ("runtime.park_m", &[("gp", Known::ToG)]),
    ("runtime.goexit0", &[("gp", Known::ToG)]),
    ("runtime.gdestroy", &[("gp", Known::ToG)]),
    ("runtime.cgocall", &[("fn", Known::UnsafePointer), ("arg", Known::UnsafePointer)]),
];

impl Known {
    fn id(self) -> TypeId {
        TypeId(FIRST.saturating_add(self as u32))
    }
}

/// The known type of that name.
pub(crate) fn find(binary: &Binary, name: &str) -> Option<TypeId> {
    binary.go_version()?;
    ALL.iter().find(|(_, text, ..)| *text == name).map(|(known, ..)| known.id())
}

/// What a known type is; `None` where it is another's.
pub(crate) fn ty(binary: &Binary, id: TypeId) -> Option<Type> {
    let index = usize::try_from(id.0.checked_sub(FIRST)?).ok()?;
    let (_, name, size, kind) = ALL.get(index)?;
    let kind = match kind {
        Kind::Signed => TypeKind::Int { signed: true },
        Kind::Unsigned => TypeKind::Int { signed: false },
        Kind::Bool => TypeKind::Bool,
        Kind::Func => TypeKind::Func,
        Kind::UnsafePointer => TypeKind::UnsafePointer,
        Kind::To(to) => TypeKind::Pointer(Some(to.id())),
        Kind::Struct(prefix) => {
            let fields = fields(binary, prefix);
            let end = fields.iter().map(|(field, size)| field.offset.saturating_add(*size)).max();
            let size = (*size).max(end.unwrap_or(0).next_multiple_of(8));
            let fields = fields.into_iter().map(|(field, _)| field).collect();
            return Some(Type { name: (*name).to_owned(), size, kind: TypeKind::Struct { fields } });
        }
    };
    Some(Type { name: (*name).to_owned(), size: *size, kind })
}

/// The fields right below a name, in order, with their sizes.
fn fields(binary: &Binary, prefix: &str) -> Vec<(Field, u64)> {
    let Ok(offsets) = binary.runtime_offsets() else { return Vec::new() };
    let all = offsets.fields();
    // A struct in the struct starts where its first field does.
    let start = |name: &str| {
        let within =
            |field: &str| field == name || field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        all.iter().filter(|(field, _)| within(field)).filter_map(|(_, offset)| *offset).min()
    };
    let below = |name: &&(&str, Known)| {
        name.0
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|rest| !rest.contains('.'))
    };
    let base = if prefix.contains('.') { start(prefix).unwrap_or(0) } else { 0 };
    let mut found: Vec<(Field, u64)> = FIELDS
        .iter()
        .filter(below)
        .filter_map(|(name, known)| {
            let offset = start(name)?.checked_sub(base)?;
            let size = ALL.get(*known as usize).map_or(0, |(_, _, size, _)| *size);
            let last = name.rsplit('.').next().unwrap_or(name);
            Some((Field { name: last.to_owned(), ty: known.id(), offset, embedded: false }, size))
        })
        .collect();
    found.sort_by_key(|(field, _)| field.offset);
    found
}

/// What a function of the runtime takes; where that is, its ABI says.
///
/// # Errors
/// [`Reason::NoDwarf`] for all functions but a few.
pub(crate) fn params(function: &Function) -> Result<Vec<Param>, Reason> {
    let (_, params) = PARAMS.iter().find(|(name, _)| *name == function.name).ok_or(Reason::NoDwarf)?;
    let param = |(name, known): &(&str, Known)| Param {
        name: (*name).to_owned(),
        ty: known.id(),
        is_result: false,
        dictionary: None,
        locations: Locations::Fixed(Location::Unavailable),
    };
    Ok(params.iter().map(param).collect())
}
