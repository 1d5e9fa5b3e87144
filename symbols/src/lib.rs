//! Internal to gprobe: what an ELF file says of a Go program or a C library.
//!
//! [`Binary::open`] takes a file's bytes (a memory map, say) and answers, each answer made when it
//! is first asked for: which functions there are ([`Functions`]), how types lie in memory
//! ([`Layout`]), where a probe goes ([`Sites`]), where arguments are ([`Param`]), where the Go
//! runtime keeps its own things ([`RuntimeOffsets`]).
//!
//! The bytes are hostile: whatever they are, the answer is a value ([`Error`] when the file
//! is broken, [`Reason`] when it doesn't hold what was asked for), never a panic, a hang or an
//! allocation larger than the file justifies; `cargo xtask fuzz` tries millions. Two floors: formats (`elf`, `dwarf`, `pclntab`,
//! `insn`) and, above, Go knowledge (`go`). x86-64 only; what depends on the machine is in
//! `insn` and `go/abi.rs`.

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing)]

mod address;
mod binary;
mod bytes;
mod dwarf;
mod elf;
mod error;
mod evidence;
mod functions;
mod glob;
mod go;
mod insn;
mod layout;
mod location;
mod pclntab;
mod site;
mod usdt;

pub use address::{FileOffset, LinkAddr, LiveAddr};
pub use binary::{Binary, Line, Segment, Symbol};
pub use error::{Error, FieldError, Reason};
pub use evidence::{Evidence, Evidenced};
pub use functions::{Abi, Function, Functions, Language};
pub use glob::{glob_matches, is_glob};
pub use go::atomics::{AtomicSite, AtomicSites};
pub use go::inline::SourceFrame;
pub use go::names::cgo_name;
pub use go::offsets::{GOffsets, MOffsets, POffsets, RuntimeOffsets};
pub use go::places::{Place, Places};
pub use go::variables::RuntimeVariable;
pub use go::version::GoVersion;
pub use insn::flags::{Condition, FlagTest};
pub use insn::x64::X64Reg;
pub use layout::{Field, Layout, Scalar, Type, TypeId, TypeKind};
pub use location::{Captured, Location, Param};
pub use site::{Cost, EntryCondition, Site, SiteKind, Sites};
pub use usdt::{Usdt, UsdtArg, UsdtPlace};
