//! See `presetter_properties::package`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| presetter_properties::package::check(data));
