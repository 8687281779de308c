//! `trust.toml` for people: how it reads, and how its mistakes are told.

use presetter_trust::{Change, Code};

use crate::world::{Machine, add, by_hand, bytes, day, id, key, revoke, rule};

#[test]
fn it_reads_like_this() {
    let (root, a) = (key(), key());
    let machine = Machine::new(&[&root], 1);
    let digest = presetter_package::Digest::of(b"");
    let deny = Change::RevokeDigest { digest, reason: "it leaks".into() };
    machine.change(&[add(&a, "Ada"), rule("acme/*", 1, &[&a]), revoke(&a), deny], &[&root]);
    let (root, a) = (id(&root), id(&a));
    let expected = format!(
        r#"# Whose signatures presetter trusts. It is signed: change it with `presetter trust`, not by hand.
version = 2
expires = "2031-01-01T00:00:00Z"

[root]
threshold = 1
keys = [
    "{root}",
]

[[key]]
id = "{root}"
file = "keys/{}.pub"
owner = "Root"
not_before = "2030-01-01T00:00:00Z"
not_after = "2031-01-01T00:00:00Z"
status = "active"

[[key]]
id = "{a}"
file = "keys/{}.pub"
owner = "Ada"
not_before = "2030-01-01T00:00:00Z"
not_after = "2031-01-01T00:00:00Z"
status = "revoked"

[[rule]]
match = "acme/*"
threshold = 1
keys = [
    "{a}",
]

[[deny]]
key = "{a}"
reason = "its laptop was stolen"

[[deny]]
digest = "{digest}"
reason = "it leaks"
"#,
        root.digest().hex(),
        a.digest().hex()
    );
    let found = String::from_utf8(std::fs::read(machine.store.path()).unwrap()).unwrap();
    // The rule was made before its key was revoked: it stays, and `check` tells it.
    assert_eq!(found, expected);

    let json = serde_json::to_value(machine.trust().document()).unwrap();
    assert_eq!(json["root"], serde_json::json!({ "threshold": 1, "keys": [root.to_string()] }));
    assert_eq!(json["keys"][1]["not_after"], "2031-01-01T00:00:00Z");
    assert_eq!(json["rules"][0]["match"], "acme/*");
    assert_eq!(json["denied"][0], serde_json::json!({ "key": a.to_string(), "reason": "its laptop was stolen" }));
    let trust = machine.trust();
    let info = serde_json::to_value(trust.explain(a, day(2))).unwrap();
    assert_eq!(
        (&info["owner"], &info["state"], &info["uses"][0]),
        (&"Ada".into(), &"revoked".into(), &"rule acme/*".into())
    );
}

#[test]
fn each_mistake_has_its_place_and_all_are_told() {
    let root = key();
    let machine = Machine::new(&[&root], 1);
    let text = machine.trust().text().to_owned();
    let wrong =
        text.replace("version = 1", "version = 0").replace("2030-01-01T00:00:00Z", "soon").replace("active", "idle");
    let refused = Machine::empty().refuses(&bytes(&by_hand(&[(&wrong, &[&root])], &[&root])), &[id(&root)], day(1));
    assert_eq!(refused.code, Code::Malformed);
    assert!(refused.message.starts_with("handed.json:2:11: a trust store's first version is 1"), "{refused}");
    let all = refused.at.unwrap().render(false);
    for told in ["handed.json:2:11", "handed.json:15:14", "handed.json:17:10", "help: write version = 1"] {
        assert!(all.contains(told), "{told}\n{all}");
    }
}
