//! The Manager edition: elements and lists.

use serde_json::{Value, json};

use crate::client::Bench;

fn save(id: &str) -> Value {
    json!({ "operation": "save", "id": id, "name": "Example", "type": "S", "email": "s@example.com",
        "locations": [{ "name": "School", "grade_level": "Kindergarten" }], "welcome_email": 0 })
}

#[tokio::test]
async fn users_are_saved_updated_given_devices_and_deleted() {
    let bench = Bench::manager(json!({})).await;
    let answer = bench.manager_call("/v2/users", json!({ "elements": [save("a"), save("b")] }));
    assert_eq!(
        answer.json(),
        json!({ "status": "OK", "elements": [{ "id": "a", "status": "OK" }, { "id": "b", "status": "OK" }] })
    );
    let elements = json!([
        { "operation": "update", "id": "a", "name": "New", "type": "STAFF" },
        { "operation": "assign_device", "id": "a", "serial_number": "C02" },
        { "operation": "delete", "id": "b" },
    ]);
    let answer = bench.manager_call("/v2/users", json!({ "elements": elements }));
    assert!(answer.json()["elements"].as_array().is_some_and(|all| all.iter().all(|one| one["status"] == "OK")));
    let users = bench.state().manager_users();
    assert_eq!(users.len(), 1);
    assert_eq!((users[0].name.as_str(), users[0].kind.as_str(), users[0].devices.len()), ("New", "STAFF", 1));
    assert_eq!(users[0].locations[0]["grade_level"], "Kindergarten");
}

#[tokio::test]
async fn each_element_is_judged_alone() {
    let bench = Bench::manager(json!({})).await;
    let elements = json!([
        { "operation": "save", "id": "x" },
        { "operation": "save", "id": "x", "name": "N".repeat(101), "type": "S" },
        { "operation": "save", "id": "x", "name": "N", "type": "STUDENT" },
        { "operation": "save", "id": "i".repeat(256), "name": "N", "type": "S" },
        { "operation": "update", "id": "nobody" },
        { "operation": "dance", "id": "x" },
        "not an element",
        save("good"),
    ]);
    let answer = bench.manager_call("/v2/users", json!({ "elements": elements })).json();
    assert_eq!(answer["status"], "OK");
    let statuses: Vec<&str> =
        answer["elements"].as_array().expect("a list").iter().filter_map(|one| one["status"].as_str()).collect();
    assert_eq!(
        statuses,
        [
            "MISSING_DATA",
            "INVALID_DATA",
            "INVALID_DATA",
            "INVALID_DATA",
            "UNKNOWN_USER",
            "INVALID_OPERATION",
            "INVALID_DATA",
            "OK"
        ]
    );
    assert_eq!(bench.state().manager_users().len(), 1);
}

#[tokio::test]
async fn the_last_element_can_be_made_to_fail() {
    let bench = Bench::manager(json!({ "element_results": true })).await;
    let answer = bench.manager_call("/v2/users", json!({ "elements": [save("a"), save("b")] })).json();
    assert_eq!(answer["status"], "OK");
    assert_eq!(answer["elements"][0], json!({ "id": "a", "status": "OK" }));
    assert_eq!((&answer["elements"][1]["id"], &answer["elements"][1]["status"]), (&json!("b"), &json!("INVALID_DATA")));
    assert!(answer["elements"][1]["info"].is_string());
    assert_eq!(bench.state().manager_users().len(), 1);
}

#[tokio::test]
async fn elements_must_be_there() {
    let bench = Bench::manager(json!({})).await;
    assert_eq!(bench.manager_call("/v2/users", json!({})).hidden(), "MISSING_DATA");
    assert_eq!(bench.manager_call("/v2/users", json!({ "elements": [] })).hidden(), "INVALID_DATA");
}

#[tokio::test]
async fn lists_have_an_object_in_response() {
    let bench = Bench::manager(json!({})).await;
    bench.state().seed(117);
    let answer = bench.manager_call("/v2/listusers", json!({ "options": { "page": 2 } })).json();
    let response = &answer["response"];
    assert_eq!((&answer["status"], &response["total"], &response["page"]), (&json!("OK"), &json!("117"), &json!("2")));
    assert_eq!((&response["page_size"], response["users"].as_array().map(Vec::len)), (&json!("100"), Some(17)));
    assert_eq!(response["users"][16]["id"], "user117");
    let beyond = bench.manager_call("/v2/listusers", json!({ "options": { "page": 3 } }));
    assert_eq!(beyond.hidden(), "USERS_NOTFOUND");

    let bench = Bench::manager(json!({ "numbers_as_strings": false, "manager_page_size_default": 4 })).await;
    bench.state().seed(5);
    let response = bench.manager_call("/v2/listusers", json!({})).json()["response"].clone();
    assert_eq!((&response["total"], &response["page_size"]), (&json!(5), &json!(4)));
}

#[tokio::test]
async fn lists_filter_and_choose_columns() {
    let bench = Bench::manager(json!({})).await;
    bench.state().seed(12);
    let list = |options: Value| bench.manager_call("/v2/listusers", json!({ "options": options }));
    let options =
        json!({ "page": 1, "types": ["TEACHER"], "identifiers": [], "idusers": [], "specific_columns": ["type"] });
    assert_eq!(list(options).json()["response"]["users"], json!([{ "type": "TEACHER" }]));
    assert_eq!(list(json!({ "types": ["STUDENT"] })).json()["response"]["total"], "11");
    assert_eq!(list(json!({ "identifiers": ["user3"] })).json()["response"]["users"][0]["id"], "user3");
    assert_eq!(list(json!({ "specific_columns": ["shoe_size"] })).hidden(), "UNKNOWN_COLUMNS");
}

#[tokio::test]
async fn a_saved_id_is_overwritten_or_refused() {
    let again = json!({ "operation": "save", "id": "a", "name": "Again", "type": "T" });
    let bench = Bench::manager(json!({})).await;
    bench.manager_call("/v2/users", json!({ "elements": [save("a"), again] }));
    assert_eq!(bench.state().manager_users()[0].name, "Again");
    let bench = Bench::manager(json!({ "strict_identifier": true })).await;
    let answer = bench.manager_call("/v2/users", json!({ "elements": [save("a"), again] })).json();
    assert_eq!(answer["elements"][1]["status"], "INVALID_DATA");
    assert_eq!(bench.state().manager_users()[0].name, "Example");
}

#[tokio::test]
async fn hidden_failures_and_hang_ups_touch_elements_too() {
    let failure = json!({ "operation": "save", "status": "MAX_ASSIGNMENTS", "info": "Too many.", "times": 1 });
    let bench = Bench::manager(json!({ "hidden_failure": failure, "hang_up_after_create": 1 })).await;
    let answer = bench.manager_call("/v2/users", json!({ "elements": [save("a")] })).json();
    assert_eq!(answer["elements"], json!([{ "id": "a", "status": "MAX_ASSIGNMENTS", "info": "Too many." }]));
    assert!(bench.try_manager_call("/v2/users", json!({ "elements": [save("a")] })).is_none());
    assert_eq!(bench.state().manager_users().len(), 1);

    let failure = json!({ "operation": "listusers", "status": "NOT_ALLOWED", "info": "No." });
    let bench = Bench::manager(json!({ "hidden_failure": failure })).await;
    assert_eq!(bench.manager_call("/v2/listusers", json!({})).hidden(), "NOT_ALLOWED");
}
