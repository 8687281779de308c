//! Components that are after the credentials: by echoes, by forged markers, by side doors of the contract.
//!
//! No secret may leave a run, and none may reach the server anywhere but in its slot. What is out of reach is said by a test
//! of its own: `a_secret_that_a_server_gives_away_letter_by_letter_is_known_to_the_component`.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use mosyle_standin::ACCESS_TOKEN;
use presetter_tests::{Arena, Play, SESSION, Server, secrets};

/// What the server got beside the slots of the connection. Logins are the connection's own.
fn assert_only_in_slots(server: &Server) {
    let search = secrets([]);
    for heard in server.heard() {
        if !heard.line().starts_with("POST /v1/login ") {
            assert_eq!(search.found(&heard.without(&["authorization", "accesstoken"])), None, "{}", heard.line());
        }
    }
}

#[tokio::test]
async fn an_echo_gives_nothing_to_pass_on() {
    for kind in ["session", "basic"] {
        let server = Server::start();
        let arena = Arena::hostile(&server);
        let played = arena.play(&Play::of("echo-passer").with(kind)).await;
        assert_eq!(played.ended(), "failed/server", "{:?}", played.report.outcome);
        let search = secrets([]);
        assert_eq!(search.found(played.all().as_bytes()), None);
        assert!(played.logs.len() == 5 && played.rows.len() == 5);
        // The echo was there to be cleaned, in every place: otherwise all of this shows nothing.
        for text in [
            played.all(),
            played.logs.concat(),
            played.rows[0].to_string(),
            played.report.outputs["echoes"].to_string(),
        ] {
            assert!(text.contains("[secret "), "{text}");
        }
        assert_only_in_slots(&server);
        let passed = server.heard().iter().filter(|heard| heard.line().contains("/open/take")).count();
        assert!(passed > 50, "{passed} requests passed something on");
        // The slots themselves are filled in each of them.
        for heard in server.heard().iter().filter(|heard| heard.line().contains("/open/")) {
            assert_eq!(heard.header("accesstoken").as_deref(), Some(ACCESS_TOKEN));
            assert!(heard.header("authorization").is_some());
        }
        assert_eq!(search.found_below(arena.folder()).1, None);
        arena.still_serves().await;
    }
}

#[tokio::test]
async fn what_stands_for_a_secret_is_never_filled_in() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let played = arena.play(&Play::of("marker-forger").with("session")).await;
    assert_eq!(secrets([]).found(played.all().as_bytes()), None);
    assert_only_in_slots(&server);
    // The server got the words as they were written, in every place.
    let heard = server.heard();
    let got: Vec<String> =
        heard.iter().map(|heard| String::from_utf8_lossy(&heard.without(&[])).into_owned()).collect();
    for marker in
        ["[secret password]", "[session token]", "{{secrets.access_token}}", "<<secrets.access_token>>", "env:TOKEN"]
    {
        let bodies = got.iter().filter(|text| {
            text.contains(&format!("\"value\":\"{marker}\"")) || text.contains(&format!("\"value\": \"{marker}\""))
        });
        assert!(bodies.count() >= 3, "{marker}: {got:#?}");
        assert!(
            got.iter().any(|text| text.to_lowercase().contains(&format!("x-marker: {}", marker.to_lowercase()))),
            "{marker}"
        );
    }
    arena.still_serves().await;
}

#[tokio::test]
async fn side_doors_of_the_contract_tell_no_secret() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    for play in [
        Play::of("side-doors").with("session"),
        Play::of("side-doors").with("basic"),
        Play::of("side-doors").with("session").without_password(),
    ] {
        let played = arena.play(&play).await;
        let seen = serde_json::Value::from(played.report.outputs.clone()).to_string();
        assert!(seen.contains("\"error\\\":") || seen.contains("\"error\":"), "{seen}");
        assert_eq!(secrets([]).found(played.all().as_bytes()), None);
        // Nor where an operator keeps them.
        for place in ["env:", "PASSWORD", "TOKEN"] {
            assert!(!seen.contains(place), "{place}: {seen}");
        }
    }
    assert_only_in_slots(&server);
    arena.still_serves().await;
}

/// The one way that is out of reach: a server that gives its own credential away in pieces, each too short to be known for a part
/// of it, tells the component what it is. The component could as well have brought it along. What it knows it can send where a
/// grant lets it, which is to that server; on this side it is taken out wherever it is whole again.
#[tokio::test]
async fn a_secret_that_a_server_gives_away_letter_by_letter_is_known_to_the_component() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let played = arena.play(&Play::of("piecemeal").with("session")).await;
    assert_eq!(played.ended(), "ok", "{:?}", played.report);
    assert_eq!(secrets([]).found(played.all().as_bytes()), None);
    assert_eq!(played.report.outputs["whole"], "[secret session token]");
    assert_eq!(played.rows[0]["row"], "[secret session token]");
    assert_eq!(played.logs[0], "error: [secret session token]");
    let half = &SESSION[..SESSION.len() / 2];
    assert!(!played.all().contains(half), "half of it was left where a line was cut");
    let taken: Vec<_> = server.heard().into_iter().filter(|heard| heard.line().contains("/open/take")).collect();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].body, SESSION.as_bytes());
    arena.still_serves().await;
}
