//! Logins, tokens, and who may pass.

use mosyle_standin::{ACCESS_TOKEN, EMAIL, PASSWORD};
use serde_json::{Value, json};

use crate::client::{Bench, call};

fn list() -> Value {
    json!({ "operation": "list_users" })
}

#[tokio::test]
async fn the_token_comes_in_the_header_only() {
    for manager in [false, true] {
        let bench = Bench::start(Default::default()).await;
        let answer = if manager { bench.manager_login() } else { bench.login() };
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), json!({ "UserID": "1", "email": EMAIL }));
        let token = answer.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).expect("a token");
        assert!(token.len() >= 24 && !answer.body.contains(token));
        assert_eq!(answer.header("expires"), Some("Thu, 19 Nov 1981 08:52:00 GMT"));
        assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.starts_with("PHPSESSID=")));
        assert_eq!(bench.state().logins(), 1);
    }
}

#[tokio::test]
async fn each_login_has_a_token_of_its_own_and_the_older_stays_good() {
    let mut bench = Bench::business(json!({})).await;
    bench.state().seed(1);
    let second = bench.login().header("authorization").map(str::to_owned).expect("a token");
    assert_ne!(second, bench.authorization);
    assert_eq!(bench.users(&list()).status, 200);
    bench.authorization = second;
    assert_eq!(bench.users(&list()).status, 200);
    assert_eq!(bench.state().logins(), 2);
}

#[tokio::test]
async fn business_wants_the_access_token_in_the_header() {
    let bench = Bench::business(json!({})).await;
    let authorization = [("Authorization", bench.authorization.as_str())];
    let body = json!({ "operation": "list_users", "accessToken": ACCESS_TOKEN }).to_string();
    for path in ["/v1/users", "/v1/login"] {
        let answer = call(bench.to(), "POST", path, &authorization, &body).expect("an answer");
        assert_eq!((answer.status, answer.json()), (401, json!({ "error": "accessToken Required" })));
        let wrong = [("accessToken", "wrong"), authorization[0]];
        let answer = call(bench.to(), "POST", path, &wrong, &body).expect("an answer");
        assert_eq!((answer.status, answer.json()), (401, json!({ "error": "Invalid accessToken" })));
    }
}

#[tokio::test]
async fn manager_wants_the_access_token_in_the_body() {
    let bench = Bench::manager(json!({})).await;
    let headers = [("Authorization", bench.authorization.as_str()), ("accessToken", ACCESS_TOKEN)];
    for path in ["/v2/users", "/v2/listusers", "/v2/login"] {
        let answer = call(bench.to(), "POST", path, &headers, "{}").expect("an answer");
        assert_eq!((answer.status, answer.json()), (401, json!({ "error": "accessToken Required" })));
        let answer = call(bench.to(), "POST", path, &headers, r#"{"accessToken":"wrong"}"#).expect("an answer");
        assert_eq!((answer.status, answer.json()), (401, json!({ "error": "Invalid accessToken" })));
    }
}

#[tokio::test]
async fn a_call_without_a_session_is_refused() {
    let bench = Bench::start(Default::default()).await;
    let answer = call(bench.to(), "POST", "/v1/users", &[("accessToken", ACCESS_TOKEN)], "{}").expect("an answer");
    assert_eq!(answer.status, 401);
    let body = json!({ "accessToken": ACCESS_TOKEN }).to_string();
    assert_eq!(call(bench.to(), "POST", "/v2/listusers", &[], &body).expect("an answer").status, 401);
}

#[tokio::test]
async fn a_token_of_the_other_edition_is_worth_nothing() {
    let bench = Bench::business(json!({})).await;
    assert_eq!(bench.manager_call("/v2/listusers", json!({})).status, 401);
    let bench = Bench::manager(json!({})).await;
    assert_eq!(bench.users(&list()).status, 401);
}

#[tokio::test]
async fn wrong_passwords_are_refused_openly_or_inside_a_200() {
    let try_login = async |oddities: Value, email: &str, password: &str| {
        let bench = Bench::start(serde_json::from_value(oddities).expect("known switches")).await;
        let body = json!({ "email": email, "password": password }).to_string();
        let answer = call(bench.to(), "POST", "/v1/login", &[("accessToken", ACCESS_TOKEN)], &body).expect("an answer");
        assert_eq!((answer.header("authorization"), bench.state().logins()), (None, 0));
        answer
    };
    assert_eq!(try_login(json!({}), EMAIL, "wrong").await.status, 401);
    assert_eq!(try_login(json!({}), "who@example.com", PASSWORD).await.status, 401);
    assert_eq!(try_login(json!({}), EMAIL, "").await.hidden(), "MISSING_DATA");
    let hidden = try_login(json!({ "login_refused_status": 200 }), EMAIL, "wrong").await;
    assert_eq!(hidden.hidden(), "ACCOUNT_NOTFOUND");
}

#[tokio::test]
async fn logins_can_be_forbidden() {
    let bench = Bench::start(serde_json::from_value(json!({ "forbid_login": true })).expect("known switches")).await;
    assert_eq!((bench.login().status, bench.manager_login().status, bench.state().logins()), (403, 403, 0));
}

#[tokio::test]
async fn forgotten_tokens_are_expired_and_a_new_login_helps() {
    for status in [401, 403] {
        let mut bench = Bench::business(json!({ "expired_status": status })).await;
        bench.state().seed(1);
        bench.state().forget_tokens();
        assert_eq!(bench.users(&list()).status, status);
        bench.authorization = bench.login().header("authorization").map(str::to_owned).expect("a token");
        assert_eq!(bench.users(&list()).status, 200);
    }
}

#[tokio::test]
async fn an_expired_token_can_be_told_inside_a_200() {
    let bench = Bench::business(json!({ "expired_status": 200, "expired_code": "GONE" })).await;
    bench.state().forget_tokens();
    assert_eq!(bench.users(&list()).hidden(), "GONE");
}

#[tokio::test]
async fn a_token_can_be_good_for_a_number_of_calls() {
    let bench = Bench::business(json!({ "token_uses": 2 })).await;
    bench.state().seed(1);
    let statuses: Vec<u16> = (0..3).map(|_| bench.users(&list()).status).collect();
    assert_eq!(statuses, [200, 200, 401]);
}

#[tokio::test]
async fn a_token_can_be_good_for_a_time() {
    // No time is measured: 0 is over at once, and the other never ends.
    let bench = Bench::business(json!({ "token_ttl_ms": 0 })).await;
    assert_eq!(bench.users(&list()).status, 401);
    let bench = Bench::business(json!({ "token_ttl_ms": u64::MAX })).await;
    bench.state().seed(1);
    assert_eq!(bench.users(&list()).status, 200);
}

#[tokio::test]
async fn business_takes_basic_unless_told_otherwise() {
    // base64 of `standin-admin@example.com:test-"pass"/word+1%`, made elsewhere.
    let good = "Basic c3RhbmRpbi1hZG1pbkBleGFtcGxlLmNvbTp0ZXN0LSJwYXNzIi93b3JkKzEl";
    let mut bench = Bench::start(Default::default()).await;
    bench.state().seed(1);
    bench.authorization = good.into();
    assert_eq!(bench.users(&list()).status, 200);
    assert_eq!(bench.manager_call("/v2/listusers", json!({})).status, 401);
    bench.authorization = "Basic d2hvOndoYXQ=".into();
    assert_eq!(bench.users(&list()).status, 401);

    let mut bench =
        Bench::start(serde_json::from_value(json!({ "accept_basic": false })).expect("known switches")).await;
    bench.authorization = good.into();
    assert_eq!(bench.users(&list()).status, 401);
    assert_eq!(bench.state().logins(), 0);
}
