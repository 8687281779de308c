//! A replay that asks for something else.

use serde_json::json;

use super::super::{Make, World};
use super::{assert_state, create, failed, with};
use crate::seam::{Decision, RunState, StepPath};

/// Both are named, and neither is done.
pub async fn another_step_at_a_recorded_place_ends_the_run(make: Make<'_>) {
    let changed = [
        json!([create("renamed")]),
        json!([with(create("first"), &json!({ "answer": "another payload" }))]),
        json!([{ "step": "first", "repeat": "natural" }]),
        json!([{ "now": true }]),
        json!([{ "all": [[], []] }]),
    ];
    for other in changed {
        let world = World::new(make());
        let engine = world.open().await;
        let run =
            engine.submit(json!([{ "versions": [[create("first")], other] }, { "sleep": 1 }, create("last")])).await;
        engine.work().await;
        world.upgrade(1);
        world.seconds(1);
        engine.work().await;
        let (class, message) = failed(&engine, &run).await;
        assert_eq!(class, "diverged");
        assert!(message.contains("step \"first\"") && message.contains("step 0 "), "{message}");
        assert_eq!(world.vendor.names(), ["first"]);
    }
    let world = World::new(make());
    let engine = world.open().await;
    let (two, three) = (json!({ "all": [[], []] }), json!({ "all": [[], [], []] }));
    let run = engine.submit(json!([{ "versions": [[two], [three]] }, { "sleep": 1 }])).await;
    engine.work().await;
    world.upgrade(1);
    world.seconds(1);
    engine.work().await;
    assert_eq!(failed(&engine, &run).await.0, "diverged");
}

/// A step that was done is not passed over in silence.
pub async fn a_recorded_step_that_is_left_out_ends_the_run(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let run = engine.submit(json!([{ "versions": [[create("first"), { "sleep": 1 }], []] }])).await;
    engine.work().await;
    world.upgrade(1);
    world.seconds(1);
    engine.work().await;
    let (class, message) = failed(&engine, &run).await;
    assert_eq!(class, "diverged");
    assert!(message.contains("\"first\""), "{message}");
}

/// A write in flight is settled first, even if the new flow knows nothing of it.
pub async fn what_is_in_flight_is_settled_before_a_run_diverges(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let held = with(create("held"), &json!({ "hold": "gate" }));
    let run = engine.submit(json!([{ "versions": [[held], [create("other")]] }])).await;
    let work = engine.work_aside();
    world.vendor.begun("held", 1).await;
    engine.crash.now();
    work.abort();
    drop(engine);

    world.upgrade(1);
    world.outlast_leases();
    let engine = world.open().await;
    engine.work().await;
    assert_state(&engine, &run, RunState::Unknown).await;
    engine.engine.resume(&run, &StepPath("0".to_owned()), Decision::Done(json!(1)), "Ada").await.unwrap();
    engine.work().await;
    assert_eq!(failed(&engine, &run).await.0, "diverged");
    assert_eq!(world.vendor.names(), ["held"]);
}
