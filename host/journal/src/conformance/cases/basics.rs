//! A run from its submission to its end.

use serde_json::json;

use super::super::{Make, World, submission};
use super::{assert_state, create, failed, read, with};
use crate::seam::{EngineError, Event, MAX_DEPTH, RunId, RunState, StepState, Submission};

/// Its steps are done in turn, each with a key of its own; all of it can be read afterwards.
pub async fn a_run_goes_through_and_is_kept(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let submitted = submission(&json!([read("look"), create("make")]));
    let run = engine.engine.submit(submitted.clone()).await.unwrap().run;
    assert_state(&engine, &run, RunState::Ready).await;
    engine.work().await;

    let stands = engine.get(&run).await;
    assert_eq!((stands.state, stands.result), (RunState::Done, Some(json!(["look is done", "make is done"]))));
    assert_eq!((stands.submitted, stands.ended), (world.clock_now(), Some(world.clock_now())));
    assert_eq!(engine.engine.submission(&run).await.unwrap(), submitted);
    let steps = engine.steps(&run).await;
    let seen: Vec<_> = steps.iter().map(|s| (s.path.0.as_str(), s.name.as_str(), s.state, s.attempt)).collect();
    assert_eq!(seen, [("0", "look", StepState::Done, 1), ("1", "make", StepState::Done, 1)]);
    let calls = world.vendor.calls();
    assert_ne!(calls[0].key, calls[1].key);
    assert!(calls.iter().all(|call| call.key.len() == 32 && call.run == run.0), "{calls:?}");

    let nobody = RunId("nobody".to_owned());
    assert!(matches!(engine.engine.get(&nobody).await, Err(EngineError::Missing(_))));
}

/// However often it is replayed, by whichever engine.
pub async fn what_is_recorded_never_runs_again(make: Make<'_>) {
    let world = World::new(make());
    let first = world.open().await;
    let run = first.submit(json!([create("a"), { "sleep": 10 }, create("b"), { "sleep": 10 }, create("c")])).await;
    first.work().await;
    assert_eq!(world.vendor.names(), ["a"]);
    drop(first);
    let second = world.open().await;
    world.seconds(10);
    second.work().await;
    let third = world.open().await;
    world.seconds(10);
    third.work().await;
    second.work().await;
    assert_eq!(world.vendor.names(), ["a", "b", "c"]);
    let result = json!(["a is done", null, "b is done", null, "c is done"]);
    assert_eq!(third.get(&run).await.result, Some(result));
}

/// A replay sees the time of the first time.
pub async fn time_is_recorded(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let run = engine.submit(json!([{ "now": true }, { "sleep": 5 }, { "now": true }])).await;
    let first = world.clock_now();
    engine.work().await;
    world.seconds(7);
    engine.work().await;
    assert_eq!(engine.get(&run).await.result, Some(json!([first, null, world.clock_now()])));
}

/// A failure that is known is recorded, told to the flow, and final.
pub async fn a_failure_is_an_answer(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let refused = json!({ "step": "no", "repeat": "natural", "ends": ["fail"] });
    let failing = engine.submit(json!([refused, create("never reached")])).await;
    let going_on = engine.submit(json!([{ "swallow": [refused] }, { "sleep": 1 }, create("reached")])).await;
    engine.work().await;
    world.seconds(1);
    engine.work().await;
    assert_eq!(failed(&engine, &failing).await.0, "refused");
    assert_eq!(engine.steps(&failing).await[0].state, StepState::Failed);
    assert_state(&engine, &going_on, RunState::Done).await;
    assert_eq!(world.vendor.names(), ["no", "no", "reached"]);
}

/// What nobody could read again is not kept: its step fails, and nothing else does.
pub async fn an_answer_that_is_nested_too_deep_is_not_kept(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let deep = |depth: usize| json!([with(create("deep"), &json!({ "depth": depth })), { "sleep": 1 }, read("after")]);
    // The result is a list of answers.
    let (kept, refused) = (engine.submit(deep(MAX_DEPTH - 1)).await, engine.submit(deep(MAX_DEPTH + 1)).await);
    let far = engine.submit(deep(1_000)).await;
    let waiting = engine.submit(json!([{ "wait": "go" }, read("also")])).await;
    engine.work().await;
    let (class, message) = failed(&engine, &refused).await;
    assert_eq!(class, "limit");
    assert!(message.contains("was done") && message.contains("nested"), "{message}");
    assert_eq!(failed(&engine, &far).await.0, "limit");
    drop(engine);

    let again = world.open().await;
    let deep_event = (0..=MAX_DEPTH).fold(json!(null), |inner, _| json!([inner]));
    let event = |payload| Event { id: "1".to_owned(), name: "go".to_owned(), payload };
    assert!(matches!(again.engine.signal(&waiting, event(deep_event)).await, Err(EngineError::Refused(_))));
    again.engine.signal(&waiting, event(json!(null))).await.unwrap();
    world.seconds(1);
    again.work().await;
    assert_state(&again, &kept, RunState::Done).await;
    assert_state(&again, &waiting, RunState::Done).await;
}

/// The same key and content give the same run, also from another engine and after its end; other content is refused.
pub async fn submitting_again_gives_the_same_run(make: Make<'_>) {
    let world = World::new(make());
    let (one, other) = (world.open().await, world.open().await);
    let keyed = |definition| Submission { key: Some("order 7".to_owned()), ..submission(&definition) };
    let mine = keyed(json!([create("a")]));
    let (a, b) = tokio::join!(one.engine.submit(mine.clone()), other.engine.submit(mine.clone()));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.run.clone(), a.new), (b.run, !b.new));
    one.work().await;
    let again = other.engine.submit(mine.clone()).await.unwrap();
    assert_eq!((&again.run, again.new), (&a.run, false));
    other.work().await;
    assert_eq!(world.vendor.names(), ["a"]);

    let changed = [
        keyed(json!([create("b")])),
        Submission { input: json!({ "who": "Bob" }), ..mine.clone() },
        Submission { ordering: Some("line".to_owned()), ..mine.clone() },
    ];
    for other_content in changed {
        let error = one.engine.submit(other_content).await.unwrap_err();
        assert_eq!(error, EngineError::KeyTaken { key: "order 7".to_owned(), run: a.run.clone() });
    }
    let without = submission(&json!([read("r")]));
    let (a, b) = (one.engine.submit(without.clone()).await.unwrap(), one.engine.submit(without).await.unwrap());
    assert_ne!(a.run, b.run);
}
