//! Each shape that the compiler gives to a fast path, as bytes.

use super::*;
use crate::insn::flow::decode;

/// Where the code is.
const START: u64 = 0x1000;
/// A function that panics.
const PANICS: u64 = 0x5000;
/// A table of jumps.
const TABLE: u64 = 0x7000;

struct Around(Vec<u64>);

impl Surroundings for Around {
    fn pointer_at(&self, addr: u64) -> Option<u64> {
        let number = addr.checked_sub(TABLE)? / 8;
        self.0.get(usize::try_from(number).ok()?).copied()
    }

    fn never_returns(&self, addr: u64) -> bool {
        addr == PANICS
    }
}

/// The address of the probed instruction, from the code's start, and what is known there.
type Found = Result<(u64, X64Reg, i64, FlagTest), &'static str>;

fn guard_with(bytes: &[u8], table: Vec<u64>) -> Found {
    let code = decode(bytes, START);
    let around = Around(table);
    let graph = Graph::of(&code, &around);
    let call = code.iter().rposition(|at| at.call_target().is_some()).unwrap();
    let found = graph.guard(call)?;
    Ok((code[found.site].addr() - START, found.base, found.displacement, found.fast))
}

fn guard(bytes: &[u8]) -> Found {
    guard_with(bytes, Vec::new())
}

fn swap(bytes: &[u8]) -> Found {
    let code = decode(bytes, START);
    let around = Around(Vec::new());
    let graph = Graph::of(&code, &around);
    let index = code.iter().position(Decoded::is_compare_and_swap).unwrap();
    let found = graph.swap(index)?;
    Ok((code[found.site].addr() - START, found.base, found.displacement, found.fast))
}

fn test(condition: Condition, holds: bool) -> FlagTest {
    FlagTest { condition, holds }
}

/// `lock cmpxchg [rcx+0x18], edx; sete dl; test dl, dl; jne +8; mov rax, rcx; call`
const LOCK: [u8; 20] = [
    0xf0, 0x0f, 0xb1, 0x51, 0x18, 0x0f, 0x94, 0xc2, 0x84, 0xd2, 0x75, 0x08, 0x48, 0x89, 0xc8, 0xe8, 0, 1, 0,
    0,
];

#[test]
fn the_jump_past_the_call_stands_for_the_lock() {
    assert_eq!(guard(&LOCK), Ok((10, X64Reg::RCX, 0x18, test(Condition::Equal, false))));
}

#[test]
fn a_register_that_is_written_moves_the_probe_right_behind_the_lock() {
    // sete cl; test cl, cl
    let mut code = LOCK;
    (code[7], code[9]) = (0xc1, 0xc9);
    assert_eq!(guard(&code), Ok((5, X64Reg::RCX, 0x18, test(Condition::Equal, true))));
}

#[test]
fn code_that_leads_in_between_is_told() {
    // jmp to the test; then the same
    let mut code = vec![0xeb, 0x08];
    code.extend(LOCK);
    assert_eq!(guard(&code), Ok((7, X64Reg::RCX, 0x18, test(Condition::Equal, true))));
    // jmp to right behind the lock: nothing stands for it
    code[1] = 0x05;
    assert_eq!(guard(&code), Err(JOINED));
}

#[test]
fn unlocking_asks_for_zero() {
    // lock xadd [rax+8], ebx; dec ebx; je +5; call
    let code = [0xf0, 0x0f, 0xc1, 0x58, 0x08, 0xff, 0xcb, 0x74, 0x05, 0xe8, 0, 1, 0, 0];
    assert_eq!(guard(&code), Ok((7, X64Reg::RAX, 8, test(Condition::Equal, true))));
    // lock xadd [rbx+8], ecx; lea ebx, [rcx-1]; test ebx, ebx; je +5; call: rbx is gone
    let code = [0xf0, 0x0f, 0xc1, 0x4b, 0x08, 0x8d, 0x59, 0xff, 0x85, 0xdb, 0x74, 0x05, 0xe8, 0, 1, 0, 0];
    assert_eq!(guard(&code), Ok((5, X64Reg::RBX, 8, test(Condition::Equal, true))));
}

#[test]
fn reading_asks_for_the_sign() {
    // lock xadd [rbx+0x20], ecx; dec ecx; test ecx, ecx; jge +5; call
    let code = [0xf0, 0x0f, 0xc1, 0x4b, 0x20, 0xff, 0xc9, 0x85, 0xc9, 0x7d, 0x05, 0xe8, 0, 1, 0, 0];
    assert_eq!(guard(&code), Ok((9, X64Reg::RBX, 0x20, test(Condition::Less, false))));
    // The same with a base that is written: lea ebx, [rcx+1]; test ebx, ebx; jl to the call
    let code =
        [0xf0, 0x0f, 0xc1, 0x4b, 0x20, 0x8d, 0x59, 0x01, 0x85, 0xdb, 0x7c, 0x01, 0xc3, 0xe8, 0, 1, 0, 0];
    assert_eq!(guard(&code), Ok((5, X64Reg::RBX, 0x20, test(Condition::Negative, false))));
}

#[test]
fn calls_that_are_out_of_the_way_are_jumped_to() {
    // lock cmpxchg [r8], r9d; sete r10b; test r10b, r10b; je +1; ret; call
    let code = [
        0xf0, 0x45, 0x0f, 0xb1, 0x08, 0x41, 0x0f, 0x94, 0xc2, 0x45, 0x84, 0xd2, 0x74, 0x01, 0xc3, 0xe8, 0, 1,
        0, 0,
    ];
    assert_eq!(guard(&code), Ok((12, X64Reg::R8, 0, test(Condition::Equal, false))));
    // The function before it never comes back.
    let distance = (PANICS - (START + 19)).to_le_bytes();
    let mut code = code[..14].to_vec();
    code[13] = 0x05;
    code.push(0xe8);
    code.extend(&distance[..4]);
    code.extend([0xe8, 0, 1, 0, 0]);
    assert_eq!(guard(&code), Ok((12, X64Reg::R8, 0, test(Condition::Equal, false))));
    // One that does is another way to the call.
    code[15] ^= 1;
    assert_eq!(guard(&code), Err(MANY_WAYS));
}

#[test]
fn variables_are_as_far_from_the_probe_as_they_are() {
    // lock cmpxchg [rip+0x100], edx; jne +5; call
    let code = [0xf0, 0x0f, 0xb1, 0x15, 0, 1, 0, 0, 0x75, 0x00, 0xe8, 0, 1, 0, 0];
    assert_eq!(guard(&code), Err(MANY_WAYS));
    let code = [0xf0, 0x0f, 0xb1, 0x15, 0, 1, 0, 0, 0x74, 0x05, 0xe8, 0, 1, 0, 0];
    assert_eq!(guard(&code), Ok((8, X64Reg::RIP, 0x100, test(Condition::Equal, true))));
}

#[test]
fn where_tables_lead_counts() {
    // lea rdx, [rip+TABLE]; jmp [rdx+rax*8]; then a lock
    let mut code = vec![0x48, 0x8d, 0x15];
    code.extend(&((TABLE - (START + 7)).to_le_bytes())[..4]);
    code.extend([0xff, 0x24, 0xc2]);
    let lock = START + code.len() as u64;
    code.extend(LOCK);
    let jump = Ok((20, X64Reg::RCX, 0x18, test(Condition::Equal, false)));
    assert_eq!(guard_with(&code, vec![lock]), jump);
    // To the test behind the lock.
    let behind = Ok((15, X64Reg::RCX, 0x18, test(Condition::Equal, true)));
    assert_eq!(guard_with(&code, vec![lock, lock + 8]), behind);
    // A jump to nobody knows where may lead there.
    assert_eq!(guard_with(&code, Vec::new()), behind);
}

#[test]
fn calls_without_an_atomic_instruction_have_none() {
    // test eax, eax; je +5; call
    assert_eq!(guard(&[0x85, 0xc0, 0x74, 0x05, 0xe8, 0, 1, 0, 0]), Err(NO_ATOMIC));
    // An indexed operand's address is in no one register: lock cmpxchg [rcx+rbx], edx; je +5; call
    let code = [0xf0, 0x0f, 0xb1, 0x14, 0x19, 0x74, 0x05, 0xe8, 0, 1, 0, 0];
    assert_eq!(guard(&code), Err(NO_ADDRESS));
    // Between them stands a call: lock cmpxchg [rcx], edx; call; test al, al; je +5; call
    let code = [0xf0, 0x0f, 0xb1, 0x11, 0xe8, 0, 1, 0, 0, 0x84, 0xc0, 0x74, 0x05, 0xe8, 0, 1, 0, 0];
    assert_eq!(guard(&code), Err(NO_ATOMIC));
}

#[test]
fn swaps_are_told_from_those_of_constants() {
    let of_what_was_read = |bytes: &[u8]| {
        let code = decode(bytes, START);
        let around = Around(Vec::new());
        let index = code.iter().position(Decoded::is_compare_and_swap).unwrap();
        Graph::of(&code, &around).is_of_what_was_read(index)
    };
    // mov eax, edx; lock cmpxchg [rbx+0x18], ecx; sete cl; test cl, cl; je +0x0a
    let tried = [0x89, 0xd0, 0xf0, 0x0f, 0xb1, 0x4b, 0x18, 0x0f, 0x94, 0xc1, 0x84, 0xc9, 0x74, 0x0a];
    assert!(of_what_was_read(&tried));
    assert_eq!(swap(&tried), Ok((12, X64Reg::RBX, 0x18, test(Condition::Equal, false))));
    // The result is handed on: no jump asks for it.
    assert_eq!(swap(&tried[..10]), Ok((7, X64Reg::RBX, 0x18, test(Condition::Equal, true))));
    // xor eax, eax; lock cmpxchg [rcx], edx
    assert!(!of_what_was_read(&[0x31, 0xc0, 0xf0, 0x0f, 0xb1, 0x11]));
    // mov eax, 1; lock cmpxchg [rcx], edx
    assert!(!of_what_was_read(&[0xb8, 1, 0, 0, 0, 0xf0, 0x0f, 0xb1, 0x11]));
}
