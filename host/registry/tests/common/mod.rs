//! A registry in memory, the servers around it, and a log of who was shown what.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test uses a part; a panic is a failed test")]

pub mod server;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use presetter_egress::{Error as Broken, Request, Response, Stub};
use presetter_package::{
    Digest,
    media::{MANIFEST, SIGNATURE},
};
use presetter_registry::{
    Access, Credentials, CredentialsError, Error, Host, Login, Options, Reference, Registry, Repository, Wait,
};
use presetter_secret::Secret;
use serde_json::json;
use url::Url;

pub use server::{Asks, State};

pub const NAME: &str = "acme/jamf";
pub const REFERENCE: &str = "r.example/acme/jamf:1.0.0";
pub const PASSWORD: &str = "hunter2-of-ann";

/// One request, as a server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub url: Url,
    pub authorization: Option<String>,
    pub range: Option<String>,
    pub body: Bytes,
}

type Instead = Box<dyn FnMut(&mut State, &Request) -> Option<Result<Response, Broken>> + Send>;
type After = Box<dyn FnMut(&Request, &mut Response) + Send>;

/// All servers of a test.
pub struct World {
    pub state: Mutex<State>,
    log: Mutex<Vec<Seen>>,
    waits: Mutex<Vec<Duration>>,
    /// Answers in the place of any server.
    instead: Mutex<Option<Instead>>,
    /// Changes what the registry answers.
    after: Mutex<Option<After>>,
    login: bool,
}

impl World {
    pub fn new(asks: Asks, login: bool) -> Arc<World> {
        let (state, log, waits) = (Mutex::new(State::new(asks)), Mutex::default(), Mutex::default());
        Arc::new(World { state, log, waits, instead: Mutex::default(), after: Mutex::default(), login })
    }

    /// A registry for everyone, with referrers and ranges.
    pub fn open() -> Arc<World> {
        World::new(Asks::Nothing, false)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn instead(
        &self,
        instead: impl FnMut(&mut State, &Request) -> Option<Result<Response, Broken>> + Send + 'static,
    ) {
        *self.instead.lock().unwrap() = Some(Box::new(instead));
    }

    pub fn after(&self, after: impl FnMut(&Request, &mut Response) + Send + 'static) {
        *self.after.lock().unwrap() = Some(Box::new(after));
    }

    pub fn honest(&self) {
        *self.instead.lock().unwrap() = None;
        *self.after.lock().unwrap() = None;
    }

    fn answer(&self, request: &Request) -> Result<Response, Broken> {
        let header = |name: &str| request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        self.log.lock().unwrap().push(Seen {
            method: request.method.clone(),
            url: request.url.clone(),
            authorization: header("Authorization"),
            range: header("Range"),
            body: request.body.clone().unwrap_or_default(),
        });
        assert_eq!(header("Accept-Encoding").as_deref(), Some("identity"), "{request:?}");
        let mut state = self.state();
        if let Some(instead) = self.instead.lock().unwrap().as_mut()
            && let Some(answer) = instead(&mut state, request)
        {
            return answer;
        }
        let mut response = match request.url.host_str() {
            Some("r.example" | "127.0.0.1") => state.registry(request),
            Some("auth.example") => state.token_service(request),
            other => return Err(Broken::NotSent { reason: format!("no server {other:?} in this test") }),
        };
        if let Some(after) = self.after.lock().unwrap().as_mut() {
            after(request, &mut response);
        }
        Ok(response)
    }

    pub fn registry(self: &Arc<World>, options: Options) -> Registry {
        self.registry_for(Arc::new(Logins(self.login)), options)
    }

    pub fn registry_for(self: &Arc<World>, credentials: Arc<dyn Credentials>, options: Options) -> Registry {
        let world = Arc::clone(self);
        let stub = Arc::new(Stub::new(move |request| world.answer(request)));
        Registry::new(stub, credentials, options).waiting(Arc::new(Waits(Arc::clone(self))))
    }

    pub fn log(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.log.lock().unwrap().clear();
    }

    pub fn waits(&self) -> Vec<u64> {
        self.waits.lock().unwrap().iter().map(Duration::as_secs).collect()
    }

    /// Requests as `METHOD PATH`, for those to the registry.
    pub fn calls(&self) -> Vec<String> {
        self.log().iter().map(|seen| format!("{} {}", seen.method, seen.url.path())).collect()
    }

    /// Nobody but the registry and its token service saw anything secret; of the password the token service alone where
    /// there is one, and nobody at all saw it in an address.
    pub fn assert_no_leak(&self) {
        let asks = self.state().asks;
        for seen in self.log() {
            let host = seen.url.host_str().unwrap();
            assert!(!seen.url.as_str().contains(PASSWORD), "{seen:?}");
            let Some(shown) = seen.authorization else { continue };
            match host {
                "r.example" => assert!(asks != Asks::Bearer || shown.starts_with("Bearer "), "{host}: {shown}"),
                "auth.example" => assert!(asks == Asks::Bearer && shown.starts_with("Basic "), "{host}: {shown}"),
                _ => panic!("{host} saw {shown}"),
            }
        }
    }
}

struct Logins(bool);

impl Credentials for Logins {
    fn for_host(&self, host: &Host) -> Result<Option<Login>, CredentialsError> {
        assert_eq!(host.to_string(), "r.example");
        let password = Secret::new(PASSWORD.to_owned());
        Ok(self.0.then(|| Login::Password { user: "ann".to_owned(), password }))
    }
}

struct Waits(Arc<World>);

#[async_trait]
impl Wait for Waits {
    async fn wait(&self, time: Duration) {
        self.0.waits.lock().unwrap().push(time);
    }
}

pub fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

pub async fn reading(registry: &Registry) -> Repository<'_> {
    registry.open(&reference(REFERENCE), Access::Read).await.unwrap()
}

pub async fn writing(registry: &Registry) -> Repository<'_> {
    registry.open(&reference(REFERENCE), Access::Write).await.unwrap()
}

/// Small pieces, so that small blobs have several.
pub fn pieces(bytes: u64) -> Options {
    Options { chunk_bytes: bytes, ..Options::default() }
}

/// Bytes that differ from place to place.
pub fn bytes(length: usize) -> Bytes {
    (0..length).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect::<Vec<_>>().into()
}

pub fn manifest(mark: &str) -> Bytes {
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "annotations": {"mark": mark}}).to_string().into()
}

/// What carries a signature, by its parts.
pub fn carrier(subject: Digest, signature: &[u8]) -> Bytes {
    let layer = json!({"mediaType": SIGNATURE, "digest": Digest::of(signature).to_string(), "size": signature.len()});
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": SIGNATURE,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest::of(b"{}").to_string(), "size": 2},
        "layers": [layer],
        "subject": {"mediaType": MANIFEST, "digest": subject.to_string(), "size": 2},
    })
    .to_string()
    .into()
}

pub fn nothing(_: u64, _: u64) {}

/// What a person would be told.
pub fn told<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    let told = format!("{error}\n{}\n{error:?}", error.help());
    assert!(!told.contains(PASSWORD) && !told.contains("token-"), "{told}");
    told
}

pub fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, headers, body: body.into() }
}

pub fn set(response: &mut Response, name: &str, value: &str) {
    response.headers.retain(|(key, _)| key != name);
    response.headers.push((name.to_owned(), value.to_owned()));
}

pub fn broken() -> Broken {
    Broken::Unanswered { reason: "the connection broke".to_owned() }
}
