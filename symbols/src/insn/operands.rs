//! What instructions say of data: which variables they refer to, which fields of structs, and where
//! the thread's g is.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::flow::Decoded;
use crate::address::LinkAddr;

/// A variable that an instruction refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) target: LinkAddr,
    pub(crate) how: How,
}

/// What an instruction does with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It takes the address.
    Address,
    /// It loads a word of 8 bytes.
    LoadsWord,
    /// Anything else.
    Other,
}

/// Where code finds the thread's current g.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThreadSlot {
    /// So many bytes from the thread's `fsbase`.
    Offset(i64),
    /// The number of bytes is in the word at this address, where the dynamic linker puts it.
    Word(LinkAddr),
}

/// Instructions between the one that loads the slot's offset and the one that uses it.
const NEAR: usize = 4;

impl Decoded<'_> {
    /// The variable that it refers to, by its distance from the instruction: as Go's code always does.
    pub(crate) fn reference(&self) -> Option<Reference> {
        if !self.insn.is_ip_rel_memory_operand() {
            return None;
        }
        let word = self.insn.op0_kind() == OpKind::Register && self.insn.op0_register().size() == 8;
        let how = match self.insn.mnemonic() {
            Mnemonic::Lea => How::Address,
            Mnemonic::Mov if word => How::LoadsWord,
            _ => How::Other,
        };
        Some(Reference { target: LinkAddr(self.insn.ip_rel_memory_address()), how })
    }

    /// How far behind a pointer it reaches, neither on the stack nor to a variable.
    pub(crate) fn field(&self) -> Option<u64> {
        let on_stack = matches!(self.insn.memory_base(), Register::RSP | Register::RBP);
        let field = self.has_memory() && !on_stack && self.insn.memory_base().is_gpr64();
        field.then(|| self.insn.memory_displacement64())
    }

    /// The number that a register of one byte is compared with.
    pub(crate) fn compares_byte_with(&self) -> Option<u8> {
        let byte = self.insn.mnemonic() == Mnemonic::Cmp && self.insn.op0_register().is_gpr8();
        (byte && self.insn.op1_kind() == OpKind::Immediate8).then(|| self.insn.immediate8())
    }

    fn has_memory(&self) -> bool {
        self.insn.op_kinds().any(|kind| kind == OpKind::Memory)
    }
}

/// Where this code finds the current g, from its first access to thread-local memory.
pub(crate) fn thread_slot(code: &[Decoded<'_>]) -> Option<ThreadSlot> {
    let at = code.iter().position(|at| at.has_memory() && at.insn.memory_segment() == Register::FS)?;
    let access = &code.get(at)?.insn;
    if access.memory_index() != Register::None {
        return None;
    }
    let offset = access.memory_displacement64().cast_signed();
    let base = access.memory_base();
    if base == Register::None {
        return Some(ThreadSlot::Offset(offset));
    }
    let before = code.get(at.saturating_sub(NEAR)..at)?;
    let setter = before.iter().rev().find(|before| sets(&before.insn, base))?;
    if setter.insn.mnemonic() != Mnemonic::Mov || offset != 0 {
        return None;
    }
    if setter.insn.is_ip_rel_memory_operand() {
        return Some(ThreadSlot::Word(LinkAddr(setter.insn.ip_rel_memory_address())));
    }
    match setter.insn.op1_kind() {
        OpKind::Immediate32to64 | OpKind::Immediate64 => {
            Some(ThreadSlot::Offset(setter.insn.immediate(1).cast_signed()))
        }
        _ => None,
    }
}

/// Whether it writes that register, as far as moves and arithmetic do.
fn sets(insn: &Instruction, register: Register) -> bool {
    insn.op0_kind() == OpKind::Register
        && insn.op0_register().full_register() == register
        && !matches!(insn.mnemonic(), Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insn::flow::decode;

    fn slot(bytes: &[u8]) -> Option<ThreadSlot> {
        thread_slot(&decode(bytes, 0x1000))
    }

    #[test]
    fn the_slot_of_g_is_read_from_each_way_to_get_at_it() {
        // mov rax, fs:[-8]
        let direct = [0x64, 0x48, 0x8b, 0x04, 0x25, 0xf8, 0xff, 0xff, 0xff];
        assert_eq!(slot(&direct), Some(ThreadSlot::Offset(-8)));
        // mov rcx, -0xe0; mov rax, fs:[rcx]
        let loaded = [0x48, 0xc7, 0xc1, 0x20, 0xff, 0xff, 0xff, 0x64, 0x48, 0x8b, 0x01];
        assert_eq!(slot(&loaded), Some(ThreadSlot::Offset(-0xe0)));
        // mov rcx, [rip+0x10]; mov rax, fs:[rcx]
        let linked = [0x48, 0x8b, 0x0d, 0x10, 0, 0, 0, 0x64, 0x48, 0x8b, 0x01];
        assert_eq!(slot(&linked), Some(ThreadSlot::Word(LinkAddr(0x1017))));
        // mov rax, [rcx]
        assert_eq!(slot(&[0x48, 0x8b, 0x01]), None);
    }

    #[test]
    fn variables_and_fields_are_told_apart() {
        fn one(bytes: &[u8]) -> Decoded<'_> {
            *decode(bytes, 0x1000).first().unwrap()
        }
        let how = |bytes: &[u8]| one(bytes).reference().map(|reference| (reference.target.0, reference.how));
        // lea rdi, [rip+0x20]
        assert_eq!(how(&[0x48, 0x8d, 0x3d, 0x20, 0, 0, 0]), Some((0x1027, How::Address)));
        // mov rbx, [rip+0x20]; mov ebx, [rip+0x20]; mov [rip+0x20], rcx
        assert_eq!(how(&[0x48, 0x8b, 0x1d, 0x20, 0, 0, 0]), Some((0x1027, How::LoadsWord)));
        assert_eq!(how(&[0x8b, 0x1d, 0x20, 0, 0, 0]), Some((0x1026, How::Other)));
        assert_eq!(how(&[0x48, 0x89, 0x0d, 0x20, 0, 0, 0]), Some((0x1027, How::Other)));
        // inc qword [rax+0x140]; mov rax, [rsp+0x20]
        assert_eq!(one(&[0x48, 0xff, 0x80, 0x40, 0x01, 0, 0]).field(), Some(0x140));
        assert_eq!(one(&[0x48, 0x8b, 0x44, 0x24, 0x20]).field(), None);
        // cmp al, 0x2f
        assert_eq!(one(&[0x3c, 0x2f]).compares_byte_with(), Some(0x2f));
    }
}
