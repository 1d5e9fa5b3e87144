//! Names get their meaning: probes find their sites, expressions their types.
//!
//! Types of maps are known only when all uses are: bodies are typed in rounds, until no round learns
//! anything new. Only the last round's diagnostics count.

mod advice;
mod body;
mod c_debug;
mod call;
mod code_place;
mod constant;
mod ctypes;
mod cvalue;
mod describe;
mod doubts;
pub mod dump;
mod earlier;
mod effects;
mod entry;
mod expr;
mod formal;
mod format;
mod go_atomic;
mod go_capture;
mod go_code;
mod go_convert;
mod go_element;
mod go_map;
mod go_pieces;
mod go_places;
mod go_shape;
mod go_value;
mod go_walk;
mod hot;
mod ident;
mod infer;
mod items;
mod iterate;
mod kprobe;
mod label;
mod leftovers;
mod limits;
mod mentions;
mod merge;
mod moments;
mod narrow;
mod outside;
mod place;
mod points;
mod print;
mod sites;
mod stack;
mod state;
mod stmts;
mod strings;
mod table;
mod tuple;
pub mod typed;
mod types;
mod usdt;
pub mod visit;

use std::collections::HashMap;

use gprobe_lang::ast;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use self::body::{Body, Uses};
use self::ctypes::CTypes;
pub use self::earlier::Earlier;
use self::earlier::{Adders, note_use};
use self::formal::ParamsOrReason;
pub(crate) use self::infer::join;
use self::infer::{Held, MapState};
pub use self::items::SETTINGS;
use self::merge::{merge, mergeable};
use self::moments::Instance;
use self::place::Place;
use self::sites::Candidate;
use self::typed::{MapIndex, Probe, Program, Ty};
use crate::artifact::{
    Action, Attach, BinaryInfo, EnumTable, MapInfo, MapValue, ProgramKind, Show, SiteInfo, Type,
};
use crate::parameters;
use crate::runtime_layout::RuntimeLayout;
use crate::target::{Options, Target, TargetBinary};

/// More rounds than any script needs: each must learn something of a map.
const MAX_ROUNDS: usize = 64;

/// Gives every name its meaning; the options come back with the script's own settings in them.
///
/// # Errors
/// All that is wrong with the script, together with the warnings.
pub fn resolve(
    script: &ast::Script,
    target: &Target<'_>,
) -> Result<(Program, Options, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut cx = Resolver::new(target);
    target.earlier.into_iter().for_each(|earlier| cx.take_earlier(earlier));
    cx.items(script);
    // An option stays one where `comptime` leaves out the place that asks for it.
    cx.named_known = parameters::written(script).into_iter().map(|found| (found.name, found.help)).collect();
    let mut probes: Vec<Instance> = Vec::new();
    for item in &script.items {
        if let ast::Item::Probe(probe) = item {
            probes.extend(cx.instances(probe));
        }
    }
    if cx.has_errors() && probes.iter().all(|(_, candidates)| candidates.is_empty()) {
        return Err(cx.diagnostics);
    }
    cx.unseen = probes.iter().any(|(_, candidates)| candidates.is_empty());
    let found = cx.diagnostics.clone();
    let mut typed = Vec::new();
    for round in 0..MAX_ROUNDS {
        let before = cx.maps.clone();
        cx.diagnostics.clone_from(&found);
        cx.last_round = round > 0;
        typed = cx.round(&probes);
        if cx.maps == before && cx.last_round {
            break;
        }
    }
    cx.finish(typed)
}

/// What all bodies share while they are typed.
struct Resolver<'t> {
    target: &'t Target<'t>,
    options: Options,
    diagnostics: Vec<Diagnostic>,
    maps: Vec<MapState>,
    actions: Vec<Action>,
    probe_names: Vec<String>,
    probe_name_ids: HashMap<String, u32>,
    /// Names of the functions that have sites, by their numbers.
    functions: Vec<String>,
    function_ids: HashMap<String, u32>,
    enums: Vec<EnumTable>,
    binaries: Vec<TargetBinary>,
    runtime: Option<RuntimeLayout>,
    /// By file and address of the function.
    params: HashMap<(usize, u64), ParamsOrReason>,
    /// By file, site and function.
    params_of_copies: HashMap<(usize, u64, String), ParamsOrReason>,
    last_round: bool,
    /// A probe matches nothing, so that its body is not looked at.
    unseen: bool,
    /// How Go values are captured.
    go_values: Vec<crate::artifact::GoCapture>,
    go_lists: Option<crate::artifact::GoLists>,
    /// Something is shown by the name of its Go type.
    names_go_types: bool,
    /// C types that the script declares.
    ctypes: CTypes,
    /// Names of macros, to suggest.
    macros: Vec<String>,
    /// Named parameters that the script asks for, with their help.
    named_known: Vec<(String, String)>,
    /// Definitions of moments.
    providers: Vec<ast::Provider>,
    /// The moment whose sites are being found.
    moment_name: Option<String>,
    /// How many maps `entry()` has needed.
    entry_maps: usize,
    /// Maps of earlier programs, as they were made: the first ones.
    made: Vec<MapInfo>,
    /// Where the actions of this script begin.
    first_action: usize,
    /// Which maps are added to from where.
    adders: Adders,
}

impl<'t> Resolver<'t> {
    fn new(target: &'t Target<'t>) -> Self {
        Self {
            target,
            options: target.options.clone(),
            diagnostics: Vec::new(),
            maps: Vec::new(),
            actions: Vec::new(),
            probe_names: Vec::new(),
            probe_name_ids: HashMap::new(),
            functions: Vec::new(),
            function_ids: HashMap::new(),
            enums: Vec::new(),
            binaries: Vec::new(),
            runtime: None,
            params: HashMap::new(),
            params_of_copies: HashMap::new(),
            last_round: false,
            unseen: false,
            go_values: Vec::new(),
            go_lists: None,
            names_go_types: false,
            ctypes: CTypes::default(),
            macros: Vec::new(),
            named_known: Vec::new(),
            providers: Vec::new(),
            moment_name: None,
            entry_maps: 0,
            made: Vec::new(),
            first_action: 0,
            adders: Adders::default(),
        }
    }

    /// Keeps a diagnostic, once.
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Whether something is wrong at this very place.
    fn has_error_at(&self, span: Span) -> bool {
        self.diagnostics.iter().any(|d| d.is_error() && d.primary.span == span)
    }

    /// The index of a file in the artifact.
    fn binary_index(&mut self, binary: &TargetBinary) -> usize {
        if let Some(index) = self.binaries.iter().position(|b| b.path == binary.path) {
            return index;
        }
        self.binaries.push(binary.clone());
        self.binaries.len() - 1
    }

    /// The executable, where there is one and it is a Go program.
    fn go_executable(&self) -> Option<&TargetBinary> {
        self.target.executable.as_ref().filter(|e| e.binary.go_version().is_some())
    }

    fn map(&mut self, name: &str, span: Span) -> MapIndex {
        let index = self.maps.iter().position(|m| m.name == name).unwrap_or_else(|| {
            self.maps.push(MapState {
                name: name.to_owned(),
                key: None,
                value: None,
                first: span,
                here: None,
                declared: None,
                read: false,
                tabled: false,
                tried: false,
            });
            self.maps.len() - 1
        });
        self.maps.get_mut(index).into_iter().for_each(|state| note_use(state, span));
        MapIndex(index as u32)
    }

    fn map_name(&self, map: MapIndex) -> String {
        self.maps.get(map.0 as usize).map(|m| m.name.clone()).unwrap_or_default()
    }

    fn held(&self, map: MapIndex) -> Option<Held> {
        self.maps.get(map.0 as usize)?.value.clone()
    }

    fn mark_read(&mut self, map: MapIndex) {
        if let Some(state) = self.maps.get_mut(map.0 as usize) {
            state.read = true;
        }
    }

    fn mark_tabled(&mut self, map: MapIndex) {
        if let Some(state) = self.maps.get_mut(map.0 as usize) {
            state.tabled = true;
        }
    }

    /// The types of a key's parts, as far as is known.
    fn key(&self, map: MapIndex) -> Option<Vec<Ty>> {
        self.maps.get(map.0 as usize)?.key.clone()
    }

    fn mark_tried(&mut self, map: MapIndex) {
        if let Some(state) = self.maps.get_mut(map.0 as usize) {
            state.tried = true;
        }
    }

    /// Whether a map has a single element, as far as is known.
    fn is_scalar_map(&self, map: MapIndex) -> bool {
        self.maps.get(map.0 as usize).is_some_and(|state| state.key.as_ref().is_some_and(Vec::is_empty))
    }

    /// The type of `$kv` in `for ($kv : @m)`.
    fn element(&self, map: MapIndex) -> Ty {
        let Some(state) = self.maps.get(map.0 as usize) else { return Ty::Unknown };
        let (Some(key), Some(value)) = (&state.key, &state.value) else { return Ty::Unknown };
        let key = match key.as_slice() {
            [one] => one.clone(),
            parts => Ty::Tuple(parts.to_vec()),
        };
        let value = match value {
            Held::Plain(ty) => ty.clone(),
            Held::Aggregate(MapValue::Count) => Ty::U64,
            Held::Aggregate(
                MapValue::Sum { signed }
                | MapValue::Min { signed }
                | MapValue::Max { signed }
                | MapValue::Avg { signed },
            ) => Ty::int(8, *signed),
            Held::Aggregate(_) => Ty::Unknown,
        };
        Ty::Tuple(vec![key, value])
    }

    fn join_key(&mut self, map: MapIndex, key: Vec<Ty>, span: Span) {
        let Some(state) = self.maps.get_mut(map.0 as usize) else { return };
        let Some(old) = &state.key else {
            state.key = Some(key);
            state.first = span;
            return;
        };
        let joined: Option<Vec<Ty>> = (old.len() == key.len())
            .then(|| old.iter().zip(&key).map(|(a, b)| join(a, b)).collect())
            .flatten();
        match joined {
            Some(joined) => state.key = Some(joined),
            None => {
                let (here, elsewhere) = (advice::key_shape(&key), advice::key_shape(old));
                let diagnostic = Diagnostic::error(
                    "type-mismatch",
                    span,
                    format!("@{} has {here} here and {elsewhere} elsewhere", state.name),
                )
                .also(state.first, "its first use")
                .help(advice::same_key(&state.name, &key, old));
                self.report(diagnostic);
            }
        }
    }

    fn hold(&mut self, map: MapIndex, held: Held, span: Span) -> Option<()> {
        let state = self.maps.get_mut(map.0 as usize)?;
        let Some(old) = &state.value else {
            state.value = Some(held);
            return Some(());
        };
        if let Some(joined) = old.join(&held) {
            state.value = Some(joined);
            return Some(());
        }
        // That it has another key says as much.
        if self.diagnostics.iter().any(|d| d.is_error() && d.primary.span == span) {
            return None;
        }
        let diagnostic = Diagnostic::error(
            "type-mismatch",
            span,
            format!("@{} holds {}, and this gives it {}", state.name, old.describe(), held.describe()),
        )
        .also(state.first, "its first use")
        .help(advice::instead_of_two_uses(&old.map_value()));
        self.report(diagnostic);
        None
    }

    /// Types every body once.
    fn round(&mut self, probes: &[Instance]) -> Vec<Probe> {
        self.actions.truncate(self.first_action);
        let mut typed: Vec<Probe> = Vec::new();
        for (probe, candidates) in probes {
            let first = typed.len();
            for candidate in candidates {
                let new = self.probe(probe, candidate);
                // Sites that share a body share a program.
                match typed.iter_mut().skip(first).find(|old| mergeable(old, &new)) {
                    Some(old) => merge(old, new),
                    None => typed.push(new),
                }
            }
        }
        typed
    }

    fn probe(&mut self, probe: &ast::Probe, candidate: &Candidate) -> Probe {
        let mut presets = Vec::new();
        let reported = self.diagnostics.len();
        let mut passes = 0..MAX_ROUNDS;
        let (predicate, stmts, vars, uses) = loop {
            self.diagnostics.truncate(reported);
            let mut body = Body::new(self, &candidate.place, presets);
            let predicate = probe.predicate.as_ref().map(|p| body.condition(p));
            let stmts = body.block(&probe.body);
            match body.types_that_grew().filter(|_| passes.next().is_some()) {
                // Once more, so that what reads a variable early knows what it can hold.
                Some(types) => presets = types,
                None => {
                    body.report_doubts();
                    break (predicate, stmts, std::mem::take(&mut body.vars), body.uses);
                }
            }
        };
        let single = self.single_cookie(candidate, uses);
        Probe {
            title: candidate.title.clone(),
            kind: candidate.kind,
            attach: candidate.attach.clone(),
            g_in_r14: candidate.place.g_in_r14(),
            checks_flags: candidate.checks_flags,
            cookie: single,
            predicate,
            body: stmts,
            vars,
            span: probe.span,
        }
    }

    /// Where no cookie reaches the program at run time, its value at the only site.
    fn single_cookie(&self, candidate: &Candidate, uses: Uses) -> Option<u64> {
        match &candidate.attach {
            Attach::Uprobe { sites, .. } => {
                let none = !self.target.kernel.attach_cookie && (uses.cookie || candidate.checks_flags);
                none.then(|| sites.first().map_or(0, |s: &SiteInfo| s.cookie))
            }
            _ => Some(candidate.cookie),
        }
    }

    fn finish(
        mut self,
        mut probes: Vec<Probe>,
    ) -> Result<(Program, Options, Vec<Diagnostic>), Vec<Diagnostic>> {
        // What gprobe runs itself comes behind what the kernel is given.
        probes.sort_by_key(|probe| probe.kind == ProgramKind::Iterate);
        self.added_to_twice(&probes);
        self.unassigned_maps();
        self.large_keys();
        if !self.has_errors() && !self.unseen {
            self.unknown_values(&probes);
        }
        self.unknown_options();
        self.too_many_names(&probes);
        let keeps_state = state::keeps_state(&probes);
        self.tell_goroutines(&probes, keeps_state);
        let narrow = self.narrow(&probes);
        let maps = self.map_infos();
        self.changed_maps(&maps);
        if self.has_errors() {
            // What is not used may be used where the error is.
            self.diagnostics.retain(|d| d.is_error() || !matches!(d.code, "unused-variable" | "unused-map"));
            return Err(leftovers::folded(self.diagnostics));
        }
        let binaries =
            self.binaries.iter().map(|b| BinaryInfo { name: b.name.clone(), path: b.path.clone() }).collect();
        let wants_types = !self.go_values.is_empty() || self.names_go_types;
        let go_program = self.go_executable().filter(|_| wants_types).cloned();
        let mut program = Program {
            probes,
            maps,
            actions: self.actions.clone(),
            probe_names: self.probe_names.clone(),
            enums: self.enums.clone(),
            binaries,
            go_program,
            go_lists: self.go_lists,
            go_values: self.go_values.clone(),
            declared: self.maps.iter().map(|map| map.declared).collect(),
            print_maps_on_exit: self.options.print_maps_on_exit,
            show: Show { truncated: self.options.str_trunc_trailer.clone(), lines: self.options.show_lines },
            runtime: self.runtime,
            narrow,
            keeps_state,
            for_later: Earlier::default(),
        };
        program.for_later = self.for_later(&program);
        Ok((program, self.options, self.diagnostics))
    }

    /// The maps, those of earlier programs first.
    fn map_infos(&self) -> Vec<MapInfo> {
        let info = |(index, state): (usize, &MapState)| {
            let value = state.value.as_ref().map_or(MapValue::Plain(Type::I64), Held::map_value);
            MapInfo {
                name: format!("@{}", state.name),
                symbol: format!("gp_map{index}"),
                key: state.key.iter().flatten().map(Ty::stored).collect(),
                per_cpu: !matches!(value, MapValue::Plain(_)),
                value,
                scalar: state.key.as_ref().is_none_or(Vec::is_empty),
                // One that no script can name is gprobe's own.
                shown: state.value.is_some() && !state.name.contains('#'),
                tabled: state.tabled,
                used: state.here.is_some(),
                assigned: state.value.is_some(),
            }
        };
        self.maps.iter().enumerate().map(info).collect()
    }
}
