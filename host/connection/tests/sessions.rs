//! When logins are made, and when not.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::*;
use presetter_connection::{Body, COOL_DOWN, Error, Reference};
use presetter_egress::Error as EgressError;

fn all_ok(answers: &[Result<presetter_connection::Answer, Error>]) {
    for answer in answers {
        assert_eq!(answer.as_ref().unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_runs_log_in_once_and_once_more_after_the_server_forgets() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    all_ok(&fifty(&access).await);
    assert_eq!((stage.vendor.logins(), stage.vendor.calls()), (1, 50));
    for status in [401, 403] {
        stage.vendor.no.store(status, Ordering::SeqCst);
        stage.vendor.forget_tokens();
        let before = stage.vendor.logins();
        all_ok(&fifty(&access).await);
        assert_eq!(stage.vendor.logins(), before + 1, "{status}");
        stage.clock.turn(COOL_DOWN);
    }
    assert_eq!(stage.world.asked.load(Ordering::SeqCst), 2, "each secret is got once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_share_a_session_and_a_renewal() {
    let stage = Stage::new();
    let processes: Vec<_> = (0..4).map(|_| stage.process(connection("session"))).collect();
    for expected in [1, 2] {
        let tasks: Vec<_> = processes.iter().cloned().map(|p| tokio::spawn(async move { fifty(&p).await })).collect();
        for task in tasks {
            all_ok(&task.await.unwrap());
        }
        assert_eq!(stage.vendor.logins(), expected);
        stage.vendor.forget_tokens();
    }
}

#[tokio::test]
async fn without_a_folder_a_session_lives_in_memory_alone() {
    let stage = Stage::new();
    let process = || stage.process_with(connection("session"), &bundle(), None);
    let access = process();
    all_ok(&fifty(&access).await);
    assert_eq!((stage.vendor.logins(), stage.vendor.calls()), (1, 50));
    all_ok(&fifty(&process()).await);
    assert_eq!(stage.vendor.logins(), 2, "another process knows nothing of it");
    assert_eq!(std::fs::read_dir(stage.folder.path()).unwrap().count(), 0, "nothing is written");
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime_less_a_margin() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    access.send(&read()).await.unwrap();
    stage.clock.turn(Duration::from_secs(24 * 3600 - 61));
    access.send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 1);
    stage.clock.turn(Duration::from_secs(2));
    access.send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 2);
    // Nobody keeps a session from the future: the clock was set back by a day.
    stage.clock.back(Duration::from_secs(24 * 3600));
    stage.process(connection("session")).send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_answers_403_to_everything_causes_no_storm() {
    let stage = Stage::new();
    *stage.vendor.always.lock().unwrap() = Some((403, r#"{"error":"Forbidden"}"#.into()));
    for _ in 0..3 {
        let access = stage.process(connection("session"));
        for answer in fifty(&access).await {
            assert_eq!(answer.unwrap().status, 403, "the preset judges it");
        }
    }
    assert_eq!(stage.vendor.logins(), 2);
    stage.clock.turn(COOL_DOWN);
    let access = stage.process(connection("session"));
    fifty(&access).await;
    fifty(&access).await;
    assert_eq!(stage.vendor.logins(), 3, "one more in the next stretch of time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_thing_that_the_account_may_not_do_causes_no_storm() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    for _ in 0..20 {
        *stage.vendor.always.lock().unwrap() = None;
        all_ok(&fifty(&access).await);
        *stage.vendor.always.lock().unwrap() = Some((403, "{}".into()));
        fifty(&access).await;
    }
    assert_eq!(stage.vendor.logins(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_persistent_401_is_a_matter_of_credentials() {
    let stage = Stage::new();
    *stage.vendor.always.lock().unwrap() = Some((401, r#"{"error":"accessToken Required"}"#.into()));
    let access = stage.process(connection("session"));
    for answer in fifty(&access).await {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), "auth");
        let text = error.to_string();
        assert!(text.contains("just opened") && text.contains("accessToken Required"), "{text}");
        assert!(text.contains("presetter connection show m") && text.contains("env:ACCESS_TOKEN"), "{text}");
    }
    assert_eq!(stage.vendor.logins(), 2);
}

#[tokio::test]
async fn a_request_is_sent_at_most_twice() {
    let stage = Stage::new();
    for status in [401, 403] {
        *stage.vendor.always.lock().unwrap() = Some((status, "{}".into()));
        let access = stage.process(connection("session"));
        let before = stage.vendor.calls();
        let _ = access.send(&read()).await;
        assert!(stage.vendor.calls() - before <= 2);
        stage.clock.turn(COOL_DOWN);
    }
}

#[tokio::test]
async fn a_write_that_a_server_in_trouble_answered_is_not_sent_again() {
    let stage = Stage::new();
    // The manifest's check allows no such list; nothing rests on that alone.
    let mut bundle = bundle();
    bundle.connections["session"].expired.as_mut().unwrap().status = vec![401, 500];
    *stage.vendor.always.lock().unwrap() = Some((500, "{}".into()));
    let access = stage.process_of(connection("session"), &bundle);
    let write = post(Some(Body::Json("{}".into())), true);
    assert_eq!(access.send(&write).await.unwrap().status, 500);
    assert_eq!(stage.vendor.calls(), 1);
    // The answer itself stays the preset's to judge, and a read may be sent again.
    stage.clock.turn(COOL_DOWN);
    let _ = access.send(&read()).await;
    assert_eq!(stage.vendor.calls(), 3);
}

#[tokio::test]
async fn a_refusal_of_an_older_session_is_no_reason_to_log_in() {
    let stage = Stage::new();
    let one = stage.process(connection("session"));
    let two = stage.process(connection("session"));
    one.send(&read()).await.unwrap();
    two.send(&read()).await.unwrap();
    stage.vendor.forget_tokens();
    stage.vendor.no.store(403, Ordering::SeqCst);
    one.send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 2);
    // The second process still has the old session, and finds the newer one.
    two.send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 2);
}

#[tokio::test]
async fn a_session_that_ends_often_by_401_is_renewed_each_time() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    for expected in 1..6 {
        access.send(&read()).await.unwrap();
        assert_eq!(stage.vendor.logins(), expected);
        access.send(&read()).await.unwrap();
        stage.vendor.forget_tokens();
    }
}

#[tokio::test]
async fn a_rule_over_a_success_ends_a_session_and_repeats_no_write() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    access.send(&read()).await.unwrap();
    *stage.vendor.always.lock().unwrap() = Some((200, r#"{"status":"SESSION_OVER"}"#.into()));
    let answer = access.send(&post(Some(Body::Json("{}".into())), true)).await.unwrap();
    assert_eq!(answer.body, r#"{"status":"SESSION_OVER"}"#);
    assert_eq!((stage.vendor.logins(), stage.vendor.calls()), (2, 2), "renewed for the next, the write was sent once");
    stage.clock.turn(COOL_DOWN);
    let error = access.send(&read()).await.unwrap_err();
    assert_eq!((error.kind(), stage.vendor.calls()), ("auth", 4), "a read is sent again");
}

#[tokio::test]
async fn a_renewal_that_fails_hides_no_answer_to_a_write() {
    let over = r#"{"status":"SESSION_OVER"}"#;
    for login in [
        Ok(response(401, "locked")),
        Ok(response(500, "oops")),
        Err(EgressError::NotSent { reason: "no such host".into() }),
    ] {
        let stage = Stage::new();
        let access = stage.process(connection("session"));
        access.send(&read()).await.unwrap();
        *stage.vendor.always.lock().unwrap() = Some((200, over.into()));
        *stage.vendor.login.lock().unwrap() = Some(login);
        let answer = access.send(&post(Some(Body::Json("{}".into())), true)).await.unwrap();
        assert_eq!(answer.body, over);
        assert_eq!((stage.vendor.logins(), stage.vendor.calls()), (2, 2));
        // A read has nothing to lose: it says why it cannot go on.
        assert!(access.send(&read()).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wrong_password_is_tried_once_and_said_in_the_vendors_words() {
    let stage = Stage::new();
    let body = format!("{{\"error\":\"Wrong password\",\"you_sent\":{}}}", serde_json::json!(PASSWORD));
    *stage.vendor.login.lock().unwrap() = Some(Ok(response(401, &body)));
    let access = stage.process(connection("session"));
    let other = stage.process(connection("session"));
    for process in [&access, &access, &other] {
        for answer in fifty(process).await {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), "auth");
            let text = error.to_string();
            assert!(
                text.contains("status 401") && text.contains("Wrong password") && text.contains("env:PASSWORD"),
                "{text}"
            );
            assert!(!text.contains("1234"), "{text}");
        }
    }
    assert_eq!((stage.vendor.logins(), stage.vendor.calls()), (1, 0));

    // A person who asks is not put off.
    assert!(access.login_now().await.is_err());
    assert_eq!(stage.vendor.logins(), 2);

    // A corrected secret counts at once, in the next process.
    stage.set("PASSWORD", "the right one");
    *stage.vendor.login.lock().unwrap() = None;
    stage.process(connection("session")).send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 3);
    // And after a while in one that goes on.
    stage.clock.turn(COOL_DOWN);
    access.send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 3, "it finds the session of the other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_in_trouble_is_no_wrong_password() {
    for answer in [
        Ok(response(500, "oops")),
        Ok(response(429, "slow down")),
        Err(EgressError::NotSent { reason: "no such host".into() }),
        Err(EgressError::Unanswered { reason: "cut".into() }),
    ] {
        let stage = Stage::new();
        *stage.vendor.login.lock().unwrap() = Some(answer);
        let access = stage.process(connection("session"));
        let error = access.send(&read()).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_arrived()), ("not-sent", false), "{error}");
        // The next one tries again.
        *stage.vendor.login.lock().unwrap() = None;
        access.send(&read()).await.unwrap();
        assert_eq!((stage.vendor.logins(), stage.vendor.calls()), (2, 1));
    }
}

#[tokio::test]
async fn a_login_without_a_token_is_said() {
    let stage = Stage::new();
    *stage.vendor.login.lock().unwrap() = Some(Ok(response(200, r#"{"UserID":"1"}"#)));
    let error = stage.process(connection("session")).send(&read()).await.unwrap_err();
    assert_eq!(error.kind(), "auth");
    assert!(error.to_string().contains("no token in the header \"Authorization\""), "{error}");
    assert!(error.to_string().contains("its body holds \"UserID\""), "{error}");
}

#[tokio::test]
async fn a_token_in_an_unexpected_place_is_not_repeated() {
    for (kind, body) in [
        ("session", r#"{"jwt":"brand-new-token"}"#),
        ("session", "brand-new-token"),
        ("json-session", r#"{"access_token":"brand-new-token"}"#),
        ("json-session", r#"{"status":"ERROR","data":{"token":"brand-new-token"}}"#),
        ("json-session", r#"["brand-new-token"]"#),
    ] {
        let stage = Stage::new();
        *stage.vendor.login.lock().unwrap() = Some(Ok(response(200, body)));
        let error = stage.process(connection(kind)).send(&read()).await.unwrap_err();
        assert!(error.kind() == "auth" && !format!("{error} {error:?}").contains("brand-new"), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_token_in_the_body_with_its_expiry_and_basic_for_the_login_alone() {
    let stage = Stage::new();
    let body = r#"{"data":{"token":"jamf-0123456789","expires":"2023-11-14T22:33:20Z"}}"#;
    *stage.vendor.login.lock().unwrap() = Some(Ok(response(200, body)));
    stage.vendor.valid.lock().unwrap().insert("jamf-0123456789".into());
    let access = stage.process(connection("json-session"));
    let info = access.login_now().await.unwrap();
    assert_eq!(info.expires, Some(std::time::UNIX_EPOCH + Duration::from_secs(1_700_001_200)));
    assert!(stage.vendor.last().header("authorization").unwrap().starts_with("Basic "));
    access.send(&read()).await.unwrap();
    assert_eq!(stage.vendor.last().header("authorization"), Some("Bearer jamf-0123456789"));
    stage.clock.turn(Duration::from_secs(1200 - 59));
    access.send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 2);

    *stage.vendor.login.lock().unwrap() = Some(Ok(response(200, r#"{"status":"ERROR","message":"locked"}"#)));
    let error = access.login_now().await.unwrap_err();
    assert!(error.kind() == "auth" && error.to_string().contains("locked"), "{error}");
}

#[tokio::test]
async fn a_token_in_a_cookie() {
    let stage = Stage::new();
    let mut answer = response(200, "");
    answer.headers.push(("set-cookie".into(), "other=1; Path=/".into()));
    answer.headers.push(("set-cookie".into(), "sid=cookie-0123456789; Path=/; HttpOnly".into()));
    *stage.vendor.login.lock().unwrap() = Some(Ok(answer));
    *stage.vendor.always.lock().unwrap() = Some((200, "{}".into()));
    let access = stage.process(connection("cookie-session"));
    access.login_now().await.unwrap();
    assert_eq!(stage.vendor.last().body, "user=user%40example.com&pass+word=pass+%22word%22+1234");
    access.send(&read()).await.unwrap();
    assert_eq!(stage.vendor.last().header("cookie"), Some("sid=cookie-0123456789"));
}

#[tokio::test]
async fn what_is_denied_costs_no_login() {
    let stage = Stage::new();
    let mut asked = connection("session");
    asked.read_only = true;
    let access = stage.process(asked);
    let error = access.send(&post(None, true)).await.unwrap_err();
    assert!(
        error.kind() == "denied" && error.to_string().contains("presetter connection set m --read-only false"),
        "{error}"
    );
    let mut elsewhere = read();
    elsewhere.path = vec!["admins".into()];
    let error = access.send(&elsewhere).await.unwrap_err();
    assert!(error.kind() == "denied" && error.to_string().contains("bundle.toml of vendor"), "{error}");
    let mut frame = read();
    frame.headers.push(("Host".into(), "elsewhere".into()));
    assert_eq!(access.send(&frame).await.unwrap_err().kind(), "denied");
    assert_eq!((stage.vendor.logins(), stage.world.asked.load(Ordering::SeqCst)), (0, 0));
    access.send(&read()).await.unwrap();
}

#[tokio::test]
async fn a_login_that_no_grant_allows_is_denied() {
    let stage = Stage::new();
    let mut bundle = bundle();
    bundle.grants[0].paths.retain(|path| path.as_str() != "login");
    let access = stage.process_of(connection("session"), &bundle);
    let error = access.send(&read()).await.unwrap_err();
    assert!(error.kind() == "denied" && error.to_string().contains("/v1/login"), "{error}");
    assert_eq!((stage.vendor.logins(), stage.vendor.calls()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_person_is_asked_once_and_not_while_a_session_lasts() {
    let stage = Stage::new();
    let mut asked = connection("session");
    asked.secrets.insert("password".into(), Reference::Prompt);
    all_ok(&fifty(&stage.process(asked.clone())).await);
    assert_eq!(stage.world.prompted.load(Ordering::SeqCst), 1);
    all_ok(&fifty(&stage.process(asked.clone())).await);
    assert_eq!((stage.world.prompted.load(Ordering::SeqCst), stage.vendor.logins()), (1, 1));

    // Who mistyped is asked again in the next run, without a pause.
    let stage = Stage::new();
    *stage.vendor.login.lock().unwrap() = Some(Ok(response(401, "no")));
    for expected in 1..3 {
        assert_eq!(stage.process(asked.clone()).send(&read()).await.unwrap_err().kind(), "auth");
        assert_eq!((stage.world.prompted.load(Ordering::SeqCst), stage.vendor.logins()), (expected, expected));
    }
}

#[tokio::test]
async fn echoes_of_secrets_and_tokens_never_come_back() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    access.send(&read()).await.unwrap();
    let token = stage.vendor.last().header("authorization").unwrap().trim_start_matches("Bearer ").to_owned();
    let echo = serde_json::json!({ "a": token, "b": ACCESS_TOKEN, "c": PASSWORD, "kept": "yes" }).to_string();
    *stage.vendor.always.lock().unwrap() = Some((200, echo));
    let answer = access.send(&read()).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["kept"], "yes");
    for secret in [token.as_str(), ACCESS_TOKEN, PASSWORD, "1234"] {
        assert!(!body.to_string().contains(secret), "{body}");
    }
    assert!(!access.redactor().holds(&answer.body));
}

#[tokio::test]
async fn a_stored_session_is_used_only_as_it_was_made() {
    type Change = fn(&mut presetter_connection::Connection, &Stage);
    let changes: [(&str, Change, usize); 8] = [
        ("nothing", |_, _| {}, 0),
        (
            "a further source",
            |c, _| c.allow(presetter_connection::Source::Folder { path: "/x".into(), bundle: "vendor".into() }),
            0,
        ),
        ("a setting", |c, _| drop(c.settings.insert("page_size".into(), 5.into())), 0),
        ("base URL", |c, _| c.base_url.push('/'), 1),
        ("field", |c, _| drop(c.fields.insert("email".into(), "other@example.com".into())), 1),
        (
            "source",
            |c, _| c.source = presetter_connection::Source::Folder { path: "/x".into(), bundle: "vendor".into() },
            1,
        ),
        ("secret", |_, s| s.set("PASSWORD", "another"), 1),
        ("reference", |c, _| drop(c.secrets.insert("password".into(), Reference::Prompt)), 1),
    ];
    for (what, change, logins) in changes {
        let stage = Stage::new();
        stage.process(connection("session")).send(&read()).await.unwrap();
        let mut changed = connection("session");
        change(&mut changed, &stage);
        stage.process(changed).send(&read()).await.unwrap();
        assert_eq!(stage.vendor.logins(), 1 + logins, "{what}");
    }
}

#[tokio::test]
async fn a_damaged_or_open_file_is_no_error() {
    let stage = Stage::new();
    stage.process(connection("session")).send(&read()).await.unwrap();
    let key = stage.folder.path().join("state/session.key");
    type Damage<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let damage: Vec<Damage<'_>> = vec![
        ("empty file", Box::new(|| std::fs::write(stage.sealed(), b"").unwrap())),
        (
            "another text",
            Box::new(|| {
                std::fs::write(stage.sealed(), b"PSS1 and then something else entirely, longer than a nonce").unwrap()
            }),
        ),
        ("no file", Box::new(|| std::fs::remove_file(stage.sealed()).unwrap())),
        ("no key", Box::new(|| std::fs::remove_file(&key).unwrap())),
        ("no folder", Box::new(|| std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap())),
    ];
    for (at, (what, damage)) in damage.iter().enumerate() {
        damage();
        stage.process(connection("session")).send(&read()).await.unwrap();
        assert_eq!(stage.vendor.logins(), at + 2, "{what}");
        stage.process(connection("session")).send(&read()).await.unwrap();
        assert_eq!(stage.vendor.logins(), at + 2, "{what}: stored again");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_that_others_can_read_are_not_used_and_that_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let open = |path: &std::path::Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let stage = Stage::new();
    stage.process(connection("session")).send(&read()).await.unwrap();
    open(&stage.sealed());
    stage.process(connection("session")).send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 2);
    open(&stage.folder.path().join("state/session.key"));
    stage.process(connection("session")).send(&read()).await.unwrap();
    assert_eq!(stage.vendor.logins(), 3);
    let notes = stage.world.notes.lock().unwrap().join("\n");
    assert!(notes.contains("m.sealed") && notes.contains("session.key") && notes.contains("chmod 600"), "{notes}");
}

#[tokio::test]
async fn nothing_on_disk_holds_a_secret() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    access.send(&read()).await.unwrap();
    let found = files(stage.folder.path());
    assert!(found.iter().any(|f| f.ends_with("m.sealed")), "{found:?}");
    for file in found {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!access.redactor().holds(&bytes), "{}", file.display());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
        }
    }
    // The search finds what is there.
    assert!(access.redactor().holds(stage.vendor.last().header("authorization").unwrap().as_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancelled_login_leaves_the_way_free() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    let task = {
        let access = Arc::clone(&access);
        tokio::spawn(async move { access.send(&read()).await })
    };
    task.abort();
    let _ = task.await;
    all_ok(&fifty(&access).await);
    assert!(stage.vendor.logins() <= 2);
}

#[tokio::test]
async fn it_is_known_whether_every_secret_can_be_recognised() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    assert_eq!((access.knows_its_secrets(), access.logins()), (false, 0), "none was looked up yet");
    access.send(&read()).await.unwrap();
    access.send(&read()).await.unwrap();
    assert_eq!((access.knows_its_secrets(), access.logins()), (true, 1));
    // Another process finds the session, and must know the secrets all the same.
    let other = stage.process(connection("session"));
    other.send(&read()).await.unwrap();
    assert_eq!((other.knows_its_secrets(), other.logins()), (true, 0));
    // What a person did not have to type cannot be known; everything else can.
    let mut asked = connection("session");
    asked.secrets.values_mut().for_each(|from| *from = Reference::Prompt);
    assert!(stage.process(asked).knows_its_secrets());
    // A kind without secrets has none to recognise.
    assert!(stage.process(connection("none")).knows_its_secrets());
}

#[tokio::test]
async fn a_secret_that_was_refused_is_still_recognised() {
    let stage = Stage::new();
    let access = stage.process(connection("session"));
    *stage.vendor.login.lock().unwrap() = Some(Ok(response(401, "no")));
    access.send(&read()).await.unwrap_err();
    assert_eq!((access.knows_its_secrets(), access.logins()), (true, 1), "it is forgotten, not unlearned");
}
