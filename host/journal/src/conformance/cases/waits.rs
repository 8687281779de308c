//! Sleeping, and waiting for events.

use serde_json::{Value, json};

use super::super::{Instance, Make, World};
use super::{assert_state, create};
use crate::seam::{EngineError, Event, RunId, RunState, StepState};

/// Not before, and without a worker meanwhile.
pub async fn a_sleep_ends_at_its_time(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let run = engine.submit(json!([{ "sleep": 3600 }, create("late"), { "sleep": 0 }, create("at once")])).await;
    engine.work().await;
    world.seconds(3599);
    engine.work().await;
    assert_state(&engine, &run, RunState::Waiting).await;
    assert_eq!(world.vendor.names(), [""; 0]);
    world.seconds(1);
    engine.work().await;
    assert_state(&engine, &run, RunState::Done).await;
    assert_eq!(world.vendor.names(), ["late", "at once"]);
}

async fn signal(engine: &Instance, run: &RunId, id: &str, payload: Value) -> Result<bool, EngineError> {
    engine.engine.signal(run, Event { id: id.to_owned(), name: "paid".to_owned(), payload }).await
}

/// Each wait takes one, the earliest first; what comes from another engine wakes the run too.
pub async fn an_event_may_come_before_or_after_the_wait(make: Make<'_>) {
    let world = World::new(make());
    let (engine, other) = (world.open().await, world.open().await);
    let wait = json!({ "wait": "paid" });
    let run = engine.submit(json!([wait, wait, { "sleep": 1 }, wait])).await;
    signal(&engine, &run, "1", json!("first")).await.unwrap();
    signal(&engine, &run, "2", json!("second")).await.unwrap();
    let unrelated = Event { id: "x".to_owned(), name: "unrelated".to_owned(), payload: json!(0) };
    assert!(engine.engine.signal(&run, unrelated).await.unwrap());
    engine.work().await;
    world.seconds(1);
    engine.work().await;
    assert_state(&engine, &run, RunState::Waiting).await;
    signal(&other, &run, "3", json!("third")).await.unwrap();
    engine.work().await;
    assert_eq!(engine.get(&run).await.result, Some(json!(["first", "second", null, "third"])));
    let late = signal(&engine, &run, "4", json!("fourth")).await;
    assert!(matches!(late, Err(EngineError::TooLate(_))), "{late:?}");
}

/// The worker has looked for it already, and still has the run.
pub async fn an_event_that_comes_while_a_worker_has_the_run_is_not_missed(make: Make<'_>) {
    let world = World::new(make());
    let (engine, other) = (world.open().await, world.open().await);
    let held = json!({ "step": "held", "repeat": "read", "hold": "gate" });
    let run = engine.submit(json!([{ "all": [[{ "wait": "paid" }], [held]] }])).await;
    let work = engine.work_aside();
    world.vendor.begun("held", 1).await;
    while !engine.steps(&run).await.iter().any(|step| step.state == StepState::Waiting) {
        tokio::task::yield_now().await;
    }
    signal(&other, &run, "1", json!("now")).await.unwrap();
    world.vendor.open("gate");
    work.await.unwrap();
    assert_eq!(engine.get(&run).await.result, Some(json!([[["now"], ["held is done"]]])));
}

/// What came by then counts, even if nobody looked; what came later is kept for the next wait.
pub async fn a_wait_ends_at_its_deadline(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let wait = json!([{ "wait": "paid", "within": 10 }, { "wait": "paid" }]);
    let (in_time, too_late) = (engine.submit(wait.clone()).await, engine.submit(wait).await);
    engine.work().await;
    world.seconds(9);
    signal(&engine, &in_time, "a", json!("in time")).await.unwrap();
    world.seconds(2);
    signal(&engine, &too_late, "b", json!("too late")).await.unwrap();
    signal(&engine, &in_time, "c", json!("next")).await.unwrap();
    engine.work().await;
    assert_eq!(engine.get(&in_time).await.result, Some(json!(["in time", "next"])));
    assert_eq!(engine.get(&too_late).await.result, Some(json!([null, "too late"])));

    let nothing = engine.submit(json!([{ "wait": "paid", "within": 10 }])).await;
    engine.work().await;
    world.seconds(10);
    engine.work().await;
    assert_eq!(engine.get(&nothing).await.result, Some(json!([null])));
}

/// Telling it twice is telling it once.
pub async fn an_event_is_known_by_its_id(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let run = engine.submit(json!([{ "wait": "paid" }, { "wait": "paid" }])).await;
    assert!(signal(&engine, &run, "1", json!(7)).await.unwrap());
    assert!(!signal(&engine, &run, "1", json!(7)).await.unwrap());
    assert_eq!(signal(&engine, &run, "1", json!(8)).await, Err(EngineError::EventTaken("1".to_owned())));
    engine.work().await;
    assert_state(&engine, &run, RunState::Waiting).await;
    assert!(!signal(&engine, &run, "1", json!(7)).await.unwrap());
    signal(&engine, &run, "2", json!(7)).await.unwrap();
    engine.work().await;
    assert_eq!(engine.get(&run).await.result, Some(json!([7, 7])));
    assert!(!signal(&engine, &run, "2", json!(7)).await.unwrap());
    let nobody = RunId("nobody".to_owned());
    assert!(matches!(signal(&engine, &nobody, "1", json!(7)).await, Err(EngineError::Missing(_))));
}
