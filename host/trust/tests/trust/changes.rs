//! Changes: what they make, whose signatures they need, and which cannot be made.

use presetter_package::Digest;
use presetter_trust::{Change, Code, NewKey, Proposal, Root, Status};

use crate::world::{END, Machine, add, day, first, id, key, new_key, pattern, revoke, rule};

#[test]
fn every_change_is_one_version_more_and_says_what_is_new() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    assert_eq!(machine.trust().version().version, 1);
    let applied = machine.change(&[add(&a, "Ada \"the\" \\ Ünal"), rule("acme/*", 1, &[&a])], &[&root]);
    assert_eq!((applied.from, applied.to), (Some(1), 2));
    let (told, ada) = (applied.changes.join("\n"), id(&a));
    assert!(told.contains(&format!("key {ada} is added, of Ada \"the\" \\ Ünal")), "{told}");
    assert!(told.contains(&format!("bundles acme/* must be signed by 1 of 1: Ada \"the\" \\ Ünal ({ada})")), "{told}");
    let applied = machine.change(&[Change::RemoveRule(pattern("acme/*")), revoke(&a)], &[&root]);
    assert_eq!(applied.to, 3);
    assert_eq!(machine.trust().document().key(ada).unwrap().status, Status::Revoked);
    assert_eq!(machine.trust().document().rules, []);
    let applied = machine.change(&[Change::Extend(day(END + 1))], &[&root]);
    assert_eq!(applied.changes, [format!("it expires at {}", day(END + 1))]);
}

#[test]
fn what_cannot_be_is_refused_with_advice() {
    let (root, a, b) = (key(), key(), key());
    let machine = Machine::new(&[&root], 1);
    machine.change(&[add(&a, "A"), rule("acme/*", 1, &[&a])], &[&root]);
    let empty_time = NewKey { not_before: day(5), not_after: day(5), ..new_key(&b, "B") };
    let expiry = |day_| Change::Extend(day(day_));
    let reason = |reason: &str| Change::RevokeDigest { digest: Digest::of(b""), reason: reason.into() };
    let set_root = |threshold, keys: &[&presetter_package::PrivateKey]| {
        Change::SetRoot(Root { threshold, keys: keys.iter().map(|key| id(key)).collect() })
    };
    for (changes, why) in [
        (vec![], "this changes nothing"),
        (vec![add(&a, "A")], "this changes nothing"),
        (vec![rule("*", 0, &[&a])], "the threshold of this rule is 0"),
        (vec![rule("*", 2, &[&a])], "is 2, and it has 1 distinct, known keys"),
        (vec![rule("*", 2, &[&a, &a])], "counts once"),
        (vec![rule("*", 1, &[&b])], "no [[key]] defines this key"),
        (vec![revoke(&a), rule("acme/*", 1, &[&a])], "is revoked and cannot sign"),
        (vec![revoke(&a), add(&a, "A")], "is revoked (its laptop was stolen)"),
        (vec![revoke(&b), add(&b, "B")], "is revoked (its laptop was stolen)"),
        (vec![revoke(&root)], "a key of the root is revoked"),
        (vec![set_root(0, &[&root])], "the threshold of the root is 0"),
        (vec![set_root(2, &[&root])], "is 2, and it has 1"),
        (vec![set_root(2, &[&root, &root])], "counts once"),
        (vec![set_root(1, &[&b])], "no [[key]] defines this key"),
        (vec![Change::RemoveRule(pattern("*"))], "there is no rule for *"),
        (vec![Change::AddKey(empty_time)], "would never be valid"),
        (vec![add(&b, "")], "an owner is a text"),
        (vec![add(&b, "evil\u{1b}[2J")], "without control characters"),
        (vec![add(&b, "evil\nstatus = \"active\"")], "without control characters"),
        (vec![add(&b, "a\u{202e}b")], "without control characters"),
        (vec![reason(&"x".repeat(201))], "up to 200 bytes"),
        (vec![expiry(1)], "which is later"),
    ] {
        let refused = Proposal::next(&machine.trust(), &changes, day(1)).unwrap_err();
        assert_eq!(refused.code, Code::BadChange, "{refused}");
        assert!(refused.message.contains(why), "{why}: {refused}");
        assert!(!refused.help.is_empty(), "{refused}");
    }
}

#[test]
fn a_root_changes_only_with_both_roots() {
    let (old_1, old_2, old_3, new_1, new_2) = (key(), key(), key(), key(), key());
    let start = Machine::new(&[&old_1, &old_2, &old_3], 2);
    let root = Root { threshold: 2, keys: vec![id(&new_1), id(&new_2)] };
    let changes = [add(&new_1, "N1"), add(&new_2, "N2"), Change::SetRoot(root)];
    for (signers, fine) in [
        (&[&old_1, &old_2, &new_1, &new_2][..], true),
        (&[&old_3, &old_2, &new_1, &new_2], true),
        (&[&old_1, &old_2], false),
        (&[&new_1, &new_2], false),
        (&[&old_1, &new_1, &new_2], false),
        (&[&old_1, &old_2, &new_1], false),
        (&[&old_1, &old_1, &new_1, &new_2], false),
        (&[], false),
    ] {
        let machine = start.copy();
        let proposal = machine.propose(&changes, signers);
        assert_eq!(proposal.needs().unwrap().met(), fine);
        let before = machine.files();
        match machine.store.apply(&proposal, None, day(1)) {
            Ok(_) => assert!(fine),
            Err(refused) => {
                assert!(!fine, "{refused}");
                assert_eq!(refused.code, Code::RootThreshold);
                assert_eq!(machine.files(), before);
            }
        }
    }
    // From then on the new root alone decides, and an old key may be revoked.
    let machine = start.copy();
    machine.change(&changes, &[&old_1, &old_2, &new_1, &new_2]);
    machine.change(&[revoke(&old_1)], &[&new_1, &new_2]);
    let mut by_old = Proposal::next(&machine.trust(), &[Change::Extend(day(500))], day(1)).unwrap();
    assert_eq!(by_old.sign(&old_2).unwrap_err().code, Code::BadChange);
}

#[test]
fn a_proposal_travels_from_signer_to_signer() {
    let (one, two, three) = (key(), key(), key());
    let machine = Machine::new(&[&one, &two, &three], 2);
    let mut mine = machine.propose(&[Change::Extend(day(400))], &[&one]);
    let needs = mine.needs().unwrap();
    assert_eq!((needs.met(), needs.new.signed, needs.new.others.len()), (false, vec![id(&one)], 2));
    assert_eq!(machine.refuses(&mine.to_json(), &[], day(1)).code, Code::RootThreshold);
    let mut theirs = Proposal::read("p.json", &mine.to_json()).unwrap();
    assert_eq!(theirs.document().difference(Some(machine.trust().document())), [format!("it expires at {}", day(400))]);
    theirs.sign(&two).unwrap();
    theirs.sign(&two).unwrap();
    assert_eq!(theirs.sign(&key()).unwrap_err().code, Code::BadChange);
    assert!(theirs.needs().unwrap().met());
    mine.merge(&theirs).unwrap();
    assert_eq!(mine.to_json(), theirs.to_json());
    let other = machine.propose(&[Change::Extend(day(401))], &[&three]);
    assert_eq!(mine.merge(&other).unwrap_err().code, Code::BadChange);
    let applied = machine.store.import("p.json", &theirs.to_json(), None, day(1)).unwrap();
    assert_eq!((applied.from, applied.to), (Some(1), 2));
    // The other one came too late.
    let mut late = other;
    late.sign(&two).unwrap();
    assert_eq!(machine.refuses(&late.to_json(), &[], day(1)).code, Code::Fork);
}

#[test]
fn an_expired_store_can_be_renewed_but_nothing_else() {
    let root = key();
    let machine = Machine::new(&[&root], 1);
    let late = day(END + 10);
    let refused = Proposal::next(&machine.trust(), &[add(&key(), "A")], late).unwrap_err();
    assert!(refused.code == Code::BadChange && refused.help.contains("renew"), "{refused:?}");
    let mut proposal = Proposal::next(&machine.trust(), &[Change::Extend(day(2 * END))], late).unwrap();
    proposal.sign(&root).unwrap();
    machine.store.apply(&proposal, None, late).unwrap();
    assert!(Proposal::first(&[new_key(&root, "R")], 1, day(END), late).is_err());
}

#[test]
fn a_store_is_not_begun_twice() {
    let (root, other) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    let mut again = first(&[&other], 1);
    again.sign(&other).unwrap();
    assert_eq!(machine.refuses(&again.to_json(), &[id(&other)], day(1)).code, Code::Fork);
}
