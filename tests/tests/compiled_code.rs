//! Compiled code is kept between runs of the program, in files that are the user's alone or are not used.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use presetter_tests::{Arena, Play, Server, guest};

#[tokio::test]
async fn code_that_others_may_write_is_not_used() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let arena = Arena::hostile_compiled_in(&server, folder.path().join("compiled"));
    let files = || -> Vec<_> {
        fs::read_dir(folder.path().join("compiled")).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let before = files();
    let good = guest::small("", guest::REALLOC, "");
    drop(arena.load(&good));
    let new: Vec<_> = files().into_iter().filter(|file| !before.contains(file)).collect();
    let [kept] = &new[..] else { panic!("{new:?}") };
    assert_eq!(fs::metadata(kept).unwrap().permissions().mode() & 0o777, 0o600);

    // Somebody puts other code in its place.
    let before = files();
    drop(arena.load(&guest::small("", guest::REALLOC, "(unreachable)")));
    let other = files().into_iter().find(|file| !before.contains(file)).unwrap();
    // What the user alone can write is the user's own word.
    for (mode, ends) in [(0o666, "ok"), (0o620, "ok"), (0o600, "failed/preset")] {
        // Whoever compiles anew has taken the place back.
        fs::remove_file(kept).unwrap();
        fs::copy(&other, kept).unwrap();
        fs::set_permissions(kept, fs::Permissions::from_mode(mode)).unwrap();
        let played = arena.play(&Play::component(&arena.load(&good))).await;
        assert_eq!(played.ended(), ends, "{mode:o}");
    }
    let mode = fs::metadata(folder.path().join("compiled")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
