//! Components that take more than their share: time, stack, memory, tables, requests, words.
//!
//! Each ends at the limit that is its own, by name, and the same engine serves a good run right after. How long anything takes is
//! not looked at: `cargo xtask bench deadline` shows it.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::sync::Arc;

use presetter_runtime::{Engine, EngineOptions, Kind, Limit, LoadError};
use presetter_tests::{Arena, Play, Played, Server, guest};
use tokio::task::JoinSet;

/// That a run ended at a limit, which its words name, with its amount and where to raise it.
fn assert_hit(played: &Played, limit: Limit, what: &str) {
    assert_eq!(played.ended(), "failed/limit", "{what}: {:?}", played.report);
    let message = &played.report.outcome.message;
    assert!(message.contains(&format!("the limit \"{limit}\" (")), "{what}: {message}");
    let hint = played.report.outcome.hint.as_deref().unwrap_or_default();
    assert!(hint.contains(&format!("presetter connection set c --limit {limit}=")), "{what}: {hint}");
}

#[tokio::test]
async fn what_takes_too_much_ends_at_its_limit() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let of = Play::of;
    let cases = [
        (of("endless-loop").limit(Limit::GuestTime, 300), Limit::GuestTime),
        (of("endless-recursion"), Limit::Stack),
        (of("memory-hog"), Limit::Memory),
        (of("request-storm").limit(Limit::Requests, 50), Limit::Requests),
        (of("log-flood"), Limit::LogLines),
        (of("log-flood").given("lines", "long"), Limit::LogSize),
        (of("row-flood").limit(Limit::GuestTime, 300), Limit::GuestTime),
        (of("wait-for-ever").limit(Limit::WallTime, 300), Limit::WallTime),
        (of("huge-output").limit(Limit::OutputSize, 1 << 20), Limit::OutputSize),
        (of("huge-output").limit(Limit::OutputSize, 1 << 20).limit(Limit::RequestSize, 1 << 20), Limit::OutputSize),
        (of("huge-request").limit(Limit::OutputSize, 64 << 20), Limit::RequestSize),
        // Whatever it claims afterwards.
        (of("claims").given("path", vec!["open", "huge"]).given("kind", "ok"), Limit::AnswerSize),
    ];
    for (play, limit) in cases {
        assert_hit(&arena.play(&play).await, limit, limit.name());
        arena.still_serves().await;
    }
}

#[tokio::test]
async fn a_storm_ends_when_its_requests_are_used_up() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let played = arena.play(&Play::of("request-storm").limit(Limit::Requests, 50)).await;
    assert_eq!((played.report.requests, server.heard().len()), (50, 50));
    // What is refused counts too: a component cannot try for ever.
    server.clear();
    let played = arena.play(&Play::of("other-hosts").limit(Limit::Requests, 50)).await;
    assert_hit(&played, Limit::Requests, "refused requests");
    assert!(server.heard().len() < 50);
}

#[tokio::test]
async fn json_that_is_nested_too_deep_ends_at_its_limit_wherever_it_is() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    for place in ["outputs", "details", "response", "row", "values", "json", "form", "template"] {
        assert_hit(&arena.play(&Play::of("deep-json").given("place", place)).await, Limit::JsonDepth, place);
        arena.still_serves().await;
    }
    assert!(server.heard().iter().all(|heard| heard.line() == "GET /v1/open/ok HTTP/1.1"), "{:?}", server.heard());
}

#[tokio::test]
async fn what_is_not_json_is_the_presets_own_failure() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    for place in ["outputs", "list", "response", "row"] {
        let played = arena.play(&Play::of("not-json").given("place", place)).await;
        assert_eq!(played.ended(), "failed/preset", "{place}: {:?}", played.report);
        arena.still_serves().await;
    }
    // Values that are no JSON are told to the component, and details are nobody's concern.
    for (place, error) in [("values", Some("template")), ("details", None)] {
        let played = arena.play(&Play::of("not-json").given("place", place)).await;
        assert_eq!(played.report.outcome.kind, Kind::Ok, "{place}: {:?}", played.report);
        let told = played.report.outputs.get("came").map(|came| came["error"].as_str().unwrap());
        assert_eq!(told, error);
    }
}

/// A component in WebAssembly text, since no compiler makes it, and what it comes to: an outcome, or a limit.
struct Odd {
    what: &'static str,
    imports: &'static str,
    parts: String,
    body: &'static str,
    ends: Result<&'static str, Limit>,
}

const LOG: &str = r#"(import "presetter:preset/log@0.1.0" "log" (func $log (param i32 i32 i32 i32)))"#;
const NOW: &str = r#"(import "presetter:preset/clock@0.1.0" "now" (func $now (result i64)))"#;
const SEND: &str = r#"(import "presetter:preset/http@0.1.0" "send" (func $send
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;
const OWN_FAULT: Result<&str, Limit> = Ok("failed/preset");

async fn assert_odd(cases: impl IntoIterator<Item = Odd>) {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    for Odd { what, imports, parts, body, ends } in cases {
        let component = arena.load(&guest::small(imports, &parts, body));
        let played = arena.play(&Play::component(&component).limit(Limit::GuestTime, 300)).await;
        match ends {
            Ok(ends) => assert_eq!(played.ended(), ends, "{what}: {:?}", played.report),
            Err(limit) => assert_hit(&played, limit, what),
        }
        arena.still_serves().await;
    }
}

#[tokio::test]
async fn a_result_that_is_not_there_is_the_presets_own_failure() {
    let odd = |what, body| Odd { what, imports: "", parts: guest::REALLOC.into(), body, ends: OWN_FAULT };
    let log = |what, body| Odd { imports: LOG, ..odd(what, body) };
    assert_odd([
        Odd { ends: Ok("ok"), ..odd("nothing odd", "") },
        odd("a trap", "(unreachable)"),
        odd("a text outside of the memory", "(i32.store (i32.const 64) (i32.const 0x7fffffff))"),
        odd("a text of 4 GiB", "(i32.store (i32.const 68) (i32.const -1))"),
        odd("a list of 4 Gi items", "(i32.store (i32.const 108) (i32.const -1))"),
        odd("not UTF-8", "(i32.store8 (i32.const 128) (i32.const 0xff))"),
        odd("half a surrogate", "(i32.store16 (i32.const 128) (i32.const 0xa0ed))"),
        log("a log line of 4 GiB", "(call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1))"),
        log("a log line past the end", "(call $log (i32.const 0) (i32.const 0) (i32.const 65535) (i32.const 2))"),
        log(
            "a log line that is not UTF-8",
            "(i32.store8 (i32.const 0) (i32.const 0xff))
             (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1))",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_the_host_calls_on_the_side_is_bounded_like_the_run_itself() {
    let realloc = |body| format!(r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {body})"#);
    let after = |body| {
        format!(r#"{}(func (export "cabi_post_presetter:preset/preset@0.1.0#run") (param i32) {body})"#, guest::REALLOC)
    };
    let odd = |what, parts, ends| Odd { what, imports: "", parts, body: "", ends };
    let endless = Err(Limit::GuestTime);
    assert_odd([
        odd("room outside of the memory", realloc("(i32.const 0x7ffffff0)"), OWN_FAULT),
        Odd { imports: NOW, ..odd("room that calls out", realloc("(drop (call $now)) (i32.const 4096)"), OWN_FAULT) },
        odd(
            "endless before the start",
            format!("{}(func $start (loop (br 0)))(start $start)", guest::REALLOC),
            endless,
        ),
        odd("endless where room is made", realloc("(loop (br 0)) (i32.const 4096)"), endless),
        odd("endless after the end", after("(loop (br 0))"), endless),
        odd("a trap after the end", after("(unreachable)"), OWN_FAULT),
    ])
    .await;
}

#[tokio::test]
async fn growth_ends_where_it_may_go_no_further() {
    // Told no, it traps, as a guest in Rust that is out of memory does.
    let odd = |what, parts: &str, body, limit| Odd {
        what,
        imports: "",
        parts: guest::REALLOC.to_owned() + parts,
        body,
        ends: Err(limit),
    };
    assert_odd([
        odd(
            "memory",
            "",
            "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)",
            Limit::Memory,
        ),
        odd(
            "a table",
            "(table $t 1 funcref)",
            "(loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) (unreachable)",
            Limit::TableElements,
        ),
        odd(
            "stack",
            "(func $f (param i64) (result i64) (i64.add (call $f (local.get 0)) (i64.const 1)))",
            "(drop (call $f (i64.const 0)))",
            Limit::Stack,
        ),
    ])
    .await;
}

/// A list can name one text in the component's memory again and again; whoever copied it would need memory without end.
#[tokio::test]
async fn one_text_named_many_times_is_not_copied_without_end() {
    let odd = |what, imports, body, limit| Odd { what, imports, parts: guest::REALLOC.into(), body, ends: Err(limit) };
    assert_odd([
        // 20,000 items, the message of each is the same 64 KiB: 1.3 GB.
        odd(
            "in the result",
            "",
            "(local $i i32) (drop (memory.grow (i32.const 40)))
             (loop
                (i64.store (i32.add (i32.const 0x20010) (i32.mul (local.get $i) (i32.const 72))) (i64.const 0x1000000010000))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $i) (i32.const 20000))))
             (i32.store (i32.const 104) (i32.const 0x20000)) (i32.store (i32.const 108) (i32.const 20000))",
            Limit::OutputSize,
        ),
        // 20,000 segments of a path.
        odd(
            "in a request",
            SEND,
            "(local $i i32) (drop (memory.grow (i32.const 10)))
             (loop
                (i64.store (i32.add (i32.const 0x20000) (i32.mul (local.get $i) (i32.const 8))) (i64.const 0x1000000010000))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $i) (i32.const 20000))))
             (call $send (i32.const 0) (i32.const 0) (i32.const 0x20000) (i32.const 20000) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256))",
            Limit::OutputSize,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_component_of_many_parts_ends_at_the_limits_of_the_whole() {
    let server = Server::start();
    let arena = Arena::hostile(&server);
    let few = arena.load(&guest::composed("", &[""; 7]));
    assert_eq!(arena.play(&Play::component(&few)).await.ended(), "ok");
    assert_hit(&arena.play(&Play::component(&few).limit(Limit::Instances, 4)).await, Limit::Instances, "8 of 4");
    let many = arena.load(&guest::composed("", &[""; 99]));
    assert_hit(&arena.play(&Play::component(&many)).await, Limit::Instances, "100 of 64");
    assert_eq!(arena.play(&Play::component(&many).limit(Limit::Instances, 128)).await.ended(), "ok");
    // Its memories count together: 40 MiB and 40 MiB.
    let large = arena.load(&guest::composed("", &["(memory 640)"; 2]));
    assert_hit(&arena.play(&Play::component(&large)).await, Limit::Memory, "two memories");
    assert_eq!(arena.play(&Play::component(&large).limit(Limit::Memory, 128 << 20)).await.ended(), "ok");
    arena.still_serves().await;
}

#[test]
fn what_nothing_honest_has_is_refused_before_it_runs() {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    for most in [guest::composed("", &["(memory 1)"; 15]), guest::composed("", &["(table 1 funcref)"; 64])] {
        engine.load(&most).unwrap();
    }
    let too_many_parts = vec![""; 300];
    for (what, bytes) in [
        ("17 memories", guest::composed("", &["(memory 1)"; 16])),
        ("65 tables", guest::composed("", &["(table 1 funcref)"; 65])),
        ("129 instances", guest::composed("", &[""; 128])),
        ("300 modules", guest::composed("", &too_many_parts)),
        ("a core module", guest::plain("(module)")),
        ("a text", b"(component)".to_vec()),
        ("nothing", Vec::new()),
    ] {
        assert!(engine.load(&bytes).is_err(), "{what}");
    }
    // Cut off anywhere, it is refused, and never a panic.
    let whole = guest::small("", guest::REALLOC, "");
    for end in (0..whole.len()).step_by(7) {
        assert!(engine.load(&whole[..end]).is_err(), "{end}");
    }
    for import in ["wasi:cli/environment@0.2.0", "presetter:preset/secrets@0.1.0", "evil:corp/door"] {
        let component = guest::plain(&format!(r#"(component (import "{import}" (instance (export "get" (func)))))"#));
        match engine.load(&component) {
            Err(LoadError::ForeignImport { name }) => assert_eq!(name, import),
            other => panic!("{import}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_component_does_not_keep_a_hundred_others_from_running() {
    let server = Server::start();
    let arena = Arc::new(Arena::hostile(&server));
    // It writes first, so that it is known to be under way.
    let endless = Play::of("write-then-spin").given("first", "write").limit(Limit::GuestTime, 3_600_000);
    let (cancel, playing) = (endless.cancel.clone(), arena.clone());
    let endless = tokio::spawn(async move { playing.play(&endless).await });
    while server.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut others = JoinSet::new();
    let component = arena.load(&guest::small("", guest::REALLOC, ""));
    for at in 0..100 {
        // Half of them of the same bundle, half of another component.
        let play = if at % 2 == 0 { Play::of("well-behaved") } else { Play::component(&component) };
        let arena = arena.clone();
        others.spawn(async move { arena.play(&play).await });
    }
    let others = others.join_all().await;
    assert_eq!(others.len(), 100);
    for played in others {
        assert_eq!(played.report.outcome.kind, Kind::Ok, "{:?}", played.report);
    }
    assert!(!endless.is_finished());
    cancel.cancel();
    assert_eq!(endless.await.unwrap().ended(), "failed/cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_of_many_parts_do_not_eat_the_pool() {
    let server = Server::start();
    let arena = Arc::new(Arena::hostile(&server));
    let many = ["(memory 1)(table 1 funcref)"; 15];
    let greedy = arena.load(&guest::composed("", &many));
    let spinning = arena.load(&guest::composed("(loop (br 0))", &many));
    let mut runs = JoinSet::new();
    for at in 0..300 {
        let (play, ends) = match at % 3 {
            0 => (Play::component(&greedy), "ok"),
            1 => (Play::component(&spinning).limit(Limit::GuestTime, 20), "failed/limit"),
            _ => (Play::of("well-behaved"), "ok"),
        };
        let arena = arena.clone();
        runs.spawn(async move { (arena.play(&play).await, ends) });
    }
    let runs = runs.join_all().await;
    assert_eq!(runs.len(), 300);
    for (played, ends) in runs {
        assert_eq!(played.ended(), ends, "{:?}", played.report);
    }
}
