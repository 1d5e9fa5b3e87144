//! The text form of the IR: what `--emit ir` shows, what case files are written in.
//!
//! ```text
//! map counts: hash, key 8, value 8, entries 1024
//!
//! program probe_0: uprobe {
//!   slot s0: 8 "key"
//! b0:
//!   v0 = context
//!   v1 = load.8 [v0+80]
//!   v2 = slot s0+0
//!   store.8 [v2+0], v1
//!   v3 = map counts
//!   v4 = call map_lookup_elem(v3, v2)
//!   br v4 == 0, b2, b1
//! b1:
//!   v5 = copy 1
//!   atomic_add [v4+0], v5
//!   jump b2
//! b2:
//!   ret 0
//! }
//! ```

use std::fmt::{self, Display, Write};

use super::{AtomicOp, BinOp, BlockId, Cond, Helper, Inst, MapId, MapKind, Operand, Program, Size};
use super::{Role, SlotPlace, Terminator, Unit, VReg};
use crate::artifact::ProgramKind;

/// The unit as text that [`read`](super::read) understands.
pub fn print(unit: &Unit) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_unit(&mut text, unit);
    text
}

fn write_unit(out: &mut String, unit: &Unit) -> fmt::Result {
    for map in &unit.maps {
        write!(
            out,
            "map {}: {}, key {}, value {}, entries {}",
            map.name,
            map.kind.name(),
            map.key_size,
            map.value_size,
            map.max_entries
        )?;
        if map.flags != 0 {
            write!(out, ", flags {:#x}", map.flags)?;
        }
        out.push('\n');
    }
    for program in &unit.programs {
        if !out.is_empty() {
            out.push('\n');
        }
        write_program(out, unit, program)?;
    }
    Ok(())
}

fn write_program(out: &mut String, unit: &Unit, program: &Program) -> fmt::Result {
    let role = if program.role == Role::Callback { " callback" } else { "" };
    writeln!(out, "program {}: {}{role} {{", program.symbol, kind_name(program.kind))?;
    for (id, slot) in program.slots.iter().enumerate() {
        let name = slot.name.replace(['"', '#', '\n'], "_");
        let place = match slot.place {
            SlotPlace::Any => "",
            SlotPlace::Stack => " stack",
            SlotPlace::Scratch => " scratch",
        };
        writeln!(out, "  slot s{id}: {} \"{name}\"{place}", slot.size)?;
    }
    for (id, block) in program.blocks.iter().enumerate() {
        writeln!(out, "b{id}:")?;
        for inst in &block.insts {
            writeln!(out, "  {}", InstText(unit, inst))?;
        }
        writeln!(out, "  {}", block.end)?;
    }
    out.push_str("}\n");
    Ok(())
}

/// An instruction, with the unit that knows its maps' names.
pub(super) struct InstText<'a>(pub(super) &'a Unit, pub(super) &'a Inst);

impl Display for InstText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Inst::Copy { dst, src } => write!(f, "{dst} = copy {src}"),
            Inst::Bin { op, dst, a, b } => write!(f, "{dst} = {} {a}, {b}", op.name()),
            Inst::Extend { dst, src, size, signed } => {
                write!(f, "{dst} = {}.{} {src}", if *signed { "sext" } else { "zext" }, size.bytes())
            }
            Inst::Context { dst } => write!(f, "{dst} = context"),
            Inst::Argument { dst, index } => write!(f, "{dst} = argument {index}"),
            Inst::FuncRef { dst, program } => write!(f, "{dst} = func {program}"),
            Inst::Load { dst, base, offset, size } => {
                write!(f, "{dst} = load.{} [{base}{offset:+}]", size.bytes())
            }
            Inst::Store { base, offset, src, size } => {
                write!(f, "store.{} [{base}{offset:+}], {src}", size.bytes())
            }
            Inst::Atomic { op, base, offset, src } => {
                let name = match op {
                    AtomicOp::Add => "atomic_add",
                    AtomicOp::Exchange => "atomic_xchg",
                };
                write!(f, "{name} [{base}{offset:+}], {src}")
            }
            Inst::SlotAddr { dst, slot, offset } => write!(f, "{dst} = slot s{}+{offset}", slot.0),
            Inst::MapRef { dst, map } => write!(f, "{dst} = map {}", MapText(self.0, *map)),
            Inst::Call { dst, helper, args } => {
                if let Some(dst) = dst {
                    write!(f, "{dst} = ")?;
                }
                write!(f, "call {}(", helper.name())?;
                for (i, arg) in args.iter().enumerate() {
                    write!(f, "{}{arg}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
        }
    }
}

struct MapText<'a>(&'a Unit, MapId);

impl Display for MapText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.maps.get(self.1.0 as usize) {
            Some(map) => f.write_str(&map.name),
            // Only of a unit that does not verify.
            None => write!(f, "#{}", self.1.0),
        }
    }
}

impl Display for Terminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jump(to) => write!(f, "jump {to}"),
            Self::Branch { cond, a, b, then, otherwise } => {
                write!(f, "br {a} {} {b}, {then}, {otherwise}", cond.name())
            }
            Self::MayGoto { next, out } => write!(f, "may_goto {next}, {out}"),
            Self::Return(value) => write!(f, "ret {value}"),
        }
    }
}

impl Display for VReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b{}", self.0)
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reg(reg) => reg.fmt(f),
            Self::Imm(value) => value.fmt(f),
        }
    }
}

/// How a program's kind is written.
pub(super) fn kind_name(kind: ProgramKind) -> &'static str {
    match kind {
        ProgramKind::Uprobe => "uprobe",
        ProgramKind::Tracepoint => "tracepoint",
        ProgramKind::PerfEvent => "perf_event",
        ProgramKind::TestRun => "test_run",
        ProgramKind::RawTracepoint => "raw_tracepoint",
        ProgramKind::Kprobe => "kprobe",
        ProgramKind::Iterate => "iterate",
    }
}

/// All kinds of programs, for reading.
pub(super) const PROGRAM_KINDS: [ProgramKind; 7] = [
    ProgramKind::Uprobe,
    ProgramKind::Tracepoint,
    ProgramKind::PerfEvent,
    ProgramKind::TestRun,
    ProgramKind::RawTracepoint,
    ProgramKind::Kprobe,
    ProgramKind::Iterate,
];

impl MapKind {
    /// All, for reading IR.
    pub const ALL: [Self; 8] = [
        Self::Hash,
        Self::Array,
        Self::PerCpuHash,
        Self::PerCpuArray,
        Self::StackTrace,
        Self::LruHash,
        Self::LruPerCpuHash,
        Self::RingBuf,
    ];

    /// As bpftool writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Array => "array",
            Self::PerCpuHash => "percpu_hash",
            Self::PerCpuArray => "percpu_array",
            Self::StackTrace => "stack_trace",
            Self::LruHash => "lru_hash",
            Self::LruPerCpuHash => "lru_percpu_hash",
            Self::RingBuf => "ringbuf",
        }
    }
}

impl BinOp {
    /// All, for reading IR.
    pub const ALL: [Self; 11] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Rem,
        Self::And,
        Self::Or,
        Self::Xor,
        Self::Shl,
        Self::Shr,
        Self::Sar,
    ];

    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Rem => "rem",
            Self::And => "and",
            Self::Or => "or",
            Self::Xor => "xor",
            Self::Shl => "shl",
            Self::Shr => "shr",
            Self::Sar => "sar",
        }
    }
}

impl Cond {
    /// All, for reading IR.
    pub const ALL: [Self; 10] = [
        Self::Eq,
        Self::Ne,
        Self::Lt,
        Self::Le,
        Self::Gt,
        Self::Ge,
        Self::SLt,
        Self::SLe,
        Self::SGt,
        Self::SGe,
    ];

    /// As printed; an `s` stands before signed comparisons.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::SLt => "s<",
            Self::SLe => "s<=",
            Self::SGt => "s>",
            Self::SGe => "s>=",
        }
    }
}

impl Size {
    /// All.
    pub const ALL: [Self; 4] = [Self::B1, Self::B2, Self::B4, Self::B8];
}

impl Helper {
    /// Its name without the `bpf_`.
    pub fn name(self) -> &'static str {
        match self {
            Self::MapLookupElem => "map_lookup_elem",
            Self::MapUpdateElem => "map_update_elem",
            Self::MapDeleteElem => "map_delete_elem",
            Self::KtimeGetNs => "ktime_get_ns",
            Self::GetPrandomU32 => "get_prandom_u32",
            Self::GetSmpProcessorId => "get_smp_processor_id",
            Self::GetCurrentPidTgid => "get_current_pid_tgid",
            Self::GetCurrentUidGid => "get_current_uid_gid",
            Self::GetCurrentComm => "get_current_comm",
            Self::GetStackid => "get_stackid",
            Self::GetCurrentTask => "get_current_task",
            Self::GetCurrentTaskBtf => "get_current_task_btf",
            Self::TaskPtRegs => "task_pt_regs",
            Self::GetNumaNodeId => "get_numa_node_id",
            Self::GetStack => "get_stack",
            Self::SendSignal => "send_signal",
            Self::SendSignalThread => "send_signal_thread",
            Self::Jiffies64 => "jiffies64",
            Self::ForEachMapElem => "for_each_map_elem",
            Self::MapLookupPercpuElem => "map_lookup_percpu_elem",
            Self::KtimeGetTaiNs => "ktime_get_tai_ns",
            Self::GetCurrentCgroupId => "get_current_cgroup_id",
            Self::ProbeReadUser => "probe_read_user",
            Self::ProbeReadKernel => "probe_read_kernel",
            Self::ProbeReadUserStr => "probe_read_user_str",
            Self::ProbeReadKernelStr => "probe_read_kernel_str",
            Self::GetNsCurrentPidTgid => "get_ns_current_pid_tgid",
            Self::KtimeGetBootNs => "ktime_get_boot_ns",
            Self::RingbufOutput => "ringbuf_output",
            Self::GetAttachCookie => "get_attach_cookie",
        }
    }
}
