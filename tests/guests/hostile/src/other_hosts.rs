//! Tries to reach another host than the connection's: forbidden addresses in every notation, user info, whole URLs.

use crate::{http, json, ok, types, wire};

/// Where clouds hand out credentials, this machine, private networks; as people and parsers write them.
const HOSTS: [&str; 28] = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "metadata.google.internal",
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "2130706433",
    "127.0.0.1.",
    "127.0.0.1.nip.io",
    "localhost",
    "localhost.",
    "a.localhost",
    "0",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[fd00:ec2::254]",
    "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
];

const FORMS: [&str; 9] =
    ["http://HOST/", "//HOST/", "HOST", "@HOST", "user:pass@HOST", "\\\\HOST", "http:HOST", "?@HOST", "#@HOST"];

pub(crate) fn run() -> types::Outcome {
    let mut tries = Vec::new();
    for host in HOSTS {
        let mut requests = Vec::new();
        for form in FORMS.map(|form| form.replace("HOST", host)) {
            requests.push(wire::request("GET", &[&form]));
            requests.push(wire::request("GET", &["open", &form]));
        }
        requests.push(wire::request("GET", &["http:", "", host, "x"]));
        requests.push(wire::request(&format!("GET http://{host}/"), &["open", "ok"]));
        let mut named = wire::get("ok");
        named.headers.push(wire::pair("Host", host));
        requests.push(named);
        let sent = requests.iter().map(wire::send);
        // The name of a preset is no address either.
        let called = wire::told(http::call(&format!("http://{host}/"), "{}"));
        tries.push(json!({ "host": host, "came": sent.chain([called]).collect::<Vec<_>>() }));
    }
    ok(json!({ "tries": tries }))
}
