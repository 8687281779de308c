//! The Business edition's operations, filters and pages.

use mosyle_standin::User;
use serde_json::{Value, json};

use crate::client::{Bench, create};

#[tokio::test]
async fn a_user_is_created_listed_and_updated() {
    let bench = Bench::business(json!({})).await;
    let name = r#"Sarah "O" Brien\ {{x}} ü"#;
    let answer = bench.users(&json!({
        "operation": "create_user", "user_id": "e1", "name": name, "type": "ENDUSER",
        "email": "sarah@example.com", "welcome_email": 0, "a_field_of_tomorrow": { "x": 1 } }));
    assert_eq!(answer.json(), json!({ "status": "OK", "iduser": "u1001" }));

    let list = bench.list(json!({ "identifiers": ["e1"] }));
    assert_eq!(
        list["users"],
        json!([{ "iduser": "u1001", "code": "", "name": name, "type": "ENDUSER", "identifier": "e1",
                 "email": "sarah@example.com", "is_removed": "0" }])
    );

    let answer = bench.users(&json!({
        "operation": "update_user", "iduser": "u1001", "type": "ADMIN", "managedappleid": "s@apple.example.com" }));
    assert_eq!(answer.json(), json!({ "status": "OK" }));
    let user = bench.state().users().remove(0);
    assert_eq!((user.kind.as_str(), user.name.as_str()), ("ADMIN", name));
    assert_eq!(user.managedappleid, "s@apple.example.com");
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named_inside_a_200_and_changes_nothing() {
    let bench = Bench::business(json!({})).await;
    bench.users(&create("e1"));
    let before = bench.state().users();
    for (body, status, info) in [
        (json!({}), "MISSING_DATA", "Missing key: operation"),
        (json!({ "operation": "create_user", "name": "N", "type": "ADMIN" }), "MISSING_DATA", "Missing key: user_id"),
        (json!({ "operation": "create_user", "user_id": "1", "name": "" }), "MISSING_DATA", "Missing key: name"),
        (json!({ "operation": "create_user", "user_id": "1", "name": "N" }), "MISSING_DATA", "Missing key: type"),
        (
            json!({ "operation": "create_user", "user_id": "1", "name": "N", "type": "enduser" }),
            "INVALID_DATA",
            "Invalid value for key: type",
        ),
        (
            json!({ "operation": "create_user", "user_id": "1", "name": ["N"], "type": "ADMIN" }),
            "INVALID_DATA",
            "Invalid value for key: name",
        ),
        (
            json!({ "operation": "create_user", "user_id": "1", "name": "N", "type": "ADMIN", "welcome_email": 2 }),
            "INVALID_DATA",
            "Invalid value for key: welcome_email",
        ),
        (
            json!({ "operation": "create_user", "user_id": "1", "name": "N", "type": "ADMIN", "email": "nowhere" }),
            "INVALID_DATA",
            "Invalid value for key: email",
        ),
        (json!({ "operation": "update_user" }), "MISSING_DATA", "Missing key: iduser"),
        (json!({ "operation": "update_user", "iduser": "e1", "name": "N" }), "UNKNOWN_USER", "Unknown user: e1"),
        (
            json!({ "operation": "update_user", "iduser": "u1001", "name": "new", "type": "BOSS" }),
            "INVALID_DATA",
            "Invalid value for key: type",
        ),
        (json!({ "operation": "delete_user" }), "INVALID_OPERATION", "Invalid operation: delete_user"),
        (json!({ "operation": "list_users", "options": { "page": 0 } }), "INVALID_DATA", "Invalid value for key: page"),
        (json!({ "operation": "list_users", "options": "all" }), "INVALID_DATA", "Invalid value for key: options"),
    ] {
        let answer = bench.users(&body);
        assert_eq!(answer.hidden(), status, "{body}");
        assert_eq!(answer.json()["response"][0]["info"], info, "{body}");
    }
    assert_eq!(bench.state().users(), before);
}

#[tokio::test]
async fn ids_may_be_numbers_as_well_as_text() {
    let bench = Bench::business(json!({})).await;
    bench.state().add_user(User { iduser: "123456".into(), ..User::default() });
    for iduser in [json!(123456), json!("123456")] {
        let answer = bench.users(&json!({ "operation": "update_user", "iduser": iduser, "name": "N" }));
        assert_eq!(answer.json(), json!({ "status": "OK" }));
    }
}

#[tokio::test]
async fn an_id_that_a_test_chose_is_not_given_again() {
    let bench = Bench::business(json!({})).await;
    bench.state().add_user(User { iduser: "u1001".into(), ..User::default() });
    assert_eq!(bench.users(&create("e1")).json()["iduser"], "u1002");
}

#[tokio::test]
async fn pages_begin_at_1_and_end_with_users_notfound() {
    let bench = Bench::business(json!({})).await;
    bench.state().seed(117);
    let first = bench.list(json!({}));
    assert_eq!(first["users"].as_array().map(Vec::len), Some(50));
    assert_eq!((&first["rows"], &first["page_size"], &first["page"]), (&json!("117"), &json!("50"), &json!("1")));
    let third = bench.list(json!({ "page": "3" }));
    assert_eq!(third["users"].as_array().map(Vec::len), Some(17));
    assert_eq!(third["users"][16]["email"], "user117@example.com");
    let beyond = |page: Value| bench.users(&json!({ "operation": "list_users", "options": { "page": page } })).hidden();
    assert_eq!(beyond(json!(4)), "USERS_NOTFOUND");
    assert_eq!(beyond(json!(u64::MAX)), "USERS_NOTFOUND");
    // Four times 2^62 is 0 where numbers wrap around, which would show page 1 again.
    let options = json!({ "page": (1_u64 << 62) + 1, "page_size": 4 });
    let wrapped = bench.users(&json!({ "operation": "list_users", "options": options }));
    assert_eq!(wrapped.hidden(), "USERS_NOTFOUND");
    // No `options` at all, and PHP's empty list in their place.
    assert_eq!(bench.users(&json!({ "operation": "list_users" })).json()["response"][0]["page"], "1");
    assert_eq!(bench.list(json!([]))["page"], "1");
}

#[tokio::test]
async fn page_sizes_have_a_default_and_a_bound() {
    let bench = Bench::business(json!({ "page_size_default": 3, "page_size_max": 7 })).await;
    bench.state().seed(20);
    assert_eq!(bench.list(json!({}))["users"].as_array().map(Vec::len), Some(3));
    assert_eq!(bench.list(json!({ "page_size": 5 }))["users"].as_array().map(Vec::len), Some(5));
    let most = bench.list(json!({ "page_size": 500 }));
    assert_eq!(most["users"].as_array().map(Vec::len), Some(7));
    assert_eq!(most["page_size"], "7");
}

#[tokio::test]
async fn a_page_can_be_shorter_than_it_says() {
    let bench = Bench::business(json!({ "page_size_default": 3, "page_size_echo": true })).await;
    bench.state().seed(8);
    for (page, rows) in [(1, 3), (2, 3), (3, 2)] {
        let list = bench.list(json!({ "page": page, "page_size": 100 }));
        assert_eq!((list["users"].as_array().map(Vec::len), &list["page_size"]), (Some(rows), &json!("100")), "{page}");
    }
    let beyond = bench.users(&json!({ "operation": "list_users", "options": { "page": 4, "page_size": 100 } }));
    assert_eq!(beyond.hidden(), "USERS_NOTFOUND");
    assert_eq!(bench.list(json!({ "page_size": 2 }))["users"].as_array().map(Vec::len), Some(2));
    assert_eq!(bench.list(json!({}))["page_size"], "3");
}

#[tokio::test]
async fn filters_are_honoured() {
    let bench = Bench::business(json!({})).await;
    bench.state().seed(30);
    let ids = |options: Value| -> Vec<String> {
        let users = bench.list(options)["users"].as_array().cloned().unwrap_or_default();
        users.iter().map(|user| user["identifier"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(ids(json!({ "email": "USER17@example.com" })), ["user17"]);
    assert_eq!(ids(json!({ "email": ["user3@example.com", "user4@example.com"] })), ["user3", "user4"]);
    assert_eq!(ids(json!({ "idusers": ["u1005"] })), ["user5"]);
    assert_eq!(ids(json!({ "identifiers": ["user9"] })), ["user9"]);
    assert_eq!(ids(json!({ "types": ["ADMIN", "GROUP_ADMIN"] })), ["user1", "user10", "user20", "user30"]);
    assert_eq!(ids(json!({ "name_like": "uSER 3" })), ["user3", "user30"]);
    assert_eq!(ids(json!({ "types": ["GROUP_ADMIN"], "name_like": "2" })), ["user20"]);
    assert_eq!(ids(json!({ "identifiers": [], "of_tomorrow": ["x"], "page_size": 100 })).len(), 30);
    let none = bench.users(&json!({ "operation": "list_users", "options": { "email": "x@example.com" } }));
    assert_eq!(none.hidden(), "USERS_NOTFOUND");
}

#[tokio::test]
async fn the_email_filter_can_look_at_case() {
    let bench = Bench::business(json!({ "filter_exact_case": true })).await;
    bench.state().seed(2);
    assert_eq!(bench.list(json!({ "email": "user2@example.com" }))["rows"], "1");
    let other = bench.users(&json!({ "operation": "list_users", "options": { "email": "USER2@example.com" } }));
    assert_eq!(other.hidden(), "USERS_NOTFOUND");
    assert_eq!(bench.list(json!({ "name_like": "uSER 2" }))["rows"], "1", "the others are as they were");
}

#[tokio::test]
async fn filters_can_be_ignored_all_or_one() {
    let bench = Bench::business(json!({ "honour_filters": false })).await;
    bench.state().seed(12);
    for filter in ["email", "idusers", "identifiers", "types", "name_like"] {
        assert_eq!(bench.list(json!({ filter: ["absent"] }))["rows"], "12", "{filter}");
    }
    let bench = Bench::business(json!({ "ignored_filters": ["email"] })).await;
    bench.state().seed(12);
    assert_eq!(bench.list(json!({ "email": "absent@example.com" }))["rows"], "12");
    assert_eq!(bench.list(json!({ "identifiers": ["user2"] }))["rows"], "1");
}

#[tokio::test]
async fn numbers_can_be_numbers() {
    let bench = Bench::business(json!({ "numbers_as_strings": false })).await;
    bench.state().seed(1);
    let list = bench.list(json!({}));
    assert_eq!((&list["rows"], &list["page_size"], &list["page"]), (&json!(1), &json!(50), &json!(1)));
    assert_eq!(list["users"][0]["is_removed"], 0);
}

#[tokio::test]
async fn every_page_can_show_page_1() {
    let bench = Bench::business(json!({ "repeat_pages": true })).await;
    bench.state().seed(60);
    assert_eq!(bench.list(json!({ "page": 2 })), bench.list(json!({ "page": 1 })));
}

#[tokio::test]
async fn an_empty_list_can_be_a_list() {
    let bench = Bench::business(json!({ "empty_lists": true })).await;
    assert_eq!(bench.list(json!({ "page": 2 }))["users"], json!([]));
}

#[tokio::test]
async fn a_user_id_may_be_unique_or_not() {
    let bench = Bench::business(json!({})).await;
    bench.users(&create("e1"));
    assert_eq!(bench.users(&create("e1")).json()["iduser"], "u1002");
    let bench = Bench::business(json!({ "strict_identifier": true })).await;
    bench.users(&create("e1"));
    assert_eq!(bench.users(&create("e1")).hidden(), "INVALID_DATA");
    assert_eq!(bench.state().users().len(), 1);
}

#[tokio::test]
async fn a_create_can_keep_the_id_to_itself() {
    let bench = Bench::business(json!({ "create_returns_id": false })).await;
    assert_eq!(bench.users(&create("e1")).json(), json!({ "status": "OK" }));
    assert_eq!(bench.state().users().len(), 1);
}

#[tokio::test]
async fn the_update_operation_can_have_another_name() {
    let bench = Bench::business(json!({ "update_operation": "save_user" })).await;
    bench.users(&create("e1"));
    let update = |operation: &str| bench.users(&json!({ "operation": operation, "iduser": "u1001", "name": "New" }));
    assert_eq!(update("update_user").hidden(), "INVALID_OPERATION");
    assert_eq!(update("save_user").json(), json!({ "status": "OK" }));
    assert_eq!(bench.state().users()[0].name, "New");
}
