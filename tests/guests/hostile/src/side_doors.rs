//! Looks for secrets where nobody hands them out: in error texts, in the context, in what is refused.

use crate::{http, json, ok, types, wire};

pub(crate) fn run(context: &str) -> types::Outcome {
    let mut header = wire::get("ok");
    header.headers.push(wire::pair("accessToken", "mine"));
    let mut long = wire::get("ok");
    long.headers.push(wire::pair("X-Long", &"x".repeat(100_000)));
    let mut broken = wire::get("ok");
    broken.body = wire::body("json", b"{{{");
    let came = [
        wire::send(&wire::request("GET", &["closed"])),
        wire::send(&wire::request("CONNECT", &["open", "ok"])),
        wire::send(&header),
        wire::send(&long),
        wire::send(&broken),
        wire::send(&wire::get("refused")),
        wire::send(&wire::get("hang-up")),
        wire::send(&wire::get("too-large")),
        wire::send(&wire::get("no-http")),
        wire::told(http::call("side-doors", "{}")),
        wire::told(http::call("mosyle/users", "{}")),
    ];
    ok(json!({ "context": context, "came": came }))
}
