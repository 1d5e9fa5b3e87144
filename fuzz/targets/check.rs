//! Whatever parses, compiling it ends well.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gprobe_fuzz::try_check(data));
