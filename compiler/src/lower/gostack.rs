//! `gostack`: the goroutine's frames, wherever the thread is.
//!
//! Go code keeps frame pointers on x86-64: at RBP is the caller's RBP, above it the address to return
//! to. Where the walk starts depends on what the goroutine does: from the registers where they are
//! the goroutine's own, else from what the runtime saved when it left the goroutine's stack.
//!
//! A stack is kept once, in a map by a hash of its addresses, and known by the hash: 0 is none.

use super::builder::Builder;
use super::goroutine::{GSCAN, GSYSCALL, Running};
use crate::artifact::{GO_STACK_EXACT, GO_STACK_FRAMES, GO_STACK_HEADER, Loss};
use crate::ir::{BinOp, BlockId, Cond, Helper, Operand, Size, VReg};
use crate::resolve::typed::{FrameBase, StackStart};
use crate::runtime_layout::RuntimeLayout;
use crate::x64;

/// `_Grunnable`, `_Grunning`, `_Gwaiting` and `_Gpreempted` of `runtime2.go`.
const GRUNNABLE: i64 = 1;
const GRUNNING: i64 = 2;
const GWAITING: i64 = 4;
const GPREEMPTED: i64 = 9;

/// FNV-1a's, applied to words.
const HASH_START: i64 = 0xcbf2_9ce4_8422_2325_u64.cast_signed();
const HASH_FACTOR: i64 = 0x0000_0100_0000_01b3;

/// Bytes of a thread's stack in the kernel (`THREAD_SIZE`), for kernels that do not tell where its registers are.
const KERNEL_STACK: i64 = 16 << 10;

/// About how many instructions the verifier follows for a frame.
const FRAME_COST: u32 = 40;

/// Where a walk starts; 0 where there is nothing.
struct Start {
    /// The innermost instruction.
    pc: VReg,
    /// Its caller's, where the instruction is one at which the stack pointer is at the return address.
    caller: VReg,
    /// The frame pointer.
    frame: VReg,
    /// [`GO_STACK_EXACT`] or 0.
    exact: VReg,
}

impl Builder<'_> {
    /// The stack's id.
    pub(super) fn go_stack(&mut self, from: StackStart) -> VReg {
        let id = self.copy(Operand::Imm(0));
        let Some(layout) = self.shared.runtime else { return id };
        let start = Start {
            pc: self.copy(Operand::Imm(0)),
            caller: self.copy(Operand::Imm(0)),
            frame: self.copy(Operand::Imm(0)),
            exact: self.copy(Operand::Imm(0)),
        };
        let curg = self.known(Running::Curg, layout);
        self.when(Cond::Ne, curg.into(), Operand::Imm(0), |b| {
            let low = b.field(curg, layout.g_stack_lo, 8, false);
            let high = b.field(curg, layout.g_stack_hi, 8, false);
            let known = b.new_block();
            match from {
                StackStart::Iterate => b.saved_start(curg, layout, &start, false),
                StackStart::Entry | StackStart::Inside(_) => {
                    let registers = b.context();
                    b.registers_start(registers, false, (low, high), &start, from == StackStart::Entry);
                    if let StackStart::Inside(frame @ FrameBase::Above(_)) = from {
                        let frame = b.own_frame(frame);
                        b.set(start.frame, frame.into());
                    }
                    b.unless_known(&start, known, |b| b.left_stack(curg, layout, &start));
                }
                StackStart::Elsewhere => {
                    let registers = b.user_registers(layout, known);
                    b.registers_start(registers, true, (low, high), &start, true);
                    b.unless_known(&start, known, |b| b.left_stack(curg, layout, &start));
                }
            }
            b.jump(known);
            b.switch_to(known);
            b.walk(&start, (low, high), id);
        });
        id
    }

    fn unless_known(&mut self, start: &Start, known: BlockId, body: impl FnOnce(&mut Self)) {
        let look = self.new_block();
        self.branch(Cond::Ne, start.pc.into(), Operand::Imm(0), known, look);
        self.switch_to(look);
        self.aside(body);
    }

    /// Of a goroutine whose thread runs on another stack: that of C, the scheduler's, or a signal's, of
    /// which nothing is known.
    fn left_stack(&mut self, curg: VReg, layout: RuntimeLayout, start: &Start) {
        let g = self.known(Running::G, layout);
        let m = self.known(Running::M, layout);
        let signal = self.field(m, layout.m_gsignal, 8, false);
        let after = self.new_block();
        let saved = self.new_block();
        self.branch(Cond::Eq, g.into(), signal.into(), after, saved);
        self.switch_to(saved);
        self.aside(|b| b.saved_start(curg, layout, start, true));
        self.jump(after);
        self.switch_to(after);
    }

    /// The registers with which the thread came into the kernel: the kernel tells where they are (5.15), or they
    /// are looked for at the top of the thread's stack in the kernel. Where they are not there, that is counted,
    /// and it goes on at `unknown`.
    fn user_registers(&mut self, layout: RuntimeLayout, unknown: BlockId) -> VReg {
        let Some(task_stack) = layout.task_stack else {
            let task = self.call(Helper::GetCurrentTaskBtf, Vec::new());
            return self.call(Helper::TaskPtRegs, vec![task.into()]);
        };
        let task = self.call(Helper::GetCurrentTask, Vec::new());
        let field = self.bin(BinOp::Add, task.into(), Operand::Imm(i64::from(task_stack)));
        let stack = self.read_kernel(field.into(), 8);
        let top = KERNEL_STACK - i64::from(x64::REGISTERS);
        let registers = self.bin(BinOp::Add, stack.into(), Operand::Imm(top));
        let segment = self.bin(BinOp::Add, registers.into(), Operand::Imm(i64::from(x64::CS)));
        let segment = self.read_kernel(segment.into(), 8);
        let (there, elsewhere) = (self.new_block(), self.new_block());
        self.branch(Cond::Eq, segment.into(), Operand::Imm(x64::USER_CODE), there, elsewhere);
        self.switch_to(elsewhere);
        self.aside(|b| b.count_loss(Loss::StackFailed));
        self.jump(unknown);
        self.switch_to(there);
        registers
    }

    /// Starts from registers whose stack pointer is in the goroutine's own stack. Those of a task are in
    /// the kernel's memory, those of the context are read as they are.
    fn registers_start(
        &mut self,
        registers: VReg,
        of_task: bool,
        (low, high): (VReg, VReg),
        start: &Start,
        caller: bool,
    ) {
        let register = |b: &mut Self, offset: u16| {
            if !of_task {
                return b.context_word(offset);
            }
            let place = b.bin(BinOp::Add, registers.into(), Operand::Imm(i64::from(offset)));
            b.read_kernel(place.into(), 8)
        };
        let sp = register(self, x64::RSP);
        let after = self.new_block();
        let (above, inside) = (self.new_block(), self.new_block());
        self.branch(Cond::Ge, sp.into(), low.into(), above, after);
        self.switch_to(above);
        self.branch(Cond::Lt, sp.into(), high.into(), inside, after);
        self.switch_to(inside);
        self.aside(|b| {
            let pc = register(b, x64::RIP);
            b.set(start.pc, pc.into());
            let frame = register(b, x64::RBP);
            b.set(start.frame, frame.into());
            b.set(start.exact, Operand::Imm(GO_STACK_EXACT as i64));
            if caller {
                let caller = b.read_user(sp.into(), 8, false);
                b.set(start.caller, caller.into());
            }
        });
        self.jump(after);
        self.switch_to(after);
    }

    /// Starts from what the runtime saved when the goroutine's stack was left; `leaving`: also when it
    /// was left for a moment, while the goroutine runs.
    fn saved_start(&mut self, curg: VReg, layout: RuntimeLayout, start: &Start, leaving: bool) {
        let status = self.field(curg, layout.g_status, 4, false);
        let status = self.bin(BinOp::And, status.into(), Operand::Imm(!GSCAN));
        let (call, other, saved, after) =
            (self.new_block(), self.new_block(), self.new_block(), self.new_block());
        self.branch(Cond::Eq, status.into(), Operand::Imm(GSYSCALL), call, other);
        self.switch_to(call);
        self.aside(|b| b.call_start(curg, layout, start));
        self.jump(after);
        self.switch_to(other);
        let mut states = vec![GRUNNABLE, GWAITING, GPREEMPTED];
        if leaving {
            states.push(GRUNNING);
        }
        for state in states {
            let next = self.new_block();
            self.branch(Cond::Eq, status.into(), Operand::Imm(state), saved, next);
            self.switch_to(next);
        }
        self.jump(after);
        self.switch_to(saved);
        self.aside(|b| {
            let pc = b.field(curg, layout.g_sched_pc, 8, false);
            b.set(start.pc, pc.into());
            let frame = b.field(curg, layout.g_sched_bp, 8, false);
            b.set(start.frame, frame.into());
        });
        self.jump(after);
        self.switch_to(after);
    }

    /// Of a goroutine in a system call or in C.
    fn call_start(&mut self, curg: VReg, layout: RuntimeLayout, start: &Start) {
        let m = self.known(Running::M, layout);
        let depth = self.field_or(m, layout.m_ncgo, 4, true, 0);
        let (in_c, in_kernel, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(Cond::SGt, depth.into(), Operand::Imm(0), in_c, in_kernel);
        self.switch_to(in_c);
        self.aside(|b| {
            let frame = b.field(curg, layout.g_sched_bp, 8, false);
            b.set(start.frame, frame.into());
            if !layout.cgo_has_frame {
                let pc = b.field(curg, layout.g_syscallpc, 8, false);
                b.set(start.pc, pc.into());
            }
        });
        self.jump(after);
        self.switch_to(in_kernel);
        self.aside(|b| {
            let pc = b.field(curg, layout.g_syscallpc, 8, false);
            b.set(start.pc, pc.into());
            if let Some(offset) = layout.g_syscallbp {
                let frame = b.field(curg, offset, 8, false);
                b.set(start.frame, frame.into());
            }
        });
        self.jump(after);
        self.switch_to(after);
    }

    /// Follows the frames and keeps them, all in the goroutine's stack and each above the last.
    fn walk(&mut self, start: &Start, (low, high): (VReg, VReg), id: VReg) {
        let size = (GO_STACK_HEADER + GO_STACK_FRAMES) * 8;
        let slot = self.slot(size, "go frames");
        self.zero(slot, 0, size);
        let words = self.slot_addr(slot, 0);
        for (at, word) in [start.exact, start.pc, start.caller].into_iter().enumerate() {
            self.store(words, at as u32 * 8, word.into(), Size::B8);
        }
        let hash = self.copy(Operand::Imm(HASH_START));
        self.hash(hash, start.pc);
        self.hash(hash, start.caller);
        let last = self.bin(BinOp::Sub, high.into(), Operand::Imm(16));
        let pair = self.slot(16, "frame");
        let frame = start.frame;
        let count = self.copy(Operand::Imm(0));
        self.counted(GO_STACK_FRAMES, FRAME_COST, |b, index, out| {
            let go_on = |b: &mut Self, cond, x: Operand, y: Operand| {
                let next = b.new_block();
                b.branch(cond, x, y, next, out);
                b.switch_to(next);
            };
            go_on(b, Cond::Ge, frame.into(), low.into());
            go_on(b, Cond::Le, frame.into(), last.into());
            let to = b.slot_addr(pair, 0);
            let failed = b.call(Helper::ProbeReadUser, vec![to.into(), Operand::Imm(16), frame.into()]);
            go_on(b, Cond::Eq, failed.into(), Operand::Imm(0));
            let pair = b.slot_addr(pair, 0);
            let next = b.load(pair, 0, Size::B8);
            let pc = b.load(pair, 8, Size::B8);
            go_on(b, Cond::Ne, pc.into(), Operand::Imm(0));
            let words = b.slot_addr(slot, 0);
            let offset = b.bin(BinOp::Mul, index.into(), Operand::Imm(8));
            let place = b.bin(BinOp::Add, words.into(), offset.into());
            b.store(place, GO_STACK_HEADER * 8, pc.into(), Size::B8);
            b.hash(hash, pc);
            b.set(count, Operand::Imm(1));
            go_on(b, Cond::Gt, next.into(), frame.into());
            b.set(frame, next.into());
        });
        let any = self.bin(BinOp::Or, count.into(), start.pc.into());
        self.when(Cond::Ne, any.into(), Operand::Imm(0), |b| b.keep_stack(hash, slot, id));
    }

    /// Keeps a stack, unless it is kept.
    fn keep_stack(&mut self, hash: VReg, slot: crate::ir::SlotId, id: VReg) {
        let name = self.bin(BinOp::Or, hash.into(), Operand::Imm(1));
        let key = self.slot(8, "stack id");
        let place = self.slot_addr(key, 0);
        self.store(place, 0, name.into(), Size::B8);
        let map = self.map_ref(self.shared.go_stacks);
        let place = self.slot_addr(key, 0);
        let known = self.call(Helper::MapLookupElem, vec![map.into(), place.into()]);
        self.set(id, name.into());
        self.when(Cond::Eq, known.into(), Operand::Imm(0), |b| {
            let map = b.map_ref(b.shared.go_stacks);
            let key = b.slot_addr(key, 0);
            let words = b.slot_addr(slot, 0);
            let any = Operand::Imm(0);
            let failed = b.call(Helper::MapUpdateElem, vec![map.into(), key.into(), words.into(), any]);
            b.when(Cond::Ne, failed.into(), Operand::Imm(0), |b| {
                b.count_loss(Loss::StackFailed);
                b.set(id, Operand::Imm(0));
            });
        });
    }

    fn hash(&mut self, hash: VReg, word: VReg) {
        let mixed = self.bin(BinOp::Xor, hash.into(), word.into());
        let mixed = self.bin(BinOp::Mul, mixed.into(), Operand::Imm(HASH_FACTOR));
        let high = self.bin(BinOp::Shr, mixed.into(), Operand::Imm(29));
        let mixed = self.bin(BinOp::Xor, mixed.into(), high.into());
        self.set(hash, mixed.into());
    }
}
