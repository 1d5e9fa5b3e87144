//! Readable assembly of what was encoded, in bpftool's style.

use std::fmt::Write;

use super::encode::encode;
use super::insn::{Insn, bin_bits, cond_bits, op};
use crate::allocate::Unit;
use crate::ir::{BinOp, Cond, Helper, Size};

/// All programs as text.
pub fn disassemble(unit: &Unit) -> String {
    let mut text = String::new();
    for program in &unit.programs {
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}:", program.symbol);
        let encoded = match encode(program, unit.long_jumps) {
            Ok(encoded) => encoded,
            Err(error) => {
                let _ = writeln!(text, "  {error}");
                continue;
            }
        };
        let mut insns = encoded.insns.iter().enumerate();
        while let Some((at, insn)) = insns.next() {
            let line = if insn.code == op::LDDW {
                let high = insns.next().map_or(0, |(_, second)| second.imm);
                let map = encoded.map_uses.iter().find(|map_use| map_use.insn == at);
                let map = map.and_then(|map_use| unit.maps.get(map_use.map.0 as usize));
                let function = encoded.function_uses.iter().find(|(insn, _)| *insn == at);
                match map {
                    _ if let Some((_, program)) = function => {
                        let name = unit.programs.get(*program as usize).map_or("?", |p| &p.symbol);
                        format!("r{} = func[{name}]", insn.dst)
                    }
                    Some(map) => format!("r{} = map[name:{}]", insn.dst, map.name),
                    None => {
                        let value =
                            u64::from(high.cast_unsigned()) << 32 | u64::from(insn.imm.cast_unsigned());
                        format!("r{} = {value:#x} ll", insn.dst)
                    }
                }
            } else {
                line(*insn)
            };
            let _ = writeln!(text, "{at:4}: ({:02x}) {line}", insn.code);
        }
    }
    text
}

/// One instruction that is not LDDW.
fn line(insn: Insn) -> String {
    let Insn { code, dst, src, offset, imm } = insn;
    match code {
        op::EXIT => return "exit".to_owned(),
        op::CALL => {
            let helper = Helper::ALL.into_iter().find(|helper| *helper as i32 == imm);
            return format!("call bpf_{}#{imm}", helper.map_or("unknown", Helper::name));
        }
        op::JMP => return format!("goto pc{offset:+}"),
        op::MAY_GOTO => return format!("may_goto pc{offset:+}"),
        op::JMP32_JA => return format!("gotol pc{imm:+}"),
        op::ATOMIC64 if imm == op::XCHG => {
            return format!("r{src} = atomic64_xchg((u64 *)(r{dst} {offset:+}), r{src})");
        }
        op::ATOMIC64 => return format!("lock *(u64 *)(r{dst} {offset:+}) += r{src}"),
        _ => {}
    }
    let right = if code & op::BY_REG != 0 { format!("r{src}") } else { format!("{imm}") };
    match code & op::CLASS {
        class @ (op::ALU64 | op::ALU32) => {
            let width = if class == op::ALU32 { "w" } else { "r" };
            let right = if code & op::BY_REG != 0 { format!("{width}{src}") } else { right };
            let operation = code & 0xf0;
            if operation == op::MOV {
                return format!("{width}{dst} = {right}");
            }
            let name = BinOp::ALL.into_iter().find(|op| bin_bits(*op) == operation).map_or("?", operator);
            format!("{width}{dst} {name} {right}")
        }
        op::JMP => {
            let cond = Cond::ALL.into_iter().find(|cond| cond_bits(*cond) == code & 0xf0);
            format!("if r{dst} {} {right} goto pc{offset:+}", cond.map_or("?", Cond::name))
        }
        class => {
            let width = match code & 0x18 {
                0x08 => Size::B2,
                0x10 => Size::B1,
                0x18 => Size::B8,
                _ => Size::B4,
            };
            let width = width.bytes() * 8;
            match class | 0x60 {
                op::LDX => format!("r{dst} = *(u{width} *)(r{src} {offset:+})"),
                op::ST => format!("*(u{width} *)(r{dst} {offset:+}) = {imm}"),
                _ => format!("*(u{width} *)(r{dst} {offset:+}) = r{src}"),
            }
        }
    }
}

fn operator(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+=",
        BinOp::Sub => "-=",
        BinOp::Mul => "*=",
        BinOp::Div => "/=",
        BinOp::Rem => "%=",
        BinOp::And => "&=",
        BinOp::Or => "|=",
        BinOp::Xor => "^=",
        BinOp::Shl => "<<=",
        BinOp::Shr => ">>=",
        BinOp::Sar => "s>>=",
    }
}
