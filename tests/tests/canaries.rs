//! Canaries: after each run the whole linear memory of its component is searched for every secret in every encoding.
//!
//! Whatever else a run shows or keeps is searched too. The search is tested by planting one.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use mosyle_standin::{ACCESS_TOKEN, EMAIL, Oddities, PASSWORD, StandIn};
use presetter_runtime::Limit;
use presetter_tests::{Arena, Play, Played, Search, Server, secrets};

/// That neither the memory of the last run nor anything that left it holds a secret, and that there was a memory to search.
fn assert_clean(arena: &Arena, played: &Played, search: &Search, what: &str) {
    let memories = arena.memories();
    assert!(!memories.is_empty(), "{what}: no memory was shown");
    for memory in &memories {
        assert_eq!(search.found(memory), None, "{what}: in the component's memory");
    }
    assert_eq!(search.found(played.all().as_bytes()), None, "{what}: in what it returned");
}

#[tokio::test]
async fn no_hostile_component_has_had_a_secret_in_its_memory() {
    let server = Server::start();
    let arena = Arena::hostile_witnessed(&server);
    let search = secrets([]);
    for kind in ["session", "basic"] {
        for preset in [
            "well-behaved",
            "echo-passer",
            "marker-forger",
            "side-doors",
            "odd-headers",
            "odd-paths",
            "odd-bodies",
            "other-hosts",
            "steering",
            // Ended by a limit, in the middle of what it did.
            "request-storm",
            "write-then-spin",
        ] {
            let play = Play::of(preset).with(kind).limit(Limit::Requests, 900).limit(Limit::GuestTime, 2000);
            let played = arena.play(&play.given("first", "echo")).await;
            assert_clean(&arena, &played, &search, &format!("{preset} with {kind}"));
        }
    }
    let (files, found) = search.found_below(arena.folder());
    assert!(files > 10 && found.is_none(), "{files} files: {found:?}");
}

/// With the look-alike of Mosyle that repeats every credential in many encodings.
#[tokio::test]
async fn the_interpreter_has_never_had_a_secret_in_its_memory() {
    let echo = Oddities { echo_secrets: true, ..Oddities::default() };
    for (what, oddities) in [
        ("echo", echo.clone()),
        ("renewed sessions", Oddities { token_uses: Some(1), ..echo.clone() }),
        ("sessions that end at once", Oddities { token_ttl_ms: Some(0), ..echo.clone() }),
        ("ends that hide in a 200", Oddities { token_uses: Some(1), expired_status: 200, ..echo.clone() }),
        ("refused logins", Oddities { forbid_login: true, ..echo.clone() }),
        ("refused logins that hide in a 200", Oddities { login_refused_status: 200, ..echo.clone() }),
        ("everything refused", Oddities { forbid_all: true, ..echo.clone() }),
        ("a server in trouble", Oddities { server_errors: 2, ..echo }),
    ] {
        let standin = StandIn::start(oddities).await.unwrap();
        standin.state().seed(3);
        let arena = Arena::mosyle_witnessed(&format!("http://{}/v1", standin.address()));
        let email = |preset: &str| Play::of(preset).given("email", "user2@example.com");
        let create = Play::of("create-user").given("user_id", "e9").given("name", "Eva").given("type", "ENDUSER");
        for kind in ["session", "basic"] {
            for play in [email("user-by-email"), email("user-role"), Play::of("users"), create.clone()] {
                let played = arena.play(&play.with(kind)).await;
                let tokens = (1..=standin.state().logins()).map(|n| format!("standin.{n}.not-a-real-token-{n:08}"));
                let search = secrets(tokens);
                assert_clean(&arena, &played, &search, &format!("{what}, {kind}"));
                assert_eq!(search.found_below(arena.folder()).1, None, "{what}, {kind}");
            }
        }
        // There was something to find: the server got the credentials, and it repeats what it gets.
        let log = standin.state().log();
        assert!(log.iter().any(|request| request.header("accesstoken") == Some(ACCESS_TOKEN)), "{what}");
        standin.stop().await;
    }
}

#[tokio::test]
async fn a_planted_secret_is_found() {
    let server = Server::start();
    let arena = Arena::hostile_witnessed(&server);
    let search = secrets([]);
    let pair = format!("{EMAIL}:{PASSWORD}");
    for secret in [PASSWORD, ACCESS_TOKEN, &pair] {
        for planted in presetter_tests::forms(secret) {
            // As an input, which lands in the component's memory.
            let played = arena.play(&Play::of("keeper").given("place", planted.as_str())).await;
            assert_eq!(played.ended(), "ok");
            let memories = arena.memories();
            assert!(memories.iter().any(|memory| search.found(memory).is_some()), "{planted}");
        }
    }
}
