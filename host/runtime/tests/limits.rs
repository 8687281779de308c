//! Components that misbehave, in a host that goes on serving.
//!
//! Each is a core module of a few lines of WAT, wrapped into a component of our world by the same library that wraps the
//! real guests.

#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use presetter_bundle::Bundle;
use presetter_connection::{Access, AccessContext, Connection, Surroundings, SystemClock};
use presetter_egress::Stub;
use presetter_runtime::{CancellationToken, Component, Engine, EngineOptions, Invocation, Kind, Limits, Quiet, Report};
use presetter_secret::{Redactor, Secret};
use serde_json::Map;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const BUNDLE: &str = "name = 'hostile'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Hostile'\ncomponent = 'x.wasm'\n\
    [connections.open]\ntitle = 'Open'\nauth = 'none'\nbase_url = 'https://api.example'\n";
const PRESET: &str = "title = 'Misbehave'\neffect = 'read'\n";

/// A component whose `run` has this body; its result is an outcome of kind `ok`.
fn component(body: &str) -> Vec<u8> {
    let wat = format!(
        r#"(module
            (memory (export "memory") 1)
            (data (i32.const 64) "\80\00\00\00\02\00\00\00" "\82\00\00\00\00\00\00\00" "\82\00\00\00\00\00\00\00"
                                 "\82\00\00\00\00\00\00\00" "\82\00\00\00\02\00\00\00" "\80\00\00\00\00\00\00\00")
            (data (i32.const 128) "ok{{}}")
            (func $deeper (param i64) (result i64)
                (i64.add (call $deeper (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func (export "presetter:preset/preset@0.1.0#run") (param i32 i32 i32 i32 i32 i32) (result i32)
                {body}
                (i32.const 64)))"#
    );
    let mut module = wat::parse_str(&wat).unwrap();
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let (package, _) = resolve.push_dir(&wit).unwrap();
    let world = resolve.select_world(&[package], Some("bundle")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

struct Nothing;

impl Surroundings for Nothing {
    fn var(&self, _: &str) -> Option<String> {
        None
    }
    fn prompt(&self, _: &str) -> Result<Secret, String> {
        Err("nobody is there".into())
    }
}

struct House {
    folder: tempfile::TempDir,
    engine: Engine,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bundle.toml"), BUNDLE).unwrap();
        fs::create_dir(folder.path().join("misbehave")).unwrap();
        fs::write(folder.path().join("misbehave/preset.toml"), PRESET).unwrap();
        let engine = Engine::new(EngineOptions { cache_dir: Some(folder.path().join("cache")) }).unwrap();
        Self { folder, engine }
    }

    fn invocation(&self, component: Component, limits: Limits) -> Invocation {
        let bundle = Bundle::open_folder(self.folder.path()).unwrap();
        let kind = bundle.manifest().connections["open"].clone();
        let connection = Connection {
            name: "c".into(),
            kind: "open".into(),
            source: bundle.source().clone(),
            base_url: "https://api.example".into(),
            allow_private: false,
            read_only: false,
            fields: Default::default(),
            secrets: Default::default(),
            settings: Default::default(),
        };
        let context = AccessContext {
            transport: Arc::new(Stub::queue([])),
            surroundings: Arc::new(Nothing),
            state_dir: self.folder.path().join("state"),
            redactor: Redactor::new(),
            clock: Arc::new(SystemClock),
            bundle_file: "bundle.toml".into(),
            limits: Default::default(),
        };
        let access = Access::open(connection, kind, &bundle.manifest().grants, context).unwrap();
        Invocation {
            component,
            source_document: None,
            preset: bundle.preset("misbehave").unwrap(),
            bundle: Arc::new(bundle),
            inputs: Map::new(),
            settings: Map::new(),
            access: Arc::new(access),
            limits,
            body: None,
            body_set: Vec::new(),
            observer: Arc::new(Quiet),
            cancel: CancellationToken::new(),
            clock: Arc::new(SystemClock),
        }
    }

    async fn run(&self, body: &str, limits: Limits) -> Report {
        let component = self.engine.load(&component(body)).unwrap();
        presetter_runtime::run(&self.invocation(component, limits)).await
    }
}

#[tokio::test]
async fn each_ends_at_its_limit_and_the_host_goes_on() {
    let house = House::new();
    assert_eq!(house.run("", Limits::default()).await.outcome.kind, Kind::Ok);
    let short = Limits { guest_time: Duration::from_millis(300), ..Limits::default() };
    let cases = [
        ("(loop (br 0))", "guest time"),
        ("(drop (call $deeper (i64.const 0)))", "stack"),
        // Told no, it traps, as a Rust guest that is out of memory does.
        ("(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)", "memory"),
    ];
    for (body, limit) in cases {
        let report = house.run(body, short.clone()).await;
        assert_eq!((report.outcome.kind, report.outcome.class.as_str()), (Kind::Failed, "limit"), "{report:?}");
        assert!(report.outcome.message.contains(&format!("\"{limit}\"")), "{}", report.outcome.message);
        assert_eq!(house.run("", Limits::default()).await.outcome.kind, Kind::Ok);
    }
}

#[tokio::test]
async fn a_trap_is_the_presets_own_failure() {
    let report = House::new().run("(unreachable)", Limits::default()).await;
    assert_eq!((report.outcome.kind, report.outcome.class.as_str()), (Kind::Failed, "preset"), "{report:?}");
}

#[tokio::test]
async fn a_malformed_result_is_the_presets_own_failure() {
    // A string far outside the memory, and one that is not UTF-8.
    for body in ["(i32.store (i32.const 64) (i32.const 0x7fffffff))", "(i32.store8 (i32.const 128) (i32.const 0xff))"] {
        let report = House::new().run(body, Limits::default()).await;
        assert_eq!((report.outcome.kind, report.outcome.class.as_str()), (Kind::Failed, "preset"), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_component_does_not_keep_others_from_running() {
    let house = House::new();
    let endless = house.engine.load(&component("(loop (br 0))")).unwrap();
    let good = house.engine.load(&component("")).unwrap();
    let invocation = house.invocation(endless, Limits { guest_time: Duration::from_secs(3600), ..Limits::default() });
    let cancel = invocation.cancel.clone();
    let endless = tokio::spawn(async move { presetter_runtime::run(&invocation).await });
    for _ in 0..100 {
        let report = presetter_runtime::run(&house.invocation(good.clone(), Limits::default())).await;
        assert_eq!(report.outcome.kind, Kind::Ok, "{report:?}");
    }
    assert!(!endless.is_finished());
    cancel.cancel();
    assert_eq!(endless.await.unwrap().outcome.class, "cancelled");
}

#[tokio::test]
async fn compiled_code_is_kept_and_a_file_that_others_may_write_is_not_used() {
    let house = House::new();
    let bytes = component("");
    house.engine.load(&bytes).unwrap();
    let cache = house.folder.path().join("cache");
    let entries: Vec<_> = fs::read_dir(cache).unwrap().flatten().map(|e| e.path()).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::write(&entries[0], b"not code").unwrap();
        fs::set_permissions(&entries[0], fs::Permissions::from_mode(0o666)).unwrap();
        let component = house.engine.load(&bytes).unwrap();
        let report = presetter_runtime::run(&house.invocation(component, Limits::default())).await;
        assert_eq!(report.outcome.kind, Kind::Ok);
    }
}
