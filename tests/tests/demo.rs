//! The demo, from the program alone: it tells its story to the end, and says so.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use mosyle_standin::{ACCESS_TOKEN, Oddities, PASSWORD};
use presetter_tests::Stage;

#[test]
fn the_demo_goes_as_its_story_says() {
    let stage = Stage::new(Oddities::default());
    let ended = stage.run("presetter demo");
    assert_eq!(ended.exit, 0, "{}\n{}", ended.out, ended.err);
    assert!(ended.out.contains("All of it went as the story says."), "{}", ended.out);
    for preset in ["create-user", "update-user", "user-by-email", "user-by-id", "user-role"] {
        assert!(ended.out.contains(&format!("mosyle/{preset}")), "the story leaves out {preset}");
    }
    for option in ["presetter plan", "--body", "--map", "exit code 4", "exit code 5"] {
        assert!(ended.out.contains(option), "the story leaves out {option}");
    }
    assert_eq!(stage.server().log(), [], "it has a server of its own");
    for secret in [ACCESS_TOKEN, PASSWORD] {
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret));
    }
    // Its connections are its own and go with it.
    assert_eq!(stage.run("presetter connection list").out, "");
}
