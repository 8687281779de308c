//! Lists rows for ever, whatever comes of it.

use crate::{rows, types};

pub(crate) fn run() -> types::Outcome {
    loop {
        drop(rows::emit(r#"{"row":1}"#));
    }
}
