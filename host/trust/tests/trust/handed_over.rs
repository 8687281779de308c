//! Files that are handed over: what follows, what does not, and what somebody made up.

use presetter_trust::{Change, Code, Proposal, Root};
use serde_json::{Value, json};

use crate::world::{self, END, Machine, add, by_hand, bytes, day, first, id, key, revoke, rule, signature};

#[test]
fn a_store_goes_from_one_machine_to_another() {
    let (root, a) = (key(), key());
    let here = Machine::new(&[&root], 1);
    let there = here.copy();
    here.change(&[add(&a, "A")], &[&root]);
    here.change(&[rule("*", 1, &[&a])], &[&root]);
    here.change(&[revoke(&a)], &[&root]);
    let exported = here.store.export().unwrap().to_json();
    let applied = there.store.import("e.json", &exported, None, day(2)).unwrap();
    assert_eq!((applied.from, applied.to), (Some(1), 4));
    assert_eq!(there.files(), here.files());
    let again = there.store.import("e.json", &exported, None, day(2)).unwrap();
    assert_eq!((again.from, again.to, again.changes.len()), (Some(4), 4, 0));

    let fresh = Machine::empty();
    assert_eq!(fresh.store.current().unwrap_err().code, Code::NoStore);
    assert_eq!(
        fresh.refuses(&exported, &[], day(2)).code,
        Code::UnexpectedRoot,
        "nothing is trusted because it comes first"
    );
    assert_eq!(fresh.refuses(&exported, &[id(&a)], day(2)).code, Code::UnexpectedRoot);
    assert_eq!(fresh.refuses(&exported, &[id(&root), id(&a)], day(2)).code, Code::UnexpectedRoot);
    fresh.store.import("e.json", &exported, Some(&world::root(1, &[id(&root)])), day(2)).unwrap();
    assert_eq!(fresh.files(), here.files());
}

/// Who has one of two root keys cannot make a store that names both and asks for one, nor one of that key alone.
#[test]
fn the_root_must_be_the_whole_root_that_was_named() {
    let (good, stolen) = (key(), key());
    let (both, fresh) = ([id(&good), id(&stolen)], Machine::empty());
    for (roots, threshold) in [(vec![&good, &stolen], 1), (vec![&stolen], 1)] {
        let mut forged = first(&roots, threshold);
        forged.sign(&stolen).unwrap();
        let refused = fresh.refuses(&forged.to_json(), &both, day(1));
        assert_eq!(refused.code, Code::UnexpectedRoot);
        let (_, named) = refused.message.split_once("you named, which is 2 of 2: ").unwrap();
        assert!(both.iter().all(|id| named.contains(&id.to_string())), "{refused}");
    }
}

/// Two of three have signed, as their root asks: the third need not be there.
#[test]
fn a_root_is_named_with_its_threshold() {
    let keys = [key(), key(), key()];
    let [a, b, c] = &keys;
    let mut proposal = first(&[a, b, c], 2);
    [a, b].iter().for_each(|key| proposal.sign(key).unwrap());
    let all = keys.each_ref().map(id);
    let fresh = Machine::empty();
    assert_eq!(fresh.refuses(&proposal.to_json(), &all, day(1)).code, Code::UnexpectedRoot, "three of three");
    assert_eq!(fresh.refuses(&proposal.to_json(), &all[..2], day(1)).code, Code::UnexpectedRoot, "two of two");
    let reversed: Vec<_> = all.iter().rev().copied().collect();
    assert_eq!(fresh.store.import("e", &proposal.to_json(), Some(&world::root(2, &reversed)), day(1)).unwrap().to, 1);
}

/// CVE-2025-2885: a root version is never skipped, so that a stolen old root cannot jump over its own replacement.
#[test]
fn versions_are_not_skipped() {
    let (old, new) = (key(), key());
    let here = Machine::new(&[&old], 1);
    let there = here.copy();
    let root = Root { threshold: 1, keys: vec![id(&new)] };
    here.change(&[add(&new, "N"), Change::SetRoot(root)], &[&old, &new]);
    let second = here.trust().text().to_owned();
    here.change(&[Change::Extend(day(400))], &[&new]);
    let third = here.trust().text().to_owned();
    let keys = [&old, &new];
    let alone = bytes(&by_hand(&[(&third, &[&new])], &keys));
    assert_eq!(there.refuses(&alone, &[], day(1)).code, Code::Gap);
    let signed_by_old = bytes(&by_hand(&[(&third, &[&old, &new])], &keys));
    assert_eq!(there.refuses(&signed_by_old, &[], day(1)).code, Code::Gap);
    let first = there.trust().text().to_owned();
    let with_a_hole = bytes(&by_hand(&[(&first, &[&old]), (&third, &[&old, &new])], &keys));
    assert_eq!(there.refuses(&with_a_hole, &[], day(1)).code, Code::Gap);
    let whole = bytes(&by_hand(&[(&second, &[&old, &new]), (&third, &[&new])], &keys));
    assert_eq!(there.store.import("w.json", &whole, None, day(1)).unwrap().to, 3);
}

#[test]
fn older_and_other_stores_are_refused() {
    let root = key();
    let here = Machine::new(&[&root], 1);
    let old = here.store.export().unwrap().to_json();
    let fork = here.copy();
    here.change(&[Change::Extend(day(400))], &[&root]);
    fork.change(&[Change::Extend(day(500))], &[&root]);
    assert_eq!(here.refuses(&old, &[], day(1)).code, Code::OldStore);
    assert_eq!(here.refuses(&fork.store.export().unwrap().to_json(), &[], day(1)).code, Code::Fork);
    fork.change(&[Change::Extend(day(501))], &[&root]);
    assert_eq!(here.refuses(&fork.store.export().unwrap().to_json(), &[], day(1)).code, Code::Fork, "a newer one too");
    let third = fork.trust().text().to_owned();
    let jump = bytes(&by_hand(&[(&third, &[&root])], &[&root]));
    here.store.import("j.json", &jump, None, day(1)).unwrap();
    assert_eq!(here.trust().document().version, 3, "the root has signed that it follows version 2, and there is one");
}

/// A frozen store: what has expired is not taken, though it follows.
#[test]
fn an_expired_store_is_not_taken() {
    let root = key();
    let here = Machine::new(&[&root], 1);
    let there = here.copy();
    here.change(&[add(&key(), "A")], &[&root]);
    let exported = here.store.export().unwrap().to_json();
    assert_eq!(there.refuses(&exported, &[], day(END)).code, Code::Expired);
    assert_eq!(Machine::empty().refuses(&exported, &[id(&root)], day(END)).code, Code::Expired);
    there.store.import("e.json", &exported, None, day(END - 1)).unwrap();
}

/// The root itself cannot be made to sign what breaks the rules: CVE-2026-23992 and others.
#[test]
fn a_signed_text_keeps_the_rules_too() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    let proposal = machine.propose(&[add(&a, "A"), rule("acme/*", 1, &[&a]), revoke(&key())], &[&root]);
    let text = proposal.text();
    let signed = |text: &str| bytes(&by_hand(&[(text, &[&root])], &[&root, &a]));
    let root_id = id(&root).to_string();
    let a_pub = format!("keys/{}.pub", id(&a).digest().hex());
    let rule_at = text.find("[[rule]]").unwrap();
    let (head, rules) = text.split_at(rule_at);
    let in_rules = |from: &str, to: &str| format!("{head}{}", rules.replacen(from, to, 1));
    for (changed, code) in [
        (text.replacen("threshold = 1", "threshold = 0", 1), Code::Malformed),
        (in_rules("threshold = 1", "threshold = 0"), Code::Malformed),
        (in_rules("threshold = 1", "threshold = 2"), Code::Malformed),
        (in_rules("threshold = 1", "threshold = -1"), Code::Malformed),
        (text.replacen("threshold = 1", "threshold = 1\nthreshold = 1", 1), Code::Malformed),
        (text.replacen("version = 2", "version = 2\nsurprise = 1", 1), Code::Malformed),
        (text.replacen(&a_pub, "../../../etc/passwd", 1), Code::Malformed),
        (text.replacen("acme/*", "acme*", 1), Code::Malformed),
        (text.replacen(&root_id, &root_id.to_uppercase(), 1), Code::Malformed),
        (text.replacen("status = \"active\"", "status = \"revoked\"", 1), Code::Malformed),
        (text.replacen("version = 2", "version = 3", 1), Code::Gap),
        (text.replacen("version = 2", "version = 1", 1), Code::Fork),
        (format!("\u{feff}{text}\u{0}"), Code::Malformed),
    ] {
        assert_ne!(changed, text);
        let refused = machine.refuses(&signed(&changed), &[], day(1));
        assert_eq!(refused.code, code, "{refused}\n{changed}");
        if let Some(at) = refused.at {
            assert!(at.render(false).contains("handed.json:"), "{}", at.render(false));
        }
    }
    machine.store.import("p.json", &signed(text), None, day(1)).unwrap();
    // Keys and revocations stay.
    let lost = machine.trust().text().replacen("version = 2", "version = 3", 1);
    let without_denial = &lost[..lost.find("[[deny]]").unwrap()];
    assert_eq!(machine.refuses(&signed(without_denial), &[], day(1)).code, Code::BadChange);
}

#[test]
fn signatures_are_of_the_text_its_type_and_the_key() {
    let (root, stranger) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    let text = machine.propose(&[Change::Extend(day(400))], &[]).text().to_owned();
    let with = |signatures: Value| {
        let mut file = by_hand(&[(&text, &[])], &[&root, &stranger]);
        file["steps"][0]["signatures"] = signatures;
        bytes(&file)
    };
    let good = signature(&text, &root);
    let mut passed_off = signature(&text, &stranger);
    passed_off["keyid"] = good["keyid"].clone();
    let of_other_text = signature(&text.replace("version", "Version"), &root);
    let mut empty = good.clone();
    empty["sig"] = json!("");
    let mut not_encoded = good.clone();
    not_encoded["sig"] = json!(base64(&root.sign(text.as_bytes())));
    let mut trailing = good.clone();
    trailing["sig"] = json!("####");
    for (signatures, code) in [
        (json!([]), Code::RootThreshold),
        (json!([signature(&text, &stranger)]), Code::RootThreshold),
        (json!([passed_off]), Code::BadSignature),
        (json!([good, passed_off]), Code::BadSignature),
        (json!([of_other_text]), Code::BadSignature),
        (json!([empty]), Code::BadSignature),
        (json!([not_encoded]), Code::BadSignature),
        (json!([trailing]), Code::Malformed),
        (json!([{ "keyid": "root", "sig": "" }]), Code::Malformed),
        (json!([{ "keyid": good["keyid"], "sig": good["sig"], "alg": "none" }]), Code::Malformed),
        (json!(vec![good.clone(); 65]), Code::Malformed),
    ] {
        let refused = machine.refuses(&with(signatures.clone()), &[], day(1));
        assert_eq!(refused.code, code, "{signatures}: {refused}");
    }
    machine.store.import("g.json", &with(json!([signature(&text, &stranger), good, good])), None, day(1)).unwrap();
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn the_outer_form_is_strict_and_bounded() {
    let root = key();
    let machine = Machine::new(&[&root], 1);
    let mut good = machine.propose(&[Change::Extend(day(400))], &[&root]).to_json();
    good.retain(|byte| *byte != b'\n');
    let good = String::from_utf8(good).unwrap();
    let longer = format!("{good}{}", " ".repeat(8 << 20));
    for bad in [
        "",
        "{}",
        "[]",
        &good[..good.len() - 1],
        &format!("{good}{good}"),
        &format!("\u{feff}{good}"),
        &good.replacen("trust-store.v1", "trust-store.v2", 1),
        &good.replacen("\"steps\":", "\"steps\":[],\"steps\":", 1),
        &good.replacen("\"steps\":", "\"more\":1,\"steps\":", 1),
        &good.replacen("\"steps\":", &format!("\"\\u001b[1m\\u202e{}\":1,\"steps\":", "x".repeat(4000)), 1),
        &good.replacen("BEGIN PUBLIC", "BEGIN PRIVATE", 1),
        &"[".repeat(1 << 20),
        &longer,
    ] {
        let refused = machine.refuses(bad.as_bytes(), &[], day(1));
        assert_eq!(refused.code, Code::Malformed, "{bad:.80}");
        assert!(refused.message.len() < 500 && !refused.message.contains(presetter_manifest::steers), "{refused}");
        assert_eq!(Proposal::read("p.json", bad.as_bytes()).unwrap_err().code, Code::Malformed);
    }
    machine.store.import("g.json", good.as_bytes(), None, day(1)).unwrap();
}
