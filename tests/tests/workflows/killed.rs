//! Power cuts: a daemon that is killed at any moment loses nothing and does nothing twice.

#![allow(clippy::print_stdout, reason = "what was under way at the kills is of interest to whoever runs it at length")]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::thread;
use std::time::{Duration, Instant};

use mosyle_standin::Oddities;
use presetter_tests::Stage;
use serde_json::Value;

use super::daemon::Daemon;
use super::{CREATE, organisation, workflow, write};

/// How many runs, and kills; the environment may ask for more.
fn wanted(name: &str, usual: usize) -> usize {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// How runs stand, by state.
fn states(stage: &Stage) -> BTreeMap<String, usize> {
    let status = stage.does("presetter status --format json");
    let status: Value = serde_json::from_str(&status).unwrap();
    let runs = status["runs"].as_object().unwrap();
    runs.iter().map(|(state, count)| (state.clone(), usize::try_from(count.as_u64().unwrap()).unwrap())).collect()
}

/// Whether something is left to do that needs nobody's word.
fn busy(stage: &Stage) -> bool {
    let states = states(stage);
    ["queued", "ready", "running", "waiting"].iter().any(|state| states[*state] > 0)
}

/// New staff; each begins a run that creates a user at the vendor.
fn hire(stage: &Stage, count: usize) {
    let mut staff = "email,name\n".to_owned();
    for n in 0..count {
        staff.push_str(&format!("new{n}@example.com,New {n}\n"));
    }
    write(stage, "new.csv", &staff);
    stage.does("presetter records import users new.csv");
}

/// Chance that every run of the test repeats.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn a_daemon_that_is_killed_at_any_moment_creates_nobody_twice_and_leaves_nobody_out() {
    let (runs, kills) = (wanted("PRESETTER_KILLED_RUNS", 120), wanted("PRESETTER_KILLS", 12));
    let stage = organisation();
    stage.does("presetter sync mosyle --new --preset mosyle/users -c m");
    stage.does("presetter sync mosyle");
    // Answers take their time, so that there is work for every daemon, and kills come while requests are under way.
    stage.server().set_oddities(Oddities { slow_ms: 250, ..Oddities::default() });
    workflow(&stage, "create.workflow.toml", CREATE);
    stage.does("presetter workflow activate create");
    hire(&stage, runs);
    let mut chance = Chance(7);
    for _ in 0..kills {
        let daemon = Daemon::start(&stage);
        // Where it is killed is chance, and nothing depends on it.
        thread::sleep(Duration::from_millis(900 + chance.below(900)));
        daemon.kill();
    }
    let before = created(&stage).len();
    assert!(before > 0 && before < runs, "the kills came before or after the work: {before} of {runs} were created");
    stage.server().set_oddities(Oddities { slow_ms: 5, ..Oddities::default() });
    let daemon = Daemon::start(&stage);
    let until = Instant::now() + Duration::from_secs(300);
    // The change that begins a run must have been looked at, too.
    while busy(&stage) || created(&stage).values().map(|count| usize::from(*count > 0)).sum::<usize>() < runs {
        assert!(Instant::now() < until, "runs do not end: {:?}", states(&stage));
        if states(&stage)["unknown"] > 0 && !busy(&stage) {
            break;
        }
        thread::sleep(Duration::from_millis(200));
    }
    daemon.stop();

    let created = created(&stage);
    for (who, count) in &created {
        assert!(*count <= 1, "{who} was created {count} times");
    }
    // Whoever is missing is one whose run says that nobody knows.
    let unknown = stage.does("presetter workflow logs --state unknown --limit 1000 --format json");
    for id in unknown_runs(&stage) {
        // Nothing else is: each has the one write that was under way.
        let run = stage.does(&format!("presetter workflow logs --run {id} --format json"));
        let run: Value = serde_json::from_str(&run).unwrap();
        let steps = run["steps"].as_array().unwrap();
        let open: Vec<&Value> = steps.iter().filter(|step| step["state"] == "unknown").collect();
        assert!(open.len() == 1 && open[0]["data"]["do"] == "call", "{run}");
    }
    let unknown: BTreeSet<String> = unknown
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["on"].as_str().unwrap().to_owned())
        .collect();
    let listed = stage.does("presetter records list users --format json");
    let mut missing = BTreeSet::new();
    for record in listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let email = record["email"].as_str().unwrap();
        if email.starts_with("new") && created.get(email).copied().unwrap_or_default() == 0 {
            missing.insert(record["id"].as_str().unwrap().to_owned());
        }
        if record["mosyle_user_id"].is_null() && email.starts_with("new") {
            assert!(unknown.contains(record["id"].as_str().unwrap()), "{record} has no id, and its run is not unknown");
        }
    }
    assert!(missing.is_subset(&unknown), "missing: {missing:?}, unknown: {unknown:?}");
    // At most so many are under way through one connection.
    assert!(unknown.len() <= 8 * kills, "{} are unknown", unknown.len());

    println!("{kills} kills; {before} of {runs} were created meanwhile, {} were unknown", unknown.len());
    // A person decides: the probe finds who is there, and who is not is created.
    for id in unknown_runs(&stage) {
        if stage.run(&format!("presetter workflow resume {id}")).exit != 0 {
            stage.does(&format!("presetter workflow resume {id} --repeat"));
        }
    }
    let daemon = Daemon::start(&stage);
    let until = Instant::now() + Duration::from_secs(300);
    while busy(&stage) || states(&stage)["unknown"] > 0 {
        assert!(Instant::now() < until, "runs do not end: {:?}", states(&stage));
        thread::sleep(Duration::from_millis(200));
    }
    daemon.stop();
    let created = self::created(&stage);
    assert_eq!(created.len(), runs, "everybody is there");
    assert!(created.values().all(|count| *count == 1), "{created:?}");
}

fn unknown_runs(stage: &Stage) -> Vec<String> {
    let unknown = stage.does("presetter workflow logs --state unknown --limit 1000 --format json");
    unknown
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["run"].as_str().unwrap().to_owned())
        .collect()
}

/// How often each of the new was created at the vendor.
fn created(stage: &Stage) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for user in stage.server().users().into_iter().filter(|user| user.identifier.starts_with("new")) {
        *counts.entry(user.identifier).or_default() += 1;
    }
    counts
}

#[test]
fn what_a_killed_daemon_leaves_another_takes_up() {
    let stage = organisation();
    stage.does("presetter sync mosyle --new --preset mosyle/users -c m");
    stage.does("presetter sync mosyle");
    stage.server().set_oddities(Oddities { slow_ms: 20, ..Oddities::default() });
    workflow(&stage, "create.workflow.toml", CREATE);
    stage.does("presetter workflow activate create");
    let (one, other) = (Daemon::start(&stage), Daemon::start(&stage));
    hire(&stage, 60);
    one.wait_for("run ended");
    one.kill();
    let until = Instant::now() + Duration::from_secs(240);
    while busy(&stage) || created(&stage).len() + states(&stage)["unknown"] < 60 {
        assert!(Instant::now() < until, "runs do not end: {:?}", states(&stage));
        thread::sleep(Duration::from_millis(200));
    }
    other.stop();
    let created = created(&stage);
    assert!(created.values().all(|count| *count == 1), "{created:?}");
    assert!(created.len() + states(&stage)["unknown"] >= 60, "{} and {:?}", created.len(), states(&stage));
}
