//! `label("key")`.

use gprobe_lang::ast;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;
use gprobe_symbols::{Binary, Reason, TypeKind};

use super::body::Body;
use super::place::Place;
use super::typed::{Expr, ExprKind, LabelSet, Ty};

/// Bytes of a key.
const LONGEST_KEY: usize = 64;

impl Body<'_, '_> {
    /// A pprof label of the current goroutine.
    pub(super) fn label(&mut self, args: &[ast::Expr], span: Span) -> Expr {
        if matches!(self.place, Place::OwnProcess(_)) {
            self.not_here("label", "it runs in gprobe itself, not in a goroutine; `iter:goroutine:1s` visits all goroutines each second", span);
            return self.broken(span);
        }
        let Some(key) = self.literal(args.first(), "the label's key") else { return self.broken(span) };
        if key.len() > LONGEST_KEY {
            self.error(
                Diagnostic::error(
                    "out-of-range",
                    args.first().map_or(span, |arg| arg.span),
                    format!("this label's key has {} bytes", key.len()),
                )
                .help(format!("keys of at most {LONGEST_KEY} bytes are looked for")),
            );
            return self.broken(span);
        }
        if !self.need_runtime("label", span) {
            return self.broken(span);
        }
        let ty = Ty::string(self.cx.options.max_strlen);
        let labels = match self.cx.go_executable() {
            Some(executable) => label_set(&executable.binary),
            None => Ok(None),
        };
        match labels {
            // A program without the package has no labels.
            Ok(None) => Expr { kind: ExprKind::Str(Vec::new()), ty, span },
            Ok(Some(labels)) => Expr { kind: ExprKind::GoLabel { key: key.into_bytes(), labels }, ty, span },
            Err(reason) => {
                self.error(Diagnostic::error("no-layout", span, "labels can't be read here").note(reason));
                self.broken(span)
            }
        }
    }
}

/// How programs of this release keep labels (`runtime/pprof/label.go`, `runtime/map.go`): known where there is no
/// debug information. A program without labels has none to find.
fn label_set_of_release(binary: &Binary) -> LabelSet {
    match binary.go_version().is_none_or(|version| version.at_least(1, 24)) {
        true => LabelSet::List { offset: 0 },
        false => LabelSet::Map { shift: 9, buckets: 16 },
    }
}

/// How the program keeps labels; `None` where it has none.
fn label_set(binary: &Binary) -> Result<Option<LabelSet>, String> {
    let layout = binary.layout();
    let set = match layout.find_type("runtime/pprof.labelMap") {
        Ok(set) => set,
        Err(Reason::NoDwarf) => return Ok(Some(label_set_of_release(binary))),
        Err(_) => return Ok(None),
    };
    let kind = layout.ty(set).map_err(|reason| reason.to_string())?.kind.clone();
    let small = |offset: u64| u32::try_from(offset).map_err(|_| "an offset is too large".to_owned());
    if !matches!(kind, TypeKind::Map { .. }) {
        // Of Go 1.24 and of later releases.
        let (offset, _) = layout
            .field_path(set, &["LabelSet", "list"])
            .or_else(|_| layout.field_path(set, &["Set", "List"]))
            .map_err(|error| error.to_string())?;
        return Ok(Some(LabelSet::List { offset: small(offset)? }));
    }
    let map = layout.find_type("runtime.hmap").map_err(|reason| reason.to_string())?;
    let field = |name: &str| {
        let (offset, _) = layout.field_path(map, &[name]).map_err(|error| error.to_string())?;
        small(offset)
    };
    Ok(Some(LabelSet::Map { shift: field("B")?, buckets: field("buckets")? }))
}
