//! What is left over once all bodies are typed: maps, values and parameters without another end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::Span;

use super::typed::{Expr, Probe, Stmt, Ty};
use super::{Resolver, visit};
use crate::artifact::COOKIE_NAME_BITS;

impl Resolver<'_> {
    /// Says so where there are more names of probes than a site's cookie can tell apart.
    pub(super) fn too_many_names(&mut self, probes: &[Probe]) {
        let most = 1usize << COOKIE_NAME_BITS;
        if let Some(probe) = probes.last().filter(|_| self.probe_names.len() > most) {
            let message = format!("the probes of this script have more than {most} names");
            self.report(Diagnostic::error("too-large", probe.span, message).help("match fewer functions"));
        }
    }

    /// Says which maps nothing is put into, and which nothing is asked of.
    pub(super) fn unassigned_maps(&mut self) {
        for map in self.maps.clone() {
            if map.value.is_some() {
                if !self.options.print_maps_on_exit && !map.read {
                    let message = format!("@{} is written and never read or printed", map.name);
                    self.report(
                        Diagnostic::warning("unused-map", map.first, message)
                            .label("its entries are lost at the end")
                            .help(format!(
                                "show it, `print(@{})`, or remove it; print_maps_on_exit is off",
                                map.name
                            )),
                    );
                }
            } else if map.declared.is_some() && map.key.is_none() {
                self.report(
                    Diagnostic::warning("unused-map", map.first, format!("Unused map: @{}", map.name))
                        .help("remove its declaration"),
                );
            } else if !(self.unseen || map.tried && self.has_errors()) {
                let known: Vec<String> =
                    self.maps.iter().filter(|m| m.value.is_some()).map(|m| format!("@{}", m.name)).collect();
                let near = did_you_mean(&format!("@{}", map.name), known.iter().map(String::as_str));
                self.report(
                    Diagnostic::error(
                        "undefined-map",
                        map.first,
                        format!("nothing is ever assigned to @{}", map.name),
                    )
                    .help(near.unwrap_or_else(|| {
                        format!("assign to it in a probe: `@{0} = ...` or `@{0}[key] = ...`", map.name)
                    })),
                );
            }
        }
    }

    /// Values of which nothing is known after all: shown or kept, they would be wrong in silence.
    pub(super) fn unknown_values(&mut self, probes: &[Probe]) {
        let mut spans = Vec::new();
        for probe in probes {
            visit::all_stmts(&probe.body, &mut |stmt| match stmt {
                Stmt::Emit { args, .. } => spans.extend(unknown(args)),
                Stmt::SetMap { key, value, .. } | Stmt::AddMap { key, value, .. } => {
                    spans.extend(unknown(key).chain(unknown(std::slice::from_ref(value))));
                }
                Stmt::Aggregate { key, value, .. } => {
                    spans.extend(unknown(key).chain(unknown(value.as_slice())));
                }
                _ => {}
            });
        }
        for span in spans {
            self.report(
                Diagnostic::error("no-value", span, "nothing is known of this value")
                    .help("a variable is assigned to before it is read: `$x = ...`"),
            );
        }
    }

    /// Named parameters that no `getopt` asks for.
    pub(super) fn unknown_options(&mut self) {
        let unknown: Vec<String> = self
            .target
            .named
            .iter()
            .filter(|(name, _)| !self.named_known.iter().any(|(known, _)| known == name))
            .map(|(name, _)| format!("--{name}"))
            .collect();
        if unknown.is_empty() {
            return;
        }
        let known: Vec<String> = self
            .named_known
            .iter()
            .map(
                |(name, help)| {
                    if help.is_empty() { format!("--{name}") } else { format!("--{name}: {help}") }
                },
            )
            .collect();
        let span = Span::new(gprobe_lang::source::SourceId(0), 0, 0);
        let mut diagnostic = Diagnostic::error(
            "unknown-option",
            span,
            format!("unexpected program command line options: {}", unknown.join(", ")),
        );
        diagnostic = diagnostic.help(match known.as_slice() {
            [] => "the script has none: it calls no `getopt`".to_owned(),
            known => format!("expected program options: {}", known.join(", ")),
        });
        self.report(diagnostic);
    }
}

/// Where expressions are that have no type.
fn unknown(list: &[Expr]) -> impl Iterator<Item = Span> {
    list.iter().filter(|expr| expr.ty == Ty::Unknown).map(|expr| expr.span)
}

/// One message for one place, where each function that a pattern matches has its own.
pub(super) fn folded(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<(Diagnostic, usize)> = Vec::new();
    let mut places: HashMap<(&'static str, Span), usize> = HashMap::new();
    for diagnostic in diagnostics {
        // What is wrong with a whole because of its part has been said of the part, or the other way round.
        let span = diagnostic.primary.span;
        let nested = |other: Span| {
            let within = |a: Span, b: Span| a.start >= b.start && a.end <= b.end;
            other != span && other.source == span.source && (within(span, other) || within(other, span))
        };
        if diagnostic.is_error()
            && kept.iter().any(|(known, _)| known.code == diagnostic.code && nested(known.primary.span))
        {
            continue;
        }
        match places.entry((diagnostic.code, diagnostic.primary.span)) {
            Entry::Occupied(place) => {
                if let Some((_, more)) = kept.get_mut(*place.get()) {
                    *more += 1;
                }
            }
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push((diagnostic, 0));
            }
        }
    }
    let said = |(diagnostic, more): (Diagnostic, usize)| match more {
        0 => diagnostic,
        more => {
            let places = if more == 1 { "another place".to_owned() } else { format!("{more} more places") };
            diagnostic.note(format!("the same is wrong at {places} that the probe is on: narrow its pattern"))
        }
    };
    kept.into_iter().map(said).collect()
}
