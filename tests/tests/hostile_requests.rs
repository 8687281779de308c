//! Components that ask for what they may not: other paths, hosts, methods, headers; writes on top of writes; claims.
//!
//! What reached the server is looked at as raw bytes: it is what the contract says, or nothing.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use presetter_runtime::{Kind, Limit};
use presetter_tests::{Arena, Heard, Play, Played, SESSION, Server};
use serde_json::Value;

/// The kinds of error that come before anything is sent, and before a socket is opened.
const BEFORE: [&str; 3] = ["denied", "template", "too-large"];

/// That a request is a well-formed one below `/v1/open`, with the headers of the transport and of the connection, each once.
fn assert_well_formed(heard: &Heard, server: &Server) {
    let line = heard.line();
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1"] = parts[..] else { panic!("{line:?}") };
    assert!(["GET", "POST"].contains(&method), "{line}");
    let path = target.split('?').next().unwrap();
    assert!(path == "/v1/open" || path.starts_with("/v1/open/"), "{line}");
    assert!(target.bytes().all(|byte| byte.is_ascii_graphic()), "{line:?}");
    for part in path.split('/').skip(1) {
        let lower = part.to_lowercase();
        assert!(!["", ".", "..", "%2e", "%2e%2e", ".%2e", "%2e."].contains(&lower.as_str()), "{line}");
        assert!(!["%2f", "%5c", "%00", "%0d", "%0a"].iter().any(|hidden| lower.contains(hidden)), "{line}");
    }
    let mut names: Vec<String> = heard.headers().into_iter().map(|(name, _)| name).collect();
    let count = names.len();
    // Every line of the head is a header: none was folded or broken.
    assert_eq!(heard.lines().filter(|line| !line.is_empty()).count(), count + 1, "{heard:?}");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{heard:?}");
    for name in &names {
        let known = [
            "accept",
            "accept-encoding",
            "accesstoken",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent",
        ];
        assert!(known.contains(&name.as_str()), "{name}: {heard:?}");
    }
    assert_eq!(heard.header("host"), Some(server.address().to_string()));
    assert!(heard.header("authorization").is_none_or(|value| value == format!("Bearer {SESSION}")));
}

/// That every try was either refused before a socket was opened, or is one well-formed request that the server heard.
fn assert_sent_or_refused(played: &Played, server: &Server) {
    assert_eq!(played.report.outcome.kind, Kind::Failed, "{:?}", played.report);
    let heard: Vec<Heard> = server.heard().into_iter().filter(|heard| !heard.line().contains("/v1/login")).collect();
    heard.iter().for_each(|heard| assert_well_formed(heard, server));
    let mut answered = 0;
    for (what, came) in played.tries() {
        match came["error"].as_str() {
            None => answered += 1,
            Some(error) => assert!(BEFORE.contains(&error), "{what}: {came}"),
        }
    }
    assert_eq!(heard.len(), answered);
}

#[tokio::test]
async fn odd_paths_stay_below_what_was_granted() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let played = arena.play(&Play::of("odd-paths").with("session")).await;
    assert_sent_or_refused(&played, &server);
    let tries = played.tries();
    let refused = |what: &str| tries.iter().any(|(tried, came)| tried == what && came["error"].is_string());
    for part in ["", ".", "..", "../closed", "..\\closed", "%2e%2e%2F", "/closed", "//closed.example/", "closed\0"] {
        let known = tries.iter().any(|(tried, _)| *tried == format!("inside: {part:?}"));
        assert!(!known || refused(&format!("inside: {part:?}")), "{part:?}");
    }
    for what in ["closed", "one step above", "very long", "very many", "nothing at all"] {
        assert!(refused(what), "{what}");
    }
    // What only looks odd is sent as it is meant: as one segment, encoded again.
    let lines: Vec<String> = server.heard().iter().map(Heard::line).collect();
    for line in [
        "GET /v1/open/..%252fclosed HTTP/1.1",
        "GET /v1/open/a%20b HTTP/1.1",
        "GET /v1/open/a%2520b HTTP/1.1",
        "GET /v1/open/%3Fclosed%3D1 HTTP/1.1",
        "GET /v1/open/%23closed HTTP/1.1",
        "GET /v1/open/ok?a%23closed=a%23closed HTTP/1.1",
        "GET /v1/open/ok?a%0D%0AX-Smuggled%3A%201=a%0D%0AX-Smuggled%3A%201 HTTP/1.1",
    ] {
        assert!(lines.iter().any(|heard| heard == line), "{line}\n{lines:#?}");
    }
    arena.still_serves().await;
}

#[tokio::test]
async fn no_name_of_another_host_leads_there() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let played = arena.play(&Play::of("other-hosts").with("session")).await;
    assert_eq!(played.report.outcome.class, "denied", "{:?}", played.report);
    // Whatever was answered was answered by the connection's own server; the rest was refused before any socket.
    let (mut answered, mut tried) = (0, 0);
    for came in
        played.report.outputs["tries"].as_array().unwrap().iter().flat_map(|host| host["came"].as_array().unwrap())
    {
        tried += 1;
        match came["error"].as_str() {
            None => answered += 1,
            Some(error) => assert!(BEFORE.contains(&error), "{came}"),
        }
    }
    assert!(tried > 500, "{tried}");
    let heard: Vec<Heard> = server.heard().into_iter().filter(|heard| !heard.line().contains("/v1/login")).collect();
    assert_eq!(heard.len(), answered);
    heard.iter().for_each(|heard| assert_well_formed(heard, &server));
    arena.still_serves().await;
}

#[tokio::test]
async fn headers_that_are_not_the_presets_to_set_open_no_socket() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let played = arena.play(&Play::of("odd-headers").with("session")).await;
    for (what, came) in played.tries() {
        assert!(came["error"].as_str().is_some_and(|error| BEFORE.contains(&error)), "{what}: {came}");
    }
    assert_eq!((server.connections(), played.ended().as_str()), (0, "failed/denied"));
    arena.still_serves().await;
}

#[tokio::test]
async fn methods_that_are_not_the_presets_to_use_open_no_socket() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let played = arena.play(&Play::of("odd-methods").with("session")).await;
    for (what, came) in played.tries() {
        assert_eq!(came["error"], "denied", "{what}: {came}");
        // Granted, but not to a preset that says that it only reads.
        let reads = came["message"].as_str().is_some_and(|said| said.contains("says that it only reads"));
        assert_eq!(reads, ["\"DELETE\"", "\"PATCH\""].contains(&what.as_str()), "{what}: {came}");
    }
    assert_eq!((server.connections(), played.ended().as_str()), (0, "failed/denied"));
    arena.still_serves().await;
}

#[tokio::test]
async fn bodies_that_are_not_what_they_say_are_not_sent() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let played = arena.play(&Play::of("odd-bodies").with("session")).await;
    for (what, came) in played.tries() {
        assert_eq!(came["error"].is_null(), what.starts_with("smuggled"), "{what}: {came}");
    }
    // What looks like a second request inside of a body is a body.
    let heard: Vec<Heard> = server.heard().into_iter().filter(|heard| !heard.line().contains("/v1/login")).collect();
    assert_eq!(heard.len(), 2);
    for heard in &heard {
        assert!(heard.body.starts_with(b"0\r\n\r\nGET /v1/closed"), "{heard:?}");
        assert_well_formed(heard, &server);
    }
    arena.still_serves().await;
}

/// Addresses that a connection may not have, as an operator could be talked into typing them; the port is that of a server
/// that listens on this machine.
#[tokio::test]
async fn a_connection_to_a_forbidden_address_opens_no_socket() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let port = server.address().port();
    let far = [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "2130706433",
        "127.0.0.1.",
        "localhost",
        "localhost.",
        "a.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "loopback.example",
    ];
    // Not even where an operator allows private networks.
    let never =
        ["0.0.0.0", "0", "[::]", "169.254.169.254", "[::ffff:169.254.169.254]", "255.255.255.255", "metadata.example"];
    let far = far.iter().map(|host| (format!("https://{host}:{port}/v1"), false));
    let never = never.iter().map(|host| (format!("http://{host}:{port}/v1"), true));
    for (url, near) in far.chain(never) {
        let played = arena.play(&Play::of("well-behaved").at(&url, near)).await;
        assert_eq!(played.ended(), "failed/denied", "{url}: {:?}", played.report);
        assert_eq!(played.report.outputs["came"]["error"], "denied", "{url}");
    }
    assert_eq!(server.connections(), 0);
    // The names do lead to the server, where private networks are allowed.
    let near = arena.play(&Play::of("well-behaved").at(&format!("http://loopback.example:{port}/v1"), true)).await;
    assert_eq!((near.ended().as_str(), server.connections()), ("ok", 1));
}

#[tokio::test]
async fn a_write_without_an_answer_is_unknown_whatever_the_component_does_then() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let spin = |first: &str| Play::of("write-then-spin").given("first", first).limit(Limit::GuestTime, 300);
    let lost = arena.play(&spin("write-lost")).await;
    assert_eq!(lost.ended(), "unknown/unanswered", "{:?}", lost.report);
    let done = arena.play(&spin("write")).await;
    assert_eq!(done.ended(), "failed/limit", "{:?}", done.report);
    arena.still_serves().await;
}

#[tokio::test]
async fn nothing_is_written_on_top_of_a_write_without_an_answer() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let twice = |first: &str, second: &str| Play::of("write-twice").given("first", first).given("second", second);
    for lost in ["write-lost", "gateway"] {
        server.clear();
        let played = arena.play(&twice(lost, "write")).await;
        assert_eq!(played.ended(), "unknown/unanswered", "{lost}: {:?}", played.report);
        assert_eq!(played.report.outputs["second"]["error"], "denied", "{lost}");
        assert_eq!(server.heard().len(), 1, "{lost}");
    }
    let played = arena.play(&twice("write", "write-lost")).await;
    assert_eq!(played.ended(), "unknown/unanswered");
    // Two writes that are answered are two writes.
    assert_eq!(arena.play(&twice("write", "take")).await.ended(), "ok");
    server.clear();
    let played = arena.play(&twice("write", "take").read_only()).await;
    assert_eq!((played.ended().as_str(), server.heard().len()), ("failed/denied", 0));
    arena.still_serves().await;
}

#[tokio::test]
async fn after_a_veto_nothing_is_sent_and_nothing_is_ok() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let play = Play::of("write-twice").given("first", "write").given("second", "take");
    let played = arena.play(&play.clone().veto(0)).await;
    let errors = ["first", "second"].map(|which| played.report.outputs[which]["error"].clone());
    assert_eq!(errors, ["cancelled", "cancelled"]);
    assert_eq!((played.ended().as_str(), server.heard().len()), ("failed/cancelled", 0));
    let played = arena.play(&play.veto(1)).await;
    assert_eq!(played.report.outputs["second"]["error"], "cancelled");
    assert_eq!((played.ended().as_str(), server.heard().len()), ("failed/cancelled", 1));
    arena.still_serves().await;
}

#[tokio::test]
async fn claims_are_not_believed_against_what_happened() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let nothing: [&str; 0] = [];
    let cases: [(&[&str], &str, &str, &str); 21] = [
        // Causes that only the host knows, and that did not happen.
        (&nothing, "failed", "denied", "failed/preset"),
        (&nothing, "failed", "auth", "failed/preset"),
        (&nothing, "failed", "network", "failed/preset"),
        (&["open", "ok"], "failed", "auth", "failed/preset"),
        // Kinds and classes that are not a component's to claim.
        (&nothing, "unknown", "unanswered", "failed/answer"),
        // Without a write there is nothing that could be unanswered.
        (&nothing, "failed", "unanswered", "failed/answer"),
        (&nothing, "failed", "exists", "failed/preset"),
        (&nothing, "OK", "", "failed/preset"),
        (&nothing, "ok ", "", "failed/preset"),
        (&nothing, "", "", "failed/preset"),
        (&nothing, "failed", "\u{1b}[2J", "failed/preset"),
        // All is well, and it is not.
        (&["closed"], "ok", "", "failed/denied"),
        (&["closed"], "not-found", "", "failed/denied"),
        (&["open", "refused"], "ok", "", "failed/auth"),
        (&["open", "failing"], "not-found", "", "failed/server"),
        (&["open", "hang-up"], "ok", "", "failed/network"),
        (&["open", "no-http"], "not-found", "", "failed/network"),
        // Who has asked nobody knows of no absence.
        (&nothing, "not-found", "", "failed/preset"),
        (&["open", "ok"], "not-found", "", "not_found"),
        // What is its own to say is believed; an interpreter ends a script by a limit of its own.
        (&nothing, "failed", "limit", "failed/limit"),
        (&["open", "ok"], "failed", "refused", "failed/refused"),
    ];
    for (path, kind, class, ends) in cases {
        let mut play = Play::of("claims").given("kind", kind).given("class", class);
        if !path.is_empty() {
            play = play.given("path", Value::from(path));
        }
        let played = arena.play(&play).await;
        assert_eq!(played.ended(), ends, "{path:?} {kind:?} {class:?}: {:?}", played.report);
    }
    arena.still_serves().await;
}
