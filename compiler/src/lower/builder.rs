//! Builds one program: blocks, registers, slots, and what every kind of code needs.

use std::collections::HashMap;

use gprobe_lang::source::Span;

use super::Shared;
use super::captures::Captures;
use super::goroutine::Known;
use crate::artifact::{Action, Field, Loss, ProgramKind, RECORD_HEADER, SourcePlace, Trouble, Type};
use crate::ir::{
    AtomicOp, BinOp, Block, BlockId, Cond, Helper, Inst, MapId, Operand, Program, Role, Size, Slot, SlotId,
    SlotPlace, Terminator, VReg,
};
use crate::resolve::typed::{Probe, Ty, VarId};

/// What is larger is copied and zeroed by a helper.
const LARGEST_BY_WORD: u32 = 128;

/// Where a variable lives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Home {
    /// In a register.
    Reg(VReg),
    /// In memory.
    Slot(SlotId),
    /// In memory that callbacks share with their main program, from this byte on.
    Shared(u32),
}

/// Where `break` and `continue` go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loop {
    /// To a block.
    Blocks { after: BlockId, next: BlockId },
    /// Back to the helper that calls this callback.
    Callback,
}

/// A function of a program: the program itself, or a callback of it.
pub(super) struct Function {
    blocks: Vec<(Vec<Inst>, Option<Terminator>)>,
    current: BlockId,
    vregs: u32,
    slots: Vec<Slot>,
    pub(super) homes: HashMap<VarId, Home>,
    context: VReg,
    /// Eight bytes that reads go through: each value is loaded at once.
    word: Option<SlotId>,
    /// What was read before on every way to the current block.
    pub(super) known: HashMap<Known, VReg>,
    /// Loops around.
    pub(super) nested: u32,
    /// Loops around the current place, innermost last.
    pub(super) loops: Vec<Loop>,
    /// The memory that callbacks share, and the pointers that they are handed.
    shared_memory: SharedMemory,
}

/// How a function reaches the memory that is shared by a program and its callbacks.
#[derive(Clone, Copy, Debug)]
enum SharedMemory {
    /// There are no callbacks.
    None,
    /// In the main program: the memory, and the pointers that callbacks get.
    Main { memory: SlotId, pointers: SlotId },
    /// In a callback: the address of the pointers.
    Callback { pointers: VReg },
}

impl Function {
    fn new() -> Self {
        Self {
            blocks: vec![(Vec::new(), None)],
            current: BlockId(0),
            vregs: 1,
            slots: Vec::new(),
            homes: HashMap::new(),
            context: VReg(0),
            word: None,
            known: HashMap::new(),
            nested: 0,
            loops: Vec::new(),
            shared_memory: SharedMemory::None,
        }
    }

    fn finish(self, symbol: String, kind: ProgramKind, role: Role) -> Program {
        let blocks = self
            .blocks
            .into_iter()
            .map(|(insts, end)| Block { insts, end: end.unwrap_or(Terminator::Return(Operand::Imm(0))) })
            .collect();
        Program { symbol, role, kind, blocks, vregs: self.vregs, slots: self.slots }
    }
}

/// A program while it is built.
pub(super) struct Builder<'p> {
    pub(super) shared: &'p Shared<'p>,
    pub(super) probe: &'p Probe,
    pub(super) function: Function,
    /// Where each variable is used, and what of them callbacks share.
    captures: Captures,
    /// Callbacks that are done, in the order of the unit.
    callbacks: Vec<Program>,
    /// The index of the first callback in the unit.
    first_callback: u32,
    symbol: String,
}

impl<'p> Builder<'p> {
    pub(super) fn new(shared: &'p Shared<'p>, probe: &'p Probe, symbol: String, first_callback: u32) -> Self {
        let captures = Captures::of(probe);
        let mut b = Self {
            shared,
            probe,
            function: Function::new(),
            captures,
            callbacks: Vec::new(),
            first_callback,
            symbol,
        };
        b.push(Inst::Context { dst: VReg(0) });
        if let Some(size) = b.captures.shared_bytes {
            let memory = b.placed_slot(size, "shared", SlotPlace::Scratch);
            let pointers = b.placed_slot(16, "pointers", SlotPlace::Stack);
            b.function.shared_memory = SharedMemory::Main { memory, pointers };
            let to = b.slot_addr(memory, 0);
            b.store(to, 0, Operand::Imm(0), Size::B8);
            let base = b.slot_addr(pointers, 0);
            let context = b.context();
            b.store(base, 0, context.into(), Size::B8);
            b.store(base, 8, to.into(), Size::B8);
        }
        b.make_homes(None);
        b
    }

    /// Places for the variables that are used in this function only.
    fn make_homes(&mut self, of: Option<VarId>) {
        let vars = self.captures.only_in(of);
        for var in vars {
            let ty = self.probe.vars.get(var.0 as usize).cloned().unwrap_or(Ty::Unknown);
            let in_memory = self.captures.addressed.contains(&var);
            let home = if (ty.is_scalar() || ty == Ty::Unknown) && !in_memory {
                let dst = self.vreg();
                self.push(Inst::Copy { dst, src: Operand::Imm(0) });
                Home::Reg(dst)
            } else {
                Home::Slot(self.slot(ty.stored().size().max(8), "var"))
            };
            self.function.homes.insert(var, home);
        }
    }

    pub(super) fn home_of(&self, var: VarId) -> Home {
        match self.captures.shared.get(&var) {
            Some(&offset) => Home::Shared(offset),
            None => self.function.homes.get(&var).copied().unwrap_or(Home::Reg(VReg(0))),
        }
    }

    /// The address of a variable that lives in memory.
    pub(super) fn home_addr(&mut self, home: Home) -> Option<VReg> {
        match home {
            Home::Reg(_) => None,
            Home::Slot(slot) => Some(self.slot_addr(slot, 0)),
            Home::Shared(offset) => Some(self.shared_addr(offset)),
        }
    }

    /// The address of a byte of the shared memory; the first word says whether a callback left the
    /// program.
    pub(super) fn shared_addr(&mut self, offset: u32) -> VReg {
        match self.function.shared_memory {
            SharedMemory::None => VReg(0),
            SharedMemory::Main { memory, .. } => self.slot_addr(memory, offset),
            SharedMemory::Callback { pointers } => {
                let base = self.load(pointers, 8, Size::B8);
                self.bin(BinOp::Add, base.into(), Operand::Imm(i64::from(offset)))
            }
        }
    }

    /// What a helper hands to a callback.
    pub(super) fn callback_argument(&mut self) -> VReg {
        match self.function.shared_memory {
            SharedMemory::None => VReg(0),
            SharedMemory::Main { pointers, .. } => self.slot_addr(pointers, 0),
            SharedMemory::Callback { pointers } => pointers,
        }
    }

    /// Builds a callback for each element of a map, with the pointers to key and value; gives its index.
    pub(super) fn callback(&mut self, var: VarId, body: impl FnOnce(&mut Self, VReg, VReg)) -> u32 {
        let outer = std::mem::replace(&mut self.function, Function::new());
        let [key, value, pointers] = [2u8, 3, 4].map(|index| {
            let dst = self.vreg();
            self.push(Inst::Argument { dst, index });
            dst
        });
        self.function.shared_memory = SharedMemory::Callback { pointers };
        let context = self.load(pointers, 0, Size::B8);
        self.function.context = context;
        self.function.loops.push(Loop::Callback);
        self.make_homes(Some(var));
        body(self, key, value);
        self.end(Terminator::Return(Operand::Imm(0)));
        let inner = std::mem::replace(&mut self.function, outer);
        let number = self.callbacks.len() as u32;
        let symbol = format!("{}_each{number}", self.symbol);
        self.callbacks.push(inner.finish(symbol, self.probe.kind, Role::Callback));
        self.first_callback + number
    }

    pub(super) fn is_callback(&self) -> bool {
        matches!(self.function.shared_memory, SharedMemory::Callback { .. })
    }

    /// The program and its callbacks.
    pub(super) fn finish(self) -> Vec<Program> {
        let mut programs = vec![self.function.finish(self.symbol, self.probe.kind, Role::Main)];
        programs.extend(self.callbacks);
        programs
    }

    pub(super) fn push(&mut self, inst: Inst) {
        if let Some((insts, None)) = self.function.blocks.get_mut(self.function.current.0 as usize) {
            insts.push(inst);
        }
    }

    /// Ends the current block; code that follows in it could never run and is dropped.
    pub(super) fn end(&mut self, end: Terminator) {
        if let Some((_, slot @ None)) = self.function.blocks.get_mut(self.function.current.0 as usize) {
            *slot = Some(end);
        }
    }

    pub(super) fn new_block(&mut self) -> BlockId {
        self.function.blocks.push((Vec::new(), None));
        BlockId(self.function.blocks.len() as u32 - 1)
    }

    pub(super) fn switch_to(&mut self, block: BlockId) {
        self.function.current = block;
    }

    pub(super) fn vreg(&mut self) -> VReg {
        self.function.vregs += 1;
        VReg(self.function.vregs - 1)
    }

    pub(super) fn slot(&mut self, size: u32, name: &str) -> SlotId {
        self.placed_slot(size, name, SlotPlace::Any)
    }

    fn placed_slot(&mut self, size: u32, name: &str, place: SlotPlace) -> SlotId {
        self.function.slots.push(Slot { size: size.next_multiple_of(8), place, name: name.to_owned() });
        SlotId(self.function.slots.len() as u32 - 1)
    }

    /// The slot that reads go through.
    pub(super) fn word_slot(&mut self) -> SlotId {
        if let Some(slot) = self.function.word {
            return slot;
        }
        let slot = self.slot(8, "word");
        self.function.word = Some(slot);
        slot
    }

    pub(super) fn context(&self) -> VReg {
        self.function.context
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
        self.load(self.function.context, u32::from(offset), Size::B8)
    }

    /// Zeros `size` bytes of a slot, from `offset`; both multiples of 8.
    pub(super) fn zero(&mut self, slot: SlotId, offset: u32, size: u32) {
        let base = self.slot_addr(slot, offset);
        if size > LARGEST_BY_WORD {
            // It zeros what it can't read, and nothing can be read there.
            let size = Operand::Imm(i64::from(size));
            self.call(Helper::ProbeReadKernel, vec![base.into(), size, Operand::Imm(0)]);
            return;
        }
        for at in (0..size).step_by(8) {
            self.store(base, at, Operand::Imm(0), Size::B8);
        }
    }

    /// Copies `size` bytes, a multiple of 8, within the script's own memory.
    pub(super) fn copy_bytes(&mut self, to: VReg, to_offset: u32, from: VReg, offset: u32, size: u32) {
        // A part of a C value may lie anywhere; words are at multiples of 8.
        let aligned = to_offset.is_multiple_of(8) && offset.is_multiple_of(8);
        if size > LARGEST_BY_WORD || !aligned {
            let to = self.bin(BinOp::Add, to.into(), Operand::Imm(i64::from(to_offset)));
            let from = self.bin(BinOp::Add, from.into(), Operand::Imm(i64::from(offset)));
            let size = Operand::Imm(i64::from(size));
            self.call(Helper::ProbeReadKernel, vec![to.into(), size, from.into()]);
            return;
        }
        for at in (0..size).step_by(8) {
            let word = self.load(from, offset + at, Size::B8);
            self.store(to, to_offset + at, word.into(), Size::B8);
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
        let known = self.function.known.clone();
        let value = body(self);
        self.function.known = known;
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
        match self.function.slots.iter().position(|s| s.name == "loss") {
            Some(index) => SlotId(index as u32),
            None => self.slot(8, "loss"),
        }
    }

    /// Says that something went wrong, at a place in the script.
    pub(super) fn trouble(&mut self, what: Trouble, span: Span, code: Option<Operand>) {
        let field = code.map(|_| Field { offset: RECORD_HEADER, ty: Type::I64 });
        let action = self.shared.action(Action::Trouble { what, place: SourcePlace(span), code: field });
        let size = RECORD_HEADER + if code.is_some() { 8 } else { 0 };
        let record = self.slot(size, "trouble");
        let base = self.slot_addr(record, 0);
        self.store(base, 0, Operand::Imm(action as i64), Size::B8);
        if let Some(code) = code {
            self.store(base, RECORD_HEADER, code, Size::B8);
        }
        let ring = self.map_ref(self.shared.ring);
        let data = self.slot_addr(record, 0);
        let args = vec![ring.into(), data.into(), Operand::Imm(i64::from(size)), Operand::Imm(0)];
        self.call(Helper::RingbufOutput, args);
    }

    /// Counts a read that failed; says where in the script, if that is wanted.
    pub(super) fn failed_read(&mut self, helper: Helper, code: VReg, span: Option<Span>) {
        self.count_loss(Loss::ReadFailed);
        if let Some(span) = span.filter(|_| self.shared.report_errors) {
            self.trouble(Trouble::Unreadable { helper: helper.name() }, span, Some(code.into()));
        }
    }

    /// Reads memory of the target: zeros, and a loss, where it can't be read.
    pub(super) fn read_user(&mut self, addr: Operand, bytes: u8, signed: bool) -> VReg {
        self.read(Helper::ProbeReadUser, addr, bytes, signed, None)
    }

    /// Reads eight bytes that the target may never have touched: zeros, and no loss, where they are not there.
    pub(super) fn read_fresh(&mut self, addr: Operand) -> VReg {
        let (slot, _) = self.read_to_slot(Helper::ProbeReadUser, addr, 8);
        let from = self.slot_addr(slot, 0);
        self.load(from, 0, Size::B8)
    }

    /// Reads memory of the kernel.
    pub(super) fn read_kernel(&mut self, addr: Operand, bytes: u8) -> VReg {
        self.read(Helper::ProbeReadKernel, addr, bytes, false, None)
    }

    /// Reads an integer; `span` is where the script asks for it.
    pub(super) fn read(
        &mut self,
        helper: Helper,
        addr: Operand,
        bytes: u8,
        signed: bool,
        span: Option<Span>,
    ) -> VReg {
        let (slot, failed) = self.read_to_slot(helper, addr, bytes);
        self.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| b.failed_read(helper, failed, span));
        let size = Size::of(u64::from(bytes)).unwrap_or(Size::B8);
        let from = self.slot_addr(slot, 0);
        let value = self.load(from, 0, size);
        if signed && size != Size::B8 { self.extend(value.into(), size, true) } else { value }
    }

    /// Reads up to eight bytes into a slot, and gives whether that failed: the helper itself puts zeros then.
    fn read_to_slot(&mut self, helper: Helper, addr: Operand, bytes: u8) -> (SlotId, VReg) {
        let slot = self.word_slot();
        let to = self.slot_addr(slot, 0);
        let failed = self.call(helper, vec![to.into(), Operand::Imm(i64::from(bytes)), addr]);
        (slot, failed)
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
