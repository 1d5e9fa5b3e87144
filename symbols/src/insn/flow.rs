//! A function's instructions, as far as probes care: where it is entered, where it is left, what it
//! calls, and what a probe on an instruction costs.

use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::site::Cost;

/// One decoded instruction with its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decoded<'a> {
    pub(crate) insn: Instruction,
    pub(crate) bytes: &'a [u8],
}

/// Decodes a function from its first instruction to its end, or to the first byte that is no
/// instruction.
pub(crate) fn decode(bytes: &[u8], addr: u64) -> Vec<Decoded<'_>> {
    instructions(bytes, addr).collect()
}

/// The same one after the other: all of a large function take fifty times its bytes.
pub(crate) fn instructions(bytes: &[u8], addr: u64) -> impl Iterator<Item = Decoded<'_>> {
    let mut decoder = Decoder::with_ip(64, bytes, addr, DecoderOptions::NONE);
    std::iter::from_fn(move || {
        if !decoder.can_decode() {
            return None;
        }
        let start = decoder.position();
        let insn = decoder.decode();
        let bytes = bytes.get(start..decoder.position())?;
        (!insn.is_invalid()).then_some(Decoded { insn, bytes })
    })
    .fuse()
}

impl Decoded<'_> {
    pub(crate) fn addr(&self) -> u64 {
        self.insn.ip()
    }

    pub(crate) fn is_ret(&self) -> bool {
        self.insn.flow_control() == FlowControl::Return
    }

    /// The target of a direct call.
    pub(crate) fn call_target(&self) -> Option<u64> {
        (self.insn.flow_control() == FlowControl::Call && self.insn.is_call_near())
            .then(|| self.insn.near_branch_target())
    }

    /// The target of a direct jump.
    pub(crate) fn jump_target(&self) -> Option<u64> {
        (self.insn.is_jmp_short_or_near()).then(|| self.insn.near_branch_target())
    }

    pub(crate) fn is_indirect_jump(&self) -> bool {
        self.insn.flow_control() == FlowControl::IndirectBranch
    }

    /// The target of a conditional jump.
    pub(crate) fn branch_target(&self) -> Option<u64> {
        self.insn.is_jcc_short_or_near().then(|| self.insn.near_branch_target())
    }

    pub(crate) fn is_below_or_equal(&self) -> bool {
        matches!(self.insn.mnemonic(), Mnemonic::Jbe)
    }

    pub(crate) fn is_push_rbp(&self) -> bool {
        self.insn.code() == Code::Push_r64 && self.insn.op0_register() == Register::RBP
    }

    pub(crate) fn is_endbr(&self) -> bool {
        self.insn.mnemonic() == Mnemonic::Endbr64
    }

    /// Whether it reads the limit of the current stack: `cmp rsp, [r14+0x10]`, also with a
    /// lowered copy of rsp, and with the limit of system stacks (`0x18`).
    pub(crate) fn is_stack_check(&self) -> bool {
        self.insn.mnemonic() == Mnemonic::Cmp
            && matches!(self.insn.memory_displacement64(), 0x10 | 0x18)
            && self.insn.memory_base() != Register::None
            && self.insn.memory_base() != Register::RSP
            && self.insn.memory_index() == Register::None
            && matches!(self.insn.op0_register(), Register::RSP | Register::R12 | Register::R13)
    }

    /// Whether it writes the stack pointer.
    pub(crate) fn moves_stack_pointer(&self) -> bool {
        self.insn.stack_pointer_increment() != 0
            || (self.insn.op0_register() == Register::RSP
                && !matches!(self.insn.mnemonic(), Mnemonic::Cmp | Mnemonic::Test))
    }

    /// Whether it moves a value between registers and the frame, or does nothing: what the compiler's
    /// allocation of registers adds, ahead of a statement, between others, or behind it.
    pub(crate) fn is_shuffle(&self) -> bool {
        let register_or_frame = |operand: u32| match self.insn.op_kind(operand) {
            OpKind::Register => true,
            OpKind::Memory => {
                matches!(self.insn.memory_base(), Register::RSP | Register::RBP)
                    && self.insn.memory_index() == Register::None
            }
            _ => false,
        };
        match self.insn.mnemonic() {
            Mnemonic::Nop => true,
            Mnemonic::Mov | Mnemonic::Movss | Mnemonic::Movsd | Mnemonic::Movups => {
                register_or_frame(0) && register_or_frame(1)
            }
            _ => false,
        }
    }

    /// Why the kernel would have no probe here; `None` where it would
    /// (`arch/x86/kernel/uprobes.c`, `is_prefix_bad` and `good_insns_64`).
    pub(crate) fn refused(&self) -> Option<&'static str> {
        let first = self.bytes.first().copied().unwrap_or(0);
        if self.insn.has_lock_prefix() {
            return Some("the kernel takes no probe on an instruction with a lock prefix");
        }
        match first {
            0x62 => Some("the kernel takes no probe on an AVX-512 instruction"),
            0xcc | 0xcd | 0xce | 0xf1 => Some("the kernel takes no probe on a trap"),
            0xf4 | 0xfa | 0xfb | 0x6c..=0x6f | 0xe4..=0xe7 | 0xec..=0xef => {
                Some("the kernel takes no probe on a privileged instruction")
            }
            _ => None,
        }
    }

    /// What a probe here costs (`arch/x86/kernel/uprobes.c`, `branch_setup_xol_ops` and
    /// `push_setup_xol_ops`; the optimised nop since Linux 6.18).
    pub(crate) fn cost(&self) -> Cost {
        let nop = self.insn.mnemonic() == Mnemonic::Nop;
        match self.insn.mnemonic() {
            _ if nop && self.bytes == [0x0f, 0x1f, 0x44, 0, 0] => Cost::Optimised,
            _ if nop && self.bytes.len() <= 4 => Cost::Emulated,
            Mnemonic::Push if self.insn.code() == Code::Push_r64 => Cost::Emulated,
            Mnemonic::Jmp | Mnemonic::Call
                if self.insn.is_jmp_short_or_near() || self.insn.is_call_near() =>
            {
                Cost::Emulated
            }
            _ if self.insn.is_jcc_short_or_near() => Cost::Emulated,
            _ => Cost::SingleStep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(bytes: &[u8]) -> Decoded<'_> {
        *decode(bytes, 0x1000).first().unwrap()
    }

    #[test]
    fn costs_are_those_of_the_kernel() {
        assert_eq!(first(&[0x55]).cost(), Cost::Emulated); // push rbp
        assert_eq!(first(&[0x41, 0x54]).cost(), Cost::Emulated); // push r12
        assert_eq!(first(&[0x76, 0x10]).cost(), Cost::Emulated); // jbe
        assert_eq!(first(&[0xe8, 0, 0, 0, 0]).cost(), Cost::Emulated); // call
        assert_eq!(first(&[0x0f, 0x1f, 0x44, 0, 0]).cost(), Cost::Optimised); // nop of 5
        assert_eq!(first(&[0xc3]).cost(), Cost::SingleStep); // ret
        assert_eq!(first(&[0x5d]).cost(), Cost::SingleStep); // pop rbp
        assert_eq!(first(&[0x48, 0x89, 0xe5]).cost(), Cost::SingleStep); // mov rbp, rsp
    }

    #[test]
    fn instructions_that_the_kernel_refuses_are_known() {
        assert!(first(&[0xf0, 0x0f, 0xb1, 0x0a]).refused().is_some()); // lock cmpxchg
        assert!(first(&[0xcc]).refused().is_some());
        assert!(first(&[0x55]).refused().is_none());
    }

    #[test]
    fn stack_checks_are_told_from_other_comparisons() {
        assert!(first(&[0x49, 0x3b, 0x66, 0x10]).is_stack_check()); // cmp rsp, [r14+16]
        assert!(first(&[0x4d, 0x3b, 0x66, 0x10]).is_stack_check()); // cmp r12, [r14+16]
        assert!(!first(&[0x48, 0x3b, 0x43, 0x10]).is_stack_check()); // cmp rax, [rbx+16]
        assert!(!first(&[0x49, 0x3b, 0x66, 0x20]).is_stack_check()); // cmp rsp, [r14+32]
    }
}
