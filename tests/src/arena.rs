//! Where components are let loose: the runtime in this process, the real transport, a server on this machine.
//!
//! Owns: the bundle of the hostile guest, and runs with everything that left them. Keeps: each run has an access, a redactor
//! and a state folder as the program would give it; the engine is one for all of them, as in a program that goes on.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mosyle_standin::{ACCESS_TOKEN, EMAIL, PASSWORD};
use presetter_bundle::Bundle;
use presetter_connection::{Access, AccessContext, Connection, Surroundings, SystemClock};
use presetter_egress::{Live, Resolver};
use presetter_runtime::{
    CancellationToken, Component, Engine, EngineOptions, Invocation, Kind, Limit, Limits, Report, RunObserver, Runner,
    Sending, Setup, Verdict,
};
use presetter_secret::{Redactor, Secret};
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::guest;
use crate::program::scratch;
use crate::secrets::Search;
use crate::server::{SESSION, Server};

/// What the hostile guest may call, and the kinds of connection that it can be given.
const BUNDLE: &str = r#"
name = "hostile"
version = "1.0.0"
contract = "0.1"
title = "Hostile"
component = "hostile.wasm"
[[grants]]
methods = ["GET", "POST", "DELETE"]
paths = ["open/**"]
[connections.open]
title = "Without credentials"
auth = "none"
[connections.session]
title = "A session and a key"
auth = "session"
fields.email = { help = "e-mail" }
secrets.password = { help = "password" }
secrets.access_token = { help = "key" }
slots = [
    { into = "header", name = "accessToken", value = "{{secrets.access_token}}" },
    { into = "header", name = "Authorization", value = "Bearer {{session.token}}" },
]
[connections.session.login]
path = ["login"]
headers = { accessToken = "{{secrets.access_token}}" }
body = '{ "email": {{fields.email}}, "password": {{secrets.password}} }'
token = { from = "header", name = "Authorization", strip_prefix = "Bearer " }
[connections.session.expired]
status = [401]
[connections.basic]
title = "HTTP Basic and a key"
auth = "basic"
fields.email = { help = "e-mail" }
secrets.password = { help = "password" }
secrets.access_token = { help = "key" }
username = "{{fields.email}}"
password = "{{secrets.password}}"
slots = [{ into = "header", name = "accessToken", value = "{{secrets.access_token}}" }]
"#;

/// The grant of `POST login`, without which no session can be opened. Kept apart: it is the one path outside of `open/`.
const LOGIN: &str = "[[grants]]\nmethods = [\"POST\"]\npaths = [\"login\"]\n";

const READS: [&str; 25] = [
    "any",
    "claims",
    "deep-json",
    "echo-passer",
    "endless-loop",
    "endless-recursion",
    "huge-output",
    "huge-request",
    "keeper",
    "log-flood",
    "memory-hog",
    "not-json",
    "odd-bodies",
    "odd-headers",
    "odd-methods",
    "odd-paths",
    "other-hosts",
    "piecemeal",
    "request-storm",
    "row-flood",
    "side-doors",
    "steering",
    "wait-for-ever",
    "well-behaved",
    "marker-forger",
];
const WRITES: [&str; 2] = ["write-then-spin", "write-twice"];
/// What their manifests say beside: the inputs by which tests choose.
const INPUTS: &str = "[inputs]\nplace = { type = 'string' }\nlines = { type = 'string' }\nfirst = { type = 'string' }\n\
    second = { type = 'string' }\n";
/// What the manifests of those say that have a request of their own.
const REQUEST: &str = "[request]\nmethod = 'POST'\npath = ['open', 'take', '{{value}}']\nquery = { q = '{{value}}' }\nheaders = { X-Marker = '{{value}}' }\n\
     body = '{ \"value\": {{value}}, \"inside\": \"{{value}}\" }'\n";

/// Writes the bundle of the hostile guest, its component too.
pub fn write_bundle(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(
        folder.join("bundle.toml"),
        BUNDLE.replacen("[connections.open]", &(LOGIN.to_owned() + "[connections.open]"), 1),
    )
    .unwrap();
    fs::write(folder.join("hostile.wasm"), guest::hostile()).unwrap();
    let manifest = |name: &str, effect: &str| {
        fs::create_dir_all(folder.join(name)).unwrap();
        let more = match name {
            "marker-forger" => REQUEST.to_owned() + "[inputs]\nvalue = { type = 'string' }\n",
            "deep-json" | "not-json" => format!("{REQUEST}{INPUTS}value = {{ type = 'string' }}\n"),
            _ => INPUTS.to_owned(),
        };
        fs::write(folder.join(name).join("preset.toml"), format!("title = '{name}'\n{effect}\n{more}")).unwrap();
    };
    READS.iter().for_each(|name| manifest(name, "effect = 'read'"));
    WRITES.iter().for_each(|name| manifest(name, "effect = 'create'\nrepeat = 'none'"));
}

/// What an operator has: the secrets of the connections, by the names of variables.
struct Operator;

impl Surroundings for Operator {
    fn var(&self, name: &str) -> Option<String> {
        match name {
            "PASSWORD" => Some(PASSWORD.into()),
            "TOKEN" => Some(ACCESS_TOKEN.into()),
            _ => None,
        }
    }

    fn prompt(&self, _: &str) -> Result<Secret, String> {
        Err("nobody is there".into())
    }
}

/// A name server that the attacker owns: its names lead to this machine, and to where clouds hand out credentials.
struct Names;

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![if name.starts_with("metadata") { [169, 254, 169, 254].into() } else { [127, 0, 0, 1].into() }])
    }
}

/// The search for every secret of an arena's connections, and for those of these sessions.
#[must_use]
pub fn secrets(sessions: impl IntoIterator<Item = String>) -> Search {
    let known = [("password", PASSWORD), ("access token", ACCESS_TOKEN), ("session", SESSION)];
    let known = known.map(|(name, secret)| (name.to_owned(), secret.to_owned()));
    let pair = ("pair".to_owned(), format!("{EMAIL}:{PASSWORD}"));
    let sessions = sessions.into_iter().enumerate().map(|(at, token)| (format!("session {at}"), token));
    Search::new(known.into_iter().chain([pair]).chain(sessions))
}

/// One engine with one bundle and its component, against one server.
pub struct Arena {
    folder: TempDir,
    bundle: Arc<Bundle>,
    base_url: String,
    engine: Engine,
    component: Component,
    transport: Arc<Live>,
    memories: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Arena {
    /// The hostile guest against a server.
    #[must_use]
    pub fn hostile(server: &Server) -> Self {
        Self::of_hostile(server, scratch("compiled"), false)
    }

    /// The same, and the memory of each component is kept after its run.
    #[must_use]
    pub fn hostile_witnessed(server: &Server) -> Self {
        Self::of_hostile(server, scratch("witnessed"), true)
    }

    /// The same, with compiled code in a folder of its own.
    #[must_use]
    pub fn hostile_compiled_in(server: &Server, folder: PathBuf) -> Self {
        Self::of_hostile(server, folder, false)
    }

    /// The built-in bundle for Mosyle and the interpreter of recipes, their memory kept after each run.
    #[must_use]
    pub fn mosyle_witnessed(base_url: &str) -> Self {
        let bundle = Bundle::built_in("mosyle").unwrap().unwrap();
        Self::new(
            TempDir::new().unwrap(),
            bundle,
            base_url.to_owned(),
            presetter_pack::RECIPE.component,
            scratch("witnessed"),
            true,
        )
    }

    fn of_hostile(server: &Server, compiled: PathBuf, witnessed: bool) -> Self {
        let folder = TempDir::with_prefix("presetter-arena-").unwrap();
        write_bundle(&folder.path().join("bundle"));
        let bundle = Bundle::open_folder(&folder.path().join("bundle")).unwrap();
        let component = bundle.component().unwrap().unwrap();
        Self::new(folder, bundle, server.url(), &component, compiled, witnessed)
    }

    fn new(
        folder: TempDir,
        bundle: Bundle,
        base_url: String,
        component: &[u8],
        compiled: PathBuf,
        witnessed: bool,
    ) -> Self {
        let memories: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let mut options = EngineOptions::cached(compiled);
        if witnessed {
            let kept = memories.clone();
            options.witness = Some(Arc::new(move |memory| kept.lock().unwrap().push(memory.to_vec())));
        }
        let engine = Engine::new(options).unwrap();
        let component = engine.load(component).unwrap();
        let transport = Arc::new(Live::with_resolver(Arc::new(Names)));
        Self { folder, bundle: Arc::new(bundle), base_url, engine, component, transport, memories }
    }

    /// Loads another component into the same engine.
    #[must_use]
    pub fn load(&self, bytes: &[u8]) -> Component {
        self.engine.load(bytes).unwrap()
    }

    /// The folder of everything that is kept on disk, but for compiled code.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The memories of the components whose runs have ended since this was asked last.
    #[must_use]
    pub fn memories(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.memories.lock().unwrap())
    }

    /// Plays a run to its end.
    pub async fn play(&self, play: &Play) -> Played {
        let watcher = Arc::new(Watcher { veto: play.veto, ..Watcher::default() });
        let (observer, cancel) = (watcher.clone(), play.cancel.clone());
        let invocation = Invocation { inputs: play.inputs.clone(), observer, cancel };
        let report = self.runner(play).run(&invocation).await;
        let (logs, rows) = (std::mem::take(&mut *watcher.logs.lock().unwrap()), watcher.rows.lock().unwrap().clone());
        Played { report, logs, rows, rows_count: watcher.counted.load(Ordering::SeqCst) }
    }

    /// Plays a run that must end well, as proof that the engine goes on serving.
    pub async fn still_serves(&self) {
        let played = self.play(&Play::of("well-behaved")).await;
        assert_eq!(played.report.outcome.kind, Kind::Ok, "{:?}", played.report);
        assert_eq!(played.report.outputs["came"]["status"], 200, "{:?}", played.report);
    }

    fn runner(&self, play: &Play) -> Runner {
        let manifest = self.bundle.manifest();
        let kind = manifest.connections[&play.kind].clone();
        let (base_url, near) = play.elsewhere.clone().unwrap_or_else(|| (self.base_url.clone(), true));
        let mut connection = Connection::new("c", &play.kind, self.bundle.source().clone(), &base_url);
        connection.allow_private = near;
        connection.read_only = play.read_only;
        connection.fields.extend(kind.fields.keys().map(|name| (name.clone(), EMAIL.to_owned())));
        for (name, variable) in [("password", &play.password_from), ("access_token", &"TOKEN".to_owned())] {
            if kind.secrets.contains_key(name) {
                connection.secrets.insert(name.into(), format!("env:{variable}").parse().unwrap());
            }
        }
        let context = AccessContext {
            transport: self.transport.clone(),
            surroundings: Arc::new(Operator),
            state_dir: Some(self.folder.path().join("state")),
            redactor: Redactor::new(),
            clock: Arc::new(SystemClock),
            bundle_file: self.bundle.file().into(),
            limits: presetter_egress::Limits {
                request_bytes: play.limits.size(Limit::RequestSize),
                response_bytes: play.limits.size(Limit::AnswerSize),
                ..presetter_egress::Limits::default()
            },
        };
        let access = Access::open(connection, kind, &manifest.grants, context).unwrap();
        let component = play.component.clone().unwrap_or_else(|| self.component.clone());
        let sources = component
            .is_interpreter()
            .then(|| presetter_pack::source_document(&self.bundle.sources_for(&play.preset).unwrap()));
        let settings = manifest.settings.iter().map(|(name, setting)| (name.clone(), setting.default.clone()));
        Runner::new(Setup {
            component,
            source_document: sources.map(Into::into),
            preset: self.bundle.preset(&play.preset).unwrap(),
            bundle: self.bundle.clone(),
            settings: settings.collect(),
            access: Arc::new(access),
            limits: play.limits.clone(),
            body: None,
            body_set: Vec::new(),
            clock: Arc::new(SystemClock),
            answers: true,
        })
    }
}

/// A run to be played.
#[derive(Clone)]
pub struct Play {
    preset: String,
    kind: String,
    inputs: Map<String, Value>,
    limits: Limits,
    component: Option<Component>,
    read_only: bool,
    password_from: String,
    veto: usize,
    elsewhere: Option<(String, bool)>,
    /// Ends it from outside.
    pub cancel: CancellationToken,
}

impl Play {
    /// A run of a preset, with the usual limits and without credentials.
    #[must_use]
    pub fn of(preset: &str) -> Self {
        Self {
            preset: preset.into(),
            kind: "open".into(),
            inputs: Map::new(),
            limits: Limits::default(),
            component: None,
            read_only: false,
            password_from: "PASSWORD".into(),
            veto: usize::MAX,
            elsewhere: None,
            cancel: CancellationToken::new(),
        }
    }

    /// A run of a component of its own.
    #[must_use]
    pub fn component(component: &Component) -> Self {
        Self { component: Some(component.clone()), ..Self::of("any") }
    }

    /// With a connection of this kind: `session`, `basic`.
    #[must_use]
    pub fn with(self, kind: &str) -> Self {
        Self { kind: kind.into(), ..self }
    }

    /// With an input.
    #[must_use]
    pub fn given(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.inputs.insert(name.into(), value.into());
        self
    }

    /// With another limit.
    #[must_use]
    pub fn limit(mut self, limit: Limit, amount: u64) -> Self {
        self.limits = self.limits.with(limit, amount);
        self
    }

    /// On a connection that is read-only.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// Where the password is not to be found.
    #[must_use]
    pub fn without_password(self) -> Self {
        Self { password_from: "NOT_THERE".into(), ..self }
    }

    /// At another base URL, which may be near (plain http, private networks) or not.
    #[must_use]
    pub fn at(self, base_url: &str, near: bool) -> Self {
        Self { elsewhere: Some((base_url.into(), near)), ..self }
    }

    /// Whoever watches the run says no to the request of this number, counted from 0, and to it alone.
    #[must_use]
    pub fn veto(self, number: usize) -> Self {
        Self { veto: number, ..self }
    }
}

/// A run that was played, and all that left it.
#[derive(Debug)]
pub struct Played {
    /// The account of it.
    pub report: Report,
    /// What it logged, with the level.
    pub logs: Vec<String>,
    /// The first rows that it listed.
    pub rows: Vec<Value>,
    /// How many it listed.
    pub rows_count: usize,
}

impl Played {
    /// Kind and class: `failed/limit`.
    #[must_use]
    pub fn ended(&self) -> String {
        let outcome = &self.report.outcome;
        if outcome.class.is_empty() { outcome.kind.to_string() } else { format!("{}/{}", outcome.kind, outcome.class) }
    }

    /// All that left it, as one text.
    #[must_use]
    pub fn all(&self) -> String {
        let Report { outcome, outputs, response, response_headers, diagnostics, .. } = &self.report;
        let outputs = Value::Object(outputs.clone()).to_string();
        let response = response.as_ref().map(Value::to_string);
        let rows: Vec<String> = self.rows.iter().map(Value::to_string).collect();
        format!(
            "{outcome:?}\n{outputs}\n{response:?}\n{response_headers:?}\n{diagnostics:?}\n{:?}\n{rows:?}",
            self.logs
        )
    }

    /// What came of the requests that a guest tried: `tries` of its outputs.
    #[must_use]
    pub fn tries(&self) -> Vec<(String, Value)> {
        let tries = self.report.outputs.get("tries").and_then(Value::as_array);
        let tries = tries.unwrap_or_else(|| panic!("nothing was tried: {:?}", self.report));
        tries
            .iter()
            .map(|tried| (tried["try"].as_str().unwrap_or_default().to_owned(), tried["came"].clone()))
            .collect()
    }
}

/// How many rows are kept.
const ROWS: usize = 1000;

/// Keeps what a run tells; may say no to one request.
#[derive(Default)]
struct Watcher {
    logs: Mutex<Vec<String>>,
    rows: Mutex<Vec<Value>>,
    counted: AtomicUsize,
    sent: AtomicUsize,
    veto: usize,
}

#[async_trait]
impl RunObserver for Watcher {
    async fn before_send(&self, _: &Sending<'_>) -> Verdict {
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        if number == self.veto { Verdict::Veto } else { Verdict::Proceed }
    }

    async fn row(&self, row: Value) {
        let mut rows = self.rows.lock().unwrap();
        if self.counted.fetch_add(1, Ordering::SeqCst) < ROWS {
            rows.push(row);
        }
    }

    fn log(&self, level: &str, message: &str) {
        self.logs.lock().unwrap().push(format!("{level}: {message}"));
    }
}
