//! Several at once: each with its own connection, as processes have.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use std::collections::BTreeSet;
use std::sync::Barrier;

use common::{House, text};
use presetter_records::{Action, Cause, Change, Matcher, Object, Value};

#[test]
fn writers_wait_for_each_other_and_nothing_is_lost() {
    const WRITERS: usize = 4;
    const EACH: usize = 25;
    let house = House::new();
    let start = Barrier::new(WRITERS);
    let sequences: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let mut records = house.again();
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    let user = |at: usize| {
                        let email = text(&format!("{writer}-{at}@x.org"));
                        let change = Change::new(Action::Create(Object::Users)).set("email", email);
                        records.apply(&[change], &Cause::person("ada")).unwrap().results[0].sequence.unwrap()
                    };
                    (0..EACH).map(user).collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let all: BTreeSet<u64> = sequences.iter().flatten().copied().collect();
    assert_eq!(all.len(), WRITERS * EACH);
    assert!(sequences.iter().all(|each| each.is_sorted()));
    assert_eq!(house.records.count(Object::Users, None, &Matcher::any()).unwrap(), (WRITERS * EACH) as u64);
    assert_eq!(house.records.events(0, None, 1000).unwrap().len(), WRITERS * EACH);
}

#[test]
fn one_step_that_two_apply_at_once_is_applied_once() {
    let house = House::new();
    let start = Barrier::new(2);
    let applied: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|at| {
                let mut records = house.again();
                let start = &start;
                scope.spawn(move || {
                    let change = Change::new(Action::Create(Object::Users)).set("title", Value::text(format!("{at}")));
                    start.wait();
                    records.apply(&[change], &Cause::sync("mosyle").in_step("run-1", 1)).unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(applied.iter().filter(|applied| applied.repeated).count(), 1);
    assert_eq!(applied[0].results, applied[1].results);
    assert_eq!(house.records.count(Object::Users, None, &Matcher::any()).unwrap(), 1);
}

#[test]
fn a_list_that_is_read_slowly_keeps_nobody_from_writing() {
    let mut house = House::new();
    for at in 0..3 {
        house.create(Object::Users, &[("title", text(&format!("{at}")))]);
    }
    let reader = house.again();
    let any = Matcher::any();
    let mut list = reader.list(Object::Users, None, &any);
    list.next().unwrap().unwrap();
    house.create(Object::Users, &[("title", text("new"))]);
    assert_eq!(list.map(Result::unwrap).count(), 3);
}
