//! Thresholds, revocation, validity and rules: who counts, and when.

use presetter_package::{Digest, KeyId, PublicKey};
use presetter_trust::{Candidate, Change, Code, Level, NewKey};
use semver::Version;

use crate::world::{END, Machine, add, day, id, key, new_key, revoke, rule};

#[test]
fn distinct_keys_are_counted() {
    let (root, a, b, stranger) = (key(), key(), key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A"), add(&b, "B"), rule("acme/*", 2, &[&a, &b])], &[&root]);
    let decision = machine.decide("acme/jamf", &[&b, &a, &b], day(2)).unwrap();
    assert_eq!((decision.threshold, decision.signers.len(), decision.warnings.len()), (2, 2, 0));
    for signers in [&[&a][..], &[&a, &a], &[&a, &root], &[&a, &stranger, &a]] {
        let refused = machine.decide("acme/jamf", signers, day(2)).unwrap_err();
        assert_eq!(refused.code, Code::Threshold, "{refused}");
        assert!(refused.message.contains("has 1 of the 2 signatures"), "{refused}");
    }
    for signers in [&[][..], &[&stranger]] {
        let refused = machine.decide("acme/jamf", signers, day(2)).unwrap_err();
        assert_eq!(refused.code, Code::Unsigned, "{refused}");
    }
    let root_alone = machine.decide("acme/jamf", &[&root], day(2)).unwrap_err();
    assert!(root_alone.message.contains("is not for bundles acme/*"), "{root_alone}");
}

/// CVE-2026-6966: one point spelled in two ways is one key.
#[test]
fn a_key_in_two_encodings_is_one_key() {
    let (root, a, b) = (key(), key(), key());
    let der = a.public().to_der();
    let point = &der[der.len() - 64..];
    let mut compressed = der[..26].to_vec();
    (compressed[1], compressed[24]) = (0x39, 0x22);
    compressed.push(2 + (point[63] & 1));
    compressed.extend(&point[..32]);
    let other = PublicKey::from_der(&compressed).unwrap();
    assert_eq!(other.id(), id(&a));

    let machine = Machine::new(&[&root], 1);
    let spelled = NewKey { key: other, ..new_key(&a, "A again") };
    machine.change(&[add(&a, "A"), add(&b, "B"), Change::AddKey(spelled), rule("*", 2, &[&a, &b])], &[&root]);
    assert_eq!(machine.trust().document().keys.len(), 3, "root, a, b");
    assert_eq!(machine.decide("jamf", &[&a, &a], day(2)).unwrap_err().code, Code::Threshold);
}

#[test]
fn a_scope_is_not_a_prefix_and_the_longest_rule_wins() {
    let (root, any, acme, jamf) = (key(), key(), key(), key());
    let machine = Machine::new(&[&root], 1);
    let keys = [add(&any, "any"), add(&acme, "acme"), add(&jamf, "jamf")];
    machine.change(&keys, &[&root]);
    machine.change(&[rule("acme/*", 1, &[&acme]), rule("acme/jamf", 1, &[&jamf])], &[&root]);
    for (name, signer, code) in [
        ("acme/okta", &acme, None),
        ("acme/jamf", &jamf, None),
        ("acme/jamf", &acme, Some(Code::Threshold)),
        ("acme/okta", &jamf, Some(Code::Threshold)),
        ("acme-evil/x", &acme, Some(Code::NoRule)),
        ("acme", &acme, Some(Code::NoRule)),
        ("jamf", &jamf, Some(Code::NoRule)),
        ("acme/../x", &acme, Some(Code::Malformed)),
        ("acme/*", &acme, Some(Code::Malformed)),
    ] {
        let code_of = machine.decide(name, &[signer], day(2)).err().map(|refused| refused.code);
        assert_eq!(code_of, code, "{name}");
    }
    let refused = machine.decide("acme-evil/x", &[&acme], day(2)).unwrap_err();
    assert!(
        refused.help.contains(&format!("presetter trust rule acme-evil/x --key {}", id(&acme))),
        "{}",
        refused.help
    );
    machine.change(&[rule("*", 1, &[&any])], &[&root]);
    assert_eq!(machine.decide("acme-evil/x", &[&acme], day(2)).unwrap_err().code, Code::Threshold);
    assert_eq!(machine.decide("acme/okta", &[&any], day(2)).unwrap_err().code, Code::Threshold, "* adds nobody");
    machine.decide("acme-evil/x", &[&any], day(2)).unwrap();
}

#[test]
fn a_key_counts_from_its_first_moment_until_before_its_last() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    let dated = NewKey { not_before: day(10), not_after: day(100), ..new_key(&a, "A") };
    machine.change(&[Change::AddKey(dated), rule("*", 1, &[&a])], &[&root]);
    let second = jiff::SignedDuration::from_secs(1);
    for (now, why) in [
        (day(10) - second, Some("is valid only from")),
        (day(10), None),
        (day(100) - second, None),
        (day(100), Some("expired at")),
    ] {
        match (machine.decide("jamf", &[&a], now), why) {
            (Ok(_), None) => {}
            (Err(refused), Some(why)) => {
                assert_eq!(refused.code, Code::Threshold, "{now}");
                assert!(refused.message.contains(why), "{refused}");
            }
            other => panic!("{now}: {other:?}"),
        }
    }
}

#[test]
fn a_revoked_key_counts_for_nothing_and_hinders_nothing() {
    let (root, a, b) = (key(), key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A"), add(&b, "B"), rule("acme/*", 1, &[&a, &b])], &[&root]);
    machine.decide("acme/jamf", &[&a], day(2)).unwrap();
    machine.change(&[revoke(&a)], &[&root]);
    let refused = machine.decide("acme/jamf", &[&a], day(2)).unwrap_err();
    assert_eq!(refused.code, Code::RevokedKey);
    assert!(refused.message.contains("its laptop was stolen"), "{refused}");
    assert!(refused.help.contains("presetter upgrade acme/jamf"), "{}", refused.help);
    // Who stole the key can add its signature to any copy, and must not be able to have it refused by that.
    let decision = machine.decide("acme/jamf", &[&a, &b], day(2)).unwrap();
    assert_eq!(decision.signers, [id(&b)]);
}

#[test]
fn a_revoked_bundle_is_refused_whoever_signed_it() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A"), rule("*", 1, &[&a])], &[&root]);
    let bad = Digest::of(b"a bundle");
    machine.change(&[Change::RevokeDigest { digest: bad, reason: "it leaks".into() }], &[&root]);
    let trust = machine.trust();
    let (version, signers): (_, Vec<KeyId>) = (Version::new(1, 0, 0), vec![id(&a)]);
    let candidate =
        Candidate { name: "jamf", version: &version, digest: bad, signers: &signers, rollback_to: Some(bad) };
    let refused = trust.decide(&candidate, day(2)).unwrap_err();
    assert_eq!((refused.code, refused.message.as_str()), (Code::RevokedDigest, "jamf 1.0.0 is revoked: it leaks"));
    let other = Candidate { digest: Digest::of(b"another"), ..candidate };
    trust.decide(&other, day(2)).unwrap();
}

#[test]
fn an_expired_store_trusts_nothing_and_one_that_soon_does_warns_every_time() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    let lasting = NewKey { not_after: day(2 * END), ..new_key(&a, "A") };
    machine.change(&[Change::AddKey(lasting), rule("*", 1, &[&a])], &[&root]);
    let second = jiff::SignedDuration::from_secs(1);
    let codes = |now| {
        let decision = machine.decide("jamf", &[&a], now).unwrap();
        decision.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(day(END - 30) - second), [""; 0]);
    assert_eq!(codes(day(END - 30)), ["store-expires"]);
    assert_eq!(codes(day(END) - second), ["store-expires"]);
    let refused = machine.decide("jamf", &[&a], day(END)).unwrap_err();
    assert_eq!(refused.code, Code::Expired);
    assert!(refused.help.contains("presetter trust renew"), "{}", refused.help);
    let found = machine.trust().check(day(END));
    assert!(found.iter().any(|f| f.code == "store-expired" && f.level == Level::Error), "{found:?}");
}

#[test]
fn check_tells_what_is_amiss() {
    let (root, a, b, c) = (key(), key(), key(), key());
    let machine = Machine::new(&[&root], 1);
    let early = NewKey { not_after: day(40), ..new_key(&a, "A") };
    machine.change(&[Change::AddKey(early), add(&b, "B"), add(&c, "C")], &[&root]);
    machine.change(&[rule("acme/*", 2, &[&a, &b])], &[&root]);
    let codes = |now| machine.trust().check(now).iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes(day(2)), ["root-no-spare", "key-unused"]);
    assert_eq!(codes(day(20)), ["root-no-spare", "rule-unreachable-soon", "key-expires", "key-unused"]);
    assert_eq!(codes(day(40)), ["root-no-spare", "rule-unreachable", "key-expired", "key-unused"]);
    machine.change(&[revoke(&b), revoke(&c)], &[&root]);
    assert_eq!(codes(day(2)), ["root-no-spare", "rule-unreachable", "key-revoked-in-rule"]);
    let info = machine.trust();
    let info = info.explain(id(&b), day(2)).unwrap();
    assert_eq!((info.uses, info.reason), (vec!["rule acme/*".to_owned()], Some("its laptop was stolen")));
}

/// The whole way: a signature on a bundle is checked with the store's keys, and its key is counted.
#[test]
fn signatures_on_bundles_are_checked_with_the_keys_of_the_store() {
    let (root, a, stranger) = (key(), key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A"), rule("*", 1, &[&a]), revoke(&stranger)], &[&root]);
    let trust = machine.trust();
    let manifest = Digest::of(b"a bundle");
    let verdict = |key| {
        let signature = presetter_package::sign(manifest, key);
        presetter_package::check_signature(&signature, manifest, &trust).unwrap()
    };
    assert_eq!(verdict(&a), presetter_package::Verdict::Valid(id(&a)));
    assert!(!matches!(verdict(&stranger), presetter_package::Verdict::Valid(_)));
    machine.decide("jamf", &[&a], day(2)).unwrap();
}
