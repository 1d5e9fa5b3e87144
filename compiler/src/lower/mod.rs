//! The typed program becomes IR.

mod builder;
mod captures;
mod expr;
mod go;
mod goroutine;
mod gostack;
mod label;
mod loops;
mod map;
mod memory;
mod narrow;
mod outside;
mod prologue;
mod rounds;
mod stmt;
mod text;

use std::cell::RefCell;

use self::builder::Builder;
pub(crate) use self::goroutine::NO_STATUS;
pub(crate) use self::prologue::{hits, sampled};
use crate::artifact::{self, Action, Attach, Hits, Loss, MapValue, ProgramKind, SampledBy, Type};
use crate::builtins::Id;
use crate::ir::{MapDef, MapId, MapKind, Operand, Program, Terminator, Unit};
use crate::resolve::typed::{self, ExprKind, Probe};
use crate::runtime_layout::RuntimeLayout;
use crate::target::{Counting, KernelFacts, Options, Processes, Sample};
use crate::x64;

/// Buckets for stacks: a stack whose bucket is taken by another is lost, and counted.
const STACK_BUCKETS: u32 = 8192;
/// Depth of the stack maps, frames.
const STACK_DEPTH: u32 = 127;

/// What all programs share.
pub(crate) struct Shared<'p> {
    pub(crate) program: &'p typed::Program,
    pub(crate) kernel: &'p KernelFacts,
    pub(crate) runtime: Option<RuntimeLayout>,
    pub(crate) processes: &'p Processes,
    pub(crate) ring: MapId,
    pub(crate) losses: MapId,
    pub(crate) control: MapId,
    pub(crate) kernel_stacks: MapId,
    pub(crate) user_stacks: MapId,
    pub(crate) go_stacks: MapId,
    pub(crate) elapsed: MapId,
    /// The descendants of a command.
    pub(crate) family: MapId,
    /// Hits.
    pub(crate) hits: MapId,
    /// Programs do nothing but count their hits.
    pub(crate) hits_only: bool,
    /// Only a part of what happens is looked at.
    pub(crate) sample: Option<(Sample, SampledBy)>,
    pub(crate) user_maps: Vec<MapId>,
    /// Whether failing reads and look-ups are reported.
    pub(crate) report_errors: bool,
    /// The script's actions, and those for what goes wrong, behind those of earlier programs.
    actions: RefCell<Vec<Action>>,
    /// Where the script's own begin.
    first_action: usize,
}

impl Shared<'_> {
    /// The index of an action.
    pub(crate) fn action(&self, action: Action) -> usize {
        let mut actions = self.actions.borrow_mut();
        let own = actions.iter().skip(self.first_action).position(|known| *known == action);
        if let Some(index) = own {
            return self.first_action + index;
        }
        actions.push(action);
        actions.len() - 1
    }
}

/// Makes IR of a typed program, for a kernel; `processes` narrows programs that fire for all processes.
/// The actions of earlier programs end at `first_action`. Gives also what records mean: the script's actions, and those for what goes wrong.
pub fn lower(
    program: &typed::Program,
    kernel: &KernelFacts,
    options: &Options,
    processes: &Processes,
    first_action: usize,
) -> (Unit, Vec<Action>) {
    let mut unit = Unit::default();
    let uses = Uses::of(program);
    let mut add = |name: &str, kind, key_size, value_size, max_entries| {
        unit.maps.push(MapDef { name: name.to_owned(), kind, key_size, value_size, max_entries, flags: 0 });
        MapId(unit.maps.len() as u32 - 1)
    };
    let ring = add(artifact::RING, MapKind::RingBuf, 0, 0, options.ring_bytes);
    let losses = add(artifact::LOSSES, MapKind::PerCpuArray, 4, 8, Loss::ALL.len() as u32);
    let control = add(artifact::CONTROL, MapKind::Array, 4, 8, 1);
    let user_maps: Vec<MapId> = program
        .maps
        .iter()
        .enumerate()
        .map(|(index, map)| {
            let declared = program.declared.get(index).copied().flatten();
            let lru =
                declared.is_some_and(|(kind, _)| matches!(kind, MapKind::LruHash | MapKind::LruPerCpuHash));
            let kind = match (map.per_cpu, lru) {
                (true, false) => MapKind::PerCpuHash,
                (true, true) => MapKind::LruPerCpuHash,
                (false, true) => MapKind::LruHash,
                (false, false) => MapKind::Hash,
            };
            // Each key of a histogram has several buckets.
            let factor = match &map.value {
                MapValue::TSeries(series) => series.buckets,
                value if value.has_buckets() => 4,
                _ => 1,
            };
            let entries = match declared {
                Some((_, entries)) => entries.saturating_mul(factor),
                None if map.key.is_empty() && !map.value.has_buckets() => 1,
                None => options.max_map_keys.saturating_mul(factor),
            };
            add(&map.symbol, kind, map.key_size(), map.value.size(), entries)
        })
        .collect();
    let none = MapId(u32::MAX);
    let stack_bytes = STACK_DEPTH * 8;
    let kernel_stacks = if uses.kernel_stack {
        add(artifact::KERNEL_STACKS, MapKind::StackTrace, 4, stack_bytes, STACK_BUCKETS)
    } else {
        none
    };
    let user_stacks = if uses.user_stack {
        add(artifact::USER_STACKS, MapKind::StackTrace, 4, stack_bytes, STACK_BUCKETS)
    } else {
        none
    };
    let go_stacks = if uses.go_stack {
        let bytes = (artifact::GO_STACK_HEADER + artifact::GO_STACK_FRAMES) * 8;
        add(artifact::GO_STACKS, MapKind::Hash, 8, bytes, STACK_BUCKETS)
    } else {
        none
    };
    let elapsed = if uses.elapsed { add("gp_elapsed", MapKind::Array, 4, 8, 1) } else { none };
    let family = match narrow::family_programs(program) {
        0 => narrow::NO_FAMILY,
        _ => {
            unit.maps.push(narrow::family_map());
            MapId(unit.maps.len() as u32 - 1)
        }
    };
    let counters = hits(program, kernel, options);
    let hits = match counters.iter().flatten().map(|hits| hits.first + hits.count()).max() {
        None => none,
        Some(count) => {
            unit.maps.push(prologue::hits_map(count));
            MapId(unit.maps.len() as u32 - 1)
        }
    };
    let shared = Shared {
        program,
        kernel,
        runtime: program.runtime,
        processes,
        ring,
        losses,
        control,
        kernel_stacks,
        user_stacks,
        go_stacks,
        elapsed,
        family,
        hits,
        hits_only: options.counting == Counting::HitsOnly,
        sample: options.sample.zip(sampled(program, options).map(|sampled| sampled.by)),
        user_maps,
        report_errors: options.report_errors,
        actions: RefCell::new(program.actions.clone()),
        first_action,
    };
    if uses.elapsed {
        unit.programs.extend(start_clock(&shared));
    }
    unit.programs.extend(narrow::keep_family(&shared, usize::from(uses.elapsed)));
    let offset = usize::from(uses.elapsed) + narrow::family_programs(program);
    for (i, (probe, hits)) in program.probes.iter().zip(counters).enumerate() {
        let first_callback = unit.programs.len() as u32 + 1;
        let b = Builder::new(&shared, probe, format!("gp_prog{}", i + offset), first_callback);
        unit.programs.extend(lower_probe(b, probe, hits));
    }
    let actions = shared.actions.into_inner();
    (unit, actions)
}

/// Whether the unit starts with a program of its own that notes when the script began.
pub fn has_start_clock(program: &typed::Program) -> bool {
    Uses::of(program).elapsed
}

/// The raw tracepoints that the unit has programs of its own on, behind the one that notes the time.
pub fn family_tracepoints(program: &typed::Program) -> &'static [&'static str] {
    if narrow::family_programs(program) > 0 { &narrow::FAMILY_TRACEPOINTS } else { &[] }
}

/// Notes the time, for `elapsed`.
fn start_clock(shared: &Shared<'_>) -> Vec<Program> {
    let probe = Probe::own(ProgramKind::TestRun, Attach::Begin);
    let mut b = Builder::new(shared, &probe, "gp_prog0".into(), 1);
    b.start_clock();
    b.end(Terminator::Return(Operand::Imm(0)));
    b.finish()
}

fn lower_probe(mut b: Builder<'_>, probe: &Probe, hits: Option<Hits>) -> Vec<Program> {
    if let Some(hits) = hits {
        b.count_hit(probe, hits);
    }
    if b.shared.hits_only {
        b.end(Terminator::Return(Operand::Imm(0)));
        return b.finish();
    }
    let out = b.new_block();
    b.only_targets(probe, out);
    if probe.checks_flags {
        b.only_entries(out);
    }
    if probe.attach.is_event() {
        b.only_sample(out);
    }
    if let Some(predicate) = &probe.predicate {
        let body = b.new_block();
        b.branch_on(predicate, body, out);
        b.switch_to(body);
    }
    b.stmts(&probe.body);
    b.end(Terminator::Jump(out));
    b.switch_to(out);
    b.end(Terminator::Return(Operand::Imm(0)));
    b.finish()
}

impl Builder<'_> {
    /// Leaves out the runs of a function's start that go on to grow the stack and start again.
    fn only_entries(&mut self, out: crate::ir::BlockId) {
        let flags = self.context_word(x64::FLAGS);
        let taken = self.bin(crate::ir::BinOp::And, flags.into(), Operand::Imm(x64::CARRY_OR_ZERO));
        let entry = self.new_block();
        self.branch(crate::ir::Cond::Eq, taken.into(), Operand::Imm(0), entry, out);
        self.switch_to(entry);
    }
}

/// Which maps of its own a script needs.
#[derive(Default)]
struct Uses {
    kernel_stack: bool,
    user_stack: bool,
    go_stack: bool,
    elapsed: bool,
}

impl Uses {
    fn of(program: &typed::Program) -> Self {
        let mut uses = Self::default();
        for probe in &program.probes {
            probe.visit(&mut |expr| match expr.kind {
                ExprKind::Stack { user: true, .. } => uses.user_stack = true,
                ExprKind::Stack { user: false, .. } => uses.kernel_stack = true,
                ExprKind::GoStack(_) => uses.go_stack = true,
                ExprKind::Builtin(Id::Elapsed) => uses.elapsed = true,
                _ => {}
            });
        }
        uses
    }
}

/// Bytes of the parts of a key, each with its offset.
pub(crate) fn key_parts(key: &[Type]) -> Vec<(u32, Type)> {
    let mut offset = 0;
    key.iter()
        .map(|ty| {
            let part = (offset, ty.clone());
            offset += ty.size();
            part
        })
        .collect()
}

/// Whether programs add to values of this kind with atomic instructions.
pub(crate) fn is_counter(value: &MapValue) -> bool {
    matches!(value, MapValue::Count | MapValue::Sum { .. } | MapValue::Hist { .. } | MapValue::LHist { .. })
}
