//! What is particular to x86-64: where registers lie in `struct pt_regs`
//! (`arch/x86/include/asm/ptrace.h`), which carry arguments, and what flags say.

use gprobe_symbols::Condition;

/// Offset of R14 in `pt_regs`: the current g in Go code.
pub const R14: u16 = 8;
/// Offset of RBP.
pub const RBP: u16 = 32;
/// Offset of RAX.
pub const RAX: u16 = 80;
/// Offset of RDX: at a Go closure's entry, the address of its struct (`cmd/compile/abi-internal.md`).
pub const RDX: u16 = 96;
/// Offset of RIP.
pub const RIP: u16 = 128;
/// Offset of CS.
pub const CS: u16 = 136;
/// Offset of EFLAGS.
pub const FLAGS: u16 = 144;
/// Offset of RSP.
pub const RSP: u16 = 152;
/// Bytes of `pt_regs`.
pub const REGISTERS: u16 = 168;
/// CS in 64-bit programs (`__USER_CS`).
pub const USER_CODE: i64 = 0x33;
/// Carry and zero flag: `jbe` is taken where one is set.
pub const CARRY_OR_ZERO: i64 = 0x41;

/// What a condition is of bits of EFLAGS (Intel's manual, volume 1, section 3.4.3).
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// It holds where one of these is set;
    pub any: &'static [u32],
    /// or these two differ.
    pub differ: Option<(u32, u32)>,
}

/// The bits that a condition asks for.
pub fn flags_of(condition: Condition) -> Flags {
    const CARRY: u32 = 0;
    const ZERO: u32 = 6;
    const SIGN: u32 = 7;
    const OVERFLOW: u32 = 11;
    let (any, differ): (&[u32], _) = match condition {
        Condition::Equal => (&[ZERO], None),
        Condition::Negative => (&[SIGN], None),
        Condition::Less => (&[], Some((SIGN, OVERFLOW))),
        Condition::LessOrEqual => (&[ZERO], Some((SIGN, OVERFLOW))),
        Condition::Below => (&[CARRY], None),
        Condition::BelowOrEqual => (&[CARRY, ZERO], None),
    };
    Flags { any, differ }
}

/// Offsets of the integer argument registers of Go's ABIInternal (`cmd/compile/abi-internal.md`):
/// RAX, RBX, RCX, RDI, RSI, R8, R9, R10, R11.
pub const GO_ARGS: [u16; 9] = [RAX, 40, 88, 112, 104, 72, 64, 56, 48];

/// Offsets of the integer argument registers of the System V ABI: RDI, RSI, RDX, RCX, R8, R9.
pub const C_ARGS: [u16; 6] = [112, 104, 96, 88, 72, 64];

/// The offset of a register by its name: `ax`, `rax`, `ip`, `r14`.
pub fn register(name: &str) -> Option<u16> {
    const NAMES: [(&str, u16); 18] = [
        ("r15", 0),
        ("r14", R14),
        ("r13", 16),
        ("r12", 24),
        ("bp", RBP),
        ("bx", 40),
        ("r11", 48),
        ("r10", 56),
        ("r9", 64),
        ("r8", 72),
        ("ax", RAX),
        ("cx", 88),
        ("dx", 96),
        ("si", 104),
        ("di", 112),
        ("ip", RIP),
        ("flags", FLAGS),
        ("sp", RSP),
    ];
    let plain = match name {
        "pc" => "ip",
        _ => name.strip_prefix("e").filter(|n| n.len() == 2).unwrap_or(name),
    };
    let found = |wanted: &str| NAMES.iter().find(|(known, _)| *known == wanted).map(|(_, at)| *at);
    found(plain).or_else(|| found(plain.strip_prefix("r")?))
}

/// The offset in `pt_regs` of a register by its DWARF number (System V ABI, figure 3.36).
pub fn dwarf_register(number: u16) -> Option<u16> {
    const OFFSETS: [u16; 17] = [80, 96, 88, 40, 104, 112, 32, 152, 72, 64, 56, 48, 24, 16, 8, 0, RIP];
    OFFSETS.get(usize::from(number)).copied()
}
