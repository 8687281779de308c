//! What every transport keeps, tried on each of them.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::{Server, policy, request};
use presetter_egress::{
    Cassette, Error, Exchange, Live, Masks, Part, PathPattern, Recording, Response, Stub, Tape, Transport,
};
use presetter_secret::Redactor;
use url::Url;

const SMALL: usize = 100;

/// `transport` answers every admitted request at `url` with 200, the headers `a: 1`, `b: 2` and a body of [`SMALL`] bytes;
/// `sent` counts what came through. (Servers add no header of their own but the length.)
async fn upholds_the_contract(transport: &dyn Transport, url: &Url, sent: &(dyn Fn() -> usize + Sync)) {
    let good = policy(url);
    let mut expected = 0;

    // An allowed request is answered.
    let response = transport.send(&good, request("POST", url, Some("{}"))).await.unwrap();
    expected += 1;
    assert_eq!((response.status, response.body.len()), (200, SMALL));
    assert!(response.headers.contains(&("a".to_owned(), "1".to_owned())));
    assert_eq!(sent(), expected);

    // No matching grant means deny.
    let mut nothing = good.clone();
    nothing.grants.clear();
    let mut other_path = good.clone();
    other_path.grants[0].path = PathPattern::parse("/elsewhere").unwrap();
    let mut other_method = good.clone();
    other_method.grants[0].methods = vec!["PATCH".to_owned()];
    let mut other_host = good.clone();
    other_host.grants[0].host = "example.com".to_owned();
    let mut other_port = good.clone();
    other_port.grants[0].port = None;
    let mut not_private = good.clone();
    not_private.allow_private = false;
    for denying in [&nothing, &other_path, &other_method, &other_host, &other_port, &not_private] {
        let error = transport.send(denying, request("GET", url, None)).await.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{error:?}");
        assert!(!error.may_have_arrived());
    }
    for method in ["get", "CONNECT", "TRACE", "", "G T", "GET\r\nX: y", "DELETE"] {
        let error = transport.send(&good, request(method, url, None)).await.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{method:?}: {error:?}");
    }
    let mut with_user = url.clone();
    with_user.set_username("ann").unwrap();
    with_user.set_password(Some("s3cret")).unwrap();
    let error = transport.send(&good, request("GET", &with_user, None)).await.unwrap_err();
    assert!(matches!(&error, Error::Denied { .. }) && !format!("{error} {error:?}").contains("s3cret"));

    // Headers that frame, and values that split, are refused.
    for (name, value) in [
        ("Host", "x"),
        ("content-length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Proxy-Authorization", "x"),
        ("x", "a\r\nb: c"),
        ("x\n", "y"),
    ] {
        let mut bad = request("GET", url, None);
        bad.headers.push((name.to_owned(), value.to_owned()));
        let error = transport.send(&good, bad).await.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{name}: {error:?}");
    }

    // Sizes: what is at the limit passes, what is one above does not.
    let mut exact = good.clone();
    exact.limits.request_bytes = 2;
    exact.limits.response_bytes = SMALL;
    transport.send(&exact, request("POST", url, Some("{}"))).await.unwrap();
    expected += 1;
    let too_long = transport.send(&exact, request("POST", url, Some("{ }"))).await;
    assert_eq!(too_long, Err(Error::TooLarge { part: Part::RequestBody, limit: 2 }));
    let mut huge = request("GET", url, None);
    huge.headers.push(("x".to_owned(), "v".repeat(64 * 1024)));
    let error = transport.send(&good, huge).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { part: Part::RequestHead, .. }) && !error.may_have_arrived());
    assert_eq!(sent(), expected, "nothing that was refused may be sent");

    let mut body = good.clone();
    body.limits.response_bytes = SMALL - 1;
    let mut count = good.clone();
    count.limits.answer_header_count = 1;
    let mut bytes = good.clone();
    bytes.limits.answer_header_bytes = 3;
    for (tight, wanted) in
        [(&body, Part::AnswerBody), (&count, Part::AnswerHeaderCount), (&bytes, Part::AnswerHeaderBytes)]
    {
        let error = transport.send(tight, request("GET", url, None)).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { part, .. } if part == wanted), "{error:?}");
        assert!(error.may_have_arrived());
        expected += 1;
    }
    assert_eq!(sent(), expected);
}

#[tokio::test]
async fn live_upholds_the_contract() {
    let server = Server::answering(common::ok("a: 1\r\nB: 2\r\n", &[b'x'; SMALL])).await;
    let seen = server.seen.clone();
    upholds_the_contract(&Live::new(), &server.url("/v1/users"), &move || seen.requests().len()).await;
}

/// The answer that the contract speaks of.
fn answer() -> Response {
    let headers = [("a", "1"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Response { status: 200, headers, body: Bytes::from_static(&[b'x'; SMALL]) }
}

fn somewhere() -> Url {
    Url::parse("http://127.0.0.1:8080/v1/users").unwrap()
}

#[tokio::test]
async fn stub_upholds_the_contract() {
    let stub = Stub::new(move |_| Ok(answer()));
    upholds_the_contract(&stub, &somewhere(), &|| stub.sent()).await;
}

#[tokio::test]
async fn cassette_upholds_the_contract() {
    let exchange = |method: &str, body: Option<&str>| Exchange {
        method: method.to_owned(),
        url: somewhere(),
        headers: Vec::new(),
        body: body.map(|body| Bytes::copy_from_slice(body.as_bytes())),
        answer: Ok(answer()),
        started_ms: 0,
        took: Default::default(),
    };
    let post = exchange("POST", Some("{}"));
    let get = exchange("GET", None);
    let tape = Tape::new(vec![post.clone(), post, get.clone(), get.clone(), get]);
    let cassette = Cassette::new(Arc::new(tape), Redactor::new());
    upholds_the_contract(&cassette, &somewhere(), &|| cassette.sent()).await;
    assert_eq!(cassette.misses(), []);
}

#[tokio::test]
async fn recording_upholds_the_contract_and_keeps_what_was_sent_alone() {
    let stub = Arc::new(Stub::new(move |_| Ok(answer())));
    let recording = Recording::new(stub.clone(), || 7);
    upholds_the_contract(&recording, &somewhere(), &|| stub.sent()).await;
    let recorded = recording.take(&Masks::new(Redactor::new()));
    // Two requests that were too large never left, and what was forbidden did not either.
    let sent = recorded.exchanges.iter().filter(|exchange| exchange.answer.is_ok() || exchange.started_ms != 7);
    assert_eq!(sent.count(), 2);
    assert!(recorded.exchanges.iter().all(|exchange| exchange.method != "CONNECT"));
}

#[tokio::test]
async fn a_stub_with_a_queue_answers_in_turn_and_then_says_so() {
    let url = Url::parse("https://h/a").unwrap();
    let one = Response { status: 201, headers: Vec::new(), body: Bytes::new() };
    let stub = Stub::queue([Ok(one.clone()), Err(Error::Cancelled)]);
    let policy = policy(&url);
    assert_eq!(stub.send(&policy, request("GET", &url, None)).await, Ok(one));
    assert_eq!(stub.send(&policy, request("GET", &url, None)).await, Err(Error::Cancelled));
    let error = stub.send(&policy, request("GET", &url, None)).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }));
}
