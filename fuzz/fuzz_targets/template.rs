//! See `presetter_properties::template`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| presetter_properties::template::check(data));
