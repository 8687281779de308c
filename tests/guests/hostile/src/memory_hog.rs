//! Takes memory until there is none.

use crate::{json, ok, types};

pub(crate) fn run() -> types::Outcome {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; 1 << 20]);
        if hoard.len() > 1 << 12 {
            // More than a 32-bit memory has: never reached.
            return ok(json!({ "hoard": hoard.len() }));
        }
    }
}
