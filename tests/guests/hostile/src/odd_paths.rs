//! Paths that a careless host or server reads as another place.

use crate::{types, wire};

const SEGMENTS: [&str; 26] = [
    "",
    ".",
    "..",
    "../closed",
    "..\\closed",
    "%2e%2e",
    "%2E%2e%2Fclosed",
    "..%2fclosed",
    "..;",
    "..;/closed",
    ".%00./closed",
    "/closed",
    "//closed.example/",
    "\\\\closed.example",
    "closed\0",
    "closed\r\nX-Smuggled: 1",
    "closed HTTP/1.1\r\nHost: closed.example\r\n\r\nGET /v1/closed",
    "a b",
    "a\tb",
    "?closed=1",
    "#closed",
    "%",
    "%zz",
    "a%20b",
    "\u{ff0e}\u{ff0e}\u{2215}closed",
    "*",
];

pub(crate) fn run() -> types::Outcome {
    let inside = SEGMENTS.iter().map(|part| (format!("inside: {part:?}"), wire::request("GET", &["open", part, "x"])));
    let last = SEGMENTS.iter().map(|part| (format!("last: {part:?}"), wire::request("GET", &["open", part])));
    let first = SEGMENTS.iter().map(|part| (format!("first: {part:?}"), wire::request("GET", &[part, "open", "ok"])));
    let long = "x".repeat(100_000);
    let others = [
        ("nothing at all", wire::request("GET", &[])),
        ("closed", wire::request("GET", &["closed"])),
        ("one step above", wire::request("GET", &["..", "closed"])),
        ("very long", wire::request("GET", &["open", &long])),
        ("very many", wire::request("GET", &["open"; 50_000])),
    ];
    let others = others.map(|(what, request)| (what.to_owned(), request));
    let queries = ["a#closed", "a&closed=1", "a\r\nX-Smuggled: 1", "a HTTP/1.1\r\n\r\n", "\0", "é"].map(|value| {
        let mut request = wire::get("ok");
        request.query = vec![wire::pair(value, value)];
        (format!("query: {value:?}"), request)
    });
    wire::tried(inside.chain(last).chain(first).chain(others).chain(queries))
}
