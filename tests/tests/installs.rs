//! Installed bundles and the trust store on a disk that does not do what it should: the program is killed at random points of a change, and
//! somebody else writes where it reads.
//!
//! How long anything takes is measured only to know where the random points may lie.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use mosyle_standin::{Canned, Oddities};
use presetter_tests::team::{package, version};
use presetter_tests::{Stage, Team};

/// How often each change is killed.
const KILLS: u32 = 40;
const ROOT: &str = "--root-key root.key --passphrase env:PASSPHRASE";
const RUN: &str = "presetter run acme/thing --set id=t1 --format json";

/// A stage with a team, and a server that has the thing that [`RUN`] asks for.
fn stage(team: Team) -> Stage {
    let mut stage = Stage::new(Oddities::default());
    team.furnish(&mut stage);
    let found = Canned::default();
    stage
        .server()
        .set_oddities(Oddities { paths: [("/v1/things/t1".to_owned(), found)].into(), ..Oddities::default() });
    if team == Team::Installed {
        stage.does("presetter connection add o --kind acme/open --base-url $URL --allow-private");
    }
    stage
}

/// A folder with all that is in it, to be put back.
struct Kept {
    from: PathBuf,
    copy: PathBuf,
}

impl Kept {
    fn of(stage: &Stage, folder: &str, name: &str) -> Self {
        let kept = Self { from: stage.folder().join(folder), copy: stage.folder().join(format!("kept-{name}")) };
        copy(&kept.from, &kept.copy);
        kept
    }

    fn put_back(&self) {
        fs::remove_dir_all(&self.from).unwrap();
        copy(&self.copy, &self.from);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            assert!(fs::copy(entry.path(), target).is_ok())
        }
    }
}

/// Runs a line many times, each time from the state that `home` is in now, and kills it at random points, which are spread over as long as
/// it takes. After each, `look` says whether the new state is there; then the same line must succeed.
fn killed(stage: &Stage, line: &str, look: impl Fn(Duration) -> bool) {
    let homes = ["home/config", "home/data", "home/state"].map(|folder| {
        fs::create_dir_all(stage.folder().join(folder)).unwrap();
        Kept::of(stage, folder, &folder.replace('/', "-"))
    });
    let words = shlex(line);
    let began = Instant::now();
    stage.does(line);
    let usual = began.elapsed();
    assert!(look(Duration::MAX), "{line}");
    let mut old = 0;
    for kill in 0..KILLS {
        homes.iter().for_each(Kept::put_back);
        let within = u32::try_from(RandomState::new().hash_one(kill) % 1000).unwrap();
        let delay = usual * (kill * 1000 + within) / (KILLS * 1000);
        let mut child = stage.command(&words).spawn().unwrap();
        // The one thing that is meant here: any moment of its work.
        thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
        old += u32::from(!look(delay));
        stage.does(line);
        assert!(look(delay), "{line}, again after {delay:?}");
    }
    assert!(old > 0, "it was never killed before it was done: {line}");
}

fn shlex(line: &str) -> Vec<String> {
    line.strip_prefix("presetter ").unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn an_install_that_is_killed_leaves_nothing_or_the_bundle() {
    let stage = stage(Team::Trusted);
    killed(&stage, "presetter install acme-1.0.0.preset --yes", |delay| {
        let installed = stage.does("presetter list").contains("acme 1.0.0\n");
        let shown = stage.run("presetter show acme/thing");
        assert_eq!(shown.exit == 0, installed, "after {delay:?}: {}", shown.err);
        installed
    });
}

#[test]
fn an_upgrade_that_is_killed_leaves_the_old_version_or_the_new_and_both_run() {
    let stage = stage(Team::Installed);
    killed(&stage, "presetter upgrade acme --from acme-1.0.1.preset --yes", |delay| {
        let list = stage.does("presetter list");
        let new = list.starts_with("acme 1.0.1\n");
        assert!(new || list.starts_with("acme 1.0.0\n"), "after {delay:?}: {list}");
        let ended = stage.run(RUN);
        assert_eq!(ended.exit, 0, "after {delay:?}, {list}{}", ended.err);
        new
    });
}

#[test]
fn a_change_of_trust_that_is_killed_leaves_the_old_store_or_the_new() {
    let stage = stage(Team::Trusted);
    let old = [Kept::of(&stage, "home/config", "old-config"), Kept::of(&stage, "home/state", "old-state")];
    stage.does(&format!("presetter trust add-key second.key.pub --owner Second {ROOT}"));
    stage.does(&format!("presetter trust rule other --key $SECOND_ID {ROOT}"));
    stage.does("presetter trust export -o store.json");
    old.iter().for_each(Kept::put_back);
    killed(&stage, "presetter trust import store.json", |delay| {
        let list = stage.does("presetter trust list");
        let new = list.starts_with("version 5,");
        assert!(new || list.starts_with("version 3,"), "after {delay:?}: {list}");
        assert_eq!(list.contains("  other: 1 of Second"), new, "after {delay:?}: {list}");
        stage.does("presetter verify acme-1.0.0.preset");
        new
    });
}

fn installed_package(stage: &Stage) -> PathBuf {
    let folder = fs::read_dir(stage.home().join("data/packages")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn a_package_that_is_exchanged_after_it_was_installed_does_not_run() {
    let stage = stage(Team::Installed);
    stage.does(RUN);
    let sent = stage.server().log().len();
    let file = installed_package(&stage);
    let right = fs::read(&file).unwrap();
    let text = String::from_utf8(right.clone()).unwrap();
    for (what, other) in [
        ("another path", text.replace("path = [\"things\"", "path = [\"thingz\"").into_bytes()),
        ("cut short", right[..right.len() - 512].to_vec()),
        ("more at its end", [right.as_slice(), &[0; 512]].concat()),
        ("signed as well, and older", package("acme", "0.9.0", &version("0.9.0", ""))),
        ("signed as well, and newer", fs::read(stage.folder().join("acme-1.0.1.preset")).unwrap()),
        ("the same version, signed as well", package("acme", "1.0.0", &version("1.0.0", "# other\n"))),
    ] {
        assert_ne!(other, right, "{what}");
        fs::write(&file, other).unwrap();
        let ended = stage.ends(9, RUN);
        assert!(ended.err.starts_with("error: "), "{what}: {}", ended.err);
    }
    assert_eq!(stage.server().log().len(), sent, "nothing may be sent");
    fs::write(&file, right).unwrap();
    stage.does(RUN);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_that_waits() {
    use std::os::unix::fs::symlink;

    let installed = stage(Team::Installed);
    let package = installed_package(&installed).file_name().unwrap().to_owned();
    let stage = stage(Team::Signed);
    let outside = stage.folder().join("outside");
    let wait = |file: &Path| {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        symlink(&outside, file).unwrap();
    };
    let home = stage.home();
    for file in ["config/trust/trust.toml", "state/trust/seen.toml", "config/trust/signatures-1.json"] {
        wait(&home.join(file));
    }
    stage.does(&format!("presetter trust init {ROOT}"));
    assert!(!outside.exists());
    stage.does(&format!("presetter trust add-key acme.key.pub --owner Acme {ROOT}"));
    stage.does(&format!("presetter trust rule acme --key $ACME_ID {ROOT}"));
    let data = home.join("data");
    for file in [data.join("packages").join(package), data.join("installed.toml"), data.join("approved/acme.toml")] {
        wait(&file);
    }
    stage.does("presetter install acme-1.0.0.preset --yes");
    assert!(!outside.exists());
    stage.does("presetter show acme/thing");
    // What a link leads to is left alone too where it is there.
    fs::write(&outside, "mine").unwrap();
    let file = home.join("config/trust/trust.toml");
    fs::remove_file(&file).unwrap();
    wait(&file);
    assert_ne!(stage.run("presetter trust list").exit, 0);
    assert_ne!(stage.run(&format!("presetter trust init {ROOT}")).exit, 0);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
}

#[test]
fn without_a_place_to_record_what_was_seen_nothing_is_installed() {
    let stage = stage(Team::Trusted);
    let seen = stage.home().join("state/trust/seen.toml");
    let before = fs::read(&seen).unwrap();
    let mut permissions = fs::metadata(&seen).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&seen, permissions).unwrap();
    let ended = stage.ends(9, "presetter install acme-1.0.0.preset --yes");
    assert!(ended.err.contains("seen.toml cannot be written: it is read-only"), "{}", ended.err);
    assert_eq!(fs::read(&seen).unwrap(), before);
    assert!(!stage.home().join("data/installed.toml").exists());
    assert_eq!(stage.does("presetter list"), "");
}

#[test]
fn a_trust_store_that_is_copied_by_hand_must_follow_the_one_that_was_seen() {
    let stage = stage(Team::Trusted);
    let old = [Kept::of(&stage, "home/config", "old-config"), Kept::of(&stage, "home/state", "old-state")];
    stage.does(&format!("presetter trust renew --expires 400d {ROOT}"));
    // A newer one, whose every version is signed by the root before it, is what it would have been by `trust import`.
    old[1].put_back();
    assert!(stage.does("presetter trust list").starts_with("version 4,"));
    // An older one is not; nor is one of another root, whatever its version.
    stage.does(&format!("presetter trust renew --expires 500d {ROOT}"));
    let now = Kept::of(&stage, "home/config", "new-config");
    old[0].put_back();
    assert!(stage.ends(9, "presetter trust list").err.contains("version 5 was seen here"));
    now.put_back();
    stage.does("presetter trust list");
    for folder in ["config/trust", "state/trust"] {
        fs::rename(stage.home().join(folder), stage.home().join(format!("{folder}.away"))).unwrap();
    }
    stage.does("presetter trust init --root-key other.key --passphrase env:PASSPHRASE");
    for days in [400, 500, 600, 700, 800] {
        let key = "--root-key other.key --passphrase env:PASSPHRASE";
        stage.does(&format!("presetter trust renew --expires {days}d {key}"));
    }
    fs::remove_dir_all(stage.home().join("state/trust")).unwrap();
    fs::rename(stage.home().join("state/trust.away"), stage.home().join("state/trust")).unwrap();
    let told = stage.ends(9, "presetter verify acme-1.0.0.preset").err;
    assert!(told.contains("does not follow the version 5 that was seen here"), "{told}");
}

#[test]
fn names_with_terminal_escapes_are_refused_before_they_are_shown() {
    let stage = stage(Team::Signed);
    let writer = Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks/attacks.py");
    let made = Command::new("python3").arg("-B").arg(writer).arg(stage.folder().join("attacks")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for name in ["manifest-name-with-escapes", "manifest-version-with-escapes", "title-escape"] {
        let file = format!("./attacks/{name}.preset");
        assert!(fs::read(stage.folder().join(&file)).unwrap().windows(6).any(|bytes| bytes == b"\\u001b"), "{name}");
        for line in [format!("presetter inspect {file}"), format!("presetter inspect {file} --format json")] {
            let ended = stage.ends(9, &line);
            assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'), "{name}: {ended:?}");
        }
    }
}

#[test]
fn a_package_of_20_megabytes_is_verified_to_its_last_byte() {
    let stage = stage(Team::Trusted);
    let mut files = version("1.0.0", "");
    let line = "A thing of Acme, told at length. ";
    files.insert(0, ("README.md".to_owned(), line.repeat((20 << 20) / line.len() + 1).into_bytes()));
    files.sort();
    let mut bytes = package("acme", "1.0.0", &files);
    assert!(bytes.len() > 20 << 20);
    let file = stage.folder().join("large.preset");
    fs::write(&file, &bytes).unwrap();
    assert!(stage.does("presetter verify large.preset").starts_with("acme 1.0.0\n"));
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[last] ^= 1;
    fs::write(&file, &bytes).unwrap();
    stage.ends(9, "presetter verify large.preset");
}
