//! Builds one program: blocks, registers, slots, and what every kind of code needs.

use std::collections::HashMap;

use super::Shared;
use super::goroutine::Known;
use crate::artifact::Loss;
use crate::ir::{
    AtomicOp, BinOp, Block, BlockId, Cond, Helper, Inst, MapId, Operand, Program, Size, Slot, SlotId,
    Terminator, VReg,
};
use crate::resolve::typed::{Probe, Ty, VarId};

/// Where a variable lives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Home {
    /// In a register.
    Reg(VReg),
    /// In memory.
    Slot(SlotId),
}

/// A program while it is built.
pub(super) struct Builder<'p> {
    pub(super) shared: &'p Shared<'p>,
    pub(super) probe: &'p Probe,
    blocks: Vec<(Vec<Inst>, Option<Terminator>)>,
    current: BlockId,
    vregs: u32,
    slots: Vec<Slot>,
    homes: Vec<Home>,
    context: VReg,
    /// Eight bytes that reads go through: each value is loaded at once.
    word: Option<SlotId>,
    /// What was read before on every way to the current block.
    pub(super) known: HashMap<Known, VReg>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(shared: &'p Shared<'p>, probe: &'p Probe) -> Self {
        let mut b = Self {
            shared,
            probe,
            blocks: vec![(Vec::new(), None)],
            current: BlockId(0),
            vregs: 1,
            slots: Vec::new(),
            homes: Vec::new(),
            context: VReg(0),
            word: None,
            known: HashMap::new(),
        };
        b.push(Inst::Context { dst: VReg(0) });
        for ty in &probe.vars {
            let home = b.home(ty);
            b.homes.push(home);
        }
        b
    }

    /// A place for a variable, holding zeros: it may be read on a path that never assigns to it.
    fn home(&mut self, ty: &Ty) -> Home {
        if ty.is_scalar() || *ty == Ty::Unknown {
            let dst = self.vreg();
            self.push(Inst::Copy { dst, src: Operand::Imm(0) });
            return Home::Reg(dst);
        }
        let size = ty.stored().size().max(8);
        let slot = self.slot(size, "var");
        self.zero(slot, 0, size);
        Home::Slot(slot)
    }

    pub(super) fn home_of(&self, var: VarId) -> Home {
        self.homes.get(var.0 as usize).copied().unwrap_or(Home::Reg(VReg(0)))
    }

    pub(super) fn finish(self, symbol: String) -> Program {
        let blocks = self
            .blocks
            .into_iter()
            .map(|(insts, end)| Block { insts, end: end.unwrap_or(Terminator::Return(Operand::Imm(0))) })
            .collect();
        Program { symbol, kind: self.probe.kind, blocks, vregs: self.vregs, slots: self.slots }
    }

    pub(super) fn push(&mut self, inst: Inst) {
        if let Some((insts, None)) = self.blocks.get_mut(self.current.0 as usize) {
            insts.push(inst);
        }
    }

    /// Ends the current block; code that follows in it could never run and is dropped.
    pub(super) fn end(&mut self, end: Terminator) {
        if let Some((_, slot @ None)) = self.blocks.get_mut(self.current.0 as usize) {
            *slot = Some(end);
        }
    }

    pub(super) fn new_block(&mut self) -> BlockId {
        self.blocks.push((Vec::new(), None));
        BlockId(self.blocks.len() as u32 - 1)
    }

    pub(super) fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    pub(super) fn vreg(&mut self) -> VReg {
        self.vregs += 1;
        VReg(self.vregs - 1)
    }

    pub(super) fn slot(&mut self, size: u32, name: &str) -> SlotId {
        self.slots.push(Slot { size: size.next_multiple_of(8), name: name.to_owned() });
        SlotId(self.slots.len() as u32 - 1)
    }

    /// The slot that reads go through.
    pub(super) fn word_slot(&mut self) -> SlotId {
        if let Some(slot) = self.word {
            return slot;
        }
        let slot = self.slot(8, "word");
        self.word = Some(slot);
        slot
    }

    pub(super) fn context(&self) -> VReg {
        self.context
    }

    pub(super) fn branch(&mut self, cond: Cond, a: Operand, b: Operand, then: BlockId, otherwise: BlockId) {
        self.end(Terminator::Branch { cond, a, b, then, otherwise });
    }

    pub(super) fn jump(&mut self, to: BlockId) {
        self.end(Terminator::Jump(to));
    }

    pub(super) fn copy(&mut self, src: Operand) -> VReg {
        let dst = self.vreg();
        self.push(Inst::Copy { dst, src });
        dst
    }

    pub(super) fn set(&mut self, dst: VReg, src: Operand) {
        self.push(Inst::Copy { dst, src });
    }

    /// The operand in a register.
    pub(super) fn reg(&mut self, value: Operand) -> VReg {
        match value {
            Operand::Reg(reg) => reg,
            Operand::Imm(_) => self.copy(value),
        }
    }

    pub(super) fn bin(&mut self, op: BinOp, a: Operand, b: Operand) -> VReg {
        let dst = self.vreg();
        self.push(Inst::Bin { op, dst, a, b });
        dst
    }

    pub(super) fn extend(&mut self, src: Operand, size: Size, signed: bool) -> VReg {
        let dst = self.vreg();
        self.push(Inst::Extend { dst, src, size, signed });
        dst
    }

    pub(super) fn load(&mut self, base: VReg, offset: u32, size: Size) -> VReg {
        let dst = self.vreg();
        self.push(Inst::Load { dst, base, offset: offset as i16, size });
        dst
    }

    pub(super) fn store(&mut self, base: VReg, offset: u32, src: Operand, size: Size) {
        self.push(Inst::Store { base, offset: offset as i16, src, size });
    }

    pub(super) fn slot_addr(&mut self, slot: SlotId, offset: u32) -> VReg {
        let dst = self.vreg();
        self.push(Inst::SlotAddr { dst, slot, offset });
        dst
    }

    pub(super) fn map_ref(&mut self, map: MapId) -> VReg {
        let dst = self.vreg();
        self.push(Inst::MapRef { dst, map });
        dst
    }

    pub(super) fn call(&mut self, helper: Helper, args: Vec<Operand>) -> VReg {
        let dst = self.vreg();
        self.push(Inst::Call { dst: Some(dst), helper, args });
        dst
    }

    pub(super) fn atomic_add(&mut self, base: VReg, offset: u32, value: Operand) {
        let src = self.reg(value);
        self.push(Inst::Atomic { op: AtomicOp::Add, base, offset: offset as i16, src });
    }

    /// 8 bytes of the context.
    pub(super) fn context_word(&mut self, offset: u16) -> VReg {
        self.load(self.context, u32::from(offset), Size::B8)
    }

    /// Zeros `size` bytes of a slot, from `offset`; both multiples of 8.
    pub(super) fn zero(&mut self, slot: SlotId, offset: u32, size: u32) {
        let base = self.slot_addr(slot, offset);
        for at in (0..size).step_by(8) {
            self.store(base, at, Operand::Imm(0), Size::B8);
        }
    }

    /// Runs `body` where `a cond b` holds, and goes on behind it.
    pub(super) fn when(&mut self, cond: Cond, a: Operand, b: Operand, body: impl FnOnce(&mut Self)) {
        let (then, after) = (self.new_block(), self.new_block());
        self.branch(cond, a, b, then, after);
        self.switch_to(then);
        self.aside(body);
        self.jump(after);
        self.switch_to(after);
    }

    /// Builds code that does not run on every way: what it reads is not known behind it.
    pub(super) fn aside<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        let known = self.known.clone();
        let value = body(self);
        self.known = known;
        value
    }

    /// Counts something that did not work.
    pub(super) fn count_loss(&mut self, loss: Loss) {
        let slot = self.slot_for_losses();
        let key = self.slot_addr(slot, 0);
        self.store(key, 0, Operand::Imm(i64::from(loss as u32)), Size::B4);
        let map = self.map_ref(self.shared.losses);
        let counter = self.call(Helper::MapLookupElem, vec![map.into(), key.into()]);
        self.when(Cond::Ne, counter.into(), Operand::Imm(0), |b| b.atomic_add(counter, 0, Operand::Imm(1)));
    }

    fn slot_for_losses(&mut self) -> SlotId {
        match self.slots.iter().position(|s| s.name == "loss") {
            Some(index) => SlotId(index as u32),
            None => self.slot(8, "loss"),
        }
    }

    /// Reads memory of the target: zeros, and a loss, where it can't be read.
    pub(super) fn read_user(&mut self, addr: Operand, bytes: u8, signed: bool) -> VReg {
        self.read(Helper::ProbeReadUser, addr, bytes, signed)
    }

    /// Reads memory of the kernel.
    pub(super) fn read_kernel(&mut self, addr: Operand, bytes: u8) -> VReg {
        self.read(Helper::ProbeReadKernel, addr, bytes, false)
    }

    fn read(&mut self, helper: Helper, addr: Operand, bytes: u8, signed: bool) -> VReg {
        let slot = self.word_slot();
        let to = self.slot_addr(slot, 0);
        let failed = self.call(helper, vec![to.into(), Operand::Imm(i64::from(bytes)), addr]);
        // The helper itself puts zeros where it fails.
        self.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| b.count_loss(Loss::ReadFailed));
        let size = Size::of(u64::from(bytes)).unwrap_or(Size::B8);
        let from = self.slot_addr(slot, 0);
        let value = self.load(from, 0, size);
        if signed && size != Size::B8 { self.extend(value.into(), size, true) } else { value }
    }

    /// The process id, in the namespace that gprobe runs in.
    pub(super) fn process_id(&mut self) -> VReg {
        let ids = self.pid_tgid();
        self.bin(BinOp::Shr, ids.into(), Operand::Imm(32))
    }

    /// Process in the high half, thread in the low one.
    pub(super) fn pid_tgid(&mut self) -> VReg {
        let Some(namespace) = self.shared.kernel.pid_namespace else {
            return self.call(Helper::GetCurrentPidTgid, Vec::new());
        };
        // `struct bpf_pidns_info { __u32 pid, tgid; }`, whose `pid` is the thread.
        let slot = self.word_slot();
        self.zero(slot, 0, 8);
        let to = self.slot_addr(slot, 0);
        let (dev, ino) = (Operand::Imm(namespace.dev as i64), Operand::Imm(namespace.ino as i64));
        self.call(Helper::GetNsCurrentPidTgid, vec![dev, ino, to.into(), Operand::Imm(8)]);
        let from = self.slot_addr(slot, 0);
        self.load(from, 0, Size::B8)
    }

    pub(super) fn start_clock(&mut self) {
        let now = self.call(Helper::KtimeGetBootNs, Vec::new());
        let slot = self.word_slot();
        self.zero(slot, 0, 8);
        let key = self.slot_addr(slot, 0);
        let map = self.map_ref(self.shared.elapsed);
        let place = self.call(Helper::MapLookupElem, vec![map.into(), key.into()]);
        self.when(Cond::Ne, place.into(), Operand::Imm(0), |b| b.store(place, 0, now.into(), Size::B8));
    }

    pub(super) fn elapsed(&mut self) -> VReg {
        let slot = self.word_slot();
        self.zero(slot, 0, 8);
        let key = self.slot_addr(slot, 0);
        let map = self.map_ref(self.shared.elapsed);
        let place = self.call(Helper::MapLookupElem, vec![map.into(), key.into()]);
        let start = self.copy(Operand::Imm(0));
        self.when(Cond::Ne, place.into(), Operand::Imm(0), |b| {
            let value = b.load(place, 0, Size::B8);
            b.set(start, value.into());
        });
        let now = self.call(Helper::KtimeGetBootNs, Vec::new());
        self.bin(BinOp::Sub, now.into(), start.into())
    }
}
