//! There is no randomness here: the same inputs and the same answers give the same result.
//!
//! Owns: the source that the crate `getrandom` asks for on a target that has none. Nothing draws from it: the engine's
//! own `Math.random` is replaced.

use getrandom::Error;

/// What `getrandom` links with under `--cfg getrandom_backend="custom"`.
#[allow(unsafe_code, reason = "the crate asks for a symbol of this name; this one never touches what it points to")]
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(_: *mut u8, _: usize) -> Result<(), Error> {
    Err(Error::UNSUPPORTED)
}
