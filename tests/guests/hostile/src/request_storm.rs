//! Sends requests for ever, whatever comes of them.

use crate::{http, types, wire};

pub(crate) fn run() -> types::Outcome {
    let request = wire::get("ok");
    loop {
        drop(http::send(&request));
    }
}
