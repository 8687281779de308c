//! How many runs of a workflow go through in a second, and how much memory they take, beside the presets alone.

use std::fs;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mosyle_standin::{ACCESS_TOKEN, EMAIL, Oddities, PASSWORD};
use presetter_bundle::Bundle;
use presetter_connection::{Access, AccessContext, Connection, Surroundings, SystemClock};
use presetter_egress::Live;
use presetter_runtime::{CancellationToken, Engine, EngineOptions, Invocation, Kind, Limits, Quiet, Runner, Setup};
use presetter_secret::{Redactor, Secret};
use presetter_tests::Stage;
use serde_json::json;
use tokio::task::JoinSet;

/// As many runs go through one connection of a workflow at once.
const AT_ONCE: u64 = 8;

const CREATE: &str = r#"
title = "Create missing users"
object = "users"
[begin]
on = ["manual"]
rules = { all = ["department equals IT", "title is empty"] }
[[block]]
name = "create"
type = "api"
preset = "mosyle/create-user"
connection = "m"
inputs = { user_id = "{{record.email}}", name = "{{record.name}}", type = "ENDUSER" }
success = { fields = { title = "{{outputs.mosyle_user_id}}" } }
"#;

/// Preview and run, over few and many records, of which few and many match; and the same calls without a workflow.
pub(super) fn workflows() -> ExitCode {
    let mut rates = Vec::new();
    for (records, matching) in [(1_000, 1_000), (100_000, 1_000), (100_000, 10_000)] {
        let stage = staged(records, matching);
        println!("{records} records, {matching} match");
        let (seconds, peak) = measured(&stage, &["records", "list", "users", "--where", "department equals IT"]);
        println!("  records list      {seconds:>7.2} s                     at most {peak:.1} MiB");
        let (seconds, peak) = measured(&stage, &["workflow", "preview", "create"]);
        println!("  workflow preview  {seconds:>7.2} s                     at most {peak:.1} MiB");
        let (seconds, peak) = measured(&stage, &["workflow", "run", "create"]);
        let rate = f64::from(matching) / seconds;
        println!("  workflow run      {seconds:>7.2} s  {rate:>7.0} runs a second, at most {peak:.1} MiB");
        assert_eq!(stage.server().users().len(), usize::try_from(matching).unwrap(), "each is created once");
        rates.push((rate, peak));
    }
    let stage = Stage::new(Oddities::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let raw = runtime.block_on(raw(&stage, 4_000));
    println!("the preset alone    {:>7} at once    {raw:>7.0} runs a second", AT_ONCE);
    let [(few, small), _, (many, large)] = rates[..] else { return ExitCode::FAILURE };
    println!(
        "workflow/preset {:.2}; many/few: {:.2} of the rate, {:.2} of the memory",
        many / raw,
        many / few,
        large / small
    );
    ExitCode::SUCCESS
}

fn staged(records: u32, matching: u32) -> Stage {
    let stage = Stage::new(Oddities::default());
    stage.connect("m", "mosyle/session");
    let mut staff = "email,name,department\n".to_owned();
    for n in 0..records {
        let department = if n % (records / matching) == 0 { "IT" } else { "Sales" };
        staff.push_str(&format!("person{n}@example.com,Person {n},{department}\n"));
    }
    fs::write(stage.folder().join("staff.csv"), staff).unwrap();
    stage.does("presetter records import users staff.csv");
    let folder = stage.home().join("config/workflows");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("create.workflow.toml"), CREATE).unwrap();
    stage
}

/// How long a command takes, in seconds, and the most memory that it has, in MiB.
fn measured(stage: &Stage, arguments: &[&str]) -> (f64, f64) {
    // The peak of a process that has ended is known to whoever waited for it.
    const WAITED: &str = "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, \
                          stderr=subprocess.DEVNULL)\nprint(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let ready = stage.command(arguments);
    let mut command = Command::new("python3");
    command.args(["-c", WAITED]).arg(ready.get_program()).args(ready.get_args()).current_dir(stage.folder());
    command.env_clear().envs(ready.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let started = Instant::now();
    let output = command.output().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let peak: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    (seconds, peak / 1024.0)
}

struct Operator;

impl Surroundings for Operator {
    fn var(&self, name: &str) -> Option<String> {
        Some(if name == "PASSWORD" { PASSWORD.into() } else { ACCESS_TOKEN.into() })
    }

    fn prompt(&self, _: &str) -> Result<Secret, String> {
        Err("nobody is there".into())
    }
}

/// Creates so many users by the preset alone, in this process: without records, journal and receipts. How many in a second.
async fn raw(stage: &Stage, runs: u64) -> f64 {
    let bundle = Arc::new(Bundle::built_in("mosyle").unwrap().unwrap());
    let parts = presetter_pack::parts(&bundle, "create-user").unwrap();
    let engine = Engine::new(EngineOptions::cached(stage.home().join("cache/compiled"))).unwrap();
    let component = engine.load(&parts.component).unwrap();
    let document = parts.document(&bundle, "create-user", component.is_interpreter()).unwrap();
    let address = format!("http://{}/v1", stage.address());
    let mut connection = Connection::new("m", "session", bundle.source().clone(), &address);
    connection.allow_private = true;
    connection.fields.insert("email".into(), EMAIL.into());
    connection.secrets.insert("password".into(), "env:PASSWORD".parse().unwrap());
    connection.secrets.insert("access_token".into(), "env:TOKEN".parse().unwrap());
    let manifest = bundle.manifest();
    let limits = Limits::of(&manifest.limits, &connection.limits);
    let context = AccessContext {
        transport: Arc::new(Live::new()),
        surroundings: Arc::new(Operator),
        state_dir: None,
        redactor: Redactor::new(),
        clock: Arc::new(SystemClock),
        bundle_file: bundle.file().to_owned(),
        limits: presetter_connection::exchange_limits(&limits),
    };
    let kind = manifest.connections["session"].clone();
    let access = Arc::new(Access::open(connection, kind, &manifest.grants, context).unwrap());
    let settings = manifest.settings.iter().map(|(name, setting)| (name.clone(), setting.default.clone()));
    let runner = Runner::new(Setup {
        component,
        source_document: document.map(Into::into),
        preset: bundle.preset("create-user").unwrap(),
        bundle: bundle.clone(),
        settings: settings.collect(),
        access,
        limits,
        body: None,
        body_set: Vec::new(),
        clock: Arc::new(SystemClock),
        answers: true,
    });
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut working = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (next, runner) = (next.clone(), runner.clone());
        working.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= runs {
                    return;
                }
                let inputs = json!({ "user_id": format!("e{n}"), "name": format!("Person {n}"), "type": "ENDUSER" });
                let inputs = inputs.as_object().unwrap().clone();
                let (observer, cancel) = (Arc::new(Quiet), CancellationToken::new());
                let report = runner.run(&Invocation { inputs, observer, cancel }).await;
                assert_eq!(report.outcome.kind, Kind::Ok, "{:?}", report.outcome);
            }
        });
    }
    working.join_all().await;
    let rate = runs as f64 / started.elapsed().as_secs_f64();
    assert_eq!(stage.server().users().len() as u64, runs);
    rate
}
