//! A registry that lies: nothing wrong is taken, nothing has no end, and a login goes nowhere else.
#![allow(clippy::unwrap_used, reason = "a panic is a failed test")]

mod common;

use bytes::Bytes;
use common::*;
use presetter_egress::{Request, Response};
use presetter_package::{Digest, Pointer};
use presetter_registry::{Options, Part, Tagging, Target};

#[tokio::test]
async fn manifests_are_what_they_are_said_to_be() {
    let (digest, other) = (Digest::of(&manifest("a")), Digest::of(b"other"));
    let pinned = Target::Digest(digest);
    let tag = Target::Tag("1.0.0".parse().unwrap());
    type Lie = Box<dyn Fn(&mut Response) + Send>;
    let lies: Vec<(&Target, Lie, &str)> = vec![
        (&pinned, Box::new(|r| r.body = manifest("b")), "came with the digest"),
        (&pinned, Box::new(|r| r.body = [manifest("a"), " ".into()].concat().into()), "came with the digest"),
        (&pinned, Box::new(|r| r.body = Bytes::new()), "came with the digest"),
        (&tag, Box::new(move |r| set(r, "docker-content-digest", &other.to_string())), "it says that"),
        (&tag, Box::new(|r| r.body = manifest("b")), "it says that"),
        (&tag, Box::new(|r| set(r, "docker-content-digest", "sha256:\u{1b}[2J")), r"sha256:\u{1b}[2J"),
        (&tag, Box::new(|r| set(r, "content-encoding", "gzip")), "another encoding"),
        (&tag, Box::new(|r| set(r, "content-encoding", "identity, br")), "another encoding"),
        (&tag, Box::new(|r| set(r, "content-type", "text/html")), "is no bundle: it is text/html"),
        (&tag, Box::new(|r| set(r, "content-type", "application/vnd.oci.image.index.v1+json")), "several platforms"),
        (&tag, Box::new(|r| r.body = vec![b' '; 1024 * 1024 + 1].into()), "larger than 1048576 bytes"),
        (&tag, Box::new(|r| *r = response(302, &[("location", "https://cdn.example/m")], "")), "only what blobs hold"),
        (
            &tag,
            Box::new(|r| *r = response(307, &[("location", "/v2/acme/jamf/manifests/x")], "")),
            "only what blobs hold",
        ),
        (&tag, Box::new(|r| *r = response(206, &[], "x")), "status 206"),
        (&tag, Box::new(|r| *r = response(500, &[], "\u{1b}[2J<html>")), "status 500"),
    ];
    for (target, lie, words) in lies {
        let world = World::open();
        world.state().put_manifest("1.0.0", &manifest("a"));
        world.after(move |_, response| lie(response));
        let registry = world.registry(Options::default());
        let told = told(reading(&registry).await.manifest(target).await);
        assert!(told.contains(words) && !told.contains('\u{1b}') && !told.contains("<html>"), "{words}: {told}");
        assert_eq!(world.log().len(), 1, "{words}");
    }
}

#[tokio::test]
async fn a_tag_that_moves_during_a_pull_changes_nothing() {
    let world = World::open();
    let (blob, other) = (bytes(35), bytes(36));
    let digest = world.state().put_manifest("1.0.0", &manifest("a"));
    world.state().put_blob(&blob);
    world.state().put_blob(&other);
    let registry = world.registry(pieces(10));
    let repository = reading(&registry).await;
    let resolved = repository.resolve().await.unwrap();
    // From now on the tag is another bundle, with each request.
    let mut n = 0;
    world.instead(move |state, _| {
        n += 1;
        state.put_manifest("1.0.0", &manifest(&n.to_string()));
        None
    });
    let mut part = Vec::new();
    repository.signatures(resolved.digest).await.unwrap();
    repository.blob(Pointer { digest: Digest::of(&blob), size: 35 }, &mut part, &mut nothing).await.unwrap();
    let again = repository.manifest(&Target::Digest(resolved.digest)).await.unwrap();
    assert_eq!((resolved.digest, again.bytes, part), (digest, manifest("a"), blob.to_vec()));
    let by_tag = world.calls().into_iter().filter(|call| call.ends_with("/1.0.0")).count();
    assert_eq!(by_tag, 1);
}

#[tokio::test]
async fn blobs_are_what_their_manifest_says() {
    type Lie = Box<dyn Fn(&mut Response) + Send>;
    let range = |text: &'static str| -> Lie { Box::new(move |r| set(r, "content-range", text)) };
    let lies: Vec<(u64, Lie, &str)> = vec![
        // Whole.
        (100, Box::new(|r| r.body = bytes(34)), "34 bytes, and its manifest says 35"),
        (100, Box::new(|r| r.body = bytes(36)), "36 bytes, and its manifest says 35"),
        (100, Box::new(|r| r.body = Bytes::new()), "0 bytes, and its manifest says 35"),
        (100, Box::new(|r| r.body = vec![0; 35].into()), "came with the digest"),
        (100, Box::new(|r| r.status = 206), "a piece of the blob"),
        (100, Box::new(|r| set(r, "content-encoding", "gzip")), "another encoding"),
        (100, Box::new(|r| r.body = vec![0; 5 * 1024 * 1024].into()), "larger than"),
        // In pieces.
        (10, Box::new(|r| r.body = r.body.slice(..r.body.len() - 1)), "came with 9 bytes"),
        (10, Box::new(|r| r.body = Bytes::new()), "came with 0 bytes"),
        (10, Box::new(|r| r.body = bytes(11)), "came with 11 bytes"),
        (10, Box::new(|r| r.body = vec![0; r.body.len()].into()), "came with the digest"),
        (10, range("bytes 0-9/36"), "another piece"),
        (10, range("bytes 1-10/35"), "another piece"),
        (10, range("bytes 0-8/35"), "another piece"),
        (10, range("bytes 0-18446744073709551615/35"), "another piece"),
        (10, range("bytes 0-99999999999999999999/35"), "another piece"),
        (10, range(""), "another piece"),
        (10, Box::new(|r| r.status = 200), "10 bytes, and its manifest says 35"),
        (10, Box::new(|r| *r = response(416, &[], "")), "status 416"),
        (10, Box::new(|r| *r = response(204, &[], "")), "status 204"),
    ];
    for (chunk, lie, words) in lies {
        let world = World::open();
        let digest = world.state().put_blob(&bytes(35));
        world.after(move |_, response| lie(response));
        let registry = world.registry(pieces(chunk));
        let mut part = Vec::new();
        let told = told(reading(&registry).await.blob(Pointer { digest, size: 35 }, &mut part, &mut nothing).await);
        assert!(told.contains(words), "{words}: {told}");
        assert!(part.len() < 35, "nothing wrong is left behind as if it were whole");
        assert!(world.log().len() <= 4);
    }
}

#[tokio::test]
async fn a_size_that_lies_is_bounded_before_anything_is_asked_for() {
    let world = World::open();
    let digest = world.state().put_blob(&bytes(35));
    let registry = world.registry(Options { blob_bytes: 1000, ..pieces(10) });
    let repository = reading(&registry).await;
    for size in [1001, u64::MAX] {
        let told = told(repository.blob(Pointer { digest, size }, &mut Vec::new(), &mut nothing).await);
        assert!(told.contains("larger than 1000 bytes"), "{told}");
    }
    assert!(world.log().is_empty());
    for size in [1, 34, 36, 1000] {
        let told = told(repository.blob(Pointer { digest, size }, &mut Vec::new(), &mut nothing).await);
        assert!(told.contains("cannot be believed") || told.contains("larger"), "{size}: {told}");
    }
}

#[tokio::test]
async fn a_sink_that_fails_is_said_so() {
    struct Full;
    impl Part for Full {
        fn kept(&mut self, _: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
            Ok(())
        }
        fn append(&mut self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::Error::other("the disk is full"))
        }
        fn clear(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let world = World::open();
    let digest = world.state().put_blob(&bytes(35));
    let registry = world.registry(pieces(10));
    let told = told(reading(&registry).await.blob(Pointer { digest, size: 35 }, &mut Full, &mut nothing).await);
    assert!(told.contains("the disk is full"), "{told}");
    assert_eq!(world.log().len(), 1);
}

/// What each way to lead a blob elsewhere comes to; where it leads answers with whatever is led there in turn.
#[tokio::test]
async fn redirects_are_bounded_and_never_carry_a_login() {
    for (hops, hosts, words) in [
        (&["https://cdn.example/x"][..], 2, None),
        (&["https://a.example/1", "https://b.example/2", "/3"], 4, None),
        (&["https://a.example/1", "https://b.example/2", "/3", "/4"], 4, Some("there were 3")),
        (&["https://a.example/1", "https://r.example/v2/acme/jamf/blobs/DIGEST"], 2, Some("circle")),
        (&["https://a.example/1", "https://b.example/2", "https://a.example/1"], 3, Some("circle")),
        (&["http://cdn.example/x"], 1, Some("not https")),
        (&["https://a.example/1", "http://a.example/1"], 2, Some("not https")),
        (&["http://127.0.0.1/x"], 1, Some("not https")),
        (&["https://127.0.0.1/x"], 1, Some("loopback")),
        (&["https://localhost/x"], 1, Some("loopback")),
        (&["https://10.0.0.7/x"], 1, Some("private network")),
        (&["https://[::ffff:10.0.0.7]/x"], 1, Some("IPv4")),
        (&["https://169.254.169.254/latest"], 1, Some("metadata")),
        (&["https://0x7f.1/x"], 1, Some("loopback")),
        (&["https://ann:p@cdn.example/x"], 1, Some("user name")),
        (&["file:///etc/passwd"], 1, Some("not https")),
        (&["https://login.example/x"], 2, Some("refuses it without a login")),
    ] {
        let world = World::new(Asks::Basic, true);
        let digest = world.state().put_blob(&bytes(35));
        let targets: Vec<String> = hops.iter().map(|hop| hop.replace("DIGEST", &digest.to_string())).collect();
        let mut next = 0;
        world.instead(move |_, request| {
            let logged_in = request.headers.iter().any(|(name, _)| name == "Authorization");
            match request.url.host_str() {
                Some("r.example") if !logged_in => None,
                Some("login.example") => Some(Ok(response(401, &[("www-authenticate", "Basic")], ""))),
                _ if next < targets.len() => {
                    next += 1;
                    Some(Ok(response(307, &[("location", &targets[next - 1])], "")))
                }
                _ => Some(Ok(response(200, &[], bytes(35)))),
            }
        });
        let registry = world.registry(Options::default());
        let mut part = Vec::new();
        let fetched = reading(&registry).await.blob(Pointer { digest, size: 35 }, &mut part, &mut nothing).await;
        match words {
            None => fetched.unwrap(),
            Some(words) => {
                let told = told(fetched);
                assert!(told.contains(words) && !told.contains("ann:p"), "{hops:?}: {told}");
            }
        }
        // One more than that: the first, which asked for the login.
        assert_eq!(world.log().len(), hosts + 1, "{hops:?}");
        world.assert_no_leak();
    }
}

#[tokio::test]
async fn uploads_stay_on_the_registrys_server() {
    for (location, words) in [
        ("https://evil.example/v2/acme/jamf/blobs/uploads/1", "another server, evil.example"),
        ("//evil.example/1", "another server"),
        ("https://r.example:444/1", "another server"),
        ("http://r.example/1", "not https"),
        ("https://ann@r.example/1", "user name"),
        ("https://[/", "not an address"),
    ] {
        for first in [true, false] {
            let world = World::new(Asks::Basic, true);
            world.after(move |request, response| {
                if request.method == if first { "POST" } else { "PATCH" } {
                    set(response, "location", location);
                }
            });
            let registry = world.registry(pieces(10));
            let told = told(writing(&registry).await.push_blob(&bytes(35), &mut nothing).await);
            assert!(told.contains(words), "{location}: {told}");
            assert!(
                world.log().iter().all(|seen| seen.url.host_str() == Some("r.example") && seen.url.scheme() == "https")
            );
            world.assert_no_leak();
        }
    }
}

#[tokio::test]
async fn what_is_pushed_is_believed_only_as_it_is() {
    let other = Digest::of(b"other").to_string();
    type Lie = Box<dyn Fn(&Request, &mut Response) + Send>;
    let patch = |range: &'static str| -> Lie {
        Box::new(move |request, r| {
            if request.method == "PATCH" {
                set(r, "range", range)
            }
        })
    };
    let said = other.clone();
    let lies: Vec<(Lie, &str)> = vec![
        (patch("0-99"), "another part"),
        (patch("5-9"), "another part"),
        (patch("0-18446744073709551615"), "another part"),
        (patch("x"), "another part"),
        (patch("0-0"), "no more of it"),
        (
            Box::new(move |request, r| {
                if request.method == "PUT" {
                    set(r, "docker-content-digest", &said)
                }
            }),
            "it says that",
        ),
        (
            Box::new(|request, r| {
                if request.method == "PUT" {
                    r.status = 200
                }
            }),
            "status 200",
        ),
        (
            Box::new(|request, r| {
                if request.method == "POST" {
                    r.headers.clear()
                }
            }),
            "does not say where",
        ),
        (
            Box::new(|request, r| {
                if request.method == "PUT" {
                    *r = response(307, &[("location", "https://evil.example/")], "")
                }
            }),
            "not followed",
        ),
    ];
    for (lie, words) in lies {
        let world = World::open();
        world.after(move |request, response| lie(request, response));
        let registry = world.registry(pieces(10));
        let told = told(writing(&registry).await.push_blob(&bytes(35), &mut nothing).await);
        assert!(told.contains(words), "{words}: {told}");
        assert!(world.log().len() < 10);
    }
    let world = World::open();
    world.after(move |request, r| {
        if request.method == "PUT" {
            set(r, "docker-content-digest", &other)
        }
    });
    let registry = world.registry(Options::default());
    let target = Target::Tag("1.0.0".parse().unwrap());
    let told = told(writing(&registry).await.push_manifest(&target, &manifest("a"), Tagging::New).await);
    assert!(told.contains("it says that the version 1.0.0"), "{told}");
}
