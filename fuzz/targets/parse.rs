//! Whatever the text, parsing and showing what is wrong with it ends well.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gprobe_fuzz::try_parse(data));
