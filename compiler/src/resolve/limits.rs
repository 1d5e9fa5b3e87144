//! How large types and expressions become. Without limits, a few lines of `$a = ($a, $a)` make a type that fills
//! the machine's memory, and so do calls in calls that use their argument twice.

use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::Resolver;
use super::body::Body;
use super::typed::{Expr, Ty};
use super::visit;

/// Bytes of a tuple or a record: what a per-CPU map, which holds what the stack can't, has in an entry.
const LARGEST_TUPLE: u64 = 32 * 1024;
/// Bytes of a map's key, before Linux 5.11.
const SMALL_KEY: u64 = 512;
/// Parts of a tuple and of all tuples in it.
const MOST_PARTS: usize = 4096;
/// Tuples in tuples.
const DEEPEST: usize = 32;
/// Operations of one expression.
const LONGEST: usize = 16 * 1024;

impl Body<'_, '_> {
    /// Says that a tuple of these parts is more than the memory of a probe.
    pub(super) fn is_too_large<'t>(
        &mut self,
        parts: impl Iterator<Item = &'t Ty> + Clone,
        span: Span,
    ) -> bool {
        let bytes = parts.clone().map(|ty| u64::from(ty.stored().size())).sum::<u64>();
        let message = if bytes > LARGEST_TUPLE {
            format!("this has {bytes} bytes; a value has at most {LARGEST_TUPLE}")
        } else if parts.clone().map(count).sum::<usize>() > MOST_PARTS {
            format!("this has more than {MOST_PARTS} parts, those of the tuples in it counted")
        } else if parts.map(depth).max().unwrap_or(0) >= DEEPEST {
            format!("this has tuples in tuples, more than {DEEPEST} deep")
        } else {
            return false;
        };
        // Of parts that aren't known an error told; they have no bytes, but a limit all the same.
        if bytes > 0 || !self.cx.has_errors() {
            self.error(
                Diagnostic::error("too-large", span, message)
                    .help("keep its parts apart, or shorten strings: `config = { max_strlen = 64 }`"),
            );
        }
        true
    }

    /// Says that an expression is more than a probe can hold.
    pub(super) fn is_too_long(&mut self, e: &Expr) -> bool {
        let mut operations = 0;
        visit::expr(e, &mut |_| operations += 1);
        if operations > LONGEST {
            self.error(
                Diagnostic::error("too-large", e.span, "this expression is too large for a probe")
                    .help("assign a part of it to a variable, and write the variable here"),
            );
        }
        operations > LONGEST
    }
}

impl Resolver<'_> {
    /// Says which maps have keys that are more than an old kernel takes.
    pub(super) fn large_keys(&mut self) {
        if self.target.kernel.large_keys {
            return;
        }
        let large = self.maps.iter().filter_map(|map| {
            let bucket = map.value.as_ref().is_some_and(|held| held.map_value().has_buckets());
            let parts = map.key.iter().flatten().map(|ty| u64::from(ty.stored().size())).sum::<u64>();
            let bytes = parts + if bucket { 8 } else { 0 };
            (bytes > SMALL_KEY).then_some((map.name.clone(), bytes, map.first))
        });
        for (name, bytes, span) in large.collect::<Vec<_>>() {
            let message = format!("keys of `@{name}` have {bytes} bytes, and this kernel takes {SMALL_KEY}");
            self.report(
                Diagnostic::error("kernel-too-old", span, message)
                    .note("larger ones came with Linux 5.11")
                    .help("shorten strings: `config = { max_strlen = 200 }`"),
            );
        }
    }
}

/// Whether a type is one that `is_too_large` lets no expression have.
pub(super) fn has_no_end(ty: &Ty) -> bool {
    depth(ty) > DEEPEST || count(ty) > MOST_PARTS + 1
}

/// Whether all parts of a type are known; of the others an error told.
pub(super) fn is_known(ty: &Ty) -> bool {
    match ty {
        Ty::Tuple(parts) => parts.iter().all(is_known),
        Ty::Record(parts) => parts.iter().all(|(_, ty)| is_known(ty)),
        ty => *ty != Ty::Unknown,
    }
}

/// A type and all types in it.
fn count(ty: &Ty) -> usize {
    1 + match ty {
        Ty::Tuple(parts) => parts.iter().map(count).sum(),
        Ty::Record(parts) => parts.iter().map(|(_, ty)| count(ty)).sum(),
        _ => 0,
    }
}

/// Tuples in tuples; of what is none, 0.
fn depth(ty: &Ty) -> usize {
    let inner = match ty {
        Ty::Tuple(parts) => parts.iter().map(depth).max(),
        Ty::Record(parts) => parts.iter().map(|(_, ty)| depth(ty)).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or(0)
}
