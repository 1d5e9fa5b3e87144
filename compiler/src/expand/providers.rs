//! The providers that a script's probes name are taken in with it.

use std::collections::HashSet;

use gprobe_lang::ast::{AttachPoint, Block, Item, MapDecl, Probe};

use super::Expander;
use crate::probe_kinds;
use crate::written::{call, field, ident, map, point, statement};

/// The kind of map whose entries go when their goroutine ends.
pub(crate) const GOROUTINE_LOCAL: &str = "golocal";

/// The word that an attach point begins with, where it is no kind of probe.
pub(crate) fn provider_of(point: &AttachPoint) -> Option<&str> {
    let first = point.parts.first()?;
    (point.parts.len() > 1 && probe_kinds::find(&first.value).is_none()).then_some(first.value.as_str())
}

impl Expander<'_> {
    /// Puts the definitions of moments that probes name, and the script does not define, before all else.
    pub(super) fn provide(&mut self, items: &mut Vec<Item>, imported: &mut HashSet<String>) {
        let mut asked: HashSet<String> = HashSet::new();
        loop {
            let mut wanted: Vec<String> = Vec::new();
            for point in items.iter().flat_map(points_of) {
                let Some(name) = provider_of(point) else { continue };
                if asked.insert(name.to_owned()) && !items.iter().any(|item| defines(item, name)) {
                    wanted.push(name.to_owned());
                }
            }
            if wanted.is_empty() {
                return;
            }
            let mut found = Vec::new();
            for name in wanted {
                // What no one provides is said where the attach point is.
                for file in self.world.provider(&name).unwrap_or_default() {
                    self.diagnostics.extend(file.diagnostics);
                    if imported.insert(file.name) {
                        self.import_all(&file.script.items, imported, &mut found);
                    }
                }
            }
            items.splice(0..0, found);
        }
    }
}

/// Behind all other probes, those that take the entries of ended goroutines away. Of probes at one instruction
/// the last of the script runs last: the others still see the entries.
pub(super) fn forget_ended(items: &mut Vec<Item>) {
    let declared = items.iter().filter_map(|item| match item {
        Item::MapDecl(decl) if decl.kind.value == GOROUTINE_LOCAL => Some(Item::Probe(forget(decl))),
        _ => None,
    });
    let probes: Vec<Item> = declared.collect();
    items.extend(probes);
}

/// `goroutine:exit { delete(@m[args.goid]) }`
fn forget(decl: &MapDecl) -> Probe {
    let span = decl.span;
    let goid = field(ident("args", span), "goid");
    let entry = map(&decl.name.value, Some(vec![goid]), span);
    let body = Block { stmts: vec![statement(call("delete", vec![entry], span))], span };
    Probe { name: None, points: vec![point(&["goroutine", "exit"], span)], predicate: None, body, span }
}

fn points_of(item: &Item) -> Vec<&AttachPoint> {
    match item {
        Item::Probe(probe) => probe.points.iter().collect(),
        Item::Provider(provider) => provider.alternatives.iter().flat_map(|one| &one.points).collect(),
        _ => Vec::new(),
    }
}

fn defines(item: &Item, name: &str) -> bool {
    let Item::Provider(provider) = item else { return false };
    provider.name.parts.first().is_some_and(|first| first.value == name)
}
