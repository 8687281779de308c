//! A vendor with a login, a clock that tests turn, and connections to it. No network.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use presetter_connection::{
    Access, AccessContext, Answer, Body, Clock, Connection, Error, Outgoing, Reference, Source, Surroundings,
};
use presetter_egress::{Error as EgressError, Policy, Request, Response, Stub, Transport};
use presetter_manifest::Bundle;
use presetter_secret::{Redactor, Secret};

pub const BASE: &str = "https://api.example.com/v1";

/// The bundle of the tests: a kind for each way.
pub const BUNDLE: &str = r#"
name = "vendor"
version = "1.0.0"
contract = "0.1"
title = "Vendor"

[[grants]]
methods = ["GET", "POST"]
paths = ["login", "users", "users/*"]

[connections.session]
title = "Session"
auth = "session"
fields.email = { help = "the e-mail address that you log in with" }
secrets.password = { help = "its password" }
secrets.access_token = { help = "under My School, API Integration" }
slots = [
  { into = "header", name = "Authorization", value = "Bearer {{session.token}}" },
  { into = "header", name = "accessToken", value = "{{secrets.access_token}}" },
]
[connections.session.login]
path = ["login"]
headers = { accessToken = "{{secrets.access_token}}" }
body = '{"email": {{fields.email}}, "password": {{secrets.password}}}'
token = { from = "header", name = "Authorization", strip_prefix = "Bearer " }
lifetime = "24h"
[connections.session.expired]
status = [401, 403]
invalid_when = 'response.status == "SESSION_OVER"'

[connections.json-session]
title = "Token in the body"
auth = "session"
fields.user = { help = "user" }
secrets.password = { help = "its password" }
slots = [{ into = "header", name = "Authorization", value = "Bearer {{session.token}}" }]
[connections.json-session.login]
path = ["login"]
basic = ["{{fields.user}}", "{{secrets.password}}"]
token = { from = "json", name = "/data/token" }
expires = "/data/expires"
failed_when = 'response.status == "ERROR"'

[connections.cookie-session]
title = "Token in a cookie"
auth = "session"
fields.user = { help = "user" }
secrets.password = { help = "its password" }
slots = [{ into = "cookie", name = "sid", value = "{{session.token}}" }]
[connections.cookie-session.login]
path = ["login"]
form = { user = "{{fields.user}}", "pass word" = "{{secrets.password}}" }
token = { from = "cookie", name = "sid" }

[connections.basic]
title = "Basic"
auth = "basic"
fields.user = { help = "user" }
secrets.password = { help = "its password" }
username = "{{fields.user}}/token"
password = "{{secrets.password}}"

[connections.bearer]
title = "Bearer"
auth = "bearer"
secrets.key = { help = "the key" }
token = "{{secrets.key}}"

[connections.places]
title = "A key in every place"
auth = "api-key"
secrets.key = { help = "the key" }
slots = [
  { into = "header", name = "X-Api-Key", value = "SSWS {{secrets.key}}" },
  { into = "query", name = "api key", value = "{{secrets.key}}" },
  { into = "cookie", name = "k", value = "{{secrets.key}}" },
]

[connections.form]
title = "A key in a form"
auth = "api-key"
secrets.key = { help = "the key" }
slots = [{ into = "form", name = "the key", value = "{{secrets.key}}" }]

[connections.json]
title = "A key in a JSON body"
auth = "api-key"
secrets.key = { help = "the key" }
slots = [{ into = "json", name = "/auth/a~1b", value = "{{secrets.key}}" }]

[connections.none]
title = "Open"
auth = "none"
"#;

pub fn bundle() -> Bundle {
    Bundle::parse("bundle.toml", BUNDLE).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A connection of a kind, with its password in the environment of [`World`].
pub fn connection(kind: &str) -> Connection {
    let kind_of = &bundle().connections[kind];
    let secret = |name: &String| (name.clone(), Reference::Env(name.to_uppercase()));
    let source = Source::BuiltIn { bundle: "vendor".into() };
    Connection {
        fields: kind_of.fields.keys().map(|name| (name.clone(), format!("{name}@example.com"))).collect(),
        secrets: kind_of.secrets.keys().map(secret).collect(),
        ..Connection::new("m", kind, source, BASE)
    }
}

/// The time of a test: stands still until it is turned.
pub struct TestClock(AtomicU64);

impl TestClock {
    pub fn turn(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }

    pub fn back(&self, by: Duration) {
        self.0.fetch_sub(by.as_millis() as u64, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    async fn sleep(&self, duration: Duration) {
        self.turn(duration);
    }
}

/// The environment of a test, counted.
#[derive(Default)]
pub struct World {
    pub values: Mutex<Vec<(String, String)>>,
    pub asked: AtomicUsize,
    pub prompted: AtomicUsize,
    pub notes: Mutex<Vec<String>>,
}

impl Surroundings for World {
    fn var(&self, name: &str) -> Option<String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let values = self.values.lock().unwrap();
        values.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn prompt(&self, what: &str) -> Result<Secret, String> {
        assert!(what.contains("of connection m"), "{what}");
        self.prompted.fetch_add(1, Ordering::SeqCst);
        Ok(Secret::new(PASSWORD.into()))
    }

    fn note(&self, message: &str) {
        self.notes.lock().unwrap().push(message.into());
    }
}

pub const PASSWORD: &str = "pass \"word\" 1234";
pub const ACCESS_TOKEN: &str = "access-0123456789";

/// What the vendor does.
#[derive(Default)]
pub struct Vendor {
    pub logins: AtomicUsize,
    pub calls: AtomicUsize,
    /// Tokens that it accepts.
    pub valid: Mutex<HashSet<String>>,
    /// The status for a call with a token that it does not accept; 401 if 0.
    pub no: AtomicUsize,
    /// Answers every call so, whatever its token.
    pub always: Mutex<Option<(u16, String)>>,
    /// Answers every login so.
    pub login: Mutex<Option<Result<Response, EgressError>>>,
    /// What was sent last: address, headers, body.
    pub last: Mutex<Option<Sent>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

impl Vendor {
    pub fn logins(&self) -> usize {
        self.logins.load(Ordering::SeqCst)
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub fn forget_tokens(&self) {
        self.valid.lock().unwrap().clear();
    }

    pub fn last(&self) -> Sent {
        self.last.lock().unwrap().clone().expect("something was sent")
    }

    fn answer(&self, request: &Request) -> Result<Response, EgressError> {
        let body = request.body.as_ref().map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
        let sent = Sent { url: request.url.to_string(), headers: request.headers.clone(), body };
        let is_login = request.url.path() == "/v1/login";
        *self.last.lock().unwrap() = Some(sent.clone());
        if is_login {
            let number = self.logins.fetch_add(1, Ordering::SeqCst) + 1;
            if let Some(answer) = self.login.lock().unwrap().clone() {
                return answer;
            }
            let token = format!("token-{number}-{}", "x".repeat(20));
            self.valid.lock().unwrap().insert(token.clone());
            let mut answer = response(200, r#"{"UserID":"1","email":"a@b"}"#);
            answer.headers.push(("authorization".into(), format!("Bearer {token}")));
            // A trap of the real one: constant, and about nothing.
            answer.headers.push(("expires".into(), "Thu, 19 Nov 1981 08:52:00 GMT".into()));
            return Ok(answer);
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some((status, body)) = self.always.lock().unwrap().clone() {
            return Ok(response(status, &body));
        }
        let token = sent.header("authorization").and_then(|h| h.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
        if self.valid.lock().unwrap().contains(&token) {
            Ok(response(200, r#"{"status":"OK"}"#))
        } else {
            let status = self.no.load(Ordering::SeqCst);
            Ok(response(if status == 0 { 401 } else { status as u16 }, r#"{"error":"Invalid session"}"#))
        }
    }
}

pub fn response(status: u16, body: &str) -> Response {
    Response { status, headers: vec![("content-type".into(), "application/json".into())], body: body.to_owned().into() }
}

/// Lets others run before and after each exchange, so that those who wait really wait.
struct Yielding(Stub);

#[async_trait]
impl Transport for Yielding {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, EgressError> {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let answer = self.0.send(policy, request).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        answer
    }
}

/// One machine with one vendor; each [`Stage::process`] is a process of its own as far as memory goes.
pub struct Stage {
    pub vendor: Arc<Vendor>,
    pub world: Arc<World>,
    pub clock: Arc<TestClock>,
    pub folder: tempfile::TempDir,
}

impl Stage {
    pub fn new() -> Self {
        let world = World::default();
        let known = [("PASSWORD", PASSWORD), ("ACCESS_TOKEN", ACCESS_TOKEN), ("KEY", "key+/= 0123")];
        *world.values.lock().unwrap() = known.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Self {
            vendor: Arc::default(),
            world: Arc::new(world),
            clock: Arc::new(TestClock(AtomicU64::new(1_700_000_000_000))),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn set(&self, name: &str, value: &str) {
        self.world.values.lock().unwrap().push((name.into(), value.into()));
    }

    pub fn process(&self, connection: Connection) -> Arc<Access> {
        self.process_of(connection, &bundle())
    }

    pub fn process_of(&self, connection: Connection, bundle: &Bundle) -> Arc<Access> {
        self.process_with(connection, bundle, Some(self.folder.path().join("state")))
    }

    /// Without a folder, nothing is kept.
    pub fn process_with(
        &self,
        connection: Connection,
        bundle: &Bundle,
        state_dir: Option<std::path::PathBuf>,
    ) -> Arc<Access> {
        let vendor = self.vendor.clone();
        let kind = bundle.connections[&connection.kind].clone();
        let context = AccessContext {
            transport: Arc::new(Yielding(Stub::new(move |request| vendor.answer(request)))),
            surroundings: self.world.clone(),
            state_dir,
            redactor: Redactor::new(),
            clock: self.clock.clone(),
            bundle_file: "bundle.toml of vendor".into(),
            limits: Default::default(),
        };
        Arc::new(Access::open(connection, kind, &bundle.grants, context).unwrap())
    }

    pub fn sealed(&self) -> std::path::PathBuf {
        self.folder.path().join("state/sessions/m.sealed")
    }
}

pub fn post(body: Option<Body>, writes: bool) -> Outgoing {
    Outgoing {
        method: "POST".into(),
        path: vec!["users".into()],
        query: Vec::new(),
        headers: Vec::new(),
        body,
        writes,
        redirects: None,
    }
}

pub fn read() -> Outgoing {
    post(Some(Body::Json(r#"{"operation":"list_users"}"#.into())), false)
}

/// Fifty at once.
pub async fn fifty(access: &Arc<Access>) -> Vec<Result<Answer, Error>> {
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let access = access.clone();
            tokio::spawn(async move { access.send(&read()).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

/// A client certificate with its private key, in PEM form, and a line of the key.
pub fn certificate() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["client".to_owned()]).unwrap().self_signed(&key).unwrap();
    let line = key.serialize_pem().lines().nth(1).unwrap().to_owned();
    (format!("{}{}", certificate.pem(), key.serialize_pem()), line)
}

/// A file that only its owner can read.
pub fn private_file(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}
