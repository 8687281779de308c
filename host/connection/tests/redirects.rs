//! Where redirects lead, and what goes along.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::*;
use presetter_connection::{Access, AccessContext, Body, Connection, Error, Outgoing, Redirects, Wire};
use presetter_egress::{Error as EgressError, Policy, Request, Response, Transport, admit};
use presetter_manifest::Bundle;
use presetter_secret::Redactor;

/// Answers by address, and remembers what was let through.
struct Net {
    answers: Vec<(String, Response)>,
    sent: Mutex<Vec<Sent>>,
    certificates: Mutex<Vec<bool>>,
}

#[async_trait]
impl Transport for Net {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, EgressError> {
        admit(policy, &request)?;
        let url = request.url.to_string();
        self.certificates.lock().unwrap().push(policy.tls.identity.is_some());
        self.sent.lock().unwrap().push(Sent { url: url.clone(), headers: request.headers, body: String::new() });
        if request.url.path() == "/v1/login" {
            let mut answer = response(200, "{}");
            answer.headers.push(("authorization".into(), format!("Bearer {TOKEN}")));
            return Ok(answer);
        }
        let answer = self.answers.iter().find(|(from, _)| *from == url).unwrap_or_else(|| panic!("no answer at {url}"));
        Ok(answer.1.clone())
    }
}

const TOKEN: &str = "token-0123456789";
const FILES: &str = "https://files.example.com";

/// The bundle of the other tests, which may also read from another server.
fn bundle() -> Bundle {
    let grant = "[[grants]]\nmethods = [\"GET\", \"HEAD\"]\nhost = \"files.example.com\"\npaths = [\"a\", \"b\"]\n\
                 [[grants]]\nmethods = [\"GET\"]\nhost = \"169.254.169.254\"\npaths = [\"**\"]\n\
                 [[grants]]\nmethods = [\"GET\"]\nhost = \"[::ffff:10.0.0.1]\"\npaths = [\"**\"]\n\
                 [[grants]]\nmethods = [\"GET\"]\nhost = \"127.0.0.1\"\npaths = [\"**\"]\n\
                 [[grants]]\nmethods = [\"GET\", \"HEAD\"]\npaths = [\"users\", \"users/*\"]\n";
    let text = BUNDLE.replacen("[connections.session]", &format!("{grant}\n[connections.session]"), 1);
    Bundle::parse("bundle.toml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn to(status: u16, location: &str) -> Response {
    let mut answer = response(status, "moved");
    answer.headers.push(("location".into(), location.into()));
    answer.headers.push(("set-cookie".into(), "hop=1".into()));
    answer
}

struct Played {
    result: Result<presetter_connection::Answer, Error>,
    sent: Vec<Sent>,
    certificates: Vec<bool>,
    wires: Vec<Wire>,
}

impl Played {
    fn urls(&self) -> Vec<&str> {
        self.sent.iter().map(|sent| sent.url.as_str()).filter(|url| !url.ends_with("/login")).collect()
    }

    fn denied(&self) -> String {
        let error = self.result.as_ref().unwrap_err();
        assert_eq!(error.kind(), "denied", "{error}");
        error.to_string()
    }
}

async fn play_as(connection: Connection, request: &Outgoing, answers: &[(&str, Response)]) -> Played {
    let stage = Stage::new();
    stage.set("KEY", "key+/=0123");
    let net = Arc::new(Net {
        answers: answers.iter().map(|(url, answer)| ((*url).to_owned(), answer.clone())).collect(),
        sent: Mutex::default(),
        certificates: Mutex::default(),
    });
    let bundle = bundle();
    let context = AccessContext {
        transport: net.clone(),
        surroundings: stage.world.clone(),
        state_dir: Some(stage.folder.path().join("state")),
        redactor: Redactor::new(),
        clock: stage.clock.clone(),
        bundle_file: "bundle.toml of vendor".into(),
        limits: Default::default(),
    };
    let kind = bundle.connections[&connection.kind].clone();
    let access = Access::open(connection, kind, &bundle.grants, context).unwrap();
    let wires = Mutex::new(Vec::new());
    let result = access.send_watched(request, &|wire| wires.lock().unwrap().push(wire)).await;
    let sent = net.sent.lock().unwrap().clone();
    let certificates = net.certificates.lock().unwrap().clone();
    Played { result, sent, certificates, wires: wires.into_inner().unwrap() }
}

async fn play(kind: &str, request: &Outgoing, answers: &[(&str, Response)]) -> Played {
    play_as(connection(kind), request, answers).await
}

/// A GET of `users` whose redirects are followed, with headers that are and are not harmless.
fn get() -> Outgoing {
    let headers = [("Accept", "text/csv"), ("user-agent", "x/1"), ("X-Account", "acme")];
    Outgoing {
        method: "GET".into(),
        path: vec!["users".into()],
        query: vec![("q".into(), "1".into())],
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: None,
        writes: false,
        redirects: Some(Redirects { most: 3, origin: "redirects = 3 in users/preset.toml".into() }),
    }
}

const FIRST: &str = "https://api.example.com/v1/users?q=1";

#[tokio::test]
async fn nothing_is_followed_unless_the_preset_says_so_of_a_plain_read() {
    let refused: [(&str, Outgoing); 6] = [
        ("no rule", Outgoing { redirects: None, ..get() }),
        ("a write", Outgoing { writes: true, ..get() }),
        ("a POST", Outgoing { method: "POST".into(), ..get() }),
        ("a POST that reads", Outgoing { method: "POST".into(), body: Some(Body::Json("{}".into())), ..get() }),
        ("a GET with a body", Outgoing { body: Some(Body::Json("{}".into())), ..get() }),
        ("none allowed", Outgoing { redirects: None, method: "HEAD".into(), ..get() }),
    ];
    for (what, request) in refused {
        for status in [301, 302, 303, 307, 308] {
            let played = play("bearer", &request, &[(FIRST, to(status, "/v1/users/1"))]).await;
            assert_eq!(played.result.as_ref().unwrap().status, status, "{what}");
            assert_eq!(played.urls(), [FIRST], "{what}");
        }
    }
    for status in [200, 300, 304, 305, 306, 399, 404] {
        let played = play("bearer", &get(), &[(FIRST, to(status, "/v1/users/1"))]).await;
        assert_eq!((played.result.as_ref().unwrap().status, played.urls()), (status, vec![FIRST]));
    }
    let played = play("bearer", &get(), &[(FIRST, response(302, "without an address"))]).await;
    assert_eq!((played.result.as_ref().unwrap().status, played.urls()), (302, vec![FIRST]));
}

#[tokio::test]
async fn at_home_the_slots_are_filled_again() {
    for method in ["GET", "HEAD"] {
        let request = Outgoing { method: method.into(), ..get() };
        let next = "https://api.example.com/v1/users/1?page=2&x";
        let answers = [(FIRST, to(302, "users/1?page=2&x#part")), (next, response(200, "{}"))];
        let played = play("session", &request, &answers).await;
        assert_eq!(played.result.as_ref().unwrap().status, 200);
        assert_eq!(played.urls(), [FIRST, next]);
        let [_, first, second] = played.sent.as_slice() else { panic!("a login and two requests") };
        assert_eq!(second.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert_eq!(first.headers, second.headers, "all of it goes again, and no cookie");
    }
}

/// The server repeats the key that it got in the address, as many do that only add a slash.
#[tokio::test]
async fn a_key_in_the_address_is_put_there_once() {
    let first = format!("{FIRST}&api%20key=key%2B%2F%3D0123");
    let next = "https://api.example.com/v1/users/1?q=1&api%20key=key%2B%2F%3D0123";
    for echo in ["users/1?q=1&api%20key=key%2B%2F%3D0123", "users/1?api+key=x&q=1", "users/1?q=1&%61pi%20key"] {
        let answers = [(first.as_str(), to(308, echo)), (next, response(200, "{}"))];
        let played = play("places", &get(), &answers).await;
        assert_eq!(played.urls(), [first.as_str(), next], "{echo}");
        assert_eq!(played.sent[1].header("x-api-key"), Some("SSWS key+/=0123"));
    }
}

#[tokio::test]
async fn another_server_gets_what_is_harmless_and_no_more() {
    for kind in ["session", "places", "basic", "bearer"] {
        let first = if kind == "places" { format!("{FIRST}&api%20key=key%2B%2F%3D0123") } else { FIRST.to_owned() };
        let next = format!("{FILES}/a?sig=1");
        let answers = [(first.as_str(), to(302, &next)), (next.as_str(), response(200, "{}"))];
        let played = play(kind, &get(), &answers).await;
        assert_eq!(played.result.as_ref().unwrap().status, 200, "{kind}");
        let away = played.sent.last().unwrap();
        assert_eq!(away.url, next);
        let harmless = [("Accept", "text/csv"), ("user-agent", "x/1")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(away.headers, harmless, "{kind}");
    }
}

/// The other server could choose what is done with the account at home.
#[tokio::test]
async fn who_left_home_gets_no_credentials_when_coming_back() {
    let (away, back) = (format!("{FILES}/a"), "https://api.example.com/v1/users/1");
    let again = "https://api.example.com/v1/users/2";
    let answers = [
        (FIRST, to(302, &away)),
        (away.as_str(), to(302, back)),
        (back, to(302, "/v1/users/2")),
        (again, response(401, "{}")),
    ];
    let played = play("session", &get(), &answers).await;
    assert_eq!(played.urls(), [FIRST, &away, back, again]);
    for sent in &played.sent[2..] {
        assert!(sent.headers.iter().all(|(name, _)| ["Accept", "user-agent"].contains(&name.as_str())), "{sent:?}");
    }
    // And what comes back says nothing of the session, so there is no second login.
    assert_eq!(played.result.as_ref().unwrap().status, 401);
    assert_eq!(played.sent.iter().filter(|sent| sent.url.ends_with("/login")).count(), 1);
}

#[tokio::test]
async fn another_scheme_or_port_is_another_server() {
    let mut near = connection("bearer");
    near.allow_private = true;
    let plain = "http://api.example.com/v1/users/1";
    let answers = [(FIRST, to(302, plain)), (plain, response(200, "{}"))];
    let played = play_as(near, &get(), &answers).await;
    assert_eq!(played.urls(), [FIRST, plain]);
    assert_eq!((played.sent[1].header("authorization"), played.sent[1].header("x-account")), (None, None));
    let played = play("bearer", &get(), &[(FIRST, to(302, "https://api.example.com:8443/v1/users"))]).await;
    let said = played.denied();
    assert!(said.contains("no grant allows GET https://api.example.com:8443/v1/users"), "{said}");
    assert!(said.contains("host = \"api.example.com\", port = 8443"), "{said}");
}

#[tokio::test]
async fn a_bad_hop_is_denied_and_nothing_of_it_is_sent() {
    let long = format!("{FILES}/a?{}", "x".repeat(8 * 1024));
    let secret = format!("{FILES}/a?k=key%2B%2F%3D0123");
    let table: &[(&str, &str)] = &[
        ("https://169.254.169.254/latest/meta-data", "metadata"),
        ("http://169.254.169.254/latest/meta-data", "uses http"),
        ("https://0x7f.1/", "leads to 127.0.0.1, a loopback address"),
        ("https://2130706433/", "leads to 127.0.0.1"),
        ("https://0177.0.0.1/", "leads to 127.0.0.1"),
        ("https://127.1/", "leads to 127.0.0.1"),
        ("https://[::ffff:10.0.0.1]/", "an IPv4 address written as IPv6"),
        ("https://localhost/", "leads to 127.0.0.1"),
        ("//169.254.169.254/", "metadata"),
        ("https://elsewhere.example/", "no grant allows GET https://elsewhere.example/"),
        ("https://files.example.com/c", "no grant allows GET https://files.example.com/c"),
        ("https://files.example.com:8443/a", "no grant allows"),
        ("/v2/users", "no grant allows GET https://api.example.com/v2/users"),
        // A server that puts the key into the address that it gives: the message names the address without it.
        ("/v2/key%2B%2F%3D0123/x", "no grant allows GET https://api.example.com/v2/[secret"),
        ("http://api.example.com/v1/users/1", "uses http, which anyone on the way can read"),
        ("https://ann:s3cret@files.example.com/a", "carries a user name or password"),
        ("ftp://files.example.com/a", "uses `ftp`"),
        ("javascript:alert(1)", "uses `javascript`"),
        ("https://", "what is no address"),
        ("https://files.example.com:99999/a", "what is no address"),
        ("https://files.example.com/a\r\nX: y", "what is no address"),
        ("https://files.exam\tple.com/a", "what is no address"),
        (&long, "more than 8192 bytes"),
        (&secret, "carries a credential of the connection"),
        ("https://files.example.com/a?k=key%252B%252F%253D0123", "carries a credential of the connection"),
        // Also in hexadecimal, as a part of a host's name.
        ("//6b65792b2f3d30313233.example/", "carries a credential of the connection"),
        ("users?q=1", "in a circle"),
        ("", "in a circle"),
    ];
    for (location, words) in table {
        let played = play("bearer", &get(), &[(FIRST, to(302, location))]).await;
        let said = played.denied();
        assert!(said.contains(words), "{location:?}: {said}");
        assert!(!["s3cret", "0123", "6b65792b2f3d30313233"].iter().any(|secret| said.contains(secret)), "{said}");
        assert_eq!(played.urls(), [FIRST], "{location}");
        assert!(said.starts_with("not allowed: https://api.example.com/v1/users redirects"), "{said}");
    }
    let mut two = to(302, "/v1/users/1");
    two.headers.push(("location".into(), "/v1/users/2".into()));
    let played = play("bearer", &get(), &[(FIRST, two)]).await;
    assert!(played.denied().contains("several addresses at once"));
}

#[tokio::test]
async fn too_many_are_denied_with_the_line_that_allows_so_many() {
    let step = |n: usize| format!("https://api.example.com/v1/users/{n}");
    let urls: Vec<String> = (1..=4).map(step).collect();
    let mut answers = vec![(FIRST, to(302, "users/1"))];
    answers.extend(urls.iter().enumerate().map(|(n, url)| (url.as_str(), to(302, &(n + 2).to_string()))));
    let played = play("bearer", &get(), &answers).await;
    let said = played.denied();
    assert!(said.contains("it would be redirect 4") && said.contains("redirects = 3 in users/preset.toml"), "{said}");
    assert_eq!(played.urls(), [FIRST, &urls[0], &urls[1], &urls[2]]);
    // Every hop is on the wire by itself, and none is left there.
    assert_eq!(played.wires, [Wire::Leaving, Wire::Answered].repeat(4));
}

#[tokio::test]
async fn a_session_that_ended_on_the_way_is_renewed_once() {
    let next = "https://api.example.com/v1/users/1";
    let answers = [(FIRST, to(302, next)), (next, response(401, "{}"))];
    let played = play("session", &get(), &answers).await;
    assert_eq!(played.urls(), [FIRST, next, FIRST, next]);
    assert_eq!(played.result.unwrap_err().kind(), "auth");
}

#[tokio::test]
async fn the_last_answer_is_scrubbed_and_earlier_ones_are_dropped() {
    let next = format!("{FILES}/a");
    let answers = [(FIRST, to(302, &next)), (next.as_str(), response(200, r#"{"you":"key+/=0123"}"#))];
    let answer = play("bearer", &get(), &answers).await.result.unwrap();
    assert!(!String::from_utf8_lossy(&answer.body).contains("key+/=0123"), "{:?}", answer.body);
    assert!(!answer.headers.iter().any(|(name, _)| name == "location" || name == "set-cookie"));
}

#[tokio::test]
async fn a_client_certificate_is_for_home_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (pem, _) = certificate();
    let file = folder.path().join("client.pem");
    private_file(&file, &pem);
    let mut with = connection("session");
    with.client_certificate = Some(format!("file:{}", file.display()).parse().unwrap());
    let (away, back) = (format!("{FILES}/a"), "https://api.example.com/v1/users/1");
    let answers = [(FIRST, to(302, &away)), (away.as_str(), to(302, back)), (back, response(200, "{}"))];
    let played = play_as(with, &get(), &answers).await;
    assert_eq!(played.certificates, [true, true, false, false], "the login, home, away, and back");
}
