//! The log, the state, and the paths under `/_standin/`.

use mosyle_standin::{ACCESS_TOKEN, Oddities};
use serde_json::{Value, json};

use crate::client::{Answer, Bench, call, create, receive, send};

fn admin(bench: &Bench, method: &str, path: &str, body: &Value) -> Answer {
    call(bench.to(), method, &format!("/_standin{path}"), &[], &body.to_string()).expect("an answer")
}

#[tokio::test]
async fn the_log_has_every_request_exactly_as_sent() {
    let bench = Bench::business(json!({})).await;
    let odd = "{ \"operation\" :\"list_users\"\n, \"x\": \"\\u00fc ü\" }";
    let headers = [("accessToken", ACCESS_TOKEN), ("Authorization", bench.authorization.as_str()), ("X-Odd", "1")];
    call(bench.to(), "POST", "/v1/users?a=b%20c", &headers, odd).expect("an answer");
    receive(send(bench.to(), "PUT", "/nowhere", &[], &[0xff, 0xfe])).expect("an answer");
    let log = bench.state().log();
    assert_eq!(log.len(), 3);
    assert_eq!((log[0].path.as_str(), log[0].status), ("/v1/login", 200));
    assert_eq!((log[1].method.as_str(), log[1].path.as_str(), log[1].status), ("POST", "/v1/users?a=b%20c", 200));
    assert_eq!(log[1].body, odd.as_bytes());
    assert_eq!((log[1].text().as_ref(), log[1].json().map(|body| body["x"].clone())), (odd, Some(json!("ü ü"))));
    assert_eq!((log[1].header("ACCESSTOKEN"), log[1].header("x-odd")), (Some(ACCESS_TOKEN), Some("1")));
    assert_eq!((log[2].body.as_slice(), log[2].status, log[2].json()), ([0xff, 0xfe].as_slice(), 404, None));
    assert_eq!((bench.state().requests_to("/v1/users"), bench.state().requests_to("/v1/user")), (1, 0));

    let told = admin(&bench, "GET", "/log", &json!(null)).json();
    assert_eq!(told.as_array().map(Vec::len), Some(3));
    assert_eq!((&told[1]["body"], &told[1]["status"]), (&json!(odd), &json!(200)));
    assert_eq!(told[2]["body"], json!([255, 254]));
    admin(&bench, "POST", "/clear-log", &json!(null));
    assert!(bench.state().log().is_empty());
    assert_eq!(bench.state().logins(), 1);
}

#[tokio::test]
async fn other_processes_can_set_everything() {
    let bench = Bench::business(json!({})).await;
    assert_eq!(admin(&bench, "GET", "/logins", &json!(null)).json(), json!({ "logins": 1 }));
    assert_eq!(admin(&bench, "POST", "/seed", &json!({ "count": 120 })).status, 200);
    assert_eq!(bench.list(json!({ "page": 3 }))["users"][0]["email"], "user101@example.com");
    let users = admin(&bench, "GET", "/users", &json!(null)).json();
    assert_eq!((users.as_array().map(Vec::len), &users[16]["email"]), (Some(120), &json!("user17@example.com")));
    let added = admin(&bench, "POST", "/users", &json!({ "name": "Zoë", "email": "Zoe@Example.com" })).json();
    assert_eq!(added, json!({ "iduser": "u1121" }));
    assert_eq!(bench.list(json!({ "idusers": ["u1121"] }))["users"][0]["type"], "ENDUSER");
    assert_eq!(admin(&bench, "GET", "/manager-users", &json!(null)).json().as_array().map(Vec::len), Some(120));

    admin(&bench, "POST", "/forget-tokens", &json!(null));
    let now = admin(&bench, "POST", "/oddities", &json!({ "expired_status": 403, "server_errors": 1 })).json();
    assert_eq!((&now["expired_status"], &now["page_size_default"]), (&json!(403), &json!(50)));
    assert_eq!(bench.users(&create("e1")).status, 500);
    assert_eq!(bench.users(&create("e1")).status, 403);
    assert_eq!(admin(&bench, "GET", "/oddities", &json!(null)).json()["server_errors"], 0);
    // Setting replaces: what is not named goes back to its default.
    admin(&bench, "POST", "/oddities", &json!({}));
    assert_eq!(bench.state().oddities(), Oddities::default());
}

#[tokio::test]
async fn mistakes_are_told_and_change_nothing() {
    let bench = Bench::business(json!({ "forbid_all": true })).await;
    for (path, body, word) in [
        ("/oddities", json!({ "forbid_everything": true }), "forbid_everything"),
        ("/oddities", json!({ "rate_limit": { "every": 1, "times": 1, "burst": 2 } }), "burst"),
        ("/oddities", json!({ "hidden_failure": { "operation": "x" } }), "status"),
        ("/seed", json!({ "count": 1_000_001 }), "1000000"),
        ("/seed", json!({}), "count"),
        ("/users", json!({ "nickname": "x" }), "nickname"),
    ] {
        let answer = admin(&bench, "POST", path, &body);
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(answer.body.contains(word), "{}", answer.body);
    }
    assert_eq!(admin(&bench, "GET", "/nothing", &json!(null)).status, 404);
    assert!(bench.state().users().is_empty() && bench.state().oddities().forbid_all);
}

#[test]
fn switches_have_good_defaults_in_json() {
    let oddities: Oddities = serde_json::from_str("{}").expect("all switches may be left out");
    assert_eq!(oddities, Oddities::default());
    let there_and_back: Oddities = serde_json::from_value(json!(oddities)).expect("it reads what it writes");
    assert_eq!(there_and_back, oddities);
}
