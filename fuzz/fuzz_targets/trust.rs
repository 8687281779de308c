//! See `presetter_properties::trust`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| presetter_properties::trust::check(data));
