//! Runs, from what begins them to what they leave in the records.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

mod common;

use common::Machine;
use presetter_journal::seam::RunState;
use presetter_records::{Action, Cause, CauseKind, Change, Object, RecordId, State, Value as Field};
use presetter_workflow::{Begun, Input, Trigger};
use serde_json::json;

const CREATE: &str = r#"
title = "Create missing users"
object = "users"
[begin]
on = ["new", "manual"]
rules = { all = ["mosyle_user_id is empty"] }
[[block]]
name = "create"
type = "api"
preset = "mosyle/create-user"
connection = "m"
inputs = { user_id = "{{record.email}}", name = "{{record.name}}", type = "ENDUSER" }
success = { fields = { mosyle_user_id = "{{outputs.mosyle_user_id}}" } }
"#;

#[tokio::test]
async fn a_new_record_begins_a_run_that_creates_and_maps() {
    let machine = Machine::new().await;
    machine.activate(&machine.package("create", CREATE, "")).await;
    let sarah = machine.add(Object::Users, &[("email", "sarah@example.com"), ("name", "Sarah \"O\" Brien")]);
    assert_eq!(machine.tick().await, 1);
    machine.work().await;
    assert_eq!(machine.states("create").await, [RunState::Done]);
    assert_eq!(machine.value(sarah, "mosyle_user_id"), "m1");
    assert_eq!(machine.vendor.calls.lock().unwrap()[0].inputs["name"], "Sarah \"O\" Brien");

    let history = machine.records().history(sarah, 0, 10).unwrap();
    let cause = &history[1].cause;
    assert_eq!((cause.kind, cause.by.as_str()), (CauseKind::Workflow, "create"));
    assert_eq!(cause.detail["rule"], "mosyle_user_id is empty");
    assert_eq!((&cause.detail["activated_by"], &cause.detail["receipt"]), (&json!("ada"), &json!("receipt-1")));
    assert!(cause.detail["digest"].as_str().unwrap().starts_with("sha256:"));

    // Looked at again, and by somebody else, it begins nothing more.
    assert_eq!(machine.tick().await, 0);
    machine.work().await;
    assert_eq!(machine.vendor.names().len(), 1);
}

#[tokio::test]
async fn a_batch_runs_on_every_record_that_matches_and_once_on_each() {
    let machine = Machine::new().await;
    for n in 0..1_203 {
        machine.add(Object::Users, &[("email", &format!("u{n}@example.com")), ("name", "N")]);
    }
    machine.set("u-7".parse().unwrap(), "mosyle_user_id", "m-old");
    let package = machine.package("create", CREATE, "");
    let run = machine.by_hand(&package).await;
    let batch = machine.get(&run).await;
    assert_eq!((batch.state, batch.result.unwrap()), (RunState::Done, json!({ "runs": 1_202 })));
    assert_eq!(machine.vendor.users.lock().unwrap().len(), 1_202);
    machine.by_hand(&package).await;
    assert_eq!(machine.vendor.users.lock().unwrap().len(), 1_202, "nobody is missing any more");
}

#[tokio::test]
async fn a_write_without_an_answer_is_unknown_and_is_not_repeated() {
    let machine = Machine::new().await;
    machine.vendor.mood.lock().unwrap().unanswered = true;
    machine.add(Object::Users, &[("email", "a@example.com"), ("name", "A")]);
    let package = machine.package("create", CREATE, "");
    machine.by_hand(&package).await;
    assert_eq!(machine.states("create").await, [RunState::Unknown]);
    machine.seconds(3_600);
    machine.work().await;
    assert_eq!(machine.vendor.users.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_empty_value_names_the_line_that_it_should_have_come_from() {
    let machine = Machine::new().await;
    let find = r#"
title = "Details"
object = "users"
[begin]
on = ["manual"]
[[block]]
name = "details"
type = "api"
preset = "mosyle/user-by-email"
connection = "m"
inputs = { email = "{{record.mosyle_user_id}}" }
"#;
    let mappings = "# where it comes from\n[users.mosyle_user_id]\nintegration = \"mosyle\"\n";
    machine.add(Object::Users, &[("email", "a@example.com")]);
    machine.by_hand(&machine.package("details", find, mappings)).await;
    let run = machine.runs("details").await.remove(0);
    let failure = run.failure.unwrap();
    assert_eq!(failure.class, "empty");
    assert_eq!(
        failure.message,
        "block \"details\": input email (details.workflow.toml:11): mosyle_user_id is empty: \
         mappings.toml:2 says that it comes from the integration mosyle; run `presetter sync mosyle`"
    );
    assert!(machine.vendor.names().is_empty(), "nothing is sent");
}

const DETAILS: &str = r#"
title = "Details by e-mail"
object = "users"
[begin]
on = ["edited"]
fields = ["title"]
[[block]]
name = "details"
type = "api"
preset = "mosyle/user-by-email"
connection = "m"
inputs = { email = "{{record.email}}" }
[block.success]
fields = { api_response = "{{response}}", mosyle_role = "{{outputs.role}}" }
variables = { first = "{{response[\"test-field\"][0]}}", vary = "{{response_headers.Vary}}" }
[block.not_found]
fields = { mosyle_role = "none" }
next = "end"
[[block]]
name = "known"
type = "condition"
when = 'variables.first == 1 && record.mosyle_role == "ADMIN"'
failure = { next = "end" }
[[block]]
name = "tell"
type = "notify"
url = "https://hooks.example.com/x"
body = '{"who": {{record.email}}, "vary": {{variables.vary}}}'
"#;

#[tokio::test]
async fn answers_go_into_fields_and_variables_and_ways_follow_them() {
    let machine = Machine::new().await;
    machine.vendor.user("m1", "SARAH@example.com", "Sarah", "ADMIN");
    machine.activate(&machine.package("details", DETAILS, "")).await;
    let sarah = machine.add(Object::Users, &[("email", "sarah@example.com")]);
    let nobody = machine.add(Object::Users, &[("email", "nobody@example.com")]);
    machine.set(sarah, "department", "IT");
    assert_eq!(machine.tick().await, 0, "no watched field has changed");
    machine.set(sarah, "title", "Head");
    machine.set(nobody, "title", "None");
    assert_eq!(machine.tick().await, 2);
    machine.work().await;
    assert_eq!(machine.states("details").await, [RunState::Done, RunState::Done]);
    let kept: serde_json::Value = serde_json::from_str(&machine.value(sarah, "api_response")).unwrap();
    assert_eq!(kept["email"], "SARAH@example.com");
    assert_eq!(
        (machine.value(sarah, "mosyle_role"), machine.value(nobody, "mosyle_role")),
        ("ADMIN".into(), "none".into())
    );
    let posted = machine.vendor.posted.lock().unwrap().clone();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].2, json!({ "who": "sarah@example.com", "vary": "Origin" }));
    // What it has written itself begins nothing.
    assert_eq!(machine.tick().await, 0);
}

#[tokio::test]
async fn workflows_that_begin_each_other_end() {
    let machine = Machine::new().await;
    let flip = |name: &str, from: &str, to: &str| {
        let source = format!(
            "title = \"Flip\"\nobject = \"users\"\n[begin]\non = [\"edited\"]\nrules = {{ all = [\"title equals {from}\"] }}\n\
             [[block]]\nname = \"flip\"\ntype = \"update\"\nfields = {{ title = \"{to}\" }}\n"
        );
        machine.package(name, &source, "")
    };
    machine.activate(&flip("one", "A", "B")).await;
    machine.activate(&flip("two", "B", "A")).await;
    let record = machine.add(Object::Users, &[("email", "a@example.com")]);
    machine.set(record, "title", "A");
    let none = |name: &str| Err(format!("there is no sync {name}"));
    let mut told = Vec::new();
    for _ in 0..10 {
        let (now, path) = (presetter_journal::seam::Clock::now(&*machine.clock), machine.path());
        let ticked = presetter_workflow::tick(&machine.engine, &machine.store, &path, now, &none);
        told.extend(ticked.await.unwrap().1);
        machine.work().await;
    }
    let runs = machine.runs("one").await.len() + machine.runs("two").await.len();
    assert_eq!(runs, 5, "the first, and four that stand behind it");
    assert!(told.len() == 1 && told[0].message.contains("5 workflows stand before it"), "{told:?}");
}

#[tokio::test]
async fn a_person_and_a_time_are_waited_for() {
    let machine = Machine::new().await;
    let source = r#"
title = "Leaver"
object = "users"
[begin]
on = ["manual"]
[[block]]
name = "wait"
type = "wait"
for = "2d"
[[block]]
name = "sure"
type = "approval"
message = "archive {{record.email}}?"
within = "1d"
failure = { next = "note" }
[[block]]
name = "archive"
type = "update"
state = "archived"
success = { next = "end" }
[[block]]
name = "note"
type = "update"
fields = { title = "kept" }
"#;
    let (a, b) = (
        machine.add(Object::Users, &[("email", "a@example.com")]),
        machine.add(Object::Users, &[("email", "b@example.com")]),
    );
    machine.by_hand(&machine.package("leaver", source, "")).await;
    assert_eq!(machine.states("leaver").await, [RunState::Waiting; 2]);
    machine.seconds(2 * 24 * 3600);
    machine.work().await;
    let runs = machine.runs("leaver").await;
    assert_eq!(runs[0].progress.as_ref().unwrap()["message"], "archive a@example.com?");
    assert!(machine.says(&runs[0].id, "grace", true).await.unwrap());
    machine.work().await;
    machine.seconds(25 * 3600);
    machine.work().await;
    assert_eq!(machine.states("leaver").await, [RunState::Done; 2]);
    let archived = machine.records().get(a).unwrap().unwrap();
    assert_eq!(archived.state(), State::Archived);
    assert_eq!(machine.records().history(a, 0, 10).unwrap()[1].cause.detail["approved_by"], "grace");
    assert_eq!(machine.value(b, "title"), "kept");
}

#[tokio::test]
async fn a_preset_that_was_changed_since_is_not_run() {
    let machine = Machine::new().await;
    machine.add(Object::Users, &[("email", "a@example.com"), ("name", "A")]);
    let package = machine.package("create", CREATE, "");
    *machine.vendor.digest.lock().unwrap() = "another".to_owned();
    machine.by_hand(&package).await;
    let failure = machine.runs("create").await.remove(0).failure.unwrap();
    assert_eq!(failure.class, "changed");
    assert!(machine.vendor.names().is_empty());
}

#[tokio::test]
async fn a_schedule_runs_in_its_zone_and_once_after_a_pause() {
    let machine = Machine::new().await;
    let source = r#"
title = "Daily"
object = "users"
[begin]
on = ["schedule"]
cron = "0 6 * * *"
zone = "Europe/Berlin"
[[block]]
name = "note"
type = "update"
fields = { title = "seen" }
"#;
    let record = machine.add(Object::Users, &[("email", "a@example.com")]);
    machine.activate(&machine.package("daily", source, "")).await;
    assert_eq!(machine.tick().await, 0);
    // It is 08:00 UTC; 06:00 in Berlin comes in 20 hours, and again twice while nobody looks.
    machine.seconds(68 * 3600);
    assert_eq!(machine.tick().await, 1);
    assert_eq!(machine.tick().await, 0);
    machine.work().await;
    assert_eq!(machine.value(record, "title"), "seen");
    machine.seconds(24 * 3600);
    assert_eq!(machine.tick().await, 1);
}

/// A workflow by hand of one block that calls.
fn calling(preset: &str, more: &str) -> String {
    format!(
        "title = \"T\"\nobject = \"users\"\n[begin]\non = [\"manual\"]\n[[block]]\nname = \"call\"\ntype = \"api\"\n\
         preset = \"{preset}\"\nconnection = \"m\"\n{more}"
    )
}

#[tokio::test]
async fn what_is_sent_with_a_body_of_ones_own_is_not_repeated() {
    let by_email = "inputs = { email = \"{{record.email}}\" }\n";
    let body = format!("{by_email}body = '{{\"operation\": \"save\", \"email\": {{{{email}}}}}}'\n");
    for (overridden, more, calls) in [(false, by_email, 3), (false, body.as_str(), 1), (true, by_email, 1)] {
        let machine = Machine::new().await;
        machine.add(Object::Users, &[("email", "a@example.com")]);
        {
            let mut mood = machine.vendor.mood.lock().unwrap();
            (mood.overridden, mood.fails) = (overridden, Some("network".to_owned()));
        }
        machine.by_hand(&machine.package("t", &calling("mosyle/user-by-email", more), "")).await;
        for _ in 0..5 {
            machine.seconds(3_600);
            machine.work().await;
        }
        assert_eq!((machine.states("t").await, machine.vendor.names().len()), (vec![RunState::Failed], calls));
    }
}

#[tokio::test]
async fn a_write_that_was_broken_off_takes_no_failure_path() {
    let machine = Machine::new().await;
    let record = machine.add(Object::Users, &[("email", "a@example.com"), ("name", "A")]);
    machine.vendor.mood.lock().unwrap().fails = Some("limit".to_owned());
    let more = "inputs = { user_id = \"{{record.email}}\", name = \"N\", type = \"ENDUSER\" }\n\
                success = { next = \"end\" }\nfailure = { next = \"note\" }\n\
                [[block]]\nname = \"note\"\ntype = \"update\"\nfields = { title = \"failed\" }\n";
    machine.by_hand(&machine.package("t", &calling("mosyle/create-user", more), "")).await;
    assert_eq!(machine.runs("t").await[0].failure.as_ref().unwrap().class, "limit");
    assert_eq!(machine.value(record, "title"), "");
}

#[tokio::test]
async fn a_webhook_without_an_answer_is_called_again_with_the_same_key() {
    let machine = Machine::new().await;
    machine.add(Object::Users, &[("email", "a@example.com")]);
    machine.vendor.mood.lock().unwrap().deaf = 2;
    let source = "title = \"T\"\nobject = \"users\"\n[begin]\non = [\"manual\"]\n\
                  [[block]]\nname = \"tell\"\ntype = \"notify\"\nurl = \"https://hooks.example.com/x\"\n";
    machine.by_hand(&machine.package("t", source, "")).await;
    for _ in 0..5 {
        machine.seconds(3_600);
        machine.work().await;
    }
    assert_eq!(machine.states("t").await, [RunState::Done]);
    let posted = machine.vendor.posted.lock().unwrap().clone();
    assert_eq!(posted.len(), 3);
    assert!(posted.iter().all(|(_, key, _)| *key == posted[0].1));
}

#[tokio::test]
async fn who_is_nowhere_is_archived_with_the_evidence_and_no_more_than_need_no_word() {
    let machine = Machine::new().await;
    let records: Vec<_> =
        (0..10).map(|n| machine.add(Object::Users, &[("email", &format!("u{n}@example.com"))])).collect();
    let more = "inputs = { email = \"{{record.email}}\" }\nsuccess = { next = \"end\" }\nnot_found = { next = \"out\" }\n\
                [[block]]\nname = \"out\"\ntype = \"update\"\nstate = \"archived\"\n";
    let package = machine.package("t", &calling("mosyle/user-by-email", more), "");
    machine.by_hand(&package).await;
    let gone = |machine: &Machine| {
        let all = machine.records();
        let gone = records.iter().filter(|id| all.get(**id).unwrap().unwrap().state() == State::Archived);
        gone.copied().collect::<Vec<_>>()
    };
    let first = gone(&machine);
    assert_eq!(first.len(), 3);
    let cause = machine.records().history(first[0], 0, 10).unwrap().pop().unwrap().cause;
    assert_eq!(cause.detail["evidence"], "complete scan");
    let failed: Vec<_> = machine
        .runs("t")
        .await
        .into_iter()
        .filter(|run| run.state == RunState::Failed)
        .map(|run| run.failure)
        .collect();
    assert_eq!(failed.len(), 7);
    let failure = failed[0].as_ref().unwrap();
    assert!(failure.class == "approval" && failure.message.contains("an approval block before it"), "{failure:?}");
    // The next day is another one.
    machine.seconds(25 * 3600);
    machine.by_hand(&package).await;
    assert_eq!(gone(&machine).len(), 6);
}

#[tokio::test]
async fn a_change_of_an_older_file_of_records_is_another_change() {
    let machine = Machine::new().await;
    let package = machine.package("create", CREATE, "");
    machine.activate(&package).await;
    machine.add(Object::Users, &[("email", "a@example.com"), ("name", "A")]);
    assert_eq!(machine.tick().await, 1);
    machine.work().await;
    // The file is put back as it was before; the next change has a number that was seen.
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(machine.folder.path().join(format!("records.db{ending}")));
    }
    machine.declare();
    machine.activate(&package).await;
    machine.add(Object::Users, &[("email", "b@example.com"), ("name", "B")]);
    assert_eq!(machine.tick().await, 1);
}

#[tokio::test]
async fn that_a_record_was_looked_at_is_no_edit() {
    let machine = Machine::new().await;
    machine.add(Object::Software, &[("name", "mosyle")]);
    let source = |fields: &str| {
        format!(
            "title = \"T\"\nobject = \"saas_users\"\n[begin]\non = [\"edited\"]\n{fields}\
             [[block]]\nname = \"tell\"\ntype = \"notify\"\nurl = \"https://hooks.example.com/x\"\n"
        )
    };
    machine.activate(&machine.package("any", &source(""), "")).await;
    machine.activate(&machine.package("this", &source("fields = [\"last_checked\"]\n"), "")).await;
    let record = machine.add(Object::SaasUsers, &[("software", "mosyle"), ("external_id", "m1")]);
    let now = presetter_journal::seam::Clock::now(&*machine.clock);
    let change = Change::new(Action::Edit(record)).set("last_checked", Field::Time(now));
    machine.records().apply(&[change], &Cause::person("ada")).unwrap();
    assert_eq!(machine.tick().await, 1, "whoever asks for just that gets it");
    machine.set(record, "name", "N");
    assert_eq!(machine.tick().await, 1);
}

#[tokio::test]
async fn a_timer_that_an_activation_left_out_is_put_in() {
    let machine = Machine::new().await;
    let source = "title = \"T\"\nobject = \"users\"\n[begin]\non = [\"schedule\"]\ncron = \"0 6 * * *\"\n\
                  [[block]]\nname = \"note\"\ntype = \"update\"\nfields = { title = \"seen\" }\n";
    machine.activate(&machine.package("daily", source, "")).await;
    machine.engine.remove_schedule("workflow:daily").await.unwrap();
    assert_eq!(machine.tick().await, 0);
    machine.seconds(24 * 3600);
    assert_eq!(machine.tick().await, 1);
    presetter_workflow::deactivate(&machine.engine, &machine.store, "daily").await.unwrap();
    assert_eq!(machine.tick().await, 0);
    assert_eq!(machine.engine.schedules().await.unwrap(), []);
}

const BY_EMAIL: &str = "inputs = { email = \"{{record.email}}\" }\nsuccess = { next = \"end\" }\n";
const OUT: &str = "[[block]]\nname = \"out\"\ntype = \"update\"\nstate = \"archived\"\n";

fn users(machine: &Machine, count: usize) -> Vec<RecordId> {
    (0..count).map(|n| machine.add(Object::Users, &[("email", &format!("u{n}@example.com")), ("name", "N")])).collect()
}

fn archived(machine: &Machine, records: &[RecordId]) -> usize {
    let all = machine.records();
    records.iter().filter(|id| all.get(**id).unwrap().unwrap().state() == State::Archived).count()
}

#[tokio::test]
async fn a_call_in_between_takes_neither_evidence_nor_bound_away() {
    let machine = Machine::new().await;
    let records = users(&machine, 10);
    let more = format!(
        "{BY_EMAIL}not_found = {{ next = \"ticket\" }}\n[[block]]\nname = \"ticket\"\ntype = \"api\"\n\
         preset = \"mosyle/create-user\"\nconnection = \"m\"\n\
         inputs = {{ user_id = \"t{{{{record.id}}}}\", name = \"N\", type = \"ENDUSER\" }}\n{OUT}"
    );
    machine.by_hand(&machine.package("t", &calling("mosyle/user-by-email", &more), "")).await;
    assert_eq!(archived(&machine, &records), 3);
    let cause = machine.records().history(records[0], 0, 10).unwrap().pop().unwrap().cause;
    assert_eq!(cause.detail["evidence"], "complete scan");
}

#[tokio::test]
async fn the_bound_is_of_those_whom_the_workflow_is_for_and_of_half_of_them() {
    let machine = Machine::new().await;
    for name in ["mosyle", "other"] {
        machine.add(Object::Software, &[("name", name)]);
    }
    let account = |software: &str, n: usize| {
        let (id, email) = (format!("{software}{n}"), format!("u{n}@example.com"));
        machine.add(Object::SaasUsers, &[("software", software), ("external_id", &id), ("email", &email)])
    };
    (0..1_000).for_each(|n| _ = account("other", n));
    let records: Vec<_> = (0..20).map(|n| account("mosyle", n)).collect();
    let more = format!("{BY_EMAIL}not_found = {{ next = \"out\" }}\n{OUT}");
    let source = calling("mosyle/user-by-email", &more)
        .replace("object = \"users\"", "object = \"saas_users\"")
        .replace("[\"manual\"]\n", "[\"manual\"]\nrules = { all = [\"software equals mosyle\"] }\n");
    machine.by_hand(&machine.package("t", &source, "")).await;
    assert_eq!(archived(&machine, &records), 3);
    for (count, most) in [(1, 0), (2, 1), (3, 1), (4, 2), (7, 3)] {
        let machine = Machine::new().await;
        let records = users(&machine, count);
        machine.by_hand(&machine.package("t", &calling("mosyle/user-by-email", &more), "")).await;
        assert_eq!(archived(&machine, &records), most, "of {count}");
    }
}

#[tokio::test]
async fn what_a_body_of_ones_own_does_not_find_is_no_proof() {
    for (overridden, body) in [(true, ""), (false, "body = '{\"operation\": \"list_nobody\"}'\n")] {
        let machine = Machine::new().await;
        let records = users(&machine, 10);
        machine.vendor.mood.lock().unwrap().overridden = overridden;
        let more = format!("{BY_EMAIL}{body}not_found = {{ next = \"out\" }}\n{OUT}");
        machine.by_hand(&machine.package("t", &calling("mosyle/user-by-email", &more), "")).await;
        assert_eq!(archived(&machine, &records), 0);
        let failure = machine.runs("t").await.remove(0).failure.unwrap();
        assert!(failure.message.contains("a body of your own, which proves nothing"), "{failure:?}");
    }
}

#[tokio::test]
async fn what_went_wrong_archives_nobody_also_where_no_check_of_the_file_saw_it() {
    let machine = Machine::new().await;
    let records = users(&machine, 10);
    machine.vendor.mood.lock().unwrap().fails = Some("auth".to_owned());
    let more = format!("{BY_EMAIL}failure = {{ next = \"out\" }}\n{OUT}");
    machine.by_hand(&machine.package("t", &calling("mosyle/user-by-email", &more), "")).await;
    assert_eq!(archived(&machine, &records), 0);
    assert_eq!(machine.runs("t").await.remove(0).failure.unwrap().class, "approval");
}

/// An approval with more of its own.
fn asking(name: &str, more: &str) -> String {
    format!("[[block]]\nname = \"{name}\"\ntype = \"approval\"\n{more}\n")
}

#[tokio::test]
async fn a_yes_to_something_else_and_a_question_that_nobody_answers_archive_nobody() {
    let machine = Machine::new().await;
    let records = users(&machine, 10);
    let begin = "title = \"T\"\nobject = \"users\"\n[begin]\non = [\"manual\"]\n";
    let first = asking("mail", "message = \"look {{record.email}} up?\"\nfailure = { next = \"end\" }");
    let call = format!(
        "[[block]]\nname = \"call\"\ntype = \"api\"\npreset = \"mosyle/user-by-email\"\nconnection = \"m\"\n\
         {BY_EMAIL}not_found = {{ next = \"keep\" }}\n"
    );
    let keep = asking(
        "keep",
        "message = \"keep?\"\nwithin = \"1h\"\nsuccess = { next = \"end\" }\nfailure = { next = \"out\" }",
    );
    machine.by_hand(&machine.package("t", &format!("{begin}{first}{call}{keep}{OUT}"), "")).await;
    for run in machine.runs("t").await {
        machine.says(&run.id, "grace", true).await.unwrap();
    }
    machine.work().await;
    machine.seconds(2 * 3600);
    machine.work().await;
    assert_eq!(archived(&machine, &records), 0);

    // Nor does one that could not be asked.
    let keep = asking(
        "keep",
        "message = \"keep {{record.title}}?\"\nsuccess = { next = \"end\" }\nfailure = { next = \"out\" }",
    );
    machine.by_hand(&machine.package("u", &format!("{begin}{keep}{OUT}"), "")).await;
    assert_eq!((archived(&machine, &records), machine.states("u").await), (0, vec![RunState::Failed; 10]));
}

#[tokio::test]
async fn what_was_not_found_before_a_wait_is_looked_for_again() {
    let machine = Machine::new().await;
    let records = users(&machine, 4);
    let more = format!(
        "{BY_EMAIL}not_found = {{ next = \"wait\" }}\n[[block]]\nname = \"wait\"\ntype = \"wait\"\nfor = \"30d\"\n{OUT}"
    );
    machine.by_hand(&machine.package("t", &calling("mosyle/user-by-email", &more), "")).await;
    machine.seconds(31 * 24 * 3600);
    machine.work().await;
    assert_eq!(archived(&machine, &records), 0);
    let failure = machine.runs("t").await.remove(0).failure.unwrap();
    assert!(failure.message.contains("look again after it"), "{failure:?}");
}

#[tokio::test]
async fn a_write_that_was_broken_off_writes_no_field_of_its_failure() {
    let machine = Machine::new().await;
    let record = users(&machine, 1)[0];
    machine.vendor.mood.lock().unwrap().fails = Some("limit".to_owned());
    let more = "inputs = { user_id = \"{{record.email}}\", name = \"N\", type = \"ENDUSER\" }\n\
                success = { next = \"end\" }\nfailure = { next = \"end\", fields = { title = \"not created\" } }\n";
    machine.by_hand(&machine.package("t", &calling("mosyle/create-user", more), "")).await;
    assert_eq!((machine.states("t").await, machine.value(record, "title")), (vec![RunState::Failed], String::new()));
}

#[tokio::test]
async fn what_happened_before_an_activation_begins_nothing_and_what_comes_after_it_does() {
    let machine = Machine::new().await;
    users(&machine, 5);
    machine.activate(&machine.package("create", CREATE, "")).await;
    assert_eq!(machine.tick().await, 0);
    machine.add(Object::Users, &[("email", "new@example.com"), ("name", "N")]);
    assert_eq!(machine.tick().await, 1);
    // What another version has not seen yet is not the new one's.
    machine.add(Object::Users, &[("email", "newer@example.com"), ("name", "N")]);
    machine.activate(&machine.package("create", &CREATE.replace("missing", "all"), "")).await;
    assert_eq!(machine.tick().await, 0);
}

#[tokio::test]
async fn a_timer_is_that_of_the_workflow_as_it_is_now() {
    let machine = Machine::new().await;
    let source = |cron: &str| {
        format!(
            "title = \"T\"\nobject = \"users\"\n[begin]\non = [\"schedule\"]\ncron = \"{cron}\"\n\
             [[block]]\nname = \"note\"\ntype = \"update\"\nfields = {{ title = \"seen\" }}\n"
        )
    };
    machine.activate(&machine.package("daily", &source("0 6 * * *"), "")).await;
    let old = machine.engine.schedules().await.unwrap();
    machine.activate(&machine.package("daily", &source("0 9 * * *"), "")).await;
    let new = machine.engine.schedules().await.unwrap();
    assert_ne!(old, new);
    // Whoever activated it was interrupted before the timer.
    machine.engine.put_schedule(old[0].clone()).await.unwrap();
    machine.tick().await;
    assert_eq!(machine.engine.schedules().await.unwrap(), new);
}

#[tokio::test]
async fn a_batch_that_was_cancelled_begins_nothing_more() {
    let machine = Machine::new().await;
    users(&machine, 40);
    let source = "title = \"T\"\nobject = \"users\"\n[begin]\non = [\"manual\"]\n\
                  [[block]]\nname = \"n\"\ntype = \"notify\"\nurl = \"https://hooks.example.com/x\"\n";
    let package = machine.package("t", source, "");
    let begun = Begun::by(Trigger::Manual);
    // Runs that were begun before the batch was cancelled, and are looked at after it.
    let batch = machine.engine.submit(package.submission(&Input::Batch(begun.clone()), None, None)).await.unwrap().run;
    for n in 1..=3 {
        let begun = Begun { batch: Some(batch.0.clone()), ..begun.clone() };
        let input = Input::Record { record: format!("u-{n}").parse().unwrap(), begun, start: 0 };
        machine.engine.submit(package.submission(&input, Some(format!("{batch}:u-{n}")), None)).await.unwrap();
    }
    machine.engine.cancel(&batch, "ada").await.unwrap();
    machine.work().await;
    let runs = machine.runs("t").await;
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| run.result.as_ref().unwrap()["skipped"] == "its batch was cancelled"));
    assert_eq!(machine.vendor.posted.lock().unwrap().len(), 0);
}
