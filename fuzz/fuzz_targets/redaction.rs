//! See `presetter_properties::redaction`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| presetter_properties::redaction::check(data));
