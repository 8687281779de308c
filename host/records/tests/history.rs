//! History and feed: what happened, in order, and why.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use common::{House, declaration, text};
use presetter_records::{
    Action, AdvanceError, Cause, CauseKind, Change, Effect, Kind, Object, Undeclared, Value, WorkflowStep,
};

#[test]
fn every_change_is_told_with_its_cause_and_time() {
    let mut house = House::new();
    let id = house.create(Object::Users, &[("email", text("a@x.org")), ("title", text("one"))]);
    house.later(60);
    let told = WorkflowStep {
        workflow: "offboard".to_owned(),
        digest: "sha256:1".to_owned(),
        activated_by: "bob".to_owned(),
        rule: Some("end_date days backward 1".to_owned()),
        ..WorkflowStep::default()
    };
    let change = Change::new(Action::Archive(id)).set("title", Value::Empty).set("manager", text("Eve"));
    house.records.apply(&[change], &Cause::workflow("run-9", 2, &told)).unwrap();
    house.later(60);
    house.act(Action::Reactivate(id));
    // Twice the same: nothing happened the second time.
    house.act(Action::Reactivate(id));

    let history = house.records.history(id, 0, 100).unwrap();
    let effects: Vec<_> = history.iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [Effect::Created, Effect::Archived, Effect::Reactivated]);
    let archived = &history[1];
    assert_eq!(archived.at.as_second(), 1_700_000_060);
    assert_eq!(archived.cause, Cause::workflow("run-9", 2, &told));
    let written = serde_json::to_string(&archived.cause).unwrap();
    assert_eq!(serde_json::from_str::<Cause>(&written).unwrap(), archived.cause);
    let person = serde_json::to_string(&history[0].cause).unwrap();
    assert_eq!(person, r#"{"kind":"person","by":"ada","detail":{}}"#);
    assert_eq!(serde_json::from_str::<Cause>(&person).unwrap(), history[0].cause);
    assert_eq!(archived.cause.detail["rule"], "end_date days backward 1");
    let fields: Vec<_> = archived.fields.iter().map(|f| (f.field.as_str(), f.old.clone(), f.new.clone())).collect();
    assert_eq!(fields, [("title", Some(text("one")), Value::Empty), ("manager", None, text("Eve"))]);
    assert_eq!(house.records.history(id, archived.sequence, 100).unwrap().len(), 1);
    assert_eq!(house.records.history(id, 0, 1).unwrap().len(), 1);
}

#[test]
fn what_was_never_set_and_what_was_empty_are_told_apart() {
    let mut house = House::new();
    let id = house.create(Object::Users, &[("name", text("Ada")), ("title", Value::Empty)]);
    house.edit(id, "title", text("x"));
    house.edit(id, "manager", Value::Empty);
    let history = house.records.history(id, 0, 10).unwrap();
    assert_eq!(history[1].fields[0].old, Some(Value::Empty));
    assert_eq!((history[2].fields[0].old.clone(), history[2].fields[0].new.clone()), (None, Value::Empty));
}

#[test]
fn fields_that_were_renamed_or_removed_keep_their_history() {
    let mut house = House::new();
    house.declare(&[(Object::Users, "size", Kind::ShortText), (Object::Users, "zone", Kind::ShortText)]);
    let id = house.create(Object::Users, &[("size", text("M")), ("zone", text("north"))]);
    let mut renamed = declaration(Object::Users, "shirt", &Kind::ShortText);
    renamed.was = Some("size".to_owned());
    let cause = Cause::fields("ada");
    let declared = house.records.declare(&[renamed], Undeclared::Remove, &cause).unwrap();
    assert_eq!(declared.renamed, [(Object::Users, "shirt".to_owned())]);
    assert_eq!(declared.removed, [(Object::Users, "zone".to_owned())]);
    assert_eq!(house.text(id, "shirt"), "M");
    assert_eq!(house.text(id, "zone"), "-");

    // A later field of the same name is another: it has no values of the old one.
    house.declare(&[(Object::Users, "zone", Kind::Number)]);
    assert_eq!(house.text(id, "zone"), "-");
    house.edit(id, "zone", Value::Number(4));
    let history = house.records.history(id, 0, 10).unwrap();
    let created: Vec<_> = history[0].fields.iter().map(|f| (f.field.as_str(), f.new.to_text())).collect();
    assert_eq!(created, [("shirt", "M".to_owned()), ("zone", "north".to_owned())]);
    assert_eq!(history[1].fields[0].old, None);

    // Changed is its title, which is its name where none is given.
    let told: Vec<_> = house.records.history_of_fields(Object::Users, 0, 10).unwrap();
    let kinds: Vec<_> =
        told.iter().map(|entry| entry.told.as_object().unwrap().keys().next().unwrap().clone()).collect();
    assert_eq!(kinds, ["added", "added", "renamed", "changed", "removed", "added"]);
    assert!(told.iter().all(|entry| entry.cause.kind == CauseKind::Fields));
}

#[test]
fn the_feed_is_in_order_and_each_reader_keeps_its_place() {
    let mut house = House::new();
    house.declare(&[(Object::Users, "size", Kind::ShortText)]);
    let user = house.create(Object::Users, &[("email", text("a@x.org"))]);
    let software = house.create(Object::Software, &[("name", text("mosyle"))]);
    let change = Change::new(Action::Edit(user)).set("title", text("x")).set("size", text("M"));
    house.records.apply(&[change], &Cause::sync("mosyle")).unwrap();
    house.act(Action::Archive(user));

    let events = house.records.events(0, None, 100).unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.record, event.effect)).collect();
    assert_eq!(
        told,
        [(user, Effect::Created), (software, Effect::Created), (user, Effect::Edited), (user, Effect::Archived)]
    );
    assert!(events.is_sorted_by(|one, next| one.sequence < next.sequence));
    assert_eq!(events[2].fields, ["title", "size"]);
    assert_eq!(events[2].cause.kind, CauseKind::Sync);
    assert_eq!(house.records.events(0, Some(Object::Users), 2).unwrap(), [events[0].clone(), events[2].clone()]);
    assert_eq!(house.records.events(events[2].sequence, None, 100).unwrap(), events[3..]);

    assert_eq!(house.records.position("triggers").unwrap(), 0);
    house.records.advance("triggers", events[1].sequence).unwrap();
    house.records.advance("triggers", events[0].sequence).unwrap();
    assert_eq!(house.again().position("triggers").unwrap(), events[1].sequence);
    assert_eq!(house.records.position("others").unwrap(), 0);
    let ahead = house.records.advance("triggers", events[3].sequence + 1);
    assert!(matches!(ahead, Err(AdvanceError::Ahead(_))));
    assert!(matches!(house.records.advance("", 0), Err(AdvanceError::Name)));
}

#[test]
fn the_file_itself_refuses_to_change_history() {
    let mut house = House::new();
    let id = house.create(Object::Users, &[("title", text("one"))]);
    let edit = Change::new(Action::Edit(id)).set("title", text("two"));
    house.records.apply(&[edit], &Cause::sync("mosyle").in_step("run-1", 1)).unwrap();
    let file = rusqlite::Connection::open(house.folder.path().join("records.db")).unwrap();
    for statement in [
        "UPDATE changes SET at = 0",
        "DELETE FROM changes",
        "UPDATE causes SET by = 'eve'",
        "UPDATE causes SET results = '[]'",
        "DELETE FROM causes",
    ] {
        let error = file.execute(statement, []).unwrap_err().to_string();
        assert!(error.contains("history is never"), "{statement}: {error}");
    }
}
