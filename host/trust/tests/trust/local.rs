//! What somebody who can touch files of this machine gains: nothing.

use std::fs;

use presetter_package::{Digest, KeyId};
use presetter_trust::{Candidate, Change, Code, Root};
use semver::Version;

use crate::world::{Machine, add, day, first, id, key, revoke, rule};

const TRUST: &str = "config/trust/trust.toml";
const SEEN: &str = "state/trust/seen.toml";

#[test]
fn a_change_by_hand_is_noticed() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A"), rule("*", 1, &[&a])], &[&root]);
    let exported = machine.store.export().unwrap().to_json();
    let text = machine.trust().text().to_owned();
    for changed in [text.replace("\"*\"", "\"acme/*\""), format!("{text}\n# a remark\n"), text.replace("2031", "2099")]
    {
        machine.put(TRUST, changed.as_bytes());
        assert_eq!(machine.store.current().unwrap_err().code, Code::BadSignature);
    }
    machine.put(TRUST, b"version = 3");
    let refused = machine.store.current().unwrap_err();
    assert!(refused.code == Code::Malformed && refused.message.contains("trust.toml:1:1"), "{refused}");
    // What was signed can be taken over again, without naming a key: this machine has seen it.
    assert_eq!(machine.store.import("e.json", &exported, None, day(1)).unwrap().to, 2);
    assert_eq!(machine.trust().text(), text);
}

#[test]
fn a_swapped_or_missing_key_or_signature_is_noticed() {
    let (root, a, evil) = (key(), key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A")], &[&root]);
    let file = format!("config/trust/keys/{}.pub", id(&a).digest().hex());
    let good = fs::read(machine.path(&file)).unwrap();
    machine.put(&file, evil.public().to_pem().as_bytes());
    let refused = machine.store.current().unwrap_err();
    assert!(refused.message.contains("is another key"), "{refused}");
    machine.put(&file, b"nothing");
    assert_eq!(machine.store.current().unwrap_err().code, Code::Malformed);
    fs::remove_file(machine.path(&file)).unwrap();
    assert!(machine.store.current().unwrap_err().message.contains("is not there"));
    machine.put(&file, &good);
    machine.trust();
    let signatures = "config/trust/signatures-2.json";
    let good = fs::read_to_string(machine.path(signatures)).unwrap();
    machine.put(signatures, good.replacen("trust.v1+toml", "trust.v2+toml", 1).as_bytes());
    assert_eq!(machine.store.current().unwrap_err().code, Code::Malformed);
    fs::copy(machine.path("config/trust/signatures-1.json"), machine.path(signatures)).unwrap();
    assert_eq!(machine.store.current().unwrap_err().code, Code::BadSignature);
    fs::remove_file(machine.path(signatures)).unwrap();
    assert_eq!(machine.store.current().unwrap_err().code, Code::BadSignature);
}

#[test]
fn an_older_or_another_store_put_in_place_is_noticed() {
    let (root, evil) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    let old = machine.files();
    machine.change(&[Change::Extend(day(400))], &[&root]);
    machine.put(TRUST, &old[TRUST]);
    assert_eq!(machine.store.current().unwrap_err().code, Code::OldStore);

    // A whole store by somebody else, signed in itself, of the same version or of a higher one.
    let foreign = Machine::new(&[&evil], 1);
    foreign.change(&[Change::Extend(day(500))], &[&evil]);
    for (version, code) in [(2, Code::Fork), (3, Code::Fork)] {
        let victim = machine.copy();
        for (path, bytes) in foreign.files().iter().filter(|(path, _)| path.starts_with("config")) {
            victim.put(path, bytes);
        }
        assert_eq!(victim.store.current().unwrap_err().code, code, "{version}");
        foreign.change(&[Change::Extend(day(500 + version))], &[&evil]);
    }
    // Or with the signatures of ours left in place.
    let victim = machine.copy();
    for (path, bytes) in
        foreign.files().iter().filter(|(path, _)| path.starts_with("config") && !path.ends_with("-2.json"))
    {
        victim.put(path, bytes);
    }
    let refused = victim.store.current().unwrap_err();
    assert_eq!(refused.code, Code::RootThreshold, "{refused}");
}

/// A configuration that is copied to many machines: a store that follows what was seen is taken, by every version between.
#[test]
fn a_newer_store_that_was_copied_here_must_follow() {
    let (root, new) = (key(), key());
    let here = Machine::new(&[&root], 1);
    let there = here.copy();
    let roots = Root { threshold: 1, keys: vec![id(&new)] };
    here.change(&[add(&new, "N"), Change::SetRoot(roots)], &[&root, &new]);
    here.change(&[Change::Extend(day(400))], &[&new]);
    for (path, bytes) in here.files().iter().filter(|(path, _)| path.starts_with("config")) {
        there.put(path, bytes);
    }
    assert_eq!(there.trust().version().version, 3);
    fs::remove_file(there.path("config/trust/signatures-2.json")).unwrap();
    assert_eq!(there.store.current().unwrap_err().code, Code::Gap);
}

#[test]
fn a_record_that_cannot_be_written_stops_a_change_before_it_begins() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A"), rule("*", 1, &[&a])], &[&root]);
    let trust = machine.trust();
    let proposal = machine.propose(&[Change::Extend(day(400))], &[&root]);
    let signers: Vec<KeyId> = vec![id(&a)];
    let (one, two) = (Version::new(1, 0, 0), Version::new(2, 0, 0));
    let seen =
        Candidate { name: "jamf", version: &one, digest: Digest::of(b"1"), signers: &signers, rollback_to: None };
    machine.store.record_seen(&trust, &seen).unwrap();
    let newer = Candidate { version: &two, digest: Digest::of(b"2"), ..seen };

    let path = machine.path(SEEN);
    let before = machine.files();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    assert_eq!(machine.store.apply(&proposal, None, day(1)).unwrap_err().code, Code::SeenNotWritable);
    assert_eq!(machine.store.prepare().unwrap_err().code, Code::SeenNotWritable);
    assert_eq!(machine.store.record_seen(&trust, &newer).unwrap_err().code, Code::SeenNotWritable);
    machine.store.record_seen(&trust, &seen).unwrap();
    assert_eq!(machine.files(), before);

    // A state folder that cannot be made.
    let blocked = Machine::empty();
    fs::write(blocked.path("state"), "a file").unwrap();
    let mut begun = first(&[&root], 1);
    begun.sign(&root).unwrap();
    let refused = blocked.store.apply(&begun, Some(&begun.document().root), day(1)).unwrap_err();
    assert!(!blocked.path(TRUST).exists(), "{refused}");
}

#[test]
fn a_record_that_is_gone_is_told_and_a_damaged_one_is_not_taken_for_empty() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A"), rule("*", 1, &[&a])], &[&root]);
    machine.put(SEEN, b"half a fi");
    let refused = machine.store.current().unwrap_err();
    assert!(refused.code == Code::Malformed && refused.message.contains("seen.toml:1"), "{refused}");
    let damaged = machine.files();
    assert_eq!(machine.store.prepare().unwrap_err().code, Code::Malformed);
    assert_eq!(machine.files(), damaged);
    fs::remove_file(machine.path(SEEN)).unwrap();
    let decision = machine.decide("jamf", &[&a], day(2)).unwrap();
    assert_eq!(decision.warnings[0].code, "seen-missing");
    assert!(decision.warnings[0].message.contains("older versions"), "{:?}", decision.warnings);
    machine.change(&[Change::Extend(day(400))], &[&root]);
    assert_eq!(machine.decide("jamf", &[&a], day(2)).unwrap().warnings, []);
}

/// Who removes the store of a machine cannot have it begin anew with an older one.
#[test]
fn a_store_that_was_removed_is_remembered() {
    let (root, evil) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    let old = machine.store.export().unwrap().to_json();
    machine.change(&[Change::Extend(day(400))], &[&root]);
    let exported = machine.store.export().unwrap().to_json();
    fs::remove_dir_all(machine.path("config")).unwrap();
    assert_eq!(machine.refuses(&old, &[id(&root)], day(1)).code, Code::OldStore);
    let mut other = first(&[&evil], 1);
    other.sign(&evil).unwrap();
    assert_eq!(machine.refuses(&other.to_json(), &[id(&evil)], day(1)).code, Code::OldStore);
    assert_eq!(machine.store.import("e.json", &exported, None, day(1)).unwrap().to, 2);
}

#[cfg(unix)]
#[test]
fn a_symlink_that_waits_at_a_target_is_replaced_and_not_followed() {
    let root = key();
    let machine = Machine::new(&[&root], 1);
    let victim = machine.path("victim");
    fs::write(&victim, "mine").unwrap();
    let new = key();
    for name in
        ["config/trust/signatures-2.json".to_owned(), format!("config/trust/keys/{}.pub", id(&new).digest().hex())]
    {
        std::os::unix::fs::symlink(&victim, machine.path(&name)).unwrap();
    }
    machine.change(&[add(&new, "N"), revoke(&new)], &[&root]);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    assert_eq!(machine.trust().version().version, 2);
}

#[cfg(unix)]
#[test]
fn files_that_others_may_change_are_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = key();
    for name in [TRUST, SEEN, "config/trust/signatures-1.json"] {
        let machine = Machine::new(&[&root], 1);
        fs::set_permissions(machine.path(name), fs::Permissions::from_mode(0o666)).unwrap();
        let refused = machine.store.current().unwrap_err();
        assert!(refused.code == Code::Io && refused.message.contains("chmod"), "{name}: {refused}");
    }
}

/// Readers take no lock, and never find a store that is half changed or looks older than what was seen.
#[test]
fn a_reader_finds_a_whole_store_while_it_changes_and_of_two_changes_one_wins() {
    let root = key();
    let machine = Machine::new(&[&root], 1);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut version = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let found = machine.trust().version().version;
                assert!(found >= version, "{found} after {version}");
                version = found;
            }
        });
        for n in 0..20 {
            let two = [1, 2].map(|m| machine.propose(&[Change::Extend(day(1000 + 2 * n + m))], &[&root]));
            let applied: Vec<_> = std::thread::scope(|both| {
                let started = two.each_ref().map(|one| both.spawn(|| machine.store.apply(one, None, day(1))));
                started.map(|one| one.join().unwrap()).into_iter().collect()
            });
            assert_eq!(applied.iter().filter(|one| one.is_ok()).count(), 1);
            let late = applied.into_iter().find_map(Result::err).unwrap();
            assert_eq!(late.code, Code::Fork, "{late}");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert_eq!(machine.trust().version().version, 21);
}

/// Also where nothing is known of what was seen, a store is signed by its own root.
#[test]
fn a_store_without_good_signatures_is_not_loaded() {
    let root = key();
    let machine = Machine::new(&[&root], 1);
    fs::remove_file(machine.path(SEEN)).unwrap();
    machine.trust();
    let signatures = "config/trust/signatures-1.json";
    let good: serde_json::Value = serde_json::from_slice(&fs::read(machine.path(signatures)).unwrap()).unwrap();
    let mut none = good.clone();
    none["signatures"] = serde_json::json!([]);
    let mut of_another = good.clone();
    of_another["signatures"] = serde_json::json!([crate::world::signature("version = 1", &root)]);
    for (changed, code) in [(none, Code::RootThreshold), (of_another, Code::BadSignature)] {
        machine.put(signatures, &crate::world::bytes(&changed));
        assert_eq!(machine.store.current().unwrap_err().code, code);
    }
}

#[test]
fn the_very_next_version_must_follow_too() {
    let (root, evil) = (key(), key());
    let (machine, foreign) = (Machine::new(&[&root], 1), Machine::new(&[&evil], 1));
    foreign.change(&[add(&root, "R")], &[&evil]);
    for (path, bytes) in
        foreign.files().iter().filter(|(path, _)| path.starts_with("config") && !path.ends_with("-1.json"))
    {
        machine.put(path, bytes);
    }
    assert_eq!(machine.store.current().unwrap_err().code, Code::RootThreshold);
}
