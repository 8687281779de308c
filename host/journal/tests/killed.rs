//! Programs that are killed at random moments, and others beside them on the same file: every run ends or waits for a person, no
//! user is made twice and none is missing.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use presetter_journal::conformance::{Script, submission};
use presetter_journal::embedded::{Embedded, Settings};
use presetter_journal::seam::{
    Attempt, Decision, Engine, Filter, Page, Parts, Probe, Repeat, Run, RunState, StepEnd, StepExecutor, StepState,
    Until,
};
use serde_json::json;
use tempfile::TempDir;

const RUNS: usize = 500;
const FOLDER: &str = "JOURNAL_TEST_FOLDER";
const LINES: &str = "JOURNAL_TEST_LINES";

/// A server that is a folder: a user is an empty file, which is there or not. One with a key is there once.
struct Users(PathBuf);

impl Users {
    fn file(&self, attempt: &Attempt, made: u32) -> PathBuf {
        self.0.join(format!("{}-{} {made}", attempt.run, attempt.path))
    }
}

#[async_trait]
impl StepExecutor for Users {
    async fn execute(&self, attempt: &Attempt) -> StepEnd {
        // The other side kills this program when it has read some of these lines.
        tell(&attempt.step.name);
        let made = if attempt.step.repeat == Repeat::Keyed { 1 } else { attempt.attempt };
        File::create(self.file(attempt, made)).unwrap();
        tell(&attempt.step.name);
        StepEnd::Done(json!(format!("{} is done", attempt.step.name)))
    }

    async fn probe(&self, attempt: &Attempt) -> Probe {
        match attempt.step.payload["probe"].as_str() {
            Some("honest") if (1..=attempt.attempt).any(|made| self.file(attempt, made).exists()) => {
                Probe::Done(json!("found"))
            }
            Some("honest") => Probe::NotDone,
            _ => Probe::Undecided("the server cannot tell".to_owned()),
        }
    }
}

/// Says how far it is, as often as it may; then nothing goes on here until this program is killed. So it is killed in the middle of its
/// work, however fast it is and however slow who kills it.
fn tell(name: &str) {
    static LEFT: Mutex<Option<usize>> = Mutex::new(None);
    let mut left = LEFT.lock().unwrap();
    let count = left.get_or_insert_with(|| std::env::var(LINES).map_or(usize::MAX, |lines| lines.parse().unwrap()));
    *count -= 1;
    let _ = writeln!(io::stdout(), "\nat {name}");
    if *count == 0 {
        loop {
            std::thread::park();
        }
    }
}

async fn engine(folder: &Path) -> Embedded {
    let parts = Parts::new(Arc::new(Script::default()), Arc::new(Users(folder.join("users"))));
    // Short, so that what a dead program held is taken over soon.
    let settings = Settings { workers: 8, lease: Duration::from_millis(300), poll: Duration::from_millis(50) };
    Embedded::open(&folder.join("journal.db"), parts, settings).await.unwrap()
}

/// The program that is killed: the test below starts it.
#[tokio::test]
#[ignore = "a part of the other test"]
async fn worker() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let engine = engine(&folder).await;
    // It ends when nothing is left that a program can do.
    while can_go_on(&engine).await {
        engine.work(Until::Idle).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn all(engine: &Embedded) -> Vec<Run> {
    engine.list(&Filter::default(), Page { beyond: None, limit: 1_000 }).await.unwrap()
}

async fn can_go_on(engine: &Embedded) -> bool {
    let on = |run: &Run| matches!(run.state, RunState::Ready | RunState::Running | RunState::Waiting);
    all(engine).await.iter().any(on)
}

fn start(folder: &Path, lines: usize) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["worker", "--exact", "--ignored", "--nocapture"]).env(FOLDER, folder).env(LINES, lines.to_string());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

/// Reads that many lines, or all that come, and kills.
fn kill_after(mut child: Child, lines: BufReader<std::process::ChildStdout>, count: usize) {
    lines.lines().map_while(Result::ok).filter(|line| line.starts_with("at ")).take(count).count();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn programs_that_are_killed_lose_nothing_and_make_nothing_twice() {
    let folder = TempDir::new().unwrap();
    let users = folder.path().join("users");
    fs::create_dir(&users).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let here = runtime.block_on(engine(folder.path()));
    for number in 0..RUNS {
        let create = |name: &str, repeat: &str, probe: &str| json!({ "step": name, "repeat": repeat, "probe": probe });
        let definition = json!([
            create("keyed", "keyed", "undecided"),
            { "all": [[create("probed", "never", "honest")], [create("unsafe", "never", "undecided")]] },
            create("last", "keyed", "undecided"),
        ]);
        let mut submission = submission(&definition);
        submission.key = Some(format!("user {number}"));
        submission.ordering = (number % 4 == 0).then(|| format!("line {}", number % 3));
        runtime.block_on(here.submit(submission)).unwrap();
    }
    // One after another, and now and then two side by side, until nothing is left to do.
    let mut seed = 7_usize;
    let mut kills = 0;
    while runtime.block_on(can_go_on(&here)) {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let count = 1 + (seed >> 33) % 60;
        let one = start(folder.path(), count);
        let other = (kills % 6 == 5).then(|| start(folder.path(), count));
        // Each by itself: one that stands still holds its runs, for which the other would wait.
        std::thread::scope(|scope| {
            for (child, lines) in [Some(one), other].into_iter().flatten() {
                scope.spawn(move || kill_after(child, lines, count));
                kills += 1;
            }
        });
    }
    // Those of an ordering wait behind what is unknown, so a person decides.
    let mut unknown = BTreeSet::new();
    runtime.block_on(async {
        while let Some(run) = all(&here).await.into_iter().find(|run| run.state == RunState::Unknown) {
            for step in here.steps(&run.id, Some(StepState::Unknown), Page::default()).await.unwrap() {
                assert_eq!(step.name, "unsafe");
                here.resume(&run.id, &step.path, Decision::Done(json!("Ada looked")), "Ada").await.unwrap();
                unknown.insert(format!("{}-{}", run.id, step.path));
            }
            here.work(Until::Idle).await.unwrap();
        }
    });
    let ended = runtime.block_on(all(&here));
    assert!(ended.len() == RUNS && ended.iter().all(|run| run.state == RunState::Done), "{ended:?}");
    assert!(kills > 10 && !unknown.is_empty() && unknown.len() < RUNS / 2, "{kills} kills, {} unknown", unknown.len());

    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for file in fs::read_dir(&users).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        *made.entry(name.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    for run in &ended {
        for step in runtime.block_on(here.steps(&run.id, Some(StepState::Done), Page::default())).unwrap() {
            let name = format!("{}-{}", run.id, step.path);
            match step.repeat {
                None => {}
                // It may have been made, or not: but not twice.
                Some(_) if unknown.contains(&name) => assert!(made.remove(&name).unwrap_or(0) <= 1, "{name}"),
                Some(_) => assert_eq!(made.remove(&name), Some(1), "{name} {}", step.name),
            }
        }
    }
    assert_eq!(made, BTreeMap::new(), "users that no run knows of");
}
