//! Methods that are none, that speak to proxies, or that no grant names.

use crate::{types, wire};

const METHODS: [&str; 16] = [
    "CONNECT",
    "TRACE",
    "OPTIONS",
    "DELETE",
    "PATCH",
    "PROPFIND",
    "get",
    "Get",
    "GET ",
    " GET",
    "",
    "GET / HTTP/1.1\r\nX: y",
    "GET /v1/closed",
    "GET\r\n",
    "GET\0",
    "\u{ff27}ET",
];

pub(crate) fn run() -> types::Outcome {
    wire::tried(METHODS.map(|method| (format!("{method:?}"), wire::request(method, &["open", "ok"]))))
}
