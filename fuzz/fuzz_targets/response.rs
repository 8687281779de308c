//! See `presetter_properties::response`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| presetter_properties::response::check(data));
