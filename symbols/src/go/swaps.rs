//! The compare-and-swap of functions like `sync.Mutex.TryLock`, in the function itself and in its copies in others.
//!
//! No call stands behind it by which it could be found: the inline tree tells where copies are. A copy has one
//! compare-and-swap of a value that it has read before; one of a constant (`Lock`'s) may stand right behind it and, having no
//! line of its own, look as if it were of the copy.

use std::collections::{BTreeMap, HashSet};

use super::atomics::{AtomicSites, place};
use super::inline::{TREE_INDEX, Tree};
use super::places::{Budget, CodeLayout, OWN};
use super::sites::{Code, unprobeable};
use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::functions::Function;
use crate::insn::atomic::Graph;
use crate::insn::flow::Decoded;
use crate::pclntab::{Func, Table};

/// What wraps the instruction itself.
const ATOMIC: [&str; 3] = ["sync/atomic.", "internal/runtime/atomic.", "runtime/internal/atomic."];

impl Binary {
    /// The compare-and-swap of the function `name`, and that of each of its copies, in all Go functions that
    /// `fits`.
    pub fn swaps(&self, name: &str, fits: impl Fn(&Function) -> bool) -> AtomicSites {
        let mut swaps = AtomicSites::default();
        let Some(table) = self.pclntab() else { return swaps };
        let Some(offset) = table.offset_of_name(name) else { return swaps };
        let mut budget = Budget::of(self);
        for func in table.funcs() {
            let own = table.name_offset(func) == Some(offset);
            if (own || has_copy(self, table, func, offset, &mut budget))
                && let Some(function) = self.functions().at(func.addr)
                && fits(&function)
            {
                self.swaps_in((table, func, &function), name, &mut budget, &mut swaps);
            }
        }
        swaps.found.sort_by_key(|swap| swap.site.addr);
        swaps
    }

    fn swaps_in(
        &self,
        (table, func, function): (Table<'_>, Func, &Function),
        name: &str,
        budget: &mut Budget,
        swaps: &mut AtomicSites,
    ) {
        let cost = usize::try_from(function.size).unwrap_or(usize::MAX).saturating_add(function.name.len());
        if !budget.spend(cost) {
            return;
        }
        let code = match Code::of(self, function) {
            Ok(code) => code,
            Err(reason) => return swaps.refused.push((function.name.clone(), reason)),
        };
        let layout = CodeLayout::of(self, table, func, budget);
        let graph = Graph::of(code.all(), self);
        // What of the function's own code there is, and of each copy.
        let mut found: BTreeMap<i32, Vec<usize>> =
            layout.copies_of(name).map(|node| (node, Vec::new())).collect();
        for (index, at) in code.all().iter().enumerate().filter(|(_, at)| at.is_compare_and_swap()) {
            if graph.is_of_what_was_read(index)
                && let Some(node) = copy_with(&layout, at, name)
            {
                found.entry(node).or_default().push(index);
            }
        }
        for indices in found.into_values() {
            let swap = match *indices.as_slice() {
                [index] => graph.swap(index).map_err(|why| {
                    let addr = code.all().get(index).map_or(function.addr, |at| LinkAddr(at.addr()));
                    unprobeable(function, addr, why)
                }),
                [] => Err(unprobeable(function, func.addr, "no compare-and-swap of it is found")),
                _ => Err(unprobeable(function, func.addr, "more than one compare-and-swap of it is found")),
            };
            match swap.and_then(|atomic| place(self, function, &code, atomic)) {
                Ok(swap) => swaps.found.push(swap),
                Err(reason) => swaps.refused.push((function.name.clone(), reason)),
            }
        }
    }
}

impl CodeLayout<'_> {
    /// The copies of a function that have code, and the function's own code where it is this one.
    fn copies_of(&self, name: &str) -> impl Iterator<Item = i32> {
        let nodes: HashSet<i32> = self.nodes().into_iter().flat_map(|node| self.outward(node)).collect();
        let own = (self.name(OWN) == Some(name)).then_some(OWN);
        nodes.into_iter().filter(move |node| self.name(*node) == Some(name)).chain(own)
    }
}

/// The copy of a function, or its own code, that an instruction is of, and not of what it calls.
fn copy_with(layout: &CodeLayout<'_>, at: &Decoded<'_>, name: &str) -> Option<i32> {
    let node = layout.node_at(LinkAddr(at.addr()));
    for node in layout.outward(node).chain([OWN]) {
        let of = layout.name(node)?;
        if of == name {
            return Some(node);
        }
        if !ATOMIC.iter().any(|package| of.starts_with(package)) && method(of) != method(name) {
            return None;
        }
    }
    None
}

/// `(*Mutex).TryLock` of `internal/sync.(*Mutex).TryLock`.
fn method(name: &str) -> &str {
    let start = name.rfind('/').map_or(0, |at| at.saturating_add(1));
    let tail = name.get(start..).unwrap_or(name);
    tail.split_once('.').map_or(tail, |(_, method)| method)
}

/// Whether a function was put into another.
fn has_copy(binary: &Binary, table: Table<'_>, func: Func, name: u32, budget: &mut Budget) -> bool {
    let Some(tree) = Tree::of(binary, table, func) else { return false };
    let Some(runs) = table.pc_data_runs(func, TREE_INDEX) else { return false };
    // A copy may have no code but that of others in it: all nodes are looked at.
    let last = runs.take_while(|_| budget.spend(1)).map(|run| run.value).max().unwrap_or(OWN);
    (0..=last)
        .take_while(|_| budget.spend(1))
        .any(|node| tree.node(node).is_some_and(|call| call.name == name))
}
