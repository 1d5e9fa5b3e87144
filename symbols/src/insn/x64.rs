//! x86-64: registers and instructions.

use std::fmt;

/// A register, by its DWARF number (System V ABI for AMD64, figure 3.36).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct X64Reg(pub u16);

/// Names by DWARF number.
const NAMES: [&str; 33] = [
    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15", "rip", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
    "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
];

#[allow(missing_docs, reason = "the names say it")]
impl X64Reg {
    pub const RAX: Self = Self(0);
    pub const RDX: Self = Self(1);
    pub const RCX: Self = Self(2);
    pub const RBX: Self = Self(3);
    pub const RSI: Self = Self(4);
    pub const RDI: Self = Self(5);
    pub const RBP: Self = Self(6);
    pub const RSP: Self = Self(7);
    pub const R8: Self = Self(8);
    pub const R9: Self = Self(9);
    pub const R10: Self = Self(10);
    pub const R11: Self = Self(11);
    pub const R12: Self = Self(12);
    pub const R13: Self = Self(13);
    pub const R14: Self = Self(14);
    pub const R15: Self = Self(15);
    pub const RIP: Self = Self(16);
}

impl X64Reg {
    /// `xmm0` to `xmm15`.
    pub const fn xmm(number: u8) -> Self {
        Self(17 + (number as u16 & 15))
    }

    /// Whether it is one of `xmm0` to `xmm15`.
    pub const fn is_xmm(self) -> bool {
        self.0 >= 17 && self.0 <= 32
    }

    /// Its name, `rax`; `?` for a number that has none here.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("?")
    }
}

impl fmt::Debug for X64Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for X64Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
