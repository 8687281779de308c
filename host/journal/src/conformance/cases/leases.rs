//! Leases.

use std::time::Duration;

use serde_json::json;

use super::super::{LEASE, Make, World, submission};
use super::{assert_state, create, read, with};
use crate::seam::{Cancellation, RunState, StepState, Submission, Until, Write};

/// Not before.
pub async fn a_run_is_taken_over_when_its_lease_is_over(make: Make<'_>) {
    let world = World::new(make());
    let (one, other) = (world.open().await, world.open().await);
    let held = json!({ "step": "held", "repeat": "natural", "hold": "gate" });
    let run = one.submit(json!([create("before"), held, read("after")])).await;
    let work = one.work_aside();
    world.vendor.begun("held", 1).await;
    one.crash.now();
    work.abort();
    drop(one);
    world.vendor.open("gate");
    world.advance(LEASE - Duration::from_secs(1));
    other.work().await;
    assert_state(&other, &run, RunState::Running).await;
    world.seconds(1);
    other.work().await;
    assert_state(&other, &run, RunState::Done).await;
    assert_eq!(world.vendor.names(), ["before", "held", "held", "after"]);
    assert_eq!(other.steps(&run).await[1].attempt, 2);
}

/// It was never begun, so nobody needs to ask whether it took place.
pub async fn what_waits_for_its_turn_is_not_in_doubt_after_a_crash(make: Make<'_>) {
    let world = World::new(make());
    let (one, other) = (world.open().await, world.open().await);
    let run = one.submit(json!([with(create("a"), &json!({ "turn": "gate" }))])).await;
    let work = one.work_aside();
    world.vendor.queued().await;
    one.crash.now();
    work.abort();
    drop(one);
    world.vendor.open("gate");
    world.advance(LEASE);
    other.work().await;
    assert_state(&other, &run, RunState::Done).await;
    assert_eq!(other.steps(&run).await[0].attempt, 1);
    assert!(world.vendor.calls().iter().all(|call| !call.probe), "nobody was asked");
}

/// However long its step takes.
pub async fn a_lease_is_kept_while_its_worker_lives(make: Make<'_>) {
    let world = World::new(make());
    let (one, other) = (world.open().await, world.open().await);
    let held = json!({ "step": "held", "repeat": "natural", "hold": "gate" });
    let run = one.submit(json!([held])).await;
    let work = one.work_aside();
    world.vendor.begun("held", 1).await;
    for renewals in 1..=20 {
        world.advance(LEASE / 3);
        one.written(Write::Renew, renewals).await;
        other.work().await;
    }
    world.vendor.open("gate");
    work.await.unwrap();
    assert_state(&one, &run, RunState::Done).await;
    assert_eq!(world.vendor.names(), ["held"]);
}

/// Its request is still on the wire, and arrives: the lease does not fence it. The statement of the step covers it.
pub async fn a_worker_that_lost_its_lease_records_nothing(make: Make<'_>) {
    let world = World::new(make());
    let (slow, other) = (world.open().await, world.open().await);
    let held = json!({ "step": "held", "repeat": "keyed", "hold": "gate" });
    let unsafe_write = json!({ "step": "unsafe", "repeat": "never", "hold": "gate" });
    let run = slow.submit(json!([held, read("after")])).await;
    let in_doubt = slow.submit(json!([unsafe_write, read("after")])).await;
    slow.crash.hold(Write::Renew);
    let work = slow.work_aside();
    world.vendor.begun("held", 1).await;
    world.vendor.begun("unsafe", 1).await;
    world.outlast_leases();
    let take_over = other.work_aside();
    world.vendor.begun("held", 2).await;
    world.vendor.open("gate");
    take_over.await.unwrap();
    let (done, unknown) = (other.steps(&run).await, other.steps(&in_doubt).await);
    assert_state(&other, &run, RunState::Done).await;
    assert_state(&other, &in_doubt, RunState::Unknown).await;
    assert_eq!((done[0].attempt, unknown[0].state), (2, StepState::Unknown));

    // Its renewals are held up, so it has to find out when it records.
    slow.written(Write::Record, 2).await;
    work.abort();
    assert_eq!((other.steps(&run).await, other.steps(&in_doubt).await), (done, unknown));
    assert_eq!((world.vendor.effects(&run.0, "0"), world.vendor.effects(&in_doubt.0, "0")), (1, 1));
    assert_eq!(world.vendor.names().iter().filter(|name| *name == "after").count(), 1);
}

/// It begins nothing more, and others need not wait for its leases.
pub async fn a_worker_that_stops_gives_its_runs_back(make: Make<'_>) {
    let world = World::new(make());
    let (one, other) = (world.open().await, world.open().await);
    let held = json!({ "step": "held", "repeat": "never", "hold": "gate" });
    let run = one.submit(json!([held, create("after")])).await;
    let (stop, stopped) = Cancellation::pair();
    let engine = one.engine.clone();
    let work = tokio::spawn(async move { engine.work(Until::Stopped(stopped)).await });
    world.vendor.begun("held", 1).await;
    stop.cancel();
    world.vendor.open("gate");
    work.await.unwrap().unwrap();
    assert_eq!(world.vendor.names(), ["held"]);
    assert_state(&one, &run, RunState::Ready).await;
    other.work().await;
    assert_eq!(world.vendor.names(), ["held", "after"]);
    assert_state(&other, &run, RunState::Done).await;
}

/// Whoever works on some runs works on what was submitted for them, and leaves the others alone.
pub async fn a_worker_of_some_runs_leaves_the_others_alone(make: Make<'_>) {
    let world = World::new(make());
    let one = world.open().await;
    let other = one.submit(json!([create("other")])).await;
    let run = one.submit(json!([create("own")])).await;
    let key = Some(format!("{run}:u-1"));
    let child = Submission { key, ..submission(&json!([create("child")])) };
    let child = one.engine.submit(child).await.unwrap().run;
    let key = Some(format!("{run}0"));
    let alike = Submission { key, ..submission(&json!([create("alike")])) };
    let alike = one.engine.submit(alike).await.unwrap().run;
    one.engine.work(Until::These(vec![run.clone()])).await.unwrap();
    for (run, state) in
        [(&run, RunState::Done), (&child, RunState::Done), (&other, RunState::Ready), (&alike, RunState::Ready)]
    {
        assert_state(&one, run, state).await;
    }
    one.work().await;
    assert_state(&one, &other, RunState::Done).await;
}
