//! Whatever became of Go's table of functions, functions and lines have an answer.

#![no_main]

use gprobe_fuzz::{Kind, try_damage};

libfuzzer_sys::fuzz_target!(|data: &[u8]| try_damage(Kind::Pclntab, data));
