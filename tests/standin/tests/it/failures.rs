//! Failures on the way: methods, paths, limits, silence, slowness, echoes.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

use mosyle_standin::{ACCESS_TOKEN, EMAIL, Oddities, PASSWORD, StandIn};
use serde_json::{Value, json};

use crate::client::{Bench, call, create, receive, send};

fn list() -> Value {
    json!({ "operation": "list_users" })
}

#[tokio::test]
async fn a_wrong_method_is_405_in_json() {
    let bench = Bench::business(json!({})).await;
    for path in ["/v1/users", "/v1/login", "/v2/users", "/v2/listusers", "/v2/login"] {
        let answer = call(bench.to(), "GET", path, &[], "").expect("an answer");
        assert_eq!((answer.status, answer.json()), (405, json!({ "status": 405, "message": "INVALID_METHOD" })));
    }
}

#[tokio::test]
async fn an_unknown_path_is_404_in_plain_text() {
    let bench = Bench::business(json!({})).await;
    for path in ["/", "/v1", "/v1/users/", "/v1/listusers", "/v3/users", "/_standing"] {
        let answer = call(bench.to(), "POST", path, &[], "{}").expect("an answer");
        assert_eq!((answer.status, answer.body.as_str()), (404, "Ops, something happened!"), "{path}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    }
}

#[tokio::test]
async fn a_path_with_an_answer_of_its_own_gives_it_to_any_method() {
    let bench = Bench::business(json!({ "paths": { "/v1/users": { "status": 201, "body": { "users": [] } } } })).await;
    for method in ["GET", "POST", "PATCH"] {
        let answer = call(bench.to(), method, "/v1/users", &[], "").expect("an answer");
        assert_eq!((answer.status, answer.json()), (201, json!({ "users": [] })));
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400() {
    let bench = Bench::business(json!({})).await;
    let headers = [("accessToken", ACCESS_TOKEN), ("Authorization", bench.authorization.as_str())];
    for body in ["", "{", "[]", "\"x\"", "{\"a\":1}}", &"[".repeat(100_000)] {
        assert_eq!(call(bench.to(), "POST", "/v1/users", &headers, body).expect("an answer").status, 400);
    }
    assert_eq!(bench.users(&create("e1")).status, 200);
}

#[tokio::test]
async fn everything_but_logins_can_be_forbidden() {
    let bench = Bench::business(json!({ "forbid_all": true })).await;
    assert_eq!(bench.users(&create("e1")).status, 403);
    assert_eq!(bench.manager_call("/v2/listusers", json!({})).status, 403);
    assert_eq!(bench.login().status, 200);
    assert!(bench.state().users().is_empty());
}

#[tokio::test]
async fn a_rate_limit_refuses_every_nth_call_a_number_of_times() {
    let limit = json!({ "every": 2, "retry_after": "7", "times": 2 });
    let bench = Bench::business(json!({ "rate_limit": limit })).await;
    let answers: Vec<_> = (0..7).map(|n| bench.users(&create(&format!("e{n}")))).collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 429, 200, 429, 200, 200, 200]);
    assert_eq!((answers[1].header("retry-after"), answers[0].header("retry-after")), (Some("7"), None));
    assert_eq!(bench.state().users().len(), 5);
}

#[tokio::test]
async fn a_rate_limit_may_come_without_advice_and_starts_anew_when_set() {
    let limit = |every: u32| -> Oddities {
        let oddities = json!({ "rate_limit": { "every": every, "times": 1 } });
        serde_json::from_value(oddities).expect("known switches")
    };
    let bench = Bench::business(json!(limit(1))).await;
    let first = bench.users(&create("e1"));
    assert_eq!((first.status, first.header("retry-after")), (429, None));
    assert_eq!(bench.users(&create("e1")).status, 200);
    assert_eq!(bench.users(&create("e1")).status, 200);
    // Three calls were made; if they counted, the first call from here on would be the refused one.
    bench.state().set_oddities(limit(2));
    let statuses: Vec<u16> = (0..3).map(|_| bench.users(&create("e1")).status).collect();
    assert_eq!(statuses, [200, 429, 200]);
    bench.state().set_oddities(limit(0));
    assert_eq!(bench.users(&create("e1")).status, 200);
}

#[tokio::test]
async fn the_first_calls_can_be_500() {
    let bench = Bench::business(json!({ "server_errors": 2 })).await;
    let statuses: Vec<u16> = (0..3).map(|_| bench.users(&create("e1")).status).collect();
    assert_eq!(statuses, [500, 500, 200]);
    assert_eq!(bench.state().users().len(), 1);
}

#[tokio::test]
async fn a_hang_up_before_does_nothing() {
    let bench = Bench::business(json!({ "hang_up_before": 1 })).await;
    assert!(bench.try_users(&create("e1")).is_none());
    assert!(bench.state().users().is_empty());
    assert_eq!(bench.users(&create("e1")).status, 200);
    let statuses: Vec<u16> = bench.state().log().iter().map(|logged| logged.status).collect();
    assert_eq!(statuses, [200, 0, 200]);
}

#[tokio::test]
async fn a_hang_up_after_a_create_has_done_its_work() {
    let bench = Bench::business(json!({ "hang_up_after_create": 1 })).await;
    // A refused create is no create: it is answered and does not count.
    assert_eq!(bench.users(&json!({ "operation": "create_user" })).hidden(), "MISSING_DATA");
    assert!(bench.try_users(&create("e1")).is_none());
    assert_eq!(bench.state().users().len(), 1);
    assert_eq!(bench.list(json!({ "identifiers": ["e1"] }))["rows"], "1");
    assert_eq!(bench.users(&create("e2")).status, 200);
}

#[tokio::test]
async fn a_hang_up_after_an_update_has_done_its_work() {
    let bench = Bench::business(json!({ "hang_up_after_update": 1 })).await;
    bench.users(&create("e1"));
    let update = json!({ "operation": "update_user", "iduser": "u1001", "name": "New" });
    assert!(bench.try_users(&update).is_none());
    assert_eq!(bench.state().users()[0].name, "New");
    assert_eq!(bench.users(&update).status, 200);
}

#[tokio::test]
async fn a_hidden_failure_hits_its_operation_only_and_can_end() {
    let failure =
        json!({ "operation": "create_user", "status": "MISSING_DATA", "info": "Missing key: os", "times": 1 });
    let bench = Bench::business(json!({ "hidden_failure": failure })).await;
    assert_eq!(bench.users(&list()).hidden(), "USERS_NOTFOUND");
    let answer = bench.users(&create("e1"));
    assert_eq!(
        answer.json(),
        json!({ "status": "OK", "response": [{ "status": "MISSING_DATA", "info": "Missing key: os" }] })
    );
    assert!(bench.state().users().is_empty());
    assert_eq!(bench.users(&create("e1")).json()["iduser"], "u1001");
}

#[tokio::test]
async fn a_hidden_failure_can_hit_logins_for_good() {
    let failure = json!({ "operation": "login", "status": "ACCOUNT_NOTFOUND", "info": "No account found." });
    let bench =
        Bench::start(serde_json::from_value(json!({ "hidden_failure": failure })).expect("known switches")).await;
    for _ in 0..3 {
        let answer = bench.login();
        assert_eq!((answer.hidden().as_str(), answer.header("authorization")), ("ACCOUNT_NOTFOUND", None));
    }
}

#[tokio::test]
async fn a_slow_answer_comes_late_but_the_work_is_done() {
    let bench = Bench::business(json!({})).await;
    bench.state().set_oddities(Oddities { slow_ms: u64::MAX, ..Oddities::default() });
    let headers = [("accessToken", ACCESS_TOKEN), ("Authorization", bench.authorization.as_str())];
    let mut waiting = send(bench.to(), "POST", "/v1/users", &headers, create("e1").to_string().as_bytes());
    // The stand-in works on one thread and does a request and its answer in one go. So once another request shows that
    // the create is done, an answer that was not held back would lie here already.
    let done = (0..10_000)
        .any(|_| call(bench.to(), "GET", "/_standin/users", &[], "").expect("an answer").json() != json!([]));
    assert!(done, "the create was carried out");
    waiting.set_nonblocking(true).expect("it can");
    let early = waiting.read(&mut [0; 1]).map_err(|error| error.kind());
    assert_eq!(early, Err(ErrorKind::WouldBlock));
    // Stopping does not wait for it either.
    waiting.set_nonblocking(false).expect("it can");
    bench.standin.stop().await;
    assert!(receive(waiting).is_none());

    let bench = Bench::business(json!({ "slow_ms": 1 })).await;
    assert_eq!(bench.users(&create("e1")).status, 200);
}

#[tokio::test]
async fn nothing_is_echoed_unless_the_switch_says_so() {
    let bench = Bench::business(json!({})).await;
    let answer = bench.users(&create("e1"));
    let everything = format!("{answer:?}");
    assert!(!everything.contains(ACCESS_TOKEN) && !everything.contains(&bench.authorization));
}

#[tokio::test]
async fn an_echo_repeats_the_secrets_in_every_encoding() {
    let bench = Bench::business(json!({ "echo_secrets": true })).await;
    let login = bench.login();
    assert_eq!(login.json()["UserID"], "1");
    let echo = &login.json()["echo"];
    assert_eq!(echo["headers"]["accesstoken"], ACCESS_TOKEN);
    let sent = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    assert_eq!(echo["body"], sent);
    assert_eq!(login.header("x-echo-accesstoken"), Some(ACCESS_TOKEN));

    let hexed: String = ACCESS_TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(echo["hex"].as_str().is_some_and(|text| text.contains(&hexed)));
    assert!(echo["percent"].as_str().is_some_and(|text| text.contains("standin%2Daccess%2Dtoken%2D0123456789")));
    assert!(login.header("x-echo-body").is_some_and(|text| text.contains("word%2B1%25")));
    // The password within JSON within JSON.
    assert!(echo["json"].as_str().is_some_and(|text| text.contains(r#"test-\\\"pass\\\"/word+1%"#)));
    // The middle of the access token in each alignment, made elsewhere.
    let alignments: Vec<&str> =
        echo["base64"].as_array().map(|all| all.iter().filter_map(Value::as_str).collect()).expect("a list");
    for part in ["c3RhbmRpbi1hY2Nlc3MtdG9rZW4t", "N0YW5kaW4tYWNjZXNzLXRva2Vu", "zdGFuZGluLWFjY2Vzcy10b2tlbi"] {
        assert_eq!(alignments.iter().filter(|text| text.contains(part)).count(), 1, "{part}");
    }
}

#[tokio::test]
async fn errors_echo_too_and_basic_is_decoded() {
    let mut bench = Bench::business(json!({ "echo_secrets": true })).await;
    let headers = [("Authorization", bench.authorization.as_str())];
    let answer = call(bench.to(), "POST", "/v9", &headers, "{}").expect("an answer");
    assert!(answer.status == 404 && answer.body.contains(&bench.authorization));
    assert_eq!(answer.header("x-echo-authorization"), Some(bench.authorization.as_str()));
    bench.state().forget_tokens();
    assert_eq!(bench.users(&list()).json()["echo"]["headers"]["authorization"], bench.authorization);
    bench.authorization = "Basic d2hvOndoYXQ=".into();
    assert_eq!(bench.users(&list()).json()["echo"]["basic"], "who:what");
}

#[tokio::test]
async fn a_stopped_server_is_gone_and_its_log_stays() {
    let standin = StandIn::start(Oddities::default()).await.expect("a stand-in starts");
    let (to, state) = (standin.address(), standin.state().clone());
    call(to, "GET", "/v1/users", &[], "").expect("an answer");
    standin.stop().await;
    assert_eq!(TcpStream::connect(to).map(|_| ()).map_err(|error| error.kind()), Err(ErrorKind::ConnectionRefused));
    assert_eq!(state.requests_to("/v1/users"), 1);
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let standin = StandIn::start(Oddities::default()).await.expect("a stand-in starts");
    let second = StandIn::start_at(standin.address().port(), Oddities::default()).await;
    assert_eq!(second.map(|_| ()).map_err(|error| error.kind()), Err(ErrorKind::AddrInUse));
}

#[tokio::test]
async fn a_kept_connection_serves_several_requests_and_can_be_cut_later() {
    let bench = Bench::business(json!({})).await;
    let body = create("e1").to_string();
    let kept = format!(
        "POST /v1/users HTTP/1.1\r\nHost: {}\r\naccessToken: {ACCESS_TOKEN}\r\nAuthorization: {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        bench.to(),
        bench.authorization,
        body.len()
    );
    let mut stream = TcpStream::connect(bench.to()).expect("the stand-in listens");
    stream.write_all(kept.as_bytes()).expect("written");
    let mut seen = String::new();
    while !seen.ends_with(r#""iduser":"u1001"}"#) {
        let mut buffer = [0; 1024];
        let length = stream.read(&mut buffer).expect("an answer");
        assert_ne!(length, 0, "the connection is kept: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    bench.state().set_oddities(Oddities { hang_up_after_create: 1, ..Oddities::default() });
    stream.write_all(kept.as_bytes()).expect("written");
    assert!(receive(stream).is_none());
    assert_eq!(bench.state().users().len(), 2);
}

#[test]
fn many_clients_at_once_are_all_served_and_counted() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let bench = runtime.block_on(Bench::business(json!({ "rate_limit": { "every": 3, "times": 10 } })));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..100)
            .map(|n| (n, &bench))
            .map(|(n, bench)| scope.spawn(move || bench.users(&create(&format!("e{n}"))).status))
            .collect();
        clients.into_iter().map(|client| client.join().expect("a status")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10);
    assert_eq!((bench.state().users().len(), bench.state().log().len()), (90, 101));
}
