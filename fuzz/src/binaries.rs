//! The readers of binaries, on damaged ones.

use std::alloc::System;
use std::cell::RefCell;

use cap::Cap;
use gprobe_testkit::damage::{Damage, Kind};

/// What is allocated is counted, for libFuzzer's own limits see allocations with a sanitizer only, and the memory
/// of the whole process as it grows slowly. An allocation that is refused aborts, which is a finding.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What one execution may hold at once: what a file's size does not matter for.
const BYTES: usize = 64 << 20;
/// And so many times the size of the largest file.
const TIMES: usize = 16;

thread_local! {
    static DAMAGE: RefCell<Option<Damage>> = const { RefCell::new(None) };
}

/// Damages a binary as the input says, and asks it.
///
/// # Panics
/// Where the answer takes too long or too much memory.
pub fn try_damage(kind: Kind, input: &[u8]) {
    DAMAGE.with_borrow_mut(|damage| {
        let damage = damage.get_or_insert_with(|| Damage::new(kind));
        let room = BYTES.saturating_add(damage.largest().saturating_mul(TIMES));
        let limit = MEMORY.allocated().saturating_add(room);
        if MEMORY.set_limit(limit).is_ok() {
            damage.run(input);
            let lifted = MEMORY.set_limit(usize::MAX);
            assert!(lifted.is_ok(), "memory without a limit");
        }
    });
}
