//! Crowds of processes on one connection: they share a session, and none of them starts a storm of logins.
//!
//! The numbers bound what races may add; how long anything takes is not looked at.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::process::{Child, Output};

use mosyle_standin::Oddities;
use presetter_tests::Stage;

/// A few at most where processes race; one is what is meant.
const FEW: u64 = 5;

#[test]
fn two_hundred_processes_log_in_once_and_once_more_after_the_server_forgot() {
    let stage = Stage::new(Oddities::default());
    stage.server().seed(1);
    stage.connect("m", "mosyle/session");

    crowd(&stage, 200, 0);
    let first = stage.server().logins();
    assert!((1..=FEW).contains(&first), "{first} logins for 200 runs");

    stage.server().forget_tokens();
    crowd(&stage, 200, 0);
    let again = stage.server().logins() - first;
    assert!((1..=FEW).contains(&again), "{again} logins for 200 runs after the server forgot the session");

    // Nobody gave up, and nobody asked again but after the one refusal: a run reads the page with the user and the empty
    // page after it.
    let asked = stage.server().requests_to("/v1/users");
    assert!((800..=1000).contains(&asked), "{asked} requests for 400 runs");
}

#[test]
fn a_server_that_forbids_everything_causes_no_storm() {
    let stage = Stage::new(Oddities { forbid_all: true, ..Oddities::default() });
    stage.connect("m", "mosyle/session");
    let runs = 20;
    for output in crowd(&stage, runs, 6) {
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(err.contains("403"), "{err}");
    }
    let (logins, asked) = (stage.server().logins(), stage.server().requests_to("/v1/users"));
    assert!((1..=FEW).contains(&logins), "{logins} logins for {runs} runs");
    assert!(asked <= 2 * runs, "{asked} requests for {runs} runs");
}

#[test]
fn a_refused_login_is_not_tried_by_everyone() {
    let stage = Stage::new(Oddities { forbid_login: true, ..Oddities::default() });
    stage.connect("m", "mosyle/session");
    let runs = 20;
    crowd(&stage, runs, 6);
    // A refused login leaves no session to share, but it is kept that it was refused, and why: the others say the same.
    let logins = stage.server().requests_to("/v1/login");
    assert!((1..=FEW).contains(&logins), "{logins} logins for {runs} runs");
    assert_eq!(stage.server().requests_to("/v1/users"), 0);
}

/// Starts that many runs at once and waits for all of them.
fn crowd(stage: &Stage, runs: u64, exit: i32) -> Vec<Output> {
    let start =
        |_| stage.command(&["run", "mosyle/user-by-email", "--set", "email=user1@example.com"]).spawn().unwrap();
    let children: Vec<Child> = (0..runs).map(start).collect();
    let ended: Vec<Output> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in &ended {
        assert_eq!(output.status.code(), Some(exit), "{}", String::from_utf8_lossy(&output.stderr));
    }
    ended
}
