//! Answers: what a server says to a login and to a request, for every kind of connection that logs in.
//!
//! Nothing of a secret, and nothing of the token that a login yielded, may be in what is handed on: the answer, an error,
//! or a note. The token is known from the request that went out with it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use presetter_connection::{
    Access, AccessContext, Answer, Body, Clock, Connection, Error, Outgoing, Redirects, Reference, Source, Surroundings,
};
use presetter_egress::{Request, Response, Stub};
use presetter_manifest::Bundle;
use presetter_secret::{Redactor, Secret};

use crate::encodings::{json, reads};
use crate::parts;

/// A bundle with every kind of connection.
static VENDOR: LazyLock<Bundle> = LazyLock::new(|| {
    Bundle::parse("bundle.toml", include_str!("../../../fuzz/seeds/manifest/vendor")).expect("a seed")
});

/// The secrets of the connection, and a token for logins that yield this one: an answer echoes them by these names.
const SECRETS: [(&str, &str); 3] =
    [("password", "pass \"word\" 1234"), ("access_token", "access-0123456789"), ("token", "Fresh+Token/6789")];

/// The kinds of connection that log in.
const KINDS: [&str; 3] = ["session", "json-session", "cookie-session"];

/// An input is a kind of connection, the answer to logins, and the answers to the requests after it.
pub fn check(data: &[u8]) {
    let [kind, login, first, second] = parts(data);
    let kind = KINDS.into_iter().find(|known| *known == kind).unwrap_or(KINDS[kind.len() % KINDS.len()]);
    let [login, first, second] = [login, first, second].map(|text| response(&text));
    let vendor = Arc::new(Vendor::new(login, [first, second]));
    let world = Arc::new(World::default());
    let access = open(kind, vendor.clone(), world.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut secrets: Vec<String> = access.connection().secrets.keys().filter_map(|name| world.var(name)).collect();
    for writes in [false, true] {
        let outcome = runtime.block_on(access.send(&request(writes)));
        // Any word of our own messages may be a token too, so only those count that are made of ours.
        secrets.extend(vendor.tokens().into_iter().filter(|token| token.contains(SECRETS[2].1)));
        check_outcome(&outcome, &secrets);
    }
    let notes = world.notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.iter().for_each(|note| check_shown(note.as_bytes(), &secrets));
}

fn check_outcome(outcome: &Result<Answer, Error>, secrets: &[String]) {
    match outcome {
        Ok(answer) => {
            check_shown(&answer.body, secrets);
            answer.headers.iter().for_each(|(name, value)| check_shown(format!("{name}: {value}").as_bytes(), secrets));
        }
        Err(error) => check_shown(format!("{error}\n{error:?}").as_bytes(), secrets),
    }
}

/// Nothing secret can be read in it.
fn check_shown(text: &[u8], secrets: &[String]) {
    for secret in secrets {
        let how = reads(text, secret.as_bytes());
        assert!(how.is_none(), "{secret:?} can be read ({how:?}) in {:?}", String::from_utf8_lossy(text));
    }
}

/// An answer: a status, lines of headers, an empty line, the body. Echoes of secrets stand in it as `@NAME@`,
/// `@NAME.json@`, `@NAME.hex@` and `@NAME.base64@`.
fn response(text: &str) -> Response {
    let mut text = text.to_owned();
    for (name, secret) in SECRETS {
        let forms = [
            ("", secret.to_owned()),
            (".json", json(secret)),
            (".hex", hex::encode(secret)),
            (".base64", STANDARD.encode(format!("user:{secret}"))),
        ];
        for (form, written) in forms {
            text = text.replace(&format!("@{name}{form}@"), &written);
        }
    }
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.trim().parse().ok()).filter(|status| (100..1000).contains(status));
    let headers = lines.filter_map(|line| line.split_once(": "));
    Response {
        status: status.unwrap_or(200),
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
        body: body.to_owned().into(),
    }
}

/// A read that follows redirects, or a write.
fn request(writes: bool) -> Outgoing {
    let method = if writes { "POST" } else { "GET" };
    let body = writes.then(|| Body::Json(r#"{"operation":"save_user"}"#.into()));
    let redirects = (!writes).then(|| Redirects { most: 2, origin: "redirects = 2".into() });
    let path = vec!["users".into()];
    Outgoing { method: method.into(), path, query: Vec::new(), headers: Vec::new(), body, writes, redirects }
}

fn open(kind: &str, vendor: Arc<Vendor>, world: Arc<World>) -> Access {
    let kind_of = &VENDOR.connections[kind];
    let source = Source::BuiltIn { bundle: "vendor".into() };
    let mut connection = Connection::new("m", kind, source, "https://api.example.com/v1");
    let fields = kind_of.fields.keys();
    connection.fields = fields.map(|name| (name.clone(), format!("{name}@example.com"))).collect();
    connection.secrets = kind_of.secrets.keys().map(|name| (name.clone(), Reference::Env(name.clone()))).collect();
    let context = AccessContext {
        transport: Arc::new(Stub::new(move |request| Ok(vendor.answer(request)))),
        surroundings: world,
        // Nothing is stored, and runs do not depend on each other.
        state_dir: None,
        redactor: Redactor::new(),
        clock: Arc::new(StillClock),
        bundle_file: "bundle.toml of vendor".into(),
        limits: Default::default(),
    };
    Access::open(connection, kind_of.clone(), &VENDOR.grants, context).expect("a connection")
}

/// A server that answers as the input says, and remembers the tokens that requests came with.
struct Vendor {
    login: Response,
    answers: [Response; 2],
    calls: AtomicUsize,
    tokens: Mutex<Vec<String>>,
}

impl Vendor {
    fn new(login: Response, answers: [Response; 2]) -> Self {
        Self { login, answers, calls: AtomicUsize::new(0), tokens: Mutex::default() }
    }

    fn answer(&self, request: &Request) -> Response {
        assert_eq!(request.url.host_str(), Some("api.example.com"), "whatever is answered, nobody else is asked");
        if request.url.path() == "/v1/login" {
            return self.login.clone();
        }
        let token = request.headers.iter().find_map(|(name, value)| match name.to_ascii_lowercase().as_str() {
            "authorization" => value.strip_prefix("Bearer "),
            "cookie" => value.strip_prefix("sid="),
            _ => None,
        });
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).extend(token.map(str::to_owned));
        self.answers[self.calls.fetch_add(1, Ordering::Relaxed) % 2].clone()
    }

    fn tokens(&self) -> Vec<String> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Default)]
struct World {
    notes: Mutex<Vec<String>>,
}

impl Surroundings for World {
    fn var(&self, name: &str) -> Option<String> {
        SECRETS.iter().find(|(known, _)| *known == name).map(|(_, secret)| (*secret).to_owned())
    }

    fn prompt(&self, _: &str) -> Result<Secret, String> {
        Err("nobody is there".into())
    }

    fn note(&self, message: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(message.into());
    }
}

struct StillClock;

#[async_trait]
impl Clock for StillClock {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000
    }

    async fn sleep(&self, _: Duration) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_are_written() {
        let answer = response("401\nX-Echo: @token@\nno header\n\n{\"a\": \"@password.json@\"}\n\n");
        assert_eq!(answer.status, 401);
        assert_eq!(answer.headers, [("x-echo".to_owned(), "Fresh+Token/6789".to_owned())]);
        assert_eq!(answer.body, "{\"a\": \"pass \\\"word\\\" 1234\"}\n\n");
        assert_eq!(response("99").status, 200);
    }

    #[test]
    fn a_leak_is_noticed() {
        let secrets = SECRETS.map(|(_, secret)| secret.to_owned());
        check_shown(b"nothing", &secrets);
        for text in ["@password.json@", "@access_token.hex@", "@token@", "@token.base64@"] {
            let body = response(&format!("200\n\n{text}")).body;
            assert!(std::panic::catch_unwind(|| check_shown(&body, &secrets)).is_err(), "{text}");
        }
    }
}
