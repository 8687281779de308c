//! Headers that are the transport's, the connection's, or no headers at all.

use crate::{types, wire};

/// Names that nobody but the host may set, in other letters than usual too.
const TAKEN: [&str; 38] = [
    "Host",
    "hOsT",
    "Authorization",
    "AUTHORIZATION",
    "authorization",
    "accessToken",
    "ACCESSTOKEN",
    "accesstoken",
    "Transfer-Encoding",
    "transfer-encoding",
    "Content-Length",
    "CONTENT-LENGTH",
    "Connection",
    "Keep-Alive",
    "Upgrade",
    "HTTP2-Settings",
    "TE",
    "Trailer",
    "Expect",
    "Proxy-Authorization",
    "Proxy-Connection",
    "proxy-anything",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "",
    " ",
    "Authorization ",
    " Authorization",
    "Authorization:",
    "Authorization\t",
    ":authority",
    "X-A\r\nAuthorization",
    "X-A: b\r\nX-Smuggled",
    "X-A\0",
    "X-\u{e9}",
];

/// Values that would end the line, or the head.
const VALUES: [&str; 8] = [
    "a\r\nX-Smuggled: 1",
    "a\nX-Smuggled: 1",
    "a\rX-Smuggled: 1",
    "a\r\n X-Folded: 1",
    "a\r\n\r\nGET /v1/closed HTTP/1.1\r\nHost: x\r\n\r\n",
    "a\0b",
    "a\u{1b}b",
    "a\u{7f}b",
];

pub(crate) fn run() -> types::Outcome {
    let with = |name: &str, value: &str| {
        let mut request = wire::get("ok");
        request.headers.push(wire::pair(name, value));
        request
    };
    let taken = TAKEN.iter().map(|name| (format!("name {name:?}"), with(name, "chunked")));
    let values = VALUES.iter().map(|value| (format!("value {value:?}"), with("X-A", value)));
    let mut many = wire::get("ok");
    many.headers = (0..5000).map(|at| wire::pair(&format!("X-Many-{at}"), "some value")).collect();
    let long = with("X-Long", &"x".repeat(100_000));
    let mut media = wire::request("POST", &["open", "ok"]);
    media.body = wire::body("text", b"x").map(|body| crate::http::Body {
        content_type: Some("text/plain\r\nTransfer-Encoding: chunked".into()),
        ..body
    });
    let others = [("too many", many), ("too long", long), ("media type", media)];
    wire::tried(taken.chain(values).chain(others.map(|(what, request)| (what.to_owned(), request))))
}
