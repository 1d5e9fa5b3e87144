//! The reference interpreter: what IR means. Tests compare all later stages with it.

mod helpers;
mod memory;

use std::collections::BTreeMap;

use self::memory::Memory;
use super::print::InstText;
use super::{AtomicOp, Helper, Inst, MapId, MapKind, Operand, Program, Size, Terminator, Unit, VReg};

/// Answers a call of a helper with these arguments, or leaves it to the built-in one.
pub type Answers = fn(Helper, &[u64]) -> Option<u64>;

/// What a program finds around it, and what it leaves behind.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The bytes of the context.
    pub context: Vec<u8>,
    /// Memory of the target and the kernel, for helpers that probe: address and bytes.
    pub memory: Vec<(u64, Vec<u8>)>,
    /// By map: its entries. Per-CPU maps have one CPU.
    pub maps: Vec<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// Records written to ring buffers.
    pub records: Vec<Vec<u8>>,
    /// `bpf_get_current_pid_tgid`
    pub pid_tgid: u64,
    /// The same as seen from the PID namespace that `bpf_get_ns_current_pid_tgid` is asked for;
    /// `None`: the task is not in it.
    pub ns_pid_tgid: Option<(u32, u32)>,
    /// `bpf_get_current_uid_gid`
    pub uid_gid: u64,
    /// `bpf_get_current_comm`
    pub comm: [u8; 16],
    /// `bpf_get_smp_processor_id`
    pub cpu: u32,
    /// `bpf_ktime_get_ns`
    pub ktime_ns: u64,
    /// `bpf_ktime_get_boot_ns`
    pub boot_ns: u64,
    /// What `bpf_get_prandom_u32` gives, in turn and from the start again.
    pub random: Vec<u32>,
    /// `bpf_get_current_task`
    pub task: u64,
    /// `bpf_get_current_cgroup_id`
    pub cgroup: u64,
    /// `bpf_get_attach_cookie`
    pub cookie: u64,
    /// `bpf_get_stackid`, or an error below 0
    pub stack_id: i64,
    /// Answers calls in place of the built-in helpers, where it gives something. It sees addresses
    /// as numbers.
    pub answers: Option<Answers>,
    /// How many instructions may run.
    pub most_steps: u64,
}

impl Environment {
    /// With empty maps (arrays: all zeros), a context of 512 zero bytes, and a task of zeros.
    pub fn new(unit: &Unit) -> Self {
        let maps = unit.maps.iter().map(|map| {
            let mut entries = BTreeMap::new();
            if matches!(map.kind, MapKind::Array | MapKind::PerCpuArray) {
                for index in 0..map.max_entries {
                    entries.insert(index.to_le_bytes().to_vec(), vec![0; map.value_size as usize]);
                }
            }
            entries
        });
        Self {
            context: vec![0; 512],
            memory: Vec::new(),
            maps: maps.collect(),
            records: Vec::new(),
            pid_tgid: 0,
            ns_pid_tgid: None,
            uid_gid: 0,
            comm: [0; 16],
            cpu: 0,
            ktime_ns: 0,
            boot_ns: 0,
            random: Vec::new(),
            task: 0,
            cgroup: 0,
            cookie: 0,
            stack_id: 0,
            answers: None,
            most_steps: 1_000_000,
        }
    }
}

/// The program does something that the kernel's verifier would not let it do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("program `{program}`, b{block}, `{inst}`: {what}")]
pub struct EvalError {
    /// The program's symbol.
    pub program: String,
    /// The block.
    pub block: usize,
    /// The instruction, printed.
    pub inst: String,
    /// What is wrong.
    pub what: String,
}

/// Runs a program and gives what it returns. `environment` has afterwards what it left in maps and
/// ring buffers.
///
/// # Errors
/// An access out of bounds, a read of what was never written, too many steps, or an index that is
/// not there.
pub fn eval(unit: &Unit, program: usize, environment: &mut Environment) -> Result<u64, EvalError> {
    let none = |what: &str| EvalError {
        program: format!("#{program}"),
        block: 0,
        inst: String::new(),
        what: what.to_owned(),
    };
    let program = unit.programs.get(program).ok_or_else(|| none("there is no such program"))?;
    let memory = Memory::new(program, unit, environment);
    let mut run = Run { unit, program, environment, memory, regs: vec![None; program.vregs as usize] };
    let result = run.run();
    run.memory.write_back(&mut run.environment.maps);
    result
}

type Step<T> = Result<T, String>;

struct Run<'a> {
    unit: &'a Unit,
    program: &'a Program,
    environment: &'a mut Environment,
    memory: Memory,
    regs: Vec<Option<i64>>,
}

impl Run<'_> {
    fn run(&mut self) -> Result<u64, EvalError> {
        let mut block = 0usize;
        let mut steps = self.environment.most_steps;
        loop {
            let error = |inst: String, what: String| EvalError {
                program: self.program.symbol.clone(),
                block,
                inst,
                what,
            };
            let Some(current) = self.program.blocks.get(block) else {
                return Err(error(String::new(), "there is no such block".to_owned()));
            };
            for inst in &current.insts {
                self.inst(inst).map_err(|what| error(InstText(self.unit, inst).to_string(), what))?;
            }
            steps = steps.saturating_sub(current.insts.len() as u64 + 1);
            let next =
                if steps == 0 { Err("too many steps".to_owned()) } else { self.terminator(&current.end) };
            match next.map_err(|what| error(current.end.to_string(), what))? {
                Next::Block(next) => block = next,
                Next::Return(value) => return Ok(value),
            }
        }
    }

    fn terminator(&self, end: &Terminator) -> Step<Next> {
        Ok(match end {
            Terminator::Jump(to) => Next::Block(to.0 as usize),
            Terminator::Branch { cond, a, b, then, otherwise } => {
                let to = if cond.holds(self.value(*a)?, self.value(*b)?) { then } else { otherwise };
                Next::Block(to.0 as usize)
            }
            Terminator::MayGoto { next, .. } => Next::Block(next.0 as usize),
            Terminator::Return(value) => Next::Return(self.value(*value)?.cast_unsigned()),
        })
    }

    fn value(&self, operand: Operand) -> Step<i64> {
        match operand {
            Operand::Imm(value) => Ok(value),
            Operand::Reg(reg) => self.reg(reg),
        }
    }

    fn reg(&self, reg: VReg) -> Step<i64> {
        self.regs.get(reg.0 as usize).copied().flatten().ok_or_else(|| format!("{reg} has no value"))
    }

    fn set(&mut self, reg: VReg, value: i64) {
        if let Some(slot) = self.regs.get_mut(reg.0 as usize) {
            *slot = Some(value);
        }
    }

    fn address(&self, base: VReg, offset: i16) -> Step<u64> {
        Ok(self.reg(base)?.wrapping_add(i64::from(offset)).cast_unsigned())
    }

    fn inst(&mut self, inst: &Inst) -> Step<()> {
        match inst {
            Inst::Copy { dst, src } => self.set(*dst, self.value(*src)?),
            Inst::Bin { op, dst, a, b } => {
                let value = op.apply(self.value(*a)?, self.value(*b)?);
                self.set(*dst, value);
            }
            Inst::Extend { dst, src, size, signed } => {
                let value = size.extend(self.value(*src)?, *signed);
                self.set(*dst, value);
            }
            Inst::Context { dst } => self.set(*dst, memory::CONTEXT.cast_signed()),
            Inst::Argument { .. } | Inst::FuncRef { .. } => {
                return Err("callbacks are not evaluated".to_owned());
            }
            Inst::Load { dst, base, offset, size } => {
                let bytes = self.memory.read(self.address(*base, *offset)?, u64::from(size.bytes()))?;
                self.set(*dst, little_endian(bytes));
            }
            Inst::Store { base, offset, src, size } => {
                let address = self.address(*base, *offset)?;
                let bytes = self.value(*src)?.to_le_bytes();
                let kept = bytes.get(..size.bytes() as usize).unwrap_or(&bytes);
                self.memory.write(address, kept)?;
            }
            Inst::Atomic { op, base, offset, src } => {
                let address = self.address(*base, *offset)?;
                let old = little_endian(self.memory.read(address, u64::from(Size::B8.bytes()))?);
                let src_value = self.reg(*src)?;
                let new = match op {
                    AtomicOp::Add => old.wrapping_add(src_value),
                    AtomicOp::Exchange => src_value,
                };
                self.memory.write(address, &new.to_le_bytes())?;
                if *op == AtomicOp::Exchange {
                    self.set(*src, old);
                }
            }
            Inst::SlotAddr { dst, slot, offset } => {
                self.set(*dst, memory::slot_address(*slot, *offset).cast_signed());
            }
            Inst::MapRef { dst, map } => self.set(*dst, memory::map_address(*map).cast_signed()),
            Inst::Call { dst, helper, args } => {
                let args = args.iter().map(|arg| self.value(*arg).map(i64::cast_unsigned));
                let args = args.collect::<Step<Vec<u64>>>()?;
                let answer = self.environment.answers.and_then(|answers| answers(*helper, &args));
                let result = match answer {
                    Some(result) => result,
                    None => helpers::call(self, *helper, &args)?,
                };
                dst.iter().for_each(|dst| self.set(*dst, result.cast_signed()));
            }
        }
        Ok(())
    }
}

enum Next {
    Block(usize),
    Return(u64),
}

/// Up to 8 bytes as a number.
fn little_endian(bytes: &[u8]) -> i64 {
    bytes.iter().rev().fold(0i64, |value, &byte| value << 8 | i64::from(byte))
}
