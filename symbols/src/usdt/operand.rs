//! Arguments as notes have them: `-4@%edi`, `8@-16(%rbp)`, `4@$5`, `8@counter(%rip)`.

use crate::insn::x64::X64Reg;

/// An argument's text and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument<'a> {
    /// As in the note.
    pub(super) text: &'a str,
    /// What it means, or why it can't be read.
    pub(super) parsed: Result<Parsed<'a>, &'static str>,
}

/// What an argument means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed<'a> {
    /// 1, 2, 4 or 8.
    pub(super) bytes: u8,
    pub(super) signed: bool,
    pub(super) operand: Operand<'a>,
}

/// An assembler's operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand<'a> {
    /// `$5`, `$table+8`
    Constant { value: i64, symbol: Option<&'a str> },
    /// `%eax`, and from which byte on.
    Register(X64Reg, u8),
    /// `-16(%rbp,%rax,8)`
    Memory { base: Option<X64Reg>, index: Option<(X64Reg, u8)>, displacement: i64, symbol: Option<&'a str> },
}

impl<'a> Argument<'a> {
    /// The symbol that it needs.
    pub(super) fn symbol(&self) -> Option<&'a str> {
        match self.parsed.as_ref().ok()?.operand {
            Operand::Constant { symbol, .. } | Operand::Memory { symbol, .. } => symbol,
            Operand::Register(..) => None,
        }
    }
}

/// The arguments of a note.
pub(super) fn arguments(text: &str) -> impl Iterator<Item = Argument<'_>> {
    text.split_ascii_whitespace().map(|text| Argument { text, parsed: argument(text) })
}

const UNKNOWN: &str = "gprobe does not know this form";
const FLOAT: &str = "it is a floating-point number, and BPF programs see no such registers";

fn argument(text: &str) -> Result<Parsed<'_>, &'static str> {
    // Before sizes were noted, all arguments had that of a register.
    let (size, operand) = text.split_once('@').unwrap_or(("-8", text));
    let (signed, digits) = match size.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, size),
    };
    if digits.ends_with('f') {
        return Err(FLOAT);
    }
    let bytes = match digits {
        "1" => 1,
        "2" => 2,
        "4" => 4,
        "8" => 8,
        _ => return Err("its size is none of 1, 2, 4 and 8 bytes"),
    };
    Ok(Parsed { bytes, signed, operand: parse_operand(operand)? })
}

fn parse_operand(text: &str) -> Result<Operand<'_>, &'static str> {
    if let Some(constant) = text.strip_prefix('$') {
        let (value, symbol) = displacement(constant).ok_or(UNKNOWN)?;
        return Ok(Operand::Constant { value, symbol });
    }
    if text.starts_with("%fs:") || text.starts_with("%gs:") {
        return Err("it is a thread's own, whose place the note does not tell");
    }
    if let Some(name) = text.strip_prefix('%') {
        let (register, byte) = register(name)?;
        return Ok(Operand::Register(register, byte));
    }
    let (before, inside) = match text.split_once('(') {
        Some((before, inside)) => (before, Some(inside.strip_suffix(')').ok_or(UNKNOWN)?)),
        None => (text, None),
    };
    let (displacement, symbol) = match before {
        "" if inside.is_some() => (0, None),
        before => displacement(before).ok_or(UNKNOWN)?,
    };
    let mut parts = inside.unwrap_or_default().split(',');
    let base = match parts.next() {
        None | Some("") => None,
        Some(base) => Some(address_register(base)?),
    };
    let index = match parts.next() {
        None | Some("") => None,
        Some(index) => {
            let scale = match parts.next() {
                None | Some("1") => 1,
                Some("2") => 2,
                Some("4") => 4,
                Some("8") => 8,
                Some(_) => return Err(UNKNOWN),
            };
            Some((address_register(index)?, scale))
        }
    };
    if parts.next().is_some() {
        return Err(UNKNOWN);
    }
    Ok(Operand::Memory { base, index, displacement, symbol })
}

/// `8`, `-0x10`, `name`, `name+8`, `8+name`
fn displacement(text: &str) -> Option<(i64, Option<&str>)> {
    if let Some(number) = number(text) {
        return Some((number, None));
    }
    let is_name = |name: &str| {
        name.starts_with(|c: char| c == '_' || c == '.' || c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$'))
    };
    if is_name(text) {
        return Some((0, Some(text)));
    }
    if let Some((first, name)) = text.split_once('+')
        && is_name(name)
    {
        return Some((number(first)?, Some(name)));
    }
    let sign = text.find(['+', '-']).filter(|at| *at > 0)?;
    let (name, offset) = text.split_at_checked(sign)?;
    is_name(name).then_some(())?;
    Some((number(offset)?, Some(name)))
}

/// A number of up to 64 bits, with or without a sign.
fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    let value = value.cast_signed();
    Some(if negative { value.wrapping_neg() } else { value })
}

/// A register that an address is made of: all of it.
fn address_register(text: &str) -> Result<X64Reg, &'static str> {
    let name = text.strip_prefix('%').ok_or(UNKNOWN)?;
    if name == "rip" {
        return Ok(X64Reg::RIP);
    }
    if name.starts_with('e') || name.ends_with('d') {
        return Err("it is at an address of 32 bits");
    }
    match register(name)? {
        (register, 0) if name.starts_with('r') => Ok(register),
        _ => Err(UNKNOWN),
    }
}

/// A register by the name of any part of it, and at which byte that part begins.
fn register(name: &str) -> Result<(X64Reg, u8), &'static str> {
    const NAMED: [(&[&str], X64Reg); 8] = [
        (&["rax", "eax", "ax", "al", "ah"], X64Reg::RAX),
        (&["rbx", "ebx", "bx", "bl", "bh"], X64Reg::RBX),
        (&["rcx", "ecx", "cx", "cl", "ch"], X64Reg::RCX),
        (&["rdx", "edx", "dx", "dl", "dh"], X64Reg::RDX),
        (&["rsi", "esi", "si", "sil"], X64Reg::RSI),
        (&["rdi", "edi", "di", "dil"], X64Reg::RDI),
        (&["rbp", "ebp", "bp", "bpl"], X64Reg::RBP),
        (&["rsp", "esp", "sp", "spl"], X64Reg::RSP),
    ];
    if let Some((_, register)) = NAMED.iter().find(|(names, _)| names.contains(&name)) {
        return Ok((*register, u8::from(name.len() == 2 && name.ends_with('h'))));
    }
    if ["xmm", "ymm", "zmm", "mm", "st"].iter().any(|prefix| name.starts_with(prefix)) {
        return Err(FLOAT);
    }
    // r8 to r15, whose parts are r8d, r8w and r8b (or r8l).
    let number = name.strip_prefix('r').ok_or(UNKNOWN)?.trim_end_matches(['d', 'w', 'b', 'l']);
    match number.parse() {
        Ok(number @ 8..=15) => Ok((X64Reg(number), 0)),
        _ => Err(UNKNOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Parsed<'_>, &'static str> {
        let mut all = arguments(text);
        let first = all.next().expect("an argument").parsed;
        assert_eq!(all.next(), None, "{text}");
        first
    }

    fn read(text: &str) -> Parsed<'_> {
        one(text).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    fn memory(base: Option<X64Reg>, index: Option<(X64Reg, u8)>, displacement: i64) -> Operand<'static> {
        Operand::Memory { base, index, displacement, symbol: None }
    }

    #[test]
    fn sizes_and_signs() {
        for (text, bytes, signed) in
            [("1@%al", 1, false), ("-2@%ax", 2, true), ("4@%eax", 4, false), ("-8@%rax", 8, true)]
        {
            let operand = Operand::Register(X64Reg::RAX, 0);
            assert_eq!(read(text), Parsed { bytes, signed, operand }, "{text}");
        }
        assert_eq!(
            read("%rdi"),
            Parsed { bytes: 8, signed: true, operand: Operand::Register(X64Reg::RDI, 0) }
        );
        for wrong in ["3@%eax", "16@%rax", "@%eax", "--4@%eax", "4@", "4@%", "x@%eax"] {
            assert!(one(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_part_of_every_register() {
        let names = [
            ("rax eax ax al", X64Reg::RAX),
            ("rbx ebx bx bl", X64Reg::RBX),
            ("rcx ecx cx cl", X64Reg::RCX),
            ("rdx edx dx dl", X64Reg::RDX),
            ("rsi esi si sil", X64Reg::RSI),
            ("rdi edi di dil", X64Reg::RDI),
            ("rbp ebp bp bpl", X64Reg::RBP),
            ("rsp esp sp spl", X64Reg::RSP),
            ("r8 r8d r8w r8b", X64Reg::R8),
            ("r9 r9d r9w r9b", X64Reg::R9),
            ("r10 r10d r10w r10b", X64Reg::R10),
            ("r11 r11d r11w r11b", X64Reg::R11),
            ("r12 r12d r12w r12b", X64Reg::R12),
            ("r13 r13d r13w r13b", X64Reg::R13),
            ("r14 r14d r14w r14b", X64Reg::R14),
            ("r15 r15d r15w r15b", X64Reg::R15),
        ];
        for (names, wanted) in names {
            for name in names.split(' ') {
                assert_eq!(register(name), Ok((wanted, 0)), "{name}");
            }
        }
        for (name, wanted) in
            [("ah", X64Reg::RAX), ("bh", X64Reg::RBX), ("ch", X64Reg::RCX), ("dh", X64Reg::RDX)]
        {
            assert_eq!(register(name), Ok((wanted, 1)), "{name}");
        }
        for wrong in ["r7", "r16", "r", "rzx", "eip", "cs", "", "axx"] {
            assert!(register(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn memory_in_all_its_forms() {
        for (text, wanted) in [
            ("8@(%rax)", memory(Some(X64Reg::RAX), None, 0)),
            ("8@-16(%rbp)", memory(Some(X64Reg::RBP), None, -16)),
            ("8@0x20(%rsp)", memory(Some(X64Reg::RSP), None, 32)),
            ("8@(%rax,%rdx)", memory(Some(X64Reg::RAX), Some((X64Reg::RDX, 1)), 0)),
            ("8@(%rax,%rdx,8)", memory(Some(X64Reg::RAX), Some((X64Reg::RDX, 8)), 0)),
            ("8@-80(%rbp,%r13,2)", memory(Some(X64Reg::RBP), Some((X64Reg::R13, 2)), -80)),
            ("8@64(,%rbx,4)", memory(None, Some((X64Reg::RBX, 4)), 64)),
            ("8@4198400", memory(None, None, 4_198_400)),
        ] {
            assert_eq!(read(text).operand, wanted, "{text}");
        }
        for wrong in [
            "8@(%rax",
            "8@(%rax,%rdx,3)",
            "8@(%rax,%rdx,8,1)",
            "8@()x",
            "8@(rax)",
            "8@(%eax)",
            "8@(%ah)",
            "8@-(%rax)",
        ] {
            assert!(one(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn constants_and_symbols() {
        let constant = |value| Operand::Constant { value, symbol: None };
        for (text, wanted) in [
            ("-4@$5", constant(5)),
            ("-4@$-5", constant(-5)),
            ("8@$0xff", constant(255)),
            ("8@$18446744073709551615", constant(-1)),
            ("8@$-9223372036854775808", constant(i64::MIN)),
            ("8@$table", Operand::Constant { value: 0, symbol: Some("table") }),
        ] {
            assert_eq!(read(text).operand, wanted, "{text}");
        }
        let rip = |displacement, name| Operand::Memory {
            base: Some(X64Reg::RIP),
            index: None,
            displacement,
            symbol: Some(name),
        };
        for (text, wanted) in [
            ("8@counter(%rip)", rip(0, "counter")),
            ("8@counter+8(%rip)", rip(8, "counter")),
            ("8@counter-8(%rip)", rip(-8, "counter")),
            ("8@4+counter.0(%rip)", rip(4, "counter.0")),
        ] {
            assert_eq!(read(text).operand, wanted, "{text}");
        }
        let plain = Operand::Memory { base: None, index: None, displacement: 0, symbol: Some("counter") };
        assert_eq!(read("4@counter").operand, plain);
        let table = Operand::Memory {
            base: None,
            index: Some((X64Reg::RAX, 8)),
            displacement: 8,
            symbol: Some("table"),
        };
        assert_eq!(read("4@table+8(,%rax,8)").operand, table);
        for wrong in ["8@$", "8@a@GOTPCREL(%rip)", "8@$1+2", "8@99999999999999999999(%rax)", "8@a+b(%rip)"] {
            assert!(one(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn floats_and_threads_own_are_told_apart() {
        for text in ["8f@%xmm0", "-4f@%xmm1", "8@%xmm3", "8@%st(0)", "4f@-4(%rbp)"] {
            assert_eq!(one(text), Err(FLOAT), "{text}");
        }
        assert!(one("8@%fs:counter@tpoff").expect_err("no place").contains("thread"));
        assert_eq!(arguments("-4@%edi 8@(%rax)  4@$1").count(), 3);
        assert_eq!(arguments("").count(), 0);
    }
}
