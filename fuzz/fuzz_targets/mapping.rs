//! See `presetter_properties::mapping`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| presetter_properties::mapping::check(data));
