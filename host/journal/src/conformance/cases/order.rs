//! Runs of one ordering.

use serde_json::json;

use super::super::{Make, World};
use super::{assert_state, create, failed, read};
use crate::seam::{Decision, RunState, StepPath};

/// They go one after another in the order of their submission, whoever works; others go beside them.
pub async fn runs_of_an_ordering_go_in_turn(make: Make<'_>) {
    let world = World::new(make());
    let (one, other) = (world.open().await, world.open().await);
    let mut runs = Vec::new();
    for number in 0..6 {
        let engine = if number % 2 == 0 { &one } else { &other };
        let steps = json!([read(&format!("{number} first")), { "sleep": 1 }, read(&format!("{number} last"))]);
        runs.push(engine.submit_in("line", steps).await);
    }
    let free = one.submit(json!([read("free")])).await;
    // One that failed or was cancelled is over like any other.
    let failing = one.submit_in("line", json!([{ "fail": "on purpose" }])).await;
    let last = one.submit_in("line", json!([read("last of all")])).await;
    assert_state(&one, &runs[0], RunState::Ready).await;
    assert_state(&one, &runs[1], RunState::Queued).await;
    other.engine.cancel(&runs[4], "Ada").await.unwrap();
    assert_state(&one, &runs[4], RunState::Cancelled).await;
    assert_state(&one, &runs[5], RunState::Queued).await;
    for _ in 0..8 {
        tokio::join!(one.work(), other.work());
        world.seconds(1);
    }
    let names = world.vendor.names();
    assert!(names.iter().take(2).any(|name| name == "free"), "{names:?}");
    let line: Vec<_> = names.iter().filter(|name| *name != "free").cloned().collect();
    let mut expected: Vec<_> =
        [0, 1, 2, 3, 5].iter().flat_map(|n| [format!("{n} first"), format!("{n} last")]).collect();
    expected.push("last of all".to_owned());
    assert_eq!(line, expected);
    assert_state(&one, &free, RunState::Done).await;
    assert_eq!(failed(&one, &failing).await.0, "on purpose");
    assert_state(&one, &last, RunState::Done).await;
}

/// What comes after it might rely on it.
pub async fn an_unknown_run_holds_up_its_ordering(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let lost = json!({ "step": "lost", "repeat": "never", "ends": ["lost"] });
    let first = engine.submit_in("line", json!([lost])).await;
    let second = engine.submit_in("line", json!([create("second")])).await;
    engine.work().await;
    assert_state(&engine, &first, RunState::Unknown).await;
    assert_state(&engine, &second, RunState::Queued).await;
    let decision = Decision::Done(json!("it is there"));
    engine.engine.resume(&first, &StepPath("0".to_owned()), decision, "Ada").await.unwrap();
    engine.work().await;
    assert_eq!(engine.get(&first).await.result, Some(json!(["it is there"])));
    assert_state(&engine, &second, RunState::Done).await;
}
