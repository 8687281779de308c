//! `presetter workflow test`: a workflow over records that a case gives, against recorded answers.
//!
//! Owns: the form of a case, and the course of one. Must never: open a socket, or touch the operator's records: each case has a
//! folder of its own that goes when it is done.
//!
//! Keeps: the engine, the steps and the presets are those of a real run; only the transport, the clock and the folder are others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use presetter_connection::{Connection, Reference};
use presetter_egress::{Cassette, Tape};
use presetter_journal::seam::{Clock, Event, Filter, Page, Place, Probe, Run, RunState, Until};
use presetter_manifest::{Diagnostics, Text, read_toml};
use presetter_records::{Action, Cause, Change, Declaration, Object, Record, Records, Undeclared, Value as Field};
use presetter_template::Problem;
use presetter_trial::{Samples, offline, sample_field};
use presetter_workflow::{
    Begun, Call, Called, ConnectionInfo, Input, Interpreter, PresetInfo, Presets, RowSink, Trigger, Trouble, asked,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::files;
use super::machine::{Machine, broken, failed};
use super::run::state;
use crate::args::{TableFormat, WorkflowTestArgs};
use crate::console::{Paint, line, painted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::select;
use crate::world::{Dirs, World};

/// The most bytes of a case.
const MAX_BYTES: u64 = 256 * 1024;
/// A wait of so many days is the longest that a case sits out.
const DAYS: usize = 500;

type Row = IndexMap<String, toml::Value>;

/// A case as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    title: String,
    #[serde(default)]
    cassettes: Vec<Text>,
    #[serde(default)]
    connections: IndexMap<String, Account>,
    now: Option<Text>,
    approve: Option<bool>,
    #[serde(default)]
    users: Vec<Row>,
    #[serde(default)]
    saas_users: Vec<Row>,
    #[serde(default)]
    software: Vec<Row>,
    expect: Expect,
}

/// A connection of a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    kind: Text,
    base_url: Option<Text>,
    #[serde(default)]
    fields: IndexMap<String, String>,
}

/// What should come of it. What is not named is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expect {
    runs: Option<BTreeMap<String, u64>>,
    calls: Option<Vec<String>>,
    webhooks: Option<usize>,
    message: Option<String>,
    users: Vec<Row>,
    saas_users: Vec<Row>,
}

/// What came of a case.
struct Tried {
    case: String,
    title: String,
    wrong: Vec<String>,
}

/// Follows `presetter workflow test`.
pub(super) async fn test(world: &World, args: &WorkflowTestArgs) -> Result<Exit, Failure> {
    let workflow = files::workflow(world, &args.name)?;
    let folder = Path::new(&workflow.file).with_file_name("tests").join(&workflow.name);
    let cases = cases(&folder, args.case.as_deref())?;
    if cases.is_empty() {
        world.console.say(&format!(
            "{} has no cases; they would be in {}",
            workflow.name,
            line(&folder.display().to_string())
        ));
        return Ok(Exit::Ok);
    }
    let mut all = Vec::new();
    for path in cases {
        let tried = one(world, args, &path).await?;
        let name = format!("{}/{}", workflow.name, tried.case);
        let _ = match args.format {
            TableFormat::Json => world.console.json(&json!({
                "case": name, "title": tried.title, "passed": tried.wrong.is_empty(), "mismatches": tried.wrong,
            })),
            TableFormat::Table => {
                let color = world.console.color();
                let mark = match tried.wrong.is_empty() {
                    true => painted(Paint::Good, "passed", color),
                    false => painted(Paint::Bad, "failed", color),
                };
                let wrong: String = tried.wrong.iter().map(|wrong| format!("\n    {}", line(wrong))).collect();
                world.console.data(&format!("{mark}  {name}: {}{wrong}", line(&tried.title)))
            }
        };
        all.push(tried.wrong.is_empty());
    }
    let bad = all.iter().filter(|passed| !**passed).count();
    if args.format == TableFormat::Table {
        world.console.say(&format!("{}, {bad} failed", count(all.len(), "case")));
    }
    Ok(if bad == 0 { Exit::Ok } else { Exit::Failed })
}

/// The files of cases, by name.
fn cases(folder: &Path, only: Option<&str>) -> Result<Vec<PathBuf>, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::usage(format!("{}: {error}", line(&folder.display().to_string())));
    let listed = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(unreadable)?,
    };
    let mut all = Vec::new();
    for entry in listed {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            all.push(path);
        }
    }
    all.sort();
    if let Some(only) = only {
        all.retain(|path| path.file_stem().is_some_and(|name| name == only));
        if all.is_empty() {
            return Err(Failure::usage(format!("there is no case \"{}\"", line(only)))
                .help(format!("cases are files in {}", line(&folder.display().to_string()))));
        }
    }
    Ok(all)
}

async fn one(world: &World, args: &WorkflowTestArgs, path: &Path) -> Result<Tried, Failure> {
    let file = path.display().to_string();
    let text = presetter_bundle::read_text(path, MAX_BYTES)?;
    let case: Case = read_toml(&file, &text).map_err(|wrong| Failure::at(Exit::Invalid, wrong))?;
    let at = |text_at: &Text, message: String| {
        Failure::at(Exit::Invalid, Diagnostics::of(&file, &text, vec![Problem::new(message, text_at.span())]))
    };
    let mut exchanges = Vec::new();
    for name in &case.cassettes {
        exchanges.extend(presetter_trial::cassette(&path.with_file_name(name.as_str()))?);
    }
    let now = match &case.now {
        Some(text) => {
            text.as_str().parse().map_err(|_| at(text, "this is no time such as 2026-05-01T08:00:00Z".to_owned()))?
        }
        None => Timestamp::now(),
    };
    let unwritable = |error: std::io::Error| Failure::new(Exit::Internal, format!("no folder for the test: {error}"));
    let folder = tempfile::tempdir().map_err(unwritable)?;
    let stage = staged(world, folder.path());
    for (name, account) in &case.connections {
        connect(&stage, name, account).map_err(|failure| at(&account.kind, failure.told().0))?;
    }
    let cassette = Arc::new(offline(Arc::new(Tape::new(exchanges)), stage.console.redactor().clone()));
    let witness = Arc::new(Witness { caller: Caller::through(&stage, cassette.clone())?, calls: Mutex::default() });
    let clock = Arc::new(Leaping(tokio::sync::watch::Sender::new(now)));
    let machine = Machine::at(folder.path(), witness.clone(), Arc::new(Interpreter), clock.clone()).await?;
    let wrong = |why: String| Failure::new(Exit::Invalid, format!("{}: {}", line(&file), line(&why)));
    fill(world, &machine, &case).map_err(wrong)?;

    let workflow = files::workflow(world, &args.name)?;
    let mappings = files::mappings(world)?;
    super::check::checked(&stage, &workflow, &mappings, &machine.records()?, machine.caller.as_ref())?;
    let package = super::run::package(&machine, workflow, mappings, &stage)?;
    let name = package.workflow.name.clone();
    let begun = Input::Batch(Begun::by(Trigger::Manual));
    let batch = machine.engine.submit(package.submission(&begun, None, None)).await.map_err(|error| broken(&error))?;
    let runs = play(&machine, &clock, &name, case.approve).await?;
    let posted = witness.posted();
    let wrong = mismatches(&case, &machine, &runs, &batch.run, &witness, posted, &cassette)?;
    let case_name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    Ok(Tried { case: case_name, title: case.title, wrong })
}

/// The world of a test: its own configuration and state, the operator's bundles, no secrets.
fn staged(world: &World, folder: &Path) -> World {
    let dirs = Dirs {
        config: folder.join("config"),
        state: folder.join("state"),
        data: world.dirs.data.clone(),
        cache: world.dirs.cache.clone(),
    };
    World { dirs, surroundings: Arc::new(Samples), interactive: false, ..world.clone() }
}

/// Sets up a connection with samples in the places of an account's values.
fn connect(stage: &World, name: &str, account: &Account) -> Result<(), Failure> {
    let reference = select::reference(account.kind.as_str())?;
    let bundle = select::open(stage, &reference)?;
    let item = reference.item();
    let kind = bundle.manifest().connections.get(item);
    let kind = kind.ok_or_else(|| Failure::usage(format!("there is no kind of connection {}", account.kind)))?;
    let usual = || presetter_trial::usual_base_url(&bundle, Some(kind)).to_string();
    let base_url = account.base_url.as_ref().map_or_else(usual, |url| url.as_str().to_owned());
    let mut connection = Connection::new(name, item, bundle.source().clone(), base_url.trim_end_matches('/'));
    // No socket is opened either way.
    connection.allow_private = base_url.starts_with("http://");
    for field in kind.fields.keys() {
        let value = account.fields.get(field).cloned().unwrap_or_else(|| sample_field(field));
        connection.fields.insert(field.clone(), value);
    }
    connection.secrets.extend(kind.secrets.keys().map(|name| (name.clone(), Reference::Env(name.clone()))));
    let stored = stage.store().add(&connection, false);
    stored.map_err(|error| Failure::new(Exit::Invalid, error.message).help(error.advice))
}

/// Puts the records of the case into the folder of the test, with the fields that the operator has declared.
fn fill(world: &World, machine: &Machine, case: &Case) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let own = super::machine::records(world).map_err(|failure| failure.told().0)?;
    let mut records = machine.records().map_err(|failure| failure.told().0)?;
    let mut declarations = Vec::new();
    for object in Object::ALL {
        let fields = own.fields(object).map_err(|error| text(&error))?;
        declarations.extend(fields.iter().filter(|field| !field.built_in()).map(|field| Declaration {
            object,
            name: field.name.clone(),
            kind: field.kind.clone(),
            title: field.title.clone(),
            help: field.help.clone(),
            was: None,
        }));
    }
    let cause = Cause::fields("test");
    records.declare(&declarations, Undeclared::Keep, &cause).map_err(|error| text(&error))?;
    let rows =
        [(Object::Software, &case.software), (Object::Users, &case.users), (Object::SaasUsers, &case.saas_users)];
    for (object, rows) in rows {
        for row in rows {
            let fields = records.fields(object).map_err(|error| text(&error))?;
            let mut change = Change::new(Action::Create(object));
            for (name, value) in row {
                let field = fields.get(name).map_err(|error| text(&error))?;
                let read = presetter_workflow::values::field(&field.kind, &plain(value));
                change = change.set(name, read.map_err(|misfit| format!("{object} {name} {misfit}"))?);
            }
            records.apply(&[change], &Cause::person("test")).map_err(|error| text(&error))?;
        }
    }
    Ok(())
}

/// A value of a case as JSON.
fn plain(value: &toml::Value) -> Value {
    presetter_workflow::values::of_toml(value).unwrap_or_default()
}

/// Works until nothing goes on any more; waits pass at once. All runs, the first one first.
async fn play(machine: &Machine, clock: &Leaping, name: &str, approve: Option<bool>) -> Result<Vec<Run>, Failure> {
    let mut days = 0;
    loop {
        machine.engine.work(Until::Idle).await.map_err(|error| broken(&error))?;
        let filter = Filter { flow: Some(name.to_owned()), ..Filter::default() };
        let mut runs = Vec::new();
        let page = Page { beyond: None, limit: 1_000 };
        for run in machine.engine.list(&filter, page).await.map_err(|error| broken(&error))? {
            runs.push(machine.engine.get(&run.id).await.map_err(|error| broken(&error))?);
        }
        runs.reverse();
        let waiting: Vec<&Run> = runs.iter().filter(|run| run.state == RunState::Waiting).collect();
        let mut answered = false;
        for run in &waiting {
            let progress = run.progress.clone().unwrap_or_default();
            if let (Some(yes), Some(name)) = (approve, asked(&progress)) {
                let event = Event { id: name.clone(), name, payload: json!({ "by": "test", "yes": yes }) };
                answered |= machine.engine.signal(&run.id, event).await.map_err(|error| broken(&error))?;
            }
        }
        if answered {
            continue;
        }
        if waiting.is_empty() || days >= DAYS {
            return Ok(runs);
        }
        days += 1;
        clock.leap();
    }
}

/// Where what came differs from what was expected.
fn mismatches(
    case: &Case,
    machine: &Machine,
    runs: &[Run],
    batch: &presetter_journal::seam::RunId,
    witness: &Witness,
    posted: usize,
    cassette: &Cassette,
) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    let role = runs.len() == 1;
    let own: Vec<&Run> = runs.iter().filter(|run| role || run.id != *batch).collect();
    let mut ended: BTreeMap<String, u64> = BTreeMap::new();
    for run in &own {
        *ended.entry(state(run.state).to_owned()).or_default() += 1;
    }
    let messages: Vec<&str> =
        runs.iter().filter_map(|run| run.failure.as_ref()).map(|failure| failure.message.as_str()).collect();
    if let Some(expected) = case.expect.runs.as_ref().filter(|expected| **expected != ended) {
        let why = if messages.is_empty() { String::new() } else { format!(" ({})", messages.join("; ")) };
        wrong.push(format!("runs: expected {}, and there are {}{why}", json!(expected), json!(ended)));
    }
    if let Some(expected) = &case.expect.message
        && !messages.iter().any(|message| message.contains(expected.as_str()))
    {
        wrong.push(format!("message: expected one with {expected:?}, and there are {}", json!(messages)));
    }
    let calls = witness.called();
    if let Some(expected) = case.expect.calls.as_ref().filter(|expected| **expected != calls) {
        wrong.push(format!("calls: expected {}, and there were {}", json!(expected), json!(calls)));
    }
    if let Some(expected) = case.expect.webhooks.filter(|expected| *expected != posted) {
        wrong.push(format!("webhooks: expected {expected}, and there were {posted}"));
    }
    for miss in cassette.misses() {
        let nearest = miss.nearest.map_or_else(
            || "; the case has no cassette".to_owned(),
            |nearest| {
                let used = if nearest.used { ", which has answered already" } else { "" };
                let differences: Vec<String> = nearest.differences.iter().map(ToString::to_string).collect();
                let differs =
                    if differences.is_empty() { String::new() } else { format!(": {}", differences.join("; ")) };
                format!("; the nearest is entry {}{used}{differs}", nearest.entry)
            },
        );
        wrong.push(format!("no cassette answers {} {}{nearest}", miss.method, miss.url));
    }
    let records = machine.records()?;
    for (object, rows) in [(Object::Users, &case.expect.users), (Object::SaasUsers, &case.expect.saas_users)] {
        for row in rows {
            wrong.extend(differing(&records, object, row).map_err(|why| failed(&why))?);
        }
    }
    Ok(wrong)
}

/// Where a record differs from a row; it is found by the row's first field.
fn differing(records: &Records, object: Object, row: &Row) -> Result<Vec<String>, String> {
    let Some((key, value)) = row.first() else { return Ok(Vec::new()) };
    let fields = records.fields(object).map_err(|error| error.to_string())?;
    let kind = &fields.get(key).map_err(|error| error.to_string())?.kind;
    let wanted = presetter_workflow::values::field(kind, &plain(value)).map_err(|misfit| format!("{key} {misfit}"))?;
    let found = records.find(object, key, &wanted).map_err(|error| error.to_string())?;
    let record: Option<Record> = match found.first() {
        Some(id) => records.get(*id).map_err(|error| error.to_string())?,
        None => None,
    };
    let Some(record) = record else { return Ok(vec![format!("{object}: there is none with {key} = {value}")]) };
    let mut wrong = Vec::new();
    for (name, expected) in row {
        let (expected, found) = match name.as_str() {
            "state" => (plain(expected), Value::from(record.state().name())),
            name => (plain(expected), record.get(name).map(Field::to_json).unwrap_or_default()),
        };
        let empty = |value: &Value| value.is_null() || value.as_str() == Some("");
        if expected != found && !(empty(&expected) && empty(&found)) {
            wrong.push(format!("{object} {}: {name}: expected {expected}, and it is {found}", record.id()));
        }
    }
    Ok(wrong)
}

/// A clock that goes on when the test says so.
struct Leaping(tokio::sync::watch::Sender<Timestamp>);

impl Leaping {
    /// A day passes.
    fn leap(&self) {
        self.0.send_modify(|now| *now = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX));
    }
}

#[async_trait]
impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep_until(&self, time: Timestamp) {
        let mut now = self.0.subscribe();
        // It ends when the test does.
        let _ = now.wait_for(|now| *now >= time).await;
    }
}

/// Remembers what is called.
struct Witness {
    caller: Caller,
    calls: Mutex<Vec<String>>,
}

/// What a webhook is called among the calls.
const WEBHOOK: &str = "webhook";

impl Witness {
    fn note(&self, what: &str) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_owned());
    }

    fn all(&self) -> Vec<String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn called(&self) -> Vec<String> {
        self.all().into_iter().filter(|what| what != WEBHOOK).collect()
    }

    fn posted(&self) -> usize {
        self.all().iter().filter(|what| *what == WEBHOOK).count()
    }
}

#[async_trait]
impl Presets for Witness {
    fn describe(&self, preset: &str) -> Result<PresetInfo, Trouble> {
        self.caller.describe(preset)
    }

    fn connection(&self, preset: &str, connection: &str) -> Result<ConnectionInfo, Trouble> {
        self.caller.connection(preset, connection)
    }

    async fn place(&self, preset: &str, connection: &str) -> Place {
        self.caller.place(preset, connection).await
    }

    async fn call(&self, call: &Call, rows: Arc<dyn RowSink>) -> Called {
        self.note(&call.preset);
        self.caller.call(call, rows).await
    }

    async fn probe(&self, call: &Call) -> Probe {
        self.caller.probe(call).await
    }

    async fn post(&self, _: &str, _: bool, _: &str, _: &Value) -> Result<u16, presetter_journal::seam::Failure> {
        self.note(WEBHOOK);
        Ok(200)
    }
}
