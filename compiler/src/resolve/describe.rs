//! How diagnostics call types.

use super::typed::{Pointee, Ty};
use crate::artifact;

impl Ty {
    /// How diagnostics call it.
    pub fn describe(&self) -> String {
        match self {
            Ty::Unknown => "a value of unknown type".into(),
            Ty::Pointer(Pointee::C { ty, .. }) => format!("{ty} *"),
            Ty::Pointer(_) => "a pointer".into(),
            Ty::Literal(_) => "a number".into(),
            Ty::Tuple(_) => format!("the tuple {}", self.short()),
            Ty::Record(_) => format!("the record {}", self.short()),
            Ty::Value(artifact::Type::Str { .. }) => "a string".into(),
            Ty::Value(artifact::Type::Bool) => "a bool".into(),
            Ty::Value(
                artifact::Type::UserStack { .. }
                | artifact::Type::KernelStack { .. }
                | artifact::Type::GoStack { .. },
            ) => "a stack".into(),
            other => other.stored().to_string(),
        }
    }

    /// The type by its name in the language.
    pub fn shown(&self) -> String {
        match self {
            Ty::Pointer(Pointee::C { ty, .. }) => format!("{ty} *"),
            Ty::Tuple(parts) => format!("({})", parts.iter().map(Ty::shown).collect::<Vec<_>>().join(", ")),
            Ty::Record(parts) => {
                let parts = parts.iter().map(|(name, ty)| format!("{name}={}", ty.shown()));
                format!("({})", parts.collect::<Vec<_>>().join(", "))
            }
            other => other.stored().to_string(),
        }
    }

    /// The same in a word.
    pub fn short(&self) -> String {
        match self {
            Ty::Unknown | Ty::Pointer(_) | Ty::Value(_) | Ty::Literal(_) => {
                let said = self.describe();
                said.strip_prefix("a ").map_or(said.clone(), str::to_owned)
            }
            Ty::Tuple(parts) => {
                format!("({})", parts.iter().map(Ty::short).collect::<Vec<_>>().join(", "))
            }
            Ty::Record(parts) => {
                let parts = parts.iter().map(|(name, ty)| format!("{name}={}", ty.short()));
                format!("({})", parts.collect::<Vec<_>>().join(", "))
            }
        }
    }
}
