//! Bundles that are older than, or other than, what was seen.

use presetter_package::{Digest, KeyId};
use presetter_trust::{Candidate, Code, Refused};
use semver::Version;

use crate::world::{Machine, add, day, id, key, rule};

struct Seen {
    machine: Machine,
    signers: Vec<KeyId>,
}

impl Seen {
    fn new() -> Self {
        let (root, a) = (key(), key());
        let machine = Machine::new(&[&root], 1);
        machine.change(&[add(&a, "A"), rule("*", 1, &[&a])], &[&root]);
        Self { machine, signers: vec![id(&a)] }
    }

    fn with<T>(&self, version: &str, content: &str, back: Option<&str>, f: impl FnOnce(&Candidate<'_>) -> T) -> T {
        let version: Version = version.parse().unwrap();
        let rollback_to = back.map(|content| Digest::of(content.as_bytes()));
        let digest = Digest::of(content.as_bytes());
        f(&Candidate { name: "jamf", version: &version, digest, signers: &self.signers, rollback_to })
    }

    fn decide(&self, version: &str, content: &str, back: Option<&str>) -> Result<(), Refused> {
        let trust = self.machine.trust();
        self.with(version, content, back, |candidate| trust.decide(candidate, day(2)).map(drop))
    }

    fn record(&self, version: &str, content: &str, back: Option<&str>) -> Result<(), Refused> {
        let trust = self.machine.trust();
        self.with(version, content, back, |candidate| self.machine.store.record_seen(&trust, candidate))
    }
}

/// CVE-2024-23332.
#[test]
fn an_older_version_is_refused_and_comes_back_only_on_purpose() {
    let seen = Seen::new();
    seen.decide("1.9.0", "old", None).unwrap();
    seen.record("1.9.0", "old", None).unwrap();
    seen.decide("1.10.0", "new", None).unwrap();
    seen.record("1.10.0", "new", None).unwrap();
    seen.decide("1.10.0", "new", None).unwrap();
    for (version, content) in [("1.9.0", "old"), ("1.10.0-rc.1", "rc"), ("0.0.1", "new")] {
        let refused = seen.decide(version, content, None).unwrap_err();
        assert_eq!(refused.code, Code::Rollback, "{version}");
        assert!(refused.help.contains(&format!("presetter rollback jamf --to {version}")), "{}", refused.help);
        assert_eq!(seen.record(version, content, None).unwrap_err().code, Code::Rollback);
    }
    seen.decide("1.9.0", "old", Some("old")).unwrap();
    seen.record("1.9.0", "old", Some("old")).unwrap();
    let other_old = seen.decide("1.9.0", "other", Some("old")).unwrap_err();
    assert_eq!(other_old.code, Code::Rollback, "going back is to one content, not to any of that version");
    assert_eq!(seen.decide("1.9.0", "old", None).unwrap_err().code, Code::Rollback, "nothing seen is forgotten by it");
}

#[test]
fn a_version_has_one_content() {
    let seen = Seen::new();
    seen.record("1.0.0", "one", None).unwrap();
    for version in ["1.0.0", "1.0.0+build.2"] {
        assert_eq!(seen.decide(version, "two", None).unwrap_err().code, Code::OtherDigest, "{version}");
        assert_eq!(seen.decide(version, "two", Some("two")).unwrap_err().code, Code::OtherDigest, "no rollback helps");
        assert_eq!(seen.record(version, "two", None).unwrap_err().code, Code::OtherDigest);
    }
    seen.decide("1.0.1", "two", None).unwrap();
}

/// Two processes: what one loaded before the other recorded does not count.
#[test]
fn what_another_process_recorded_since_is_minded() {
    let seen = Seen::new();
    let trust = seen.machine.trust();
    seen.record("2.0.0", "new", None).unwrap();
    seen.with("1.0.0", "old", None, |candidate| {
        trust.decide(candidate, day(2)).unwrap();
        assert_eq!(seen.machine.store.record_seen(&trust, candidate).unwrap_err().code, Code::Rollback);
    });
    assert_eq!(seen.decide("1.0.0", "old", None).unwrap_err().code, Code::Rollback);
}

/// A store that is newer than what was recorded makes a record be written, and no bundle's older version comes in with it.
#[test]
fn a_new_store_does_not_lower_what_was_seen_of_bundles() {
    let root = key();
    let machine = Machine::new(&[&root], 1);
    let newer = machine.copy();
    newer.change(&[add(&key(), "A")], &[&root]);
    let (old, new, content) = (Version::new(1, 0, 0), Version::new(2, 0, 0), Digest::of(b"2"));
    let candidate = Candidate { name: "jamf", version: &new, digest: content, signers: &[], rollback_to: None };
    machine.store.record_seen(&machine.trust(), &candidate).unwrap();
    for (path, bytes) in newer.files().iter().filter(|(path, _)| path.starts_with("config")) {
        machine.put(path, bytes);
    }
    let older = Candidate { version: &old, digest: Digest::of(b"1"), ..candidate };
    let refused = machine.store.record_seen(&machine.trust(), &older).unwrap_err();
    assert_eq!(refused.code, Code::Rollback);
}

/// An install that was killed before it recorded what it had put there, and is removed then.
#[test]
fn what_is_removed_counts_as_seen_and_lowers_nothing() {
    let seen = Seen::new();
    let remove = |version: &str, content: &str| {
        seen.with(version, content, None, |candidate| {
            seen.machine.store.record_removed(candidate.name, candidate.version, candidate.digest).unwrap();
        });
    };
    remove("2.0.0", "two");
    assert_eq!(seen.decide("1.0.0", "one", None).unwrap_err().code, Code::Rollback);
    assert_eq!(seen.decide("2.0.0", "another two", None).unwrap_err().code, Code::OtherDigest);
    remove("1.0.0", "one");
    remove("2.0.0", "another two");
    seen.decide("2.0.0", "two", None).unwrap();
    assert_eq!(seen.decide("1.0.0", "one", None).unwrap_err().code, Code::Rollback);
}
