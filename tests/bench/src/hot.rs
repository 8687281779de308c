//! What a run costs inside of a process, with HTTP answered at once: an instance, the run, the judging, and the end of it all.

use std::sync::Arc;
use std::time::Instant;

use presetter_bundle::Bundle;
use presetter_connection::{Access, AccessContext, Connection, Surroundings, SystemClock};
use presetter_egress::{Response, Stub};
use presetter_runtime::{CancellationToken, Engine, EngineOptions, Invocation, Kind, Limits, Quiet, Runner, Setup};
use presetter_secret::{Redactor, Secret};
use serde_json::{Value, json};

use crate::extism;
use crate::kit::Got;
use crate::plain::Plain;
use crate::spread::Spread;
use crate::stage::{Stage, bundle_of, folder};
use crate::table::{Section, Wanted};

/// What everybody is given.
fn inputs() -> Value {
    json!({ "user_id": "e1", "name": "Sarah \"O\" Brien", "type": "ENDUSER", "email": "sarah@example.com" })
}

/// What everybody is answered.
fn answer() -> Value {
    json!({ "status": "OK", "response": [{ "status": "OK", "iduser": "u1" }] })
}

/// See the module.
pub(crate) fn hot(stage: &Stage<'_>) -> Vec<Section> {
    let mut section = Section::new("One run in a process, HTTP answered at once");
    let (rounds, runs) = (stage.kit.of(21, 3), stage.kit.of(2_000, 200));
    let packed = [("create", true), ("create", false), ("create-by-script", true)]
        .map(|(preset, packed)| Run::new(stage, preset, packed));
    let who = ["presetter, recipe, packed", "presetter, recipe, not packed", "presetter, script, packed"];
    let plain = Plain::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let text = inputs().to_string();
    let mut all: Vec<(String, Got<Vec<f64>>)> = Vec::new();
    let mut add = |round: usize, who: &str, got: Got<Vec<f64>>| {
        let median = got.map(|took| Spread::of(took).median() / 1e3);
        let at = all.iter().position(|(known, _)| known == who).unwrap_or_else(|| {
            all.push((who.to_owned(), Ok(Vec::new())));
            all.len() - 1
        });
        match (&mut all[at].1, median) {
            (Ok(figures), Ok(median)) if round > 0 => figures.push(median),
            (got @ Ok(_), Err(why)) => *got = Err(why),
            _ => {}
        }
    };
    for round in 0..=rounds {
        for (who, run) in who.iter().zip(&packed) {
            let took = run.as_ref().map_err(Clone::clone).map(|run| runtime.block_on(run.times(runs)));
            add(round, who, took);
        }
        let echoed = |plain: &Plain| (0..runs).map(|_| plain.call(&text)).collect::<wasmtime::Result<Vec<_>>>();
        let told = |error: &wasmtime::Error| error.to_string();
        add(
            round,
            "wasmtime, component that echoes",
            plain.as_ref().map_err(told).and_then(|plain| echoed(plain).map_err(|e| told(&e))),
        );
        let [fresh, kept] = extism::calls(stage.kit, &inputs(), &answer(), runs);
        add(round, "extism, fresh instance", fresh);
        add(round, "extism, instance used again", kept);
    }
    for (who, got) in all {
        match got {
            Ok(figures) => section.line("a run", &who, "µs", figures),
            Err(why) => section.missing(&who, &why),
        }
    }
    section.figure("a run", who[0], Wanted::AtMost(50.0));
    section.ratio("a run", who[0], "extism, fresh instance", Some(Wanted::AtMost(1.0)));
    section.ratio("a run", who[0], "extism, instance used again", None);
    section.ratio("a run", who[0], "wasmtime, component that echoes", None);
    vec![section]
}

/// A preset of the benchmark's bundles, ready to run in this process.
struct Run(Runner, Invocation);

impl Run {
    /// `packed`: the interpreter holds the sources already, as in a package; else it loads them in each run.
    fn new(stage: &Stage<'_>, preset: &str, packed: bool) -> Got<Self> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let folder = folder(stage.kit, bundle_of(preset));
        let bundle = Arc::new(Bundle::open_folder(&folder).map_err(|error| told(&error))?);
        let sources = bundle.sources_for(preset).map_err(|error| told(&error))?;
        let (interpreter, document) =
            (presetter_pack::interpreter(&sources), presetter_pack::source_document(&sources));
        let engine = Engine::new(EngineOptions::cached(stage.kit.place("compiled"))).map_err(|error| told(&error))?;
        let bytes = if packed {
            presetter_pack::snapshot(interpreter.component, &document).map_err(|error| told(&error))?
        } else {
            interpreter.component.to_vec()
        };
        let component = engine.load(&bytes).map_err(|error| told(&error))?;
        let manifest = bundle.manifest();
        let mut connection = Connection::new("c", "key", bundle.source().clone(), "https://bench.example/v1");
        connection.secrets.insert("key".into(), "env:KEY".parse().unwrap());
        let limits = Limits::of(&manifest.limits, &connection.limits);
        let body = answer().to_string();
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let answered = move |_: &_| Ok(Response { status: 200, headers: headers.clone(), body: body.clone().into() });
        let context = AccessContext {
            transport: Arc::new(Stub::new(answered)),
            surroundings: Arc::new(Key),
            state_dir: None,
            redactor: Redactor::new(),
            clock: Arc::new(SystemClock),
            bundle_file: bundle.file().to_owned(),
            limits: presetter_connection::exchange_limits(&limits),
        };
        let kind = manifest.connections["key"].clone();
        let access = Access::open(connection, kind, &manifest.grants, context).map_err(|error| told(&error))?;
        let inputs = inputs().as_object().unwrap().clone();
        let runner = Runner::new(Setup {
            component,
            source_document: (!packed).then(|| document.into()),
            preset: bundle.preset(preset).map_err(|error| told(&error))?,
            bundle: bundle.clone(),
            settings: serde_json::Map::new(),
            access: Arc::new(access),
            limits,
            body: None,
            body_set: Vec::new(),
            clock: Arc::new(SystemClock),
            answers: true,
        });
        let (observer, cancel) = (Arc::new(Quiet), CancellationToken::new());
        Ok(Self(runner, Invocation { inputs, observer, cancel }))
    }

    /// What each of so many runs took, in nanoseconds.
    async fn times(&self, runs: usize) -> Vec<f64> {
        let mut took = Vec::with_capacity(runs);
        for _ in 0..runs {
            let started = Instant::now();
            let report = self.0.run(&self.1).await;
            took.push(started.elapsed().as_nanos() as f64);
            assert_eq!(report.outcome.kind, Kind::Ok, "{:?}", report.outcome);
        }
        took
    }
}

/// Where the connection's secret is.
struct Key;

impl Surroundings for Key {
    fn var(&self, _: &str) -> Option<String> {
        Some("key".into())
    }

    fn prompt(&self, _: &str) -> Result<Secret, String> {
        Err("nobody is there".into())
    }
}
