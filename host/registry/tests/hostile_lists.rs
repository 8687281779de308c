//! Signatures and lists that are wrong, or without end: what whoever may push to a registry can bring about, and what a
//! registry that lies can.
#![allow(clippy::unwrap_used, reason = "a panic is a failed test")]

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::*;
use presetter_package::{
    Digest,
    media::{MANIFEST, SIGNATURE},
};
use presetter_registry::{Error, Options};
use serde_json::{Value, json};

/// A bundle with one good signature, and a list of referrers that is what `entries` makes of the good entry.
fn listed(referrers: bool, entries: impl Fn(&mut State, Digest, Value) -> Vec<Value>) -> (Arc<World>, Digest) {
    let world = World::open();
    let mut state = world.state();
    state.referrers = referrers;
    let subject = state.put_manifest("1.0.0", &manifest("a"));
    state.put_blob(&"good".into());
    let good = carrier(subject, b"good");
    let digest = state.put_manifest("", &good);
    let entry = json!({"mediaType": MANIFEST, "digest": digest.to_string(), "size": good.len(),
        "artifactType": SIGNATURE});
    let list: Bytes = json!({"schemaVersion": 2, "manifests": entries(&mut state, subject, entry)}).to_string().into();
    drop(state);
    world.instead(move |_, request| {
        let path = request.url.path();
        if path.contains("/referrers/") && !referrers {
            return Some(Ok(response(404, &[], "404 page not found")));
        }
        (path.contains("/referrers/") || path.contains("/manifests/sha256-"))
            .then(|| Ok(response(200, &[], list.clone())))
    });
    (world, subject)
}

#[tokio::test]
async fn malformed_signatures_are_passed_over_and_counted() {
    let wrong = |state: &mut State, subject: Digest, good: Value| -> Vec<Value> {
        let carried = |state: &mut State, carrier: Bytes| {
            let digest = state.put_manifest("", &carrier);
            let mut entry = good.clone();
            entry["digest"] = json!(digest.to_string());
            entry["size"] = json!(carrier.len());
            entry
        };
        let with = |key: &str, value: Value| {
            let mut entry = good.clone();
            entry[key] = value;
            entry
        };
        let text = String::from_utf8(carrier(subject, b"good").to_vec()).unwrap();
        let other = Digest::of(b"other").to_string();
        let edit = |from: &str, to: &str| -> Bytes {
            assert!(text.contains(from), "{from}");
            text.replace(from, to).into()
        };
        let good_digest = Digest::of(b"good").to_string();
        let mut entries = vec![
            json!(7),
            json!({}),
            with("digest", json!("sha256:../../x")),
            with("digest", json!(other)),
            with("size", json!(1)),
            with("size", json!(0)),
            with("size", json!(-1)),
            with("size", json!(u64::MAX)),
            with("mediaType", json!("application/vnd.oci.image.index.v1+json")),
        ];
        // Entries with the digest of the good one count as one with it: give each its own.
        for (at, entry) in entries.iter_mut().enumerate().skip(4) {
            let own = state.put_manifest("", &format!("{text}{}", " ".repeat(at)).into());
            entry["digest"] = json!(own.to_string());
            if at == 8 {
                entry["size"] = json!(text.len() + at);
            }
        }
        for carrier in [
            edit("\"subject\"", "\"object\""),
            edit(&subject.to_string(), &other),
            edit(&good_digest, &other),
            edit("\"size\":4", "\"size\":3"),
            edit("\"size\":4", "\"size\":5"),
            edit("\"size\":4", "\"size\":9999999999"),
            edit("\"layers\":[", "\"layers\":[7,"),
            edit("\"layers\":[", &format!("\"layers\":[{{\"digest\":\"{other}\",\"size\":1}},")),
            "not JSON".into(),
            "[".repeat(60_000).into(),
        ] {
            entries.push(carried(state, carrier));
        }
        // Another kind of thing is no malformed signature.
        entries.push(with("artifactType", json!("application/vnd.example.sbom")));
        entries.push(json!({"mediaType": "x", "digest": "sha512:abc", "size": 5}));
        entries.push(good.clone());
        entries.push(good.clone());
        entries
    };
    for referrers in [true, false] {
        let (world, subject) = listed(referrers, wrong);
        let registry = world.registry(Options::default());
        let found = reading(&registry).await.signatures(subject).await.unwrap();
        assert_eq!(found.bundles, ["good"]);
        assert_eq!((found.skipped, found.reasons.len(), found.unseen), (19, 3, 0), "{:?}", found.reasons);
    }
}

#[tokio::test]
async fn of_ten_thousand_signatures_so_many_are_looked_at() {
    for (right, used, requests) in [(false, 0, 65), (true, 16, 33)] {
        let (world, subject) = listed(true, |state, subject, _| {
            let entry = |at: usize, state: &mut State| {
                let signature = Bytes::from(format!("signature {at}"));
                if right {
                    state.put_blob(&signature);
                }
                let carrier = carrier(subject, &signature);
                let digest = if right { state.put_manifest("", &carrier) } else { Digest::of(&carrier) };
                json!({"mediaType": MANIFEST, "digest": digest.to_string(), "size": carrier.len(),
                    "artifactType": SIGNATURE})
            };
            (0..10_000).map(|at| entry(at, state)).collect()
        });
        let registry = world.registry(Options::default());
        let found = reading(&registry).await.signatures(subject).await.unwrap();
        assert_eq!(found.bundles.len(), used);
        assert_eq!(found.skipped, if right { 0 } else { 64 });
        assert_eq!(found.unseen, 10_000 - if right { 16 } else { 64 });
        assert_eq!(world.log().len(), requests);
    }
}

#[tokio::test]
async fn lists_without_end_or_that_lead_astray_are_refused() {
    for (link, words) in [
        ("</v2/acme/other/tags/list>; rel=next", "another list's"),
        ("<https://evil.example/v2/acme/jamf/tags/list>; rel=next", "another list's"),
        ("<?n=1000>; rel=next", "read already"),
    ] {
        let world = World::open();
        world.state().put_manifest("1.0.0", &manifest("a"));
        world.after(move |_, response| set(response, "link", link));
        let registry = world.registry(Options::default());
        let told = told(reading(&registry).await.versions().await);
        assert!(told.contains(words), "{told}");
    }
    // Pages without end.
    let world = World::open();
    world.state().put_manifest("1.0.0", &manifest("a"));
    let mut page = 0;
    world.instead(move |_, request| {
        page += 1;
        let link = format!("<{}?page={page}>; rel=next", request.url.path());
        let tags: Vec<String> = (0..100).map(|at| format!("{page}.{at}.0")).collect();
        let body = json!({"name": "x", "tags": tags, "manifests": []}).to_string();
        Some(Ok(response(200, &[("link", &link)], body)))
    });
    let registry = world.registry(Options::default());
    let versions = reading(&registry).await.versions().await.unwrap();
    assert!(versions.more && versions.versions.len() == 1600);
    assert_eq!(world.log().len(), 16);
    world.forget();
    let found = reading(&registry).await.signatures(Digest::of(b"x")).await.unwrap();
    assert_eq!((found.unseen, world.log().len()), (1, 16));
    // Tags without end on one page, and what cannot be a tag.
    let tags: Vec<String> = (0..20_000).map(|at| format!("1.{at}.0")).chain(["../x".into(), "a b".into()]).collect();
    let body = json!({"tags": tags}).to_string();
    world.instead(move |_, _| Some(Ok(response(200, &[], body.clone()))));
    let versions = reading(&registry).await.versions().await.unwrap();
    assert!(versions.more && versions.versions.len() == 10_000 && versions.others.is_empty());
    for body in ["7", "{\"tags\":7}", "{\"tags\":[7]}", "<html>", ""] {
        world.instead(move |_, _| Some(Ok(response(200, &[], body))));
        assert!(matches!(reading(&registry).await.versions().await, Err(Error::Untrue { .. })), "{body}");
    }
}
