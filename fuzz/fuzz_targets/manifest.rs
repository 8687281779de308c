//! See `presetter_properties::manifest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| presetter_properties::manifest::check(data));
