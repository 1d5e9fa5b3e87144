//! What the programs of a session that were compiled before have: later ones share their maps.
//!
//! All tables that values, records and maps refer to by an index only ever grow: so what one program wrote, the tables
//! of any later one can read.

use std::collections::BTreeSet;

use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::Resolver;
use super::infer::{Held, MapState};
use super::typed::{Program, Ty};
use crate::artifact::{Action, EnumTable, GoCapture, MapInfo};

/// What the programs compiled so far have; the default is that there are none.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    pub(super) maps: Vec<MapState>,
    /// As they were made.
    pub(super) infos: Vec<MapInfo>,
    pub(crate) actions: Vec<Action>,
    pub(super) probe_names: Vec<String>,
    pub(super) functions: Vec<String>,
    pub(super) enums: Vec<EnumTable>,
    pub(super) go_values: Vec<GoCapture>,
    pub(super) entry_maps: usize,
    pub(super) adders: Adders,
}

/// Which maps are added to from where, by their indices.
#[derive(Clone, Debug, Default)]
pub(super) struct Adders {
    pub(super) in_kernel: BTreeSet<u32>,
    pub(super) in_gprobe: BTreeSet<u32>,
}

impl Earlier {
    /// A map of this name (without the `@`) that holds something, by its index.
    pub fn find_map(&self, name: &str) -> Option<usize> {
        self.maps.iter().position(|map| map.name == name && map.value.is_some())
    }
}

impl Resolver<'_> {
    /// Begins with what earlier programs have.
    pub(super) fn take_earlier(&mut self, earlier: &Earlier) {
        // They are not of this script: it need not use them.
        let kept = |map: &MapState| MapState { read: true, here: None, ..map.clone() };
        self.maps = earlier.maps.iter().map(kept).collect();
        self.made = earlier.infos.clone();
        self.actions.clone_from(&earlier.actions);
        self.first_action = earlier.actions.len();
        self.probe_names.clone_from(&earlier.probe_names);
        self.probe_name_ids = numbered(&self.probe_names);
        self.functions.clone_from(&earlier.functions);
        self.function_ids = numbered(&self.functions);
        self.enums.clone_from(&earlier.enums);
        self.go_values.clone_from(&earlier.go_values);
        self.entry_maps = earlier.entry_maps;
        self.adders = earlier.adders.clone();
    }

    /// What the next program is to know; its actions are complete only when all is lowered.
    pub(super) fn for_later(&self, program: &Program) -> Earlier {
        let fixed = self.maps.iter().map(|map| MapState {
            key: map.key.as_ref().map(|parts| parts.iter().map(settled).collect()),
            value: map.value.as_ref().map(|held| match held {
                Held::Plain(ty) => Held::Plain(settled(ty)),
                other => other.clone(),
            }),
            ..map.clone()
        });
        Earlier {
            maps: fixed.collect(),
            infos: program.maps.clone(),
            actions: program.actions.clone(),
            probe_names: self.probe_names.clone(),
            functions: self.functions.clone(),
            enums: self.enums.clone(),
            go_values: self.go_values.clone(),
            entry_maps: self.entry_maps,
            adders: self.adders.clone(),
        }
    }

    /// Says which maps this script would have to be otherwise than earlier programs made them.
    pub(super) fn changed_maps(&mut self, maps: &[MapInfo]) {
        for (index, (made, now)) in self.made.clone().iter().zip(maps).enumerate() {
            if !made.assigned || made.key == now.key && made.value == now.value {
                continue;
            }
            let (Some(state), name) = (self.maps.get(index), &made.name) else { continue };
            let span = state.here.unwrap_or(state.first);
            let (what, was, needs) = match made.key == now.key {
                true => ("holds", shown_value(made), shown_value(now)),
                false => ("has the key", shown_key(made), shown_key(now)),
            };
            self.report(
                Diagnostic::error(
                    "type-mismatch",
                    span,
                    format!("{name} {what} {was}, and this needs {needs}"),
                )
                .label("used here")
                .note("a map stays as the first program made it")
                .help("use another map"),
            );
        }
    }
}

fn numbered(names: &[String]) -> std::collections::HashMap<String, u32> {
    names.iter().enumerate().map(|(number, name)| (name.clone(), number as u32)).collect()
}

/// The type that a map has once it is made: numbers that are written out have the size of their variable.
fn settled(ty: &Ty) -> Ty {
    match ty {
        Ty::Literal(_) => Ty::Value(ty.stored()),
        Ty::Tuple(parts) => Ty::Tuple(parts.iter().map(settled).collect()),
        Ty::Record(parts) => Ty::Record(parts.iter().map(|(name, ty)| (name.clone(), settled(ty))).collect()),
        other => other.clone(),
    }
}

fn shown_key(map: &MapInfo) -> String {
    match map.key.as_slice() {
        [] => "none".to_owned(),
        parts => format!("[{}]", parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn shown_value(map: &MapInfo) -> String {
    Held::Aggregate(map.value.clone()).describe()
}

/// Where in this script a map is first named.
pub(super) fn note_use(state: &mut MapState, span: Span) {
    state.here.get_or_insert(span);
}
