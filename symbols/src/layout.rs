//! Types and how they lie in memory.

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::error::{Error, FieldError, Reason};
use crate::go::known;

/// A type of one [`Binary`]: the offset of its entry in `.debug_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub(crate) u32);

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Its name as the source has it: `runtime.muintptr`, `*net/http.Request`, `unsigned int`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// What it is.
    pub kind: TypeKind,
}

/// What a type is. Type names (Go's defined types, C's typedefs) are looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypeKind {
    /// An integer, a character, a C enumeration; also Go's `uintptr` and the runtime's `muintptr`,
    /// `puintptr`, `guintptr`, which are pointers in disguise and known by their names.
    Int {
        /// Whether it has a sign.
        signed: bool,
    },
    /// A truth value of one byte.
    Bool,
    /// A floating-point number.
    Float,
    /// A complex number: two floats.
    Complex,
    /// A pointer; `None`: to nothing known (`void *`).
    Pointer(Option<TypeId>),
    /// Go's `unsafe.Pointer`.
    UnsafePointer,
    /// A struct. A C union is one whose fields all lie at 0.
    Struct {
        /// Its fields, in order.
        fields: Vec<Field>,
    },
    /// An array.
    Array {
        /// The elements' type.
        elem: TypeId,
        /// How many; 0 if C doesn't say.
        count: u64,
    },
    /// Go's string: pointer, length.
    String,
    /// Go's slice: pointer, length, capacity.
    Slice {
        /// The elements' type.
        elem: TypeId,
    },
    /// Go's interface: two words, type (or itab) and data.
    Interface {
        /// Whether it has no methods (`any`): the first word is the type and no itab.
        empty: bool,
    },
    /// Go's func value (a pointer to a closure), or C's function type.
    Func,
    /// Go's channel: a pointer to `runtime.hchan`.
    Chan {
        /// The elements' type.
        elem: TypeId,
    },
    /// Go's map: a pointer to the runtime's struct.
    Map {
        /// The keys' type.
        key: TypeId,
        /// The values' type.
        elem: TypeId,
    },
    /// C's `void`, or what gprobe does not know.
    Opaque,
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; empty for C's anonymous members.
    pub name: String,
    /// Its type.
    pub ty: TypeId,
    /// Bytes from the start of the struct.
    pub offset: u64,
    /// Whether Go embeds it, so that its own fields are promoted.
    pub embedded: bool,
}

/// One number in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Bytes from the start of the type asked about.
    pub offset: u64,
    /// Bytes: 1, 2, 4 or 8.
    pub size: u64,
    /// Whether it has a sign.
    pub signed: bool,
    /// The name of the outermost type.
    pub name: String,
}

/// The types of a [`Binary`].
#[derive(Clone, Copy)]
pub struct Layout<'a> {
    pub(crate) binary: &'a Binary,
}

impl Layout<'_> {
    /// The type of that name: `runtime.g`, `net/http.Request`, `*main.T`; for C also `struct tm`. Without debug
    /// information there are those of the runtime that gprobe knows.
    ///
    /// # Errors
    /// [`Reason::NoDwarf`], or [`Reason::NotFound`].
    pub fn find_type(&self, name: &str) -> Result<TypeId, Reason> {
        let found = self.binary.dwarf().and_then(|dwarf| dwarf.find_type(name));
        found.or_else(|reason| match self.binary.has_go_dwarf() {
            true => Err(reason),
            false => known::find(self.binary, name).ok_or(reason),
        })
    }

    /// The Go type whose `abi.Type` lies at an address: what interfaces hold.
    ///
    /// # Errors
    /// [`Reason::NoDwarf`], or where the debug information is damaged.
    pub fn runtime_type(&self, addr: LinkAddr) -> Result<Option<TypeId>, Reason> {
        let dwarf = self.binary.dwarf()?;
        let start = self.binary.variable("runtime.types").map_or(0, |symbol| symbol.addr.0);
        let place = addr.0.wrapping_sub(start);
        match dwarf.runtime_type(place).map_err(Reason::from)? {
            // Up to Go 1.20 it may be the address itself.
            None => dwarf.runtime_type(addr.0).map_err(Reason::from),
            found => Ok(found),
        }
    }

    /// Where the `abi.Type` of a Go type lies; `None` where the program itself has no use for it.
    ///
    /// # Errors
    /// As [`runtime_type`](Self::runtime_type).
    pub fn runtime_address(&self, id: TypeId) -> Result<Option<LinkAddr>, Reason> {
        let Some(place) = self.binary.dwarf()?.runtime_place(id).map_err(Reason::from)? else {
            return Ok(None);
        };
        let start = self.binary.variable("runtime.types").map_or(0, |symbol| symbol.addr.0);
        let offset = self.binary.go_version().is_none_or(|version| version.at_least(1, 21)) || place < start;
        // Up to Go 1.20 it may be the address itself.
        Ok(Some(LinkAddr(if offset { start.saturating_add(place) } else { place })))
    }

    /// What a type is.
    ///
    /// # Errors
    /// Where the debug information is damaged.
    pub fn ty(&self, id: TypeId) -> Result<Type, Error> {
        known::ty(self.binary, id).map_or_else(|| self.binary.any_dwarf().ty(id), Ok)
    }

    /// The size of a type in bytes.
    ///
    /// # Errors
    /// Where the debug information is damaged.
    pub fn size_of(&self, id: TypeId) -> Result<u64, Error> {
        known::ty(self.binary, id).map_or_else(|| self.binary.any_dwarf().size_of(id), |known| Ok(known.size))
    }

    /// Follows fields, through structs that lie within one another; embedded fields are looked through.
    /// Gives the offset from the start of `id`, and the last field's type.
    ///
    /// # Errors
    /// Where there is no such field: the error names those that there are.
    pub fn field_path(&self, id: TypeId, path: &[&str]) -> Result<(u64, TypeId), FieldError> {
        crate::dwarf::fields::field_path(*self, id, path)
    }

    /// The one number that a type is, or is a wrapper of (`atomic.Uint32`).
    ///
    /// # Errors
    /// [`FieldError::NotAScalar`].
    pub fn scalar(&self, id: TypeId) -> Result<Scalar, FieldError> {
        crate::dwarf::fields::scalar(*self, id)
    }

    /// The type of a package's variable: `runtime.sched`.
    ///
    /// # Errors
    /// [`Reason::NoDwarf`], or [`Reason::NotFound`].
    pub fn variable_type(&self, name: &str) -> Result<TypeId, Reason> {
        self.binary.dwarf()?.variable_type(name)
    }
}
