//! A very small HTTP/1.1 client: one request for each connection, blocking.
//!
//! Owns: writing a request and reading its answer to the end of the connection. It blocks on purpose: the stand-in must
//! answer although the test's own thread does not move.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use mosyle_standin::{ACCESS_TOKEN, EMAIL, Oddities, PASSWORD, StandIn, State};
use serde_json::{Value, json};

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The status hidden in `response[0]`, under a top-level OK.
    pub(crate) fn hidden(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        let body = self.json();
        assert_eq!(body["status"], "OK", "{body}");
        body["response"][0]["status"].as_str().unwrap_or_else(|| panic!("nothing hidden: {body}")).to_owned()
    }
}

/// Opens a connection and sends a request, without reading an answer. The timeout only guards against a hanging test.
pub(crate) fn send(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(to).expect("the stand-in listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes).expect("the request can be written");
    stream
}

/// Reads to the end; none if the connection ended without a byte.
pub(crate) fn receive(mut stream: TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    // A connection that is cut may end with a reset in place of an orderly end: no answer either way.
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("no end of the answer: {error}"),
    }
    if bytes.is_empty() {
        return None;
    }
    let text = String::from_utf8(bytes).expect("answers are UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some(Answer { status: status.expect("a status"), headers, body: body.to_owned() })
}

/// A request and its answer, if there is one.
pub(crate) fn call(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    receive(send(to, method, path, headers, body.as_bytes()))
}

/// A stand-in with a client that may have logged in.
pub(crate) struct Bench {
    pub(crate) standin: StandIn,
    /// The value of the header `Authorization`.
    pub(crate) authorization: String,
}

impl Bench {
    pub(crate) async fn start(oddities: Oddities) -> Bench {
        let standin = StandIn::start(oddities).await.expect("a stand-in starts");
        Bench { standin, authorization: String::new() }
    }

    /// Oddities as JSON, logged in to Business.
    pub(crate) async fn business(oddities: Value) -> Bench {
        let mut bench = Bench::start(serde_json::from_value(oddities).expect("known switches")).await;
        bench.authorization = bench.login().header("authorization").expect("a token").to_owned();
        bench
    }

    /// Oddities as JSON, logged in to Manager.
    pub(crate) async fn manager(oddities: Value) -> Bench {
        let mut bench = Bench::start(serde_json::from_value(oddities).expect("known switches")).await;
        bench.authorization = bench.manager_login().header("authorization").expect("a token").to_owned();
        bench
    }

    pub(crate) fn state(&self) -> &State {
        self.standin.state()
    }

    pub(crate) fn to(&self) -> SocketAddr {
        self.standin.address()
    }

    pub(crate) fn login(&self) -> Answer {
        let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        call(self.to(), "POST", "/v1/login", &[("accessToken", ACCESS_TOKEN)], &body).expect("an answer")
    }

    pub(crate) fn manager_login(&self) -> Answer {
        let body = json!({ "accessToken": ACCESS_TOKEN, "email": EMAIL, "password": PASSWORD }).to_string();
        call(self.to(), "POST", "/v2/login", &[], &body).expect("an answer")
    }

    /// `POST /v1/users`, perhaps without an answer.
    pub(crate) fn try_users(&self, body: &Value) -> Option<Answer> {
        let headers = [("accessToken", ACCESS_TOKEN), ("Authorization", self.authorization.as_str())];
        call(self.to(), "POST", "/v1/users", &headers, &body.to_string())
    }

    /// `POST /v1/users`.
    pub(crate) fn users(&self, body: &Value) -> Answer {
        self.try_users(body).expect("an answer")
    }

    /// The block in a Business list's answer.
    pub(crate) fn list(&self, options: Value) -> Value {
        let answer = self.users(&json!({ "operation": "list_users", "options": options })).json();
        assert!(answer["response"][0]["users"].is_array(), "{answer}");
        answer["response"][0].clone()
    }

    /// `POST /v2/..`, with the access token put in.
    pub(crate) fn try_manager_call(&self, path: &str, mut body: Value) -> Option<Answer> {
        body["accessToken"] = ACCESS_TOKEN.into();
        call(self.to(), "POST", path, &[("Authorization", self.authorization.as_str())], &body.to_string())
    }

    /// The same, with an answer.
    pub(crate) fn manager_call(&self, path: &str, body: Value) -> Answer {
        self.try_manager_call(path, body).expect("an answer")
    }
}

/// A good create.
pub(crate) fn create(user_id: &str) -> Value {
    json!({ "operation": "create_user", "user_id": user_id, "name": "Sarah", "type": "ENDUSER" })
}
