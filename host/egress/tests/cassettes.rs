//! Recording, the file, and playing: what was recorded is played as it was, and nothing secret is in it.
#![allow(clippy::unwrap_used)] // helpers of tests may fail a test

mod common;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::{policy, request};
use presetter_egress::har::{self, Note};
use presetter_egress::{
    Cassette, Error, Exchange, Masks, NoAnswer, Recording, Request, Response, Stub, Tape, Transport,
};
use presetter_secret::{Redactor, Secret};
use url::Url;

const TOKEN: &str = "tok-0123456789abcdef";

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn ok(body: &str) -> Response {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Response { status: 200, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn exchange(method: &str, at: &str, body: Option<&str>, answer: &str) -> Exchange {
    Exchange {
        method: method.to_owned(),
        url: url(at),
        headers: Vec::new(),
        body: body.map(|body| Bytes::copy_from_slice(body.as_bytes())),
        answer: Ok(ok(answer)),
        started_ms: 1_767_225_600_123,
        took: Duration::from_millis(12),
    }
}

fn cassette(exchanges: Vec<Exchange>) -> Cassette {
    Cassette::new(Arc::new(Tape::new(exchanges)), Redactor::new())
}

async fn send(transport: &dyn Transport, method: &str, at: &str, body: Option<&str>) -> Result<String, Error> {
    let at = url(at);
    let response = transport.send(&policy(&at), request(method, &at, body)).await?;
    Ok(String::from_utf8(response.body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_entry_answers_once_and_in_order() {
    let at = "https://h/users?page=1&q=a";
    let cassette =
        cassette(vec![exchange("GET", at, None, "1"), exchange("GET", at, None, "2"), exchange("POST", at, None, "3")]);
    assert_eq!(send(&cassette, "POST", "https://h/users?q=a&page=1", None).await, Ok("3".into()));
    assert_eq!(send(&cassette, "GET", at, None).await, Ok("1".into()));
    assert_eq!(send(&cassette, "GET", at, None).await, Ok("2".into()));
    let error = send(&cassette, "GET", at, None).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }) && !error.may_have_arrived());
    let miss = cassette.misses().remove(0);
    let nearest = miss.nearest.unwrap();
    assert_eq!((miss.url.as_str(), nearest.entry, nearest.used), (at, 1, true));
    assert_eq!(nearest.differences, []);
}

#[tokio::test]
async fn the_nearest_entry_is_told_with_its_differences() {
    let cassette = cassette(vec![
        exchange("GET", "https://h/groups", None, "0"),
        exchange("POST", "https://h/users", Some(r#"{"operation":"list","page":1}"#), "1"),
        exchange("POST", "https://h/users", Some(r#"{"operation":"list","page":2}"#), "2"),
    ]);
    let wrong = send(&cassette, "POST", "https://h/users", Some(r#"{"operation":"list","page":3}"#)).await;
    assert!(matches!(wrong, Err(Error::NotSent { .. })));
    let nearest = cassette.misses().remove(0).nearest.unwrap();
    assert_eq!(nearest.entry, 2);
    assert_eq!(nearest.differences[0].to_string(), "body /page: expected 1, got 3");
    assert_eq!(nearest.differences.len(), 1);
    // Nothing is taken by what does not fit.
    assert_eq!(
        send(&cassette, "POST", "https://h/users", Some(r#"{"page":1,"operation":"list"}"#)).await,
        Ok("1".into())
    );
}

#[tokio::test]
async fn an_empty_cassette_answers_nothing() {
    let cassette = cassette(Vec::new());
    assert!(matches!(send(&cassette, "GET", "https://h/a", None).await, Err(Error::NotSent { .. })));
    assert_eq!(cassette.misses().remove(0).nearest, None);
}

#[tokio::test]
async fn a_lenient_one_answers_by_place_and_again() {
    let cassette = cassette(vec![
        exchange("POST", "https://h/login", Some("{}"), "login"),
        exchange("POST", "https://h/users", Some(r#"{"page":1}"#), "1"),
        exchange("POST", "https://h/users", Some(r#"{"page":2}"#), "2"),
    ])
    .lenient();
    for (at, body, answer) in [
        ("https://h/users", r#"{"page":2}"#, "2"),
        ("https://h/users", r#"{"page":9}"#, "1"),
        ("https://h/users", r#"{"page":2}"#, "2"),
        ("https://h/login", r#"{"other":true}"#, "login"),
        ("https://h/login", r#"{"other":true}"#, "login"),
    ] {
        assert_eq!(send(&cassette, "POST", at, Some(body)).await, Ok(answer.into()), "{at} {body}");
    }
    assert!(send(&cassette, "GET", "https://h/users", None).await.is_err());
    assert!(send(&cassette, "POST", "https://h/other", None).await.is_err());
}

/// What a server answers to a login and to what comes after it.
fn server(request: &Request) -> Result<Response, Error> {
    let header = |name: &str, value: String| (name.to_owned(), value);
    match request.url.path() {
        "/v1/login" => Ok(Response {
            status: 200,
            headers: vec![
                header("authorization", format!("Bearer {TOKEN}")),
                header("set-cookie", "PHPSESSID=abcdef; Path=/".to_owned()),
                header("transfer-encoding", "chunked".to_owned()),
            ],
            body: Bytes::from(format!(r#"{{"token":"{TOKEN}","next":"https://acme.example/v1/users"}}"#)),
        }),
        "/v1/dropped" => Err(Error::Unanswered { reason: "https://acme.example: hung up".into() }),
        _ => Ok(ok(&format!(r#"{{"seen":{:?}}}"#, String::from_utf8_lossy(request.body.as_ref().unwrap())))),
    }
}

/// Records a login, a request with the token in its body and its query, and one that is not answered.
async fn recorded() -> (Vec<Exchange>, Redactor) {
    let recording = Recording::new(Arc::new(Stub::new(server)), || 1_767_225_600_123);
    let login = r#"{"password":"hunter2-\"x\""}"#;
    send(&recording, "POST", "https://acme.example/v1/login", Some(login)).await.unwrap();
    let body = format!(r#"{{"accessToken":"{TOKEN}","page":1}}"#);
    send(&recording, "POST", &format!("https://acme.example/v1/users?t={TOKEN}"), Some(&body)).await.unwrap();
    send(&recording, "POST", "https://acme.example/v1/dropped", Some("{}")).await.unwrap_err();
    let redactor = Redactor::new();
    redactor.add("password", &Secret::new("hunter2-\"x\"".into()));
    redactor.add("session token", &Secret::new(TOKEN.into()));
    let masks = Masks::new(redactor.clone()).moved(&url("https://acme.example/v1"), &url("https://api.example/v1"));
    (recording.take(&masks).exchanges, redactor)
}

#[tokio::test]
async fn a_recording_holds_no_secret_and_is_read_as_it_was_written() {
    let (exchanges, redactor) = recorded().await;
    let text = har::write(&exchanges, &Note { version: "1.0.0".into(), comment: "c".into() });
    assert!(!redactor.holds(text.as_bytes()), "{text}");
    for gone in [TOKEN, "hunter2", "abcdef", "acme.example", "chunked"] {
        assert!(!text.contains(gone), "{gone} is in {text}");
    }
    assert_eq!(har::read(&text).unwrap(), exchanges);
    assert_eq!(exchanges[2].answer, Err(NoAnswer { arrived: true, reason: "https://api.example: hung up".into() }));
}

/// Records one answer, and a request that sends what it holds.
async fn recorded_answer(body: String, sent: &str) -> presetter_egress::Recorded {
    let server = move |_: &Request| Ok(ok(&body));
    let recording = Recording::new(Arc::new(Stub::new(server)), || 0);
    send(&recording, "POST", "https://h/login", Some("{}")).await.unwrap();
    send(&recording, "GET", &format!("https://h/next?with={sent}"), None).await.unwrap();
    recording.take(&Masks::new(Redactor::new()))
}

#[tokio::test]
async fn what_an_answer_hands_out_under_the_name_of_a_credential_is_not_kept() {
    let body = r#"{"refresh_token":"R3fresh/+0123456789","id_token":"1d-0123456789","name":"Sarah"}"#;
    let recorded = recorded_answer(body.into(), "R3fresh%2F%2B0123456789").await;
    let text = har::write(&recorded.exchanges, &Note::default());
    for gone in ["R3fresh", "1d-0123456789"] {
        assert!(!text.contains(gone), "{gone} is in {text}");
    }
    assert_eq!((recorded.exchanges.len(), recorded.left_out), (2, 0));
    // The same mask in both, so that what was recorded can be played.
    let mask = "[secret refresh_token of an answer]";
    assert_eq!(recorded.exchanges[1].url.query_pairs().next().unwrap().1, mask);
    assert!(text.contains(mask) && text.contains("Sarah"), "{text}");
}

#[tokio::test]
async fn an_answer_with_credentials_without_end_is_not_kept() {
    let all: Vec<String> = (0..300).map(|n| format!(r#"{{"token":"handed-out-{n:04}"}}"#)).collect();
    let recorded = recorded_answer(format!("[{}]", all.join(",")), "x").await;
    assert_eq!((recorded.exchanges.len(), recorded.left_out), (0, 2));
}

#[tokio::test]
async fn a_recording_is_valid_har() {
    let (exchanges, _) = recorded().await;
    let har: serde_json::Value = serde_json::from_str(&har::write(&exchanges, &Note::default())).unwrap();
    let log = &har["log"];
    assert_eq!((&log["version"], &log["creator"]["name"]), (&"1.2".into(), &"Presetter".into()));
    for entry in log["entries"].as_array().unwrap() {
        assert_eq!(entry["startedDateTime"], "2026-01-01T00:00:00.123Z");
        for (part, keys) in [
            (
                "request",
                &["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"][..],
            ),
            (
                "response",
                &[
                    "status",
                    "statusText",
                    "httpVersion",
                    "cookies",
                    "headers",
                    "content",
                    "redirectURL",
                    "headersSize",
                    "bodySize",
                ],
            ),
            ("timings", &["send", "wait", "receive"]),
        ] {
            keys.iter().for_each(|key| assert!(entry[part].get(key).is_some(), "{part} {key}"));
        }
        assert!(entry["cache"].is_object() && entry["time"].is_number());
        let content = &entry["response"]["content"];
        assert!(content["size"].is_number() && content["mimeType"].is_string());
    }
}

/// At playback the mask of the token is the token: what is sent with it is masked to the same again.
#[tokio::test]
async fn a_masked_token_round_trips() {
    const MASK: &str = "[secret session token]";
    let (exchanges, _) = recorded().await;
    let redactor = Redactor::new();
    redactor.add("password", &Secret::new("another password".into()));
    let cassette =
        Cassette::new(Arc::new(Tape::new(exchanges)), redactor.clone()).with_stand_in(MASK, "recorded-token");
    let at = url("https://api.example/v1/login");
    let login = request("POST", &at, Some(r#"{"password":"another password"}"#));
    let response = cassette.send(&policy(&at), login).await.unwrap();
    assert!(response.headers.contains(&("authorization".to_owned(), "Bearer recorded-token".to_owned())));
    assert!(String::from_utf8_lossy(&response.body).contains(r#""token":"recorded-token""#));
    redactor.add("session token", &Secret::new("recorded-token".into()));
    let body = r#"{"page":1,"accessToken":"recorded-token"}"#;
    let answer = send(&cassette, "POST", "https://api.example/v1/users?t=recorded-token", Some(body)).await.unwrap();
    assert!(answer.contains("recorded-token"), "{answer}");
    let error = send(&cassette, "POST", "https://api.example/v1/dropped", Some("{}")).await.unwrap_err();
    assert!(matches!(error, Error::Unanswered { .. }));
    assert_eq!(cassette.misses(), []);
}

#[test]
fn browsers_files_are_read() {
    let text = "\u{feff}".to_owned()
        + r#"{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[{"id":"page_1"}],
        "comment":"c","browser":{},"entries":[
        {"_initiator":{"type":"script"},"_priority":"High","pageref":"page_1","cache":{},"startedDateTime":"2026-01-01T02:00:00.5+02:00","time":1.7,
         "request":{"method":"POST","url":"https://h/form","httpVersion":"h2","cookies":[],"headersSize":-1,"bodySize":3,"queryString":[],
           "headers":[{"name":":method","value":"POST"},{"name":"Accept","value":"*/*"},{"name":"content-length","value":"3"}],
           "postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a b","value":"1&2"},{"name":"c"}]}},
         "response":{"status":200,"statusText":"","httpVersion":"h2","headers":[{"name":"Content-Encoding","value":"br"},{"name":"X-Id","value":"7"}],
           "cookies":[],"content":{"size":3,"mimeType":"image/png","text":"iVBO\nRw==","encoding":"base64","compression":1},"redirectURL":"","_transferSize":9},
         "timings":{"send":0,"wait":1,"receive":0},"_webSocketMessages":[{"type":"send","data":"x"}]},
        {"startedDateTime":"?","time":null,"request":{"method":"GET","url":"https://h/blocked"},"response":{"status":0,"_error":"net::ERR_FAILED"}},
        {"request":{"method":"GET","url":"data:text/plain,x"},"response":{"status":200}},
        {"request":{"method":"GET","url":"https://h/empty"},"response":{"status":204,"content":{"size":0}}}
        ]}}"#;
    let read = har::read(&text).unwrap();
    assert_eq!(read.iter().map(|e| e.url.path()).collect::<Vec<_>>(), ["/form", "/blocked", "/empty"]);
    assert_eq!(read[0].body.as_deref(), Some(&b"a+b=1%262&c="[..]));
    assert_eq!(read[0].headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["Accept", "Content-Type"]);
    let answer = read[0].answer.as_ref().unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"\x89PNG"[..]));
    assert_eq!(answer.headers, [("x-id".to_owned(), "7".to_owned())]);
    assert_eq!((read[0].started_ms, read[0].took), (1_767_225_600_500, Duration::from_micros(1700)));
    assert_eq!(read[1].answer, Err(NoAnswer { arrived: true, reason: String::new() }));
    assert_eq!(read[2].answer.as_ref().unwrap().status, 204);
}

#[test]
fn a_mistake_has_its_place() {
    for (text, message, place) in [
        ("{\n  \"log\": {", "this is not JSON: EOF while parsing an object", 11),
        ("{\"log\":{}}", "this is not a HAR file as it should be: missing field \"entries\"", 8),
        (
            "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\",\n\"url\":\"/users\"},\"response\":{}}]}}",
            "this is not a HAR file as it should be: a request's \"url\" is not an address",
            61,
        ),
        (
            "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\",\"url\":\"https://h/\"},\"response\":{\"status\":200,\"content\":{\"text\":\"*\",\"encoding\":\"base64\"}}}]}}",
            "this is not a HAR file as it should be: a body's \"text\" is not base64",
            133,
        ),
    ] {
        let bad = har::read(text).unwrap_err();
        assert_eq!((bad.message.as_str(), bad.place.start), (message, place), "{text}");
        assert!(!bad.hint.is_empty());
    }
    assert!(har::read(&"[".repeat(10_000)).is_err(), "depth is bounded");
    assert!(har::read(&" ".repeat(har::MAX_BYTES + 1)).unwrap_err().message.contains("a cassette may have"));
}

/// A request that the run's end overtakes is recorded as one without an answer.
#[tokio::test]
async fn what_was_under_way_is_recorded() {
    struct Never;
    #[async_trait::async_trait]
    impl Transport for Never {
        async fn send(&self, _: &presetter_egress::Policy, _: Request) -> Result<Response, Error> {
            std::future::pending().await
        }
    }
    let recording = Recording::new(Arc::new(Never), || 0);
    tokio::select! {
        biased;
        _ = send(&recording, "POST", "https://h/a", Some("{}")) => unreachable!("it never ends"),
        () = std::future::ready(()) => {}
    }
    let recorded = recording.take(&Masks::new(Redactor::new()));
    assert_eq!(recorded.exchanges.len(), 1);
    assert!(recorded.exchanges[0].answer.as_ref().is_err_and(|none| none.arrived));
}
