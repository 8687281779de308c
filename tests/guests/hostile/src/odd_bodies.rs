//! Bodies that are not what their kind says.

use crate::{http, types, wire};

const BODIES: [(&str, &[u8]); 19] = [
    ("json", b""),
    ("json", b"{"),
    ("json", b"{} {}"),
    ("json", b"\xff"),
    ("json", b"\"\xed\xa0\x80\""),
    ("json", b"NaN"),
    ("form", b"a=1"),
    ("form", b"{\"a\":1}"),
    ("form", b"[[\"a\"]]"),
    ("form", b"[[\"a\",1]]"),
    ("form", b"\xff"),
    ("text", b"\xff"),
    ("template", b"[]"),
    ("template", b"{}"),
    ("template", b"\xff"),
    ("multipart", b"x"),
    ("JSON", b"{}"),
    ("", b""),
    ("json\r\nX-Smuggled: 1", b"{}"),
];

pub(crate) fn run() -> types::Outcome {
    let with =
        |method: &str, body: Option<http::Body>| http::Request { body, ..wire::request(method, &["open", "take"]) };
    let odd = BODIES.iter().map(|(kind, data)| {
        (format!("{kind:?} {:?}", String::from_utf8_lossy(data)), with("POST", wire::body(kind, data)))
    });
    // A whole second request in a body: it must stay a body.
    let smuggled = b"0\r\n\r\nGET /v1/closed HTTP/1.1\r\nHost: x\r\n\r\n";
    let inside =
        ["POST", "GET"].map(|method| (format!("smuggled {method}"), with(method, wire::body("bytes", smuggled))));
    wire::tried(odd.chain(inside))
}
