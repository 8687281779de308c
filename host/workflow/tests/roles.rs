//! The SaaS user role block: only who is provably gone is deactivated.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use common::Machine;
use presetter_journal::seam::{EngineError, RunState};
use presetter_records::{Action, Cause, Change, Object, RecordId, State, Value as Field};
use presetter_workflow::Threshold;
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
        assert!(machine.says(&run, "grace", yes).await.unwrap());
        machine.work().await;
        let expected = if yes { (RunState::Done, 4) } else { (RunState::Failed, 0) };
        assert_eq!((machine.get(&run).await.state, archived(&machine, &records)), expected);
    }
}

/// As `source`, with another table of what is compared.
fn matching(matching: &str) -> String {
    source(true).replace("{ mosyle_user_id = \"external_id\" }", matching)
}

#[tokio::test]
async fn a_word_is_for_those_who_were_gone_then_and_still_are() {
    let (machine, records) = filled(20).await;
    let leave = |n: usize| machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}"));
    (0..4).for_each(|n| _ = leave(n));
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    assert_eq!(machine.get(&run).await.state, RunState::Waiting);
    // While somebody thinks about it, one comes back, one is looked at by a person, and one more leaves.
    machine.vendor.user("m000", "u0@example.com", "N", "ADMIN");
    machine.set(records[1], "name", "Away until May");
    leave(9);
    assert!(machine.says(&run, "grace", true).await.unwrap());
    machine.work().await;
    let stands = machine.get(&run).await;
    assert_eq!(stands.state, RunState::Done, "{stands:?}");
    let result = stands.result.unwrap();
    assert_eq!((&result["deactivated"], &result["roles"]["left"]), (&json!(2), &json!(2)));
    let state = |n: usize| machine.records().get(records[n]).unwrap().unwrap().state();
    assert_eq!([0, 1, 9].map(state), [State::Active; 3]);
    assert_eq!([2, 3].map(state), [State::Archived; 2]);
    let history = machine.records().history(records[2], 0, 10).unwrap();
    assert_eq!(history.last().unwrap().cause.detail["approved_by"], "grace");
}

#[tokio::test]
async fn who_was_put_in_use_again_after_a_question_stays_so() {
    let (machine, records) = filled(20).await;
    (0..4).for_each(|n| _ = machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}")));
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    for action in [Action::Archive(records[0]), Action::Reactivate(records[0])] {
        machine.records().apply(&[Change::new(action)], &Cause::person("ada")).unwrap();
    }
    machine.says(&run, "grace", true).await.unwrap();
    machine.work().await;
    assert_eq!(machine.get(&run).await.result.unwrap()["deactivated"], 3);
    assert_eq!(machine.records().get(records[0]).unwrap().unwrap().state(), State::Active);
}

#[tokio::test]
async fn a_question_has_one_answer() {
    let (machine, records) = filled(20).await;
    (0..4).for_each(|n| _ = machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}")));
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    assert!(machine.says(&run, "grace", false).await.unwrap());
    assert!(matches!(machine.says(&run, "ada", true).await, Err(EngineError::EventTaken(_))));
    assert!(matches!(machine.says(&run, "grace", true).await, Err(EngineError::EventTaken(_))));
    machine.work().await;
    assert_eq!((machine.get(&run).await.state, archived(&machine, &records)), (RunState::Failed, 0));
}

#[tokio::test]
async fn who_is_listed_under_another_id_is_not_gone() {
    let (machine, records) = filled(10).await;
    machine.vendor.users.lock().unwrap().remove("m003");
    machine.vendor.user("m900", "U3@example.com", "N", "ENDUSER");
    let both = matching("{ mosyle_user_id = \"external_id\", email = \"email\" }");
    let run = machine.by_hand(&machine.package("roles", &both, "")).await;
    let roles = machine.get(&run).await.result.unwrap()["roles"].clone();
    assert_eq!((&roles["found"], &roles["unmatched"], &roles["gone"]), (&json!(9), &json!(1), &json!(0)));
    // Who has nothing there is gone all the same.
    machine.vendor.users.lock().unwrap().remove("m900");
    machine.by_hand(&machine.package("roles", &both, "")).await;
    assert_eq!(archived(&machine, &records), 1);
}

#[tokio::test]
async fn an_id_that_is_written_in_another_way_is_nobodys_absence() {
    for id in ["M003", " m003", "m 003", "m003 ", "m\u{200b}003"] {
        let (machine, records) = filled(10).await;
        machine.vendor.users.lock().unwrap().remove("m003");
        machine.vendor.user(id, "u3@example.com", "N", "ENDUSER");
        let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
        assert_eq!(machine.get(&run).await.result.unwrap()["roles"]["unmatched"], 1, "{id:?}");
        assert_eq!(archived(&machine, &records), 0, "{id:?}");
    }
}

#[tokio::test]
async fn a_number_is_compared_as_well() {
    let machine = Machine::new().await;
    machine.add(Object::Software, &[("name", "mosyle")]);
    let mut records = Vec::new();
    for n in 0..10 {
        let id = (700 + n).to_string();
        if n != 3 {
            machine.vendor.user(&id, "", "N", "ENDUSER");
        }
        let record = machine.add(Object::SaasUsers, &[("software", "mosyle"), ("external_id", &id)]);
        let number = Change::new(Action::Edit(record)).set("staff_number", Field::Number(700 + n));
        machine.records().apply(&[number], &Cause::person("ada")).unwrap();
        records.push(record);
    }
    let run = machine.by_hand(&machine.package("roles", &matching("{ mosyle_user_id = \"staff_number\" }"), "")).await;
    assert_eq!(machine.get(&run).await.result.unwrap()["deactivated"], 1);
    assert_eq!(archived(&machine, &records), 1);
}

#[tokio::test]
async fn more_than_half_is_asked_about_however_few_they_are() {
    for (users, gone, asks) in [(1, 1, true), (2, 1, false), (3, 2, true), (4, 2, false)] {
        let (machine, _) = filled(users).await;
        machine.vendor.user("other", "o@example.com", "N", "ENDUSER");
        (0..gone).for_each(|n| _ = machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}")));
        let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
        let waits = machine.get(&run).await.state == RunState::Waiting;
        assert_eq!(waits, asks, "{gone} of {users}");
    }
}

#[tokio::test]
async fn what_adds_up_within_a_day_is_asked_about() {
    let (machine, records) = filled(100).await;
    let package = machine.package("roles", &source(true), "");
    let leave = |from: usize, to: usize| {
        (from..to).for_each(|n| _ = machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}")));
    };
    leave(0, 2);
    machine.by_hand(&package).await;
    assert_eq!(archived(&machine, &records), 2);
    leave(2, 4);
    let run = machine.by_hand(&package).await;
    let stands = machine.get(&run).await;
    assert_eq!((stands.state, archived(&machine, &records)), (RunState::Waiting, 2));
    let message = stands.progress.unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("would deactivate 2 of 98 records, after 2 within a day: "), "{message}");
    machine.engine.cancel(&run, "ada").await.unwrap();
    // Tomorrow it is another day.
    machine.seconds(25 * 3600);
    machine.by_hand(&package).await;
    assert_eq!(archived(&machine, &records), 4);
}

#[tokio::test]
async fn however_it_is_set_half_of_all_is_asked_about_also_bit_by_bit() {
    let (machine, records) = filled(64).await;
    machine.vendor.user("other", "o@example.com", "N", "ENDUSER");
    let source = format!("{}approve_above = {{ count = 10000 }}\n", source(true));
    let package = machine.package("roles", &source, "");
    let (mut left, mut from) = (64, 0);
    while left > 1 {
        for n in from..from + left / 2 {
            machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}"));
        }
        (from, left) = (from + left / 2, left - left / 2);
        machine.by_hand(&package).await;
    }
    assert_eq!(archived(&machine, &records), 32);
}

#[tokio::test]
async fn of_whom_nothing_can_be_told_they_are_not_counted_among_all() {
    let (machine, records) = filled(20).await;
    for n in 0..1_000 {
        machine.add(Object::SaasUsers, &[("software", "mosyle"), ("name", &format!("x{n}"))]);
    }
    // From today on everybody has another id.
    machine.vendor.users.lock().unwrap().clear();
    (0..20).for_each(|n| machine.vendor.user(&format!("uuid-{n:03}"), &format!("u{n}@example.com"), "N", "ENDUSER"));
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    assert_eq!((machine.get(&run).await.state, archived(&machine, &records)), (RunState::Waiting, 0));
}

#[tokio::test]
async fn workflows_of_one_software_have_one_bound() {
    let (machine, records) = filled(40).await;
    for (at, name) in ["one", "two", "three", "four"].into_iter().enumerate() {
        (0..3).for_each(|n| _ = machine.vendor.users.lock().unwrap().remove(&format!("m{:03}", 3 * at + n)));
        machine.by_hand(&machine.package(name, &source(true), "")).await;
    }
    assert_eq!(archived(&machine, &records), 3);
}

#[tokio::test]
async fn a_word_counts_though_another_workflow_has_looked_meanwhile() {
    let (machine, records) = filled(20).await;
    (0..4).for_each(|n| _ = machine.vendor.users.lock().unwrap().remove(&format!("m{n:03}")));
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    machine.by_hand(&machine.package("looks", &source(false), "")).await;
    machine.says(&run, "grace", true).await.unwrap();
    machine.work().await;
    assert_eq!(archived(&machine, &records), 4);
}

#[tokio::test]
async fn what_a_body_of_ones_own_lists_proves_nothing() {
    let (machine, records) = filled(10).await;
    machine.vendor.users.lock().unwrap().remove("m003");
    machine.vendor.mood.lock().unwrap().overridden = true;
    let run = machine.by_hand(&machine.package("roles", &source(true), "")).await;
    let failure = machine.get(&run).await.failure.unwrap();
    assert!(
        failure.message.contains("proves nothing; no record was changed; presetter override remove"),
        "{failure:?}"
    );
    assert_eq!((archived(&machine, &records), machine.vendor.names().len()), (0, 0));
}

#[test]
fn the_threshold_is_the_larger_of_both() {
    let usual = Threshold::default();
    assert!(!usual.holds(3, 10) && usual.holds(4, 10));
    assert!(!usual.holds(20, 1_000) && usual.holds(21, 1_000));
}
