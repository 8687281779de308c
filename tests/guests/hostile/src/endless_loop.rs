//! Never ends.

use std::hint::black_box;

use crate::types;

pub(crate) fn run() -> types::Outcome {
    loop {
        black_box(());
    }
}
