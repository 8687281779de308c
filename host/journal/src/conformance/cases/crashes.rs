//! A crash at each place there is.

use serde_json::{Value, json};

use super::super::{Instance, Make, World, submission};
use super::{create, read};
use crate::seam::{Decision, Event, Filter, Page, RunId, RunState, Schedule, StepState, Submission};

/// Every run ends, with the result that it has without a crash; what was recorded is not done again; a write that is unsafe, was in
/// flight and cannot be looked for is unknown, and nothing else is.
pub async fn a_crash_anywhere_leads_where_the_statement_says(make: Make<'_>) {
    // Each has a world of its own, so they go side by side.
    tokio::join!(
        crash_everywhere(make, "read", "undecided"),
        crash_everywhere(make, "natural", "undecided"),
        crash_everywhere(make, "keyed", "undecided"),
        crash_everywhere(make, "never", "honest"),
        crash_everywhere(make, "never", "undecided"),
    );
}

async fn crash_everywhere(make: Make<'_>, repeat: &str, probe: &str) {
    let mut place = 0;
    while crashes_at(&World::new(make()), repeat, probe, place).await {
        place += 1;
    }
    assert!(place > 30, "only {place} places");
}

fn flow(repeat: &str, probe: &str) -> Value {
    let write = json!({ "step": "write", "repeat": repeat, "probe": probe });
    let branches = json!({ "all": [[write], [read("beside"), { "sleep": 5 }]] });
    json!([read("before"), branches, { "progress": "half" }, { "wait": "go" }, { "step": "after", "repeat": "keyed" }])
}

/// False if it did not come to that place.
async fn crashes_at(world: &World, repeat: &str, probe: &str, place: usize) -> bool {
    let case = format!("{repeat}, {probe} probe, place {place}");
    let wanted = Submission { key: Some("once".to_owned()), ..submission(&flow(repeat, probe)) };
    let mut instance = world.open_until(Some(place)).await;
    let mut crashed = false;
    let mut unknown_expected = false;
    let mut recorded: Vec<String> = Vec::new();
    let mut calls_before = 0;
    // Callers and timers do the same again until it is over.
    for _ in 0..6 {
        let part = async {
            let run = instance.engine.submit(wanted.clone()).await.unwrap().run;
            instance.work().await;
            if !instance.get(&run).await.state.has_ended() {
                let go = Event { id: "go".to_owned(), name: "go".to_owned(), payload: json!("gone") };
                instance.engine.signal(&run, go).await.unwrap();
                instance.work().await;
            }
        };
        if instance.or_crash(part).await.is_some() {
            world.seconds(5);
            continue;
        }
        crashed = true;
        drop(instance);
        world.outlast_leases();
        instance = world.open().await;
        if let Some(run) = instance.engine.list(&Filter::default(), Page::default()).await.unwrap().pop() {
            for step in instance.steps(&run.id).await {
                let write_in_flight = step.name == "write" && step.state == StepState::Started;
                unknown_expected |= write_in_flight && (repeat, probe) == ("never", "undecided");
                if matches!(step.state, StepState::Done) {
                    recorded.push(step.path.0);
                }
            }
        }
        calls_before = world.vendor.calls().len();
    }
    let runs = instance.engine.list(&Filter::default(), Page::default()).await.unwrap();
    assert_eq!(runs.len(), 1, "{case}");
    let run = &runs[0].id;
    assert_eq!(runs[0].state == RunState::Unknown, unknown_expected, "{case}: {:?}", runs[0]);
    if unknown_expected {
        let unknown = instance.engine.steps(run, Some(StepState::Unknown), Page::default()).await.unwrap();
        assert_eq!(unknown.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(), ["write"], "{case}");
        let answer = Decision::Done(json!("write is done"));
        instance.engine.resume(run, &unknown[0].path, answer, "Ada").await.unwrap();
        instance.work().await;
    }
    let branches = json!([["write is done"], ["beside is done", null]]);
    let result = json!(["before is done", branches, null, "gone", "after is done"]);
    assert_eq!(instance.get(run).await.result, Some(result), "{case}");
    let again: Vec<_> = world.vendor.calls().split_off(calls_before);
    assert!(again.iter().all(|call| !recorded.contains(&call.path)), "{case}: {recorded:?} were recorded, {again:?}");
    let effects = world.vendor.effects(&run.0, "1.0.0");
    let allowed = match repeat {
        "natural" | "read" => 1..=2,
        // Where a person said that it is there, it may not be.
        "never" if unknown_expected => 0..=1,
        _ => 1..=1,
    };
    assert!(allowed.contains(&effects), "{case}: {effects} effects");
    assert_eq!(world.vendor.effects(&run.0, "4"), 1, "{case}");
    crashed
}

/// What a caller was not told of is there or not; asking again makes it so, once.
pub async fn a_crash_of_a_caller_is_mended_by_asking_again(make: Make<'_>) {
    for place in 0..2 {
        let world = World::new(make());
        let keyed = Submission { key: Some("once".to_owned()), ..submission(&json!([{ "wait": "go" }])) };
        let doubtful = json!({ "step": "it", "repeat": "never", "ends": ["lost"] });
        let timer = Schedule { name: "nightly".to_owned(), next: world.clock_now(), payload: Value::Null };
        let go = Event { id: "1".to_owned(), name: "go".to_owned(), payload: json!(1) };

        let run = twice(&world, place, async |e| e.engine.submit(keyed.clone()).await.unwrap().run).await;
        let calm = world.open().await;
        calm.work().await;
        twice(&world, place, async |e| e.engine.signal(&run, go.clone()).await.unwrap()).await;
        twice(&world, place, async |e| e.engine.put_schedule(timer.clone()).await.unwrap()).await;
        let fired = submission(&json!([create("fired")]));
        let next = Some(world.clock_now());
        let fire = async |e: &Instance| e.engine.fire(&timer, fired.clone(), next).await.unwrap().run;
        twice(&world, place, fire).await;
        let unknown = calm.submit(json!([doubtful])).await;
        let waiting: RunId = calm.submit(json!([{ "wait": "never" }])).await;
        calm.work().await;
        let path = calm.steps(&unknown).await[0].path.clone();
        twice(&world, place, async |e| {
            // A decision that was taken is not taken again.
            let _ = e.engine.resume(&unknown, &path, Decision::Done(json!(1)), "Ada").await;
        })
        .await;
        twice(&world, place, async |e| {
            let _ = e.engine.cancel(&waiting, "Ada").await;
        })
        .await;
        calm.work().await;
        assert_eq!(calm.get(&run).await.result, Some(json!([1])));
        assert_eq!(calm.get(&unknown).await.result, Some(json!([1])));
        assert_eq!(calm.get(&waiting).await.state, RunState::Cancelled);
        assert_eq!(world.vendor.names(), ["fired", "it"]);
        assert_eq!(calm.engine.list(&Filter::default(), Page::default()).await.unwrap().len(), 4);
    }
}

/// Asks an engine that crashes at this place, and then another.
async fn twice<T>(world: &World, place: usize, ask: impl AsyncFn(&Instance) -> T) -> T {
    let crashing = world.open_until(Some(place)).await;
    assert!(crashing.or_crash(ask(&crashing)).await.is_none());
    drop(crashing);
    let calm = world.open().await;
    ask(&calm).await
}
