//! Whatever became of debug information, types and parameters have an answer.

#![no_main]

use gprobe_fuzz::{Kind, try_damage};

libfuzzer_sys::fuzz_target!(|data: &[u8]| try_damage(Kind::Dwarf, data));
