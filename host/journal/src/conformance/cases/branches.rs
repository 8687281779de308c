//! Branches side by side.

use serde_json::json;

use super::super::{Make, World};
use super::{assert_state, create, read};
use crate::seam::RunState;

/// Both are under way at once, and each step has its place in its branch, whichever is first.
pub async fn branches_go_side_by_side(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let held = |name: &str| json!({ "step": name, "repeat": "natural", "hold": name });
    let nested = json!({ "all": [[read("deep")], []] });
    let run = engine.submit(json!([{ "all": [[held("a"), read("b")], [held("c"), nested], []] }, read("end")])).await;
    let work = engine.work_aside();
    world.vendor.begun("a", 1).await;
    world.vendor.begun("c", 1).await;
    world.vendor.open("c");
    world.vendor.begun("deep", 1).await;
    world.vendor.open("a");
    work.await.unwrap();
    let answers = json!([["a is done", "b is done"], ["c is done", [["deep is done"], []]], []]);
    assert_eq!(engine.get(&run).await.result, Some(json!([answers, "end is done"])));
    let mut places: Vec<_> = world.vendor.calls().into_iter().map(|call| (call.path, call.name)).collect();
    places.sort();
    let expected = [("0.0.0", "a"), ("0.0.1", "b"), ("0.1.0", "c"), ("0.1.1.0.0", "deep"), ("1", "end")];
    assert_eq!(places, expected.map(|(path, name)| (path.to_owned(), name.to_owned())));
}

/// The others go on to their ends, and what follows waits for all.
pub async fn a_branch_that_waits_holds_up_no_other(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let short = json!([{ "sleep": 5 }, create("short")]);
    let long = json!([{ "sleep": 9 }, create("long")]);
    let run = engine.submit(json!([{ "all": [long, short, [create("none")]] }, create("after")])).await;
    for (names, state) in [
        (vec!["none"], RunState::Waiting),
        (vec!["none", "short"], RunState::Waiting),
        (vec!["none", "short", "long", "after"], RunState::Done),
    ] {
        engine.work().await;
        assert_eq!(world.vendor.names(), names);
        assert_state(&engine, &run, state).await;
        world.seconds(5);
    }
}

/// What follows is told.
pub async fn a_branch_that_fails_or_panics_stops_no_other(make: Make<'_>) {
    let world = World::new(make());
    let engine = world.open().await;
    let fine = json!([{ "sleep": 1 }, create("fine")]);
    let run =
        engine.submit(json!([{ "all": [[{ "fail": "mine" }], fine, [{ "panic": true }]] }, create("after")])).await;
    engine.work().await;
    world.seconds(1);
    engine.work().await;
    let answers = json!([{ "failed": "mine" }, [null, "fine is done"], { "failed": "panicked" }]);
    assert_eq!(engine.get(&run).await.result, Some(json!([answers, "after is done"])));
    assert_eq!(world.vendor.names(), ["fine", "after"]);
}
