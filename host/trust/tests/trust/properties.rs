//! Any sequence of changes: what was refused changes nothing, and what was applied keeps every invariant.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use presetter_package::{Digest, PrivateKey};
use presetter_trust::{Change, Denied, Document, NewKey, Proposal, Root, Rule, Status};
use proptest::prelude::*;

use crate::world::{Machine, day, id, key, new_key, pattern, put};

static KEYS: LazyLock<Vec<PrivateKey>> = LazyLock::new(|| (0..5).map(|_| key()).collect());

fn some_keys() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..KEYS.len(), 0..4)
}

fn change() -> impl Strategy<Value = Change> {
    let patterns = proptest::sample::select(vec!["*", "acme/*", "acme/jamf", "jamf"]);
    let ids = |keys: Vec<usize>| keys.into_iter().map(|at| id(&KEYS[at])).collect::<Vec<_>>();
    prop_oneof![
        (0..KEYS.len(), -5i64..5, 0i64..400).prop_map(|(at, from, to)| {
            Change::AddKey(NewKey {
                not_before: day(from),
                not_after: day(to),
                ..new_key(&KEYS[at], &format!("Owner {at}"))
            })
        }),
        (0..KEYS.len(), "[ -~]{0,12}").prop_map(|(at, reason)| Change::RevokeKey { id: id(&KEYS[at]), reason }),
        any::<u8>().prop_map(|n| Change::RevokeDigest { digest: Digest::of(&[n % 4]), reason: "no".into() }),
        (patterns.clone(), 0u32..4, some_keys()).prop_map(move |(p, threshold, keys)| Change::SetRule(Rule {
            pattern: pattern(p),
            threshold,
            keys: ids(keys)
        })),
        patterns.prop_map(|p| Change::RemoveRule(pattern(p))),
        (0u32..3, some_keys()).prop_map(move |(threshold, keys)| Change::SetRoot(Root { threshold, keys: ids(keys) })),
        (0i64..800).prop_map(|n| Change::Extend(day(n))),
    ]
}

/// The rules, written once more in another way.
fn keeps_the_rules(document: &Document) {
    let known: BTreeSet<_> = document.keys.iter().map(|key| key.id).collect();
    assert_eq!(known.len(), document.keys.len());
    let groups = document.rules.iter().map(|rule| (rule.threshold, &rule.keys));
    for (threshold, keys) in groups.chain([(document.root.threshold, &document.root.keys)]) {
        let distinct: BTreeSet<_> = keys.iter().copied().collect();
        assert_eq!(distinct.len(), keys.len());
        assert!(distinct.is_subset(&known) && threshold >= 1 && threshold as usize <= distinct.len());
    }
    let patterns: BTreeSet<_> = document.rules.iter().map(|rule| &rule.pattern).collect();
    assert_eq!(patterns.len(), document.rules.len());
    for key in &document.keys {
        assert_eq!(key.status == Status::Revoked, document.denied(Denied::Key(key.id)).is_some());
        assert!(key.not_before < key.not_after);
        assert!(key.status == Status::Active || !document.root.keys.contains(&key.id));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_keeps_the_invariants(
        changes in proptest::collection::vec((proptest::collection::vec(change(), 1..3), any::<u8>()), 1..12),
    ) {
        let machine = Machine::new(&[&KEYS[0], &KEYS[1]], 1);
        let start = machine.copy();
        for (changes, signers) in changes {
            let before = machine.trust();
            let files = machine.files();
            let applied = Proposal::next(&before, &changes, day(1)).and_then(|mut proposal| {
                for (at, key) in KEYS.iter().enumerate().filter(|(at, _)| signers & (1 << at) != 0) {
                    let either = [before.document(), proposal.document()].iter().any(|d| d.root.keys.contains(&id(key)));
                    assert_eq!(proposal.sign(key).is_ok(), either, "{at}");
                }
                let met = proposal.needs().unwrap().met();
                let applied = machine.store.apply(&proposal, None, day(1));
                assert_eq!(applied.is_ok(), met, "{applied:?}");
                applied
            });
            let after = machine.trust();
            keeps_the_rules(after.document());
            match applied {
                Err(_) => prop_assert_eq!(machine.files(), files),
                Ok(applied) => {
                    prop_assert_eq!(applied.to, before.document().version + 1);
                    prop_assert!(!applied.changes.is_empty());
                    let kept = before.document().keys.iter().all(|key| after.document().key(key.id).is_some());
                    let denied = before.document().denied.iter().all(|deny| after.document().denied(deny.what).is_some());
                    prop_assert!(kept && denied);
                }
            }
            prop_assert_eq!(after.document().version, after.version().version);
        }
        // Another machine comes here from the first version, and ends with the same files.
        start.store.import("e.json", &machine.store.export().unwrap().to_json(), None, day(1)).unwrap();
        prop_assert_eq!(start.files(), machine.files());
    }

    /// Whatever byte of the store's files is changed: it is noticed, or says the same.
    #[test]
    fn a_flipped_bit_is_noticed_or_says_the_same(at in any::<prop::sample::Index>(), file in any::<prop::sample::Index>(), bit in 0u8..8) {
        static MACHINE: LazyLock<Machine> = LazyLock::new(|| Machine::new(&[&KEYS[0]], 1));
        let copy = MACHINE.copy();
        let files: Vec<_> = copy.files().into_iter().filter(|(path, _)| path.starts_with("config")).collect();
        let (path, mut bytes) = file.get(&files).clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        put(&copy.path(&path), &bytes);
        if let Ok(trust) = copy.store.current() {
            let right = MACHINE.trust();
            prop_assert_eq!(trust.document(), right.document());
            prop_assert!(!path.ends_with("trust.toml"), "every byte of it is signed");
        }
    }
}
