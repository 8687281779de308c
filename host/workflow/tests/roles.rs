//! The SaaS user role block: only who is provably gone is deactivated.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use common::Machine;
use presetter_journal::seam::{Event, RunState};
use presetter_records::{Object, RecordId, State};
use presetter_workflow::{Threshold, approval};
use serde_json::json;

fn source(deactivate: bool) -> String {
    format!(
        r#"
title = "Roles"
object = "saas_users"
[begin]
on = ["manual"]
[[block]]
name = "roles"
type = "role"
preset = "mosyle/users"
connection = "m"
software = "mosyle"
match = {{ mosyle_user_id = "external_id" }}
role = "role"
deactivate_user = {deactivate}
"#
    )
}

/// A vendor with users, all of whom are records.
async fn filled(users: usize) -> (Machine, Vec<RecordId>) {
    let machine = Machine::new().await;
    machine.add(Object::Software, &[("name", "mosyle")]);
    let mut records = Vec::new();
    for n in 0..users {
        let (id, email) = (format!("m{n:03}"), format!("u{n}@example.com"));
        machine.vendor.user(&id, &email, "N", "ENDUSER");
        let values =
            [("software", "mosyle"), ("external_id", id.as_str()), ("email", email.as_str()), ("role", "ADMIN")];
        records.push(machine.add(Object::SaasUsers, &values));
    }
    (machine, records)
}

fn archived(machine: &Machine, records: &[RecordId]) -> usize {
    let all = machine.records();
    records.iter().filter(|id| all.get(**id).unwrap().unwrap().state() == State::Archived).count()
}

#[tokio::test]
async fn who_left_is_deactivated_with_evidence_and_the_others_get_their_roles() {
    let (machine, records) = filled(10).await;
    machine.vendor.users.lock().unwrap().remove("m003");
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    let stands = machine.get(&run).await;
    assert_eq!(stands.state, RunState::Done, "{stands:?}");
    assert_eq!(stands.result.unwrap()["deactivated"], 1);
    assert_eq!(machine.value(records[0], "role"), "ENDUSER");
    assert_eq!(machine.value(records[0], "last_workflow"), "roles");
    assert_ne!(machine.value(records[0], "last_checked"), "");
    let gone = machine.records().get(records[3]).unwrap().unwrap();
    assert_eq!((gone.state(), machine.value(records[3], "active")), (State::Archived, "false".to_owned()));
    let history = machine.records().history(records[3], 0, 10).unwrap();
    let evidence = history.last().unwrap().cause.detail["evidence"].as_str().unwrap().to_owned();
    assert!(evidence.contains("neither of two complete scans, of 9 and 9 users"), "{evidence}");
    assert_eq!(archived(&machine, &records), 1);
}

#[tokio::test]
async fn without_the_box_nobody_is_deactivated() {
    let (machine, records) = filled(5).await;
    machine.vendor.users.lock().unwrap().remove("m003");
    machine.by_hand(&machine.package("roles", &source(false), "")).await;
    assert_eq!(archived(&machine, &records), 0);
    assert_eq!(machine.value(records[3], "active"), "", "nothing is said of whether it is in use");
    assert_ne!(machine.value(records[3], "last_checked"), "");
}

#[tokio::test]
async fn what_proves_nothing_changes_nothing() {
    for (fails, lists, class) in [
        (Some("auth"), vec![], "auth"),
        (Some("incomplete"), vec![], "incomplete"),
        (Some("answer"), vec![], "answer"),
        (None, vec![0], "empty"),
        // The list was whole, then the server begins to answer with empty ones.
        (None, vec![9, 0], "empty"),
    ] {
        let (machine, records) = filled(10).await;
        let before = machine.records().latest().unwrap();
        {
            let mut mood = machine.vendor.mood.lock().unwrap();
            (mood.fails, mood.lists) = (fails.map(str::to_owned), lists.clone());
        }
        let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
        let stands = machine.get(&run).await;
        assert_eq!(stands.state, RunState::Failed, "{fails:?} {lists:?}");
        let failure = stands.failure.unwrap();
        assert_eq!(failure.class, class, "{failure:?}");
        assert!(failure.message.contains("no record was changed"), "{failure:?}");
        assert_eq!(machine.records().latest().unwrap(), before, "{fails:?} {lists:?}");
        assert_eq!(archived(&machine, &records), 0);
    }
}

#[tokio::test]
async fn who_is_missing_in_one_listing_only_is_not_gone() {
    let (machine, records) = filled(10).await;
    machine.vendor.mood.lock().unwrap().lists = vec![7, 10];
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    assert_eq!(machine.get(&run).await.state, RunState::Done);
    assert_eq!(archived(&machine, &records), 0);
}

#[tokio::test]
async fn rows_without_the_field_that_is_compared_prove_nobodys_absence() {
    let (machine, records) = filled(10).await;
    machine.vendor.users.lock().unwrap().remove("m003");
    machine.vendor.mood.lock().unwrap().nameless = true;
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    assert_eq!(machine.get(&run).await.result.unwrap()["deactivated"], 0);
    assert_eq!(archived(&machine, &records), 0);
}

#[tokio::test]
async fn accounts_of_other_software_are_left_alone_also_by_what_follows() {
    let (machine, records) = filled(3).await;
    machine.add(Object::Software, &[("name", "other")]);
    let other = machine.add(Object::SaasUsers, &[("software", "other"), ("external_id", "x1"), ("name", "Own")]);
    let more =
        format!("{}[[block]]\nname = \"note\"\ntype = \"update\"\nfields = {{ name = \"seen\" }}\n", source(true));
    machine.by_hand(&machine.package("roles", &more, "")).await;
    assert_eq!(machine.value(records[0], "name"), "seen");
    assert_eq!((machine.value(other, "name"), machine.value(other, "last_workflow")), ("Own".into(), String::new()));
}

#[tokio::test]
async fn who_was_found_has_no_evidence_of_absence() {
    let (machine, records) = filled(10).await;
    machine.vendor.users.lock().unwrap().remove("m003");
    machine.by_hand(&machine.package("roles", &source(true), "")).await;
    let evidence = |record: RecordId| {
        let history = machine.records().history(record, 0, 10).unwrap();
        history.last().unwrap().cause.detail["evidence"].as_str().unwrap().to_owned()
    };
    assert!(evidence(records[0]).starts_with("complete scan of 9 users"), "{}", evidence(records[0]));
    assert!(evidence(records[3]).starts_with("not_found: "), "{}", evidence(records[3]));
}

#[tokio::test]
async fn many_deactivations_wait_for_a_person() {
    for yes in [true, false] {
        let (machine, records) = filled(20).await;
        for n in 0..4 {
            machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}"));
        }
        let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
        let stands = machine.get(&run).await;
        assert_eq!(stands.state, RunState::Waiting);
        let message = stands.progress.unwrap()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("would deactivate 4 of 20") && message.contains("(m000)"), "{message}");
        assert_eq!((archived(&machine, &records), machine.value(records[9], "role")), (0, "ADMIN".to_owned()));
        let event =
            Event { id: approval("roles"), name: approval("roles"), payload: json!({ "by": "grace", "yes": yes }) };
        machine.engine.signal(&run, event).await.unwrap();
        machine.work().await;
        let expected = if yes { (RunState::Done, 4) } else { (RunState::Failed, 0) };
        assert_eq!((machine.get(&run).await.state, archived(&machine, &records)), expected);
    }
}

#[tokio::test]
async fn a_record_that_was_given_another_id_meanwhile_is_not_deactivated() {
    let (machine, records) = filled(20).await;
    for n in 0..4 {
        machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}"));
    }
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    machine.set(records[0], "external_id", "m900");
    let event =
        Event { id: approval("roles"), name: approval("roles"), payload: json!({ "by": "grace", "yes": true }) };
    machine.engine.signal(&run, event).await.unwrap();
    machine.work().await;
    let failure = machine.get(&run).await.failure.unwrap();
    assert!(failure.message.contains("has changed"), "{failure:?}");
    assert_eq!(archived(&machine, &records), 0, "all or none");
}

#[test]
fn the_threshold_is_the_larger_of_both() {
    let usual = Threshold::default();
    assert!(!usual.holds(3, 10) && usual.holds(4, 10));
    assert!(!usual.holds(20, 1_000) && usual.holds(21, 1_000));
}
