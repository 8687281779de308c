//! Random flows and random crashes: the calls obey the rules, and the result is the same as without crashes.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use presetter_journal::conformance::{Call, Instance, World};
use presetter_journal::seam::{Decision, Page, RunId, RunState, StepState};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};

/// A list of things to do. Names are made unique afterwards: they are the places in the definition.
fn flow() -> impl Strategy<Value = Value> {
    let step = prop_oneof![
        Just(json!({ "step": "", "repeat": "read" })),
        Just(json!({ "step": "", "repeat": "natural" })),
        Just(json!({ "step": "", "repeat": "keyed" })),
        Just(json!({ "step": "", "repeat": "never", "probe": "honest" })),
        Just(json!({ "step": "", "repeat": "never", "probe": "undecided" })),
    ];
    let other = prop_oneof![
        (0_u64..3).prop_map(|seconds| json!({ "sleep": seconds })),
        Just(json!({ "progress": "on the way" })),
        Just(json!({ "swallow": [{ "fail": "on purpose" }] })),
    ];
    let leaf = prop_oneof![4 => step, 1 => other];
    let node = leaf.prop_recursive(3, 12, 3, |node| {
        let branch = prop::collection::vec(node, 0..4);
        prop::collection::vec(branch, 0..4).prop_map(|branches| json!({ "all": branches }))
    });
    prop::collection::vec(node, 1..6).prop_map(|nodes| {
        let mut nodes = Value::Array(nodes);
        let mut count = 0;
        name(&mut nodes, &mut count);
        nodes
    })
}

/// Gives each step a name of its own.
fn name(value: &mut Value, count: &mut u32) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| name(value, count)),
        Value::Object(node) => {
            if node.contains_key("step") {
                node["step"] = json!(format!("step {count}"));
                *count += 1;
            }
            node.values_mut().for_each(|value| name(value, count));
        }
        _ => {}
    }
}

/// What the flow's result is, if nothing goes wrong.
fn result(nodes: &Value) -> Value {
    let nodes = nodes.as_array().unwrap().iter().map(|node| {
        let all = node["all"].as_array();
        match node["step"].as_str() {
            Some(step) => json!(format!("{step} is done")),
            None if all.is_some() => all.unwrap().iter().map(result).collect(),
            None if node["swallow"].is_array() => json!("swallowed"),
            None => Value::Null,
        }
    });
    nodes.collect()
}

/// What was in flight or done when an engine was opened.
#[derive(Default)]
struct Seen {
    /// Steps that were in flight, and for which nobody can tell.
    in_doubt: BTreeSet<String>,
    /// How many calls there were when a step was first seen to be recorded.
    recorded: BTreeMap<String, usize>,
}

impl Seen {
    async fn look(&mut self, instance: &Instance, world: &World, run: &RunId) {
        for step in instance.steps(run).await {
            match step.state {
                StepState::Started if step.data["repeat"] == "never" && step.data["probe"] == "undecided" => {
                    self.in_doubt.insert(step.path.0);
                }
                StepState::Done | StepState::Unknown => {
                    self.recorded.entry(step.path.0).or_insert(world.vendor.calls().len());
                }
                _ => {}
            }
        }
    }
}

async fn check(nodes: Value, crashes: Vec<usize>) {
    let world = World::new(common::make());
    let calm = world.open().await;
    let run = calm.submit(nodes.clone()).await;
    drop(calm);
    let mut seen = Seen::default();
    for place in &crashes {
        let instance = world.open_until(Some(*place)).await;
        seen.look(&instance, &world, &run).await;
        instance.work_or_crash().await;
        drop(instance);
        world.outlast_leases();
    }
    let last = world.open().await;
    seen.look(&last, &world, &run).await;
    let mut decided = BTreeSet::new();
    for _ in 0..100 {
        last.work().await;
        world.seconds(3);
        if last.get(&run).await.state == RunState::Unknown {
            for step in last.engine.steps(&run, Some(StepState::Unknown), Page::default()).await.unwrap() {
                let answer = Decision::Done(json!(format!("{} is done", step.name)));
                last.engine.resume(&run, &step.path, answer, "Ada").await.unwrap();
                decided.insert(step.path.0);
            }
        }
    }
    let stands = last.get(&run).await;
    assert_eq!(stands.result, Some(result(&nodes)), "{stands:?}");
    assert_eq!(decided, seen.in_doubt, "what a person is asked about is what was in flight and nobody can tell");

    let calls = world.vendor.calls();
    for step in last.steps(&run).await.into_iter().filter(|step| step.repeat.is_some()) {
        let path = step.path.0;
        let mine: Vec<(usize, &Call)> = calls.iter().enumerate().filter(|(_, call)| call.path == path).collect();
        let begun: Vec<(usize, &Call)> = mine.iter().filter(|(_, call)| !call.probe).copied().collect();
        assert!(begun.len() <= 1 + crashes.len(), "{path}: {begun:?}");
        assert!(begun.windows(2).all(|pair| pair[0].1.attempt < pair[1].1.attempt), "{path}: {begun:?}");
        assert!(mine.iter().all(|(_, call)| call.key == mine[0].1.key), "{path}: {mine:?}");
        if let Some(recorded) = seen.recorded.get(&path) {
            assert!(mine.iter().all(|(at, _)| at < recorded), "{path} was recorded, and done again: {calls:?}");
        }
        let effects = world.vendor.effects(&run.0, &path);
        match step.data["repeat"].as_str().unwrap() {
            "keyed" => assert_eq!(effects, 1, "{path}"),
            "never" if decided.contains(&path) => assert!(effects <= 1 && begun.len() <= 1, "{path}: {begun:?}"),
            "never" => assert_eq!(effects, 1, "{path}"),
            _ => assert!(effects >= 1, "{path}"),
        }
        // What stands before it in its branch was over.
        let (branch, place) = path.rsplit_once('.').unwrap_or(("", &path));
        let before = calls.iter().enumerate().filter(|(_, call)| {
            let inside = if branch.is_empty() { Some(call.path.as_str()) } else { call.path.strip_prefix(branch) };
            let at = inside.and_then(|rest| rest.trim_start_matches('.').split('.').next()?.parse::<u32>().ok());
            at.is_some_and(|at| at < place.parse().unwrap())
        });
        let over = before.map(|(at, _)| at).max();
        if let (Some(over), Some((first, _))) = (over, begun.first()) {
            assert!(over < *first, "{path} was begun before what comes before it was over: {calls:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn crashes_change_nothing_but_what_is_in_doubt(nodes in flow(), crashes in prop::collection::vec(0_usize..40, 0..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(nodes, crashes));
    }
}
