//! Isolation of runs: each has a memory as nobody has used it, though the pool keeps memories between runs.
//!
//! After each run the whole linear memory of its component is searched for what was given to other runs.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::collections::BTreeSet;
use std::sync::Arc;

use mosyle_standin::{Oddities, StandIn};
use presetter_tests::{Arena, Play};
use tokio::task::JoinSet;

const MARK: &[u8] = b"canary-";

/// A value of a row. Of memory that is given back an allocator may use the first words, and so the mark stands at its end.
fn of(row: usize) -> String {
    format!("{}canary-{row:04}", "x".repeat(48))
}

/// The rows whose marks stand in a memory.
fn rows(memory: &[u8]) -> BTreeSet<usize> {
    let found = memory.windows(MARK.len() + 4).filter(|window| window.starts_with(MARK));
    found.filter_map(|window| std::str::from_utf8(&window[MARK.len()..]).ok()?.parse().ok()).collect()
}

fn create(row: usize) -> Play {
    let play = Play::of("create-user").with("session").given("user_id", of(row).as_str());
    play.given("name", of(row).as_str()).given("type", "ENDUSER")
}

#[tokio::test]
async fn no_value_of_one_row_is_visible_in_the_next() {
    let standin = StandIn::start(Oddities::default()).await.unwrap();
    let arena = Arena::mosyle_witnessed(&format!("http://{}/v1", standin.address()));
    for row in 0..100 {
        assert_eq!(arena.play(&create(row)).await.ended(), "ok");
        let memories = arena.memories();
        assert_eq!(memories.len(), 1);
        assert_eq!(rows(&memories[0]), BTreeSet::from([row]), "its own and nothing else");
    }
    standin.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_value_of_one_row_is_visible_in_those_beside_it() {
    let standin = StandIn::start(Oddities::default()).await.unwrap();
    let arena = Arc::new(Arena::mosyle_witnessed(&format!("http://{}/v1", standin.address())));
    let mut seen = BTreeSet::new();
    for round in 0..5 {
        let mut running = JoinSet::new();
        for row in (round * 32)..(round * 32 + 32) {
            let arena = arena.clone();
            running.spawn(async move { assert_eq!(arena.play(&create(row)).await.ended(), "ok") });
        }
        while let Some(ended) = running.join_next().await {
            ended.unwrap();
        }
        for memory in arena.memories() {
            let rows = rows(&memory);
            assert_eq!(rows.len(), 1, "{rows:?}");
            seen.extend(rows);
        }
    }
    assert_eq!(seen.len(), 160, "each row had a memory of its own");
    standin.stop().await;
}
