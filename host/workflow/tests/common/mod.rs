//! A vendor that is a table, and an engine on files of its own.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]
#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use presetter_journal::embedded::{Embedded, Settings};
use presetter_journal::seam::{
    Clock, Engine, EngineError, Event, NoCrash, Page, Parts, Probe, Run, RunId, RunState, Submitted, Until,
};
use presetter_manifest::Preset;
use presetter_records::{
    Action, Cause, Change, Declaration, Kind as FieldKind, Object, RecordId, Records, Undeclared, Value as Field,
};
use presetter_workflow::{
    Begun, Call, Called, ConnectionInfo, Executor, Input, Interpreter, Kind, Mappings, Package, PresetInfo, Presets,
    RowSink, Store, Trigger, Trouble, Workflow, asked,
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// How the vendor behaves.
#[derive(Debug, Default, Clone)]
pub(crate) struct Mood {
    /// Calls fail with this class.
    pub(crate) fails: Option<String>,
    /// Lists are as of this many users, whatever there are; one entry a listing.
    pub(crate) lists: Vec<usize>,
    /// One more user is listed, without an id.
    pub(crate) nameless: bool,
    /// A write is done, and its answer is lost.
    pub(crate) unanswered: bool,
    /// A person keeps bodies of their own for the presets.
    pub(crate) overridden: bool,
    /// So many webhooks get no answer.
    pub(crate) deaf: usize,
}

/// A vendor.
#[derive(Default)]
pub(crate) struct Vendor {
    /// Its users: id, and e-mail, name, role.
    pub(crate) users: Mutex<BTreeMap<String, [String; 3]>>,
    /// What was asked for, in order.
    pub(crate) calls: Mutex<Vec<Call>>,
    /// Webhooks that were posted.
    pub(crate) posted: Mutex<Vec<(String, String, Value)>>,
    pub(crate) mood: Mutex<Mood>,
    pub(crate) digest: Mutex<String>,
}

impl Vendor {
    pub(crate) fn user(&self, id: &str, email: &str, name: &str, role: &str) {
        let values = [email, name, role].map(str::to_owned);
        self.users.lock().unwrap().insert(id.to_owned(), values);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|call| call.preset.clone()).collect()
    }

    fn ok(outputs: Map<String, Value>, response: Value) -> Called {
        let mut called = Called::failed("", "");
        called.kind = Kind::Ok;
        called.evidence = "envelope".to_owned();
        called.outputs = outputs;
        called.response = Some(response);
        called.response_status = Some(200);
        called.response_headers = vec![("vary".to_owned(), "Origin".to_owned())];
        called.receipt = "receipt-1".to_owned();
        called
    }
}

fn preset(text: &str) -> Preset {
    presetter_manifest::read_toml("preset.toml", text).unwrap()
}

const CREATE: &str = r#"
title = "Create user"
object = "users"
effect = "create"
repeat = "none"
[inputs]
user_id = { type = "string", required = true }
name = { type = "string", required = true }
type = { type = "string", required = true, enum = ["ADMIN", "ENDUSER"] }
[request]
method = "POST"
path = ["users"]
[outputs]
mosyle_user_id = "{{response.iduser}}"
"#;

const FIND: &str = r#"
title = "User by e-mail"
object = "users"
effect = "read"
[inputs]
email = { type = "string", required = true }
[request]
method = "POST"
path = ["users"]
[outputs]
mosyle_user_id = "{{response.iduser}}"
role = "{{response.type}}"
"#;

const USERS: &str = r#"
title = "List users"
object = "users"
effect = "read"
[request]
method = "POST"
path = ["users"]
[rows]
mosyle_user_id = "{{item.iduser}}"
email = "{{item.email}}"
name = "{{item.name}}"
role = "{{item.type}}"
"#;

#[async_trait]
impl Presets for Vendor {
    fn describe(&self, name: &str) -> Result<PresetInfo, Trouble> {
        let text = match name {
            "mosyle/create-user" => CREATE,
            "mosyle/user-by-email" => FIND,
            "mosyle/users" => USERS,
            _ => {
                return Err(Trouble { message: format!("there is no preset {name}"), hint: String::new() });
            }
        };
        let digest = format!("sha256:{}", self.digest.lock().unwrap());
        Ok(PresetInfo {
            name: name.to_owned(),
            manifest: Arc::new(preset(text)),
            digest,
            any_output: false,
            overridden: self.mood.lock().unwrap().overridden,
        })
    }

    fn connection(&self, _: &str, name: &str) -> Result<ConnectionInfo, Trouble> {
        match name {
            "m" => Ok(ConnectionInfo { prompts: false }),
            _ => Err(Trouble { message: format!("there is no connection {name}"), hint: String::new() }),
        }
    }

    async fn call(&self, call: &Call, rows: Arc<dyn RowSink>) -> Called {
        self.calls.lock().unwrap().push(call.clone());
        let mut mood = self.mood.lock().unwrap().clone();
        if let Some(class) = &mood.fails {
            return Called::failed(class, "the vendor is not well");
        }
        let text = |name: &str| call.inputs.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        match call.preset.as_str() {
            "mosyle/create-user" => {
                let mut users = self.users.lock().unwrap();
                let id = format!("m{}", users.len() + 1);
                users.insert(id.clone(), [text("user_id"), text("name"), text("type")]);
                if mood.unanswered {
                    let mut called = Called::failed("network", "no answer was seen");
                    called.kind = Kind::Unknown;
                    return called;
                }
                Self::ok([("mosyle_user_id".to_owned(), json!(id))].into_iter().collect(), json!({ "iduser": id }))
            }
            "mosyle/user-by-email" => {
                let users = self.users.lock().unwrap();
                let found = users.iter().find(|(_, [email, ..])| email.eq_ignore_ascii_case(&text("email")));
                let Some((id, [email, name, role])) = found else {
                    let mut called = Called::failed("", "");
                    (called.kind, called.evidence) = (Kind::NotFound, "complete scan".to_owned());
                    return called;
                };
                let outputs = [("mosyle_user_id".to_owned(), json!(id)), ("role".to_owned(), json!(role))];
                let response = json!({ "iduser": id, "email": email, "name": name, "test-field": [1, 2] });
                Self::ok(outputs.into_iter().collect(), response)
            }
            _ => {
                let users = self.users.lock().unwrap();
                let most = if mood.lists.is_empty() { usize::MAX } else { mood.lists.remove(0) };
                self.mood.lock().unwrap().lists = mood.lists;
                if mood.nameless {
                    rows.row(json!({ "email": "who@example.com", "role": "ENDUSER" }).as_object().unwrap().clone());
                }
                for (id, [email, name, role]) in users.iter().take(most) {
                    let row = json!({ "mosyle_user_id": id, "email": email, "name": name, "role": role });
                    rows.row(row.as_object().unwrap().clone());
                }
                Self::ok(Map::new(), Value::Null)
            }
        }
    }

    async fn probe(&self, _: &Call) -> Probe {
        Probe::Undecided("this preset has no probe".to_owned())
    }

    async fn post(&self, url: &str, _: bool, key: &str, body: &Value) -> Result<u16, presetter_journal::seam::Failure> {
        self.posted.lock().unwrap().push((url.to_owned(), key.to_owned(), body.clone()));
        let mut mood = self.mood.lock().unwrap();
        if mood.deaf == 0 {
            return Ok(200);
        }
        mood.deaf -= 1;
        Err(presetter_journal::seam::Failure::new("network", "the webhook gave no answer"))
    }
}

/// A clock that a test moves.
pub(crate) struct Hands(tokio::sync::watch::Sender<Timestamp>);

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep_until(&self, time: Timestamp) {
        let mut now = self.0.subscribe();
        let _ = now.wait_for(|now| *now >= time).await;
    }
}

/// A machine.
pub(crate) struct Machine {
    pub(crate) vendor: Arc<Vendor>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<Hands>,
    pub(crate) folder: TempDir,
}

impl Machine {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vendor = Arc::new(Vendor::default());
        let start = "2026-05-01T08:00:00Z".parse().unwrap();
        let clock = Arc::new(Hands(tokio::sync::watch::Sender::new(start)));
        let store = Arc::new(Store::open(&folder.path().join("workflows.db")).unwrap());
        let executor = Executor::new(folder.path().join("records.db"), store.clone(), vendor.clone(), clock.clone());
        let parts = Parts {
            flow: Arc::new(Interpreter),
            executor: Arc::new(executor.clone()),
            clock: clock.clone(),
            crash: Arc::new(NoCrash),
        };
        let settings = Settings { poll: Duration::from_millis(20), ..Settings::default() };
        let engine = Embedded::open(&folder.path().join("journal.db"), parts, settings).await.unwrap();
        let engine: Arc<dyn Engine> = Arc::new(engine);
        executor.works_for(&engine);
        let machine = Self { vendor, engine, store, clock, folder };
        machine.declare();
        machine
    }

    /// Declares the fields.
    pub(crate) fn declare(&self) {
        let field = |object, name: &str, kind| Declaration {
            object,
            name: name.to_owned(),
            kind,
            title: String::new(),
            help: String::new(),
            was: None,
        };
        let fields = [
            field(Object::Users, "mosyle_user_id", FieldKind::ShortText),
            field(Object::Users, "api_response", FieldKind::LongText),
            field(Object::Users, "mosyle_role", FieldKind::ShortText),
            field(Object::SaasUsers, "staff_number", FieldKind::Number),
        ];
        self.records().declare(&fields, Undeclared::Keep, &Cause::fields("ada")).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("records.db")
    }

    pub(crate) fn records(&self) -> Records {
        Records::open(&self.path()).unwrap()
    }

    pub(crate) fn seconds(&self, seconds: i64) {
        self.clock.0.send_modify(|now| *now = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap());
    }

    pub(crate) fn add(&self, object: Object, values: &[(&str, &str)]) -> RecordId {
        let mut change = Change::new(Action::Create(object));
        for (name, value) in values {
            change = change.set(name, Field::text(*value));
        }
        self.records().apply(&[change], &Cause::person("ada")).unwrap().results[0].record
    }

    pub(crate) fn set(&self, record: RecordId, field: &str, value: &str) {
        let change = Change::new(Action::Edit(record)).set(field, Field::text(value));
        self.records().apply(&[change], &Cause::person("ada")).unwrap();
    }

    pub(crate) fn value(&self, record: RecordId, field: &str) -> String {
        let record = self.records().get(record).unwrap().unwrap();
        record.get(field).map(Field::to_text).unwrap_or_default()
    }

    /// A workflow whose presets are what they are now.
    pub(crate) fn package(&self, name: &str, source: &str, mappings: &str) -> Package {
        let workflow = Workflow::parse(name, &format!("{name}.workflow.toml"), source).unwrap_or_else(|wrong| {
            panic!("{wrong}");
        });
        let mappings = match mappings {
            "" => Mappings::default(),
            text => Mappings::parse("mappings.toml", text).unwrap(),
        };
        Package::new(workflow, mappings, "ada", self.vendor.as_ref()).unwrap()
    }

    pub(crate) async fn activate(&self, package: &Package) {
        let now = self.clock.now();
        presetter_workflow::activate(&self.engine, &self.store, &self.path(), package, now).await.unwrap();
    }

    /// Looks once for what begins runs; how many began.
    pub(crate) async fn tick(&self) -> u64 {
        let none = |name: &str| Err(format!("there is no sync {name}"));
        let now = self.clock.now();
        let (begun, told) =
            presetter_workflow::tick(&self.engine, &self.store, &self.path(), now, &none).await.unwrap();
        assert_eq!(told, []);
        begun
    }

    pub(crate) async fn by_hand(&self, package: &Package) -> RunId {
        let begun = Begun { person: Some("ada".to_owned()), ..Begun::by(Trigger::Manual) };
        let submission = package.submission(&Input::Batch(begun), None, None);
        let Submitted { run, .. } = self.engine.submit(submission).await.unwrap();
        self.work().await;
        run
    }

    /// Says a person's word to a run that asks; the engine's answer.
    pub(crate) async fn says(&self, run: &RunId, by: &str, yes: bool) -> Result<bool, EngineError> {
        let name = asked(&self.get(run).await.progress.unwrap()).unwrap();
        let event = Event { id: name.clone(), name, payload: json!({ "by": by, "yes": yes }) };
        self.engine.signal(run, event).await
    }

    pub(crate) async fn work(&self) {
        self.engine.work(Until::Idle).await.unwrap();
    }

    pub(crate) async fn get(&self, run: &RunId) -> Run {
        self.engine.get(run).await.unwrap()
    }

    /// The runs of single records of a workflow, the first one first.
    pub(crate) async fn runs(&self, flow: &str) -> Vec<Run> {
        let filter = presetter_journal::seam::Filter { flow: Some(flow.to_owned()), ..Default::default() };
        let mut all = Vec::new();
        for run in self.engine.list(&filter, Page { beyond: None, limit: 1_000 }).await.unwrap() {
            let submission = self.engine.submission(&run.id).await.unwrap();
            if submission.input.get("record").is_some() {
                all.push(self.get(&run.id).await);
            }
        }
        all.reverse();
        all
    }

    pub(crate) async fn states(&self, flow: &str) -> Vec<RunState> {
        self.runs(flow).await.iter().map(|run| run.state).collect()
    }
}
