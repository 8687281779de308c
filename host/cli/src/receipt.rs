//! The receipt of one run: an entry before anything is sent, and one at its end.
//!
//! Owns: what of a run is told, and what is kept of it. Keeps: a run that may change something is not begun without a
//! receipt; an input stays out of the log in plain until every secret of the connection can be recognised, for it may be
//! one.

use std::sync::Arc;
use std::time::Duration;

use presetter_connection::Access;
use presetter_receipt::{Account, Begun, Ended, Error, Inputs, Kind, Log, New, Retention, Who, sha256};
use presetter_runtime::{Report, RunObserver};
use presetter_secret::{Redactor, Secret};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::plan;
use crate::prepare::Prepared;
use crate::recorder::Recorder;
use crate::run_id;
use crate::world::World;

/// The largest `receipts.toml` that is read, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// How much of runs is kept, as `receipts.toml` says.
pub(crate) fn retention(world: &World) -> Result<Retention, Failure> {
    let path = world.dirs.config.join("receipts.toml");
    let unreadable = |why: String| Failure::new(Exit::Invalid, format!("cannot read {}: {why}", path.display()));
    let text = match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Retention::default()),
        Ok(found) if found.len() > MAX_FILE_BYTES => {
            return Err(unreadable(format!("it is larger than {MAX_FILE_BYTES} bytes")));
        }
        _ => std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?,
    };
    Retention::parse(&path.display().to_string(), &text).map_err(|wrong| Failure::at(Exit::Invalid, wrong))
}

/// A run whose receipt was begun.
pub(crate) struct Receipt {
    /// The run's UUID.
    pub(crate) run: String,
    /// Nothing where the log cannot be written, and the run only reads.
    log: Option<Log>,
    writes: bool,
    inputs: Inputs,
    mask: Arc<Mask>,
    recorder: Arc<Recorder>,
}

impl Receipt {
    /// Writes what is known before anything is sent. `watch` goes on watching the run.
    ///
    /// # Errors
    /// The log cannot be written, and the run may change something.
    pub(crate) fn begin(
        world: &World,
        prepared: &Prepared,
        command: &str,
        confirm: bool,
        retention: Retention,
        watch: Arc<dyn RunObserver>,
    ) -> Result<Self, Failure> {
        let (run, writes) = (run_id::new(), prepared.writes());
        let mask = Arc::new(Mask::of(prepared));
        let recorder = Arc::new(Recorder::new(watch, retention.requests, mask.clone()));
        let begun = begun(world, prepared, command, confirm)?;
        let mut receipt = Self { run, log: Some(world.receipts()), writes, inputs: retention.inputs, mask, recorder };
        if let Err(error) = receipt.append(Kind::Begun, &begun) {
            if writes {
                return Err(unwritable(&error, "no receipt can be written, and nothing was sent")
                    .help("what changes something is run only with a receipt"));
            }
            warn(world, "this run gets no receipt", &error);
            receipt.log = None;
        }
        Ok(receipt)
    }

    /// Who watches the run from now on.
    pub(crate) fn observer(&self) -> Arc<dyn RunObserver> {
        self.recorder.clone()
    }

    /// Writes how it ended. A run that took place is not undone by a receipt that cannot be written: that is told.
    pub(crate) fn end(&self, world: &World, prepared: &Prepared, report: &Report) {
        if self.log.is_none() {
            return;
        }
        if let Err(error) = self.append(Kind::Ended, &self.ended(prepared, report)) {
            warn(world, "the end of this run is not in its receipt, which shows it as interrupted", &error);
        }
    }

    fn append(&self, kind: Kind, body: &impl Serialize) -> Result<(), Error> {
        let Some(log) = &self.log else { return Ok(()) };
        let body = serde_json::to_value(body).unwrap_or_else(|e| json!({ "withheld": e.to_string() }));
        let new = New { kind, run: &self.run, body, durable: self.writes };
        log.append(new, self.mask.access.redactor()).map(drop)
    }

    fn ended(&self, prepared: &Prepared, report: &Report) -> Ended {
        let values = self.inputs == Inputs::Full;
        let masked = |value: &Value| {
            let mut value = value.clone();
            self.mask.value(&mut value);
            value
        };
        let inputs = prepared.inputs.iter().filter(|(_, value)| !value.is_null());
        let inputs: Map<String, Value> = inputs.map(|(name, value)| (name.clone(), masked(value))).collect();
        let body = prepared.body.as_ref().map(|body| match values {
            true => Value::from(self.mask.text(&body.text)),
            false => json!({ "sha256": sha256(body.text.as_bytes()) }),
        });
        let fields = || prepared.body_set.iter();
        let body_set = (!prepared.body_set.is_empty()).then(|| match values {
            true => fields().map(|(pointer, value)| (pointer.clone(), masked(value))).collect::<Map<_, _>>().into(),
            false => fields().map(|(pointer, _)| pointer.clone()).collect::<Vec<_>>().into(),
        });
        let (requests, requests_left_out) = self.recorder.finish();
        let outcome = &report.outcome;
        Ended {
            outcome: outcome.kind.to_string(),
            class: outcome.class.clone(),
            message: self.mask.text(&output::message(report)),
            evidence: self.mask.text(&outcome.evidence),
            inputs: values.then_some(inputs),
            inputs_hidden: values && !prepared.inputs.is_empty() && !self.mask.access.knows_its_secrets(),
            body,
            overridden: prepared.overridden,
            body_set,
            requests_sent: report.requests,
            logins: self.mask.access.logins(),
            requests,
            requests_left_out,
            duration_ms: output::milliseconds(report.duration),
            phases_ms: report.phases.iter().map(|(name, took)| ((*name).to_owned(), rounded(*took))).collect(),
        }
    }
}

fn warn(world: &World, what: &str, error: &Error) {
    let help: Vec<String> = Some(&error.advice).filter(|advice| !advice.is_empty()).cloned().into_iter().collect();
    world.console.warn(&format!("{what}: {error}"), &help);
}

fn rounded(took: Duration) -> Value {
    output::milliseconds(took).into()
}

/// A log that cannot be read or written, as a failure.
pub(crate) fn unwritable(error: &Error, what: &str) -> Failure {
    Failure::new(Exit::Internal, format!("{what}: {error}")).help(&error.advice)
}

fn begun(world: &World, prepared: &Prepared, command: &str, confirm: bool) -> Result<Begun, Failure> {
    let Prepared { chosen, connection, .. } = prepared;
    let bundle = &chosen.bundle;
    let component = match bundle.component_digest()? {
        Some(own) => own,
        None => presetter_pack::interpreter(&bundle.sources_for(&chosen.preset.name)?).sha256.to_owned(),
    };
    let limits = serde_json::to_value(&connection.limits).ok();
    let given = prepared.inputs.iter().filter(|(_, value)| !value.is_null());
    Ok(Begun {
        who: Who::here(world.user.clone()),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        command: command.to_owned(),
        preset: prepared.name(),
        effect: chosen.preset.manifest.effect.name().to_owned(),
        writes: prepared.writes(),
        source: bundle.source().to_string(),
        version: bundle.manifest().version.to_string(),
        digest: bundle.digest(&chosen.preset.name)?,
        component,
        connection: Account {
            name: connection.name.clone(),
            kind: connection.kind.clone(),
            base_url: connection.base_url.clone(),
        },
        settings: plan::corrected(prepared),
        limits: limits.as_ref().and_then(Value::as_object).cloned().unwrap_or_default(),
        input_names: given.map(|(name, _)| name.clone()).collect(),
        confirm,
    })
}

/// What hides secrets in the texts of a run, known or not.
///
/// A run that was refused before its secrets were looked up has a redactor that knows none of them. Then no value that a
/// person gave can be told from a secret, and all of them are hidden, wherever they stand.
pub(crate) struct Mask {
    access: Arc<Access>,
    inputs: Redactor,
}

impl Mask {
    fn of(prepared: &Prepared) -> Self {
        let inputs = Redactor::new();
        for (name, value) in &prepared.inputs {
            hide(&inputs, &format!("input {name}"), value);
        }
        for (pointer, value) in &prepared.body_set {
            hide(&inputs, &format!("field {pointer}"), value);
        }
        if let Some(body) = &prepared.body {
            inputs.add("template", &Secret::new(body.text.clone()));
        }
        Self::new(prepared.access.clone(), inputs)
    }

    /// With a redactor that knows all that a person gave.
    pub(crate) fn new(access: Arc<Access>, inputs: Redactor) -> Self {
        Self { access, inputs }
    }

    /// A text without secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        let text = self.access.redactor().text(text);
        if self.access.knows_its_secrets() { text } else { self.inputs.text(&text) }
    }

    /// A body of a request or an answer without secrets; nothing where they cannot be recognised, because it may hold
    /// what a person wrote into a template.
    pub(crate) fn body(&self, text: &str) -> Option<String> {
        self.access.knows_its_secrets().then(|| self.access.redactor().text(text))
    }

    /// A value without secrets.
    pub(crate) fn value(&self, value: &mut Value) {
        self.access.redactor().value(value);
        if !self.access.knows_its_secrets() {
            self.inputs.value(value);
        }
    }

    /// The connection's base URL.
    pub(crate) fn base_url(&self) -> &str {
        &self.access.connection().base_url
    }
}

/// Teaches a redactor all texts and numbers of a value.
fn hide(redactor: &Redactor, name: &str, value: &Value) {
    match value {
        Value::String(text) => redactor.add(name, &Secret::new(text.clone())),
        Value::Number(number) => redactor.add(name, &Secret::new(number.to_string())),
        Value::Array(list) => list.iter().for_each(|element| hide(redactor, name, element)),
        Value::Object(object) => object.values().for_each(|member| hide(redactor, name, member)),
        Value::Null | Value::Bool(_) => {}
    }
}
