//! Steps whose end is not known.

use std::time::Duration;

use serde_json::json;

use super::super::{Make, World};
use super::{assert_state, create, failed, with};
use crate::seam::{Decision, EngineError, Failure, RunState, StepPath, StepState};

/// What may be repeated is, a few times and not at once; then the probe is asked. A read is never unknown.
pub async fn without_an_answer_a_repeat_follows_the_statement(make: Make<'_>) {
    for (repeat, probe, ends, attempts, end) in [
        ("read", "undecided", json!(["lost", "lost", "done"]), 3, Ok(RunState::Done)),
        ("natural", "undecided", json!(["unanswered", "done"]), 2, Ok(RunState::Done)),
        ("keyed", "undecided", json!(["unanswered", "lost", "unanswered", "lost", "done"]), 5, Ok(RunState::Done)),
        ("never", "honest", json!(["unanswered"]), 1, Ok(RunState::Done)),
        ("never", "honest", json!(["lost", "lost", "done"]), 3, Ok(RunState::Done)),
        ("never", "honest", json!(["lost", "unanswered"]), 2, Ok(RunState::Done)),
        ("never", "undecided", json!(["lost"]), 1, Ok(RunState::Unknown)),
        ("never", "undecided", json!(["unanswered"]), 1, Ok(RunState::Unknown)),
        ("read", "undecided", json!(["lost"]), 5, Err("unanswered")),
        ("never", "honest", json!(["lost"]), 5, Err("unanswered")),
        ("natural", "undecided", json!(["lost"]), 5, Ok(RunState::Unknown)),
        ("keyed", "honest", json!(["lost"]), 5, Err("unanswered")),
    ] {
        let world = World::new(make());
        let engine = world.open().await;
        let step = json!({ "step": "it", "repeat": repeat, "probe": probe, "ends": ends });
        let case = step.to_string();
        let run = engine.submit(json!([step])).await;
        engine.work().await;
        assert_eq!(world.vendor.names().len(), 1, "not at once: {case}");
        for _ in 0..10 {
            world.advance(Duration::from_secs(60));
            engine.work().await;
        }
        match end {
            Ok(state) => assert_state(&engine, &run, state).await,
            Err(class) => assert_eq!(failed(&engine, &run).await.0, class, "{case}"),
        }
        assert_eq!(world.vendor.names().len(), attempts, "{case}");
        let calls = world.vendor.calls();
        assert!(calls.iter().all(|call| call.key == calls[0].key), "{calls:?}");
        let effects = world.vendor.effects(&run.0, "0");
        assert!(repeat == "natural" || effects <= 1, "{effects} effects: {case}");
    }
}

/// As if it had been killed.
pub async fn an_executor_that_panics_leaves_its_step_in_doubt(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let run = engine.submit(json!([with(create("it"), &json!({ "ends": ["panic"] }))])).await;
    engine.work().await;
    assert_state(&engine, &run, RunState::Unknown).await;
}

/// Who decides is told what is not known; the decision is taken once, and the run goes on with it.
pub async fn a_person_decides(make: Make<'_>) {
    let refused = Failure::new("refused", "Ada looked: it is not there");
    for (decision, result, calls) in [
        (Decision::Done(json!("Ada says so")), json!(["Ada says so", "other is done"]), vec!["it", "other", "after"]),
        (Decision::Repeat, json!(["it is done", "other is done"]), vec!["it", "other", "it", "after"]),
        (Decision::Fail(refused), json!(["swallowed", "other is done"]), vec!["it", "other", "after"]),
    ] {
        let world = World::new(make());
        let engine = world.open().await;
        let doubtful = with(create("it"), &json!({ "ends": ["lost", "done"] }));
        let branches = json!({ "all": [[{ "swallow": [doubtful] }], [create("other")]] });
        let run = engine.submit(json!([branches, create("after")])).await;
        engine.work().await;
        assert_state(&engine, &run, RunState::Unknown).await;
        let unknown = engine.engine.steps(&run, Some(StepState::Unknown), Default::default()).await.unwrap();
        assert_eq!((unknown.len(), unknown[0].path.0.as_str()), (1, "0.0.0"));
        assert!(unknown[0].failure.as_ref().unwrap().message.contains("no answer"), "{unknown:?}");

        let missing = engine.engine.resume(&run, &StepPath("9".to_owned()), decision.clone(), "Ada").await;
        assert!(matches!(missing, Err(EngineError::Missing(_))), "{missing:?}");
        let settled = engine.engine.resume(&run, &StepPath("0.1.0".to_owned()), decision.clone(), "Ada").await;
        assert!(matches!(settled, Err(EngineError::TooLate(_))), "{settled:?}");
        engine.engine.resume(&run, &unknown[0].path, decision.clone(), "Ada").await.unwrap();
        let again = engine.engine.resume(&run, &unknown[0].path, decision, "Ada").await;
        assert!(matches!(again, Err(EngineError::TooLate(_))), "{again:?}");
        engine.work().await;
        let answers = engine.get(&run).await.result.unwrap();
        // A part that was swallowed is a list if it went well.
        let first = answers[0][0][0].get(0).unwrap_or(&answers[0][0][0]).clone();
        assert_eq!((json!([first, answers[0][1][0]]), &answers[1]), (result, &json!("after is done")));
        assert_eq!(world.vendor.names(), calls);
    }
}
