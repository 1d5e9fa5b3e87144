//! Keeps a program's stack where no other run of it can come to.
//!
//! Since Linux 6.13, a program whose stack is not small has it in memory of the CPU, one for all its runs there: the
//! kernel takes it that a program is not run while it runs. That is wrong for uprobes: where the kernel may interrupt
//! itself, another thread comes to the same probe on the same CPU, writes over what the first run keeps, and
//! the first goes on with it: its reads go astray, and the kernel itself can crash. A program with a tail call never
//! has such a stack, be it in a branch that is never taken, which the kernel takes out when it has looked at it.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use aya::maps::{MapData, MapError};
use aya_obj::Map;
use aya_obj::generated::{bpf_insn, bpf_map_type};
use gprobe_compiler::artifact::Attach;
use gprobe_compiler::target::KernelFacts;

/// `BPF_PSEUDO_MAP_FD`
const MAP_FD: u8 = 1;
/// `bpf_tail_call`
const TAIL_CALL: i32 = 12;

/// Whether runs of a program can meet on one CPU, and would share a stack.
pub(crate) fn is_shared(attach: &Attach, facts: &KernelFacts) -> bool {
    facts.version >= (6, 13, 0) && matches!(attach, Attach::Uprobe { .. })
}

/// Instructions that do nothing, to stand before a program's own; the map that they name must be there when it is
/// loaded.
pub(crate) fn prologue() -> io::Result<(MapData, Vec<bpf_insn>)> {
    let kind = bpf_map_type::BPF_MAP_TYPE_PROG_ARRAY as u32;
    let map =
        MapData::create(Map::new_from_params(kind, 4, 4, 1, 0), "gp_none", None).map_err(
            |error| match error {
                MapError::CreateError { io_error, .. } => io_error,
                other => io::Error::other(other.to_string()),
            },
        )?;
    let instructions = instructions(map.fd().as_fd().as_raw_fd());
    Ok((map, instructions))
}

fn instructions(map: i32) -> Vec<bpf_insn> {
    vec![
        // r0 = 0; if r0 == 0 goto the program
        insn(0xb7, 0, 0, 0, 0),
        insn(0x15, 0, 0, 4, 0),
        // r2 = the map, in two; r3 = 0; tail_call(r1, r2, r3)
        insn(0x18, 2, MAP_FD, 0, map),
        insn(0, 0, 0, 0, 0),
        insn(0xb7, 3, 0, 0, 0),
        insn(0x85, 0, 0, 0, TAIL_CALL),
    ]
}

fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> bpf_insn {
    let mut insn = bpf_insn { code, _bitfield_align_1: [], _bitfield_1: Default::default(), off, imm };
    insn.set_dst_reg(dst);
    insn.set_src_reg(src);
    insn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_leads_to_the_programs_own_first_instruction() {
        let insns = instructions(7);
        let (at, branch) = insns.iter().enumerate().find(|(_, insn)| insn.code == 0x15).expect("a branch");
        assert_eq!(at + 1 + usize::try_from(branch.off).expect("forwards"), insns.len());
        assert_eq!(insns.last().map(|insn| (insn.code, insn.imm)), Some((0x85, TAIL_CALL)));
    }

    #[test]
    fn uprobes_share_a_stack_since_6_13() {
        let uprobe = Attach::Uprobe { binary: 0, sites: Vec::new(), ret: false };
        let at = |version| KernelFacts { version, ..KernelFacts::newest() };
        assert!(is_shared(&uprobe, &at((6, 13, 0))) && !is_shared(&uprobe, &at((6, 12, 90))));
        assert!(!is_shared(&Attach::Begin, &at((7, 2, 0))));
    }
}
