//! See `presetter_properties::cel`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| presetter_properties::cel::check(data));
