//! Where slots are: small ones on the BPF stack, the others in a per-CPU map.
//!
//! A program can be interrupted, or preempted, by another on the same CPU, also by itself on
//! another thread. So the map has several entries, and a flag at the start of each says that it is
//! in use: the program takes the first that is free, and gives it back at its end.

use super::AllocateError;
use crate::artifact::Loss;
use crate::ir::{
    AtomicOp, Block, BlockId, Cond, Helper, Inst, MapDef, MapId, MapKind, Operand, Program, Role, Size, Slot,
    SlotId, SlotPlace, Terminator, VReg, drop_unreachable,
};
use crate::target::KernelFacts;

/// Largest slot that goes on the stack.
const LARGEST_ON_STACK: u32 = 64;
/// Bytes of the flag that says an entry is in use.
const FLAG_BYTES: u64 = 8;
/// The kernel's limit for a value in per-CPU memory (`PCPU_MIN_UNIT_SIZE`).
const LARGEST_VALUE: u32 = 32 << 10;
/// How deep programs may interrupt each other on one CPU.
const ENTRIES: u32 = 4;

/// What a program's placement depends on besides it.
pub(super) struct Surroundings<'a> {
    /// The program's place in its unit.
    pub(super) index: usize,
    /// The map of losses.
    pub(super) losses: MapId,
    pub(super) kernel: &'a KernelFacts,
}

/// Where a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Bytes from the stack's end, below 0.
    Frame(i32),
    /// Bytes from the start of the scratch entry.
    Scratch(i32),
}

/// A program whose slots have places.
#[derive(Debug)]
pub(super) struct Placed {
    /// With the code that takes and gives back scratch memory.
    pub(super) program: Program,
    /// By slot.
    pub(super) places: Vec<Place>,
    /// The register with the scratch entry's address.
    pub(super) scratch: Option<VReg>,
    /// Bytes of the stack that slots take.
    pub(super) frame_bytes: u32,
    /// The map to create; its id is the next one.
    pub(super) scratch_map: Option<MapDef>,
}

/// Finds places, with at most `budget` bytes of stack for the program's slots.
pub(super) fn place(
    program: &Program,
    around: &Surroundings<'_>,
    maps: &[MapDef],
    budget: u32,
) -> Result<Placed, AllocateError> {
    let mut program = program.clone();
    drop_unreachable(&mut program);
    // What lies in scratch memory the verifier does not look at when it compares the rounds of a loop.
    let calls_back = |inst: &Inst| matches!(inst, Inst::FuncRef { .. });
    let loops = program.role == Role::Callback
        || program.blocks.iter().any(|block| {
            matches!(block.end, Terminator::MayGoto { .. }) || block.insts.iter().any(calls_back)
        });
    let mut frame_bytes = 0u32;
    let mut scratch_bytes = FLAG_BYTES;
    let mut places = Vec::with_capacity(program.slots.len());
    for slot in &program.slots {
        let fits = !loops && slot.size <= LARGEST_ON_STACK && frame_bytes + slot.size <= budget;
        let on_stack = match slot.place {
            SlotPlace::Any => fits,
            SlotPlace::Stack => true,
            SlotPlace::Scratch => false,
        };
        if on_stack {
            frame_bytes += slot.size;
            places.push(Place::Frame(-(frame_bytes as i32)));
        } else {
            // Beyond 31 bits the check below ends it anyway.
            places.push(Place::Scratch(scratch_bytes.min(1 << 30) as i32));
            scratch_bytes += u64::from(slot.size);
        }
    }
    if scratch_bytes > u64::from(LARGEST_VALUE) {
        let program = program.symbol;
        return Err(AllocateError::ScratchTooLarge { program, bytes: scratch_bytes, limit: LARGEST_VALUE });
    }
    if !places.iter().any(|place| matches!(place, Place::Scratch(_))) {
        return Ok(Placed { program, places, scratch: None, frame_bytes, scratch_map: None });
    }
    frame_bytes += 8;
    places.push(Place::Frame(-(frame_bytes as i32)));
    let scratch_map = MapDef {
        name: format!("gp_scratch{}", around.index),
        kind: MapKind::PerCpuArray,
        key_size: 4,
        value_size: scratch_bytes as u32,
        max_entries: if around.kernel.atomic_fetch { ENTRIES } else { 1 },
        flags: 0,
    };
    let mut taker = Taker {
        key: SlotId(program.slots.len() as u32),
        base: VReg(program.vregs),
        regs: program.vregs + 1,
        map: MapId(maps.len() as u32),
        losses: around.losses,
    };
    program.slots.push(Slot { size: 8, place: SlotPlace::Stack, name: "scratch key".to_owned() });
    let scratch = taker.base;
    let before = taker.blocks(around.kernel.atomic_fetch);
    program.vregs = taker.regs;
    if around.kernel.atomic_fetch {
        for block in &mut program.blocks {
            if matches!(block.end, Terminator::Return(_)) {
                let src = Operand::Imm(0);
                block.insts.push(Inst::Store { base: scratch, offset: 0, src, size: Size::B8 });
            }
        }
    }
    prepend(&mut program, before);
    Ok(Placed { program, places, scratch: Some(scratch), frame_bytes, scratch_map: Some(scratch_map) })
}

/// Puts blocks before the program's, whose ids move up.
fn prepend(program: &mut Program, before: Vec<Block>) {
    let shift = before.len() as u32;
    for block in &mut program.blocks {
        block.end.retarget(|to| BlockId(to.0 + shift));
    }
    program.blocks.splice(0..0, before);
}

/// Writes the code that takes an entry of the scratch map.
struct Taker {
    /// The slot for keys of maps.
    key: SlotId,
    /// Gets the entry's address.
    base: VReg,
    /// How many registers there are.
    regs: u32,
    map: MapId,
    losses: MapId,
}

impl Taker {
    fn reg(&mut self) -> VReg {
        self.regs += 1;
        VReg(self.regs - 1)
    }

    /// Looks up entry `key` of a map.
    fn lookup(&mut self, dst: VReg, map: MapId, key: u32) -> Vec<Inst> {
        let (address, map_reg) = (self.reg(), self.reg());
        vec![
            Inst::SlotAddr { dst: address, slot: self.key, offset: 0 },
            Inst::Store { base: address, offset: 0, src: Operand::Imm(i64::from(key)), size: Size::B4 },
            Inst::MapRef { dst: map_reg, map },
            Inst::Call {
                dst: Some(dst),
                helper: Helper::MapLookupElem,
                args: vec![map_reg.into(), address.into()],
            },
        ]
    }

    /// The blocks; control leaves them to the block after the last, or the program ends.
    fn blocks(&mut self, flagged: bool) -> Vec<Block> {
        if !flagged {
            // The entry is there and free, as far as one can know.
            let (end, body) = (BlockId(1), BlockId(2));
            let insts = self.lookup(self.base, self.map, 0);
            return vec![Block { insts, end: if_null(self.base, end, body) }, give_up()];
        }
        let lost = 2 * ENTRIES;
        let (count, end, body) = (BlockId(lost + 1), BlockId(lost + 2), BlockId(lost + 3));
        let mut blocks = Vec::new();
        for attempt in 0..ENTRIES {
            let found = BlockId(blocks.len() as u32 + 1);
            let insts = self.lookup(self.base, self.map, attempt);
            blocks.push(Block { insts, end: if_null(self.base, BlockId(lost), found) });
            let flag = self.reg();
            let insts = vec![
                Inst::Copy { dst: flag, src: Operand::Imm(1) },
                Inst::Atomic { op: AtomicOp::Exchange, base: self.base, offset: 0, src: flag },
            ];
            let busy = BlockId(blocks.len() as u32 + 1);
            blocks.push(Block { insts, end: if_null(flag, body, busy) });
        }
        let (counter, one) = (self.reg(), self.reg());
        let insts = self.lookup(counter, self.losses, Loss::Reentered as u32);
        blocks.push(Block { insts, end: if_null(counter, end, count) });
        let insts = vec![
            Inst::Copy { dst: one, src: Operand::Imm(1) },
            Inst::Atomic { op: AtomicOp::Add, base: counter, offset: 0, src: one },
        ];
        blocks.push(Block { insts, end: Terminator::Jump(end) });
        blocks.push(give_up());
        blocks
    }
}

fn give_up() -> Block {
    Block { insts: Vec::new(), end: Terminator::Return(Operand::Imm(0)) }
}

fn if_null(reg: VReg, then: BlockId, otherwise: BlockId) -> Terminator {
    Terminator::Branch { cond: Cond::Eq, a: reg.into(), b: Operand::Imm(0), then, otherwise }
}
