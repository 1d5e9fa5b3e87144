//! Programs that fire for all processes are narrowed to those that are traced.
//!
//! Named processes are told by their ids. Those that run an executable are told by what the kernel knows of the
//! current task: `task_struct.mm.exe_file.f_inode`, which is the same for each process of that file, be it
//! started before or after. Descendants of a command are kept in a map by two programs on the kernel's
//! tracepoints `sched_process_fork` and `sched_process_free`, so that a parent's end loses nobody.

use super::Shared;
use super::builder::Builder;
use crate::artifact::{Attach, FAMILY, Loss, ProgramKind};
use crate::ir::{BinOp, BlockId, Cond, Helper, MapDef, MapId, MapKind, Operand, Program, Size, Terminator};
use crate::resolve::typed::{self, Narrow, Probe};
use crate::target::Processes;

/// Most descendants of a command that live at once.
const MOST_DESCENDANTS: u32 = 16_384;

/// The tracepoints that tell of processes that begin and end.
pub(crate) const FAMILY_TRACEPOINTS: [&str; 2] = ["sched_process_fork", "sched_process_free"];

/// The map of a command's descendants.
pub(super) fn family_map() -> MapDef {
    MapDef {
        name: FAMILY.to_owned(),
        kind: MapKind::Hash,
        key_size: 8,
        value_size: 8,
        max_entries: MOST_DESCENDANTS,
        flags: 0,
    }
}

/// The programs that keep the map of a command's descendants; their symbols are numbered from `first`.
pub(super) fn keep_family(shared: &Shared<'_>, first: usize) -> Vec<Program> {
    let Some(narrow) = shared.program.narrow.as_ref().filter(|narrow| narrow.command.is_some()) else {
        return Vec::new();
    };
    let mut programs = Vec::new();
    for (index, name) in FAMILY_TRACEPOINTS.into_iter().enumerate() {
        let attach = Attach::RawTracepoint { name: name.to_owned() };
        let probe = Probe::own(ProgramKind::RawTracepoint, attach);
        let mut b = Builder::new(shared, &probe, format!("gp_prog{}", first + index), 1);
        let out = b.new_block();
        if index == 0 {
            b.note_child(narrow, out)
        } else {
            b.forget_process(narrow)
        }
        b.end(Terminator::Jump(out));
        b.switch_to(out);
        b.end(Terminator::Return(Operand::Imm(0)));
        programs.extend(b.finish());
    }
    programs
}

impl Builder<'_> {
    /// Leaves threads of other processes out.
    pub(super) fn only_targets(&mut self, probe: &Probe, out: BlockId) {
        let for_all = matches!(
            probe.kind,
            ProgramKind::Tracepoint
                | ProgramKind::RawTracepoint
                | ProgramKind::Kprobe
                | ProgramKind::PerfEvent
        );
        match self.shared.processes {
            Processes::All => {}
            // Uprobes are in these processes alone.
            Processes::These(ids) if for_all => self.only_these(ids, out),
            Processes::These(_) => {}
            Processes::Running(_) => {
                let Some(narrow) = self.shared.program.narrow.as_ref() else { return };
                let in_executable = match &probe.attach {
                    Attach::Uprobe { binary, .. } => narrow.executable == Some(*binary),
                    _ => false,
                };
                let somewhere = for_all || matches!(probe.attach, Attach::Uprobe { .. });
                if somewhere && let Some(command) = narrow.command {
                    self.only_family(command, out);
                }
                if somewhere && !in_executable {
                    self.only_running(narrow, out);
                }
            }
        }
    }

    fn only_these(&mut self, ids: &[u32], out: BlockId) {
        let tgid = self.process_id();
        let mine = self.new_block();
        for (index, pid) in ids.iter().enumerate() {
            let next = if index + 1 == ids.len() { out } else { self.new_block() };
            self.branch(Cond::Eq, tgid.into(), Operand::Imm(i64::from(*pid)), mine, next);
            self.switch_to(next);
        }
        self.switch_to(mine);
    }

    /// Goes on where the current process is the command or descends from it.
    fn only_family(&mut self, command: u32, out: BlockId) {
        let (mine, others) = (self.new_block(), self.new_block());
        let tgid = self.process_id();
        self.branch(Cond::Eq, tgid.into(), Operand::Imm(i64::from(command)), mine, others);
        self.switch_to(others);
        let ids = self.call(Helper::GetCurrentPidTgid, Vec::new());
        // The map has the kernel's own numbers, whatever the namespace.
        let tgid = self.bin(BinOp::Shr, ids.into(), Operand::Imm(32));
        let slot = self.word_slot();
        let key = self.slot_addr(slot, 0);
        self.store(key, 0, tgid.into(), Size::B8);
        let map = self.map_ref(self.shared.family);
        let found = self.call(Helper::MapLookupElem, vec![map.into(), key.into()]);
        self.branch(Cond::Ne, found.into(), Operand::Imm(0), mine, out);
        self.switch_to(mine);
    }

    /// Goes on where the current process runs the executable.
    fn only_running(&mut self, narrow: &Narrow, out: BlockId) {
        let at = &narrow.offsets;
        let mut place = self.call(Helper::GetCurrentTask, Vec::new());
        // A thread of the kernel has no memory of its own, and a process that ends has none any more.
        for offset in [at.task_mm, at.mm_exe_file, at.file_inode] {
            let field = self.bin(BinOp::Add, place.into(), Operand::Imm(i64::from(offset)));
            place = self.read_kernel(field.into(), 8);
            let there = self.new_block();
            self.branch(Cond::Ne, place.into(), Operand::Imm(0), there, out);
            self.switch_to(there);
        }
        let same = |b: &mut Self, base, offset: u32, bytes, wanted: u64| {
            let field = b.bin(BinOp::Add, base, Operand::Imm(i64::from(offset)));
            let value = b.read_kernel(field.into(), bytes);
            let wanted = b.copy(Operand::Imm(wanted.cast_signed()));
            let mine = b.new_block();
            b.branch(Cond::Eq, value.into(), wanted.into(), mine, out);
            b.switch_to(mine);
        };
        same(self, place.into(), at.inode_number, 8, narrow.inode);
        let field = self.bin(BinOp::Add, place.into(), Operand::Imm(i64::from(at.inode_super)));
        let block = self.read_kernel(field.into(), 8);
        same(self, block.into(), at.super_device, 4, u64::from(narrow.device));
    }

    /// Takes a new process in where its parent belongs to the family.
    fn note_child(&mut self, narrow: &Narrow, out: BlockId) {
        let Some(command) = narrow.command else { return };
        self.only_family(command, out);
        let child = self.context_word(8);
        let id = |b: &mut Self, offset: u32| {
            let field = b.bin(BinOp::Add, child.into(), Operand::Imm(i64::from(offset)));
            b.read_kernel(field.into(), 4)
        };
        let (pid, tgid) = (id(self, narrow.offsets.task_pid), id(self, narrow.offsets.task_tgid));
        // A new thread is no new process.
        let process = self.new_block();
        self.branch(Cond::Eq, pid.into(), tgid.into(), process, out);
        self.switch_to(process);
        let slot = self.word_slot();
        let key = self.slot_addr(slot, 0);
        self.store(key, 0, tgid.into(), Size::B8);
        let map = self.map_ref(self.shared.family);
        let failed =
            self.call(Helper::MapUpdateElem, vec![map.into(), key.into(), key.into(), Operand::Imm(0)]);
        self.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| b.count_loss(Loss::MapFull));
    }

    /// Forgets a process whose last thread is gone.
    fn forget_process(&mut self, narrow: &Narrow) {
        let task = self.context_word(0);
        let field = self.bin(BinOp::Add, task.into(), Operand::Imm(i64::from(narrow.offsets.task_pid)));
        let pid = self.read_kernel(field.into(), 4);
        let slot = self.word_slot();
        let key = self.slot_addr(slot, 0);
        self.store(key, 0, pid.into(), Size::B8);
        let map = self.map_ref(self.shared.family);
        self.call(Helper::MapDeleteElem, vec![map.into(), key.into()]);
    }
}

/// How many programs keep the map of a command's descendants.
pub(crate) fn family_programs(program: &typed::Program) -> usize {
    let kept = program.narrow.as_ref().is_some_and(|narrow| narrow.command.is_some());
    if kept { FAMILY_TRACEPOINTS.len() } else { 0 }
}

/// The map of a command's descendants, where there is none.
pub(super) const NO_FAMILY: MapId = MapId(u32::MAX);
