//! Words that steer a terminal: colours, a cleared screen, a title, a cursor, text that runs backwards.

use crate::{Map, log, outcome, rows, types};

const STEERING: &str = "a\u{1b}[31m\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}1A\u{8}\u{7f}\u{202e}\u{2066}b\r\n\0c";

pub(crate) fn run() -> types::Outcome {
    log::log("error", STEERING);
    let row = Map::from_iter([(STEERING.to_owned(), STEERING.into())]);
    drop(rows::emit(&crate::Value::Object(row.clone()).to_string()));
    let mut outcome = outcome("failed", "refused", STEERING, STEERING, row);
    outcome.verdict.details = crate::json!({ "hint": STEERING }).to_string();
    outcome.items[0].answer = Some(types::Seen {
        status: 200,
        headers: vec![crate::wire::pair(STEERING, STEERING)],
        response: crate::Value::from(STEERING).to_string(),
    });
    outcome
}
