//! Changes: all or none, once for a step, and never on old data.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use common::{House, text};
use presetter_records::{
    Action, ApplyError, Cause, Change, Effect, Object, RecordId, Records, Refusal, State, Value, WorkflowStep,
};

fn refusal(records: &mut Records, changes: &[Change]) -> (usize, Refusal) {
    match records.apply(changes, &Cause::person("ada")) {
        Err(ApplyError::Refused { index, reason }) => (index, reason),
        other => panic!("{other:?}"),
    }
}

fn new_user(email: &str) -> Change {
    Change::new(Action::Create(Object::Users)).set("email", text(email))
}

#[test]
fn a_batch_is_applied_whole_or_not_at_all() {
    let mut house = House::new();
    let changes = [new_user("a@x.org"), new_user("b@x.org"), new_user("no address")];
    let (index, reason) = refusal(&mut house.records, &changes);
    assert_eq!(index, 2);
    assert!(matches!(reason, Refusal::Value { ref field, .. } if field == "email"), "{reason}");
    assert_eq!(house.records.latest().unwrap(), 0);
    assert!(house.records.find(Object::Users, "email", &text("a@x.org")).unwrap().is_empty());
}

#[test]
fn later_changes_of_a_batch_see_the_earlier() {
    let mut house = House::new();
    let software = Change::new(Action::Create(Object::Software)).set("name", text("mosyle"));
    let account = Change::new(Action::Create(Object::SaasUsers)).set("software", text("mosyle"));
    let applied = house.records.apply(&[software, account], &Cause::person("ada")).unwrap();
    assert_eq!(applied.results[1].record.to_string(), "a-2");
    let (index, _) = refusal(&mut house.records, &[new_user("a@x.org"), new_user("A@X.org")]);
    assert_eq!(index, 1);
}

#[test]
fn a_step_of_a_run_is_applied_once() {
    let mut house = House::new();
    let id = house.create(Object::Users, &[("email", text("a@x.org"))]);
    let told = WorkflowStep { workflow: "offboard".to_owned(), ..WorkflowStep::default() };
    let changes = [Change::new(Action::Edit(id)).set("title", text("one")), new_user("b@x.org")];
    let first = house.records.apply(&changes, &Cause::workflow("run-1", 3, &told)).unwrap();
    let latest = house.records.latest().unwrap();
    assert!(!first.repeated);

    let other = [Change::new(Action::Edit(id)).set("title", text("two"))];
    let again = house.again().apply(&other, &Cause::workflow("run-1", 3, &told)).unwrap();
    assert!(again.repeated);
    assert_eq!(again.results, first.results);
    assert_eq!(house.text(id, "title"), "one");
    assert_eq!(house.records.latest().unwrap(), latest);

    let next = house.records.apply(&other, &Cause::workflow("run-1", 4, &told)).unwrap();
    assert!(!next.repeated);
    assert_eq!(house.text(id, "title"), "two");
}

#[test]
fn a_step_that_changed_nothing_is_remembered_and_one_that_failed_is_not() {
    let mut house = House::new();
    let id = house.create(Object::Users, &[("title", text("one"))]);
    let cause = || Cause::sync("mosyle").in_step("run-1", 1);
    let same = [Change::new(Action::Edit(id)).set("title", text("one"))];
    let first = house.records.apply(&same, &cause()).unwrap();
    assert_eq!(first.results[0].effect, Effect::Unchanged);
    let other = [Change::new(Action::Edit(id)).set("title", text("two"))];
    assert!(house.records.apply(&other, &cause()).unwrap().repeated);
    assert_eq!(house.text(id, "title"), "one");

    let wrong = [Change::new(Action::Edit(id)).set("titel", text("two"))];
    let cause = Cause::sync("mosyle").in_step("run-1", 2);
    let error = house.records.apply(&wrong, &cause).unwrap_err().to_string();
    assert!(error.contains("did you mean \"title\"?"), "{error}");
    assert!(!house.records.apply(&other, &cause).unwrap().repeated);
}

#[test]
fn a_change_that_was_planned_on_old_data_is_refused() {
    let mut house = House::new();
    let id = house.create(Object::Users, &[("email", text("a@x.org")), ("title", text("one"))]);
    house.edit(id, "title", text("two"));
    let planned = Change::new(Action::Archive(id)).only_if("title", text("one"));
    let (_, reason) = refusal(&mut house.records, &[planned]);
    assert_eq!(reason.to_string(), "u-1 has changed: title was expected to be \"one\", and is \"two\"; plan again");
    assert_eq!(house.records.get(id).unwrap().unwrap().state(), State::Active);

    // What was never set counts as empty.
    let planned = Change::new(Action::Archive(id)).only_if("title", text("two")).only_if("manager", Value::Empty);
    house.records.apply(&[planned], &Cause::person("ada")).unwrap();
    assert_eq!(house.records.get(id).unwrap().unwrap().state(), State::Archived);
}

#[test]
fn what_changed_since_it_was_read_is_left_alone_and_the_rest_is_done() {
    let mut house = House::new();
    let stale = house.create(Object::Users, &[("title", text("one"))]);
    let fresh = house.create(Object::Users, &[("title", text("one"))]);
    let read = |house: &House, id| house.records.get(id).unwrap().unwrap().changed();
    let (before, other) = (read(&house, stale), read(&house, fresh));
    house.edit(stale, "title", text("two"));
    let archive = |id, changed| Change::new(Action::Archive(id)).set("title", text("left")).as_of(changed);
    let applied = house.records.apply(&[archive(stale, before), archive(fresh, other)], &Cause::person("ada")).unwrap();
    let effects: Vec<Effect> = applied.results.iter().map(|result| result.effect).collect();
    assert_eq!(effects, [Effect::Skipped, Effect::Archived]);
    assert_eq!(applied.results[0].sequence, None);
    assert_eq!((house.text(stale, "title"), house.text(fresh, "title")), ("two".to_owned(), "left".to_owned()));
    assert_eq!(house.records.get(stale).unwrap().unwrap().state(), State::Active);
}

#[test]
fn an_address_is_one_active_users() {
    let mut house = House::new();
    let first = house.create(Object::Users, &[("email", text("Ada@x.org"))]);
    let (_, reason) = refusal(&mut house.records, &[new_user("ada@X.org")]);
    assert!(matches!(reason, Refusal::Taken { by, .. } if by == first), "{reason}");
    // Its own spelling may change.
    house.edit(first, "email", text("ada@x.org"));

    house.act(Action::Archive(first));
    let second = house.create(Object::Users, &[("email", text("ada@x.org"))]);
    let (_, reason) = refusal(&mut house.records, &[Change::new(Action::Reactivate(first))]);
    assert!(matches!(reason, Refusal::Taken { by, .. } if by == second), "{reason}");
    // An archived one may have it, and is edited as it is.
    house.edit(first, "title", text("left"));
    assert_eq!(house.records.find(Object::Users, "email", &text("ADA@x.org")).unwrap(), [second, first]);
}

#[test]
fn an_id_at_the_vendor_is_one_of_its_software_and_exact() {
    let mut house = House::new();
    for name in ["mosyle", "jamf"] {
        house.create(Object::Software, &[("name", text(name))]);
    }
    let account = |software: &str, id: &str| {
        Change::new(Action::Create(Object::SaasUsers)).set("software", text(software)).set("external_id", text(id))
    };
    let cause = Cause::person("ada");
    house.records.apply(&[account("mosyle", "e1"), account("jamf", "e1"), account("mosyle", "E1")], &cause).unwrap();
    let (_, reason) = refusal(&mut house.records, &[account("mosyle", "e1")]);
    assert!(matches!(reason, Refusal::Taken { .. }), "{reason}");
}

#[test]
fn references_name_what_is_there() {
    let mut house = House::new();
    let account = Change::new(Action::Create(Object::SaasUsers));
    let (_, reason) = refusal(&mut house.records, &[account.clone().set("software", text("mosyle"))]);
    assert!(matches!(reason, Refusal::Dangling { .. }), "{reason}");
    let (_, reason) = refusal(&mut house.records, &[account.clone().set("email", text("a@x.org"))]);
    assert!(matches!(reason, Refusal::Needed { .. }), "{reason}");

    let software = house.create(Object::Software, &[("name", text("mosyle"))]);
    let user = house.create(Object::Users, &[("name", text("Ada"))]);
    let account = account.set("software", text("mosyle"));
    let (_, reason) = refusal(&mut house.records, &[account.clone().set("user", text("u-99"))]);
    assert!(matches!(reason, Refusal::Dangling { .. }), "{reason}");
    let (_, reason) = refusal(&mut house.records, &[account.clone().set("user", text("s-1"))]);
    assert!(matches!(reason, Refusal::Value { .. }), "{reason}");
    house.records.apply(&[account.set("user", text(&user.to_string()))], &Cause::person("ada")).unwrap();

    let renamed = Change::new(Action::Edit(software)).set("name", text("other"));
    assert_eq!(refusal(&mut house.records, &[renamed]).1, Refusal::Renamed);
}

#[test]
fn what_is_not_possible_is_refused() {
    let mut house = House::new();
    let nothing = Change::new(Action::Create(Object::Users)).set("name", Value::Empty);
    assert_eq!(refusal(&mut house.records, &[nothing]).1, Refusal::Nothing);
    let nobody: RecordId = "u-7".parse().unwrap();
    assert_eq!(refusal(&mut house.records, &[Change::new(Action::Archive(nobody))]).1, Refusal::NoRecord(nobody));
    let user = house.create(Object::Users, &[("name", text("Ada"))]);
    // The number is a user's; no account has it.
    let account: RecordId = user.to_string().replace('u', "a").parse().unwrap();
    assert_eq!(refusal(&mut house.records, &[Change::new(Action::Edit(account))]).1, Refusal::NoRecord(account));
    let unfit = Change::new(Action::Edit(user)).set("start_date", text("2026-01-01"));
    assert!(matches!(refusal(&mut house.records, &[unfit]).1, Refusal::Value { .. }));
}

#[test]
fn empty_and_never_set_are_two_things() {
    let mut house = House::new();
    let id = house.create(Object::Users, &[("name", text("Ada")), ("title", Value::Empty)]);
    let record = house.records.get(id).unwrap().unwrap();
    assert_eq!(record.get("title"), Some(&Value::Empty));
    assert_eq!(record.get("manager"), None);
    assert_eq!(serde_json::to_string(&record).unwrap(), r#"{"id":"u-1","state":"active","name":"Ada","title":null}"#);
}
