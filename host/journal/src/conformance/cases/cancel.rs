//! Cancelling.

use serde_json::json;

use super::super::{LEASE, Make, World};
use super::{assert_state, create, with};
use crate::seam::{Decision, EngineError, Failure, RunState, StepPath, StepState};

/// Nothing of theirs is under way.
pub async fn what_waits_or_queues_is_cancelled_at_once(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let waiting = engine.submit_in("line", json!([create("a"), { "sleep": 10 }, create("b")])).await;
    let queued = engine.submit_in("line", json!([create("c")])).await;
    let last = engine.submit_in("line", json!([create("d")])).await;
    engine.work().await;
    for run in [&queued, &waiting] {
        let stands = engine.engine.cancel(run, "Ada").await.unwrap();
        assert_eq!((stands.state, stands.cancelled_by.as_deref()), (RunState::Cancelled, Some("Ada")));
        assert!(stands.ended.is_some());
        assert!(matches!(engine.engine.cancel(run, "Bob").await, Err(EngineError::TooLate(_))));
    }
    world.seconds(10);
    engine.work().await;
    assert_eq!(world.vendor.names(), ["a", "d"]);
    assert_state(&engine, &last, RunState::Done).await;
}

/// How it ends is recorded all the same, and nothing after it is begun.
pub async fn a_step_in_flight_is_asked_to_break_off(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let held = with(create("held"), &json!({ "hold": "gate", "broken": "fail" }));
    let run = engine.submit(json!([{ "swallow": [held] }, create("after")])).await;
    let work = engine.work_aside();
    world.vendor.begun("held", 1).await;
    let stands = engine.engine.cancel(&run, "Ada").await.unwrap();
    assert_eq!(stands.state, RunState::Running);
    work.await.unwrap();
    assert_state(&engine, &run, RunState::Cancelled).await;
    let steps = engine.steps(&run).await;
    let failure = steps[0].failure.clone().unwrap();
    assert_eq!((steps.len(), steps[0].state, failure.class.as_str()), (1, StepState::Failed, "cancelled"));
    assert_eq!(world.vendor.names(), ["held"]);
}

/// The one that has the run begins nothing more, and asks its step to break off when it next keeps its lease.
pub async fn another_engine_may_cancel(make: Make<'_>) {
    let world = World::new(make());
    let (engine, other) = (world.open().await, world.open().await);
    let held = with(create("held"), &json!({ "hold": "gate", "broken": "fail" }));
    let deaf = engine.submit(json!([held, create("after")])).await;
    let work = engine.work_aside();
    world.vendor.begun("held", 1).await;
    assert_eq!(other.engine.cancel(&deaf, "Ada").await.unwrap().state, RunState::Running);
    world.vendor.open("gate");
    work.await.unwrap();
    assert_state(&engine, &deaf, RunState::Cancelled).await;
    assert_eq!(engine.steps(&deaf).await[0].state, StepState::Done);

    let held = with(create("held"), &json!({ "hold": "another gate", "broken": "fail" }));
    let told = engine.submit(json!([held, create("after")])).await;
    let work = engine.work_aside();
    world.vendor.begun("held", 2).await;
    other.engine.cancel(&told, "Ada").await.unwrap();
    world.advance(LEASE / 3);
    work.await.unwrap();
    assert_state(&engine, &told, RunState::Cancelled).await;
    assert_eq!(engine.steps(&told).await[0].state, StepState::Failed);
    assert_eq!(world.vendor.names(), ["held", "held"]);
}

/// The write is not forgotten: it is listed until somebody decides, and then nothing more is begun.
pub async fn a_cancelled_run_with_an_unknown_write_waits(make: Make<'_>) {
    for decision in
        [Decision::Done(json!(1)), Decision::Repeat, Decision::Fail(Failure::new("mine", "it is not there"))]
    {
        let world = World::new(make());
        let engine = world.open().await;
        let held = with(create("held"), &json!({ "hold": "gate" }));
        let run = engine.submit(json!([held, create("after")])).await;
        let work = engine.work_aside();
        world.vendor.begun("held", 1).await;
        engine.engine.cancel(&run, "Ada").await.unwrap();
        work.await.unwrap();
        assert_state(&engine, &run, RunState::Unknown).await;
        engine.engine.cancel(&run, "Bob").await.unwrap();
        assert_eq!(engine.get(&run).await.cancelled_by.as_deref(), Some("Ada"));
        engine.engine.resume(&run, &StepPath("0".to_owned()), decision, "Ada").await.unwrap();
        engine.work().await;
        assert_state(&engine, &run, RunState::Cancelled).await;
        assert_eq!(world.vendor.names(), ["held"]);
    }
}
