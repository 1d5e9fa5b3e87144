//! The current goroutine, its M and its P, read from the runtime's own structs in any context.
//!
//! In Go code R14 holds the current g; elsewhere (runtime assembly, C, the kernel) it is found
//! through the thread-local slot that the runtime keeps. That g may be the M's g0 or its signal
//! stack's: the goroutine itself is always `g.m.curg`.

use super::builder::Builder;
use crate::artifact::ProgramKind;
use crate::builtins::Id;
use crate::ir::{BinOp, Cond, Helper, Operand, VReg};
use crate::resolve::typed::{FrameBase, VarId};
use crate::runtime_layout::RuntimeLayout;
use crate::x64;

/// A goroutine's status bit while the collector scans its stack (`runtime2.go`, `_Gscan`).
pub(super) const GSCAN: i64 = 0x1000;
/// `_Gsyscall`
pub(super) const GSYSCALL: i64 = 3;
/// Shown as `none`: the thread runs no goroutine.
pub(crate) const NO_STATUS: i64 = 255;

/// What is read once and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Known {
    /// A number of 32 bits that nobody knows.
    Random,
    /// A value that has copies.
    Once(VarId),
    /// The address of a struct of the runtime.
    Struct(Running),
}

/// A struct of the runtime that stands for what a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Running {
    /// The g that the thread runs on; 0 outside Go.
    G,
    /// Its M; 0 outside Go.
    M,
    /// The goroutine; 0 where the M runs none.
    Curg,
}

impl Builder<'_> {
    /// The value of a builtin that is read from the runtime's structs.
    pub(super) fn goroutine(&mut self, id: Id) -> Operand {
        let Some(layout) = self.shared.runtime else { return Operand::Imm(0) };
        match id {
            Id::Goid => {
                let curg = self.known(Running::Curg, layout);
                self.field_or(curg, layout.g_goid, 8, false, 0).into()
            }
            Id::Curg => self.known(Running::Curg, layout).into(),
            Id::Curm => self.known(Running::M, layout).into(),
            Id::Curp => self.p_struct(layout).into(),
            Id::CurM => {
                let m = self.known(Running::M, layout);
                self.field_or(m, layout.m_id, 8, true, -1).into()
            }
            Id::CgoDepth => {
                let m = self.known(Running::M, layout);
                self.field_or(m, layout.m_ncgo, 4, true, 0).into()
            }
            Id::Gstatus => {
                let curg = self.known(Running::Curg, layout);
                let status = self.field_or(curg, layout.g_status, 4, false, NO_STATUS);
                self.bin(BinOp::And, status.into(), Operand::Imm(!GSCAN)).into()
            }
            Id::Waitreason => {
                let curg = self.known(Running::Curg, layout);
                self.field_or(curg, layout.g_waitreason, 1, false, 0).into()
            }
            Id::Gname => {
                let curg = self.known(Running::Curg, layout);
                self.field_or(curg, layout.g_startpc, 8, false, 0).into()
            }
            Id::Gopc => {
                let curg = self.known(Running::Curg, layout);
                self.field_or(curg, layout.g_gopc, 8, false, 0).into()
            }
            Id::Waitsince => {
                let curg = self.known(Running::Curg, layout);
                self.field_or(curg, layout.g_waitsince, 8, true, 0).into()
            }
            Id::Goparent => {
                let curg = self.known(Running::Curg, layout);
                layout
                    .g_parent
                    .map_or(Operand::Imm(0), |parent| self.field_or(curg, parent, 8, false, 0).into())
            }
            _ => self.current_p(layout).into(),
        }
    }

    /// The P of the current M. Up to Go 1.25 an M in a system call or in C has given its P up and
    /// keeps in `oldp` the one that it will try to take back.
    fn current_p(&mut self, layout: RuntimeLayout) -> VReg {
        let p = self.p_struct(layout);
        self.field_or(p, layout.p_id, 4, true, -1)
    }

    /// Its struct's address; 0 where there is none.
    fn p_struct(&mut self, layout: RuntimeLayout) -> VReg {
        let m = self.known(Running::M, layout);
        let curg = self.known(Running::Curg, layout);
        let p = self.field_or(m, layout.m_p, 8, false, 0);
        let p = self.copy(p.into());
        self.when(Cond::Eq, p.into(), Operand::Imm(0), |b| {
            b.when(Cond::Ne, curg.into(), Operand::Imm(0), |b| {
                let status = b.field(curg, layout.g_status, 4, false);
                let status = b.bin(BinOp::And, status.into(), Operand::Imm(!GSCAN));
                b.when(Cond::Eq, status.into(), Operand::Imm(GSYSCALL), |b| {
                    let old = b.field(m, layout.m_oldp, 8, false);
                    b.set(p, old.into());
                });
            });
        });
        p
    }

    /// Distance of the probed function's frame from the base of the stack it runs on.
    /// Counted to the return address, to which the stack pointer points at entries and returns.
    pub(super) fn frame(&mut self, frame: FrameBase) -> VReg {
        let Some(layout) = self.shared.runtime else { return self.copy(Operand::Imm(0)) };
        let g = self.known(Running::G, layout);
        let hi = self.field_or(g, layout.g_stack_hi, 8, false, 0);
        let sp = match frame {
            FrameBase::None => self.context_word(x64::RSP),
            _ => {
                let own = self.own_frame(frame);
                self.bin(BinOp::Add, own.into(), Operand::Imm(8))
            }
        };
        let distance = self.copy(Operand::Imm(0));
        self.when(Cond::Ne, hi.into(), Operand::Imm(0), |b| {
            let value = b.bin(BinOp::Sub, hi.into(), sp.into());
            b.set(distance, value.into());
        });
        distance
    }

    /// What RBP is, or should be, in the probed function.
    pub(super) fn own_frame(&mut self, frame: FrameBase) -> VReg {
        match frame {
            FrameBase::None | FrameBase::Register => self.context_word(x64::RBP),
            FrameBase::Above(bytes) => {
                let sp = self.context_word(x64::RSP);
                self.bin(BinOp::Add, sp.into(), Operand::Imm(i64::from(bytes)))
            }
        }
    }

    pub(super) fn field(&mut self, base: VReg, offset: u32, bytes: u8, signed: bool) -> VReg {
        let addr = self.bin(BinOp::Add, base.into(), Operand::Imm(i64::from(offset)));
        self.read_user(addr.into(), bytes, signed)
    }

    /// A field of a struct that may not be there.
    pub(super) fn field_or(&mut self, base: VReg, offset: u32, bytes: u8, signed: bool, absent: i64) -> VReg {
        let value = self.copy(Operand::Imm(absent));
        self.when(Cond::Ne, base.into(), Operand::Imm(0), |b| {
            let read = b.field(base, offset, bytes, signed);
            b.set(value, read.into());
        });
        value
    }

    pub(super) fn known(&mut self, what: Running, layout: RuntimeLayout) -> VReg {
        if let Some(&reg) = self.function.known.get(&Known::Struct(what)) {
            return reg;
        }
        let reg = match what {
            // The context is the goroutine, or the one that a thread runs, and its M.
            Running::G | Running::Curg if self.iterates() => self.context_word(0),
            Running::M if self.iterates() => self.context_word(8),
            Running::G => self.current_g(layout),
            Running::M => {
                let g = self.known(Running::G, layout);
                self.field_or(g, layout.g_m, 8, false, 0)
            }
            Running::Curg => {
                let m = self.known(Running::M, layout);
                self.field_or(m, layout.m_curg, 8, false, 0)
            }
        };
        self.function.known.insert(Known::Struct(what), reg);
        reg
    }

    fn iterates(&self) -> bool {
        self.probe.kind == ProgramKind::Iterate
    }

    fn current_g(&mut self, layout: RuntimeLayout) -> VReg {
        if self.probe.g_in_r14 {
            return self.context_word(x64::R14);
        }
        let Some(task_fsbase) = layout.task_fsbase else { return self.copy(Operand::Imm(0)) };
        let task = self.call(Helper::GetCurrentTask, Vec::new());
        let field = self.bin(BinOp::Add, task.into(), Operand::Imm(i64::from(task_fsbase)));
        let base = self.read_kernel(field.into(), 8);
        let g = self.copy(Operand::Imm(0));
        self.when(Cond::Ne, base.into(), Operand::Imm(0), |b| {
            let slot = b.bin(BinOp::Add, base.into(), Operand::Imm(layout.tls_g));
            let value = b.read_user(slot.into(), 8, false);
            b.set(g, value.into());
        });
        g
    }
}
