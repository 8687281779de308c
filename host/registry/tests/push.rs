//! Writing to an honest registry: blobs in pieces, what broke, tags, signatures with and without referrers.
#![allow(clippy::unwrap_used, reason = "a panic is a failed test")]

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::*;
use presetter_package::{Digest, Pointer, media::SIGNATURE};
use presetter_registry::{Error, Options, Tagging, Target};
use serde_json::{Value, json};

fn tag(name: &str) -> Target {
    Target::Tag(name.parse().unwrap())
}

fn methods(world: &World) -> String {
    world.log().iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn blobs_are_sent_whole_or_in_pieces_and_only_once() {
    for (length, calls) in [
        (0, "HEAD POST PUT"),
        (10, "HEAD POST PUT"),
        (11, "HEAD POST PATCH PATCH PUT"),
        (30, "HEAD POST PATCH PATCH PATCH PUT"),
    ] {
        let world = World::open();
        let registry = world.registry(pieces(10));
        let blob = bytes(length);
        let mut steps = Vec::new();
        let mut progress = |done, total| steps.push((done, total));
        assert!(writing(&registry).await.push_blob(&blob, &mut progress).await.unwrap());
        assert!(steps.is_sorted() && steps.last() == Some(&(length as u64, length as u64)), "{steps:?}");
        assert_eq!(methods(&world), calls);
        assert_eq!(world.state().blobs[&Digest::of(&blob)], blob);
        world.forget();
        assert!(!writing(&registry).await.push_blob(&blob, &mut nothing).await.unwrap());
        assert_eq!(methods(&world), "HEAD");
    }
}

#[tokio::test]
async fn a_registry_may_ask_for_larger_pieces_within_reason() {
    let world = World::open();
    let registry = world.registry(pieces(10));
    world.after(|request, response| {
        if request.method == "POST" {
            set(response, "oci-chunk-min-length", "20");
        }
    });
    writing(&registry).await.push_blob(&bytes(35), &mut nothing).await.unwrap();
    assert_eq!(methods(&world), "HEAD POST PATCH PATCH PUT");
    world.after(|_, response| set(response, "oci-chunk-min-length", "99999999999"));
    let told = told(writing(&registry).await.push_blob(&bytes(36), &mut nothing).await);
    assert!(told.contains("least piece"), "{told}");
}

#[tokio::test]
async fn a_piece_that_broke_is_taken_up_where_it_stopped() {
    // How much of the second piece arrived, and what came back for it.
    for (arrived, status) in [(0, 0), (4, 0), (10, 0), (4, 500), (10, 416), (0, 503)] {
        let world = World::open();
        let registry = world.registry(pieces(10));
        let blob = bytes(35);
        let mut pieces = 0;
        world.instead(move |state, request| {
            pieces += usize::from(request.method == "PATCH");
            if pieces != 2 || request.method != "PATCH" {
                return None;
            }
            state.half(request, arrived);
            Some(if status == 0 { Err(broken()) } else { Ok(response(status, &[], "")) })
        });
        writing(&registry).await.push_blob(&blob, &mut nothing).await.unwrap();
        assert_eq!(world.state().blobs[&Digest::of(&blob)], blob, "{arrived} {status}");
        assert_eq!(methods(&world).matches("POST").count(), 1);
        assert_eq!(methods(&world).matches("GET").count(), 1);
    }
}

#[tokio::test]
async fn an_upload_that_breaks_again_and_again_is_given_up() {
    let world = World::open();
    let registry = world.registry(pieces(10));
    world.instead(|_, request| (request.method == "PATCH").then(|| Err(broken())));
    let told = told(writing(&registry).await.push_blob(&bytes(35), &mut nothing).await);
    assert!(told.contains("connection broke"), "{told}");
    assert!(world.log().len() < 20);
}

#[tokio::test]
async fn a_last_answer_that_was_lost_is_looked_for() {
    let world = World::open();
    let registry = world.registry(Options::default());
    let blob = bytes(5);
    let arrived = blob.clone();
    world.instead(move |state, request| {
        (request.method == "PUT").then(|| {
            state.put_blob(&arrived);
            Err(broken())
        })
    });
    assert!(writing(&registry).await.push_blob(&blob, &mut nothing).await.unwrap());
    assert_eq!(methods(&world), "HEAD POST PUT HEAD");
}

#[tokio::test]
async fn a_tag_is_moved_only_on_somebodys_word() {
    let world = World::open();
    let registry = world.registry(Options::default());
    let repository = writing(&registry).await;
    let (a, b) = (manifest("a"), manifest("b"));
    repository.push_manifest(&tag("1.0.0"), &a, Tagging::New).await.unwrap();
    repository.push_manifest(&tag("1.0.0"), &a, Tagging::New).await.unwrap();
    let told = told(repository.push_manifest(&tag("1.0.0"), &b, Tagging::New).await);
    assert!(told.contains(&format!("has the tag 1.0.0 already, for another content: {}", Digest::of(&a))), "{told}");
    assert_eq!(world.state().tags["1.0.0"], Digest::of(&a));
    repository.push_manifest(&tag("1.0.0"), &b, Tagging::Move).await.unwrap();
    assert_eq!(world.state().tags["1.0.0"], Digest::of(&b));
    repository.push_manifest(&Target::Digest(Digest::of(&a)), &a, Tagging::New).await.unwrap();
}

/// A registry with a bundle, and its digest.
fn with_bundle(referrers: bool, etags: bool) -> (Arc<World>, Digest) {
    let world = World::open();
    let subject = world.state().put_manifest("1.0.0", &manifest("a"));
    world.state().referrers = referrers;
    world.state().etags = etags;
    (world, subject)
}

#[tokio::test]
async fn signatures_are_put_beside_and_found_again() {
    for (referrers, etags) in [(true, true), (false, true), (false, false)] {
        let (world, subject) = with_bundle(referrers, etags);
        let registry = world.registry(Options::default());
        let repository = writing(&registry).await;
        assert_eq!(repository.signatures(subject).await.unwrap(), presetter_registry::Signatures::default());
        for signature in ["one", "two", "one"] {
            repository.attach(Pointer::to(&manifest("a")), &Bytes::from(signature)).await.unwrap();
        }
        let found = repository.signatures(subject).await.unwrap();
        let mut bundles = found.bundles.clone();
        bundles.sort();
        assert_eq!(bundles, ["one", "two"]);
        assert_eq!((found.skipped, found.unseen), (0, 0));
        let fallback = format!("sha256-{}", subject.hex());
        assert_eq!(world.state().tags.contains_key(&fallback), !referrers);
    }
}

#[tokio::test]
async fn entries_of_others_stay_also_when_they_write_at_the_same_time() {
    for etags in [true, false] {
        let (world, subject) = with_bundle(false, etags);
        let registry = world.registry(Options::default());
        let fallback = format!("sha256-{}", subject.hex());
        let other = |n: usize| json!({"mediaType": "x", "digest": format!("sha512:{n}"), "size": 1, "note": [n]});
        let list = |entries: &[Value]| -> Bytes {
            json!({"schemaVersion": 2, "manifests": entries, "more": 1}).to_string().into()
        };
        let put = {
            let fallback = fallback.clone();
            move |state: &mut State, entries: &[Value]| {
                let (name, bytes) = (fallback.clone(), list(entries));
                let digest = Digest::of(&bytes);
                state.manifests.insert(digest, ("application/vnd.oci.image.index.v1+json".to_owned(), bytes));
                state.tags.insert(name, digest);
            }
        };
        put(&mut world.state(), &[other(0)]);
        let (mut writes, tag) = (0, fallback.clone());
        world.instead(move |state, request| {
            if request.method == "PUT" && request.url.path().ends_with(&tag) {
                writes += 1;
                if writes == 1 {
                    // Right before ours arrives; without ETag right after, so that ours is lost.
                    put(state, &[other(0), other(1)]);
                    return (!etags).then(|| Ok(response(201, &[], "")));
                }
            }
            None
        });
        writing(&registry).await.attach(Pointer::to(&manifest("a")), &"s".into()).await.unwrap();
        let state = world.state();
        let list: Value = serde_json::from_slice(&state.manifests[&state.tags[&fallback]].1).unwrap();
        let entries = list["manifests"].as_array().unwrap();
        assert_eq!(entries[..2], [other(0), other(1)]);
        assert!(entries.len() == 3 && entries[2]["artifactType"] == SIGNATURE && list["more"] == 1);
    }
}

#[tokio::test]
async fn a_list_that_is_always_changed_by_others_is_given_up() {
    let (world, _) = with_bundle(false, true);
    let registry = world.registry(Options::default());
    world.instead(|_, request| {
        let list = request.url.path().contains("/manifests/sha256-");
        (request.method == "PUT" && list).then(|| Ok(response(412, &[], "")))
    });
    let attached = writing(&registry).await.attach(Pointer::to(&manifest("a")), &"s".into()).await;
    assert!(matches!(attached, Err(Error::Contended { .. })));
    assert!(world.log().len() < 25);
}
