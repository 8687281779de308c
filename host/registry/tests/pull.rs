//! Reading from an honest registry: manifests, blobs in pieces, what was broken off, what it has no time for.
#![allow(clippy::unwrap_used, reason = "a panic is a failed test")]

mod common;

use common::*;
use presetter_egress::Response;
use presetter_package::{Digest, Pointer};
use presetter_registry::{Access, Error, Options, Target};

#[tokio::test]
async fn a_tag_is_resolved_to_bytes_and_their_digest() {
    let world = World::open();
    let digest = world.state().put_manifest("1.0.0", &manifest("a"));
    let registry = world.registry(Options::default());
    let resolved = reading(&registry).await.resolve().await.unwrap();
    assert_eq!((resolved.digest, resolved.bytes), (digest, manifest("a")));
    // The digest decides, whatever the tag is now.
    world.state().put_manifest("1.0.0", &manifest("b"));
    let pinned = reference(&format!("{REFERENCE}@{digest}"));
    let resolved = registry.open(&pinned, Access::Read).await.unwrap().resolve().await.unwrap();
    assert_eq!(resolved.bytes, manifest("a"));
    let by_digest = format!("GET /v2/acme/jamf/manifests/{digest}");
    assert_eq!(world.calls(), ["GET /v2/acme/jamf/manifests/1.0.0", by_digest.as_str()]);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let world = World::open();
    let registry = world.registry(Options::default());
    let told = told(reading(&registry).await.resolve().await);
    assert!(
        told.starts_with("the version 1.0.0 of r.example/acme/jamf is not there (it says: MANIFEST_UNKNOWN"),
        "{told}"
    );
    let bare = registry.open(&reference("r.example/acme/jamf"), Access::Read).await.unwrap();
    let told = common::told(bare.resolve().await);
    assert!(told.contains("`presetter versions r.example/acme/jamf`"), "{told}");
}

#[tokio::test]
async fn a_blob_comes_in_pieces_or_whole() {
    for (length, chunk, ranges, requests) in [
        (0, 10, true, 0),
        (1, 10, true, 1),
        (10, 10, true, 1),
        (11, 10, true, 2),
        (95, 10, true, 10),
        (95, 10, false, 1),
    ] {
        let world = World::open();
        let blob = bytes(length);
        world.state().ranges = ranges;
        let digest = world.state().put_blob(&blob);
        let registry = world.registry(pieces(chunk));
        let (mut part, mut steps) = (Vec::new(), Vec::new());
        let wanted = Pointer { digest, size: length as u64 };
        let mut progress = |done, total| steps.push((done, total));
        reading(&registry).await.blob(wanted, &mut part, &mut progress).await.unwrap();
        assert_eq!(part, blob);
        assert_eq!(world.log().len(), requests, "{length} {ranges}");
        assert!(steps.is_sorted() && steps.last() == Some(&(length as u64, length as u64)), "{steps:?}");
    }
}

#[tokio::test]
async fn what_came_before_it_broke_is_not_loaded_again() {
    let world = World::open();
    let blob = bytes(95);
    let wanted = Pointer { digest: world.state().put_blob(&blob), size: 95 };
    let mut left = 4;
    world.instead(move |_, _| {
        left -= 1;
        (left < 0).then(|| Err(broken()))
    });
    let registry = world.registry(pieces(10));
    let repository = reading(&registry).await;
    let mut part = Vec::new();
    let told = told(repository.blob(wanted, &mut part, &mut nothing).await);
    assert!(told.contains("connection broke") && told.contains("not loaded again"), "{told}");
    assert_eq!(part, blob[..40]);
    world.honest();
    world.forget();
    repository.blob(wanted, &mut part, &mut nothing).await.unwrap();
    assert_eq!(part, blob);
    assert_eq!(world.log().len(), 6);
    assert_eq!(world.log()[0].range.as_deref(), Some("bytes=40-49"));
    // All of it is there: nothing is asked for.
    world.forget();
    repository.blob(wanted, &mut part, &mut nothing).await.unwrap();
    assert!(world.log().is_empty());
}

#[tokio::test]
async fn damaged_leftovers_are_dropped_and_all_comes_again() {
    for (leftover, ranges) in [(vec![9; 40], true), (vec![9; 40], false), (vec![9; 95], true), (vec![9; 200], true)] {
        let world = World::open();
        let blob = bytes(95);
        world.state().ranges = ranges;
        let wanted = Pointer { digest: world.state().put_blob(&blob), size: 95 };
        let registry = world.registry(pieces(10));
        let mut part = leftover;
        reading(&registry).await.blob(wanted, &mut part, &mut nothing).await.unwrap();
        assert_eq!(part, blob);
    }
}

#[tokio::test]
async fn a_read_waits_for_a_busy_registry_so_often_and_no_more() {
    let world = World::open();
    world.state().put_manifest("1.0.0", &manifest("a"));
    let registry = world.registry(Options::default());
    let mut left = 3;
    world.instead(move |_, _| {
        left -= 1;
        (left >= 0).then(|| Ok(response(503, &[("retry-after", "7")], "")))
    });
    reading(&registry).await.resolve().await.unwrap();
    assert_eq!(world.waits(), [7, 7, 7]);
    world.instead(|_, _| Some(Ok(response(429, &[("retry-after", "9")], ""))));
    let told = told(reading(&registry).await.resolve().await);
    assert!(told.contains("r.example is busy") && told.contains("Try again in 9 s"), "{told}");
    assert_eq!(world.waits().len(), 6);
    // A write is never sent again.
    world.forget();
    let blob = bytes(3);
    world.instead(|_, request| (request.method == "POST").then(|| Ok(response(503, &[("retry-after", "1")], ""))));
    assert!(matches!(writing(&registry).await.push_blob(&blob, &mut nothing).await, Err(Error::Busy { .. })));
    assert_eq!((world.waits().len(), world.log().len()), (6, 2));
}

#[tokio::test]
async fn versions_come_page_by_page() {
    let world = World::open();
    let registry = world.registry(Options::default());
    assert!(matches!(reading(&registry).await.versions().await, Err(Error::NotFound { .. })));
    for tag in ["1.0.0", "1.10.0", "1.9.0", "latest", "2.0.0-rc.1"] {
        world.state().put_manifest(tag, &manifest(tag));
    }
    world.state().page = 2;
    world.forget();
    let versions = reading(&registry).await.versions().await.unwrap();
    let shown: Vec<String> = versions.versions.iter().map(|(version, _)| version.to_string()).collect();
    assert_eq!(shown, ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0"]);
    assert!(versions.others.len() == 1 && !versions.more);
    assert_eq!(world.log().len(), 3);
    world.after(|_, response: &mut Response| response.body = r#"{"name":"x","tags":null}"#.into());
    assert_eq!(reading(&registry).await.versions().await.unwrap().versions, []);
}

#[tokio::test]
async fn on_this_machine_http_is_spoken_where_https_is_not() {
    let world = World::open();
    world.state().put_manifest("1.0.0", &manifest("a"));
    world.instead(|_, request| {
        let reason = "this is no TLS".to_owned();
        (request.url.scheme() == "https").then_some(Err(presetter_egress::Error::NotSent { reason }))
    });
    let registry = world.registry(Options::default());
    let local = reference("127.0.0.1:5000/acme/jamf:1.0.0");
    for _ in 0..2 {
        registry.open(&local, Access::Read).await.unwrap().resolve().await.unwrap();
    }
    let urls: Vec<String> = world.log().iter().map(|seen| seen.url.to_string()).collect();
    let manifest = "http://127.0.0.1:5000/v2/acme/jamf/manifests/1.0.0";
    assert_eq!(urls, ["https://127.0.0.1:5000/v2/", "http://127.0.0.1:5000/v2/", manifest, manifest]);
    // What is not a registry does not make it http; and elsewhere there is no http at all.
    world.instead(|_, request| {
        let reason = "no TLS, no trust".to_owned();
        Some(if request.url.scheme() == "https" {
            Err(presetter_egress::Error::NotSent { reason })
        } else {
            Ok(response(400, &[], ""))
        })
    });
    let registry = world.registry(Options::default());
    assert!(told(registry.open(&local, Access::Read).await).contains("no TLS, no trust"));
    world.forget();
    assert!(told(reading(&registry).await.resolve().await).contains("no TLS, no trust"));
    assert!(world.log().iter().all(|seen| seen.url.scheme() == "https"));
}

#[tokio::test]
async fn reading_grants_no_method_that_writes() {
    let world = World::open();
    let registry = world.registry(Options::default());
    let target = Target::Tag("1.0.0".parse().unwrap());
    let pushed =
        reading(&registry).await.push_manifest(&target, &manifest("a"), presetter_registry::Tagging::Move).await;
    assert!(told(pushed).contains("no grant allows PUT"));
    assert!(world.log().is_empty());
}

#[test]
fn what_is_awaited_may_move_between_threads() {
    fn sent<T: Send>(_: T) {}
    let world = World::open();
    let registry = world.registry(Options::default());
    let link = reference(REFERENCE);
    sent(async {
        let repository = registry.open(&link, Access::Write).await?;
        let blob = Pointer { digest: Digest::of(b""), size: 0 };
        repository.blob(blob, &mut Vec::new(), &mut nothing).await?;
        repository.push_blob(&bytes(1), &mut nothing).await?;
        repository.signatures(blob.digest).await?;
        repository.attach(blob, &bytes(2)).await
    });
}
