//! Logins: what is shown, to whom, and how often.
#![allow(clippy::unwrap_used, reason = "a panic is a failed test")]

mod common;

use std::sync::Arc;

use common::*;
use presetter_egress::Response;
use presetter_package::{Digest, Pointer};
use presetter_registry::{Access, Credentials, CredentialsError, Host, Login, Options, Tagging, Target};

fn tag() -> Target {
    Target::Tag("1.0.0".parse().unwrap())
}

#[tokio::test]
async fn basic_is_shown_once_it_is_asked_for() {
    let world = World::new(Asks::Basic, true);
    world.state().put_manifest("1.0.0", &manifest("a"));
    let registry = world.registry(Options::default());
    for _ in 0..2 {
        reading(&registry).await.resolve().await.unwrap();
    }
    let shown: Vec<bool> = world.log().iter().map(|seen| seen.authorization.is_some()).collect();
    assert_eq!(shown, [false, true, true]);
    world.assert_no_leak();
}

#[tokio::test]
async fn without_a_login_it_is_said_how_to_log_in() {
    for asks in [Asks::Basic, Asks::Bearer] {
        let world = World::new(asks, false);
        world.state().put_blob(&bytes(3));
        let registry = world.registry(Options::default());
        let told = told(writing(&registry).await.push_blob(&bytes(3), &mut nothing).await);
        assert!(told.contains("r.example refuses") && told.contains("`docker login r.example`"), "{told}");
        assert!(told.contains("No login is known"), "{told}");
        world.assert_no_leak();
    }
}

#[tokio::test]
async fn a_token_is_fetched_once_for_each_kind_of_access() {
    let world = World::new(Asks::Bearer, true);
    world.state().put_manifest("1.0.0", &manifest("a"));
    let registry = world.registry(Options::default());
    for _ in 0..2 {
        reading(&registry).await.resolve().await.unwrap();
    }
    writing(&registry).await.push_blob(&bytes(3), &mut nothing).await.unwrap();
    let asked: Vec<String> = world.log().iter().filter_map(|seen| seen.url.query().map(str::to_owned)).collect();
    let scope = |actions| format!("service=r.example&scope=repository%3Aacme%2Fjamf%3A{actions}");
    assert_eq!(asked[..2], [scope("pull"), scope("pull%2Cpush")]);
    assert_eq!(world.calls().iter().filter(|call| *call == "GET /token").count(), 2);
    world.assert_no_leak();
    // Another program's run knows nothing of them.
    reading(&world.registry(Options::default())).await.resolve().await.unwrap();
    assert_eq!(world.calls().iter().filter(|call| *call == "GET /token").count(), 3);
}

#[tokio::test]
async fn what_everyone_may_read_needs_a_token_and_no_login() {
    let world = World::new(Asks::Bearer, false);
    world.state().put_manifest("1.0.0", &manifest("a"));
    reading(&world.registry(Options::default())).await.resolve().await.unwrap();
    let service = world.log().into_iter().find(|seen| seen.url.path() == "/token").unwrap();
    assert_eq!(service.authorization, None);
}

#[tokio::test]
async fn a_token_that_is_over_is_renewed_once() {
    let world = World::new(Asks::Bearer, true);
    world.state().put_manifest("1.0.0", &manifest("a"));
    let registry = world.registry(Options::default());
    let repository = reading(&registry).await;
    repository.resolve().await.unwrap();
    world.state().revoke();
    world.forget();
    repository.resolve().await.unwrap();
    let manifest = "GET /v2/acme/jamf/manifests/1.0.0";
    assert_eq!(world.calls(), [manifest, "GET /token", manifest]);
    // It is never taken: one renewal, and an end.
    world.after(|request, response| {
        if request.url.host_str() == Some("r.example") {
            response.status = 401;
            set(response, "www-authenticate", r#"Bearer realm="https://auth.example/token",service="r.example""#);
        }
    });
    world.forget();
    let told = told(repository.resolve().await);
    assert!(told.contains("no longer valid") && told.contains("docker login r.example"), "{told}");
    assert_eq!(world.calls().len(), 3);
    world.assert_no_leak();
}

#[tokio::test]
async fn token_services_that_are_not_safe_are_shown_nothing() {
    for (challenge, words) in [
        (r#"Bearer realm="http://auth.example/token""#, "not https"),
        (r#"Bearer realm="http://127.0.0.1/token""#, "not https"),
        (r#"Bearer realm="https://ann@auth.example/token""#, "user name"),
        (r#"Bearer realm="https://10.0.0.7/token""#, "private network"),
        (r#"Bearer realm="https://169.254.169.254/token""#, "metadata"),
        (r#"Bearer realm="https://localhost/token""#, "loopback"),
        (r#"Bearer realm="https://auth.example//token""#, "no grant"),
        (r#"Bearer realm="https://auth.example/*/x""#, "no server"),
        (r#"Bearer realm="file:///etc/passwd""#, "not https"),
        (r#"Bearer realm="token""#, "not an address"),
        (r#"Digest realm="x""#, "neither Basic nor Bearer"),
        ("", "neither Basic nor Bearer"),
    ] {
        let world = World::new(Asks::Bearer, true);
        world.instead(move |_, request| match request.url.host_str() {
            Some("r.example") => Some(Ok(response(401, &[("www-authenticate", challenge)], ""))),
            _ => Some(Err(presetter_egress::Error::NotSent { reason: "no server".to_owned() })),
        });
        let told = told(reading(&world.registry(Options::default())).await.resolve().await);
        assert!(told.contains(words), "{challenge}: {told}");
        assert!(!told.contains("ann@"), "{told}");
        let shown = world.log().into_iter().filter(|seen| seen.authorization.is_some()).count();
        // The star is an odd name of a path, and no wildcard: it is sent nowhere else.
        assert_eq!(shown, usize::from(words == "no server"), "{challenge}");
    }
}

#[tokio::test]
async fn a_token_service_answers_itself_or_not_at_all() {
    let evil: [(&str, Response, &str); 6] = [
        ("a redirect", response(302, &[("location", "https://evil.example/token")], ""), "never sent on"),
        (
            "a redirect to the same place",
            response(307, &[("location", "https://auth.example/token2")], ""),
            "never sent on",
        ),
        ("no token", response(200, &[], "{}"), "gave no token"),
        ("a token that splits the header", response(200, &[], r#"{"token":"a\r\nX: y"}"#), "gave no token"),
        (
            "a token without end",
            response(200, &[], format!(r#"{{"token":"{}"}}"#, "a".repeat(40_000))),
            "gave no token",
        ),
        ("no", response(403, &[], r#"{"errors":[{"message":"\u001b[2Jpay"}]}"#), r"\u{1b}[2Jpay"),
    ];
    for (name, answer, words) in evil {
        let world = World::new(Asks::Bearer, true);
        world.instead(move |_, request| (request.url.host_str() == Some("auth.example")).then(|| Ok(answer.clone())));
        let told = told(reading(&world.registry(Options::default())).await.resolve().await);
        assert!(told.contains(words), "{name}: {told}");
        assert_eq!(world.calls().len(), 2, "{name}");
        world.assert_no_leak();
    }
}

#[tokio::test]
async fn all_of_a_push_and_a_pull_shows_the_password_to_the_token_service_alone() {
    let world = World::new(Asks::Bearer, true);
    let registry = world.registry(pieces(10));
    let repository = writing(&registry).await;
    repository.push_blob(&bytes(35), &mut nothing).await.unwrap();
    let content = manifest("a");
    repository.push_manifest(&tag(), &content, Tagging::New).await.unwrap();
    let subject = Digest::of(&content);
    repository.attach(Pointer::to(&content), &"signature".into()).await.unwrap();
    // The blobs are elsewhere.
    world.instead(|state, request| {
        let here = request.url.host_str() == Some("r.example") && request.url.path().contains("/blobs/sha256:");
        if here && request.method == "GET" && request.headers.iter().any(|(name, _)| name == "Authorization") {
            let name = request.url.path().rsplit('/').next().unwrap();
            return Some(Ok(response(307, &[("location", &format!("https://cdn.example//x/{name}?sig=1"))], "")));
        }
        (request.url.host_str() == Some("cdn.example")).then(|| {
            let asks = std::mem::replace(&mut state.asks, Asks::Nothing);
            let name = request.url.path().rsplit('/').next().unwrap().to_owned();
            let mut inner = presetter_egress::Request {
                method: "GET".to_owned(),
                url: request.url.clone(),
                headers: request.headers.clone(),
                body: None,
            };
            inner.url.set_path(&format!("/v2/acme/jamf/blobs/{name}"));
            let answer = state.registry(&inner);
            state.asks = asks;
            Ok(answer)
        })
    });
    let repository = registry.open(&reference(REFERENCE), Access::Read).await.unwrap();
    let mut part = Vec::new();
    let blob = Pointer { digest: Digest::of(&bytes(35)), size: 35 };
    repository.blob(blob, &mut part, &mut nothing).await.unwrap();
    assert_eq!(part, bytes(35));
    assert_eq!(repository.signatures(subject).await.unwrap().bundles, ["signature"]);
    assert_eq!(world.log().iter().filter(|seen| seen.url.host_str() == Some("cdn.example")).count(), 5);
    world.assert_no_leak();
}

struct Identity(Option<&'static str>);

impl Credentials for Identity {
    fn for_host(&self, _: &Host) -> Result<Option<Login>, CredentialsError> {
        let token = self.0.ok_or_else(|| CredentialsError::new("the helper failed", "Log in again."))?;
        Ok(Some(Login::Identity(presetter_secret::Secret::new(token.to_owned()))))
    }
}

#[tokio::test]
async fn an_identity_token_goes_into_the_body_of_a_request_to_the_token_service() {
    let world = World::new(Asks::Bearer, true);
    world.state().put_manifest("1.0.0", &manifest("a"));
    world.instead(|state, request| {
        let service = request.url.host_str() == Some("auth.example");
        service.then(|| {
            assert_eq!((request.method.as_str(), request.url.query()), ("POST", None));
            assert!(request.headers.iter().all(|(name, _)| name != "Authorization"));
            Ok(response(200, &[], format!(r#"{{"access_token":"{}"}}"#, state.issue("pull"))))
        })
    });
    let registry = world.registry_for(Arc::new(Identity(Some("ident&ity"))), Options::default());
    reading(&registry).await.resolve().await.unwrap();
    let form = "grant_type=refresh_token&client_id=presetter&service=r.example\
                &scope=repository%3Aacme%2Fjamf%3Apull&refresh_token=ident%26ity";
    assert_eq!(world.log()[1].body, form);
    assert_eq!(world.calls().len(), 3);
    // What takes a password alone is told so, and shown nothing.
    let world = World::new(Asks::Basic, true);
    let registry = world.registry_for(Arc::new(Identity(Some("ident&ity"))), Options::default());
    let told = told(reading(&registry).await.resolve().await);
    assert!(told.contains("takes a password alone") && !told.contains("ident&ity"), "{told}");
    assert_eq!(world.calls().len(), 1);
}

#[tokio::test]
async fn a_login_that_cannot_be_read_is_said_with_its_remedy() {
    let world = World::new(Asks::Bearer, true);
    let registry = world.registry_for(Arc::new(Identity(None)), Options::default());
    let told = told(reading(&registry).await.resolve().await);
    assert!(told.contains("the login for r.example cannot be used: the helper failed\nLog in again."), "{told}");
}
