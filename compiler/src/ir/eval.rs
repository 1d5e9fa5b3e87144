//! Runs IR: each program as the kernel would, without the kernel.
//!
//! Programs that no kernel event starts run here, on what a [`Host`] gives them: the target's memory, maps
//! and a place for records. The reference interpreter, with which tests compare all later stages, is the
//! same with an [`Environment`] as its host.

mod environment;
mod helpers;
mod memory;

pub use self::environment::{Answers, Environment};
use self::memory::Memory;
use super::print::InstText;
use super::{AtomicOp, Helper, Inst, Operand, Program, Size, Terminator, Unit, VReg};

/// What programs find around them.
pub trait Host {
    /// Reads memory of the target or the kernel; gives whether all of it could be read.
    fn read(&mut self, from: u64, to: &mut [u8]) -> bool;
    /// A map's entry as it was before any program ran here; of a per-CPU map, what that CPU has.
    fn entry(&mut self, map: usize, key: &[u8], cpu: u32) -> Option<Vec<u8>>;
    /// The keys that a map had before any program ran here.
    fn keys(&mut self, map: usize) -> Vec<Vec<u8>>;
    /// How many entries a map had before any program ran here; `None` where that is found out when changes
    /// are written back.
    fn entries(&mut self, map: usize) -> Option<usize>;
    /// Takes a record for a ring buffer of so many bytes; gives whether there was room.
    fn output(&mut self, record: &[u8], ring_bytes: u64) -> bool;
    /// What a helper without memory gives: clocks, ids, numbers.
    fn ask(&mut self, helper: Helper) -> u64;
    /// The name of the thread, padded with zeros.
    fn comm(&mut self) -> [u8; 16];
    /// Thread and process as seen from gprobe's PID namespace; `None`: they are not in it.
    fn ids_in_namespace(&mut self) -> Option<(u32, u32)>;
    /// Answers a call in place of the built-in helper, where it gives something.
    fn answer(&mut self, helper: Helper, args: &[u64]) -> Option<u64>;
}

/// What programs did to a map's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Index in the unit's maps.
    pub map: usize,
    /// The key.
    pub key: Vec<u8>,
    /// The value, or that it is gone.
    pub value: Option<Vec<u8>>,
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
    let (context, most_steps) = (environment.context.clone(), environment.most_steps);
    let mut machine = Machine::new(unit, environment).strict();
    let result = machine.run(program, &context, most_steps);
    let changes = machine.take_changes();
    environment.apply(changes);
    result
}

/// Runs programs of a unit, one after the other. What they do to maps is kept until it is taken.
pub struct Machine<'a, H> {
    unit: &'a Unit,
    host: &'a mut H,
    memory: Memory,
    steps: u64,
}

type Step<T> = Result<T, String>;

/// A program or a callback that runs.
struct Call {
    /// How many callbacks deep.
    depth: usize,
    args: [i64; 5],
    regs: Vec<Option<i64>>,
}

impl<'a, H: Host> Machine<'a, H> {
    /// For the programs of a unit.
    pub fn new(unit: &'a Unit, host: &'a mut H) -> Self {
        Self { unit, host, memory: Memory::default(), steps: 0 }
    }

    /// Refuses to read memory of a program that it has not written before.
    fn strict(mut self) -> Self {
        self.memory.strict = true;
        self
    }

    /// What is around the programs.
    pub fn host(&mut self) -> &mut H {
        self.host
    }

    /// Runs a program on these bytes of context, for at most so many instructions.
    ///
    /// # Errors
    /// As [`eval`].
    pub fn run(&mut self, program: usize, context: &[u8], most_steps: u64) -> Result<u64, EvalError> {
        self.memory.context.clear();
        self.memory.context.extend_from_slice(context);
        self.steps = most_steps;
        self.call(program, 0, [0; 5])
    }

    /// What programs did to maps since this was last asked for, by map and key. Look-ups ask the host anew
    /// from here on.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.memory.take_changes()
    }

    fn call(&mut self, program: usize, depth: usize, args: [i64; 5]) -> Result<u64, EvalError> {
        let unit = self.unit;
        let Some(code) = unit.programs.get(program) else {
            let (program, what) = (format!("#{program}"), "there is no such program".to_owned());
            return Err(EvalError { program, block: 0, inst: String::new(), what });
        };
        self.memory.enter(depth, &code.slots);
        let mut call = Call { depth, args, regs: vec![None; code.vregs as usize] };
        self.blocks(code, &mut call)
    }

    fn blocks(&mut self, code: &Program, call: &mut Call) -> Result<u64, EvalError> {
        let mut block = 0usize;
        loop {
            let error = |inst: String, what: String| {
                let program = code.symbol.clone();
                EvalError { program, block, inst, what }
            };
            let Some(current) = code.blocks.get(block) else {
                return Err(error(String::new(), "there is no such block".to_owned()));
            };
            for inst in &current.insts {
                self.inst(call, inst).map_err(|what| error(InstText(self.unit, inst).to_string(), what))?;
            }
            self.steps = self.steps.saturating_sub(current.insts.len() as u64 + 1);
            let next = if self.steps == 0 {
                Err("too many steps".to_owned())
            } else {
                call.terminator(&current.end)
            };
            match next.map_err(|what| error(current.end.to_string(), what))? {
                Next::Block(next) => block = next,
                Next::Return(value) => return Ok(value),
            }
        }
    }

    fn inst(&mut self, call: &mut Call, inst: &Inst) -> Step<()> {
        match inst {
            Inst::Copy { dst, src } => call.set(*dst, call.value(*src)?),
            Inst::Bin { op, dst, a, b } => call.set(*dst, op.apply(call.value(*a)?, call.value(*b)?)),
            Inst::Extend { dst, src, size, signed } => {
                call.set(*dst, size.extend(call.value(*src)?, *signed));
            }
            Inst::Context { dst } => call.set(*dst, memory::CONTEXT.cast_signed()),
            Inst::Argument { dst, index } => {
                let arg = usize::from(*index).checked_sub(1).and_then(|at| call.args.get(at)).copied();
                call.set(*dst, arg.ok_or("there is no such argument")?);
            }
            Inst::FuncRef { dst, program } => call.set(*dst, i64::from(*program)),
            Inst::Load { dst, base, offset, size } => {
                let address = call.address(*base, *offset)?;
                let bytes = self.memory.read(address, u64::from(size.bytes()))?;
                call.set(*dst, little_endian(bytes));
            }
            Inst::Store { base, offset, src, size } => {
                let address = call.address(*base, *offset)?;
                let bytes = call.value(*src)?.to_le_bytes();
                let kept = bytes.get(..size.bytes() as usize).unwrap_or(&bytes);
                self.memory.write(address, kept)?;
            }
            Inst::Atomic { op, base, offset, src } => {
                let address = call.address(*base, *offset)?;
                let old = little_endian(self.memory.read(address, u64::from(Size::B8.bytes()))?);
                let src_value = call.reg(*src)?;
                let new = match op {
                    AtomicOp::Add => old.wrapping_add(src_value),
                    AtomicOp::Exchange => src_value,
                };
                self.memory.write(address, &new.to_le_bytes())?;
                if *op == AtomicOp::Exchange {
                    call.set(*src, old);
                }
            }
            Inst::SlotAddr { dst, slot, offset } => {
                call.set(*dst, memory::slot_address(call.depth, *slot, *offset).cast_signed());
            }
            Inst::MapRef { dst, map } => call.set(*dst, memory::map_address(*map).cast_signed()),
            Inst::Call { dst, helper, args } => {
                let mut values = [0; 5];
                for (value, arg) in values.iter_mut().zip(args) {
                    *value = call.value(*arg)?.cast_unsigned();
                }
                let args = values.get(..args.len()).unwrap_or(&values);
                let result = match self.host.answer(*helper, args) {
                    Some(result) => result,
                    None => self.helper(call.depth, *helper, args)?,
                };
                dst.iter().for_each(|dst| call.set(*dst, result.cast_signed()));
            }
        }
        Ok(())
    }
}

impl Call {
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
}

enum Next {
    Block(usize),
    Return(u64),
}

/// Up to 8 bytes as a number.
fn little_endian(bytes: &[u8]) -> i64 {
    bytes.iter().rev().fold(0i64, |value, &byte| value << 8 | i64::from(byte))
}
