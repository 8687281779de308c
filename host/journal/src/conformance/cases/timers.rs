//! Timers.

use jiff::Timestamp;
use serde_json::json;

use super::super::{Make, World, submission};
use super::read;
use crate::seam::{EngineError, Schedule};

fn nightly(next: Timestamp) -> Schedule {
    Schedule { name: "nightly".to_owned(), next, payload: json!({ "flow": "sync" }) }
}

/// Whichever engine is first; the second gets the same run, also if it would have submitted something newer.
pub async fn a_timer_fires_once(make: Make<'_>) {
    let world = World::new(make());
    let (one, other) = (world.open().await, world.open().await);
    let at = |seconds: i64| Timestamp::from_second(1_700_000_000 + seconds).unwrap();
    one.engine.put_schedule(nightly(at(10))).await.unwrap();
    assert_eq!(other.engine.schedules().await.unwrap(), [nightly(at(10))]);
    assert_eq!(other.engine.due().await.unwrap(), []);
    world.seconds(10);
    let due = one.engine.due().await.unwrap();
    assert_eq!(due, other.engine.due().await.unwrap());
    let (older, newer) = (submission(&json!([read("older")])), submission(&json!([read("newer")])));
    let (a, b) = tokio::join!(
        one.engine.fire(&due[0], older.clone(), Some(at(20))),
        other.engine.fire(&due[0], newer.clone(), Some(at(20))),
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.run, a.new), (b.run, !b.new));
    assert_eq!(one.engine.schedules().await.unwrap(), [nightly(at(20))]);
    tokio::join!(one.work(), other.work());
    assert_eq!(world.vendor.names().len(), 1);

    // Put back to a time at which it fired, it goes on without firing again.
    one.engine.put_schedule(nightly(at(10))).await.unwrap();
    assert!(!one.engine.fire(&nightly(at(10)), older.clone(), Some(at(20))).await.unwrap().new);
    assert_eq!(one.engine.schedules().await.unwrap(), [nightly(at(20))]);

    // The last time.
    world.seconds(10);
    assert!(other.engine.fire(&nightly(at(20)), newer.clone(), None).await.unwrap().new);
    assert!(!one.engine.fire(&nightly(at(20)), newer.clone(), None).await.unwrap().new);
    assert_eq!(one.engine.schedules().await.unwrap(), []);

    // One that was changed or removed does not fire at its old time.
    one.engine.put_schedule(nightly(at(30))).await.unwrap();
    one.engine.put_schedule(nightly(at(40))).await.unwrap();
    let changed = one.engine.fire(&nightly(at(30)), older.clone(), None).await;
    assert!(matches!(changed, Err(EngineError::Missing(_))), "{changed:?}");
    assert!(one.engine.remove_schedule("nightly").await.unwrap());
    assert!(!one.engine.remove_schedule("nightly").await.unwrap());
    let removed = one.engine.fire(&nightly(at(40)), older.clone(), None).await;
    assert!(matches!(removed, Err(EngineError::Missing(_))), "{removed:?}");

    // Its keys are nobody else's.
    let mut taken = older;
    taken.key = Some("schedule:mine".to_owned());
    assert!(matches!(one.engine.submit(taken).await, Err(EngineError::Refused(_))));
}
