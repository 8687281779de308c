//! Where credentials go, what a plan shows of them, and what a guest may not set.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::Ordering;

use base64::Engine as _;
use common::*;
use presetter_connection::{Body, Outgoing};

fn get() -> Outgoing {
    Outgoing { method: "GET".into(), body: None, ..read() }
}

async fn sent(kind: &str, request: &Outgoing) -> Sent {
    let stage = Stage::new();
    *stage.vendor.always.lock().unwrap() = Some((200, "{}".into()));
    stage.process(connection(kind)).send(request).await.unwrap();
    stage.vendor.last()
}

#[tokio::test]
async fn header_query_and_cookie() {
    let stage = Stage::new();
    stage.set("KEY", "key+/=0123");
    *stage.vendor.always.lock().unwrap() = Some((200, "{}".into()));
    let mut request = get();
    request.query = vec![("q".into(), "a%26b".into())];
    stage.process(connection("places")).send(&request).await.unwrap();
    let sent = stage.vendor.last();
    assert_eq!(sent.header("x-api-key"), Some("SSWS key+/=0123"));
    assert_eq!(sent.header("cookie"), Some("k=key+/=0123"));
    assert_eq!(sent.url, format!("{BASE}/users?q=a%26b&api%20key=key%2B%2F%3D0123"));
}

#[tokio::test]
async fn a_form_and_a_json_body() {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let form = sent("form", &post(Some(Body::Form(vec![field("a", "1")])), false)).await;
    assert_eq!(form.body, "a=1&the+key=key%2B%2F%3D+0123");
    assert_eq!(form.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(sent("form", &post(None, false)).await.body, "the+key=key%2B%2F%3D+0123");

    for (body, wanted) in [
        (Some("{}"), r#"{"auth":{"a/b":"key+/= 0123"}}"#),
        (None, r#"{"auth":{"a/b":"key+/= 0123"}}"#),
        // What is not on the way stays as it was written.
        (
            Some(r#"{"n":12345678901234567890123.10,"auth":{"x":[1e400]},"z":"\u00e9"}"#),
            r#"{"n":12345678901234567890123.10,"auth":{"x":[1e400],"a/b":"key+/= 0123"},"z":"\u00e9"}"#,
        ),
    ] {
        let body = body.map(|text| Body::Json(text.into()));
        assert_eq!(sent("json", &post(body, false)).await.body, wanted);
    }
}

#[tokio::test]
async fn basic_and_bearer() {
    let basic = sent("basic", &get()).await;
    let pair = basic.header("authorization").unwrap().strip_prefix("Basic ").unwrap().to_owned();
    let pair = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(pair).unwrap()).unwrap();
    assert_eq!(pair, format!("user@example.com/token:{PASSWORD}"));
    assert_eq!(sent("bearer", &get()).await.header("authorization"), Some("Bearer key+/= 0123"));

    let stage = Stage::new();
    let mut colon = connection("basic");
    colon.fields.insert("user".into(), "a:b".into());
    let error = stage.process(colon).send(&get()).await.unwrap_err();
    assert!(error.kind() == "template" && error.to_string().contains("colon"), "{error}");
    assert_eq!(stage.vendor.calls(), 0);
}

#[tokio::test]
async fn the_pair_of_basic_is_scrubbed_as_a_whole() {
    let stage = Stage::new();
    *stage.vendor.always.lock().unwrap() = Some((200, "{}".into()));
    let access = stage.process(connection("basic"));
    access.send(&get()).await.unwrap();
    let pair = stage.vendor.last().header("authorization").unwrap().trim_start_matches("Basic ").to_owned();
    *stage.vendor.always.lock().unwrap() = Some((200, format!("{{\"you\":\"{pair}\"}}")));
    let answer = access.send(&get()).await.unwrap();
    assert!(!String::from_utf8_lossy(&answer.body).contains(&pair[..12]), "{:?}", answer.body);
}

#[tokio::test]
async fn what_a_slot_fills_is_not_the_guests_to_set() {
    let pair = |name: &str| vec![(name.to_owned(), "x".to_owned())];
    let json = |text: &str| post(Some(Body::Json(text.into())), false);
    let cases: Vec<(&str, Outgoing)> = vec![
        ("session", Outgoing { headers: pair("AUTHORIZATION"), ..read() }),
        ("session", Outgoing { headers: pair("accesstoken"), ..read() }),
        ("places", Outgoing { query: pair("api%20key"), ..get() }),
        ("places", Outgoing { query: pair("api+key"), ..get() }),
        ("places", Outgoing { query: pair("%61pi%20key"), ..get() }),
        ("places", Outgoing { headers: pair("Cookie"), ..get() }),
        ("form", post(Some(Body::Form(pair("the+key"))), false)),
        ("form", post(Some(Body::Form(pair("the%20key"))), false)),
        ("json", json(r#"{"auth":{"a/b":1}}"#)),
        ("json", json(r#"{"auth":{"\u0061/b":1}}"#)),
        ("json", json(r#"{"auth":{"a/b":1},"auth":{"a/b":null}}"#)),
        ("basic", Outgoing { headers: pair("authorization"), ..get() }),
        // Headers that are for credentials alone are no preset's, also where the connection fills neither.
        ("none", Outgoing { headers: pair("Authorization"), ..get() }),
        ("none", Outgoing { headers: pair("cookie"), ..get() }),
    ];
    for (kind, request) in cases {
        let stage = Stage::new();
        let access = stage.process(connection(kind));
        for error in [access.preview(&request).unwrap_err(), access.send(&request).await.unwrap_err()] {
            assert!(
                error.kind() == "denied" && error.to_string().contains("credential"),
                "{kind} {request:?}: {error}"
            );
        }
        assert_eq!((stage.vendor.calls(), stage.vendor.logins()), (0, 0));
    }
}

#[tokio::test]
async fn a_body_that_cannot_take_the_credential_is_said() {
    let text = || Body::Text { content_type: "text/plain".into(), text: "x".into() };
    let json = |text: &str| post(Some(Body::Json(text.into())), false);
    for (kind, request) in [
        ("form", post(Some(text()), false)),
        ("form", json("{}")),
        ("form", get()),
        ("json", post(Some(Body::Form(Vec::new())), false)),
        ("json", json("[]")),
        ("json", json(r#"{"auth":"x"}"#)),
        ("json", json("{")),
        ("json", get()),
    ] {
        let stage = Stage::new();
        let error = stage.process(connection(kind)).send(&request).await.unwrap_err();
        assert_eq!(error.kind(), "template", "{kind} {request:?}: {error}");
        assert_eq!(stage.vendor.calls(), 0);
    }
    // A cookie cannot carry a space.
    let stage = Stage::new();
    assert_eq!(stage.process(connection("places")).send(&get()).await.unwrap_err().kind(), "template");
}

#[tokio::test]
async fn a_preview_shows_the_request_and_no_secret() {
    let stage = Stage::new();
    let mut request = read();
    request.query = vec![("page".into(), "1".into())];
    request.headers = vec![("Accept".into(), "application/json".into())];
    let preview = stage.process(connection("session")).preview(&request).unwrap();
    assert_eq!(preview.url, format!("{BASE}/users?page=1"));
    let headers: Vec<(&str, &str)> = preview.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let wanted = [
        ("Accept", "application/json"),
        ("Authorization", "Bearer [session token]"),
        ("accessToken", "[secret access_token]"),
        ("Content-Type", "application/json"),
    ];
    assert_eq!(headers, wanted);
    assert_eq!(preview.body.as_deref(), Some(r#"{"operation":"list_users"}"#));

    let places = stage.process(connection("places")).preview(&get()).unwrap();
    assert_eq!(places.url, format!("{BASE}/users?api%20key=[secret key]"));
    let json = stage.process(connection("json")).preview(&post(None, false)).unwrap();
    assert_eq!(json.body.as_deref(), Some(r#"{"auth":{"a/b":"[secret key]"}}"#));
    let basic = stage.process(connection("basic")).preview(&get()).unwrap();
    assert_eq!(basic.headers[0].1, "Basic [base64 of user@example.com/token:[secret password]]");
    let bytes = Body::Bytes { content_type: "image/png".into(), bytes: vec![0xff, 0xfe].into() };
    assert_eq!(
        stage.process(connection("none")).preview(&post(Some(bytes), false)).unwrap().body.as_deref(),
        Some("[2 bytes]")
    );

    assert_eq!(stage.world.asked.load(Ordering::SeqCst), 0, "no secret was got");
    assert_eq!((stage.vendor.logins(), stage.vendor.calls()), (0, 0));
    assert!(!stage.folder.path().join("state").exists(), "nothing was written");
}

#[tokio::test]
async fn a_preview_and_the_request_differ_in_secrets_alone() {
    let stage = Stage::new();
    *stage.vendor.always.lock().unwrap() = Some((200, "{}".into()));
    let access = stage.process(connection("json"));
    let request = post(Some(Body::Json(r#"{"a":"é","b":[1,2]}"#.into())), false);
    let preview = access.preview(&request).unwrap();
    access.send(&request).await.unwrap();
    let sent = stage.vendor.last();
    assert_eq!(preview.body.unwrap().replace("[secret key]", "key+/= 0123"), sent.body);
    assert_eq!((preview.url, preview.headers), (sent.url, sent.headers));
}

#[tokio::test]
async fn a_missing_secret_names_itself_and_the_way_out() {
    let stage = Stage::new();
    stage.world.values.lock().unwrap().clear();
    let error = stage.process(connection("bearer")).send(&get()).await.unwrap_err();
    let text = error.to_string();
    assert!(error.kind() == "auth" && text.contains("KEY is not set") && text.contains("connection show m"), "{text}");
}
