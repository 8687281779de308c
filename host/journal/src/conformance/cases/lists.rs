//! Looking, following, bounds.

use serde_json::{Value, json};

use super::super::{Make, World, submission};
use super::{assert_state, create, failed, read, with};
use crate::seam::{
    EngineError, Event, Filter, MAX_BRANCHES, MAX_NAME, MAX_PAYLOAD, MAX_PROGRESS, Page, RunState, StepState,
    Submission,
};

/// Nothing is missed between two calls, and the end ends it.
pub async fn followers_see_progress_and_the_end(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let held = |name: &str| json!({ "step": name, "repeat": "read", "hold": name });
    let run = engine.submit(json!([{ "progress": 1 }, held("a"), { "progress": 2 }, held("b")])).await;
    let work = engine.work_aside();
    let mut seen = 0;
    for (progress, gate) in [(1, "a"), (2, "b")] {
        loop {
            let stands = engine.engine.attach(&run, seen).await.unwrap();
            assert!(stands.revision > seen);
            seen = stands.revision;
            if stands.progress == Some(json!(progress)) {
                break;
            }
        }
        world.vendor.open(gate);
    }
    while !engine.engine.attach(&run, seen).await.unwrap().state.has_ended() {
        seen += 1;
    }
    work.await.unwrap();
    let ended = engine.engine.attach(&run, u64::MAX >> 1).await.unwrap();
    assert_eq!((ended.state, ended.progress), (RunState::Done, Some(json!(2))));
}

/// The newest first; each once, also while more come.
pub async fn lists_go_by_pages(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let mut expected = Vec::new();
    for number in 0..7 {
        expected.insert(0, engine.submit(json!([read(&number.to_string())])).await);
    }
    let mut page = Page { beyond: None, limit: 3 };
    let mut seen = Vec::new();
    loop {
        let runs = engine.engine.list(&Filter::default(), page).await.unwrap();
        let Some(last) = runs.last() else { break };
        page.beyond = Some(last.number);
        seen.extend(runs.into_iter().map(|run| run.id));
        engine.submit_in("later", json!([read("later")])).await;
    }
    assert_eq!(seen, expected);
    let failing = engine.submit(json!([{ "fail": "on purpose" }])).await;
    engine.work().await;
    let list = async |filter: Filter| engine.engine.list(&filter, Page::default()).await.unwrap();
    let failed = list(Filter { state: Some(RunState::Failed), ..Filter::default() }).await;
    assert_eq!(failed.iter().map(|run| &run.id).collect::<Vec<_>>(), [&failing]);
    assert_eq!(failed[0].failure.as_ref().unwrap().class, "on purpose");
    let done = list(Filter { state: Some(RunState::Done), ordering: Some("later".to_owned()), ..Filter::default() });
    let done = done.await;
    assert!(
        !done.is_empty() && done.iter().all(|run| run.ordering.as_deref() == Some("later") && run.result.is_none())
    );
    assert_eq!(list(Filter { flow: Some("script".to_owned()), ..Filter::default() }).await.len(), 7 + done.len() + 1);
    assert_eq!(list(Filter { flow: Some("other".to_owned()), ..Filter::default() }).await, []);

    let run = engine.submit(json!([read("a"), read("b"), read("c")])).await;
    engine.work().await;
    let first = engine.engine.steps(&run, Some(StepState::Done), Page { beyond: None, limit: 2 }).await.unwrap();
    let rest = Page { beyond: Some(first[1].number), limit: 2 };
    let rest = engine.engine.steps(&run, Some(StepState::Done), rest).await.unwrap();
    assert_eq!(first.iter().chain(&rest).map(|step| step.name.as_str()).collect::<String>(), "abc");
    assert_eq!(engine.engine.steps(&run, Some(StepState::Failed), Page::default()).await.unwrap(), []);
}

/// Callers are told at once; a run ends with `limit`; an answer that is too large is not taken for one that was not given.
pub async fn what_is_too_large_is_refused(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let large = Value::from("x".repeat(MAX_PAYLOAD));
    let fine = submission(&json!([]));
    for refused in [
        Submission { input: large.clone(), ..fine.clone() },
        Submission { definition: large.to_string(), ..fine.clone() },
        Submission { key: Some("k".repeat(MAX_NAME + 1)), ..fine.clone() },
        Submission { key: Some(String::new()), ..fine.clone() },
        Submission { ordering: Some(String::new()), ..fine.clone() },
    ] {
        assert!(matches!(engine.engine.submit(refused).await, Err(EngineError::Refused(_))));
    }
    let run = engine.submit(json!([{ "wait": "it" }])).await;
    let event = Event { id: "1".to_owned(), name: "it".to_owned(), payload: large };
    assert!(matches!(engine.engine.signal(&run, event).await, Err(EngineError::Refused(_))));

    let branches = vec![json!([]); MAX_BRANCHES + 1];
    for node in [json!({ "all": branches }), json!({ "progress": "x".repeat(MAX_PROGRESS) }), read("")] {
        let run = engine.submit(json!([create("before"), { "swallow": [node] }, create("after")])).await;
        engine.work().await;
        assert_eq!(failed(&engine, &run).await.0, "limit");
    }
    assert!(!world.vendor.names().contains(&"after".to_owned()));

    let most = engine.submit(json!([{ "all": vec![json!([]); MAX_BRANCHES] }])).await;
    let fits = engine.submit(json!([with(create("fits"), &json!({ "bytes": MAX_PAYLOAD - 10 }))])).await;
    let too_much = with(create("too much"), &json!({ "bytes": MAX_PAYLOAD - 1 }));
    let over = engine.submit(json!([{ "swallow": [too_much] }, { "sleep": 1 }])).await;
    engine.work().await;
    world.seconds(1);
    engine.work().await;
    assert_state(&engine, &most, RunState::Done).await;
    assert_state(&engine, &fits, RunState::Done).await;
    assert_state(&engine, &over, RunState::Done).await;
    let kept = engine.steps(&over).await[0].failure.clone().unwrap();
    assert!(kept.class == "limit" && kept.message.contains("was done"), "{kept:?}");
    assert_eq!(world.vendor.names().iter().filter(|name| *name == "too much").count(), 1);
}
